// What the decoder says of one captured frame, and what every counter behind it reads. Values only;
// filled by decode() (frame.hpp) in one pass; nothing in it points into the capture.
// Host byte order throughout. All of it is what the sender claims: hostile.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/core/sample.hpp"

namespace itnxt::pcap {

// An IEEE 802 address as its number: 02:00:00:00:00:01 is 0x020000000001.
struct MacAddress {
  std::uint64_t number = 0;
  bool operator==(const MacAddress&) const = default;
};

// Who sent the frame, as far as the frame says.
enum class Sender : std::uint8_t {
  unsaid,
  address,  // by its source MAC
  self,     // cooked: PACKET_OUTGOING
  peer,     // cooked: any other packet type of the kernel
};

// To how many, by the destination MAC or the kernel's packet type.
enum class Cast : std::uint8_t { unsaid, unicast, multicast, broadcast };

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
  std::uint16_t whole = 0;  // of a first fragment of UDP: bytes of all, with UDP's header
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
  bool operator==(const Datagram&) const = default;
};

// What the outermost datagram carries another one in.
enum class Tunnel : std::uint8_t { none, gre, ip_in_ip, vxlan, geneve };
inline constexpr std::size_t kTunnels = 5;
inline constexpr std::array<std::string_view, kTunnels> kTunnelNames = {"none", "gre", "ip_in_ip",
                                                                        "vxlan", "geneve"};

// One frame. Of a datagram that is not there no other field means anything.
struct Packet {
  Protocol protocol = Protocol::other;  // what it is counted as (frame.hpp)
  std::optional<Malformed> malformed;
  bool cut = false;  // the capture's snaplen hides a header of the outermost datagram, or before it
  Sender sender = Sender::unsaid;
  Cast cast = Cast::unsaid;
  MacAddress source;        // where sender is `address`
  std::uint8_t tags = 0;    // VLAN tags, 802.1Q and 802.1ad
  std::uint16_t vlan = 0;   // of the outermost tag, where there is one
  std::uint8_t labels = 0;  // of MPLS, in front of the outer datagram
  bool pppoe = false;
  Datagram outer;  // the outermost

  // What the outer datagram carries: the headers of the innermost tunnel that is followed.
  Tunnel tunnel = Tunnel::none;  // the outermost
  Protocol inner_protocol = Protocol::other;
  std::uint32_t inner_bytes = 0;  // from the inner link or IP header on
  Datagram inner;
  bool operator==(const Packet&) const = default;
};

// Who talks to whom: the ends of the innermost datagram that is there. What a tunnel carries that
// is no IP, or lies behind the snaplen, is its tunnel's.
inline const Datagram& innermost(const Packet& packet) {
  return packet.inner.there ? packet.inner : packet.outer;
}

}  // namespace itnxt::pcap
