// How a frame begins, down to the network layer.
#include "collectors/pcap/decoding.hpp"
#include "collectors/pcap/numbers.hpp"

namespace itnxt::pcap {
namespace {

// Linux cooked: packet types, and what the protocol field means by the ARP hardware type.
constexpr std::uint16_t kCookedLlc = 0x0004;
constexpr std::uint16_t kPacketBroadcast = 1;
constexpr std::uint16_t kPacketMulticast = 2;
constexpr std::uint16_t kPacketOutgoing = 4;
constexpr std::uint16_t kHardwareNetlink = 824;

constexpr std::uint64_t kBroadcast = 0xffff'ffff'ffff;
constexpr std::uint64_t kGroupBit = 0x0100'0000'0000;  // 802 §8.2.2

// PPP protocol numbers (IANA).
constexpr std::uint16_t kPppIpv4 = 0x0021;
constexpr std::uint16_t kPppIpv6 = 0x0057;
constexpr std::uint16_t kPppMpls = 0x0281;
constexpr std::uint16_t kPppStart = 0xff03;

Cast cast_of(std::uint64_t destination) {
  if ((destination & kGroupBit) == 0) return Cast::unicast;
  return destination == kBroadcast ? Cast::broadcast : Cast::multicast;
}

// All but the datagrams, which are made anew when there are any.
void clear(Packet& packet) {
  packet.protocol = Protocol::other;
  packet.malformed.reset();
  packet.cut = false;
  packet.sender = Sender::unsaid;
  packet.cast = Cast::unsaid;
  packet.source = {};
  packet.tags = packet.labels = 0;
  packet.vlan = 0;
  packet.pppoe = false;
  packet.tunnel = Tunnel::none;
  packet.inner_protocol = Protocol::other;
  packet.inner_bytes = 0;
  packet.outer.there = packet.inner.there = false;
}

void cooked_sender(Packet& packet, std::uint16_t packet_type) {
  if (packet_type == kPacketOutgoing) packet.sender = Sender::self;
  if (packet_type >= kPacketOutgoing) return;
  packet.sender = Sender::peer;
  packet.cast = packet_type == kPacketBroadcast   ? Cast::broadcast
                : packet_type == kPacketMulticast ? Cast::multicast
                                                  : Cast::unicast;
}

// 802.2; only SNAP leads on to something we count. One cap with the tags: SNAP can hold a tag that
// holds a length that holds SNAP.
void llc(Decoding& d) {
  const auto header = d.in.take<3>();
  if (!header) return d.missing(3);
  if (header.u16<0>() != 0xaaaa || header.u8<2>() != 0x03) return;
  if (!d.descend()) return;
  const auto snap = d.in.take<5>();
  if (!snap) return d.missing(5);
  const std::uint32_t organisation = snap.u32<0>() >> 8U;
  const bool is_type = organisation == 0x000000 || organisation == 0x0000f8;
  if (is_type && snap.u16<3>() > kLargestLength) decode_ether_type(d, snap.u16<3>());
}

void cooked_protocol(Decoding& d, std::uint16_t hardware, std::uint16_t protocol) {
  if (hardware == kHardwareNetlink) return;  // the field is a netlink family there
  if (protocol == kCookedLlc) return llc(d);
  if (protocol > kLargestLength) decode_ether_type(d, protocol);
}

void cooked(Decoding& d) {
  const auto header = d.in.take<16>();
  if (!header) return d.missing(16);
  cooked_sender(d.packet, header.u16<0>());
  cooked_protocol(d, header.u16<2>(), header.u16<14>());
}

void cooked2(Decoding& d) {
  const auto header = d.in.take<20>();
  if (!header) return d.missing(20);
  cooked_sender(d.packet, header.u8<10>());
  cooked_protocol(d, header.u16<8>(), header.u16<0>());
}

void raw_ip(Decoding& d) {
  if (!d.in.peek<1>()) return d.missing(1);
  if (!decode_ip(d)) d.blame(Malformed::bad_version);
}

void loopback(Decoding& d) {
  const auto header = d.in.take<4>();
  if (!header) return d.missing(4);
  std::uint32_t family = header.u32<0>();
  if (family > 0xffff) family = (family >> 24U) | ((family >> 8U) & 0xff00U);
  switch (family) {
    case 2:
      return decode_ipv4(d);
    case 10:  // Linux
    case 24:  // NetBSD, OpenBSD
    case 28:  // FreeBSD
    case 30:  // macOS
      return decode_ipv6(d);
    default:
      return;
  }
}

void arp(Decoding& d) {
  d.is(Protocol::arp);
  const auto header = d.in.take<8>();
  if (!header) return d.missing(8);
  const std::size_t addresses = 2U * (std::size_t{header.u8<4>()} + header.u8<5>());
  if (addresses > d.in.wire()) d.missing(addresses);
}

// RFC 1661 §2: the protocol field in one byte or in two.
void ppp_protocol(Decoding& d) {
  const auto first = d.in.take<1>();
  if (!first) return d.missing(1);
  std::uint16_t protocol = first.u8<0>();
  if ((protocol & 1U) == 0) {
    const auto second = d.in.take<1>();
    if (!second) return d.missing(1);
    protocol = static_cast<std::uint16_t>(protocol << 8U | second.u8<0>());
  }
  if (protocol == kPppIpv4) return decode_ipv4(d);
  if (protocol == kPppIpv6) return decode_ipv6(d);
  if (protocol == kPppMpls) return decode_mpls(d);
}

// RFC 1662 §3.1: address and control may be left out.
void ppp(Decoding& d) {
  const auto start = d.in.peek<2>();
  if (!start) return d.missing(2);
  if (start.u16<0>() == kPppStart) (void)d.in.skip(2);
  ppp_protocol(d);
}

// RFC 2516 §4.
void pppoe(Decoding& d) {
  const auto header = d.in.take<6>();
  if (!header) return d.missing(6);
  if (!d.inside) d.packet.pppoe = true;
  if (header.u8<0>() != 0x11 || header.u8<1>() != 0) return;
  if (!d.in.narrow(header.u16<4>())) d.blame(Malformed::truncated);
  ppp_protocol(d);
}

// Takes tags; false when there is nothing to go on with.
bool tags(Decoding& d, std::uint16_t& type) {
  while (type == ether_type::vlan || type == ether_type::provider_vlan ||
         type == ether_type::old_q_in_q) {
    if (!d.descend()) return false;
    const auto tag = d.in.take<4>();
    if (!tag) {
      d.missing(4);
      return false;
    }
    if (!d.inside && d.packet.tags++ == 0) d.packet.vlan = tag.u16<0>() & 0x0fffU;
    type = tag.u16<2>();
  }
  return true;
}

}  // namespace

void decode_ethernet(Decoding& d) {
  const auto header = d.in.take<14>();
  if (!header) return d.missing(14);
  if (!d.inside) {
    d.packet.sender = Sender::address;
    d.packet.source = {header.u48<6>()};
    d.packet.cast = cast_of(header.u48<0>());
  }
  decode_ether_type(d, header.u16<12>());
}

void decode_ether_type(Decoding& d, std::uint16_t type) {
  if (type == ether_type::ipv4) return decode_ipv4(d);
  if (type == ether_type::ipv6) return decode_ipv6(d);
  if (!tags(d, type)) return;
  switch (type) {
    case ether_type::ipv4:
      return decode_ipv4(d);
    case ether_type::ipv6:
      return decode_ipv6(d);
    case ether_type::arp:
      return arp(d);
    case ether_type::mpls:
    case ether_type::mpls_upstream:
      return decode_mpls(d);
    case ether_type::pppoe_session:
      return pppoe(d);
    default:
      if (type > kLargestLength) return;
      if (!d.in.narrow(type)) d.blame(Malformed::truncated);
      return llc(d);
  }
}

// RFC 3032 §2.1. What follows the last label is not said; anything but IP (a pseudowire, say) is
// not followed.
void decode_mpls(Decoding& d) {
  bool bottom = false;
  while (!bottom) {
    if (!d.descend()) return;
    const auto label = d.in.take<4>();
    if (!label) return d.missing(4);
    if (!d.inside) ++d.packet.labels;
    bottom = (label.u8<2>() & 1U) != 0;
  }
  if (!d.in.peek<1>()) return d.missing(1);
  (void)decode_ip(d);
}

void decode(LinkType link, std::span<const std::uint8_t> captured, std::uint32_t original,
            Packet& packet) {
  clear(packet);
  Decoding d{Reader(captured, original), packet};
  switch (link) {
    case LinkType::ethernet:
      return decode_ethernet(d);
    case LinkType::cooked:
      return cooked(d);
    case LinkType::cooked2:
      return cooked2(d);
    case LinkType::raw_ip:
      return raw_ip(d);
    case LinkType::ipv4:
      return decode_ipv4(d);
    case LinkType::ipv6:
      return decode_ipv6(d);
    case LinkType::loopback:
      return loopback(d);
    case LinkType::ppp:
      return ppp(d);
    case LinkType::other:
      return;
  }
}

}  // namespace itnxt::pcap
