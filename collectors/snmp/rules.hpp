// How often devices broke the rules of the protocol. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "daemon/core/sample.hpp"

namespace itnxt::snmp {

using Rule = SnmpRule;

class RuleCounts {
 public:
  void add(Rule rule) { ++counts_[static_cast<std::size_t>(rule)]; }
  void add(const RuleCounts& more) {
    for (std::size_t i = 0; i < kSnmpRules; ++i) counts_[i] += more.counts_[i];
  }
  [[nodiscard]] std::uint64_t of(Rule rule) const {
    return counts_[static_cast<std::size_t>(rule)];
  }
  [[nodiscard]] const std::array<std::uint64_t, kSnmpRules>& all() const { return counts_; }

 private:
  std::array<std::uint64_t, kSnmpRules> counts_{};
};

}  // namespace itnxt::snmp
