// Agents that break the rules of GETBULK, or send values that no device should (T13): each with its
// whole message.
#include <gtest/gtest.h>

#include "collectors/snmp/endless.hpp"
#include "collectors/snmp/walk.hpp"
#include "tests/collectors/snmp/agent.hpp"

namespace itnxt::snmp::test {
namespace {

using itnxt::test::Recording;

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
  EXPECT_EQ(driven.sample.problem.find("the walk of its interfaces does not end: "), 0U)
      << driven.sample.problem;
  EXPECT_NE(driven.sample.problem.find("ignored; and "), std::string::npos);
  EXPECT_EQ(driven.broken.of(Rule::endless), 1U);
  EXPECT_TRUE(driven.sample.interfaces.empty()) << "nobody knows which of them there are";
  EXPECT_LE(driven.requests, 1100U) << "ifNumber says 1";
}

// Rows of the right types without end; `from` has the system group.
Driven endless(const Recording& from, DeviceMemory& memory, std::uint32_t last = 0xFFFF'FFFF) {
  memory.columns = bit(0) | bit(1);
  memory.useless = kFallbackColumns;
  memory.polls = 1;
  std::uint32_t row = 0;
  return drive(memory, forge(from, [&](auto& reply, const auto& oids, std::uint32_t repetitions) {
                 for (std::uint32_t n = 0; n < repetitions; ++n) {
                   ++row;
                   for (std::size_t i = 1; i < oids.size(); ++i) {
                     if (row > last) {
                       reply.varbind(itnxt::test::encode_oid(oids[i]), 0x82, Bytes{});
                     } else {
                       reply.varbind(below(oids[i], row), 0x46, Bytes{9});
                     }
                   }
                 }
               }));
}

// A device that has no interfaces of its own and says that it has `if_number`.
Recording saying(const char* if_number) {
  Recording agent;
  agent.add("1.3.6.1.2.1.1.3.0", "67", "123456");
  if (if_number != nullptr) agent.add("1.3.6.1.2.1.2.1.0", "2", if_number);
  return agent;
}

TEST(EvilAgent, WhatItInventsBeyondItsIfNumberIsNotTaken) {
  DeviceMemory memory;
  const Driven driven = endless(saying("8"), memory);
  EXPECT_EQ(driven.sample.result, PollResult::partial);
  EXPECT_EQ(driven.sample.problem,
            "the walk of its interfaces does not end: 1025 rows where ifNumber says 8; none of "
            "them is taken");
  EXPECT_TRUE(driven.sample.interfaces.empty());
  EXPECT_FALSE(driven.sample.complete);
  EXPECT_TRUE(driven.sample.answered);
  EXPECT_EQ(driven.sample.uptime, TimeTicks{123456});
  EXPECT_EQ(driven.broken.of(Rule::endless), 1U);
  EXPECT_EQ(driven.broken.of(Rule::not_increasing), 0U);
  EXPECT_EQ(memory.rows, 0U) << "nothing was learned of it";
}

TEST(EvilAgent, WithoutABelievableIfNumberTheBudgetDecides) {
  for (const char* if_number : {static_cast<const char*>(nullptr), "2147483647"}) {
    DeviceMemory memory;
    const Driven driven = endless(saying(if_number), memory);
    EXPECT_EQ(driven.sample.problem,
              "the walk of its interfaces does not end: more than 16384 rows; none of them is "
              "taken");
    EXPECT_TRUE(driven.sample.interfaces.empty());
  }
}

TEST(BigDevice, IsTakenAsItsIfNumberSays) {
  for (const char* if_number : {"16000", "7600"}) {
    DeviceMemory memory;
    const Driven driven = endless(saying(if_number), memory, 16'000);
    EXPECT_EQ(driven.sample.problem, "");
    EXPECT_TRUE(driven.sample.complete);
    EXPECT_EQ(driven.sample.interfaces.size(), 16'000U);
  }
  DeviceMemory memory;
  const Driven more = endless(saying("20000"), memory, 20'000);
  EXPECT_EQ(more.sample.problem, "more than 16384 rows; the walk stopped there");
  EXPECT_GT(more.sample.interfaces.size(), kMostRows);
  EXPECT_FALSE(more.sample.complete);
}

TEST(BigDevice, WithAWrongIfNumberIsBelievedByItsLastWholeWalk) {
  DeviceMemory memory;
  memory.rows = 3000;
  const Driven driven = endless(saying("5"), memory, 6000);
  EXPECT_EQ(driven.sample.problem, "");
  EXPECT_EQ(driven.sample.interfaces.size(), 6000U);
}

TEST(EvilAgent, WithoutIfNumberAnIntervalIsABudgetToo) {
  const Recording agent = saying(nullptr);
  for (const std::uint32_t known : {0U, 2000U}) {
    DeviceMemory memory;
    memory.columns = bit(0);
    memory.rows = known;
    Walk walk(memory, {}, Instant{});
    std::uint32_t row = 0;
    const test::Agent inventing =
        forge(agent, [&](auto& reply, const auto& oids, std::uint32_t repetitions) {
          for (std::uint32_t n = 0; n < repetitions; ++n) {
            reply.varbind(below(oids[1], ++row), 0x46, Bytes{9});
          }
        });
    std::array<std::uint8_t, 2048> buffer{};
    while (row < 1200) {
      const Bytes reply = inventing(encode(walk.request(), Version::v2c, "public", 1, buffer));
      walk.answer(test::parse(reply), Instant{});
    }
    walk.expire(60s);
    const DeviceSample sample = walk.finish(Instant{60s});
    EXPECT_EQ(sample.result, PollResult::partial);
    if (known == 0) {
      EXPECT_EQ(sample.problem,
                "the walk of its interfaces does not end: " + std::to_string(row) +
                    " rows within the interval of 1m and no ifNumber that says so; none of "
                    "them is taken");
      EXPECT_TRUE(walk.endless());
    } else {
      EXPECT_EQ(sample.problem, "the poll did not end within the interval of 1m: " +
                                    std::to_string(row) + " rows so far; raise 'interval'");
      EXPECT_FALSE(walk.endless());
    }
  }
}

TEST(EndlessWalks, AreTriedLessAndLessUntilOneEnds) {
  const auto pauses = [](EndlessWalks& walks, bool endless, bool complete) {
    walks.walked(endless, complete);
    int polls = 0;
    for (; !walks.walks_next(); ++polls) walks.rested();
    return polls;
  };
  EndlessWalks walks;
  EXPECT_EQ(pauses(walks, false, true), 0);
  for (const int expected : {1, 3, 7, 9, 9}) EXPECT_EQ(pauses(walks, true, false), expected);
  EXPECT_EQ(pauses(walks, false, false), 0) << "cut short";
  EXPECT_EQ(pauses(walks, true, false), 9);
  EXPECT_EQ(pauses(walks, false, true), 0);
  EXPECT_EQ(pauses(walks, true, false), 1);
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
}  // namespace itnxt::snmp::test
