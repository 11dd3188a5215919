// Who is believed: wrong credentials, forgers, strangers, replays.
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
using Forgery = test::World;

// The report alone changes nothing: the answer to the repetition must prove the older clock.
TEST_F(Forgery, BootsBackwardsThatNoAnswerConfirmsAreForgotten) {
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

TEST_F(Forgery, AForgedEngineIsTriedAndDropped) {
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

// The genuine answer to a request still counts after a forger has named another engine.
TEST_F(Forgery, AForgedEngineDoesNotSpoilThePendingAnswer) {
  Agent forger(kOther, user, 99, 99, session.now);
  for (const bool proven : {false, true}) {
    SCOPED_TRACE(proven);
    Exchange exchange;
    Verdict verdict;
    for (int i = 0; i < 4 && verdict.action != Action::accept; ++i) {
      const Bytes sent = session.send(exchange);
      if (!exchange.probe) {
        EXPECT_EQ(
            session
                .take(exchange, forger.report(exchange.message_id, UsmReport::unknown_engine_ids,
                                              kPlain, session.now))
                .action,
            Action::wait);
      }
      verdict = session.take(exchange, agent.answer(sent, session.now));
    }
    expect_accepted(verdict);
    EXPECT_EQ(session.state.engine_id(), kEngine);
  }
  EXPECT_TRUE(session.findings.empty());
}

TEST_F(Forgery, AForgedEngineThatFallsSilentIsDroppedInTime) {
  make_proven();
  Agent forger(kOther, user, 99, 99, session.now);
  Exchange exchange;
  (void)session.send(exchange);
  EXPECT_EQ(session
                .take(exchange, forger.report(exchange.message_id, UsmReport::unknown_engine_ids,
                                              kPlain, session.now))
                .action,
            Action::wait);
  EXPECT_EQ(session.state.unanswered(exchange, false, session.now), Next::otherwise);
  EXPECT_EQ(session.state.engine_id(), kOther);
  EXPECT_TRUE(session.state.proven()) << "what was proven is kept";
  session.now += SecurityState::kTrial + 1s;
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1);
}

TEST_F(Forgery, AnAnswerOfTheProvenEngineEndsATrial) {
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
            Action::wait);
  EXPECT_EQ(session.state.unanswered(second, false, session.now), Next::otherwise);
  EXPECT_EQ(session.state.engine_id(), kOther);
  expect_accepted(session.take(first, agent.answer(sent, session.now)));
  EXPECT_EQ(session.state.engine_id(), kEngine);
  expect_accepted(session.ask(agent));
  EXPECT_EQ(session.datagrams, 1);
}

