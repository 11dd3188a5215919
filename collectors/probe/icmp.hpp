// ICMP echo as bytes (RFC 792, RFC 4443). Pure. What is decoded is hostile: every read is checked,
// what is not understood is nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "collectors/probe/train.hpp"
#include "daemon/io/address.hpp"

namespace itnxt::probe {

using Bytes8 = std::array<std::uint8_t, 8>;
inline constexpr std::size_t kEchoHeader = 8;
inline constexpr std::size_t kEchoSize = 64;  // as ping(8) sends: 56 behind the header

struct Echo {
  std::uint16_t ident = 0;
  std::uint16_t sequence = 0;
  Bytes8 token{};  // comes back in the reply: who has not seen the request cannot answer it
  bool operator==(const Echo&) const = default;
};
// That an echo of ours did not arrive, as far as the message tells.
struct EchoFailed {
  std::uint16_t ident = 0;
  std::uint16_t sequence = 0;
  Address to;  // the echo's own destination, port 0
  Outcome why = Outcome::unreachable;
  bool operator==(const EchoFailed&) const = default;
};
using IcmpMessage = std::variant<std::monostate, Echo, EchoFailed>;

// An echo request. The checksum of ICMPv6 is the kernel's to make.
void encode_echo(const Echo& echo, bool v6, std::span<std::uint8_t, kEchoSize> to);

// An echo reply, or the report of a request that could not be delivered.
[[nodiscard]] IcmpMessage decode_icmp4(std::span<const std::uint8_t> message);
[[nodiscard]] IcmpMessage decode_icmp6(std::span<const std::uint8_t> message);

// The ICMP message in an IPv4 packet, as a raw socket hands it over.
[[nodiscard]] std::optional<std::span<const std::uint8_t>> inside_ipv4(
    std::span<const std::uint8_t> packet);

// What a type and code of an error say of the way; nothing for one that is no verdict.
[[nodiscard]] std::optional<Outcome> outcome_of_icmp4(std::uint8_t type, std::uint8_t code);
[[nodiscard]] std::optional<Outcome> outcome_of_icmp6(std::uint8_t type, std::uint8_t code);

}  // namespace itnxt::probe
