// How often a device is walked whose walks do not end (walk.hpp). Pure.
//
// The device stays visible: each poll in between asks its system group only. After the first
// endless walk the next one is 2 intervals later, then 4, 8, at most 10. A walk that comes to its
// end brings everything back; one that is lost or cut short for another reason says nothing.
#pragma once

#include <algorithm>
#include <cstdint>

namespace itnxt::snmp {

class EndlessWalks {
 public:
  static constexpr std::uint32_t kMostIntervals = 10;

  // Whether the next poll asks for the tables.
  [[nodiscard]] bool walks_next() const { return rests_ == 0; }

  void rested() { --rests_; }  // precondition: !walks_next()
  void walked(bool endless, bool complete) {
    if (complete) intervals_ = 1;
    if (!endless) return;
    intervals_ = std::min(2 * intervals_, kMostIntervals);
    rests_ = intervals_ - 1;
  }

 private:
  std::uint32_t intervals_ = 1;  // from the last endless walk to the next
  std::uint32_t rests_ = 0;      // polls still without one
};

}  // namespace itnxt::snmp
