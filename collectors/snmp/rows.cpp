#include "collectors/snmp/rows.hpp"

#include <algorithm>
#include <limits>

#include "daemon/core/text.hpp"

namespace itnxt::snmp {
namespace {

constexpr std::uint64_t kSpeedSaturated = std::numeric_limits<std::uint32_t>::max();

Rows::Stored store_text(std::string& to, const Varbind& cell) {
  if (cell.type != Type::octets) return Rows::Stored::odd;
  sanitize_into(to, cell.text());
  return Rows::Stored::used;
}

// A value beyond the enumeration is "did not say".
template <class Status>
Rows::Stored store_status(Status& to, const Varbind& cell, Status last) {
  const std::optional<std::uint64_t> number = cell.number();
  if (!number) return Rows::Stored::odd;
  if (*number == 0 || *number > static_cast<std::uint64_t>(last)) return Rows::Stored::odd;
  to = static_cast<Status>(*number);
  return Rows::Stored::used;
}

Column broadcast_beside(Column multicast) {
  return multicast == Column::in_multicast_packets ? Column::in_broadcast_packets
                                                   : Column::out_broadcast_packets;
}

// Whether `row` has what the 32-bit column `column` would be asked for.
bool has(const InterfaceSample& row, const MibColumn& column) {
  if (row.counters.get(column.counter)) return true;
  return column.role == Role::non_unicast && row.counters.get(broadcast_beside(column.counter));
}

}  // namespace

InterfaceSample& Rows::at(std::uint32_t row, const Clocks& clocks) {
  if (hint_ < rows_.size() && rows_[hint_].if_index == row) return rows_[hint_];
  auto place = rows_.end();
  if (!rows_.empty() && rows_.back().if_index >= row) {
    place = std::lower_bound(
        rows_.begin(), rows_.end(), row,
        [](const InterfaceSample& one, std::uint32_t index) { return one.if_index < index; });
  }
  if (place == rows_.end() || place->if_index != row) {
    place = rows_.emplace(place);
    place->if_index = row;
    place->at = clocks.at;
    place->uptime = clocks.uptime;
  }
  hint_ = static_cast<std::size_t>(place - rows_.begin());
  return *place;
}

Rows::Stored Rows::store_counter(InterfaceSample& row, std::size_t column, const Varbind& cell,
                                 const Clocks& clocks) {
  // The type on the wire decides how wide the counter is, whatever the column promises.
  if (cell.type != Type::counter32 && cell.type != Type::counter64 && cell.type != Type::gauge32) {
    return Stored::odd;
  }
  const std::optional<std::uint64_t> number = cell.number();
  if (!number) return Stored::odd;
  const Column counter = kMibColumns[column].counter;
  if (column >= kFirstFallback && has(row, kMibColumns[column])) return Stored::unused;
  row.counters.set(counter, {*number, cell.type == Type::counter64 ? CounterWidth::bits64
                                                                   : CounterWidth::bits32});
  if (counter == Column::in_octets || counter == Column::out_octets) {
    row.at = clocks.at;  // rates are divided by these: they belong to the octets' PDU
    row.uptime = clocks.uptime;
  }
  return Stored::used;
}

Rows::Stored Rows::store(std::size_t column, std::uint32_t row, const Varbind& cell,
                         const Clocks& clocks) {
  if (is_absent(cell.type)) return Stored::unused;
  InterfaceSample& one = at(row, clocks);
  switch (kMibColumns[column].role) {
    case Role::counter:
    case Role::non_unicast:
      return store_counter(one, column, cell, clocks);
    case Role::discontinuity: {
      const std::optional<std::uint64_t> number = cell.number();
      if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return Stored::odd;
      one.discontinuity = TimeTicks{static_cast<std::uint32_t>(*number)};
      return Stored::used;
    }
    case Role::high_speed: {
      const std::optional<std::uint64_t> number = cell.number();
      if (!number) return Stored::odd;
      // Zero: no bandwidth (RFC 2863 ifHighSpeed), or less than half a Mbit/s: ifSpeed knows.
      if (*number > 0) one.speed = bits_per_second(static_cast<double>(*number) * 1e6);
      return Stored::used;
    }
    case Role::speed: {
      const std::optional<std::uint64_t> number = cell.number();
      if (!number) return Stored::odd;
      if (one.speed || *number == 0 || *number >= kSpeedSaturated) return Stored::unused;
      one.speed = bits_per_second(static_cast<double>(*number));
      return Stored::used;
    }
    case Role::admin_status:
      return store_status(one.admin, cell, AdminStatus::testing);
    case Role::oper_status:
      return store_status(one.oper, cell, OperStatus::lower_layer_down);
    case Role::if_name:
      return store_text(one.if_name, cell);
    case Role::if_descr:
      return store_text(one.if_descr, cell);
    case Role::if_alias:
      return store_text(one.if_alias, cell);
    case Role::phys_address:
      if (cell.type != Type::octets) return Stored::odd;
      one.phys_address = PhysAddress(cell.value);
      return Stored::used;
  }
  return Stored::odd;
}

ColumnMask Rows::lacking() const {
  ColumnMask mask = 0;
  for (const InterfaceSample& row : rows_) {
    for (std::size_t c = kFirstFallback; c < kSpeedFallback; ++c) {
      if (!has(row, kMibColumns[c])) mask |= bit(c);
    }
    if (!row.speed) mask |= bit(kSpeedFallback);
    if (mask == kFallbackColumns) break;
  }
  return mask;
}

std::optional<std::uint32_t> Rows::next_after(std::int64_t cursor) const {
  const auto place = std::upper_bound(
      rows_.begin(), rows_.end(), cursor,
      [](std::int64_t index, const InterfaceSample& one) { return index < one.if_index; });
  if (place == rows_.end()) return std::nullopt;
  return place->if_index;
}

}  // namespace itnxt::snmp
