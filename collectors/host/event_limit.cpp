#include "collectors/host/event_limit.hpp"

#include <algorithm>

namespace itnxt::host {

bool EventLimit::admits(const std::string& name, Instant now) {
  auto at = windows_.find(name);
  if (at == windows_.end() && windows_.size() < kMostWindows) {
    at = windows_.try_emplace(name, Window{now, 0, 0}).first;
  }
  if (at != windows_.end() && at->second.told < kMostInWindow) {
    ++at->second.told;
    return true;
  }
  if (at != windows_.end()) ++at->second.withheld;
  ++withheld_;
  return false;
}

std::vector<EventLimit::Summary> EventLimit::take_due(Instant now) {
  std::vector<Summary> due;
  for (auto at = windows_.begin(); at != windows_.end();) {
    if (now - at->second.begin < kWindow) {
      ++at;
      continue;
    }
    if (at->second.withheld > 0) due.push_back({at->first, at->second.withheld});
    at = windows_.erase(at);
  }
  return due;
}

std::optional<Instant> EventLimit::next_due() const {
  std::optional<Instant> first;
  for (const auto& [name, window] : windows_) {
    first = std::min(first.value_or(Instant::max()), window.begin + kWindow);
  }
  return first;
}

}  // namespace itnxt::host
