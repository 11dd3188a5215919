// Which notifications are known by name, and what they are a reason to look at. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "collectors/snmp_protocol/ber.hpp"

namespace itnxt::trap {

enum class Look : std::uint8_t {
  nothing,
  link_lost,  // the interface it names, then the device
  link,       // likewise
  device,     // the device and every table that is read of it
};

struct KnownTrap {
  std::string_view name;
  Look look = Look::nothing;
};

// By snmpTrapOID.0. Of MIBs that have notifications in two forms, with and without the zero that
// RFC 3584 §3.1 puts in, both are known. Null: unknown.
[[nodiscard]] const KnownTrap* known_trap(snmp::ByteView oid);
// Its name, else the OID in dots.
[[nodiscard]] std::string trap_name(snmp::ByteView oid);

}  // namespace itnxt::trap
