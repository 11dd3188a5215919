// Which rows of a device's interface table are ends of links. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/ids.hpp"
#include "daemon/core/units.hpp"

namespace itnxt {

// One end of a link, at this device.
struct LinkPort {
  LinkName link;
  std::string interface;                   // as configured: ifName, else ifDescr, else ifAlias
  std::optional<BytesPerSecond> capacity;  // as configured
  bool operator==(const LinkPort&) const = default;
};

struct RowTexts {
  std::string_view name;  // as it is known: "eth0#2"
  std::string_view descr;
  std::string_view alias;
  std::string_view link;  // that it was an end of; empty: none
};

// Beside `ports`: the row that each means, by its name, else by ifDescr, else by ifAlias, else the
// one that was its end before (a port that is called otherwise now); the first of `rows` that fits.
// A row that none means can go without any port meaning another one.
using PortRows = std::vector<std::optional<std::size_t>>;
PortRows find_ports(const std::vector<LinkPort>& ports, const std::vector<RowTexts>& rows);

// Beside the rows, `count` in all: whether a port means it.
std::vector<bool> rows_of_ports(const PortRows& found, std::size_t count);

}  // namespace itnxt
