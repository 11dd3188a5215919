// An SNMP engine's name (SnmpEngineID, RFC 3411 §5): 5 to 32 octets as a value. Empty: unknown.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "collectors/snmp_protocol/ber.hpp"

namespace itnxt::snmp::usm {

class EngineId {
 public:
  static constexpr std::size_t kLeast = 5;
  static constexpr std::size_t kMost = 32;
  // A length that no engine ID may have.
  [[nodiscard]] static constexpr bool fits(std::size_t size) {
    return size >= kLeast && size <= kMost;
  }

  EngineId() = default;
  // Empty when `bytes` are no engine ID.
  explicit EngineId(ByteView bytes) {
    if (!fits(bytes.size())) return;
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
    size_ = static_cast<std::uint8_t>(bytes.size());
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] ByteView bytes() const { return ByteView(bytes_).first(size_); }
  bool operator==(const EngineId&) const = default;

 private:
  std::array<std::uint8_t, kMost> bytes_{};  // zeros behind size_
  std::uint8_t size_ = 0;
};

[[nodiscard]] inline bool same(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// "0x8000000001020304", as snmpd.conf and most devices write it.
[[nodiscard]] inline std::string to_text(const EngineId& id) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (const std::uint8_t byte : id.bytes()) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0xFU];
  }
  return text;
}

struct EngineIdHash {
  std::size_t operator()(const EngineId& id) const noexcept {
    const auto* data = reinterpret_cast<const char*>(id.bytes().data());
    return std::hash<std::string_view>{}({data, id.bytes().size()});
  }
};

}  // namespace itnxt::snmp::usm
