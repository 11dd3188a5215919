// FNV-1a, 64 bits: identities, checksums and places in time that are the same on every machine and
// run. Not for untrusted keys. Source: draft-eastlake-fnv-17 §2.
#pragma once

#include <cstdint>
#include <string_view>

namespace itnxt {

constexpr std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
  }
  return hash;
}

}  // namespace itnxt
