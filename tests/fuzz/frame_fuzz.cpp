// The frame decoder and all that counts behind it, on any bytes. Input: link type, how much longer
// the packet was on the wire (0: as captured), then the captured bytes.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "collectors/pcap/analysis.hpp"
#include "collectors/pcap/frame.hpp"

using itnxt::pcap::LinkType;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void check(const itnxt::pcap::Datagram& datagram, std::size_t original) {
  if (!datagram.there) return;
  check(datagram.version == 4 || datagram.version == 6);
  check(datagram.version != 4 || (datagram.source.is_v4() && datagram.destination.is_v4()));
  check(datagram.dscp < 64);
  check(datagram.payload <= original);
  check(!datagram.has_timestamps || datagram.upper == itnxt::pcap::Upper::tcp);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto link = static_cast<LinkType>(data[0] % (static_cast<unsigned>(LinkType::other) + 1));
  // A block of exactly this size: one byte too many is seen.
  const std::vector<std::uint8_t> captured(data + 2, data + size);
  const std::size_t original = captured.size() + std::size_t{data[1]} * data[1] * 2;
  static itnxt::pcap::Packet packet;  // another one's of before
  itnxt::pcap::decode(link, captured, static_cast<std::uint32_t>(original), packet);
  check(static_cast<std::size_t>(packet.protocol) < itnxt::kProtocols);
  check(static_cast<std::size_t>(packet.inner_protocol) < itnxt::kProtocols);
  check(static_cast<std::size_t>(packet.tunnel) < itnxt::pcap::kTunnels);
  check(packet.tunnel != itnxt::pcap::Tunnel::none || !packet.inner.there);
  check(packet.vlan < 4096 && packet.tags + packet.labels <= itnxt::pcap::kMaxHeaders);
  check(packet.inner_bytes <= original);
  check(packet.outer, original);
  check(packet.inner, original);

  static itnxt::pcap::Analysis analysis;
  static std::uint64_t packets = 0;
  static std::uint64_t bytes = 0;
  analysis.observe(packet, direction_of(packet, itnxt::pcap::Vantage{}),
                   static_cast<std::uint32_t>(original), {});
  ++packets;
  bytes += original;
  if (packets % 1024 != 1) return 0;
  itnxt::CaptureSample sample;
  std::vector<itnxt::SeriesFamily> families;
  analysis.tell(sample, families);
  itnxt::TrafficCount sum;
  for (const auto& direction : sample.traffic) {
    for (const itnxt::TrafficCount& cell : direction) {
      sum.packets += cell.packets;
      sum.bytes += cell.bytes;
    }
  }
  check(sum.packets.count() == packets && sum.bytes.count() == bytes);
  return 0;
}
