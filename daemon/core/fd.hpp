// A file descriptor with an owner, and what errno says.
#pragma once

#include <unistd.h>

#include <string>
#include <system_error>
#include <utility>

namespace itnxt {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}  // takes it over; negative: none
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }  // the caller closes it
  void reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// "No such file or directory". Unlike strerror(3): thread-safe, and in no locale's language.
inline std::string errno_text(int error) {
  return std::generic_category().message(error);
}

}  // namespace itnxt
