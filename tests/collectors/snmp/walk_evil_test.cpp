// Agents that break the rules of GETBULK, or send values that no device should (T13): each with its
// whole message.
#include <gtest/gtest.h>

#include "collectors/snmp/walk.hpp"
#include "tests/collectors/snmp/agent.hpp"

namespace itnxt::snmp {
namespace {

using itnxt::test::Recording;
using test::asked;
using test::Bytes;
using test::device;
using test::drive;
using test::Driven;
using test::is_bulk;
using test::serve;

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

}  // namespace
}  // namespace itnxt::snmp
