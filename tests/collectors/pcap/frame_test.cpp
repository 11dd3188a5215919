#include "collectors/pcap/frame.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>

#include "tests/collectors/pcap/frames.hpp"

namespace itnxt::pcap {
namespace {

using test::Octets;
using test::operator+;

constexpr std::array kLinks = {LinkType::ethernet, LinkType::cooked, LinkType::cooked2,
                               LinkType::raw_ip,   LinkType::ipv4,   LinkType::ipv6,
                               LinkType::loopback, LinkType::ppp,    LinkType::other};

std::string text(std::optional<Malformed> why) {
  return why ? std::string(kMalformedNames[static_cast<std::size_t>(*why)]) : "sound";
}
std::string text(Protocol protocol) {
  return std::string(kProtocolNames[static_cast<std::size_t>(protocol)]);
}

// All of it for a comparison: of a datagram that is not there nothing counts.
Packet told(Packet packet) {
  if (!packet.outer.there) packet.outer = {};
  if (!packet.inner.there) packet.inner = {};
  return packet;
}

// What another packet may have left behind.
Packet rubbish() {
  Packet packet;
  packet.outer.there = packet.inner.there = true;
  packet.outer.flags = packet.inner.dscp = 9;
  packet.outer.has_timestamps = true;
  packet.malformed = Malformed::too_deep;
  packet.cut = true;
  packet.tags = packet.labels = 3;
  packet.vlan = 77;
  packet.pppoe = true;
  packet.cast = Cast::broadcast;
  packet.sender = Sender::self;
  packet.source = {5};
  packet.tunnel = Tunnel::vxlan;
  packet.inner_protocol = Protocol::ospf;
  packet.inner_bytes = 1;
  return packet;
}

// An exact heap block, so that the address sanitizer sees a read of one byte too many.
Packet decode_exactly(LinkType link, const Octets& bytes, std::size_t captured,
                      std::size_t original) {
  const Octets block(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(captured));
  return decode(link, block, static_cast<std::uint32_t>(original));
}

TEST(Frame, KnowsEveryKind) {
  for (const test::Sample& row : test::samples()) {
    const Packet frame = decode_exactly(row.link, row.bytes, row.bytes.size(), row.bytes.size());
    EXPECT_EQ(text(frame.protocol), text(row.protocol)) << row.name;
    EXPECT_EQ(text(frame.malformed), text(row.malformed)) << row.name;
    EXPECT_EQ(frame.tunnel, row.tunnel) << row.name;
    EXPECT_EQ(text(frame.inner_protocol), text(row.inner)) << row.name;
  }
}

// Headers only: payloads of 70,000 zeros would be cut 70,000 times.
constexpr std::size_t kHeadersEnd = 400;

TEST(Frame, CutOnTheWireAtEveryByte) {
  for (const test::Sample& row : test::samples()) {
    for (std::size_t size = 0; size < std::min(row.bytes.size(), kHeadersEnd); ++size) {
      const Packet frame = decode_exactly(row.link, row.bytes, size, size);
      // Never another protocol than the whole frame's: what is not sure is `other`.
      if (frame.protocol != Protocol::other && row.bytes.size() < kHeadersEnd) {
        EXPECT_EQ(text(frame.protocol), text(row.protocol)) << row.name << " at " << size;
      }
    }
  }
}

TEST(Frame, ACutPacketIsTruncatedAtEveryByte) {
  const Octets whole = test::ethernet(0x8100, test::tag(0x0800, test::ipv4(6, test::tcp({1}))));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Packet frame = decode_exactly(LinkType::ethernet, whole, size, size);
    EXPECT_EQ(text(frame.malformed), "truncated") << size;
    EXPECT_EQ(text(frame.protocol), size < 14 + 4 + 20 ? "other" : "tcp") << size;
  }
}

TEST(Frame, OurOwnSnaplenIsNoFlaw) {
  for (const test::Sample& row : test::samples()) {
    const Packet whole = decode_exactly(row.link, row.bytes, row.bytes.size(), row.bytes.size());
    for (std::size_t size = 0; size < std::min(row.bytes.size(), kHeadersEnd); ++size) {
      const Packet cut = decode_exactly(row.link, row.bytes, size, row.bytes.size());
      if (cut.malformed) {  // a flaw may stay unseen, none is made up
        EXPECT_EQ(text(cut.malformed), text(whole.malformed)) << row.name << " at " << size;
      }
      if (cut.protocol != whole.protocol) {
        EXPECT_EQ(text(cut.protocol), "other") << row.name << " at " << size;
        EXPECT_TRUE(cut.cut || cut.malformed) << row.name << " at " << size;
      }
    }
  }
}

TEST(Frame, SaysWhetherASnaplenHidesAHeader) {
  const Octets whole = test::ethernet(0x0800, test::ipv4(6, test::tcp(test::zeros(100))));
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const Packet frame = decode_exactly(LinkType::ethernet, whole, size, whole.size());
    EXPECT_EQ(frame.cut, size < 14 + 20 + 20) << size;
    EXPECT_EQ(text(frame.malformed), "sound") << size;
    EXPECT_EQ(text(frame.protocol), size < 14 + 20 ? "other" : "tcp") << size;
  }
}

