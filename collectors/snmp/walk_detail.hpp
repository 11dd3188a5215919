// What the sources of Walk share.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>

#include "collectors/snmp/if_mib.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::snmp {

inline constexpr std::uint16_t kColumnsAnew = 60;  // polls until useless columns are tried again

inline std::size_t columns_in(ColumnMask mask) {
  return static_cast<std::size_t>(std::popcount(mask));
}

inline std::string number(std::uint64_t n) {
  return std::to_string(n);
}

inline bool same(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// The device's clock went back: it restarted. A wrap after 497 days is a step forward modulo 2^32;
// two seconds are forgiven, agents' clocks are not exact.
inline bool went_back(TimeTicks before, TimeTicks after) {
  const std::uint32_t back = before.hundredths - after.hundredths;
  return back > 200 && back < 0x80000000U;
}

}  // namespace itnxt::snmp
