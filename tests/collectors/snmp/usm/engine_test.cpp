// The talk with a device over time: an agent by the RFC on one side, forgers and accidents between.
#include "collectors/snmp/usm/engine.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "tests/collectors/snmp/usm/agent.hpp"

namespace itnxt::snmp::usm {
namespace {

using test::Agent;
using test::Bytes;

constexpr auto kPlain = SecurityLevel::no_auth_no_priv;
constexpr auto kAuth = SecurityLevel::auth_no_priv;
const EngineId kEngine = test::engine_id("80001f888059dc486145a26322");
const EngineId kOther = test::engine_id("80001f8880aaaaaaaaaaaaaaaa");

// A manager and the wire to its device.
class Session {
 public:
  explicit Session(std::shared_ptr<const User> user) : state(std::move(user)) {}

  Bytes send(Exchange& exchange) {
    const std::int32_t id = ++message_id;
    return test::copy(state.encode(exchange, id, test::get_uptime(id), now, salts, send_room));
  }
  Verdict take(Exchange& exchange, const Bytes& datagram) {
    received = datagram;
    const auto decoded = decode_v3(received);
    EXPECT_TRUE(std::holds_alternative<V3Message>(decoded));
    room.assign(received.size(), 0);
    return state.judge(exchange, std::get<V3Message>(decoded), now, room);
  }
  // One request until its verdict; what `answer` makes of a datagram comes back.
  Verdict ask(const std::function<Bytes(ByteView)>& answer) {
    Exchange exchange;
    datagrams = 0;
    while (true) {
      const Bytes sent = send(exchange);
      ++datagrams;
      EXPECT_LE(datagrams, 4);
      const Verdict verdict = take(exchange, answer(sent));
      if (verdict.finding) findings.push_back(to_text(*verdict.finding));
      if (verdict.action != Action::send_again || datagrams > 4) return verdict;
    }
  }
  Verdict ask(Agent& agent) {
    return ask([&](ByteView datagram) { return agent.answer(datagram, now); });
  }

