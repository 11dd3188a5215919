// How a poll ends: silence, restarts, refusals, the end of its time.
#include "collectors/snmp/walk.hpp"

#include <gtest/gtest.h>

#include "tests/collectors/snmp/agent.hpp"

namespace itnxt::snmp::test {
namespace {

using itnxt::test::Recording;

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

TEST(Walk, WhatIsAskedOtherwiseIsWorthOneTryMoreWhenTheRetriesAreUsedUp) {
  const auto tries = [](std::uint32_t retries) {
    DeviceMemory memory;
    Walk walk(memory, {1s, retries}, Instant{});
    std::uint32_t count = 0;
    for (; !walk.done(); ++count) walk.timed_out(true);
    EXPECT_EQ(walk.finish(Instant{}).problem, "no answer to " + std::to_string(count) + " tries");
    return count;
  };
  EXPECT_EQ(tries(0), 2U);
  EXPECT_EQ(tries(2), 4U);
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
}  // namespace itnxt::snmp::test
