#include "daemon/io/recent_events.hpp"

#include <utility>

namespace itnxt {

std::size_t size_of(const StoredEvent& stored) {
  const Event& event = stored.event;
  std::size_t bytes = sizeof stored + stored.node.text().size() + stored.collector.text().size() +
                      event.kind.size() + event.device.text().size() + event.text.size();
  if (event.interface) bytes += event.interface->if_name.size();
  for (const auto& [name, value] : event.details) {
    bytes += sizeof(event.details.front()) + name.size() + value.size();
  }
  return bytes;
}

void RecentEvents::add(StoredEventPtr event) {
  const std::size_t bytes = size_of(*event);
  const std::lock_guard lock(mutex_);
  bytes_ += bytes;
  events_.push_back(std::move(event));
  trim();
}

void RecentEvents::add_older(const std::vector<StoredEventPtr>& events) {
  const std::lock_guard lock(mutex_);
  for (const StoredEventPtr& event : events) bytes_ += size_of(*event);
  events_.insert(events_.begin(), events.begin(), events.end());
  trim();
}

void RecentEvents::trim() {
  while (events_.size() > kMost || (bytes_ > kMostBytes && events_.size() > 1)) {
    bytes_ -= size_of(*events_.front());
    events_.pop_front();
  }
}

std::vector<StoredEventPtr> RecentEvents::newest(std::size_t limit, std::uint64_t since) const {
  std::vector<StoredEventPtr> found;
  const std::lock_guard lock(mutex_);
  for (auto event = events_.rbegin();
       event != events_.rend() && found.size() < limit && (*event)->id > since; ++event) {
    found.push_back(*event);
  }
  return found;
}

}  // namespace itnxt
