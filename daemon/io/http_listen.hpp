// The listening socket of the HTTP server.
#pragma once

#include <cstdint>

#include "daemon/config/config.hpp"
#include "daemon/core/result.hpp"

namespace itnxt {

// Owns a file descriptor.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept;
  [[nodiscard]] int fd() const { return fd_; }
  int release();

 private:
  int fd_;
};

struct Listening {
  Socket socket;  // bound, listening, non-blocking
  std::uint16_t port = 0;
};

// Fails with "aggregator.http.listen HOST:PORT: cannot be bound: REASON: what to do".
Result<Listening> listen_on(const HttpConfig& config);

}  // namespace itnxt
