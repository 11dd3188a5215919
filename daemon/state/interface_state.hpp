// One interface from sample to sample: its counters' base and its view. Pure; the loop's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/event.hpp"
#include "daemon/state/moment.hpp"
#include "daemon/state/rate.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// What is kept of an interface besides what is shown of it.
struct InterfaceState {
  std::uint32_t called_length = 0;  // what the device calls it is so much of its name …
  bool nameless = false;            // the device calls it nothing
  bool severed = false;             // the base is not comparable with what came since
  bool in_doubt = false;            // what became of it cannot be told
  bool link_follows = false;        // its link's configuration means its name, not its alias
  std::string called;               // … or this: only where two exchanged names
  bool has_base = false;            // clocks and counters below are of the present epoch
  ReadingClocks clocks;
  CounterSet counters;
  Instant seen;                // when its last sample came, by the aggregator's clock
  Moment status;               // when it was up or down, as its view tells …
  bool told_by_event = false;  // … by an event, not by a sample
};

// How a row of a poll continues what is known.
struct Continuation {
  WallTime at{};           // of the sample
  bool comparable = true;  // false: whatever the clocks say, the counters may be of another life of
                           // the port (another ifIndex, other hardware, a time of doubt)
  bool device_clock = true;                // sysUpTime can be computed with (device_clock.hpp)
  Duration shortest{};                     // an earlier sample than this is no successor
  std::optional<BytesPerSecond> capacity;  // of its link by configuration: devices understate
};

// A port that is known but of which this poll cannot tell which row it is: it shows nothing, and
// its rates are withheld as a discontinuity.
void withhold(InterfaceState& state, InterfaceView& view);

// Moves `state` and `view` on by one sample: status, counters, rates or gaps. `view` keeps its
// identity, link and gap counts.
void advance(InterfaceState& state, InterfaceView& view, const InterfaceSample& sample,
             const Continuation& how, Instant now);

// What an event tells of `at`, heard at `now`, both by our wall clock; what it does not know stays.
void tell_status(InterfaceView& view, const InterfaceStatus& status, WallTime at, WallTime now);
// … where something later is known: since when that is so, and whether it tells anything of that.
void recall_status(InterfaceView& view, const InterfaceStatus& status, WallTime at, WallTime now);
bool can_recall(const InterfaceView& view, const InterfaceStatus& status, WallTime at,
                WallTime now);
// What a sample tells of it, in `view`, behind what was held before it.
void hold_status(InterfaceView& view, WallTime at, WallTime now);

}  // namespace itnxt
