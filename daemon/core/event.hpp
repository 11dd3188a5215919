// What happened, told once: an interface went down, a device began to answer, a trap came. Samples
// say how things are and may be lost; an event is durable from its collector to the aggregator's
// journal, in order, and takes effect exactly once. Strings have passed sanitize().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/ids.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/core/time.hpp"

namespace itnxt {

// The state of an interface as its collector has just confirmed it.
struct InterfaceStatus {
  std::uint32_t if_index = 0;  // 0: not known by number
  std::string if_name;         // may be empty
  AdminStatus admin = AdminStatus::unknown;
  OperStatus oper = OperStatus::unknown;
  bool operator==(const InterfaceStatus&) const = default;
};

inline constexpr std::size_t kMostEventDetails = 16;

struct Event {
  // Given by the way out: 1, 2, 3 … per collector and lane (EventBatch::epoch).
  std::uint64_t sequence = 0;
  WallTime wall;          // when it happened, by the collector's wall clock
  std::uint64_t run = 0;  // the process that saw it: `epoch` of its batches; …
  SourceTime at;          // … and when by that process's clock: orders it among their samples
  std::string kind;       // a-z, 0-9 and _, at most 64: "interface_down", "device_restarted"
  DeviceName device;      // of the inventory; empty: the collector itself
  std::optional<InterfaceStatus> interface;                  // takes effect at once
  std::optional<bool> answers;                               // of the device; takes effect at once
  std::string text;                                          // one line for people; may be empty
  std::vector<std::pair<std::string, std::string>> details;  // name, value; at most 16
  // Not on the wire. Which state it tells, of those that a collector finds at each start: it is
  // news only where the kind is another than the last that was told of it, by whichever process.
  // `usual`: what nobody needs to be told who was told nothing else.
  struct State {
    std::string of;
    bool usual = false;
    bool operator==(const State&) const = default;
  };
  std::optional<State> state{};
  // Not on the wire. Who was told of it may tell it again, as the sender of an inform does: under
  // the same name it is news once in ToldStates::kOnceWithin, by whichever process. Empty: always.
  std::string once{};
  bool operator==(const Event&) const = default;
};

// What became of an event that somebody answers for.
enum class EventFate : std::uint8_t {
  kept,    // no end of this process loses it any more, or there is no disk for it
  dropped  // it is lost; told again under the same Event::once it would be news
};

// Events of one collector on their way, consecutive and in order.
struct EventBatch {
  NodeName node;
  CollectorName collector;
  std::uint64_t epoch = 0;  // of the lane: kept on the collector's disk, outlives its process
  WallTime sent_wall;
  std::vector<Event> events;  // at least one
  bool operator==(const EventBatch&) const = default;
};

}  // namespace itnxt
