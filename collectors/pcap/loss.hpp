// How much of the traffic was not seen, and how long a frame can be. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "collectors/pcap/tally.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::pcap {

// Where no MTU is known: the largest jumbo frames that are in use, with two tags.
inline constexpr std::uint32_t kLongestFrame = 9216 + 22;
// With the link header of Ethernet, two tags of 802.1Q and four labels of MPLS.
constexpr std::uint32_t longest_frame(const Vantage& vantage) {
  return vantage.mtu == 0 ? kLongestFrame : vantage.mtu + 14 + 8 + 16;
}

// Over a minute: after a stall drops are known at once while what was kept still lies in the ring,
// and a scrape a quarter of a minute later is to see them, too.
class Loss {
 public:
  static constexpr Duration kWindow = std::chrono::seconds(60);
  static constexpr std::size_t kPoints = 64;  // of shorter intervals the window is shorter

  void drop(std::uint64_t packets) { dropped_ += packets; }
  // Dropped of all that were there in the window that ends `now`, to be asked at every interval;
  // absent when nothing was. At least the last interval is in it. `seen`: the total.
  std::optional<double> of_window(SourceTime now, std::uint64_t seen) {
    points_.push_back({now, seen, dropped_});
    while (points_.size() > 2 && (points_.size() > kPoints || points_[1].at + kWindow <= now)) {
      points_.pop_front();
    }
    const Point& begin = points_.front();
    const std::uint64_t dropped = dropped_ - begin.dropped;
    const std::uint64_t all = seen - begin.seen + dropped;
    if (all == 0) return std::nullopt;
    return static_cast<double>(dropped) / static_cast<double>(all);
  }

 private:
  struct Point {
    SourceTime at;
    std::uint64_t seen = 0;
    std::uint64_t dropped = 0;
  };
  std::uint64_t dropped_ = 0;
  std::deque<Point> points_ = {Point{}};
};

}  // namespace itnxt::pcap
