#include "daemon/config/curve_keys.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <optional>

namespace itnxt {
namespace {

constexpr std::size_t kBytes = 32;
constexpr std::size_t kText = 40;
constexpr std::size_t kDigits = 5;  // make four bytes
using Bytes32 = std::array<std::uint8_t, kBytes>;

std::optional<Bytes32> decode(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  if (text.size() != kText) return std::nullopt;
  Bytes32 bytes{};
  for (std::size_t at = 0; at < text.size(); at += kDigits) {
    std::uint64_t group = 0;
    for (const char c : text.substr(at, kDigits)) {
      const std::size_t digit = kAlphabet.find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      group = group * kAlphabet.size() + digit;
    }
    if (group > UINT32_MAX) return std::nullopt;
    for (std::size_t i = 0; i < 4; ++i) {
      bytes[at / kDigits * 4 + i] = static_cast<std::uint8_t>(group >> (24 - 8 * i));
    }
  }
  return bytes;
}

// The points of order 8 on Curve25519, little-endian; those of orders 1, 2 and 4, and what is
// equal to them modulo p, are runs of one byte.
constexpr std::array<Bytes32, 2> kOrderEight = {{
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
     0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
     0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
     0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
     0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
}};

// Of 32 random bytes fewer than twelve differ once in 10^24.
constexpr std::size_t kLeastVariety = 12;

bool is_weak(Bytes32 bytes) {
  std::bitset<256> seen;
  for (const std::uint8_t byte : bytes) seen.set(byte);
  bytes.back() &= 0x7F;  // X25519 does not look at the highest bit
  return seen.count() < kLeastVariety || std::ranges::find(kOrderEight, bytes) != kOrderEight.end();
}

}  // namespace

CurveKeyFault look_at_curve_key(std::string_view text) {
  const auto bytes = decode(text);
  if (!bytes) return CurveKeyFault::malformed;
  return is_weak(*bytes) ? CurveKeyFault::weak : CurveKeyFault::none;
}

}  // namespace itnxt
