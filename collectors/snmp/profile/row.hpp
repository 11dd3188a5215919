// One row of a metric's table, and what can be reached from it: its index by parts, and the rows of
// other tables that these parts lead to. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "collectors/snmp/profile/cells.hpp"

namespace itnxt::snmp {

using Arcs = std::span<const std::uint32_t>;

// The parts of a row's index, views into it; absent when it is not laid out as its types say.
[[nodiscard]] std::optional<std::vector<Arcs>> parts_of(const RowIndex& index,
                                                        const std::vector<ProfileIndex>& types);

// As it came, or in hex; not yet safe to show.
[[nodiscard]] std::string text_of(const Octets& octets, ColumnFormat format);

// Everything given outlives it.
class Row {
 public:
  Row(const Profile& profile, const ProfileCells& cells, std::size_t table,
      const std::vector<Cell>& own, std::vector<Arcs> parts);

  // What the column holds; nothing when it stands for "there is none", or no row is there.
  [[nodiscard]] Cell at(const ColumnRef& ref) const;
  [[nodiscard]] std::string part(std::size_t index) const;
  [[nodiscard]] const std::vector<ProfileIndex>& types() const {
    return profile_.tables[table_].index;
  }

 private:
  // The row of another table by the parts of the index that bear its parts' names.
  [[nodiscard]] const std::vector<Cell>* row_of(std::size_t table) const;

  const Profile& profile_;
  const ProfileCells& cells_;
  std::size_t table_;
  const std::vector<Cell>& own_;
  std::vector<Arcs> parts_;
};

}  // namespace itnxt::snmp
