// Microbursts: the most bytes that came within 1, 10 and 100 ms, by the packets' own time stamps:
// exactly the most of all windows of that length, wherever they begin.
//
// A window belongs to the interval in which its last packet came; one that began in the interval
// before counts whole. An interval without a packet has no burst.
//
// A packet that is up to 1 ms earlier than the latest counts as if it came with that, because
// capturing on several CPUs stamps packets out of order. One that is earlier still is of windows
// that are over, and counts in none. No window holds what came before and what came after
// set_back().
//
// What came lately stands in a queue, each with the sum of all before, so that what came since is
// one subtraction. A window's old end is looked for only when there may be more behind it than the
// peak: next to nothing a packet. The queue has room for 32,768 packets, which is 100 ms of 327,000
// a second. Of more, some of those that are close together are forgotten and leave windows with
// the one before them: then a peak is never more than the most of any window, and never less than
// the most of any that is a 4096th shorter.
//
// Constant memory, 512 KiB; constant time a packet, on average. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "daemon/core/series.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::pcap {

class Bursts {
 public:
  static constexpr std::array<std::int64_t, 3> kWindows = {1'000'000, 10'000'000, 100'000'000};

  // `time`: not before 1970, as time_of() has it.
  void count(std::uint32_t original, WallTime time) {
    const std::int64_t at = time.time_since_epoch().count();
    if (at < latest_) [[unlikely]] {
      if (latest_ - at > kDisorder) return;
    } else {
      latest_ = at;
    }
    if (head_ == end_) [[unlikely]]
      make_room();
    queue_[head_++ % kPlaces] = {latest_, bytes_};
    bytes_ += original;
    if (bytes_ > enough_) [[unlikely]]
      raise_peaks();
  }

  // Of 1, 10 and 100 ms since the last forget().
  [[nodiscard]] std::array<std::uint64_t, 3> peaks() const;
  // Begins an interval.
  void forget();

  // The clock was set back: another time line begins at `time`, not before 1970.
  void set_back(WallTime time);

  [[nodiscard]] SeriesFamily family() const;

 private:
  static constexpr std::uint32_t kPlaces = 1U << 15U;
  static constexpr std::int64_t kDisorder = 1'000'000;
  static constexpr std::int64_t kApart = 4096;  // of a window: closer ones may be forgotten

  struct Arrival {
    std::int64_t at = 0;       // nanoseconds since 1970
    std::uint64_t before = 0;  // bytes that came before it
  };
  struct Window {
    std::uint32_t tail = 0;    // the oldest in the queue that may be within it
    std::uint64_t before = 0;  // bytes that came before that
    std::uint64_t peak = 0;
  };

  void raise_peaks();
  // There is room for packets now.
  void make_room();
  void thin();
  // Places [from, to) to the queue's head, but those less than `apart` behind the last that stays.
  void thin(std::uint32_t from, std::uint32_t to, std::int64_t apart);
  // To the oldest that is within the window which the latest packet ends.
  void move_on(std::size_t window);
  void set_enough();

  std::int64_t latest_ = 0;  // the latest packet's time
  // Numbers of places count on for ever, modulo 2^32.
  std::uint32_t head_ = 0;
  std::uint32_t end_ = kPlaces;  // so far there is room, at least
  std::uint64_t bytes_ = 0;      // since the beginning
  std::uint64_t enough_ = 0;     // no peak is higher before bytes_ is
  std::vector<Arrival> queue_ = std::vector<Arrival>(kPlaces);
  std::array<Window, 3> windows_;
};

}  // namespace itnxt::pcap
