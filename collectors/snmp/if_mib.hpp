// What is asked of a device: the columns of IF-MIB's ifTable and ifXTable (RFC 2863 §6) and the
// scalars of the system group (RFC 3418 §2), as data, by numeric OIDs: no MIB file is ever read.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "collectors/snmp_protocol/ber.hpp"
#include "daemon/core/counter.hpp"

namespace itnxt::snmp {

// An OID's arcs; at most as many as a profile's column has with its index (kMostOidArcs).
struct Oid {
  std::array<std::uint32_t, 32> arcs{};
  std::uint8_t size = 0;
  constexpr Oid() = default;
  constexpr Oid(std::initializer_list<std::uint32_t> list) {
    for (const std::uint32_t arc : list) arcs[size++] = arc;
  }
  [[nodiscard]] constexpr Oid with(std::uint32_t arc) const {
    Oid longer = *this;
    longer.arcs[longer.size++] = arc;
    return longer;
  }
  bool operator==(const Oid&) const = default;
};

// The same in BER (contents only), for OIDs whose arcs are all below 128.
struct EncodedOid {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t size = 0;
  constexpr EncodedOid() = default;
  explicit constexpr EncodedOid(const Oid& oid) {
    bytes[size++] = static_cast<std::uint8_t>(oid.arcs[0] * 40 + oid.arcs[1]);
    for (std::size_t i = 2; i < oid.size; ++i)
      bytes[size++] = static_cast<std::uint8_t>(oid.arcs[i]);
  }
  [[nodiscard]] constexpr ByteView view() const { return ByteView(bytes).first(size); }
};

// What a value is for. `counter` and `non_unicast` have their Column beside them.
enum class Role : std::uint8_t {
  counter,
  non_unicast,  // multicast + broadcast in one; `counter` is the multicast it stands for
  discontinuity,
  high_speed,  // Mbit/s
  speed,       // bit/s, saturates at 2^32-1
  admin_status,
  oper_status,
  if_name,
  if_descr,
  if_alias,
  phys_address,
};

struct MibColumn {
  std::string_view name;
  Role role;
  Column counter;
  Oid oid;
  EncodedOid prefix;
  constexpr MibColumn(std::string_view n, Role r, Column c, const Oid& o)
      : name(n), role(r), counter(c), oid(o), prefix(o) {}
};

namespace detail {
inline constexpr Oid if_entry(std::uint32_t column) {
  return {1, 3, 6, 1, 2, 1, 2, 2, 1, column};
}
inline constexpr Oid ifx_entry(std::uint32_t column) {
  return {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, column};
}
}  // namespace detail

// A set of columns is a bit mask over this table. First the counters with the clock that belongs to
// them, so that splitting a request keeps these together (RFC 2863 §3.1.6: read in one PDU), then
// what describes the interface, then the 32-bit forms for rows without the 64-bit one; last of the
// counters, so that it is read behind those it stands for, what older agents count as one
// (deprecated in RFC 2863, all there is in RFC 1213).
inline constexpr std::array kMibColumns = {
    MibColumn{"ifHCInOctets", Role::counter, Column::in_octets, detail::ifx_entry(6)},
    MibColumn{"ifHCOutOctets", Role::counter, Column::out_octets, detail::ifx_entry(10)},
    MibColumn{"ifHCInUcastPkts", Role::counter, Column::in_unicast_packets, detail::ifx_entry(7)},
    MibColumn{"ifHCOutUcastPkts", Role::counter, Column::out_unicast_packets,
              detail::ifx_entry(11)},
    MibColumn{"ifHCInMulticastPkts", Role::counter, Column::in_multicast_packets,
              detail::ifx_entry(8)},
    MibColumn{"ifHCOutMulticastPkts", Role::counter, Column::out_multicast_packets,
              detail::ifx_entry(12)},
    MibColumn{"ifHCInBroadcastPkts", Role::counter, Column::in_broadcast_packets,
              detail::ifx_entry(9)},
    MibColumn{"ifHCOutBroadcastPkts", Role::counter, Column::out_broadcast_packets,
              detail::ifx_entry(13)},
    MibColumn{"ifInErrors", Role::counter, Column::in_errors, detail::if_entry(14)},
    MibColumn{"ifOutErrors", Role::counter, Column::out_errors, detail::if_entry(20)},
    MibColumn{"ifInDiscards", Role::counter, Column::in_discards, detail::if_entry(13)},
    MibColumn{"ifOutDiscards", Role::counter, Column::out_discards, detail::if_entry(19)},
    MibColumn{"ifCounterDiscontinuityTime", Role::discontinuity, Column{}, detail::ifx_entry(19)},
    MibColumn{"ifOperStatus", Role::oper_status, Column{}, detail::if_entry(8)},
    MibColumn{"ifAdminStatus", Role::admin_status, Column{}, detail::if_entry(7)},
    MibColumn{"ifHighSpeed", Role::high_speed, Column{}, detail::ifx_entry(15)},
    MibColumn{"ifName", Role::if_name, Column{}, detail::ifx_entry(1)},
    MibColumn{"ifDescr", Role::if_descr, Column{}, detail::if_entry(2)},
    MibColumn{"ifAlias", Role::if_alias, Column{}, detail::ifx_entry(18)},
    MibColumn{"ifPhysAddress", Role::phys_address, Column{}, detail::if_entry(6)},
    MibColumn{"ifInOctets", Role::counter, Column::in_octets, detail::if_entry(10)},
    MibColumn{"ifOutOctets", Role::counter, Column::out_octets, detail::if_entry(16)},
    MibColumn{"ifInUcastPkts", Role::counter, Column::in_unicast_packets, detail::if_entry(11)},
    MibColumn{"ifOutUcastPkts", Role::counter, Column::out_unicast_packets, detail::if_entry(17)},
    MibColumn{"ifInMulticastPkts", Role::counter, Column::in_multicast_packets,
              detail::ifx_entry(2)},
    MibColumn{"ifOutMulticastPkts", Role::counter, Column::out_multicast_packets,
              detail::ifx_entry(4)},
    MibColumn{"ifInBroadcastPkts", Role::counter, Column::in_broadcast_packets,
              detail::ifx_entry(3)},
    MibColumn{"ifOutBroadcastPkts", Role::counter, Column::out_broadcast_packets,
              detail::ifx_entry(5)},
    MibColumn{"ifInNUcastPkts", Role::non_unicast, Column::in_multicast_packets,
              detail::if_entry(12)},
    MibColumn{"ifOutNUcastPkts", Role::non_unicast, Column::out_multicast_packets,
              detail::if_entry(18)},
    MibColumn{"ifSpeed", Role::speed, Column{}, detail::if_entry(5)},
};
inline constexpr std::size_t kMibColumnCount = kMibColumns.size();

using ColumnMask = std::uint32_t;
constexpr ColumnMask bit(std::size_t column) {
  return ColumnMask{1} << column;
}
inline constexpr std::size_t kFirstFallback = 20;
inline constexpr ColumnMask kCounterColumns = bit(13) - 1;  // with the discontinuity time
inline constexpr std::size_t kDiscontinuityColumn = 12;
inline constexpr ColumnMask kPrimaryColumns = bit(kFirstFallback) - 1;
inline constexpr ColumnMask kFallbackColumns = (bit(kMibColumnCount) - 1) & ~kPrimaryColumns;
// What a row is known by.
inline constexpr ColumnMask kNameColumns = [] {
  ColumnMask names = 0;
  for (std::size_t i = 0; i < kMibColumnCount; ++i) {
    const Role role = kMibColumns[i].role;
    if (role == Role::if_name || role == Role::if_descr) names |= bit(i);
  }
  return names;
}();
inline constexpr std::size_t kSpeedFallback = kMibColumnCount - 1;

// Asked once a poll, by GET.
enum class Scalar : std::uint8_t {
  sys_uptime,
  sys_name,
  sys_object_id,
  if_number,
  if_table_last_change,
  sys_descr
};
struct MibScalar {
  std::string_view name;
  Oid oid;
  EncodedOid encoded;
  constexpr MibScalar(std::string_view n, const Oid& o) : name(n), oid(o), encoded(o) {}
};
inline constexpr std::array kMibScalars = {
    MibScalar{"sysUpTime", {1, 3, 6, 1, 2, 1, 1, 3, 0}},
    MibScalar{"sysName", {1, 3, 6, 1, 2, 1, 1, 5, 0}},
    MibScalar{"sysObjectID", {1, 3, 6, 1, 2, 1, 1, 2, 0}},
    MibScalar{"ifNumber", {1, 3, 6, 1, 2, 1, 2, 1, 0}},
    MibScalar{"ifTableLastChange", {1, 3, 6, 1, 2, 1, 31, 1, 5, 0}},
    MibScalar{"sysDescr", {1, 3, 6, 1, 2, 1, 1, 1, 0}},
};
// sysUpTime without its instance: the non-repeater of a GETBULK names the object before.
inline constexpr Oid kUptimeObject = {1, 3, 6, 1, 2, 1, 1, 3};

}  // namespace itnxt::snmp
