#include "daemon/io/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

namespace itnxt {
namespace {

std::optional<pid_t> read_holder(int fd) {
  std::array<char, 16> text{};
  const ssize_t size = pread(fd, text.data(), text.size(), 0);
  pid_t pid = 0;
  if (size <= 0 || std::from_chars(text.data(), text.data() + size, pid).ec != std::errc() ||
      pid <= 0) {
    return std::nullopt;
  }
  return pid;
}

}  // namespace

LockAttempt lock_file(const std::string& path) {
  LockAttempt attempt;
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.is_open()) {
    attempt.error = errno;
  } else if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    attempt.error = errno;
    if (attempt.error == EWOULDBLOCK) attempt.holder = read_holder(fd.get());
  } else {
    // On a full disk nobody is named.
    const std::string text = std::to_string(getpid()) + '\n';
    if (ftruncate(fd.get(), 0) != 0 || pwrite(fd.get(), text.data(), text.size(), 0) < 0) errno = 0;
    attempt.lock = std::move(fd);
  }
  return attempt;
}

std::string holder_text(const LockAttempt& attempt) {
  return attempt.holder ? " (PID " + std::to_string(*attempt.holder) + ")" : "";
}

}  // namespace itnxt
