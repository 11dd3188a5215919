// Bytes by DSCP class (RFC 2474) of the outermost datagram. What has no IP header has none. One
// thread.
#pragma once

#include <array>
#include <cstdint>

#include "collectors/pcap/packet.hpp"
#include "daemon/core/series.hpp"

namespace itnxt::pcap {

class Classes {
 public:
  void count(const Packet& packet, std::uint32_t original) {
    if (packet.outer.there) bytes_[packet.outer.dscp & 63U] += original;
  }
  // Rows of those that were met.
  [[nodiscard]] SeriesFamily family() const;

 private:
  std::array<std::uint64_t, 64> bytes_{};
};

}  // namespace itnxt::pcap
