// The rules of the protocol that devices break, for counting. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace itnxt::snmp {

enum class Rule : std::uint8_t {
  not_increasing,  // an OID that is not behind the one before (RFC 3416 §4.2.2)
  malformed,       // an OID or a row index that is none, or bytes that are no message
  empty,           // a reply without varbinds
  endless,         // more rows or requests than a poll may take
  odd_value,       // of a type or size that the column cannot have
  refused,         // an error-status where the value or its absence was due
};
inline constexpr std::size_t kRules = 6;
inline constexpr std::array<std::string_view, kRules> kRuleNames = {
    "not_increasing", "malformed", "empty", "endless", "odd_value", "refused"};

// How often each was broken.
class RuleCounts {
 public:
  void add(Rule rule, std::uint64_t times = 1) { counts_[static_cast<std::size_t>(rule)] += times; }
  void add(const RuleCounts& more) {
    for (std::size_t i = 0; i < kRules; ++i) counts_[i] += more.counts_[i];
  }
  [[nodiscard]] std::uint64_t of(Rule rule) const {
    return counts_[static_cast<std::size_t>(rule)];
  }

 private:
  std::array<std::uint64_t, kRules> counts_{};
};

}  // namespace itnxt::snmp
