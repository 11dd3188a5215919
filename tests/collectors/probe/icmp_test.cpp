// ICMP as bytes: what we send, what comes back, and what is nothing.
#include "collectors/probe/icmp.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace itnxt::probe {
namespace {

using Packet = std::vector<std::uint8_t>;
constexpr Echo kEcho{0x1234, 0xBEEF, {1, 2, 3, 4, 5, 6, 7, 8}};

Packet request(bool v6 = false) {
  std::array<std::uint8_t, kEchoSize> bytes;
  encode_echo(kEcho, v6, bytes);
  return {bytes.begin(), bytes.end()};
}

Packet ipv4(const Packet& inside, std::uint8_t protocol = 1) {
  Packet packet = {0x45, 0, 0, 84, 0, 0, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 2, 0, 1};
  packet.insert(packet.end(), inside.begin(), inside.end());
  return packet;
}

Packet ipv6(const Packet& inside) {
  Packet packet(40);
  packet[0] = 0x60;
  packet[6] = 58;
  packet[39] = 1;  // to ::1
  packet.insert(packet.end(), inside.begin(), inside.end());
  return packet;
}

Packet error(std::uint8_t type, std::uint8_t code, const Packet& original) {
  Packet packet = {type, code, 0, 0, 0, 0, 0, 0};
  packet.insert(packet.end(), original.begin(), original.end());
  return packet;
}

TEST(Icmp, ARequestBearsTypeNumbersTokenAndARightChecksum) {
  const Packet bytes = request();
  EXPECT_EQ(Packet(bytes.begin(), bytes.begin() + 2), (Packet{8, 0}));
  EXPECT_EQ(Packet(bytes.begin() + 4, bytes.begin() + 16),
            (Packet{0x12, 0x34, 0xBE, 0xEF, 1, 2, 3, 4, 5, 6, 7, 8}));
  std::uint32_t sum = 0;  // RFC 1071: all words with the checksum are ones
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8U | bytes[i + 1]);
  }
  while (sum > 0xFFFFU) sum = (sum & 0xFFFFU) + (sum >> 16U);
  EXPECT_EQ(sum, 0xFFFFU);
  EXPECT_EQ(request(true)[0], 128);
  EXPECT_EQ(request(true)[2] | request(true)[3], 0);  // the kernel's
}

TEST(Icmp, AReplyGivesBackWhatWasSent) {
  Packet bytes = request();
  bytes[0] = 0;
  EXPECT_EQ(decode_icmp4(bytes), IcmpMessage(kEcho));
  bytes[0] = 129;
  EXPECT_EQ(decode_icmp6(bytes), IcmpMessage(kEcho));
  EXPECT_EQ(decode_icmp4(request()), IcmpMessage());  // our own, on loopback
}

TEST(Icmp, AnErrorNamesTheEchoAndWhy) {
  const Address to = *numeric_address("10.2.0.1", 0);
  const auto said = [&](std::uint8_t type, std::uint8_t code) {
    return decode_icmp4(error(type, code, ipv4(request())));
  };
  EXPECT_EQ(said(3, 1), IcmpMessage(EchoFailed{0x1234, 0xBEEF, to, Outcome::unreachable}));
  EXPECT_EQ(said(3, 13), IcmpMessage(EchoFailed{0x1234, 0xBEEF, to, Outcome::unreachable}));
  EXPECT_EQ(said(3, 3), IcmpMessage(EchoFailed{0x1234, 0xBEEF, to, Outcome::refused}));
  EXPECT_EQ(said(11, 0), IcmpMessage(EchoFailed{0x1234, 0xBEEF, to, Outcome::unreachable}));
  EXPECT_EQ(said(3, 4), IcmpMessage());   // path MTU
  EXPECT_EQ(said(11, 1), IcmpMessage());  // fragments
  EXPECT_EQ(said(5, 0), IcmpMessage());   // redirect
  EXPECT_EQ(
      decode_icmp6(error(1, 0, ipv6(request(true)))),
      IcmpMessage(EchoFailed{0x1234, 0xBEEF, *numeric_address("::1", 0), Outcome::unreachable}));
  EXPECT_EQ(decode_icmp6(error(1, 4, ipv6(request(true)))),
            IcmpMessage(EchoFailed{0x1234, 0xBEEF, *numeric_address("::1", 0), Outcome::refused}));
  EXPECT_EQ(decode_icmp6(error(2, 0, ipv6(request(true)))), IcmpMessage());
}

// RFC 792 promises no more than the first eight bytes.
TEST(Icmp, EightBytesOfTheOriginalAreEnough) {
  Packet original = ipv4(request());
  original.resize(28);
  EXPECT_NE(decode_icmp4(error(3, 1, original)), IcmpMessage());
  original.resize(27);
  EXPECT_EQ(decode_icmp4(error(3, 1, original)), IcmpMessage());
}

TEST(Icmp, WhatIsCutOrAnothersIsNothing) {
  Packet reply = request();
  reply[0] = 0;
  for (std::size_t size = 0; size < 16; ++size) {
    EXPECT_EQ(decode_icmp4(std::span(reply).first(size)), IcmpMessage()) << size;
  }
  const Packet six = error(1, 0, ipv6(request(true)));
  for (std::size_t size = 0; size < 56; ++size) {
    EXPECT_EQ(decode_icmp6(std::span(six).first(size)), IcmpMessage()) << size;
  }
  EXPECT_EQ(decode_icmp4(error(3, 3, ipv4(request(), 17))), IcmpMessage());  // UDP's
  EXPECT_FALSE(inside_ipv4(Packet{}));
  Packet long_header = ipv4(Packet(8));
  long_header[0] = 0x4F;
  EXPECT_FALSE(inside_ipv4(long_header));
  long_header[0] = 0x44;
  EXPECT_FALSE(inside_ipv4(long_header));
}

}  // namespace
}  // namespace itnxt::probe
