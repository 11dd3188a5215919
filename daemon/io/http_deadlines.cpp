#include "daemon/io/http_deadlines.hpp"

#include <sys/socket.h>

namespace itnxt {

void HttpDeadlines::opened(int fd) {
  const std::lock_guard lock(mutex_);
  stays_.insert_or_assign(fd, Stay{});
}

void HttpDeadlines::closed(int fd) {
  const std::lock_guard lock(mutex_);
  stays_.erase(fd);
}

void HttpDeadlines::answering(int fd) {
  const std::lock_guard lock(mutex_);
  stays_.insert_or_assign(fd, Stay{Phase::answer, std::nullopt});
}

void HttpDeadlines::answered(int fd) {
  const std::lock_guard lock(mutex_);
  stays_.insert_or_assign(fd, Stay{});
}

void HttpDeadlines::sweep(Instant now) {
  const std::lock_guard lock(mutex_);  // no fd is closed meanwhile
  for (auto& [fd, stay] : stays_) {
    if (!stay.since) stay.since = now;
    const Duration limit = stay.phase == Phase::request ? kRequestLimit : kAnswerLimit;
    if (now - *stay.since > limit) shutdown(fd, SHUT_RDWR);
  }
}

}  // namespace itnxt
