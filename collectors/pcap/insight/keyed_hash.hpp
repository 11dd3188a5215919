// A hash under a secret, for tables that strangers fill: who does not know the secret cannot choose
// addresses and ports that meet in one bucket. Pure; any thread.
//
// Words are mixed by folded 64 × 64 → 128 bit multiplication, as wyhash does
// (github.com/wangyi-fudan /wyhash): five words cost four multiplications. It is no PRF as SipHash
// is. That is enough here, because its values never leave the process (not even by order of output,
// which is by traffic), the tables behind it are bounded sets in which a collision costs accuracy
// and no time, and the secret is drawn anew with each process. What is shown to people goes through
// pseudonym.hpp.
#pragma once

#include <array>
#include <cstdint>

#include "collectors/pcap/packet.hpp"

namespace itnxt::pcap {

// Random, from the system; tests take what they like.
using HashSecret = std::array<std::uint64_t, 6>;

class KeyedHash {
 public:
  // Digits of pi, so that small secrets (tests) do as well.
  explicit constexpr KeyedHash(const HashSecret& secret) : secret_(secret) {
    constexpr HashSecret kPi = {0x243f6a8885a308d3U, 0x13198a2e03707344U, 0xa4093822299f31d0U,
                                0x082efa98ec4e6c89U, 0x452821e638d01377U, 0xbe5466cf34e90c6cU};
    for (std::size_t i = 0; i < secret_.size(); ++i) secret_[i] ^= kPi[i];
  }

  [[nodiscard]] std::uint64_t operator()(const IpAddress& a) const {
    return fold(fold(a.high ^ secret_[0], a.low ^ secret_[1]) ^ secret_[2], secret_[3]);
  }
  // `rest`: ports, protocol: whatever else tells one from another.
  [[nodiscard]] std::uint64_t operator()(const IpAddress& a, const IpAddress& b,
                                         std::uint64_t rest) const {
    const std::uint64_t both = fold(a.high ^ secret_[0], a.low ^ secret_[1]) ^
                               fold(b.high ^ secret_[2], b.low ^ secret_[3]);
    return fold(both ^ secret_[4], fold(rest ^ secret_[5], both ^ secret_[0]));
  }

 private:
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }

  HashSecret secret_;
};

}  // namespace itnxt::pcap