TEST_F(Forgery, AProbeIsAnsweredByAReportOnly) {
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

TEST_F(Forgery, ADeviceWithEverNewEnginesIsGivenUp) {
  std::uint8_t n = 0;
  const Verdict verdict = session.ask([&](ByteView datagram) {
    Bytes id(12, 0x80);
    id[5] = ++n;
    agent.rename(EngineId(id));
    const auto decoded = decode_v3(datagram);
    return agent.report(std::get<V3Message>(decoded).header.message_id,
                        UsmReport::unknown_engine_ids, kPlain, session.now);
  });
  EXPECT_EQ(verdict.action, Action::wait);
  EXPECT_EQ(verdict.reason, Reason::unknown_engine);
  EXPECT_EQ(session.datagrams, 3);
  EXPECT_EQ(session.silence.why,
            "the device names a new engine ID each time it is asked: is there more than one device "
            "behind this address?");
  EXPECT_FALSE(session.silence.credentials);
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

TEST_F(Forgery, WrongCredentialsAreToldApart) {
  for (const WrongCredentials& wrong : kWrong) {
    Session mistaken(test::make_user(wrong.auth, wrong.priv, wrong.auth_pass_phrase,
                                     wrong.priv_pass_phrase, wrong.user));
    const Verdict verdict = mistaken.ask(agent);
    EXPECT_EQ(verdict.reason, wrong.reason) << wrong.what << ' ' << name(verdict.reason);
    EXPECT_TRUE(is_credentials(verdict.reason)) << wrong.what;
    EXPECT_EQ(mistaken.state.explain(verdict.reason), wrong.text);
    if (wrong.reason == Reason::decryption_error) {
      EXPECT_EQ(verdict.action, Action::fail) << "signed with our key";
      continue;
    }
    EXPECT_EQ(verdict.action, Action::wait) << wrong.what;
    EXPECT_EQ(mistaken.silence.why, wrong.text);
    EXPECT_TRUE(mistaken.silence.credentials) << wrong.what;
    EXPECT_EQ(mistaken.datagrams, 2) << "discovery and request: another try would change nothing";
    (void)mistaken.ask(agent);
    EXPECT_EQ(mistaken.datagrams, 1) << wrong.what;
    EXPECT_EQ(mistaken.silence.why, wrong.text) << "the next poll";
  }
}

// Who sees the wire is faster than the device: every report that it can make up comes first.
TEST_F(Forgery, UnauthenticatedReportsDoNotKeepASessionFromItsFirstAnswer) {
  for (const UsmReport forged : {UsmReport::unsupported_sec_levels, UsmReport::unknown_user_names,
                                 UsmReport::wrong_digests, UsmReport::decryption_errors,
                                 UsmReport::not_in_time_windows, UsmReport::unknown_engine_ids}) {
    SCOPED_TRACE(name(forged));
    Session one(user);
    Exchange exchange;
    Verdict verdict;
    for (int i = 0; i < 4 && verdict.action != Action::accept; ++i) {
      const Bytes sent = one.send(exchange);
      if (!exchange.probe) {
        const Action action =
            one.take(exchange, agent.report(exchange.message_id, forged, kPlain, one.now)).action;
        EXPECT_TRUE(action == Action::wait || action == Action::ignore);
      }
      verdict = one.take(exchange, agent.answer(sent, one.now));
    }
    expect_accepted(verdict);
  }
}

// T21: whoever sees the wire can forge these; they change nothing and say of themselves what they
// are worth.
TEST_F(Forgery, UnauthenticatedReportsDoNotShakeAProvenSession) {
  make_proven();
  struct {
    UsmReport report;
    Action action;
    Reason reason;
  } const cases[] = {
      {UsmReport::unsupported_sec_levels, Action::wait, Reason::unsupported_level},
      {UsmReport::not_in_time_windows, Action::ignore, Reason::unauthenticated},
      {UsmReport::unknown_user_names, Action::wait, Reason::unknown_user},
      {UsmReport::unknown_engine_ids, Action::ignore, Reason::unauthenticated},
      {UsmReport::wrong_digests, Action::wait, Reason::wrong_digest},
      {UsmReport::decryption_errors, Action::wait, Reason::decryption_error},
  };
  Agent forger = Agent(kEngine, user, 99, 1, session.now);
  for (const auto& test : cases) {
    Exchange exchange;
    const Bytes sent = session.send(exchange);
    const Verdict verdict = session.take(
        exchange, forger.report(exchange.message_id, test.report, kPlain, session.now));
    EXPECT_EQ(verdict.action, test.action) << name(test.report);
    EXPECT_EQ(verdict.reason, test.reason) << name(test.report);
    if (test.action == Action::wait) {
      EXPECT_EQ(session.state.unanswered(exchange, false, session.now), Next::repeat)
          << "the retries go on: it worked before";
    }
    // The answer to the same request still counts, on the same clock and engine.
    expect_accepted(session.take(exchange, agent.answer(sent, session.now)));
    expect_accepted(session.ask(agent));
    EXPECT_EQ(session.datagrams, 1) << name(test.report);
  }
  EXPECT_TRUE(session.findings.empty());
}

TEST_F(Forgery, StrangersAreIgnored) {
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

TEST_F(Forgery, ReplaysAndLateAnswersAreOutsideTheWindow) {
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

TEST_F(Forgery, AnAuthenticatedReportOfAnotherKindIsARefusal) {
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
TEST_F(Forgery, EveryAlteredAnswerIsIgnored) {
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

}  // namespace
}  // namespace itnxt::snmp::usm
