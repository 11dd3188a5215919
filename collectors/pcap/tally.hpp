// Totals of one capture: pure sums that never go back. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "collectors/pcap/frame.hpp"
#include "collectors/pcap/prefixes.hpp"
#include "daemon/core/sample.hpp"

namespace itnxt::pcap {

// What is known about where the capture listens.
struct Vantage {
  std::optional<MacAddress> own;  // a live Ethernet interface's address
  bool loops_back = false;        // the loopback device: what is sent comes back, seen once
  std::uint32_t mtu = 0;          // of a live interface, without its link header; 0: not known
  bool operator==(const Vantage&) const = default;
};

// Between the networks that are `local` and the others: what comes from outside is received. What
// stays on one side says nothing by that, nor anything where no network is local; then cooked
// frames say it themselves. Else: by the interface's own address, where there is one (a frame that
// a bridge sends out of it for someone else counts as received); received on the loopback device;
// unknown in a savefile.
Direction direction_between(const Datagram& outer, const PrefixSet& local);
Direction direction_by_link(const Packet& packet, const Vantage& vantage);
inline Direction direction_of(const Packet& packet, const Vantage& vantage,
                              const PrefixSet& local = {}) {
  if (packet.outer.there && !local.empty()) {
    const Direction between = direction_between(packet.outer, local);
    if (between != Direction::unknown) return between;
  }
  return direction_by_link(packet, vantage);
}

// The same in words, for people: what tells the direction of this capture's packets.
std::string direction_source(const Vantage& vantage, const PrefixSet& local, bool live);

// A 32-bit total of libpcap's (struct pcap_stat) as growth. Wraps; ask at least once per 2^31
// (at 100 million packets/s: every 20 s). A step of half the range or more is a total that went
// back (the kernel's files are gone with the interface): no growth.
class Growth {
 public:
  std::uint64_t since_last(std::uint32_t total);

 private:
  std::uint32_t last_ = 0;
};

class Tally {
 public:
  // `original`: length on the wire.
  void count(const Packet& frame, Direction direction, std::uint32_t original) {
    TrafficCount& cell =
        traffic_[static_cast<std::size_t>(direction)][static_cast<std::size_t>(frame.protocol)];
    cell.packets += Packets(1);
    cell.bytes += Bytes(original);
    if (frame.malformed) malformed_[static_cast<std::size_t>(*frame.malformed)] += Packets(1);
  }
  void drop(DropPoint where, std::uint64_t packets) {
    dropped_[static_cast<std::size_t>(where)] += Packets(packets);
  }

  void copy_to(CaptureSample& sample) const;
  [[nodiscard]] std::uint64_t packets() const;
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  std::array<std::array<TrafficCount, kProtocols>, kDirections> traffic_{};
  std::array<Packets, kDropPoints> dropped_{};
  std::array<Packets, kMalformed> malformed_{};
};

}  // namespace itnxt::pcap
