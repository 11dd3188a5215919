// What the decoder tells of a packet beyond its protocol.
#include "collectors/pcap/packet.hpp"

#include <gtest/gtest.h>

#include "tests/collectors/pcap/frames.hpp"

namespace itnxt::pcap {
namespace {

using test::Octets;
using test::operator+;

Packet on_ethernet(std::size_t type, const Octets& payload, std::size_t cut = 0) {
  const Octets frame = test::ethernet(type, payload);
  return decode(LinkType::ethernet, std::span(frame).first(frame.size() - cut),
                static_cast<std::uint32_t>(frame.size()));
}
Packet raw(const Octets& datagram) {
  return decode(LinkType::raw_ip, datagram, static_cast<std::uint32_t>(datagram.size()));
}

TEST(PacketOf, Ipv4HasItsAddressesItsClassAndItsPorts) {
  const Packet packet = on_ethernet(
      0x0800, test::with(test::ipv4(17, test::udp(test::zeros(5))), 1, 0xba) + test::zeros(13));
  EXPECT_TRUE(packet.outer.there);
  EXPECT_EQ(packet.outer.version, 4);
  EXPECT_EQ(packet.outer.dscp, 46);
  EXPECT_EQ(packet.outer.protocol, 17);
  EXPECT_EQ(packet.outer.upper, Upper::udp);
  EXPECT_EQ(packet.outer.source, v4(0x0a000001));
  EXPECT_EQ(packet.outer.destination, v4(0x0a000002));
  EXPECT_TRUE(packet.outer.source.is_v4());
  EXPECT_EQ(packet.outer.source_port, 40000);
  EXPECT_EQ(packet.outer.destination_port, 53);
  EXPECT_EQ(packet.outer.payload, 5U);  // without the padding
  EXPECT_FALSE(packet.outer.fragment);
  EXPECT_FALSE(packet.inner.there);
}

TEST(PacketOf, Ipv6HasItsAddressesAndItsClass) {
  Octets datagram = test::ipv6(58, test::icmp());
  datagram[0] = 0x6b;
  datagram[1] = 0x80;
  datagram[8] = 0x20;
  const Packet packet = raw(datagram);
  EXPECT_EQ(packet.outer.version, 6);
  EXPECT_EQ(packet.outer.dscp, 46);
  EXPECT_EQ(packet.outer.upper, Upper::icmpv6);
  EXPECT_EQ(packet.outer.icmp_type, 8);
  EXPECT_EQ(packet.outer.source, (IpAddress{0x20fdfdfdfdfdfdfd, 0xfdfdfdfdfdfdfdfd}));
  EXPECT_EQ(packet.outer.destination, (IpAddress{0xfdfdfdfdfdfdfdfd, 0xfdfdfdfdfdfdfdfd}));
  EXPECT_FALSE(packet.outer.source.is_v4());
  EXPECT_EQ(packet.outer.payload, 4U);  // behind the four bytes that every message has
}

TEST(PacketOf, TcpHasItsNumbersAndItsTimestamps) {
  Octets segment = test::timestamps({1, 1}, {});
  segment[13] = 0x12;
  segment[14] = 0x01;
  segment[7] = 5;
  const Packet packet = raw(test::ipv4(6, segment + test::zeros(100)));
  EXPECT_EQ(packet.outer.upper, Upper::tcp);
  EXPECT_EQ(packet.outer.flags, tcp_flag::syn | tcp_flag::ack);
  EXPECT_EQ(packet.outer.window, 256);
  EXPECT_EQ(packet.outer.sequence, 5U);
  EXPECT_EQ(packet.outer.acknowledgement, 1U);
  EXPECT_TRUE(packet.outer.has_timestamps);
  EXPECT_EQ(packet.outer.ts_value, 7U);
  EXPECT_EQ(packet.outer.ts_echo, 9U);
  EXPECT_EQ(packet.outer.payload, 100U);
}

struct OptionsRow {
  const char* name;
  Octets segment;
  bool timestamps;
};

TEST(PacketOf, TimestampsAreFoundAmongOtherOptions) {
  const OptionsRow rows[] = {
      {"behind a window scale", test::timestamps({3, 3, 7}, {1, 0, 0}), true},
      {"behind the end", test::with(test::timestamps({3, 3, 7}, {1, 0, 0}), 20, 0), false},
      {"behind an option of no length", test::with(test::timestamps({3, 3, 7}, {1, 0, 0}), 21, 0),
       false},
      {"behind an option too long", test::with(test::timestamps({3, 3, 7}, {1, 0, 0}), 21, 99),
       false},
      {"of another length", test::with(test::timestamps({3, 3, 7}, {1, 0, 0}), 24, 9), false},
      {"none", test::tcp(), false},
  };
  for (const OptionsRow& row : rows) {
    const Packet packet = raw(test::ipv4(6, row.segment + test::zeros(9)));
    EXPECT_EQ(packet.outer.has_timestamps, row.timestamps) << row.name;
    EXPECT_EQ(packet.outer.payload, 9U) << row.name;
    EXPECT_FALSE(packet.malformed) << row.name;
  }
}

TEST(PacketOf, WhatTheSnaplenHidIsNotTold) {
  const Octets datagram = test::ipv4(6, test::timestamps({1, 1}, {}) + test::zeros(100));
  const Packet header = on_ethernet(0x0800, datagram, 100);
  EXPECT_EQ(header.outer.upper, Upper::tcp);
  EXPECT_TRUE(header.outer.has_timestamps);
  EXPECT_EQ(header.outer.payload, 100U);
  const Packet options = on_ethernet(0x0800, datagram, 101);
  EXPECT_EQ(options.outer.upper, Upper::tcp);
  EXPECT_FALSE(options.outer.has_timestamps);
  EXPECT_EQ(options.outer.payload, 100U);
  const Packet half = on_ethernet(0x0800, datagram, 100 + 12 + 1);
  EXPECT_EQ(half.protocol, Protocol::tcp);
  EXPECT_EQ(half.outer.upper, Upper::none);
  EXPECT_FALSE(half.malformed);
}

TEST(PacketOf, OnlyTheFirstFragmentHasPorts) {
  const Packet first = raw(test::ipv4(17, test::udp(test::zeros(16), 4000), 0, 0x2000));
  EXPECT_TRUE(first.outer.fragment);
  EXPECT_EQ(first.outer.whole, 4000);
  EXPECT_EQ(first.outer.upper, Upper::udp);
  EXPECT_EQ(first.outer.destination_port, 53);
  EXPECT_FALSE(first.malformed);  // its length is that of the whole
  const Packet later = raw(test::ipv4(17, test::udp(), 0, 0x00b9));
  EXPECT_TRUE(later.outer.fragment);
  EXPECT_EQ(later.outer.upper, Upper::none);
  EXPECT_EQ(later.outer.payload, 8U);
  const Packet later6 = raw(test::ipv6(44, test::fragment(17, 0x0b98, test::zeros(24))));
  EXPECT_TRUE(later6.outer.fragment);
  EXPECT_EQ(later6.outer.upper, Upper::none);
  EXPECT_EQ(later6.outer.protocol, 17);
  EXPECT_EQ(later6.outer.payload, 24U);
}

TEST(PacketOf, TagsAndLabelsAreCounted) {
  const Octets datagram = test::ipv4(6, test::tcp());
  EXPECT_EQ(on_ethernet(0x0800, datagram).tags, 0);
  const Packet tagged = on_ethernet(
      0x88a8, test::u16(0xe123) + test::u16(0x8100) + test::tag(0x8847, test::mpls(3, datagram)));
  EXPECT_EQ(tagged.tags, 2);
  EXPECT_EQ(tagged.vlan, 0x123);  // without priority and drop eligibility
  EXPECT_EQ(tagged.labels, 3);
  EXPECT_FALSE(tagged.pppoe);
  EXPECT_TRUE(on_ethernet(0x8864, test::pppoe(0x0021, datagram)).pppoe);
}

TEST(PacketOf, ToHowManyByTheDestination) {
  const Octets frame = test::ethernet(0x0800, test::ipv4(6, test::tcp()));
  const auto cast = [&](std::uint8_t first, std::uint8_t rest) {
    Octets changed = frame;
    std::fill_n(changed.begin(), 6, rest);
    changed[0] = first;
    return decode(LinkType::ethernet, changed, 60).cast;
  };
  EXPECT_EQ(cast(0x02, 0), Cast::unicast);
  EXPECT_EQ(cast(0x01, 0x80), Cast::multicast);
  EXPECT_EQ(cast(0xff, 0xff), Cast::broadcast);
  EXPECT_EQ(cast(0xff, 0xfe), Cast::multicast);
  const auto cooked = [](std::size_t type) {
    return decode(LinkType::cooked, test::cooked(type, 1, 0x0806, test::arp()), 60).cast;
  };
  EXPECT_EQ(cooked(0), Cast::unicast);
  EXPECT_EQ(cooked(1), Cast::broadcast);
  EXPECT_EQ(cooked(2), Cast::multicast);
  EXPECT_EQ(cooked(3), Cast::unicast);
  EXPECT_EQ(cooked(4), Cast::unsaid);
  EXPECT_EQ(raw(test::ipv4(6, test::tcp())).cast, Cast::unsaid);
}

TEST(PacketOf, ATunnelTellsWhatItCarriesAndChangesNothingOutside) {
  const Octets inner = test::ethernet(
      0x8100, test::tag(0x0800, test::with(test::ipv4(6, test::tcp(test::zeros(7))), 12, 172)));
  const Packet packet = on_ethernet(0x0800, test::ipv4(17, test::vxlan(inner)));
  EXPECT_EQ(packet.protocol, Protocol::udp);
  EXPECT_EQ(packet.outer.destination_port, 4789);
  EXPECT_EQ(packet.outer.source, v4(0x0a000001));
  EXPECT_EQ(packet.tags, 0);
  EXPECT_EQ(packet.source.number, test::kSourceMac);
  EXPECT_EQ(packet.tunnel, Tunnel::vxlan);
  EXPECT_EQ(packet.inner_protocol, Protocol::tcp);
  EXPECT_EQ(packet.inner_bytes, inner.size());
  EXPECT_TRUE(packet.inner.there);
  EXPECT_EQ(packet.inner.source, v4(0xac000001));
  EXPECT_EQ(packet.inner.destination_port, 443);
  EXPECT_EQ(packet.inner.payload, 7U);
}

TEST(PacketOf, OfTunnelsInTunnelsTheInnermostIsTold) {
  const Octets innermost = test::ipv6(17, test::udp(test::zeros(3)));
  const Packet packet = raw(test::ipv4(47, test::gre(0x0800, test::ipv4(41, innermost))));
  EXPECT_EQ(packet.protocol, Protocol::gre);
  EXPECT_EQ(packet.tunnel, Tunnel::gre);
  EXPECT_EQ(packet.inner.version, 6);
  EXPECT_EQ(packet.inner_protocol, Protocol::udp);
  EXPECT_EQ(packet.inner_bytes, innermost.size());
}

// The frame's own protocol is known: that its tunnel does not fit into the snaplen is no flaw.
TEST(PacketOf, ATunnelThatTheSnaplenCutsIsNoFlaw) {
  const Octets carried = test::ipv4(4, test::ipv4(6, test::tcp()));
  for (std::size_t cut = 0; cut <= 40; ++cut) {
    const Packet packet = on_ethernet(0x0800, carried, cut);
    EXPECT_FALSE(packet.malformed) << cut;
    EXPECT_EQ(packet.tunnel, Tunnel::ip_in_ip) << cut;
    EXPECT_EQ(packet.inner.there, cut <= 20) << cut;
  }
}

}  // namespace
}  // namespace itnxt::pcap
