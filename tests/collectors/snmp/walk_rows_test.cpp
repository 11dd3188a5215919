// What a poll brings home: every column of every row, and in pieces that the device can bear (field
// notes T5-T12, T14).
#include <gtest/gtest.h>

#include "collectors/snmp/walk.hpp"
#include "tests/collectors/snmp/agent.hpp"

namespace itnxt::snmp::test {
namespace {

using itnxt::test::Recording;

TEST(Walk, AWholeDevice) {
  const Recording agent = device(7);
  DeviceMemory memory;
  const Driven driven = drive(memory, serve(agent));
  const DeviceSample& sample = driven.sample;
  EXPECT_EQ(sample.result, PollResult::ok);
  EXPECT_EQ(sample.problem, "");
  EXPECT_TRUE(sample.complete);
  EXPECT_EQ(sample.uptime, TimeTicks{123456});
  EXPECT_EQ(sample.sys_name, "core-1");
  EXPECT_EQ(sample.sys_descr, "a device");
  EXPECT_EQ(sample.sys_object_id, "1.3.6.1.4.1.9.1.516");
  EXPECT_EQ(sample.took, driven.requests * 10ms);
  ASSERT_EQ(sample.interfaces.size(), 7U);
  const InterfaceSample& third = sample.interfaces[2];
  EXPECT_EQ(third.if_index, 3U);
  EXPECT_EQ(third.if_name, "e3");
  EXPECT_EQ(third.if_descr, "eth3");
  EXPECT_EQ(third.if_alias, "to 3");
  EXPECT_EQ(third.admin, AdminStatus::up);
  EXPECT_EQ(third.oper, OperStatus::down);
  EXPECT_EQ(third.speed, bits_per_second(1e8));
  EXPECT_EQ(third.discontinuity, TimeTicks{77});
  EXPECT_EQ(third.uptime, TimeTicks{123456});
  const std::uint64_t wide = 5ULL << 32U;
  const std::array<std::uint64_t, kColumns> values = {
      wide + 6003, wide + 10003, wide + 7003, wide + 11003, wide + 8003, wide + 12003,
      wide + 9003, wide + 13003, 14003,       20003,        13003,       19003};
  for (std::size_t c = 0; c < kColumns; ++c) {
    const auto width = c < 8 ? CounterWidth::bits64 : CounterWidth::bits32;
    EXPECT_EQ(third.counters.get(static_cast<Column>(c)), (Counter{values[c], width})) << c;
  }
}

TEST(Walk, CountersUptimeAndDiscontinuityComeOutOfOnePdu) {  // T5
  const Recording agent = device(4);
  DeviceMemory memory;
  bool seen = false;
  (void)drive(memory, [&](ByteView request) {
    if (is_bulk(request)) {
      const auto oids = asked(request);
      EXPECT_EQ(oids[0], itnxt::test::arcs_of("1.3.6.1.2.1.1.3"));
      EXPECT_EQ(test::parse(request).error_status, 1) << "non-repeaters";
      if (oids.size() > 13) {
        EXPECT_EQ(oids[1][10], 6U) << "ifHCInOctets";
        EXPECT_EQ(oids[13][10], 19U) << "ifCounterDiscontinuityTime";
        // Later ones go without ifPhysAddress, which this agent lacks.
        EXPECT_EQ(oids.size(), seen ? 20U : 21U) << "all columns in one request";
        seen = true;
        return agent.answer(request);
      }
    }
    return agent.answer(request);
  });
  EXPECT_TRUE(seen);
}

TEST(Walk, RowsWithoutA64BitCounterGetThe32BitOneAndTheOthersKeepTheirs) {  // T6
  Recording agent = device(5);
  Recording sparse = agent;
  Recording made;
  for (const auto& [oid, value] : agent.values()) {
    const bool hc = oid.size() == 12 && oid[6] == 31 && oid[10] >= 6 && oid[10] <= 13;
    if (hc && oid[11] % 2 == 0) continue;  // rows 2 and 4 have none
    std::string text;
    for (const std::uint32_t arc : oid) text += (text.empty() ? "" : ".") + std::to_string(arc);
    if (value.tag == 4) {
      made.add(text, "4", std::string(value.content.begin(), value.content.end()));
    } else if (value.tag == 6) {
      made.add(text, "6", dotted(value.content));
    } else {
      made.add(text, std::to_string(value.tag), std::to_string(*unsigned_number(value.content, 8)));
    }
  }
  DeviceMemory memory;
  const Driven first = drive(memory, serve(made));
  EXPECT_EQ(first.sample.result, PollResult::ok) << first.sample.problem;
  EXPECT_TRUE(first.sample.complete);
  for (const InterfaceSample& row : first.sample.interfaces) {
    const bool narrow = row.if_index % 2 == 0;
    const Counter in = *row.counters.get(Column::in_octets);
    EXPECT_EQ(in.width, narrow ? CounterWidth::bits32 : CounterWidth::bits64);
    EXPECT_EQ(in.value, narrow ? 10'000 + row.if_index : (5ULL << 32U) + 6000 + row.if_index);
    EXPECT_EQ(row.counters.get(Column::out_broadcast_packets)->width,
              narrow ? CounterWidth::bits32 : CounterWidth::bits64);
  }
  // The next poll asks for both at once: nothing is asked twice, all of one PDU.
  const Driven second = drive(memory, serve(made));
  EXPECT_EQ(second.oids[1], 1U + kMibColumnCount - 4U)
      << "all but ifSpeed, ifPhysAddress, ifInNUcastPkts and ifOutNUcastPkts";
  ASSERT_EQ(second.sample.interfaces.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(second.sample.interfaces[i].counters, first.sample.interfaces[i].counters);
  }
}

TEST(Walk, ADeviceWithoutIfXTable) {
  Recording agent;
  const Recording full = device(3, false);
  for (const auto& [oid, value] : full.values()) {
    if (oid.size() > 6 && oid[6] == 31) continue;
    std::string text;
    for (const std::uint32_t arc : oid) text += (text.empty() ? "" : ".") + std::to_string(arc);
    agent.add(text, std::to_string(value.tag),
              value.tag == 4   ? std::string(value.content.begin(), value.content.end())
              : value.tag == 6 ? dotted(value.content)
                               : std::to_string(*unsigned_number(value.content, 8)));
  }
  DeviceMemory memory;
  const Driven first = drive(memory, serve(agent));
  EXPECT_EQ(first.sample.result, PollResult::ok) << first.sample.problem;
  ASSERT_EQ(first.sample.interfaces.size(), 3U);
  const InterfaceSample& row = first.sample.interfaces[0];
  EXPECT_EQ(row.if_name, "");
  EXPECT_EQ(row.if_descr, "eth1");
  EXPECT_EQ(row.speed, bits_per_second(1e8)) << "from ifSpeed";
  EXPECT_EQ(row.counters.get(Column::in_octets), (Counter{10'001, CounterWidth::bits32}));
  EXPECT_EQ(row.counters.get(Column::in_multicast_packets), std::nullopt) << "absent, not zero";
  EXPECT_EQ(row.discontinuity, std::nullopt);
  // What the device does not have is not asked again.
  const Driven second = drive(memory, serve(agent));
  EXPECT_LT(second.requests, first.requests);
  EXPECT_EQ(second.sample.interfaces[0].counters, row.counters);
  EXPECT_EQ(second.oids[1], 13U) << "sysUpTime, 3 of ifTable's state, 4 errors, 4 octets, ifSpeed";
}

// RFC 1213 agents count multicast and broadcast in one: a row has that where it has neither of
// them.
TEST(Walk, NonUnicastPacketsAreAskedForOnlyWhereARowLacksMulticastAndBroadcast) {
  Recording agent = device(2, false);
  agent.add("1.3.6.1.2.1.2.2.1.2.3", "4", "old");
  for (const char* index : {"1", "2", "3"}) {
    agent.add("1.3.6.1.2.1.2.2.1.12." + std::string(index), "65", "700");
    agent.add("1.3.6.1.2.1.2.2.1.18." + std::string(index), "65", "800");
  }
  DeviceMemory memory;
  for (int poll = 0; poll < 2; ++poll) {
    const Driven driven = drive(memory, serve(agent));
    EXPECT_EQ(driven.sample.result, PollResult::ok) << driven.sample.problem;
    const CounterSet& modern = test::row(driven.sample, 1)->counters;
    EXPECT_EQ(modern.get(Column::in_multicast_packets), (Counter{4001, CounterWidth::bits32}));
    EXPECT_EQ(modern.get(Column::out_broadcast_packets), (Counter{10'001, CounterWidth::bits32}));
    const CounterSet& old = test::row(driven.sample, 3)->counters;
    EXPECT_EQ(old.get(Column::in_multicast_packets), (Counter{700, CounterWidth::bits32}));
    EXPECT_EQ(old.get(Column::out_multicast_packets), (Counter{800, CounterWidth::bits32}));
    EXPECT_EQ(old.get(Column::in_broadcast_packets), std::nullopt);
  }
  // A device with both in 64 bits is never asked.
  DeviceMemory wide;
  const Recording ordinary = device(2);
  for (int poll = 0; poll < 2; ++poll) {
    const Driven driven = drive(wide, [&](ByteView request) {
      for (const Recording::Arcs& oid : asked(request)) {
        EXPECT_FALSE(oid.size() > 9 && oid[6] == 2 && (oid[9] == 12 || oid[9] == 18));
      }
      return ordinary.answer(request);
    });
    EXPECT_EQ(driven.sample.result, PollResult::ok) << driven.sample.problem;
  }
}

TEST(Walk, SpeedIsIfHighSpeedElseIfSpeedElseNone) {  // T8
  struct Case {
    const char* high;
    const char* low;
    std::optional<BytesPerSecond> speed;
  };
  const std::vector<Case> cases = {{"10000", "4294967295", bits_per_second(1e10)},
                                   {"0", "64000", bits_per_second(64'000)},
                                   {"0", "0", std::nullopt},
                                   {"0", "4294967295", std::nullopt}};
  for (const Case& one : cases) {
    Recording agent = device(1);
    agent.add("1.3.6.1.2.1.31.1.1.1.15.1", "66", one.high);
    agent.add("1.3.6.1.2.1.2.2.1.5.1", "66", one.low);
    DeviceMemory memory;
    EXPECT_EQ(drive(memory, serve(agent)).sample.interfaces[0].speed, one.speed) << one.high;
  }
}

TEST(Walk, ExceptionsAreNeitherZeroNorErrors) {  // T14
  Recording agent = device(2);
  agent.add("1.3.6.1.2.1.31.1.1.1.6.2", "129", "");  // noSuchInstance amid the table
  agent.add("1.3.6.1.2.1.2.2.1.14.1", "5", "");      // NULL
  DeviceMemory memory;
  const DeviceSample sample = drive(memory, serve(agent)).sample;
  EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
  EXPECT_EQ(sample.interfaces[0].counters.get(Column::in_errors), std::nullopt);
  EXPECT_EQ(sample.interfaces[1].counters.get(Column::in_octets),
            (Counter{10'002, CounterWidth::bits32}));
}

TEST(Walk, InterfacesWithoutANameStillCount) {
  Recording agent;
  agent.add("1.3.6.1.2.1.31.1.1.1.6.7", "70", "99");
  DeviceMemory memory;
  const DeviceSample sample = drive(memory, serve(agent)).sample;
  EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
  EXPECT_EQ(sample.uptime, std::nullopt);
  ASSERT_EQ(sample.interfaces.size(), 1U);
  EXPECT_EQ(sample.interfaces[0].if_index, 7U);
  EXPECT_EQ(sample.interfaces[0].counters.get(Column::in_octets),
            (Counter{99, CounterWidth::bits64}));
}

TEST(Walk, AnAgentMayAnswerFewerRowsThanAsked) {  // T10, down to less than one whole row
  const Recording agent = device(6);
  DeviceMemory reference_memory;
  const DeviceSample reference = drive(reference_memory, serve(agent)).sample;
  for (std::size_t most = 2; most <= 45; ++most) {
    DeviceMemory memory;
    const DeviceSample sample = drive(memory, serve(agent, most)).sample;
    EXPECT_EQ(sample.result, PollResult::ok) << most << ' ' << sample.problem;
    EXPECT_TRUE(sample.complete);
    ASSERT_EQ(sample.interfaces.size(), 6U) << most;
    for (std::size_t i = 0; i < 6; ++i) {
      EXPECT_EQ(sample.interfaces[i].counters, reference.interfaces[i].counters) << most;
      EXPECT_EQ(sample.interfaces[i].if_alias, reference.interfaces[i].if_alias) << most;
    }
  }
}

TEST(Walk, TooBigHalvesThenSplitsAndTheSizeIsRemembered) {  // T11
  const Recording agent = device(6);
  std::uint32_t refused = 0;
  const auto picky = [&](ByteView request) {
    Bytes reply = agent.answer(request);
    if (reply.size() <= 300) return reply;
    ++refused;
    return test::error(request, 1);
  };
  DeviceMemory memory;
  const Driven first = drive(memory, picky);
  EXPECT_EQ(first.sample.result, PollResult::ok) << first.sample.problem;
  EXPECT_TRUE(first.sample.complete);
  ASSERT_EQ(first.sample.interfaces.size(), 6U);
  EXPECT_EQ(first.sample.interfaces[5].if_alias, "to 6");
  EXPECT_EQ(first.sample.interfaces[5].counters.get(Column::out_discards)->value, 19'006U);
  EXPECT_GT(refused, 0U);
  refused = 0;
  EXPECT_EQ(drive(memory, picky).sample.result, PollResult::ok);
  EXPECT_EQ(refused, 0U) << "the size that was borne is remembered";
  for (int i = 0; i < 30; ++i) (void)drive(memory, picky);
  EXPECT_LT(refused, 10U) << "and grows back slowly";
}

TEST(Walk, OneCellThatIsTooBigIsSkippedAndNamed) {  // T11
  const Recording agent = device(3);
  const auto choking = [&](ByteView request) {  // on ifAlias of row 2
    const Bytes reply = agent.answer(request);
    const auto decoded = decode(reply);
    Varbinds varbinds = std::get<Message>(decoded).begin();
    while (const auto varbind = varbinds.next()) {
      if (dotted(varbind->oid) == "1.3.6.1.2.1.31.1.1.1.18.2") return test::error(request, 1);
    }
    return reply;
  };
  DeviceMemory memory;
  const DeviceSample sample = drive(memory, choking).sample;
  EXPECT_EQ(sample.result, PollResult::partial);
  EXPECT_EQ(sample.problem, "ifAlias of row 2 is too big for the device to send; skipped");
  EXPECT_FALSE(sample.complete);
  ASSERT_EQ(sample.interfaces.size(), 3U);
  EXPECT_EQ(sample.interfaces[1].if_alias, "");
  EXPECT_EQ(sample.interfaces[2].if_alias, "to 3") << "the walk goes on behind it";
  EXPECT_EQ(sample.interfaces[1].counters.get(Column::in_octets)->value, (5ULL << 32U) + 6002);
}

TEST(Walk, SilenceToBigRequestsOnlyIsAQuestionOfSize) {  // T12
  const Recording agent = device(6);
  const auto lossy = [&](ByteView request) {
    Bytes reply = agent.answer(request);
    return reply.size() > 500 ? Bytes{} : reply;
  };
  DeviceMemory memory;
  const Driven first = drive(memory, lossy);
  EXPECT_EQ(first.sample.result, PollResult::ok) << first.sample.problem;
  EXPECT_EQ(first.sample.interfaces.size(), 6U);
  const Driven second = drive(memory, lossy);
  EXPECT_EQ(second.sample.result, PollResult::ok);
  EXPECT_EQ(second.sample.took, second.requests * 10ms) << "no request went unanswered";
}

}  // namespace
}  // namespace itnxt::snmp::test
