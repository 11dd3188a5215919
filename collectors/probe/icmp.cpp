#include "collectors/probe/icmp.hpp"

#include <algorithm>
#include <cstring>

namespace itnxt::probe {
namespace {

using View = std::span<const std::uint8_t>;
constexpr std::uint8_t kEchoReply4 = 0;
constexpr std::uint8_t kUnreachable4 = 3;
constexpr std::uint8_t kPortUnreachable4 = 3;
constexpr std::uint8_t kFragmentationNeeded4 = 4;
constexpr std::uint8_t kEchoRequest4 = 8;
constexpr std::uint8_t kTimeExceeded4 = 11;
constexpr std::uint8_t kUnreachable6 = 1;
constexpr std::uint8_t kPortUnreachable6 = 4;
constexpr std::uint8_t kTimeExceeded6 = 3;
constexpr std::uint8_t kEchoRequest6 = 128;
constexpr std::uint8_t kEchoReply6 = 129;
constexpr std::uint8_t kIcmp4 = 1;
constexpr std::uint8_t kIcmp6 = 58;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;

std::uint16_t word(View bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

void put_word(std::span<std::uint8_t> bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8U);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// RFC 1071.
std::uint16_t checksum(View bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += word(bytes, i);
  while (sum > 0xFFFFU) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

IcmpMessage reply(View message) {
  Echo echo{word(message, 4), word(message, 6), {}};
  if (message.size() < kEchoHeader + echo.token.size()) return {};
  std::memcpy(echo.token.data(), message.data() + kEchoHeader, echo.token.size());
  return echo;
}

IcmpMessage failed(View original, std::uint8_t request, const Address& to, Outcome why) {
  if (original.size() < kEchoHeader || original[0] != request) return {};
  return EchoFailed{word(original, 4), word(original, 6), to, why};
}

}  // namespace

void encode_echo(const Echo& echo, bool v6, std::span<std::uint8_t, kEchoSize> to) {
  std::fill(to.begin(), to.end(), std::uint8_t{0});
  to[0] = v6 ? kEchoRequest6 : kEchoRequest4;
  put_word(to, 4, echo.ident);
  put_word(to, 6, echo.sequence);
  std::memcpy(to.data() + kEchoHeader, echo.token.data(), echo.token.size());
  if (!v6) put_word(to, 2, checksum(to));
}

std::optional<Outcome> outcome_of_icmp4(std::uint8_t type, std::uint8_t code) {
  if (type == kTimeExceeded4 && code == 0) return Outcome::unreachable;  // a loop
  if (type != kUnreachable4 || code == kFragmentationNeeded4) return std::nullopt;
  return code == kPortUnreachable4 ? Outcome::refused : Outcome::unreachable;
}

std::optional<Outcome> outcome_of_icmp6(std::uint8_t type, std::uint8_t code) {
  if (type == kTimeExceeded6 && code == 0) return Outcome::unreachable;
  if (type != kUnreachable6) return std::nullopt;
  return code == kPortUnreachable6 ? Outcome::refused : Outcome::unreachable;
}

std::optional<View> inside_ipv4(View packet) {
  if (packet.size() < kIpv4Header || packet[0] >> 4U != 4 || packet[9] != kIcmp4) {
    return std::nullopt;
  }
  const std::size_t header = std::size_t{packet[0] & 0x0FU} * 4;
  if (header < kIpv4Header || header > packet.size()) return std::nullopt;
  return packet.subspan(header);
}

IcmpMessage decode_icmp4(View message) {
  if (message.size() < kEchoHeader) return {};
  if (message[0] == kEchoReply4) return reply(message);
  const auto why = outcome_of_icmp4(message[0], message[1]);
  const View packet = message.subspan(kEchoHeader);
  const auto original = why ? inside_ipv4(packet) : std::nullopt;
  if (!original) return {};
  Address to;
  to.ip[10] = to.ip[11] = 0xFF;
  std::memcpy(to.ip.data() + 12, packet.data() + 16, 4);
  return failed(*original, kEchoRequest4, to, *why);
}

IcmpMessage decode_icmp6(View message) {
  if (message.size() < kEchoHeader) return {};
  if (message[0] == kEchoReply6) return reply(message);
  const auto why = outcome_of_icmp6(message[0], message[1]);
  const View packet = message.subspan(kEchoHeader);
  if (!why || packet.size() < kIpv6Header || packet[0] >> 4U != 6 || packet[6] != kIcmp6) return {};
  Address to;
  std::memcpy(to.ip.data(), packet.data() + 24, to.ip.size());
  return failed(packet.subspan(kIpv6Header), kEchoRequest6, to, *why);
}

}  // namespace itnxt::probe
