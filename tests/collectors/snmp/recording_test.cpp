// Recordings of real devices: every interface's counters must come out exactly as recorded.
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "tests/collectors/snmp/agent.hpp"
#include "tests/support/recorded_devices.hpp"

namespace itnxt::snmp {
namespace {

using itnxt::test::Recording;

const itnxt::test::RecordedValue* find(const Recording& recording, const Oid& column,
                                       std::uint32_t row) {
  Recording::Arcs oid(column.arcs.begin(), column.arcs.begin() + column.size);
  oid.push_back(row);
  const auto found = recording.values().find(oid);
  return found == recording.values().end() ? nullptr : &found->second;
}

std::optional<Counter> recorded_at(const Recording& recording, Version version, const Oid& column,
                                   std::uint32_t row) {
  const auto* value = find(recording, column, row);
  if (value == nullptr) return std::nullopt;
  const bool wide = value->tag == 0x46;
  if (wide && version == Version::v1) return std::nullopt;
  return Counter{*unsigned_number(value->content, wide ? 8 : 4),
                 wide ? CounterWidth::bits64 : CounterWidth::bits32};
}

// What a counter of a row must be: the 64-bit column, which version 1 cannot say, else the 32-bit
// one, else absent. NUcast counts as multicast where there is neither it nor broadcast, which is
// what packets() is about.
std::optional<Counter> recorded(const Recording& recording, Version version, Column counter,
                                std::uint32_t row) {
  for (const MibColumn& column : kMibColumns) {
    if (column.role != Role::counter || column.counter != counter) continue;
    if (const auto value = recorded_at(recording, version, column.oid, row)) return value;
  }
  const bool in = counter == Column::in_multicast_packets;
  if (!in && counter != Column::out_multicast_packets) return std::nullopt;
  const Column broadcast = in ? Column::in_broadcast_packets : Column::out_broadcast_packets;
  if (recorded(recording, version, broadcast, row)) return std::nullopt;
  return recorded_at(recording, version, detail::if_entry(in ? 12 : 18), row);
}

// All packets of a row, by the numbers of the columns alone: unicast, and multicast + broadcast of
// ifXTable, or where it has neither of them ifInNUcastPkts or ifOutNUcastPkts, their sum.
struct PacketColumns {
  std::array<Column, 3> kinds;
  Oid unicast, non_unicast;
  std::array<Oid, 3> wide;    // unicast, multicast, broadcast
  std::array<Oid, 2> narrow;  // multicast, broadcast
};
const std::array kPacketColumns = {
    PacketColumns{
        {Column::in_unicast_packets, Column::in_multicast_packets, Column::in_broadcast_packets},
        {1, 3, 6, 1, 2, 1, 2, 2, 1, 11},
        {1, 3, 6, 1, 2, 1, 2, 2, 1, 12},
        {{{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 7},
          {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 8},
          {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 9}}},
        {{{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 2}, {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 3}}}},
    PacketColumns{
        {Column::out_unicast_packets, Column::out_multicast_packets, Column::out_broadcast_packets},
        {1, 3, 6, 1, 2, 1, 2, 2, 1, 17},
        {1, 3, 6, 1, 2, 1, 2, 2, 1, 18},
        {{{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 11},
          {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 12},
          {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 13}}},
        {{{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 4}, {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 5}}}},
};

std::uint64_t recorded_packets(const Recording& recording, Version version,
                               const PacketColumns& columns, std::uint32_t row) {
  const auto value = [&](const Oid& column) -> std::optional<std::uint64_t> {
    const auto counter = recorded_at(recording, version, column, row);
    return counter ? std::optional(counter->value) : std::nullopt;
  };
  const auto first = [](std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
    return a ? a : b;
  };
  const auto multicast = first(value(columns.wide[1]), value(columns.narrow[0]));
  const auto broadcast = first(value(columns.wide[2]), value(columns.narrow[1]));
  const std::uint64_t others = multicast || broadcast
                                   ? multicast.value_or(0) + broadcast.value_or(0)
                                   : value(columns.non_unicast).value_or(0);
  return first(value(columns.wide[0]), value(columns.unicast)).value_or(0) + others;
}

std::uint64_t packets(const InterfaceSample& row, const PacketColumns& columns) {
  std::uint64_t sum = 0;
  for (const Column kind : columns.kinds) sum += row.counters.get(kind).value_or(Counter{}).value;
  return sum;
}

std::set<std::uint32_t> recorded_rows(const Recording& recording, Version version) {
  std::set<std::uint32_t> rows;
  for (const MibColumn& column : kMibColumns) {
    if (column.role == Role::speed || column.role == Role::non_unicast) continue;
    Recording::Arcs prefix(column.oid.arcs.begin(), column.oid.arcs.begin() + column.oid.size);
    for (auto at = recording.values().upper_bound(prefix); at != recording.values().end(); ++at) {
      if (at->first.size() != prefix.size() + 1 ||
          !std::equal(prefix.begin(), prefix.end(), at->first.begin())) {
        break;
      }
      if (at->second.tag == 0x46 && version == Version::v1) continue;
      rows.insert(at->first.back());
    }
  }
  return rows;
}

std::optional<std::uint32_t> recorded_scalar(const Recording& recording, Scalar scalar) {
  const Oid& oid = kMibScalars[static_cast<std::size_t>(scalar)].oid;
  const auto found =
      recording.values().find(Recording::Arcs(oid.arcs.begin(), oid.arcs.begin() + oid.size));
  if (found == recording.values().end()) return std::nullopt;
  return static_cast<std::uint32_t>(*unsigned_number(found->second.content, 4));
}

PhysAddress recorded_address(const Recording& recording, std::uint32_t row) {
  const auto* value = find(recording, detail::if_entry(6), row);
  return value == nullptr ? PhysAddress() : PhysAddress(value->content);
}

void expect_as_recorded(const Recording& recording, Version version, const DeviceSample& sample) {
  EXPECT_EQ(sample.if_number, recorded_scalar(recording, Scalar::if_number));
  EXPECT_EQ(sample.if_table_last_change ? std::optional(sample.if_table_last_change->hundredths)
                                        : std::nullopt,
            recorded_scalar(recording, Scalar::if_table_last_change));
  std::set<std::uint32_t> rows;
  for (const InterfaceSample& row : sample.interfaces) {
    rows.insert(row.if_index);
    EXPECT_EQ(row.phys_address, recorded_address(recording, row.if_index)) << row.if_index;
    for (std::size_t c = 0; c < kColumns; ++c) {
      EXPECT_EQ(row.counters.get(static_cast<Column>(c)),
                recorded(recording, version, static_cast<Column>(c), row.if_index))
          << "row " << row.if_index << " column " << c;
    }
    for (const PacketColumns& columns : kPacketColumns) {
      EXPECT_EQ(packets(row, columns), recorded_packets(recording, version, columns, row.if_index))
          << "row " << row.if_index;
    }
  }
  EXPECT_EQ(rows, recorded_rows(recording, version));
}

class Recordings : public ::testing::TestWithParam<Version> {};

TEST_P(Recordings, EveryCounterOfEveryInterface) {
  const auto devices = itnxt::test::recorded_devices();
  if (devices.empty()) {
    GTEST_SKIP() << itnxt::test::recordings_folder() << " holds no recordings to serve";
  }
  WalkPolicy policy;
  policy.version = GetParam();
  std::size_t interfaces = 0;
  for (const auto& [name, file] : devices) {
    SCOPED_TRACE(name);
    const Recording recording = Recording::load(file);
    for (const std::size_t most : {100U, 30U, 7U}) {
      DeviceMemory memory;
      // The first poll learns the columns, the second asks by what was learned.
      for (int poll = 0; poll < 2; ++poll) {
        const DeviceSample sample =
            test::drive(memory, test::serve(recording, most), policy).sample;
        EXPECT_TRUE(sample.complete) << sample.problem;
        EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
        expect_as_recorded(recording, policy.version, sample);
        if (poll == 0 && most == 100) interfaces += sample.interfaces.size();
      }
    }
  }
  RecordProperty("devices", static_cast<int>(devices.size()));
  RecordProperty("interfaces", static_cast<int>(interfaces));
}

INSTANTIATE_TEST_SUITE_P(Versions, Recordings, ::testing::Values(Version::v1, Version::v2c),
                         [](const auto& one) { return one.param == Version::v1 ? "v1" : "v2c"; });

}  // namespace
}  // namespace itnxt::snmp
