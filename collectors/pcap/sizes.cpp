#include "collectors/pcap/sizes.hpp"

namespace itnxt::pcap {
namespace {

constexpr std::size_t kSmallest = 6;  // bit width of what the first bucket holds at most, 63 + 1
constexpr std::size_t kLargest = 16;  // 65536

}  // namespace

SeriesFamily Sizes::family() const {
  SeriesFamily family{"itnxt_capture_packet_size_bytes",
                      SeriesType::histogram,
                      "Packets by their length on the wire.",
                      {},
                      {}};
  std::vector<std::uint64_t> counts;
  std::uint64_t sum = 0;
  for (std::size_t width = 0; width < by_width_.size(); ++width) {
    sum += by_width_[width];
    if (width < kSmallest || width > kLargest) continue;
    if (width == 11) {
      family.bounds.push_back(kLongestUntagged);
      counts.push_back(sum - above_untagged_);
    }
    family.bounds.push_back(static_cast<double>(std::uint64_t{1} << width));
    counts.push_back(sum);
  }
  counts.push_back(sum);
  family.rows = {{{}, Histogram(std::move(counts), static_cast<double>(bytes_))}};
  return family;
}

}  // namespace itnxt::pcap
