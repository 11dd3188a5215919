// Tables worth polling beside the interfaces, by where they begin: the names are those of the
// profiles in config/snmp.
#pragma once

#include <array>
#include <string_view>

#include "collectors/snmp/if_mib.hpp"

namespace itnxt::snmp::survey {

struct KnownTable {
  std::string_view name;
  std::string_view what;
  Oid oid;
};
inline constexpr std::array kKnownTables = {
    KnownTable{"system", "HOST-RESOURCES-MIB: load, memory, storage", {1, 3, 6, 1, 2, 1, 25, 1}},
    KnownTable{"etherlike", "EtherLike-MIB: errors by kind", {1, 3, 6, 1, 2, 1, 10, 7, 2, 1}},
    KnownTable{"entity_sensor",
               "ENTITY-SENSOR-MIB: temperature, power, optics",
               {1, 3, 6, 1, 2, 1, 99, 1, 1, 1, 4}},
    KnownTable{"cisco_entity_sensor",
               "CISCO-ENTITY-SENSOR-MIB: sensors with thresholds",
               {1, 3, 6, 1, 4, 1, 9, 9, 91, 1, 1, 1, 1, 4}},
    KnownTable{
        "juniper_dom", "JUNIPER-DOM-MIB: optics", {1, 3, 6, 1, 4, 1, 2636, 3, 60, 1, 1, 1, 1}},
    KnownTable{"bgp4", "BGP4-MIB: sessions", {1, 3, 6, 1, 2, 1, 15, 3, 1}},
    KnownTable{"ospf", "OSPF-MIB: neighbours", {1, 3, 6, 1, 2, 1, 14, 10, 1}},
    KnownTable{"lldp", "LLDP-MIB: neighbours", {1, 0, 8802, 1, 1, 2, 1, 4, 1, 1}},
};

}  // namespace itnxt::snmp::survey
