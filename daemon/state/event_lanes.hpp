// Which events are new, per lane (node, collector, epoch): each takes effect once, what is missing
// is counted. Pure; the loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/core/stored_event.hpp"

namespace itnxt {

class EventLanes {
 public:
  // Beyond these a new collector's events are refused; of a collector's lanes the one that was
  // silent longest is forgotten.
  static constexpr std::size_t kMostCollectors = 20'000;
  static constexpr std::size_t kMostOfNode = 1000;
  static constexpr std::size_t kMostEpochs = 8;

  struct Arrived {
    std::size_t first = 0;      // events[first] and those behind it are new
    std::uint64_t missing = 0;  // numbers between what came before and the first of these
    std::uint64_t stored = 0;   // everything up to this is on the disk
    std::optional<std::uint64_t> begins{};  // the lane was not known, and is here from this number
  };
  // Takes the new ones for taken. Nothing: refused.
  std::optional<Arrived> arrive(const EventBatch& batch);

  // What the journal holds: nothing up to `lane.last` is new.
  void restore(const EventLane& lane);
  // Everything of the lane up to `sequence` is on the disk.
  void stored(const NodeName& node, const CollectorName& collector, std::uint64_t epoch,
              std::uint64_t sequence);

 private:
  struct Lane {
    std::uint64_t epoch = 0;
    std::uint64_t taken = 0;
    std::uint64_t stored = 0;
  };
  using Key = std::pair<NodeName, CollectorName>;
  using Lanes = std::vector<Lane>;  // the one that was heard last in front
  Lanes* find_or_add(const NodeName& node, const CollectorName& collector);
  static Lane* find(Lanes& lanes, std::uint64_t epoch);
  static Lane& find_or_add(Lanes& lanes, std::uint64_t epoch);

  std::map<Key, Lanes> collectors_;
  std::map<NodeName, std::size_t> of_node_;  // how many of collectors_
};

}  // namespace itnxt
