// Microbursts: the most bytes that came within 1, 10 and 100 ms. By the packets' own time stamps,
// in windows that begin at whole multiples of their length since 1970: a burst across a border
// counts in two parts, so what is told is at least half of the worst window of that length, and all
// of it when the burst lies within one.
//
// A packet that is earlier than the window under way counts in it, because capturing on several
// CPUs stamps packets out of order; one that is a second or more earlier begins a new one: a clock
// was set back, or another file was appended. Constant time a packet; one thread.
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

  void count(std::uint32_t original, WallTime time) {
    const std::int64_t at = time.time_since_epoch().count();
    if (at >= end_ || at < end_ - kBackwards) [[unlikely]]
      turn(at);
    bytes_[0] += original;
  }

  // The peaks since the last forget(), windows under way included.
  [[nodiscard]] std::array<std::uint64_t, 3> peaks() const;
  // Begins an interval: the window under way counts in it, too.
  void forget() { peaks_ = {}; }

  [[nodiscard]] SeriesFamily family() const;

 private:
  static constexpr std::int64_t kBackwards = 1'000'000'000;

  // Into the window that holds `at`.
  void turn(std::int64_t at);

  std::int64_t end_ = 0;  // of the shortest window; the others by the same instant
  // The shortest window's bytes; of the longer ones what is in shorter windows that are over.
  std::array<std::uint64_t, 3> bytes_{};
  std::array<std::uint64_t, 3> peaks_{};
};

}  // namespace itnxt::pcap
