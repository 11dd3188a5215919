// How large packets are: counts by original length, the bounds of RMON (RFC 2819) continued to what
// offloads make of them. One thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "daemon/core/series.hpp"

namespace itnxt::pcap {

class Sizes {
 public:
  void count(std::uint32_t original) {
    // 64, 128, 256 … are the last of their class: that of bytes 33 to 64 is 6.
    ++by_width_[static_cast<std::size_t>(std::bit_width(original == 0 ? 0U : original - 1U))];
    above_untagged_ += original - kLongestUntagged - 1 < 2048 - kLongestUntagged ? 1 : 0;
    bytes_ += original;
  }
  [[nodiscard]] SeriesFamily family() const;

 private:
  static constexpr std::uint32_t kLongestUntagged = 1518;

  std::array<std::uint64_t, 33> by_width_{};
  std::uint64_t above_untagged_ = 0;  // 1519 to 2048
  std::uint64_t bytes_ = 0;
};

}  // namespace itnxt::pcap
