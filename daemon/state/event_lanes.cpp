#include "daemon/state/event_lanes.hpp"

#include <algorithm>

namespace itnxt {

EventLanes::Lanes* EventLanes::find_or_add(const NodeName& node, const CollectorName& collector) {
  const auto found = collectors_.find({node, collector});
  if (found != collectors_.end()) return &found->second;
  std::size_t& of_node = of_node_[node];
  if (collectors_.size() >= kMostCollectors || of_node >= kMostOfNode) {
    if (of_node == 0) of_node_.erase(node);
    return nullptr;
  }
  ++of_node;
  return &collectors_[{node, collector}];
}

EventLanes::Lane* EventLanes::find(Lanes& lanes, std::uint64_t epoch) {
  const auto found =
      std::find_if(lanes.begin(), lanes.end(), [&](const Lane& l) { return l.epoch == epoch; });
  if (found == lanes.end()) return nullptr;
  std::rotate(lanes.begin(), found, found + 1);
  return &lanes.front();
}

EventLanes::Lane& EventLanes::find_or_add(Lanes& lanes, std::uint64_t epoch) {
  if (Lane* known = find(lanes, epoch)) return *known;
  if (lanes.size() == kMostEpochs) lanes.pop_back();
  return *lanes.insert(lanes.begin(), Lane{epoch, 0, 0});
}

std::optional<EventLanes::Arrived> EventLanes::arrive(const EventBatch& batch) {
  Lanes* lanes = find_or_add(batch.node, batch.collector);
  if (lanes == nullptr) return std::nullopt;
  const std::uint64_t first = batch.events.front().sequence;
  const std::uint64_t last = batch.events.back().sequence;
  Arrived arrived;
  Lane* lane = find(*lanes, batch.epoch);
  if (lane == nullptr) {
    // A new lane, or one whose beginning went to another aggregator or was forgotten here: what
    // came before it is not known to be missing.
    lane = &find_or_add(*lanes, batch.epoch);
    lane->taken = lane->stored = first - 1;
    arrived.begins = first;
  }
  if (first > lane->taken + 1) arrived.missing = first - lane->taken - 1;
  if (lane->taken >= first) {
    arrived.first = std::min<std::uint64_t>(lane->taken, last) - first + 1;
  }
  lane->taken = std::max(lane->taken, last);
  arrived.stored = lane->stored;
  return arrived;
}

void EventLanes::restore(const EventLane& lane) {
  Lanes* lanes = find_or_add(lane.node, lane.collector);
  if (lanes == nullptr) return;
  Lane& known = find_or_add(*lanes, lane.epoch);
  known.taken = std::max(known.taken, lane.last);
  known.stored = std::max(known.stored, lane.last);
}

void EventLanes::stored(const NodeName& node, const CollectorName& collector, std::uint64_t epoch,
                        std::uint64_t sequence) {
  const auto found = collectors_.find({node, collector});
  if (found == collectors_.end()) return;
  for (Lane& lane : found->second) {
    if (lane.epoch == epoch) lane.stored = std::max(lane.stored, sequence);
  }
}

}  // namespace itnxt
