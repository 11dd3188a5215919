// What tunnels carry, counted apart: the frame itself stands in the totals already, once. Bytes are
// those of the inner packet, from its own first header on. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "collectors/pcap/packet.hpp"
#include "daemon/core/series.hpp"

namespace itnxt::pcap {

class Tunnels {
 public:
  void count(const Packet& packet) {
    if (packet.tunnel == Tunnel::none) return;
    TrafficCount& cell = carried_[static_cast<std::size_t>(packet.tunnel)]
                                 [static_cast<std::size_t>(packet.inner_protocol)];
    cell.packets += Packets(1);
    cell.bytes += Bytes(packet.inner_bytes);
  }
  // Packets and bytes, rows of what was met; nothing when nothing was.
  void add_families(std::vector<SeriesFamily>& families) const;

 private:
  std::array<std::array<TrafficCount, kProtocols>, kTunnels> carried_{};
};

}  // namespace itnxt::pcap
