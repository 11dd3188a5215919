#include "daemon/io/http_listen.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>

#include "daemon/core/host_port.hpp"

namespace itnxt {
namespace {

constexpr int kBacklog = 256;

std::string where(const HttpConfig& config) {
  return "aggregator.http.listen " + host_port_text(config.host, config.port);
}

std::string advice(int error) {
  if (error == EADDRINUSE) return "another program listens there; stop it or choose another port";
  if (error == EACCES) return "ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one";
  if (error == EADDRNOTAVAIL) return "no interface of this host has that address";
  return "give an address and a port of this host";
}

Error cannot_bind(const HttpConfig& config, int error) {
  return Error{where(config) + ": cannot be bound: " + errno_text(error) + ": " + advice(error)};
}

std::uint16_t port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace

Result<Listening> listen_on(const HttpConfig& config) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int resolved =
      getaddrinfo(config.host.c_str(), std::to_string(config.port).c_str(), &hints, &found);
  if (resolved != 0) {
    return Error{where(config) + ": cannot be resolved: " + gai_strerror(resolved) +
                 ": give an address of this host"};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  const addrinfo& first = *addresses;
  Listening listening;
  listening.socket = Fd(
      socket(first.ai_family, first.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, first.ai_protocol));
  const int fd = listening.socket.get();
  if (fd < 0) return cannot_bind(config, errno);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (first.ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd, first.ai_addr, first.ai_addrlen) != 0 || listen(fd, kBacklog) != 0) {
    return cannot_bind(config, errno);
  }
  listening.port = port_of(fd);
  return listening;
}

}  // namespace itnxt
