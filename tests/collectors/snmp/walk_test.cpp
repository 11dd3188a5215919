// One poll against agents that behave, and against agents that do not (field notes T1-T14).
#include "collectors/snmp/walk.hpp"

#include <gtest/gtest.h>

#include "tests/collectors/snmp/agent.hpp"

namespace itnxt::snmp {
namespace {

using itnxt::test::Recording;
using test::Bytes;
using test::device;
using test::drive;
using test::Driven;
using test::serve;

std::vector<Recording::Arcs> asked(ByteView request) {
  std::vector<Recording::Arcs> oids;
  const Message message = test::parse(request);
  Varbinds varbinds = message.begin();
  while (const auto varbind = varbinds.next()) {
    oids.push_back(itnxt::test::arcs_of(dotted(varbind->oid)));
  }
  return oids;
}

bool is_bulk(ByteView request) {
  return test::parse(request).type == PduType::get_bulk;
}

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
  EXPECT_EQ(second.oids[1], 1U + kMibColumnCount - 2U) << "all but ifSpeed and ifPhysAddress";
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

TEST(Walk, NoAnswerAtAll) {
  DeviceMemory memory;
  const Driven driven = drive(memory, [](ByteView) { return Bytes{}; }, {2s, 2});
  EXPECT_EQ(driven.sample.result, PollResult::timeout);
  EXPECT_EQ(driven.sample.problem, "no answer to 3 tries");
  EXPECT_EQ(driven.requests, 3U);
  EXPECT_EQ(driven.sample.took, 2s + 3s + 4500ms) << "each try waits half as long again";
  EXPECT_EQ(drive(memory, [](ByteView) { return Bytes{}; }, {1s, 0}).sample.problem,
            "no answer to 1 try");
}

TEST(Walk, FewerRetriesUntilTheFirstAnswerThenAllOfThem) {
  WalkPolicy policy{1s, 3};
  policy.retries_unheard = 0;
  DeviceMemory memory;
  const Driven dead = drive(
      memory, [](ByteView) { return Bytes{}; }, policy);
  EXPECT_EQ(dead.requests, 1U);
  EXPECT_EQ(dead.sample.problem, "no answer to 1 try");
  const Recording agent = device(5);
  int requests = 0;
  const Driven lossy = drive(
      memory,
      [&](ByteView request) {
        const int n = requests++;
        return n >= 1 && n <= 3 ? Bytes{} : agent.answer(request);
      },
      policy);
  EXPECT_EQ(lossy.sample.result, PollResult::ok) << lossy.sample.problem;
}

TEST(Walk, AnAgentThatDiesInBetweenKeepsWhatArrived) {
  const Recording agent = device(20);
  int answers = 3;
  DeviceMemory memory;
  const DeviceSample sample = drive(memory, [&](ByteView request) {
                                return answers-- > 0 ? agent.answer(request) : Bytes{};
                              }).sample;
  EXPECT_EQ(sample.result, PollResult::partial);
  EXPECT_EQ(sample.problem, "stopped answering after 6 rows: 3 tries without a reply");
  EXPECT_EQ(sample.interfaces.size(), 6U);
  EXPECT_FALSE(sample.complete);
}

TEST(Walk, ARestartInBetweenMakesTheRowsBeforeItWorthless) {
  Recording before = device(20);
  before.add("1.3.6.1.2.1.1.3.0", "67", "999999");
  Recording after = device(20);
  after.add("1.3.6.1.2.1.1.3.0", "67", "500");
  int answers = 3;
  DeviceMemory memory;
  const DeviceSample sample =
      drive(memory, [&](ByteView request) {
        return answers-- > 0 ? before.answer(request) : after.answer(request);
      }).sample;
  EXPECT_EQ(sample.result, PollResult::partial);
  EXPECT_EQ(sample.problem, "the device restarted during the poll");
  EXPECT_TRUE(sample.interfaces.empty());
  EXPECT_EQ(sample.uptime, TimeTicks{500});
}

TEST(Walk, AWrapOfTheUptimeIsNoRestart) {  // T4
  Recording before = device(20);
  before.add("1.3.6.1.2.1.1.3.0", "67", "4294967290");
  Recording after = device(20);
  after.add("1.3.6.1.2.1.1.3.0", "67", "5");
  int answers = 3;
  DeviceMemory memory;
  const DeviceSample sample =
      drive(memory, [&](ByteView request) {
        return answers-- > 0 ? before.answer(request) : after.answer(request);
      }).sample;
  EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
  EXPECT_EQ(sample.interfaces.size(), 20U);
}

// --- agents that break the rules: T13, each with its whole message ------------------------------

// Answers a GETBULK by `next`, which maps (column's OID asked, repetition) to a varbind.
using Forge = std::function<void(itnxt::test::ReplyWriter&, const std::vector<Recording::Arcs>&,
                                 std::uint32_t repetitions)>;
test::Agent forge(const Recording& agent, Forge forged) {
  return [&agent, forged](ByteView request) {
    if (!is_bulk(request)) return agent.answer(request);
    Bytes out(60'000);
    itnxt::test::ReplyWriter reply(out);
    const Message message = test::parse(request);
    reply.begin("public", message.request_id);
    reply.varbind(itnxt::test::encode_oid(itnxt::test::arcs_of("1.3.6.1.2.1.1.3.0")), 0x43,
                  Bytes{0x01, 0xE2, 0x40});
    forged(reply, asked(request), static_cast<std::uint32_t>(message.error_index));
    out.resize(reply.finish());
    return out;
  };
}

Bytes below(const Recording::Arcs& oid, std::uint32_t row) {
  Recording::Arcs longer(oid.begin(), oid.begin() + (oid[6] == 31 ? 11 : 10));
  longer.push_back(row);
  return itnxt::test::encode_oid(longer);
}

TEST(EvilAgent, RepeatsTheSameRowForEver) {
  const Recording agent = device(1);
  DeviceMemory memory;
  const Driven driven =
      drive(memory, forge(agent, [](auto& reply, const auto& oids, std::uint32_t repetitions) {
              for (std::uint32_t n = 0; n < repetitions; ++n) {
                for (std::size_t i = 1; i < oids.size(); ++i) {
                  reply.varbind(below(oids[i], 5), 0x41, Bytes{9});
                }
              }
            }));
  EXPECT_EQ(driven.sample.result, PollResult::partial);
  EXPECT_EQ(driven.sample.problem,
            "ifHCInOctets: OIDs do not increase after row 5; the walk of this column stopped; "
            "ifHCOutOctets: OIDs do not increase after row 5; the walk of this column stopped; "
            "ifHCInUcastPkts: OIDs do not increase after row 5; the walk of this column stopped; "
            "and 23 more");
  EXPECT_EQ(driven.broken.of(Rule::not_increasing), 20U) << "those that are not named, too";
  EXPECT_EQ(driven.broken.of(Rule::odd_value), 6U);
  EXPECT_FALSE(driven.sample.complete);
  EXPECT_LT(driven.requests, 10U);
  ASSERT_EQ(driven.sample.interfaces.size(), 1U) << "what arrived is kept";
  EXPECT_EQ(driven.sample.interfaces[0].counters.get(Column::in_octets)->value, 9U);
}

TEST(EvilAgent, GoesBackToTheBeginningOfItsMib) {
  const Recording agent = device(1);
  DeviceMemory memory;
  const Driven driven =
      drive(memory, forge(agent, [](auto& reply, const auto& oids, std::uint32_t) {
              for (std::size_t i = 1; i < oids.size(); ++i) {
                reply.varbind(Bytes{0x2B, 6, 1, 2, 1, 1, 1, 0}, 0x04, Bytes{'x'});
              }
            }));
  EXPECT_EQ(driven.sample.result, PollResult::partial);
  EXPECT_EQ(
      driven.sample.problem.substr(0, 86),
      "ifHCInOctets: OIDs do not increase at its start; the walk of this column stopped; ifHC");
  EXPECT_GE(driven.broken.of(Rule::not_increasing), 19U);
}

TEST(EvilAgent, InventsRowsWithoutEnd) {
  const Recording agent = device(1);
  std::uint32_t row = 0;
  DeviceMemory memory;
  const Driven driven =
      drive(memory, forge(agent, [&](auto& reply, const auto& oids, std::uint32_t repetitions) {
              for (std::uint32_t n = 0; n < repetitions; ++n) {
                ++row;
                for (std::size_t i = 1; i < oids.size(); ++i) {
                  reply.varbind(below(oids[i], row), 0x41, Bytes{9});
                }
              }
            }));
  EXPECT_EQ(driven.sample.result, PollResult::partial);
  EXPECT_NE(driven.sample.problem.find("and "), std::string::npos);
  EXPECT_LE(driven.sample.interfaces.size(), kMostRows + kMostVarbinds);
  EXPECT_LE(driven.requests, kMostRequests);
}

TEST(EvilAgent, RowsOfTheRightTypesWithoutEnd) {
  const Recording agent = device(1);
  std::uint32_t row = 0;
  DeviceMemory memory;
  memory.columns = bit(0) | bit(1);
  memory.useless = kFallbackColumns;
  memory.polls = 1;
  const Driven driven =
      drive(memory, forge(agent, [&](auto& reply, const auto& oids, std::uint32_t repetitions) {
              for (std::uint32_t n = 0; n < repetitions; ++n) {
                ++row;
                for (std::size_t i = 1; i < oids.size(); ++i) {
                  reply.varbind(below(oids[i], row), 0x46, Bytes{9});
                }
              }
            }));
  EXPECT_EQ(driven.sample.problem, "more than 16384 rows; the walk stopped there");
  EXPECT_EQ(driven.broken.of(Rule::endless), 1U);
  EXPECT_EQ(driven.broken.of(Rule::not_increasing), 0U);
}

TEST(EvilAgent, AnswersWithNothing) {
  const Recording agent = device(1);
  DeviceMemory memory;
  const Driven driven = drive(memory, forge(agent, [](auto&, const auto&, std::uint32_t) {}));
  EXPECT_EQ(driven.sample.result, PollResult::partial);
  EXPECT_EQ(driven.sample.problem, "the device answers a GETBULK with an empty reply after 0 rows");
  EXPECT_EQ(driven.requests, 2U) << "an empty reply is never asked for again";
  EXPECT_EQ(driven.broken.of(Rule::empty), 1U);
}

TEST(EvilAgent, WrongTypesAndNegativeCounters) {
  Recording agent = device(2);
  agent.add("1.3.6.1.2.1.31.1.1.1.6.1", "4", "lots");
  agent.add("1.3.6.1.2.1.2.2.1.14.2", "2", "-5");
  agent.add("1.3.6.1.2.1.2.2.1.8.2", "2", "99");
  DeviceMemory memory;
  const DeviceSample sample = drive(memory, serve(agent)).sample;
  EXPECT_EQ(sample.result, PollResult::partial);
  EXPECT_EQ(sample.problem,
            "ifHCInOctets of row 1: not a value this column can have (OCTET STRING); ignored; "
            "ifInErrors of row 2: not a value this column can have (INTEGER); ignored; "
            "ifOperStatus of row 2: not a value this column can have (INTEGER); ignored");
  EXPECT_TRUE(sample.complete) << "every row was seen";
  EXPECT_EQ(sample.interfaces[0].counters.get(Column::in_octets)->width, CounterWidth::bits32);
  EXPECT_EQ(sample.interfaces[1].counters.get(Column::in_errors), std::nullopt);
  EXPECT_EQ(sample.interfaces[1].oper, OperStatus::unknown);
}

TEST(EvilAgent, StringsOfAnyKindAreMadeSafe) {
  Recording agent = device(1);
  agent.add("1.3.6.1.2.1.31.1.1.1.18.1", "4x", "1b5b314d53747261df650a226c6162656c220000");
  agent.add("1.3.6.1.2.1.1.5.0", "4", std::string(10'000, 'x'));
  DeviceMemory memory;
  const DeviceSample sample = drive(memory, serve(agent)).sample;
  EXPECT_EQ(sample.interfaces[0].if_alias,
            "[1MStra\xc3\x9f"
            "e \"label\"");
  EXPECT_EQ(sample.sys_name, std::string(256, 'x'));
}

TEST(EvilAgent, MalformedRowIndexes) {
  const Recording agent = device(1);
  DeviceMemory memory;
  memory.columns = bit(0);
  memory.useless = kFallbackColumns;
  const Driven driven =
      drive(memory, forge(agent, [](auto& reply, const auto& oids, std::uint32_t) {
              Bytes oid = below(oids[1], 1);
              reply.varbind(oid, 0x46, Bytes{9});
              oid.push_back(7);  // a second arc
              reply.varbind(oid, 0x46, Bytes{9});
            }));
  EXPECT_EQ(driven.sample.problem,
            "ifHCInOctets: malformed row index after row 1; the walk of this column stopped");
  EXPECT_EQ(driven.sample.interfaces.size(), 1U);
}

TEST(EvilAgent, MalformedRepliesAreNoSilence) {
  DeviceMemory memory;
  const Driven driven = drive(memory, [](ByteView) { return Bytes{'h', 'e', 'l', 'l', 'o'}; });
  EXPECT_EQ(driven.sample.result, PollResult::error);
  EXPECT_FALSE(driven.sample.answered) << "whoever sends rubbish may be no SNMP agent";
  EXPECT_EQ(driven.sample.problem,
            "no usable answer within 3 tries; 3 replies were malformed (bad_length); does an SNMP "
            "agent answer there?");
}

TEST(EvilAgent, RefusesTheSystemGroup) {
  DeviceMemory memory;
  const Driven driven = drive(memory, [](ByteView request) { return test::error(request, 5); });
  EXPECT_EQ(driven.sample.result, PollResult::error);
  EXPECT_EQ(driven.sample.problem, "refuses the GET of the system group: genErr");
  EXPECT_TRUE(driven.sample.answered) << "an error is an answer";
  EXPECT_EQ(driven.broken.of(Rule::refused), 1U);
}

TEST(EvilAgent, WhoMayNotReadHasWrongCredentials) {
  DeviceMemory memory;
  const Driven driven = drive(memory, [](ByteView request) { return test::error(request, 16); });
  EXPECT_EQ(driven.sample.result, PollResult::auth);
  EXPECT_TRUE(driven.sample.answered);
  EXPECT_EQ(driven.sample.problem,
            "credentials wrong: the device answers authorizationError: it lets this user or "
            "community read nothing, or only on a higher security level (auth, priv)");
}

// An empty view: nothing of what was there is gone.
TEST(EvilAgent, WhoSeesNothingHasWrongCredentials) {
  itnxt::test::Recording other;
  other.add("1.3.6.1.2.1.1.0.0", "2", "1");  // before all that is asked
  DeviceMemory memory;
  const Driven driven = drive(memory, serve(other));
  EXPECT_EQ(driven.sample.result, PollResult::auth);
  EXPECT_FALSE(driven.sample.complete);
  EXPECT_TRUE(driven.sample.answered);
  EXPECT_EQ(driven.sample.problem,
            "credentials wrong: the device has nothing of what was asked: its view lets this user "
            "or community read nothing");
}

// A device that falls silent while its names are still unread: rows without names would be taken
// for other ports.
TEST(EvilAgent, RowsWhoseNamesWereNotReadAreLeftOut) {
  DeviceMemory memory;
  const auto recording = test::device(30);
  const auto agent = test::serve(recording);
  ASSERT_EQ(drive(memory, agent).sample.interfaces.size(), 30U);
  memory.max_varbinds = 8;  // several passes: the counters before the names
  std::uint32_t requests = 0;
  const Driven cut = drive(
      memory, [&](ByteView request) { return ++requests > 40 ? test::Bytes{} : agent(request); });
  EXPECT_EQ(cut.sample.result, PollResult::partial);
  EXPECT_FALSE(cut.sample.complete);
  for (const InterfaceSample& row : cut.sample.interfaces) {
    EXPECT_FALSE(row.if_name.empty() && row.if_descr.empty()) << row.if_index;
  }
  EXPECT_LT(cut.sample.interfaces.size(), 30U);
}

TEST(EvilAgent, GenErrForOneColumnCostsThatColumn) {
  const Recording agent = device(3);
  const auto failing = [&](ByteView request) {
    const auto oids = asked(request);
    for (std::size_t i = 1; is_bulk(request) && i < oids.size(); ++i) {
      if (oids[i][6] == 31 && oids[i][10] == 18) {
        return test::error(request, 5, static_cast<std::uint8_t>(i + 1));
      }
    }
    return agent.answer(request);
  };
  DeviceMemory memory;
  const DeviceSample sample = drive(memory, failing).sample;
  EXPECT_EQ(sample.problem, "ifAlias: the device answers genErr");
  EXPECT_EQ(sample.result, PollResult::partial);
  EXPECT_FALSE(sample.complete);
  ASSERT_EQ(sample.interfaces.size(), 3U);
  EXPECT_EQ(sample.interfaces[2].if_name, "e3");
}

TEST(EvilAgent, NoSuchNameForAScalarIsAskedWithoutIt) {  // a proxy to an SNMPv1 agent
  const Recording agent = device(1);
  const auto proxy = [&](ByteView request) {
    const auto oids = asked(request);
    for (std::size_t i = 0; !is_bulk(request) && i < oids.size(); ++i) {
      if (oids[i] == itnxt::test::arcs_of("1.3.6.1.2.1.1.5.0")) {
        return test::error(request, 2, static_cast<std::uint8_t>(i + 1));
      }
    }
    return agent.answer(request);
  };
  DeviceMemory memory;
  const DeviceSample sample = drive(memory, proxy).sample;
  EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
  EXPECT_EQ(sample.sys_name, "");
  EXPECT_EQ(sample.sys_descr, "a device");
}

TEST(EvilAgent, AnEmptyTableThatIfNumberDenies) {
  Recording agent;
  agent.add("1.3.6.1.2.1.1.3.0", "67", "1");
  agent.add("1.3.6.1.2.1.2.1.0", "2", "24");
  DeviceMemory memory;
  const DeviceSample sample = drive(memory, serve(agent)).sample;
  EXPECT_EQ(sample.result, PollResult::partial);
  EXPECT_EQ(sample.problem, "ifNumber says 24 interfaces, the tables hold none");
  EXPECT_FALSE(sample.complete);
}

TEST(Walk, TheTimeOfAPollIsBounded) {
  DeviceMemory memory;
  Walk walk(memory, {}, Instant{});
  walk.expire(60s);
  const DeviceSample sample = walk.finish(Instant{} + 60s);
  EXPECT_EQ(sample.result, PollResult::timeout) << "it never answered";
  EXPECT_EQ(sample.problem, "no answer within the interval of 1m");
  EXPECT_EQ(sample.took, 60s);
}

TEST(Walk, AnExpiredPollTellsWhatCameOfIt) {
  DeviceMemory memory;
  Walk rubbish(memory, {}, Instant{});
  rubbish.malformed(Fault::bad_length);
  rubbish.malformed(Fault::bad_length);
  rubbish.expire(60s);
  EXPECT_EQ(rubbish.finish(Instant{} + 60s).problem,
            "no usable answer within the interval of 1m; 2 replies were malformed (bad_length); "
            "does an SNMP agent answer there?");
  Walk unsent(memory, {}, Instant{});
  unsent.not_sent("Network is unreachable");
  unsent.expire(60s);
  EXPECT_EQ(unsent.finish(Instant{} + 60s).problem,
            "no answer within the interval of 1m; Network is unreachable");
}

}  // namespace
}  // namespace itnxt::snmp
