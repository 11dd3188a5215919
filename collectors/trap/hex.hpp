// Octets as text, two digits each.
#pragma once

#include <string>
#include <string_view>

#include "collectors/snmp_protocol/ber.hpp"

namespace itnxt::trap {

[[nodiscard]] inline std::string to_hex(snmp::ByteView bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0xFU];
  }
  return text;
}

}  // namespace itnxt::trap
