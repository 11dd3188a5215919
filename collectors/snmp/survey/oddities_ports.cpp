// What is odd about a device's ports, each kind told once with the first ports it is true of.
#include <algorithm>
#include <map>

#include "collectors/snmp/survey/oddities_detail.hpp"

namespace itnxt::snmp::survey {
namespace {

using Names = std::vector<std::string>;

// Octets must be 64 bits wide above this (RFC 2863 §3.1.6).
constexpr BytesPerSecond kWideFrom = bits_per_second(20e6);

std::string name_of(const InterfaceSample& row) {
  const std::string& name = port_name(row);
  return name.empty() ? "ifIndex " + std::to_string(row.if_index) : name;
}

std::string of_ports(const Names& ports) {
  return counted(ports.size(), "port") + " (" + listed(ports) + ")";
}

bool is_narrow(const InterfaceSample& row) {
  const auto narrow = [&](Column column) {
    const std::optional<Counter> counter = row.counters.get(column);
    return counter && counter->width == CounterWidth::bits32;
  };
  return narrow(Column::in_octets) || narrow(Column::out_octets);
}

// How long a 32-bit counter of octets lasts at full rate: "3.4 s".
std::string wrap_time(BytesPerSecond speed) {
  const auto tenths = static_cast<std::int64_t>(4294967296.0 / speed.count() * 10.0);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

void judge_counters(const std::vector<InterfaceSample>& rows, Oddities& found) {
  Names none;
  Names narrow;
  Names no_discontinuity;
  BytesPerSecond fastest{};
  for (const InterfaceSample& row : rows) {
    const bool octets = row.counters.get(Column::in_octets).has_value() &&
                        row.counters.get(Column::out_octets).has_value();
    if (!octets && row.oper == OperStatus::up) none.push_back(name_of(row));
    if (is_narrow(row) && row.speed && *row.speed > kWideFrom) {
      narrow.push_back(name_of(row));
      fastest = std::max(fastest, *row.speed);
    }
    if (octets && !row.discontinuity) no_discontinuity.push_back(name_of(row));
  }
  if (!none.empty()) {
    found.push_back({OddityKind::no_counters, "no octet counters on " + of_ports(none) + " up",
                     "their traffic stays unknown",
                     "let the credentials' view include ifTable and ifXTable"});
  }
  if (!narrow.empty()) {
    found.push_back({OddityKind::narrow_counters,
                     "32-bit octet counters on " + of_ports(narrow) + " above 20 Mbit/s",
                     "at full rate they wrap after " + wrap_time(fastest) +
                         ", and a rate that may have wrapped twice is withheld",
                     "ask by version 2c or 3 if this was version 1, else update its software, or "
                     "poll more often"});
  }
  if (!no_discontinuity.empty()) {
    found.push_back({OddityKind::no_discontinuity,
                     "no ifCounterDiscontinuityTime on " + of_ports(no_discontinuity),
                     "counters set to zero between two polls are seen only when they go back",
                     "nothing; expect a gap where a card is swapped"});
  }
}

void judge_names(const std::vector<InterfaceSample>& rows, Oddities& found) {
  Names no_name;
  Names nameless;
  std::map<std::string, std::size_t> names;
  std::map<std::string, std::size_t> aliases;
  for (const InterfaceSample& row : rows) {
    if (row.if_name.empty()) no_name.push_back(name_of(row));
    if (port_name(row).empty()) nameless.push_back(name_of(row));
    if (!port_name(row).empty()) ++names[port_name(row)];
    if (!row.if_alias.empty()) ++aliases[row.if_alias];
  }
  const auto doubled = [](const std::map<std::string, std::size_t>& counts) {
    Names twice;
    for (const auto& [text, count] : counts) {
      if (count > 1) twice.push_back("\"" + text + "\" " + std::to_string(count) + " times");
    }
    return twice;
  };
  if (!no_name.empty()) {
    const bool all = no_name.size() == rows.size();
    found.push_back({OddityKind::no_if_name,
                     all ? "no port has an ifName" : "no ifName on " + of_ports(no_name),
                     "ports go by ifDescr, which some devices change with their software",
                     "nothing; write links by the names listed here"});
  }
  if (!nameless.empty()) {
    found.push_back({OddityKind::no_port_name,
                     "neither ifName, ifDescr nor ifAlias on " + of_ports(nameless),
                     "such a port is known by its ifIndex only, which may change at a restart",
                     "give it an alias if the device lets you"});
  }
  if (const Names twice = doubled(names); !twice.empty()) {
    found.push_back({OddityKind::duplicate_names, "names that are not unique: " + listed(twice),
                     "the second and further ones become NAME#2, NAME#3 … by ifIndex",
                     "name links by ifAlias, or rename the ports"});
  }
  if (const Names twice = doubled(aliases); !twice.empty()) {
    found.push_back({OddityKind::duplicate_aliases, "aliases that are not unique: " + listed(twice),
                     "a link cannot be named by such an alias", "name links by ifName"});
  }
}

}  // namespace

void judge_ports(const Facts& facts, Oddities& found) {
  const std::vector<InterfaceSample>& rows = facts.sample.interfaces;
  judge_counters(rows, found);
  judge_names(rows, found);
  Names no_speed;
  for (const InterfaceSample& row : rows) {
    if (row.oper == OperStatus::up && !row.speed) no_speed.push_back(name_of(row));
  }
  if (!no_speed.empty()) {
    found.push_back({OddityKind::no_speed, "no speed on " + of_ports(no_speed) + " up",
                     "how full such a link is cannot be told",
                     "give its link a 'capacity' in the inventory"});
  }
  if (!rows.empty() && rows.front().if_index == 0) {
    found.push_back({OddityKind::index_zero, "a row with ifIndex 0",
                     "an index begins at 1 (RFC 2863); other tools may drop that row", "nothing"});
  }
}

}  // namespace itnxt::snmp::survey
