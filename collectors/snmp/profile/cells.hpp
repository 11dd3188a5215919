// What a device said in the columns of a profile: cells by row and column. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "collectors/snmp_protocol/ber.hpp"
#include "collectors/snmp_protocol/message.hpp"
#include "daemon/config/config.hpp"

namespace itnxt::snmp {

using RowIndex = std::vector<std::uint32_t>;  // arcs behind the column's OID

// Bytes of an OCTET STRING as they came: text, an address, anything.
struct Octets {
  std::string bytes;
  bool operator==(const Octets&) const = default;
};
// Nothing; INTEGER; the unsigned types; octets, at most 256 of them; an address or OID in dots.
using Cell = std::variant<std::monostate, std::int64_t, std::uint64_t, Octets, std::string>;

[[nodiscard]] Cell cell_of(const Varbind& varbind);
[[nodiscard]] std::optional<std::int64_t> whole(const Cell& cell);  // what fits

struct TableCells {
  std::map<RowIndex, std::vector<Cell>> rows;  // each with all columns, in OID order
  std::vector<bool> broken;                    // by column: not walked to its end
};

// Of one profile, by table.
using ProfileCells = std::vector<TableCells>;

// The arcs behind `prefix`; absent when the OID is malformed or not below it.
[[nodiscard]] std::optional<RowIndex> index_of(ByteView oid, ByteView prefix);
[[nodiscard]] std::vector<std::uint8_t> encode_oid(const OidArcs& arcs);

}  // namespace itnxt::snmp
