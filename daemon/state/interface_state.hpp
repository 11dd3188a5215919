// One interface from sample to sample: its counters' base and its view. Pure; the loop's thread.
#pragma once

#include <optional>

#include "daemon/state/rate.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// What is kept of an interface besides what is shown of it.
struct InterfaceState {
  std::uint32_t base_name_length = 0;  // of its name, without "#2"
  bool has_base = false;               // clocks and counters below are of the present epoch
  ReadingClocks clocks;
  CounterSet counters;
  Instant seen;  // when its last sample came, by the aggregator's clock
};

// How a row of a poll continues what is known.
struct Continuation {
  bool renumbered = false;  // known under another ifIndex: if the device did not reboot, the
                            // interface was taken away and made anew
  Duration shortest{};      // an earlier sample than this is no successor
  std::optional<BytesPerSecond> capacity;  // of its link by configuration: devices understate
};

// Moves `state` and `view` on by one sample: status, counters, rates or gaps. `view` keeps its
// identity, link and gap counts.
void advance(InterfaceState& state, InterfaceView& view, const InterfaceSample& sample,
             const Continuation& how, Instant now);

}  // namespace itnxt
