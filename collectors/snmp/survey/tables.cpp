#include "collectors/snmp/survey/tables.hpp"

namespace itnxt::snmp::survey {

std::span<const KnownTable> known_tables() {
  static constexpr KnownTable kTables[] = {
#include "shipped_tables.inc"
  };
  return kTables;
}

}  // namespace itnxt::snmp::survey
