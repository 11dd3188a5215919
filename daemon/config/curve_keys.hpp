// Keys of CURVE (RFC 26 of ZeroMQ) as text: 32 bytes in Z85 (RFC 32). Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace itnxt {

enum class CurveKeyFault : std::uint8_t {
  none,
  malformed,  // not 40 characters that stand for 32 bytes
  weak,       // of small order (RFC 7748 §6.1: the shared secret would be zero), or not random
};

[[nodiscard]] CurveKeyFault look_at_curve_key(std::string_view text);

}  // namespace itnxt
