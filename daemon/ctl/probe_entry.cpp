// The inventory entry that a probe ends with.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daemon/core/text.hpp"
#include "daemon/ctl/human.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/probe.hpp"

namespace itnxt::ctl {
namespace {

using snmp::survey::Facts;
using snmp::survey::port_name;

constexpr std::size_t kMostLinks = 200;
constexpr std::size_t kMostName = 64;  // bytes, of any name in the configuration
constexpr std::string_view kOwnSet = "probed";

// Double-quoted YAML is JSON's string.
std::string quoted(const std::string& text) {
  return Json(text).dump();
}

std::string host_of(const Facts& facts) {
  constexpr std::string_view kPort = ":161";
  std::string address = facts.address;
  if (address.ends_with(kPort)) address.resize(address.size() - kPort.size());
  return address;
}

std::string name_of(const Facts& facts) {
  if (!facts.inventory.empty()) return facts.inventory;
  const std::string name = sanitize(facts.sample.sys_name, kMostName);
  return name.empty() ? sanitize(facts.address, kMostName) : name;
}

// How the configuration can name the port; empty: it cannot.
std::string reference_to(const InterfaceSample& row, const std::vector<InterfaceSample>& rows) {
  const auto unique = [&](const std::string& text) {
    return !text.empty() && std::count_if(rows.begin(), rows.end(), [&](const auto& other) {
                              return other.if_name == text || other.if_descr == text ||
                                     other.if_alias == text;
                            }) == 1;
  };
  for (const std::string* text : {&row.if_name, &row.if_descr, &row.if_alias}) {
    if (unique(*text)) return *text;
  }
  return {};
}

std::string link_name(const std::string& device, const std::string& port, std::uint32_t if_index) {
  std::string name = sanitize(device + " " + port);
  if (name.size() <= kMostName) return name;
  return sanitize(device, kMostName - 12) + " " + std::to_string(if_index);
}

std::string remark(const InterfaceSample& row) {
  const std::optional<double> speed = row.speed ? std::optional(row.speed->count()) : std::nullopt;
  std::string text =
      fmt::format("{}, {}", row.if_alias, row.oper == OperStatus::up ? "up" : "not up");
  if (speed) text += ", " + capacity(speed);
  return text;
}

}  // namespace

std::string inventory_entry(const Facts& facts, const CredentialsSource& source) {
  const std::string device = name_of(facts);
  const std::string set = source.name.empty() ? std::string(kOwnSet) : source.name;
  std::string text;
  if (source.name.empty() && !source.reference.empty()) {
    const bool v1 = facts.used && facts.attempts[*facts.used].version == SnmpVersion::v1;
    text += fmt::format(
        "credentials:\n"
        "  {}: {{version: {}, community: {{{}}}, insecure_ok: \"say here why clear text is "
        "acceptable\"}}{}\n",
        set, v1 ? "1" : "2c", source.reference,
        source.remark.empty() ? "" : "  # " + source.remark);
  }
  text += fmt::format("inventory:\n  devices:\n    - {{name: {}, address: {}, credentials: {}}}\n",
                      quoted(device), quoted(host_of(facts)), quoted(set));
  std::string links;
  std::size_t count = 0;
  for (const InterfaceSample& row : facts.sample.interfaces) {
    if (row.if_alias.empty()) continue;
    const std::string port = reference_to(row, facts.sample.interfaces);
    if (port.empty() || ++count > kMostLinks) continue;
    links += fmt::format("    - {{name: {}, a: {{device: {}, interface: {}}}}}  # {}\n",
                         quoted(link_name(device, port, row.if_index)), quoted(device),
                         quoted(port), remark(row));
  }
  if (!links.empty()) {
    text += "  links:  # ports with an alias: keep those that are links, add the far end as b\n";
    text += links;
  }
  if (count > kMostLinks) {
    text += fmt::format("    # and {} more ports with an alias\n", count - kMostLinks);
  }
  return text;
}

}  // namespace itnxt::ctl
