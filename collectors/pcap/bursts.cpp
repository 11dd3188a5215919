#include "collectors/pcap/bursts.hpp"

#include <string>
#include <utility>

namespace itnxt::pcap {

std::array<std::uint64_t, 3> Bursts::peaks() const {
  const std::uint64_t longer = bytes_[0] + bytes_[1];
  return {std::max(peaks_[0], bytes_[0]), std::max(peaks_[1], longer),
          std::max(peaks_[2], longer + bytes_[2])};
}

void Bursts::turn(std::int64_t at) {
  const std::int64_t last = end_ - 1;  // within the windows that may be over
  peaks_ = peaks();
  std::uint64_t over = 0;
  for (std::size_t i = 0; i < kWindows.size(); ++i) {
    bytes_[i] += over;
    if (at / kWindows[i] == last / kWindows[i]) {
      over = 0;
    } else {
      over = std::exchange(bytes_[i], 0);
    }
  }
  end_ = (at / kWindows[0] + 1) * kWindows[0];
}

SeriesFamily Bursts::family() const {
  const std::array<std::uint64_t, 3> peaks = this->peaks();
  SeriesFamily family{"itnxt_capture_peak_bytes",
                      SeriesType::gauge,
                      "Most bytes on the wire within a window of this length in the last interval.",
                      {"window"},
                      {}};
  for (std::size_t i = 0; i < kWindows.size(); ++i) {
    family.rows.push_back(
        {{std::to_string(kWindows[i] / 1'000'000) + "ms"}, static_cast<double>(peaks[i])});
  }
  return family;
}

}  // namespace itnxt::pcap
