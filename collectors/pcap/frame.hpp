// One captured frame → what is known of it (packet.hpp). Pure: no state, no allocation, no I/O; any
// thread. Every byte is hostile: reads are checked, unaligned-safe, and at most kMaxHeaders nested
// headers are followed, whatever their kind.
//
// What counts
// - Every frame is counted once, with its original length, under the protocol that the outermost IP
//   header (or ARP) names: behind VLAN tags, 802.2 SNAP, labels of MPLS, PPPoE. What it carries in
//   a tunnel (GRE, IP-in-IP, VXLAN, GENEVE) is told beside it: `inner`, of several tunnels within
//   each other the innermost that can be followed. IPsec is `other`.
// - UDP is a tunnel by its destination port alone, so what does not fit there is no flaw.
// - IPv6 extension headers (RFC 7045 §3) are followed to the upper-layer header; AH is one of them
//   in IPv6 and `other` in IPv4, as in tshark. ICMP numbers are taken as they stand, whatever the
//   IP version around them.
// - A fragment that is not the first counts as what its IP header names. In IPv6 that is `other`
//   when an extension header stands between the fragment header and the upper layer. No tunnel is
//   looked for in a fragment.
//
// What is malformed: the first flaw met, in addition to the count.
// - truncated: the frame ends, on the wire, before a header or before a length in it says so.
// - bad_length: a length contradicts itself, or leaves no room for the header that must follow.
// - bad_version: the version within the IP header is not the one announced.
// - too_deep: more than kMaxHeaders tags, labels, extension headers and tunnels.
// The protocol counts in spite of a flaw behind it (a cut TCP header is still TCP); a flaw in front
// of it makes the frame `other`.
//
// Our own snaplen is not the packet's fault: what it cut off (captured < original) is no flaw. A
// cut that hides the protocol leaves the frame `other`; one that hides any header of the outermost
// datagram, or in front of it, is told as `cut`, because the protocol counts, or those by port, are
// then lower bounds. A larger snaplen cures it.
//
// Packets larger than 65535 bytes carry no length in their headers (Linux BIG TCP and UDP GSO:
// total length 0, payload length 0, UDP length 0): then, and only then, 0 is no flaw. Jumbograms
// (RFC 2675) name theirs in a hop-by-hop option.
#pragma once

#include <cstdint>
#include <span>

#include "collectors/pcap/packet.hpp"

namespace itnxt::pcap {

// How a frame begins. Numbers: https://www.tcpdump.org/linktypes.html
enum class LinkType : std::uint8_t {
  ethernet,  // 1: Ethernet II, 802.3 with LLC/SNAP, 802.1Q and 802.1ad tags
  cooked,    // 113: LINUX_SLL
  cooked2,   // 276: LINUX_SLL2
  raw_ip,    // 101: IPv4 or IPv6 by its version
  ipv4,      // 228
  ipv6,      // 229
  loopback,  // 0 and 108: address family, in either byte order
  ppp,       // 9 and 50: with address and control or without
  other,     // not decoded: counted as `other`
};

// Tags, SNAP headers, labels, IPv6 extension headers and tunnels of one frame, together.
inline constexpr unsigned kMaxHeaders = 16;

// `original`: length on the wire. A file that claims less than it holds is not believed: what was
// captured was there.
// `packet` is written as a whole: it may be another one's of before.
void decode(LinkType link, std::span<const std::uint8_t> captured, std::uint32_t original,
            Packet& packet);
inline Packet decode(LinkType link, std::span<const std::uint8_t> captured,
                     std::uint32_t original) {
  Packet packet;
  decode(link, captured, original, packet);
  return packet;
}

}  // namespace itnxt::pcap
