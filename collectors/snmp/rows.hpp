// The interface rows of one poll, merged by ifIndex as their cells arrive. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/snmp/if_mib.hpp"
#include "collectors/snmp_protocol/message.hpp"
#include "daemon/core/sample.hpp"

namespace itnxt::snmp {

class Rows {
 public:
  // The clocks of the PDU a cell came in.
  struct Clocks {
    SourceTime at;
    TimeTicks uptime;
  };
  enum class Stored : std::uint8_t {
    used,
    unused,  // no value (noSuchInstance …), or a 32-bit form nobody needs
    odd,     // a type or number that cannot be what the column holds
  };

  void reserve(std::size_t rows) { rows_.reserve(rows); }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  Stored store(std::size_t column, std::uint32_t row, const Varbind& cell, const Clocks& clocks);

  // The 32-bit columns of which at least one row is in need.
  [[nodiscard]] ColumnMask lacking() const;
  // The first known row behind `cursor` (-1: before every row).
  [[nodiscard]] std::optional<std::uint32_t> next_after(std::int64_t cursor) const;
  void clear() { rows_.clear(); }
  [[nodiscard]] std::vector<InterfaceSample> take() { return std::move(rows_); }

 private:
  InterfaceSample& at(std::uint32_t row, const Clocks& clocks);
  static Stored store_counter(InterfaceSample& row, std::size_t column, const Varbind& cell,
                              const Clocks& clocks);
  std::vector<InterfaceSample> rows_;  // by ifIndex
  std::size_t hint_ = 0;               // where the last cell went: the next one is near
};

}  // namespace itnxt::snmp
