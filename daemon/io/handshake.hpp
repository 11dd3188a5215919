// Why a connection came to nothing before its first message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace itnxt {

enum class HandshakeFault : std::uint8_t {
  key,           // the one that binds does not know the key of the one that connects
  mechanism,     // one side speaks CURVE, the other does not
  cryptography,  // the one that connects means another server, or was tampered with
  protocol,      // no ZeroMQ, or nonsense
  ended,         // it ended midway, or took too long
};
inline constexpr std::array<std::string_view, 5> kHandshakeFaultNames = {
    "key", "mechanism", "cryptography", "protocol", "ended"};
inline constexpr std::size_t kHandshakeFaults = kHandshakeFaultNames.size();
constexpr std::string_view name(HandshakeFault fault) {
  return kHandshakeFaultNames[static_cast<std::size_t>(fault)];
}

using HandshakeCounts = std::array<std::uint64_t, kHandshakeFaults>;

}  // namespace itnxt
