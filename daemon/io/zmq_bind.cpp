#include "daemon/io/zmq_bind.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <zmq.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "daemon/core/fd.hpp"
#include "daemon/io/directory.hpp"

namespace itnxt {
namespace {

constexpr std::string_view kIpc = "ipc://";

std::string advice(int error) {
  switch (error) {
    case EADDRINUSE:
      return "another program listens there; stop it or choose another endpoint";
    case EACCES:
    case EPERM:
      return "this user may not; choose another endpoint or give it the right";
    case EADDRNOTAVAIL:
    case ENODEV:
      return "this host has no such address; choose one it has, or 0.0.0.0";
    case ENOTSOCK:
      return "a file that is no socket stands there; remove it or choose another path";
    default:
      return "expected tcp://ADDRESS:PORT, ipc://PATH or inproc://NAME";
  }
}

// libzmq takes a path over from whoever listens there, and removes any file: look first.
int claim_ipc_path(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path();
  struct stat status {};
  if (!parent.empty() && stat(parent.c_str(), &status) != 0) {
    if (const auto trouble = make_directory(parent)) return trouble->error;
  }
  if (lstat(path.c_str(), &status) != 0) return errno == ENOENT ? 0 : errno;
  if (!S_ISSOCK(status.st_mode)) return ENOTSOCK;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe.is_open()) return errno;
  const bool alive =
      connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN;
  return alive ? EADDRINUSE : 0;
}

}  // namespace

int zmq_bind_endpoint(void* socket, const std::string& endpoint) {
  const bool ipc = endpoint.starts_with(kIpc) && endpoint.find('*') == std::string::npos;
  if (!ipc) return zmq_bind(socket, endpoint.c_str()) == 0 ? 0 : zmq_errno();
  const std::string path = endpoint.substr(kIpc.size());
  if (const int error = claim_ipc_path(path)) return error;
  const mode_t before = umask(0177);  // no moment in which others could connect
  const int error = zmq_bind(socket, endpoint.c_str()) == 0 ? 0 : zmq_errno();
  umask(before);
  if (error == 0) chmod(path.c_str(), 0600);
  return error;
}

Error zmq_failure(std::string_view key, const std::string& endpoint, const char* what, int error) {
  return Error{std::string(key) + ' ' + endpoint + ": cannot be " + what + ": " +
               zmq_strerror(error) + ": " + advice(error)};
}

}  // namespace itnxt
