#include "daemon/io/recent_events.hpp"

#include <algorithm>
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
  if (!events.empty()) let_go_ = std::max(let_go_, events.front()->id - 1);
  trim();
}

void RecentEvents::trim() {
  while (events_.size() > kMost || (bytes_ > kMostBytes && events_.size() > 1)) {
    bytes_ -= size_of(*events_.front());
    let_go_ = std::max(let_go_, events_.front()->id);
    events_.pop_front();
  }
}

std::vector<StoredEventPtr> RecentEvents::newest(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  const auto most = static_cast<std::ptrdiff_t>(std::min(limit, events_.size()));
  return {events_.rbegin(), events_.rbegin() + most};
}

RecentEvents::Page RecentEvents::after(std::uint64_t since, std::size_t limit) const {
  Page page;
  const std::lock_guard lock(mutex_);
  const auto first = std::upper_bound(
      events_.begin(), events_.end(), since,
      [](std::uint64_t id, const StoredEventPtr& event) { return id < event->id; });
  const auto behind = static_cast<std::size_t>(events_.end() - first);
  page.more = behind > limit;
  page.missed = since != 0 && since < let_go_;
  page.events.assign(first, first + static_cast<std::ptrdiff_t>(std::min(limit, behind)));
  return page;
}

}  // namespace itnxt
