// The talk with a device over time: an agent by the RFC, its reboots and accidents.
#include <gtest/gtest.h>

#include "tests/collectors/snmp/usm/world.hpp"

namespace itnxt::snmp::usm {
namespace {

using test::Agent;
using test::Bytes;
using test::kAuth;
using test::kEngine;
using test::kOther;
using test::Session;
using Engine = test::World;

TEST_F(Engine, DiscoversSynchronizesAsksAndThenJustAsks) {
  EXPECT_EQ(session.state.stage(), Stage::undiscovered);
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 3) << "discovery, request with time 0, request";
  EXPECT_EQ(session.state.stage(), Stage::timed);
  EXPECT_EQ(session.state.engine_id(), kEngine);
  session.now += 60s;
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1);
  EXPECT_TRUE(session.findings.empty());
}

TEST_F(Engine, WithoutAuthenticationNoTimeIsNeeded) {
  user = test::make_user(AuthAlgorithm::none, PrivAlgorithm::none);
  Session plain(user);
  Agent open_agent(kEngine, user, 7, 10'000, plain.now);
  expect_accepted(plain.ask(open_agent));
  EXPECT_EQ(plain.datagrams, 2);
  EXPECT_EQ(plain.state.stage(), Stage::discovered);
  expect_accepted(plain.ask(open_agent));
  EXPECT_EQ(plain.datagrams, 1);
}

TEST_F(Engine, EveryLevelAndAlgorithm) {
  for (const AuthAlgorithm auth : {AuthAlgorithm::md5, AuthAlgorithm::sha512}) {
    for (const PrivAlgorithm priv :
         {PrivAlgorithm::none, PrivAlgorithm::des, PrivAlgorithm::aes256, PrivAlgorithm::aes256c}) {
      user = test::make_user(auth, priv);
      Session one(user);
      Agent its(kEngine, user, 1, 1, one.now);
      expect_accepted(one.ask(its));
    }
  }
}

TEST_F(Engine, ARememberedEngineSavesTheDiscovery) {
  session.state.assume(kEngine);
  EXPECT_EQ(session.state.stage(), Stage::discovered);
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 2);
}

TEST_F(Engine, TheClockGoesOnBetweenPolls) {
  make_proven();
  session.now += 72h;
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1) << "an estimate that stood still would be outside the window";
}

TEST_F(Engine, DriftIsFollowed) {
  make_proven();
  for (int i = 0; i < 50; ++i) {
    session.now += 600s;
    agent.time_then -= 10;  // a slow clock: 500 s in all
    expect_accepted(session.ask(agent));
    EXPECT_EQ(session.datagrams, 1);
  }
  for (int i = 0; i < 50; ++i) {
    session.now += 600s;
    agent.time_then += 20;
    expect_accepted(session.ask(agent));
    EXPECT_EQ(session.datagrams, 1);
  }
}

TEST_F(Engine, ARebootCostsOneRepetition) {
  make_proven();
  session.now += 60s;
  agent.restart(8, 5, session.now);
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 2);
  EXPECT_TRUE(session.findings.empty());
}

TEST_F(Engine, NotInTimeWindowIsRepeatedOnce) {
  make_proven();
  const Verdict verdict = session.ask([&](ByteView sent) {
    const auto decoded = decode_v3(sent);
    return agent.report(std::get<V3Message>(decoded).header.message_id,
                        UsmReport::not_in_time_windows, kAuth, session.now);
  });
  EXPECT_EQ(verdict.action, Action::fail);
  EXPECT_EQ(verdict.reason, Reason::not_in_time_window);
  EXPECT_EQ(session.datagrams, 2);
}

// The agent counts a little other than we: its clock is taken over without ado.
TEST_F(Engine, ASlightlySlowClockIsTakenOver) {
  make_proven();
  session.now += 1000s;
  agent.time_then -= 60;
  int sent = 0;
  const Verdict verdict = session.ask([&](ByteView datagram) {
    const auto decoded = decode_v3(datagram);
    const Header& header = std::get<V3Message>(decoded).header;
    if (sent++ > 0) {
      EXPECT_EQ(header.time, agent.time(session.now));
      return agent.answer(datagram, session.now);
    }
    return agent.report(header.message_id, UsmReport::not_in_time_windows, kAuth, session.now);
  });
  expect_accepted(verdict);
  EXPECT_TRUE(session.findings.empty());
}

