// Microbursts: the most bytes that came within 1, 10 and 100 ms, by the packets' own time stamps.
// Windows slide by an eighth of their length: they begin at whole multiples of it since 1970, so
// that a burst across any border is told in full. What is told is exactly the most of all such
// windows: never more than the most of any window of that length, and never less than the most of
// any that is an eighth shorter.
//
// A window belongs to the interval in which its last packet came; one that began in the interval
// before counts whole. An interval without a packet has no burst.
//
// A packet that is up to 1 ms earlier than the slot under way counts in that, because capturing on
// several CPUs stamps packets out of order. One that is earlier still is of windows that are over,
// and counts in none. No window holds what came before and what came after set_back().
//
// Constant time a packet; one thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "daemon/core/series.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::pcap {

class Bursts {
 public:
  static constexpr std::array<std::int64_t, 3> kWindows = {1'000'000, 10'000'000, 100'000'000};
  static constexpr std::int64_t kSlots = 8;  // of each window

  // `time`: not before 1970, as time_of() has it.
  void count(std::uint32_t original, WallTime time) {
    const std::int64_t at = time.time_since_epoch().count();
    if (static_cast<std::uint64_t>(at - begin_) >= kSlot) [[unlikely]] {
      if (!turn(at)) return;
    }
    fresh_ += original;
  }

  // The peaks since the last forget(), windows under way included.
  [[nodiscard]] std::array<std::uint64_t, 3> peaks() const;
  // Begins an interval.
  void forget();

  // The clock was set back: another time line begins at `time`, not before 1970.
  void set_back(WallTime time);

  [[nodiscard]] SeriesFamily family() const;

 private:
  static constexpr std::int64_t kSlot = kWindows[0] / kSlots;
  static constexpr std::int64_t kDisorder = 1'000'000;

  // The slots of one length of windows. Those of the next length are as long as ten of them.
  struct Level {
    std::array<std::uint64_t, kSlots> slots{};  // that are over, by number modulo kSlots
    std::uint64_t before = 0;                   // bytes of those within the window under way
    std::uint64_t under_way = 0;                // of its last slot, without the level below
    std::int64_t number = 0;                    // of that slot, since 1970
    std::uint64_t peak = 0;
    // The slot under way is over, it is `next` now: what it had.
    std::uint64_t move_to(std::int64_t next);
  };

  // Into the slot that holds `at`; false: a packet of then counts nowhere.
  bool turn(std::int64_t at);

  std::int64_t begin_ = 0;   // of the shortest slot under way, nanoseconds since 1970
  std::uint64_t fresh_ = 0;  // bytes in it since the last forget()
  bool any_ = false;         // packets came in slots that are over, since the last forget()
  std::array<Level, 3> levels_;
};

}  // namespace itnxt::pcap
