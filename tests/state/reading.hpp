// One counter of one interface, read twice: the rate as the table makes it.
#pragma once

#include <vector>

#include "daemon/state/interface_state.hpp"

namespace itnxt::test {

struct Reading {
  Counter counter;
  ReadingClocks clocks;
};

// After each of the readings.
inline std::vector<InterfaceView> views_after(const std::vector<Reading>& readings,
                                              Duration shortest, Column column) {
  InterfaceState state;
  InterfaceView view;
  std::vector<InterfaceView> views;
  Continuation how;
  how.shortest = shortest;
  for (const Reading& reading : readings) {
    InterfaceSample sample;
    sample.speed = reading.clocks.speed;
    sample.discontinuity = reading.clocks.discontinuity;
    sample.at = reading.clocks.at;
    sample.uptime = reading.clocks.uptime;
    sample.counters.set(column, reading.counter);
    how.device_clock = reading.clocks.runs;
    advance(state, view, sample, how, Instant{});
    views.push_back(view);
  }
  return views;
}
inline InterfaceView view_after(const Reading& earlier, const Reading& later, Duration shortest,
                                Column column) {
  return views_after({earlier, later}, shortest, column).back();
}

inline Rate<BytesPerSecond> byte_rate(const Reading& earlier, const Reading& later,
                                      Duration shortest) {
  return view_after(earlier, later, shortest, Column::in_octets).receive;
}
inline Rate<PacketsPerSecond> packet_rate(const Reading& earlier, const Reading& later,
                                          Duration shortest) {
  return view_after(earlier, later, shortest, Column::in_errors).errors;
}

}  // namespace itnxt::test