TEST_F(Engine, BootsThatWentBackwardsAreFollowedAndTold) {
  make_proven();
  session.now += 60s;
  agent.restart(1, 30, session.now);
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 2);
  ASSERT_EQ(session.findings.size(), 1U);
  EXPECT_EQ(session.findings[0],
            "engine boots went backwards from 7 to 1 (engine ID 0x80001f888059dc486145a26322): the "
            "device lost its SNMP storage, or was replaced by one with its engine ID");
  session.now += 60s;
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1) << "healed";
  EXPECT_EQ(session.findings.size(), 1U) << "told once";
}

TEST_F(Engine, TimeThatWentBackwardsIsFollowedAndTold) {
  make_proven();
  session.now += 1000s;
  agent.restart(7, 500, session.now);
  expect_accepted(session.ask(agent));
  ASSERT_EQ(session.findings.size(), 1U);
  EXPECT_EQ(session.findings[0],
            "engine time went backwards from 11000 s to 500 s (engine ID "
            "0x80001f888059dc486145a26322) without a new boot: its clock stood still, or two "
            "devices share the engine ID");
}

TEST_F(Engine, TimeThatWentBackwardsWithinTheWindowIsToldToo) {
  make_proven();
  session.now += 30s;
  agent.restart(7, 9900, session.now);
  const std::string told =
      "engine time went backwards from 10030 s to 9900 s (engine ID "
      "0x80001f888059dc486145a26322) without a new boot: its clock stood still, or two devices "
      "share the engine ID";
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1) << "nobody refused anything";
  ASSERT_EQ(session.findings.size(), 1U);
  EXPECT_EQ(session.findings[0], told);
  session.now += 60s;
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.findings.size(), 1U) << "told once";
}

TEST_F(Engine, ANewEngineIsFollowedAndToldWhenItProvesItself) {
  make_proven();
  agent.rename(kOther);
  session.now += 60s;
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 3);
  EXPECT_EQ(session.state.engine_id(), kOther);
  ASSERT_EQ(session.findings.size(), 1U);
  EXPECT_EQ(session.findings[0],
            "the engine ID changed from 0x80001f888059dc486145a26322 to "
            "0x80001f8880aaaaaaaaaaaaaaaa: the device was replaced or set up anew");
  EXPECT_EQ(session.ask(agent).action, Action::accept);
  EXPECT_EQ(session.datagrams, 1);
}

TEST_F(Engine, RediscoveryKeepsWhatIsProven) {
  make_proven();
  session.state.rediscover();
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 2) << "discovery, request with the time that is known";
  session.state.rediscover();
  agent.rename(kOther);
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 3);
  EXPECT_EQ(session.findings.size(), 1U);
}

TEST_F(Engine, ALatchedEngineIsToldOnce) {
  make_proven();
  agent.restart(EngineClock::kLatched, 100, session.now);
  const Verdict verdict = session.ask(agent);
  EXPECT_EQ(verdict.action, Action::fail);
  EXPECT_EQ(verdict.reason, Reason::engine_exhausted);
  EXPECT_FALSE(is_credentials(verdict.reason));
  EXPECT_EQ(session.datagrams, 1);
  (void)session.ask(agent);
  ASSERT_EQ(session.findings.size(), 1U);
  EXPECT_EQ(session.findings[0],
            "engine boots are used up at 2147483647 (engine ID 0x80001f888059dc486145a26322): the "
            "device refuses every authenticated request until it has a new engine ID or new keys");
}

TEST_F(Engine, SilenceIsExplainedWhereItCanBe) {
  EXPECT_EQ(session.state.silence_hint(), "");
  session.state.assume(kEngine);
  EXPECT_EQ(session.state.silence_hint(),
            "the device answers discovery but no request: check the user, and its access to the "
            "context");
  Exchange exchange;
  const Bytes sent = session.send(exchange);
  EXPECT_EQ(session.take(exchange, agent.answer(sent, session.now)).action, Action::send_again);
  EXPECT_EQ(session.state.silence_hint(),
            "the device takes our signature but does not answer what is enciphered: check priv and "
            "priv_password");
  make_proven();
  EXPECT_EQ(session.state.silence_hint(), "");
}

// T19: two devices, one engine ID; each has its own state, and neither disturbs the other.
TEST_F(Engine, TwoDevicesWithOneEngineIdDoNotMix) {
  Session second(user);
  Agent twin(kEngine, user, 42, 9'000'000, second.now);
  for (int i = 0; i < 3; ++i) {
    expect_accepted(session.ask(agent));
    expect_accepted(second.ask(twin));
    session.now += 60s;
    second.now += 60s;
  }
  EXPECT_EQ(agent.requests, 3 + 2);
  EXPECT_EQ(twin.requests, 3 + 2);
  EXPECT_TRUE(session.findings.empty());
  EXPECT_TRUE(second.findings.empty());
}

}  // namespace
}  // namespace itnxt::snmp::usm
