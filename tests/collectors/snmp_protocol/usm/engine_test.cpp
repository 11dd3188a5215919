// The talk with a device over time: an agent by the RFC, its reboots and accidents.
#include <gtest/gtest.h>

#include "tests/collectors/snmp_protocol/usm/world.hpp"

namespace itnxt::snmp::usm {
namespace {

using test::Agent;
using test::Bytes;
using test::kAuth;
using test::kEngine;
using test::kOther;
using test::kPlain;
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

// An agent that does not answer what it cannot decipher, poll after poll: the verdict stays.
TEST_F(Engine, SilenceAfterADiscoveryIsAboutTheCredentialsAndStaysSo) {
  Session mistaken(test::make_user(AuthAlgorithm::sha256, PrivAlgorithm::aes128, "correct horse",
                                   "battery chicken"));
  bool dead = false;
  const auto silent = [&](ByteView datagram) {
    const auto decoded = decode_v3(datagram);
    const Header& header = std::get<V3Message>(decoded).header;
    if (dead || header.time != 0) return Bytes{};
    if (header.engine_id.empty()) return agent.answer(datagram, mistaken.now);
    return agent.report(header.message_id, UsmReport::not_in_time_windows, kAuth, mistaken.now);
  };
  for (int poll = 0; poll < 20; ++poll) {
    (void)mistaken.ask(silent);
    EXPECT_EQ(mistaken.silence.why,
              "credentials wrong: the device takes our signature but does not answer what is "
              "enciphered: check priv (now aes128), priv_password and context (now '')")
        << poll;
    EXPECT_TRUE(mistaken.silence.credentials) << poll;
    EXPECT_LE(mistaken.datagrams, 3) << poll;
    mistaken.now += 60s;
  }
  dead = true;
  (void)mistaken.ask(silent);
  EXPECT_EQ(mistaken.silence.why, "") << "nor does it answer discovery";
  EXPECT_EQ(mistaken.datagrams, 2);
}

TEST_F(Engine, SilenceOfAProvenEngineIsAskedAfterByADiscovery) {
  make_proven();
  const auto dead = [](ByteView) { return Bytes{}; };
  (void)session.ask(dead);
  EXPECT_EQ(session.datagrams, 2);
  EXPECT_EQ(session.silence.why, "");
  (void)session.ask([&](ByteView datagram) {
    const auto decoded = decode_v3(datagram);
    const bool probe = std::get<V3Message>(decoded).header.engine_id.empty();
    return probe ? agent.answer(datagram, session.now) : Bytes{};
  });
  EXPECT_EQ(session.silence.why,
            "credentials wrong: the device answers discovery, but no longer what it is asked with "
            "these credentials: check priv (now aes128), priv_password and context (now '')");
  EXPECT_TRUE(session.silence.credentials);
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1) << "what was proven is kept";
}

// Who is known to be there need not be asked again.
TEST_F(Engine, SilenceInTheMiddleOfAWalkNeedsNoDiscovery) {
  make_proven();
  Exchange exchange;
  (void)session.send(exchange);
  EXPECT_EQ(session.state.unanswered(exchange, true, session.now), Next::repeat);
  (void)session.send(exchange);
  EXPECT_FALSE(exchange.probe);
}

// The first try's answer comes while the discovery is under way, under the same message ID.
TEST_F(Engine, ALateAnswerStillCountsAfterTheDiscovery) {
  make_proven();
  Exchange exchange;
  const Bytes asked = session.send(exchange);
  EXPECT_EQ(session.state.unanswered(exchange, false, session.now), Next::otherwise);
  (void)session.state.encode(exchange, exchange.message_id, {}, session.now, session.salts,
                             session.send_room);
  ASSERT_TRUE(exchange.probe);
  expect_accepted(session.take(exchange, agent.answer(asked, session.now)));
}

TEST_F(Engine, SilenceIsExplainedWhereItCanBe) {
  const auto answers_discovery_only = [&](ByteView datagram) {
    const auto decoded = decode_v3(datagram);
    const bool probe = std::get<V3Message>(decoded).header.engine_id.empty();
    return probe ? agent.answer(datagram, session.now) : Bytes{};
  };
  EXPECT_EQ(session.state.silence({}).why, "");
  session.state.assume(kEngine);
  EXPECT_EQ(session.state.silence({}).why, "") << "it has said nothing in this exchange";
  (void)session.ask(answers_discovery_only);
  EXPECT_EQ(session.silence.why,
            "credentials wrong: the device answers discovery but no request: check user (now "
            "'monitor'), auth (now sha256), auth_password, priv (now aes128), priv_password and "
            "context (now '')");
  Session open_session(test::make_user(AuthAlgorithm::none, PrivAlgorithm::none));
  (void)open_session.ask(answers_discovery_only);
  EXPECT_EQ(open_session.silence.why,
            "credentials wrong: the device answers discovery but no request: check user (now "
            "'monitor') and context (now '')");
}

// Such a report counts only when it is signed (RFC 3414 §3.2 7a), but somebody is there.
TEST_F(Engine, NotInTimeWindowWithoutASignatureIsAboutTheCredentialsAndStaysSo) {
  const auto unsigned_only = [&](ByteView datagram) {
    const auto decoded = decode_v3(datagram);
    const Header& header = std::get<V3Message>(decoded).header;
    if (header.engine_id.empty()) return agent.answer(datagram, session.now);
    return agent.report(header.message_id, UsmReport::not_in_time_windows, kPlain, session.now);
  };
  for (int poll = 0; poll < 5; ++poll) {
    (void)session.ask(unsigned_only);
    EXPECT_EQ(session.silence.why,
              "credentials wrong: the device says without a signature that our time is not its "
              "own (usmStatsNotInTimeWindows), and answers nothing: check auth (now sha256) and "
              "auth_password; if they are right, its agent breaks RFC 3414 §3.2");
    EXPECT_TRUE(session.silence.credentials);
  }
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
