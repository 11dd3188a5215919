// How much of an interval's traffic was not seen, and how long a frame can be. One thread.
#pragma once

#include <cstdint>
#include <utility>

#include "collectors/pcap/tally.hpp"

namespace itnxt::pcap {

// Where no MTU is known: the largest jumbo frames that are in use, with two tags.
inline constexpr std::uint32_t kLongestFrame = 9216 + 22;
// With the link header of Ethernet, two tags of 802.1Q and four labels of MPLS.
constexpr std::uint32_t longest_frame(const Vantage& vantage) {
  return vantage.mtu == 0 ? kLongestFrame : vantage.mtu + 14 + 8 + 16;
}

class Loss {
 public:
  void drop(std::uint64_t packets) { dropped_ += packets; }
  // Dropped of all that were there since the last call; 0 when nothing was. `seen`: the total.
  double of_interval(std::uint64_t seen) {
    const std::uint64_t fresh = seen - std::exchange(seen_, seen);
    const std::uint64_t dropped = std::exchange(dropped_, 0);
    if (dropped == 0) return 0;
    return static_cast<double>(dropped) / static_cast<double>(fresh + dropped);
  }

 private:
  std::uint64_t seen_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace itnxt::pcap
