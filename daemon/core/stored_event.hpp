// An event as the aggregator keeps it: what came, from whom, and when it was taken.
#pragma once

#include <cstdint>
#include <memory>

#include "daemon/core/event.hpp"

namespace itnxt {

struct StoredEvent {
  std::uint64_t id = 0;  // by order of arrival at this aggregator; numbers may be left out
  WallTime taken;        // by its clock
  NodeName node;
  CollectorName collector;  // empty: the aggregator itself
  std::uint64_t epoch = 0;  // of the lane
  Event event;
  bool refused = false;  // told, and not believed: its collector may not tell of the device
};
using StoredEventPtr = std::shared_ptr<const StoredEvent>;  // several threads read it

// How far a lane's events are on the disk.
struct EventLane {
  NodeName node;
  CollectorName collector;
  std::uint64_t epoch = 0;
  std::uint64_t last = 0;
  bool operator==(const EventLane&) const = default;
};

}  // namespace itnxt
