// What the decoder says of one captured frame, and what every counter behind it reads. Values only;
// filled by decode() (frame.hpp) in one pass, on the stack; nothing in it points into the capture.
// Host byte order throughout. All of it is what the sender claims: hostile.
#pragma once

#include <array>
#include <cstdint>

#include "daemon/core/sample.hpp"

namespace itnxt::pcap {

// An address of either family as 128 bits; IPv4 stands as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), so
// that one table and one prefix match serve both.
struct IpAddress {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  [[nodiscard]] constexpr bool is_v4() const { return high == 0 && low >> 32U == 0xffff; }
  auto operator<=>(const IpAddress&) const = default;
};
constexpr IpAddress v4(std::uint32_t address) {
  return {0, 0xffff'0000'0000U | address};
}

// What is known of the upper layer. Later fragments, and headers the snaplen hid, have `none`.
enum class Upper : std::uint8_t { none, tcp, udp, icmp, icmpv6, sctp, ospf, other };

// TCP's flags as they stand in byte 13 (RFC 9293 §3.1).
namespace tcp_flag {
inline constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10;
}

// One IP header and the upper-layer header behind it.
struct Datagram {
  bool there = false;
  std::uint8_t version = 0;   // 4 or 6
  std::uint8_t dscp = 0;      // RFC 2474
  std::uint8_t protocol = 0;  // IANA number of the upper layer
  bool fragment = false;      // part of a datagram; only the first part has ports
  Upper upper = Upper::none;
  IpAddress source, destination;

  std::uint16_t source_port = 0, destination_port = 0;  // TCP, UDP, SCTP
  std::uint8_t icmp_type = 0, icmp_code = 0;

  // TCP only.
  std::uint8_t flags = 0;
  bool has_timestamps = false;  // RFC 7323 option, whole within the capture
  std::uint16_t window = 0;     // as sent, not scaled
  std::uint32_t sequence = 0, acknowledgement = 0;
  std::uint32_t ts_value = 0, ts_echo = 0;

  std::uint32_t payload = 0;  // bytes behind the upper layer's header, by IP's lengths
};

// What the outermost datagram carries another one in.
enum class Tunnel : std::uint8_t { none, gre, ip_in_ip, vxlan, geneve };

}  // namespace itnxt::pcap
