#include "collectors/snmp/profile/row.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace itnxt::snmp {
namespace {

std::string bytes_of(Arcs arcs) {
  std::string bytes;
  for (const std::uint32_t arc : arcs) bytes += static_cast<char>(arc);
  return bytes;
}

std::string dotted(Arcs arcs) {
  std::string text;
  for (const std::uint32_t arc : arcs) text += (text.empty() ? "" : ".") + std::to_string(arc);
  return text;
}

std::string text_of(Arcs part, IndexType type) {
  switch (type) {
    case IndexType::integer:
    case IndexType::ip_address:
      return dotted(part);
    case IndexType::inet_address: {
      const std::string bytes = bytes_of(part.subspan(2));
      if (bytes.size() != 16) return dotted(part.subspan(2));
      std::array<char, INET6_ADDRSTRLEN> text{};
      ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
      return text.data();
    }
    case IndexType::string:
      return bytes_of(part.subspan(1));
  }
  return {};
}

}  // namespace

std::optional<std::vector<Arcs>> parts_of(const RowIndex& index,
                                          const std::vector<ProfileIndex>& types) {
  std::vector<Arcs> parts;
  Arcs rest(index);
  for (const ProfileIndex& type : types) {
    std::size_t size = 1;
    switch (type.type) {
      case IndexType::integer:
        break;
      case IndexType::ip_address:
        size = 4;
        break;
      case IndexType::inet_address:
        if (rest.size() < 2) return std::nullopt;
        size = 2 + std::size_t{rest[1]};
        break;
      case IndexType::string:
        if (rest.empty()) return std::nullopt;
        size = 1 + std::size_t{rest[0]};
        break;
    }
    if (size > rest.size()) return std::nullopt;
    parts.push_back(rest.first(size));
    rest = rest.subspan(size);
  }
  if (!rest.empty()) return std::nullopt;
  return parts;
}

std::string text_of(const Octets& octets, ColumnFormat format) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
  if (format == ColumnFormat::text || std::ranges::all_of(octets.bytes, is_plain)) {
    return octets.bytes;
  }
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : octets.bytes) {
    if (!text.empty()) text += ':';
    text += kDigits[static_cast<std::uint8_t>(c) >> 4U];
    text += kDigits[static_cast<std::uint8_t>(c) & 0xFU];
  }
  return text;
}

Row::Row(const Profile& profile, const ProfileCells& cells, std::size_t table,
         const std::vector<Cell>& own, std::vector<Arcs> parts)
    : profile_(profile), cells_(cells), table_(table), own_(own), parts_(std::move(parts)) {}

Cell Row::at(const ColumnRef& ref) const {
  const std::vector<Cell>* row = row_of(ref.table);
  if (row == nullptr) return {};
  const Cell& cell = (*row)[ref.column];
  const auto& drop = profile_.tables[ref.table].columns[ref.column].drop;
  const std::optional<std::int64_t> number = whole(cell);
  if (number && std::ranges::find(drop, *number) != drop.end()) return {};
  return cell;
}

std::string Row::part(std::size_t index) const {
  return text_of(parts_[index], types()[index].type);
}

const std::vector<Cell>* Row::row_of(std::size_t table) const {
  if (table == table_) return &own_;
  RowIndex key;
  for (const ProfileIndex& wanted : profile_.tables[table].index) {
    const auto part = std::ranges::find(types(), wanted.name, &ProfileIndex::name);
    if (part == types().end()) return nullptr;
    const Arcs arcs = parts_[static_cast<std::size_t>(part - types().begin())];
    key.insert(key.end(), arcs.begin(), arcs.end());
  }
  const auto found = cells_[table].rows.find(key);
  return found == cells_[table].rows.end() ? nullptr : &found->second;
}

}  // namespace itnxt::snmp