TEST(Frame, SnaplenOf128ShowsTheProtocolBehindFiveTags) {
  const Octets packet = test::ipv6(0, test::extension(43, test::extension(6, test::tcp())));
  const Octets frame = test::tags(5, 0x8100, 0x86dd, packet + test::zeros(1000));
  const Packet cut = decode_exactly(LinkType::ethernet, frame, 128, frame.size());
  EXPECT_EQ(text(cut.protocol), "tcp");
  EXPECT_EQ(text(cut.malformed), "sound");
}

TEST(Frame, AFileThatClaimsLessThanItHoldsIsNotBelieved) {
  const Octets frame = test::ethernet(0x0800, test::ipv4(17, test::udp()));
  EXPECT_EQ(text(decode(LinkType::ethernet, frame, 0).protocol), "udp");
  EXPECT_EQ(text(decode(LinkType::ethernet, frame, 0).malformed), "sound");
}

struct SenderRow {
  LinkType link;
  Octets bytes;
  Sender sender;
  std::uint64_t source;
};

TEST(Frame, SaysWhoSent) {
  const Octets packet = test::ipv4(6, test::tcp());
  const SenderRow rows[] = {
      {LinkType::ethernet, test::ethernet(0x0800, packet), Sender::address, test::kSourceMac},
      {LinkType::ethernet, test::macs(), Sender::unsaid, 0},
      {LinkType::cooked, test::cooked(0, 1, 0x0800, packet), Sender::peer, 0},
      {LinkType::cooked, test::cooked(3, 1, 0x0800, packet), Sender::peer, 0},
      {LinkType::cooked, test::cooked(4, 1, 0x0800, packet), Sender::self, 0},
      {LinkType::cooked, test::cooked(5, 1, 0x0800, packet), Sender::unsaid, 0},
      {LinkType::cooked, test::cooked(0x0104, 1, 0x0800, packet), Sender::unsaid, 0},
      {LinkType::cooked2, test::cooked2(2, 1, 0x0800, packet), Sender::peer, 0},
      {LinkType::cooked2, test::cooked2(4, 1, 0x0800, packet), Sender::self, 0},
      {LinkType::raw_ip, packet, Sender::unsaid, 0},
  };
  for (const SenderRow& row : rows) {
    const Packet frame = decode_exactly(row.link, row.bytes, row.bytes.size(), row.bytes.size());
    EXPECT_EQ(frame.sender, row.sender);
    EXPECT_EQ(frame.source.number, row.source);
  }
}

TEST(Frame, AnyBytesAreDecoded) {
  rc::check("random bytes", [](const Octets& bytes, std::uint32_t original) {
    const auto link = *rc::gen::elementOf(kLinks);
    const Packet frame = decode_exactly(link, bytes, bytes.size(), original);
    Packet again = rubbish();
    decode(link, bytes, original, again);
    RC_ASSERT(told(frame) == told(again));
  });
}

// Random bytes seldom get past the first header: spoil sound frames instead. 256 values for every
// byte of every frame, the whole frame and a frame cut right behind it.
TEST(Frame, AnyByteMayBeAnything) {
  for (const test::Sample& row : test::samples()) {
    Octets bytes(row.bytes.begin(), row.bytes.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                            row.bytes.size(), kHeadersEnd)));
    const auto size = static_cast<std::uint32_t>(row.bytes.size());
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      const std::uint8_t kept = bytes[at];
      for (unsigned value = 0; value < 256; ++value) {
        bytes[at] = static_cast<std::uint8_t>(value);
        const Packet whole = decode(row.link, bytes, size);
        const Packet cut = decode(row.link, std::span(bytes).first(at + 1), size);
        ASSERT_LT(static_cast<std::size_t>(whole.protocol), kProtocols);
        ASSERT_LT(static_cast<std::size_t>(cut.protocol), kProtocols);
      }
      bytes[at] = kept;
    }
  }
}

TEST(Frame, SeveralBytesMayBeAnything) {
  const std::vector<test::Sample> all = test::samples();
  rc::check("two to five bytes changed", [&] {
    const test::Sample row = *rc::gen::elementOf(all);
    Octets bytes = row.bytes;
    const std::size_t headers = std::min(bytes.size(), kHeadersEnd);
    const int changes = *rc::gen::inRange(2, 6);
    for (int i = 0; i < changes; ++i) {
      bytes[*rc::gen::inRange<std::size_t>(0, headers)] = *rc::gen::arbitrary<std::uint8_t>();
    }
    const auto captured = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
    const Packet frame = decode_exactly(row.link, bytes, captured, bytes.size());
    RC_ASSERT(static_cast<std::size_t>(frame.protocol) < kProtocols);
    if (frame.malformed) RC_ASSERT(static_cast<std::size_t>(*frame.malformed) < kMalformed);
  });
}

}  // namespace
}  // namespace itnxt::pcap
