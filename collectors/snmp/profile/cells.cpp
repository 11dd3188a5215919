#include "collectors/snmp/profile/cells.hpp"

#include <limits>

namespace itnxt::snmp {
namespace {

constexpr std::size_t kMostOctets = 256;

std::string dotted_address(ByteView bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    if (!text.empty()) text += '.';
    text += std::to_string(byte);
  }
  return text;
}

}  // namespace

Cell cell_of(const Varbind& varbind) {
  switch (varbind.type) {
    case Type::integer: {
      const std::optional<std::int64_t> number = signed_number(varbind.value);
      if (!number) return {};
      return *number;
    }
    case Type::counter32:
    case Type::gauge32:
    case Type::time_ticks:
    case Type::counter64: {
      const std::optional<std::uint64_t> number = varbind.number();
      if (!number) return {};
      return *number;
    }
    case Type::octets:
      return Octets{std::string(varbind.text().substr(0, kMostOctets))};
    case Type::ip_address:
      if (varbind.value.size() != 4) return {};
      return dotted_address(varbind.value);
    case Type::oid:
      return dotted(varbind.value);
    case Type::null:
    case Type::opaque:
    case Type::no_such_object:
    case Type::no_such_instance:
    case Type::end_of_mib_view:
    case Type::other:
      return {};
  }
  return {};
}

std::optional<std::int64_t> whole(const Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return *number;
  const auto* number = std::get_if<std::uint64_t>(&cell);
  if (number == nullptr || *number > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<RowIndex> index_of(ByteView oid, ByteView prefix) {
  if (!is_below(oid, prefix)) return std::nullopt;
  RowIndex index;
  for (ByteView tail = oid.subspan(prefix.size()); !tail.empty();) {
    const std::optional<std::uint32_t> arc = take_arc(tail);
    if (!arc) return std::nullopt;
    index.push_back(*arc);
  }
  return index;
}

std::vector<std::uint8_t> encode_oid(const OidArcs& arcs) {
  std::vector<std::uint8_t> bytes;
  const auto append = [&](std::uint32_t arc) {
    for (unsigned shift = 28; shift > 0; shift -= 7) {
      if (arc >> shift != 0) {
        bytes.push_back(static_cast<std::uint8_t>(0x80U | (arc >> shift & 0x7FU)));
      }
    }
    bytes.push_back(static_cast<std::uint8_t>(arc & 0x7FU));
  };
  append(arcs[0] * 40 + arcs[1]);
  for (std::size_t i = 2; i < arcs.size(); ++i) append(arcs[i]);
  return bytes;
}

}  // namespace itnxt::snmp
