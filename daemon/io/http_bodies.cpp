#include "daemon/io/http_bodies.hpp"

#include <utility>

namespace itnxt {

std::optional<std::size_t> LiveBody::read(char* buffer, std::size_t size) {
  const std::lock_guard lock(mutex_);
  if (!reader_) return std::nullopt;
  return reader_(buffer, size);
}

void LiveBody::break_off() {
  const std::lock_guard lock(mutex_);
  reader_ = nullptr;
}

std::shared_ptr<LiveBody> LiveBodies::add(BodyReader reader, Instant state) {
  auto body = std::make_shared<LiveBody>(std::move(reader), state);
  const std::lock_guard lock(mutex_);
  std::erase_if(bodies_, [&](const std::weak_ptr<LiveBody>& weak) {
    const auto other = weak.lock();
    if (!other) return true;
    if (state - other->state() <= kOldestState) return false;
    other->break_off();
    return true;
  });
  bodies_.push_back(body);
  return body;
}

}  // namespace itnxt
