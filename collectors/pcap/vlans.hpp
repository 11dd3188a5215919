// Packets and bytes by the outermost VLAN tag. A tap of a trunk sees up to 4096 of them, and a
// frame may claim any: kMost have series of their own, the rest is `other`. One thread.
//
// Those with most bytes in the interval in which there is still room get the places, and keep them:
// a counter that went into `other` and came back would fall.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "collectors/pcap/packet.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/core/series.hpp"

namespace itnxt::pcap {

class Vlans {
 public:
  static constexpr std::size_t kMost = 32;

  void count(const Packet& packet, std::uint32_t original) {
    TrafficCount& cell = recent_[packet.tags == 0 ? kUntagged : packet.vlan & 0x0fffU];
    cell.packets += Packets(1);
    cell.bytes += Bytes(original);
  }

  // At the end of an interval: gives places, and what was counted since goes to where it belongs.
  void settle();
  // What is settled: packets and bytes. Nothing unless a tagged frame was met.
  void add_families(std::vector<SeriesFamily>& families) const;

 private:
  struct Place {
    std::uint16_t vlan = 0;
    TrafficCount total;
  };
  static constexpr std::size_t kUntagged = 4096;
  std::array<TrafficCount, kUntagged + 1> recent_{};  // since the last settle()
  std::vector<Place> places_;                         // at most kMost
  TrafficCount other_;
  TrafficCount untagged_;
};

}  // namespace itnxt::pcap
