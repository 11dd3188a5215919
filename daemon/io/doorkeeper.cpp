#include "daemon/io/doorkeeper.hpp"

#include <algorithm>

namespace itnxt {

void Doorkeeper::comes(const Visitor& visitor) {
  leaves(visitor.fd);
  visitors_.push_back(visitor);
  ++counts_[visitor.source];
}

void Doorkeeper::leaves(int fd) {
  const auto found = std::ranges::find(visitors_, fd, &Visitor::fd);
  if (found == visitors_.end()) return;
  const auto count = counts_.find(found->source);
  if (--count->second == 0) counts_.erase(count);
  visitors_.erase(found);
}

std::optional<Doorkeeper::Visitor> Doorkeeper::too_many(Instant now) const {
  if (visitors_.size() <= kMostOfSource) return std::nullopt;
  const Visitor* oldest = of_largest(Instant::max());
  const std::size_t most = counts_.at(oldest->source);
  if (most > kMostOfSource) return *oldest;
  if (visitors_.size() <= kMost) return std::nullopt;
  if (const Visitor* late = of_largest(now - kGrace)) return *late;
  if (visitors_.size() <= kMostEver) return std::nullopt;
  return most == 1 ? visitors_.back() : *oldest;
}

// The oldest of the source that has the most, among those that came no later than this.
const Doorkeeper::Visitor* Doorkeeper::of_largest(Instant before) const {
  const Visitor* found = nullptr;
  std::size_t most = 0;
  for (const Visitor& one : visitors_) {
    if (one.since > before) break;
    const std::size_t count = counts_.at(one.source);
    if (count <= most) continue;
    most = count;
    found = &one;
  }
  return found;
}

}  // namespace itnxt
