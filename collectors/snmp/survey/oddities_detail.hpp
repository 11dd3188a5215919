// What the sources of oddities share.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "collectors/snmp/survey/oddities.hpp"

namespace itnxt::snmp::survey {

using Oddities = std::vector<Oddity>;

// "1 port", "3 ports"
[[nodiscard]] inline std::string counted(std::size_t n, const std::string& one) {
  return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}
// The first of them, and how many more: "a, b, c and 4 more".
[[nodiscard]] std::string listed(std::span<const std::string> all);

void judge_ports(const Facts& facts, Oddities& found);  // oddities_ports.cpp

}  // namespace itnxt::snmp::survey
