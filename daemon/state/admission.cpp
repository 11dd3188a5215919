#include "daemon/state/admission.hpp"

#include <algorithm>

namespace itnxt {

bool Admission::admit(const NodeName& node, std::uint64_t series) {
  const auto found = by_node_.find(node);
  const std::uint64_t of_node = found == by_node_.end() ? 0 : found->second;
  if (total_ + series > limits_.series || of_node + series > limits_.series_per_node) {
    rejected_ += series;
    return false;
  }
  take(node, series);
  return true;
}

void Admission::take(const NodeName& node, std::uint64_t series) {
  if (series == 0) return;
  by_node_[node] += series;
  total_ += series;
}

void Admission::release(const NodeName& node, std::uint64_t series) {
  const auto found = by_node_.find(node);
  if (found == by_node_.end()) return;
  series = std::min(series, found->second);
  found->second -= series;
  total_ -= series;
  if (found->second == 0) by_node_.erase(found);
}

}  // namespace itnxt