  SecurityState state;
  Instant now{1000s};
  SaltCounter salts{42};
  std::int32_t message_id = 0x1000;
  int datagrams = 0;
  std::vector<std::string> findings;
  Bytes send_room = Bytes(2000);
  Bytes received;
  Bytes room;
};

struct World : testing::Test {
  std::shared_ptr<const User> user = test::make_user(AuthAlgorithm::sha256, PrivAlgorithm::aes128);
  Session session{user};
  Agent agent{kEngine, user, 7, 10'000, session.now};
  void expect_accepted(const Verdict& verdict) {
    EXPECT_EQ(verdict.action, Action::accept) << name(verdict.reason);
    const auto varbind = verdict.pdu.begin().next();
    EXPECT_EQ(varbind ? varbind->number() : std::nullopt, 12'345U);
  }
  void make_proven() {
    expect_accepted(session.ask(agent));
    ASSERT_TRUE(session.state.proven());
  }
};

TEST_F(World, DiscoversSynchronizesAsksAndThenJustAsks) {
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

TEST_F(World, WithoutAuthenticationNoTimeIsNeeded) {
  user = test::make_user(AuthAlgorithm::none, PrivAlgorithm::none);
  Session plain(user);
  Agent open_agent(kEngine, user, 7, 10'000, plain.now);
  expect_accepted(plain.ask(open_agent));
  EXPECT_EQ(plain.datagrams, 2);
  EXPECT_EQ(plain.state.stage(), Stage::discovered);
  expect_accepted(plain.ask(open_agent));
  EXPECT_EQ(plain.datagrams, 1);
}

TEST_F(World, EveryLevelAndAlgorithm) {
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

TEST_F(World, ARememberedEngineSavesTheDiscovery) {
  session.state.assume(kEngine);
  EXPECT_EQ(session.state.stage(), Stage::discovered);
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 2);
}

TEST_F(World, TheClockGoesOnBetweenPolls) {
  make_proven();
  session.now += 72h;
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1) << "an estimate that stood still would be outside the window";
}

TEST_F(World, DriftIsFollowed) {
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

TEST_F(World, ARebootCostsOneRepetition) {
  make_proven();
  session.now += 60s;
  agent.restart(8, 5, session.now);
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 2);
  EXPECT_TRUE(session.findings.empty());
}

TEST_F(World, NotInTimeWindowIsRepeatedOnce) {
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
TEST_F(World, ASlightlySlowClockIsTakenOver) {
  make_proven();
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

TEST_F(World, BootsThatWentBackwardsAreFollowedAndTold) {
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

TEST_F(World, TimeThatWentBackwardsIsFollowedAndTold) {
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

// The report alone changes nothing: the answer to the repetition must prove the older clock.
TEST_F(World, BootsBackwardsThatNoAnswerConfirmsAreForgotten) {
  make_proven();
  session.now += 60s;
  Exchange exchange;
  (void)session.send(exchange);
  Agent before = Agent(kEngine, user, 1, 30, session.now);
  const Verdict verdict = session.take(
      exchange,
      before.report(exchange.message_id, UsmReport::not_in_time_windows, kAuth, session.now));
  EXPECT_EQ(verdict.action, Action::send_again);
  EXPECT_FALSE(verdict.finding);
  session.now += SecurityState::kTrial + 1s;
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1) << "the proven clock is in force again";
  EXPECT_TRUE(session.findings.empty());
}

TEST_F(World, ANewEngineIsFollowedAndToldWhenItProvesItself) {
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

TEST_F(World, AForgedEngineIsTriedAndDropped) {
  make_proven();
  Agent forger(kOther,
               test::make_user(AuthAlgorithm::sha256, PrivAlgorithm::aes128, "not this phrase",
                               "nor this phrase"),
               99, 99, session.now);
  int sent = 0;
  expect_accepted(session.ask([&](ByteView datagram) {
    if (sent++ > 0) return agent.answer(datagram, session.now);
    const auto decoded = decode_v3(datagram);
    return forger.report(std::get<V3Message>(decoded).header.message_id,
                         UsmReport::unknown_engine_ids, kPlain, session.now);
  }));
  EXPECT_EQ(session.datagrams, 3);
  EXPECT_EQ(session.state.engine_id(), kEngine);
  EXPECT_TRUE(session.findings.empty());
}

TEST_F(World, AForgedEngineThatFallsSilentIsDroppedInTime) {
  make_proven();
  Agent forger(kOther, user, 99, 99, session.now);
  Exchange exchange;
  (void)session.send(exchange);
  EXPECT_EQ(session
                .take(exchange, forger.report(exchange.message_id, UsmReport::unknown_engine_ids,
                                              kPlain, session.now))
                .action,
            Action::send_again);
  EXPECT_TRUE(session.state.proven()) << "what was proven is kept";
  session.now += SecurityState::kTrial + 1s;
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1);
}

TEST_F(World, AnAnswerOfTheProvenEngineEndsATrial) {
  make_proven();
  Exchange first;
  const Bytes sent = session.send(first);
  Exchange second;
  (void)session.send(second);
  Agent forger(kOther, user, 99, 99, session.now);
  EXPECT_EQ(session
                .take(second, forger.report(second.message_id, UsmReport::unknown_engine_ids,
                                            kPlain, session.now))
                .action,
            Action::send_again);
  EXPECT_EQ(session.state.engine_id(), kOther);
  expect_accepted(session.take(first, agent.answer(sent, session.now)));
  EXPECT_EQ(session.state.engine_id(), kEngine);
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1);
}

TEST_F(World, AProbeIsAnsweredByAReportOnly) {
  make_proven();
  session.state.rediscover();
  Exchange exchange;
  (void)session.send(exchange);
  ASSERT_TRUE(exchange.probe);
  const Bytes answer = test::pdu_of(PduType::response, 1, test::kUptime, {0x43, 1, 1});
  EXPECT_EQ(session
                .take(exchange,
                      agent.say(exchange.message_id, SecurityLevel::auth_priv, answer, session.now))
                .reason,
            Reason::stranger);
  EXPECT_EQ(
      session.take(exchange, agent.say(exchange.message_id, kPlain, answer, session.now)).reason,
      Reason::unauthenticated);
}

TEST_F(World, ADeviceWithEverNewEnginesIsGivenUp) {
  std::uint8_t n = 0;
  const Verdict verdict = session.ask([&](ByteView datagram) {
    Bytes id(12, 0x80);
    id[5] = ++n;
    agent.rename(EngineId(id));
    const auto decoded = decode_v3(datagram);
    return agent.report(std::get<V3Message>(decoded).header.message_id,
                        UsmReport::unknown_engine_ids, kPlain, session.now);
  });
  EXPECT_EQ(verdict.action, Action::fail);
  EXPECT_EQ(verdict.reason, Reason::unknown_engine);
  EXPECT_EQ(session.datagrams, 3);
}

TEST_F(World, RediscoveryKeepsWhatIsProven) {
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

TEST_F(World, ALatchedEngineIsToldOnce) {
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

struct WrongCredentials {
  const char* what;
  AuthAlgorithm auth;
  PrivAlgorithm priv;
  const char* auth_pass_phrase;
  const char* priv_pass_phrase;
  const char* user;
  Reason reason;
  const char* text;
};

const WrongCredentials kWrong[] = {
    {"user", AuthAlgorithm::sha256, PrivAlgorithm::aes128, "correct horse", "battery staple",
     "nobody", Reason::unknown_user,
     "credentials wrong: the device knows no user 'nobody' (usmStatsUnknownUserNames)"},
    {"auth pass phrase", AuthAlgorithm::sha256, PrivAlgorithm::aes128, "wrong horse",
     "battery staple", "monitor", Reason::wrong_digest,
     "credentials wrong: the device refuses the signature of user 'monitor' "
     "(usmStatsWrongDigests): check auth (now sha256) and auth_password"},
    {"auth algorithm", AuthAlgorithm::sha1, PrivAlgorithm::aes128, "correct horse",
     "battery staple", "monitor", Reason::wrong_digest,
     "credentials wrong: the device refuses the signature of user 'monitor' "
     "(usmStatsWrongDigests): check auth (now sha1) and auth_password"},
    {"priv pass phrase", AuthAlgorithm::sha256, PrivAlgorithm::aes128, "correct horse",
     "battery chicken", "monitor", Reason::decryption_error,
     "credentials wrong: the device cannot decipher what user 'monitor' sends "
     "(usmStatsDecryptionErrors): check priv (now aes128) and priv_password"},
    {"level", AuthAlgorithm::sha256, PrivAlgorithm::none, "correct horse", "", "monitor",
     Reason::unsupported_level,
     "credentials wrong: the device does not take user 'monitor' on this level "
     "(usmStatsUnsupportedSecLevels): check auth (now sha256) and priv (now none) against its "
     "configuration"},
};

TEST_F(World, WrongCredentialsAreToldApart) {
  for (const WrongCredentials& wrong : kWrong) {
    Session mistaken(test::make_user(wrong.auth, wrong.priv, wrong.auth_pass_phrase,
                                     wrong.priv_pass_phrase, wrong.user));
    const Verdict verdict = mistaken.ask(agent);
    EXPECT_EQ(verdict.action, Action::fail) << wrong.what;
    EXPECT_EQ(verdict.reason, wrong.reason) << wrong.what << ' ' << name(verdict.reason);
    EXPECT_TRUE(is_credentials(verdict.reason)) << wrong.what;
    EXPECT_FALSE(verdict.forgeable) << wrong.what;
    EXPECT_EQ(mistaken.state.explain(verdict.reason), wrong.text);
  }
}

// T21: whoever sees the wire can forge these; they change nothing and say of themselves what they
// are worth.
TEST_F(World, UnauthenticatedReportsDoNotShakeAProvenSession) {
  make_proven();
  struct {
    UsmReport report;
    Action action;
    Reason reason;
    bool forgeable;
  } const cases[] = {
      {UsmReport::unsupported_sec_levels, Action::fail, Reason::unsupported_level, true},
      {UsmReport::not_in_time_windows, Action::ignore, Reason::unauthenticated, false},
      {UsmReport::unknown_user_names, Action::fail, Reason::unknown_user, true},
      {UsmReport::unknown_engine_ids, Action::ignore, Reason::unauthenticated, false},
      {UsmReport::wrong_digests, Action::fail, Reason::wrong_digest, true},
      {UsmReport::decryption_errors, Action::fail, Reason::decryption_error, true},
  };
  Agent forger = Agent(kEngine, user, 99, 1, session.now);
  for (const auto& test : cases) {
    Exchange exchange;
    const Bytes sent = session.send(exchange);
    const Verdict verdict = session.take(
        exchange, forger.report(exchange.message_id, test.report, kPlain, session.now));
    EXPECT_EQ(verdict.action, test.action) << name(test.report);
    EXPECT_EQ(verdict.reason, test.reason) << name(test.report);
    EXPECT_EQ(verdict.forgeable, test.forgeable) << name(test.report);
    // The answer to the same request still counts, on the same clock and engine.
    expect_accepted(session.take(exchange, agent.answer(sent, session.now)));
    expect_accepted(session.ask(agent));
    EXPECT_EQ(session.datagrams, 1) << name(test.report);
  }
  EXPECT_TRUE(session.findings.empty());
}

TEST_F(World, StrangersAreIgnored) {
  make_proven();
  Exchange exchange;
  const Bytes sent = session.send(exchange);
  const auto reason = [&](const Bytes& datagram) {
    const Verdict verdict = session.take(exchange, datagram);
    EXPECT_EQ(verdict.action, Action::ignore);
    return verdict.reason;
  };
  const Bytes answer = test::pdu_of(PduType::response, 1, test::kUptime, {0x43, 1, 1});
  const auto level = SecurityLevel::auth_priv;
  EXPECT_EQ(reason(agent.say(exchange.message_id + 1, level, answer, session.now)),
            Reason::stranger);
  EXPECT_EQ(reason(agent.say(exchange.message_id, kPlain, answer, session.now)),
            Reason::unauthenticated);
  EXPECT_EQ(reason(agent.say(exchange.message_id, kAuth, answer, session.now)),
            Reason::unauthenticated)
      << "a plain answer to an enciphered request";
  EXPECT_EQ(reason(agent.say(exchange.message_id, level, test::get_uptime(1), session.now)),
            Reason::bad_pdu)
      << "a request";
  EXPECT_EQ(reason(agent.say(exchange.message_id, level, {0x30, 0}, session.now)), Reason::bad_pdu);
  EXPECT_EQ(reason(sent), Reason::bad_pdu) << "our own request, sent back";
  Agent other(kOther, user, 7, 10'000, session.now);
  EXPECT_EQ(reason(other.say(exchange.message_id, level, answer, session.now)), Reason::stranger);
  Agent twin(kEngine,
             test::make_user(AuthAlgorithm::sha256, PrivAlgorithm::aes128, "another phrase"), 7,
             10'000, session.now);
  EXPECT_EQ(reason(twin.say(exchange.message_id, level, answer, session.now)), Reason::bad_digest);
  Agent renamed(kEngine,
                test::make_user(AuthAlgorithm::sha256, PrivAlgorithm::aes128, "correct horse",
                                "battery staple", "somebody"),
                7, 10'000, session.now);
  EXPECT_EQ(reason(renamed.say(exchange.message_id, level, answer, session.now)), Reason::stranger)
      << "the same keys, another user";
  agent.context_name = "vlan-7";
  EXPECT_EQ(reason(agent.say(exchange.message_id, level, answer, session.now)), Reason::stranger);
  agent.context_name = "";
  agent.context_id = kOther;
  EXPECT_EQ(reason(agent.say(exchange.message_id, level, answer, session.now)), Reason::stranger);
  agent.context_id = EngineId{};
  EXPECT_EQ(
      reason(other.report(exchange.message_id, UsmReport::wrong_digests, kPlain, session.now)),
      Reason::stranger)
      << "another engine complains";
  expect_accepted(session.take(exchange, agent.answer(sent, session.now)));
}

TEST_F(World, ReplaysAndLateAnswersAreOutsideTheWindow) {
  make_proven();
  Exchange exchange;
  const Bytes sent = session.send(exchange);
  const Bytes answer = agent.answer(sent, session.now);
  session.now += 149s;
  EXPECT_EQ(session.take(exchange, answer).action, Action::accept);
  session.now += 2s;
  EXPECT_EQ(session.take(exchange, answer).reason, Reason::outside_window);
  agent.restart(8, 0, session.now);
  expect_accepted(session.ask(agent));
  Agent before(kEngine, user, 7, 10'200, session.now);
  Exchange next;
  (void)session.send(next);
  EXPECT_EQ(
      session
          .take(next, before.say(next.message_id, SecurityLevel::auth_priv,
                                 test::report_pdu(1, UsmReport::unknown_user_names), session.now))
          .reason,
      Reason::bad_pdu);
  EXPECT_EQ(
      session
          .take(next, before.say(next.message_id, SecurityLevel::auth_priv,
                                 test::pdu_of(PduType::response, 1, test::kUptime, {0x43, 1, 1}),
                                 session.now))
          .reason,
      Reason::outside_window)
      << "boots of before the reboot";
}

TEST_F(World, AnAuthenticatedReportOfAnotherKindIsARefusal) {
  make_proven();
  Exchange exchange;
  (void)session.send(exchange);
  const Bytes unknown_context =
      test::pdu_of(PduType::report, 1, {0x2B, 6, 1, 6, 3, 12, 1, 5, 0}, {0x41, 1, 1});
  const Verdict verdict =
      session.take(exchange, agent.say(exchange.message_id, kAuth, unknown_context, session.now));
  EXPECT_EQ(verdict.reason, Reason::refused);
  EXPECT_EQ(session.state.explain(verdict.reason),
            "the device refuses the request by a report: does it know context ''?");
}

// No altered answer is accepted or changes what the session knows.
TEST_F(World, EveryAlteredAnswerIsIgnored) {
  make_proven();
  Exchange exchange;
  const Bytes sent = session.send(exchange);
  const Bytes answer = agent.answer(sent, session.now);
  for (std::size_t at = 0; at < answer.size(); ++at) {
    for (int change = 1; change < 256; change += 5) {
      Bytes altered = answer;
      altered[at] = static_cast<std::uint8_t>(altered[at] ^ change);
      const auto decoded = decode_v3(altered);
      const auto* message = std::get_if<V3Message>(&decoded);
      if (message == nullptr) continue;
      Bytes room(altered.size());
      EXPECT_EQ(session.state.judge(exchange, *message, session.now, room).action, Action::ignore)
          << "byte " << at << " xor " << change;
    }
  }
  expect_accepted(session.take(exchange, answer));
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1);
}

TEST_F(World, SilenceIsExplainedWhereItCanBe) {
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
TEST_F(World, TwoDevicesWithOneEngineIdDoNotMix) {
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
