// Which site an address belongs to: the longest of the inventory's prefixes that holds it
// (RFC 4632 §5.1). Immutable and compact: nested prefixes are laid flat into ranges that do not
// overlap, at most 2 n + 1 of them, and found by bisection. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "collectors/pcap/packet.hpp"

namespace itnxt::pcap {

// 0: none of ours. Else the place in the list of sites that the map was made from, plus one.
using SiteNumber = std::uint16_t;

struct SitePrefix {
  IpAddress address;    // bits behind the length do not matter
  unsigned length = 0;  // of 128: an IPv4 /24 is 120 here
  SiteNumber site = 0;
  bool operator==(const SitePrefix&) const = default;
};

// The network that the first `length` (≤ 128) bits of the address name.
constexpr IpAddress masked(const IpAddress& address, unsigned length) {
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  const std::uint64_t high = length == 0 ? 0 : length >= 64 ? kAll : kAll << (64 - length);
  const std::uint64_t low = length <= 64 ? 0 : kAll << (128 - length);
  return {address.high & high, address.low & low};
}

class SiteMap {
 public:
  SiteMap() = default;
  // Of two equal prefixes the later one holds.
  explicit SiteMap(std::span<const SitePrefix> prefixes);
  [[nodiscard]] SiteNumber site_of(const IpAddress& address) const {
    return address.is_v4() ? v4_.find(static_cast<std::uint32_t>(address.low)) : v6_.find(address);
  }

 private:
  // Range i is from starts[i] to before starts[i + 1].
  template <class T>
  struct Ranges {
    std::vector<T> starts;
    std::vector<SiteNumber> sites;
    [[nodiscard]] SiteNumber find(const T& key) const;
  };
  Ranges<std::uint32_t> v4_;
  Ranges<IpAddress> v6_;
};

}  // namespace itnxt::pcap
