// The frame decoder on any bytes. Input: link type, how much longer the packet was on the wire
// (0: as captured), then the captured bytes.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "collectors/pcap/frame.hpp"
#include "collectors/pcap/tally.hpp"

using itnxt::pcap::LinkType;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto link = static_cast<LinkType>(data[0] % (static_cast<unsigned>(LinkType::other) + 1));
  // A block of exactly this size: one byte too many is seen.
  const std::vector<std::uint8_t> captured(data + 2, data + size);
  const std::size_t original = captured.size() + std::size_t{data[1]} * data[1] * 2;
  const itnxt::pcap::Packet frame =
      itnxt::pcap::decode(link, captured, static_cast<std::uint32_t>(original));

  itnxt::pcap::Tally tally;
  tally.count(frame, direction_of(frame, itnxt::pcap::Vantage{}),
              static_cast<std::uint32_t>(original));
  itnxt::CaptureSample sample;
  tally.copy_to(sample);
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  for (const auto& direction : sample.traffic) {
    for (const itnxt::TrafficCount& cell : direction) {
      packets += cell.packets.count();
      bytes += cell.bytes.count();
    }
  }
  if (packets != 1 || bytes != original) std::abort();
  return 0;
}
