#include "daemon/state/admission.hpp"

#include <algorithm>

namespace itnxt {

std::string describe(const RowsRefused& refused) {
  const bool of_node = refused.limit == Limit::series_per_node;
  return std::string("interfaces of a device are refused: of what aggregator.limits.") +
         (of_node ? "series_per_node" : "series") + " allows, it holds as much as is left for " +
         (of_node ? "the others of its node" : "all others") +
         "; raise that limit if the device really has so many";
}

std::optional<Limit> Admission::try_take(const NodeName& node, std::uint64_t series,
                                         std::uint64_t reserve) {
  const auto found = by_node_.find(node);
  const std::uint64_t of_node = found == by_node_.end() ? 0 : found->second;
  std::optional<Limit> in_the_way;
  if (of_node + series + reserve > limits_.series_per_node) in_the_way = Limit::series_per_node;
  if (total_ + series + reserve > limits_.series) in_the_way = Limit::series;
  if (in_the_way) {
    rejected_ += series;
  } else {
    take(node, series);
  }
  return in_the_way;
}

std::optional<Limit> Admission::refuses(const NodeName& node, std::uint64_t series,
                                        std::uint64_t held) {
  return try_take(node, series, held + series);
}

bool Admission::admit(const NodeName& node, std::uint64_t series) {
  return !try_take(node, series, 0);
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
