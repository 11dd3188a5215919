// Networks by address and length. Pure; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "collectors/pcap/packet.hpp"

namespace itnxt::pcap {

// Few enough (kMostPrefixes) to be looked at one by one, twice a packet.
class PrefixSet {
 public:
  struct Prefix {
    IpAddress address;    // bits behind the length do not matter
    unsigned length = 0;  // of 128: an IPv4 /24 is 120 here
  };

  PrefixSet() = default;
  explicit PrefixSet(std::span<const Prefix> prefixes) {
    for (const Prefix& one : prefixes) {
      const IpAddress mask = mask_of(one.length);
      networks_.push_back({{one.address.high & mask.high, one.address.low & mask.low}, mask});
    }
  }

  [[nodiscard]] bool empty() const { return networks_.empty(); }
  [[nodiscard]] bool holds(const IpAddress& address) const {
    return std::ranges::any_of(networks_, [&](const Network& one) {
      return (((address.high & one.mask.high) ^ one.first.high) |
              ((address.low & one.mask.low) ^ one.first.low)) == 0;
    });
  }
  bool operator==(const PrefixSet&) const = default;

 private:
  struct Network {
    IpAddress first;
    IpAddress mask;
    bool operator==(const Network&) const = default;
  };
  static IpAddress mask_of(unsigned length) {
    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    return {length == 0    ? 0
            : length >= 64 ? kAll
                           : kAll << (64U - length),
            length <= 64    ? 0
            : length >= 128 ? kAll
                            : kAll << (128U - length)};
  }

  std::vector<Network> networks_;
};

}  // namespace itnxt::pcap
