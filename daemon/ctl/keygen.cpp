#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "daemon/core/fd.hpp"
#include "daemon/ctl/verbs.hpp"
#include "daemon/io/zmq_security.hpp"

namespace itnxt::ctl {
namespace {

// Why it cannot be there; 0: it is, and on the disk. What was begun is taken away again.
int write_new(const std::string& path, const std::string& text) {
  const Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return errno;
  const ssize_t written = write(file.get(), text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size()) && fsync(file.get()) == 0) return 0;
  const int error = written < 0 || errno != 0 ? errno : ENOSPC;
  unlink(path.c_str());
  return error;
}

}  // namespace

void run_keygen(Invocation& call) {
  const auto pair = make_curve_pair();
  if (!pair) return fail(call, kFailed, pair.error());
  const std::string path = std::filesystem::absolute(call.out).lexically_normal().string();
  if (const int error = write_new(path, pair->secret_key + "\n")) {
    const std::string advice =
        error == EEXIST ? "; a key that is in use is not to be lost: choose another file" : "";
    return fail(call, kFailed, fmt::format("{}: {}{}", path, errno_text(error), advice));
  }
  print(call, fmt::format("secret key: {} (mode 0600; it stays on this host)\n"
                          "public key: {}\n\n"
                          "Here, under transport.curve or aggregator.curve:\n"
                          "  secret_key: {{file: \"{}\"}}\n"
                          "There, under aggregator.curve.nodes with this node's name, or under "
                          "transport.curve.aggregator_keys with this aggregator's endpoint:\n"
                          "  NAME: \"{}\"\n",
                          path, pair->public_key, path, pair->public_key));
}

}  // namespace itnxt::ctl
