// Tables worth polling beside the interfaces, by where they begin: those of the profiles that are
// shipped in config/snmp, taken from there when this is built. A tool that has no configuration at
// hand asks for them all the same.
#pragma once

#include <span>
#include <string_view>

#include "collectors/snmp/if_mib.hpp"

namespace itnxt::snmp::survey {

struct KnownTable {
  std::string_view name;  // of the profile
  Oid oid;                // its match.present: the device has something below
};
[[nodiscard]] std::span<const KnownTable> known_tables();

}  // namespace itnxt::snmp::survey
