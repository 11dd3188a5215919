// Why a datagram at the trap collector's port counts for nothing. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace itnxt::trap {

enum class Reason : std::uint8_t {
  malformed,         // no SNMP message, or one whose parts do not fit
  not_a_trap,        // a request or an answer
  wrong_community,   // none of the inventory's
  unknown_sender,    // of no device, where nothing but an address says who sends
  insecure,          // without a signature from a device that has one
  unknown_user,      // none of the inventory's
  unauthenticated,   // below the user's level
  wrong_digest,      // signed with another key, or altered
  decryption_error,  // signed, but not to be deciphered
  outside_window,    // signed, but long ago, or by a clock that went back (RFC 3414 §3.2 7b)
  unknown_engine,    // an inform to another engine than ours
};
inline constexpr std::array<std::string_view, 11> kReasonNames = {
    "malformed",        "not_a_trap",     "wrong_community", "unknown_sender",
    "insecure",         "unknown_user",   "unauthenticated", "wrong_digest",
    "decryption_error", "outside_window", "unknown_engine"};
inline constexpr std::size_t kReasons = kReasonNames.size();
constexpr std::string_view name(Reason reason) {
  return kReasonNames[static_cast<std::size_t>(reason)];
}

}  // namespace itnxt::trap
