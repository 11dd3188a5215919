// What is odd about a device, out of what it said: each oddity in three parts, what it is, why it
// matters, what to do. Nothing here is fatal: the collector copes with all of it. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/snmp/survey/facts.hpp"

namespace itnxt::snmp::survey {

enum class OddityKind : std::uint8_t {
  // who gets in
  public_community,
  no_authentication,
  weak_security,
  cleartext_beside_v3,
  engine_exhausted,
  no_engine_boots,
  // how it answers
  strangers,
  malformed,
  lost_replies,
  slow,
  small_replies,
  silent_when_big,
  version_1_only,
  walk,
  out_of_time,
  // its clock
  uptime_stands_still,
  uptime_goes_back,
  no_uptime,
  // what it says of itself
  no_name,
  no_object_id,
  if_number,
  no_interfaces,
  // its ports
  no_counters,
  narrow_counters,
  no_discontinuity,
  no_if_name,
  no_port_name,
  duplicate_names,
  duplicate_aliases,
  no_speed,
  index_zero,
};
inline constexpr std::array<std::string_view, 31> kOddityNames = {
    "public_community",  "no_authentication",
    "weak_security",     "cleartext_beside_v3",
    "engine_exhausted",  "no_engine_boots",
    "strangers",         "malformed",
    "lost_replies",      "slow",
    "small_replies",     "silent_when_big",
    "version_1_only",    "walk",
    "out_of_time",       "uptime_stands_still",
    "uptime_goes_back",  "no_uptime",
    "no_name",           "no_object_id",
    "if_number",         "no_interfaces",
    "no_counters",       "narrow_counters",
    "no_discontinuity",  "no_if_name",
    "no_port_name",      "duplicate_names",
    "duplicate_aliases", "no_speed",
    "index_zero"};
[[nodiscard]] constexpr std::string_view name(OddityKind kind) {
  return kOddityNames[static_cast<std::size_t>(kind)];
}

struct Oddity {
  OddityKind kind;
  std::string what;
  std::string why;
  std::string todo;
};
// "what; why: do this": one line.
[[nodiscard]] std::string to_text(const Oddity& oddity);

// In the order of the kinds; at most a few of each. Empty when nothing answered.
[[nodiscard]] std::vector<Oddity> oddities(const Facts& facts);

}  // namespace itnxt::snmp::survey
