// What collectors send: facts with their time. Everything derived is the aggregator's.
// Strings of devices in here have passed sanitize(); numbers are as the device said them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/counter.hpp"
#include "daemon/core/ids.hpp"
#include "daemon/core/phys_address.hpp"
#include "daemon/core/series.hpp"
#include "daemon/core/talkers.hpp"
#include "daemon/core/time.hpp"
#include "daemon/core/units.hpp"

namespace itnxt {

// ifAdminStatus, ifOperStatus (RFC 2863 §6); 0 where the device did not say.
enum class AdminStatus : std::uint8_t { unknown = 0, up = 1, down = 2, testing = 3 };
enum class OperStatus : std::uint8_t {
  unknown = 0,
  up = 1,
  down = 2,
  testing = 3,
  not_known = 4,  // the device's own "unknown(4)"
  dormant = 5,
  not_present = 6,
  lower_layer_down = 7,
};

// One row of the interface tables, counters and clocks of one PDU.
struct InterfaceSample {
  std::uint32_t if_index = 0;
  std::string if_name;   // may be empty
  std::string if_descr;  // may be empty
  std::string if_alias;  // may be empty
  PhysAddress phys_address;
  AdminStatus admin = AdminStatus::unknown;
  OperStatus oper = OperStatus::unknown;
  std::optional<BytesPerSecond>
      speed;  // ifHighSpeed, else ifSpeed; absent: no concept of bandwidth
  std::optional<TimeTicks> discontinuity;  // ifCounterDiscontinuityTime
  SourceTime at;                           // when the PDU with the counters arrived
  TimeTicks uptime;                        // sysUpTime of that same PDU
  CounterSet counters;
};

// How a poll ended. Label values of itnxt_snmp_polls_total{result}.
enum class PollResult : std::uint8_t { ok, partial, timeout, auth, error };
inline constexpr std::size_t kPollResults = 5;
inline constexpr std::array<std::string_view, kPollResults> kPollResultNames = {
    "ok", "partial", "timeout", "auth", "error"};
constexpr std::string_view name(PollResult r) {
  return kPollResultNames[static_cast<std::size_t>(r)];
}

// Why an SNMP collector received a datagram and did not use it.
enum class SnmpIgnored : std::uint8_t {
  stranger,         // from an address nobody asked, or not the one that was asked
  late,             // from a device, but to a request that is over
  wrong_community,  // right in all but the community, or the version
  not_a_response,
  malformed,
  unauthenticated,  // where version 3 expects a signature
  bad_signature,
  outside_window,  // signed, but long ago
};
inline constexpr std::size_t kSnmpIgnored = 8;
inline constexpr std::array<std::string_view, kSnmpIgnored> kSnmpIgnoredNames = {
    "stranger",        "late",          "wrong_community", "not_a_response", "malformed",
    "unauthenticated", "bad_signature", "outside_window"};

// A rule of the protocol that devices break.
enum class SnmpRule : std::uint8_t {
  not_increasing,  // an OID that is not behind the one before (RFC 3416 §4.2.2)
  malformed,       // an OID or a row index that is none, or bytes that are no message
  empty,           // a reply without what was asked
  endless,         // more rows or requests than a poll may take
  odd_value,       // of a type or size that the column cannot have
  refused,         // an error-status where the value or its absence was due
};
inline constexpr std::size_t kSnmpRules = 6;
inline constexpr std::array<std::string_view, kSnmpRules> kSnmpRuleNames = {
    "not_increasing", "malformed", "empty", "endless", "odd_value", "refused"};

// Totals of one SNMP collector since it started.
struct SnmpTotals {
  std::array<std::uint64_t, kSnmpIgnored> ignored{};  // datagrams, by SnmpIgnored
  std::array<std::uint64_t, kSnmpRules> broken{};     // times, by SnmpRule
  bool operator==(const SnmpTotals&) const = default;
};

// One whole poll of one device, finished or given up.
struct DeviceSample {
  DeviceName device;
  SourceTime at;        // end of the poll
  Duration interval{};  // how often this device is polled: staleness counts in it
  Duration took{};      // first request to end
  PollResult result = PollResult::ok;
  std::string problem;  // for people: what was wrong; empty when ok
  std::optional<TimeTicks> uptime;
  std::string sys_name;
  std::string sys_descr;
  std::string sys_object_id;                      // dotted
  std::optional<std::uint32_t> if_number;         // ifNumber: how many rows there should be
  std::optional<TimeTicks> if_table_last_change;  // ifTableLastChange: a row came or went
  bool complete = false;  // the walk reached the table's end: a missing row is really gone
  bool answered = false;  // the device said something, if only that it refuses
  bool own = false;       // the host told it of itself: nobody polled it by SNMP
  std::vector<InterfaceSample> interfaces;
  std::optional<SnmpTotals> totals;  // its collector's, with one of its samples each interval
};

enum class Direction : std::uint8_t { receive, transmit, unknown };
inline constexpr std::size_t kDirections = 3;
inline constexpr std::array<std::string_view, kDirections> kDirectionNames = {"receive", "transmit",
                                                                              "unknown"};

// What a packet is counted as: what its outermost IP header names, or ARP.
enum class Protocol : std::uint8_t {
  tcp,
  udp,
  icmp,
  icmpv6,
  arp,
  other,
  sctp,
  ospf,
  gre,
  ip_in_ip,  // 4 and 41
};
inline constexpr std::size_t kProtocols = 10;
inline constexpr std::array<std::string_view, kProtocols> kProtocolNames = {
    "tcp", "udp", "icmp", "icmpv6", "arp", "other", "sctp", "ospf", "gre", "ip_in_ip"};
constexpr std::string_view name(Protocol p) {
  return kProtocolNames[static_cast<std::size_t>(p)];
}

// Why a packet's headers could not be followed. Such a packet is still counted, once, by what is
// sure.
enum class Malformed : std::uint8_t { truncated, bad_length, bad_version, too_deep };
inline constexpr std::size_t kMalformed = 4;
inline constexpr std::array<std::string_view, kMalformed> kMalformedNames = {
    "truncated", "bad_length", "bad_version", "too_deep"};

enum class DropPoint : std::uint8_t { kernel, interface };
inline constexpr std::size_t kDropPoints = 2;
inline constexpr std::array<std::string_view, kDropPoints> kDropPointNames = {"kernel",
                                                                              "interface"};

struct TrafficCount {
  Packets packets;
  Bytes bytes;  // original lengths on the wire, not what was captured
  bool operator==(const TrafficCount&) const = default;
};

// Totals of one capture since its collector started; they never go back within an epoch.
struct CaptureSample {
  CollectorName capture;
  SourceTime at;
  Duration interval{};
  bool open = false;   // capturing, or a savefile read to its end
  std::string source;  // interface or file
  LinkName link;       // that it watches, as configured; empty: none
  std::array<std::array<TrafficCount, kProtocols>, kDirections> traffic{};
  std::array<Packets, kDropPoints> dropped{};
  std::array<Packets, kMalformed> malformed{};

  // Every packet, of all directions and protocols.
  [[nodiscard]] TrafficCount total() const {
    TrafficCount sum;
    for (const auto& direction : traffic) {
      for (const TrafficCount& cell : direction) {
        sum.packets += cell.packets;
        sum.bytes += cell.bytes;
      }
    }
    return sum;
  }
};

using Sample = std::variant<DeviceSample, CaptureSample, SeriesSample, TalkersSample>;

// What one collector sends in one message.
struct Batch {
  NodeName node;
  CollectorName collector;
  std::uint64_t epoch =
      0;  // random per start of the collector's process: sequence and SourceTime count within it
  std::uint64_t sequence = 0;  // 1, 2, 3 … per collector and epoch
  std::uint64_t lost = 0;      // batches of this epoch dropped so far, never to come
  Bytes waiting{};             // not yet acknowledged by this aggregator when this was sent
  WallTime sent_wall;          // when it was sent, this time: the collector's clock against ours
  SourceTime closed_at;        // when it was closed: kept when it is sent again
  WallTime closed_wall;        // the same moment by the collector's wall clock
  Duration interval{};         // the collector's own
  std::vector<Sample> samples;
};

}  // namespace itnxt
