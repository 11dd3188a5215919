// What is asked and what comes of it, against agents that are functions.
#include "collectors/snmp/survey/survey.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "collectors/snmp/survey/oddities.hpp"
#include "tests/collectors/snmp/survey/wire.hpp"
#include "tests/support/fleet.hpp"

namespace itnxt::snmp::survey {
namespace {

using snmp::test::Bytes;
using test::AgentWire;
using test::Reply;
using ::testing::ElementsAre;

Facts ask(AgentWire::Agent agent, const Questions& questions = test::questions(),
          Duration budget = 10s) {
  AgentWire wire(std::move(agent), budget);
  return survey(wire, questions);
}

Version version_of(ByteView request) {
  return std::get<Message>(decode(request)).version;
}
bool is_v3(ByteView request) {
  return std::holds_alternative<Fault>(decode(request));
}

TEST(Survey, AWellBehavedDevice) {
  auto recording = snmp::test::device(3);
  recording.add("1.3.6.1.2.1.1.6.0", "4", "room 1");
  recording.add("1.3.6.1.2.1.1.4.0", "4", "noc");
  recording.add("1.0.8802.1.1.2.1.4.1.1.5.0.1.1", "4", "neighbour");
  const Facts facts = ask(test::alive(recording));
  EXPECT_EQ(facts.address, "10.0.0.1:161");
  ASSERT_EQ(facts.attempts.size(), 2U);
  EXPECT_TRUE(facts.attempts[0].works);
  EXPECT_EQ(facts.attempts[0].version, SnmpVersion::v2c);
  EXPECT_TRUE(facts.attempts[1].works);
  EXPECT_EQ(facts.attempts[1].version, SnmpVersion::v1);
  EXPECT_EQ(facts.used, 0U);
  EXPECT_FALSE(facts.engine);
  EXPECT_EQ(facts.sample.sys_name, "core-1");
  EXPECT_EQ(facts.sys_location, "room 1");
  EXPECT_EQ(facts.sys_contact, "noc");
  EXPECT_EQ(facts.if_number, 3U);
  EXPECT_EQ(facts.sample.interfaces.size(), 3U);
  EXPECT_TRUE(facts.sample.complete);
  EXPECT_EQ(facts.sample.problem, "");
  EXPECT_THAT(facts.tables, ElementsAre("lldp"));
  EXPECT_EQ(facts.public_v2c, false);
  EXPECT_EQ(facts.public_v1, false);
  EXPECT_FALSE(facts.no_auth.has_value());
  ASSERT_TRUE(facts.clock);
  EXPECT_GE(facts.clock->passed, 1500ms);
  EXPECT_GE(facts.clock->second.hundredths - facts.clock->first.hundredths, 150U);
  EXPECT_EQ(facts.round_trips.median, 10ms);
  EXPECT_EQ(facts.largest.varbinds, 100U);
  EXPECT_EQ(facts.largest.end, Largest::End::everything);
  EXPECT_FALSE(facts.out_of_time);
}

TEST(Survey, SilenceEndsInTimeAndSaysSo) {
  AgentWire wire([](ByteView, Instant) { return std::vector<Reply>{}; });
  const Facts facts = survey(wire, test::questions());
  EXPECT_FALSE(facts.used);
  ASSERT_EQ(facts.attempts.size(), 2U);
  EXPECT_EQ(facts.attempts[0].problem, "no answer");
  EXPECT_EQ(facts.attempts[1].problem, "no answer");
  EXPECT_LE(wire.now() - Instant{}, 10s);
}

// Errors about access are a view that hides everything; others are the agent's own trouble.
TEST(Survey, WhoGetsErrorsOnlyReadsNothing) {
  const struct {
    std::uint8_t status;
    const char* error;
    const char* problem;
  } cases[] = {
      {2, "", "accepted, but may read nothing (the device answers noSuchName)"},
      {16, "", "accepted, but may read nothing (the device answers authorizationError)"},
      {1, "tooBig", "answered with errors only (tooBig)"},
      {5, "genErr", "answered with errors only (genErr)"},
      {77, "an unknown error", "answered with errors only (an unknown error)"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.problem);
    const AgentWire::Agent agent = [&](ByteView request, Instant) -> std::vector<Reply> {
      if (is_v3(request) || version_of(request) == Version::v1) return {};
      return {{snmp::test::error(request, one.status)}};
    };
    const Facts facts = ask(agent, test::questions({test::community("lab", "public")}));
    EXPECT_FALSE(facts.used);
    EXPECT_TRUE(facts.attempts[0].accepted);
    EXPECT_FALSE(facts.attempts[0].works);
    EXPECT_EQ(facts.attempts[0].error, one.error);
    EXPECT_EQ(facts.attempts[0].problem, one.problem);
    EXPECT_EQ(facts.public_v2c, false) << "who reads nothing does no harm";
  }
}

TEST(Survey, AnErrorAndThenSilenceIsAnError) {
  const Facts facts = ask(
      [](ByteView request, Instant) -> std::vector<Reply> {
        if (is_v3(request) || std::get<Message>(decode(request)).type != PduType::get) return {};
        return {{snmp::test::error(request, 5)}};
      },
      test::questions({test::community("lab", "public")}));
  EXPECT_EQ(facts.attempts[0].problem, "answered with errors only (genErr, nothing)");
  EXPECT_EQ(facts.attempts[0].error, "genErr");
}

TEST(Survey, AViewWithoutTheSystemGroupIsOneAllTheSame) {
  itnxt::test::Recording interfaces;
  interfaces.add("1.3.6.1.2.1.31.1.1.1.1.1", "4", "e1");
  const Facts facts = ask(test::alive(interfaces));
  ASSERT_EQ(facts.used, 0U);
  EXPECT_EQ(facts.attempts[0].problem, "");
  EXPECT_EQ(facts.sample.interfaces.size(), 1U);
}

TEST(Survey, ManyCandidatesAreAllAskedWithinTheBudget) {
  std::vector<Candidate> many;
  for (int i = 0; i < 5; ++i) many.push_back(test::community("set" + std::to_string(i), "wrong"));
  many.push_back(test::community("right"));
  const Facts facts = ask(test::alive(snmp::test::device(2)), test::questions(many));
  ASSERT_TRUE(facts.used);
  EXPECT_EQ(facts.attempts[*facts.used].credentials, "right");
  EXPECT_EQ(facts.sample.interfaces.size(), 2U);
}

TEST(Survey, WhatWasNotAskedIsNotCalledSilent) {
  std::vector<Candidate> many;
  for (int i = 0; i < 10; ++i) many.push_back(test::community("set" + std::to_string(i), "wrong"));
  const Facts facts =
      ask([](ByteView, Instant) { return std::vector<Reply>{}; }, test::questions(many), 1s);
  EXPECT_TRUE(facts.out_of_time);
  EXPECT_EQ(facts.attempts.back().problem, "not asked: the time was up");
}

TEST(Survey, RepliesFromAnotherAddressAreNotTaken) {
  auto inner = test::alive(snmp::test::device(1));
  const Facts facts = ask([inner](ByteView request, Instant at) mutable {
    auto replies = inner(request, at);
    for (Reply& reply : replies) reply.from = test::kOther;
    return replies;
  });
  EXPECT_FALSE(facts.used);
  EXPECT_THAT(facts.strangers, ElementsAre("10.0.0.2:161"));
}

TEST(Survey, RepliesThatDoNotCountAreTold) {
  Facts facts = ask(test::alive(snmp::test::device(1)));
  ASSERT_TRUE(facts.used);
  const auto wrong_id = [](ByteView request, Instant) -> std::vector<Reply> {
    if (is_v3(request)) return {};
    Bytes reply(512);
    itnxt::test::ReplyWriter writer(reply);
    writer.begin("secret", std::get<Message>(decode(request)).request_id ^ 1);
    reply.resize(writer.finish(0));
    return {{reply}};
  };
  facts = ask(wrong_id);
  EXPECT_EQ(facts.attempts[0].problem,
            "no answer; what came was ignored: another request-id than asked, or too late");
  facts = ask([](ByteView request, Instant) -> std::vector<Reply> {
    if (is_v3(request)) return {};
    return {{snmp::test::error(request, 0)}};  // as "public"
  });
  EXPECT_EQ(facts.attempts[0].problem,
            "no answer; what came was ignored: another community or version than asked");
}

TEST(Survey, AStrangersNoiseIsNoStranger) {
  auto inner = test::alive(snmp::test::device(1));
  const Facts facts = ask([inner](ByteView request, Instant at) mutable {
    auto replies = inner(request, at);
    if (!replies.empty()) replies.push_back({Bytes{1, 2, 3}, 1ms, test::kOther});
    return replies;
  });
  EXPECT_TRUE(facts.used);
  EXPECT_TRUE(facts.strangers.empty());
}

TEST(Survey, Version1Only) {
  auto inner = test::alive(snmp::test::device(4));
  const Facts facts = ask([inner](ByteView request, Instant at) mutable {
    const bool silent = is_v3(request) || version_of(request) != Version::v1;
    return silent ? std::vector<Reply>{} : inner(request, at);
  });
  ASSERT_EQ(facts.used, 1U);
  EXPECT_EQ(facts.sample.interfaces.size(), 4U);
  EXPECT_EQ(facts.if_number, 4U);
  EXPECT_EQ(facts.largest.end, Largest::End::not_asked);
}

TEST(Survey, PublicGetsIn) {
  auto secret = test::alive(snmp::test::device(1));
  auto open = test::alive(snmp::test::device(1), "public");
  const auto agent = [=](ByteView request, Instant at) mutable {
    auto replies = secret(request, at);
    return replies.empty() && !is_v3(request) && version_of(request) == Version::v2c
               ? open(request, at)
               : replies;
  };
  Facts facts = ask(agent);
  EXPECT_EQ(facts.public_v2c, true);
  EXPECT_EQ(facts.public_v1, false);
  Questions polite = test::questions();
  polite.guess = false;
  facts = ask(agent, polite);
  EXPECT_FALSE(facts.public_v2c.has_value());
  EXPECT_FALSE(facts.public_v1.has_value());
}

TEST(Survey, PublicIsPublicAlsoWhenItIsWhatWasGiven) {
  Questions questions = test::questions({test::community("lab", "public")});
  questions.guess = false;
  const Facts facts = ask(test::alive(snmp::test::device(1), "public"), questions);
  EXPECT_EQ(facts.public_v2c, true);
  EXPECT_EQ(facts.public_v1, true);
}

TEST(Survey, SilentAboveASize) {
  auto inner = test::alive(snmp::test::device(30), "secret", 1000);
  const Facts facts = ask([inner](ByteView request, Instant at) mutable {
    auto replies = inner(request, at);
    if (!replies.empty() && replies[0].bytes.size() > 1000) replies.clear();
    return replies;
  });
  EXPECT_EQ(facts.largest.end, Largest::End::silent);
  EXPECT_EQ(facts.largest.varbinds, 25U);
  EXPECT_EQ(facts.largest.asked, 50U);
  EXPECT_LE(facts.largest.bytes, 1000U);
  EXPECT_EQ(facts.sample.interfaces.size(), 30U);  // the walk finds its size
  EXPECT_GT(facts.walk_unanswered, 0U);
}

TEST(Survey, TooBigAndFewer) {
  auto inner = test::alive(snmp::test::device(30), "secret", 1000);
  const Facts big = ask([inner](ByteView request, Instant at) mutable {
    auto replies = inner(request, at);
    if (!replies.empty() && replies[0].bytes.size() > 1500) {
      replies[0].bytes = snmp::test::error(request, 1);
      // snmp::test::error answers as "public"
      itnxt::test::ReplyWriter writer(replies[0].bytes = Bytes(512));
      writer.begin("secret", std::get<Message>(decode(request)).request_id);
      replies[0].bytes.resize(writer.finish(1));
    }
    return replies;
  });
  EXPECT_EQ(big.largest.end, Largest::End::too_big);
  const Facts few = ask(test::alive(snmp::test::device(30), "secret", 40));
  EXPECT_EQ(few.largest.end, Largest::End::fewer);
  EXPECT_EQ(few.largest.varbinds, 40U);
  EXPECT_EQ(few.largest.asked, 50U);
}

TEST(Survey, AClockThatStandsStill) {
  const auto recording = snmp::test::device(1);
  const Facts facts = ask([recording](ByteView request, Instant) -> std::vector<Reply> {
    const auto decoded = decode(request);
    const auto* message = std::get_if<Message>(&decoded);
    if (message == nullptr || message->community != "secret") return {};
    return {{recording.answer(request)}};
  });
  ASSERT_TRUE(facts.clock);
  EXPECT_EQ(facts.clock->first, facts.clock->second);
  EXPECT_GE(facts.clock->passed, 1500ms);
}

TEST(Survey, DoubledAndMangledRepliesAreCounted) {
  auto inner = test::alive(snmp::test::device(1));
  const Facts facts = ask([inner](ByteView request, Instant at) mutable {
    auto replies = inner(request, at);
    if (replies.empty()) return replies;
    replies.push_back({replies[0].bytes, 12ms});
    replies.insert(replies.begin(), Reply{Bytes{0x30, 0x01}, 5ms});
    return replies;
  });
  EXPECT_TRUE(facts.used);
  EXPECT_GT(facts.late, 5U);
  EXPECT_GT(facts.malformed, 5U);
  EXPECT_EQ(facts.sample.interfaces.size(), 1U);
}

// Whatever comes back: the survey ends in its time, and what it found can be told.
TEST(Survey, MangledRepliesNeverStopIt) {
  const auto inner = test::alive(snmp::test::device(12));
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(seed);
    auto agent = inner;
    AgentWire wire([&](ByteView request, Instant at) {
      auto replies = agent(request, at);
      for (Reply& reply : replies) {
        if (random() % 3 != 0) continue;
        for (auto times = random() % 4; times > 0; --times) {
          reply.bytes[random() % reply.bytes.size()] = static_cast<std::uint8_t>(random());
        }
        if (random() % 5 == 0) reply.bytes.resize(random() % reply.bytes.size() + 1);
      }
      return replies;
    });
    const Facts facts = survey(wire, test::questions());
    EXPECT_LE(wire.now() - Instant{}, 10s);
    for (const Oddity& one : oddities(facts)) EXPECT_FALSE(to_text(one).empty());
  }
}

TEST(Survey, TheTimeIsUpDuringTheWalk) {
  auto inner = test::alive(snmp::test::device(400));
  const Facts facts = ask(
      [inner](ByteView request, Instant at) mutable {
        auto replies = inner(request, at);
        for (Reply& reply : replies) reply.after = 100ms;
        return replies;
      },
      test::questions(), 8s);
  EXPECT_TRUE(facts.out_of_time);
  EXPECT_GT(facts.sample.interfaces.size(), 0U);
  EXPECT_LT(facts.sample.interfaces.size(), 400U);
  EXPECT_EQ(facts.sample.problem, "");
}

// --- version 3 ----------------------------------------------------------------------------------

constexpr const char* kPassPhrase = "a long pass phrase";

Candidate user(const std::string& name, const std::string& auth_password = kPassPhrase) {
  Candidate made;
  made.name = name;
  made.credentials.version = SnmpVersion::v3;
  made.credentials.user = "itnxt";
  made.credentials.auth = SnmpAuth::sha256;
  made.credentials.auth_password.set(auth_password);
  made.credentials.priv = SnmpPriv::aes128;
  made.credentials.priv_password.set(kPassPhrase);
  return made;
}

// A device of the fleet that speaks version 3 only.
AgentWire::Agent secure() {
  itnxt::test::FleetOptions options;
  options.interfaces = 5;
  usm::KeyCache keys;
  options.user = *usm::make_user({"itnxt", "", usm::AuthAlgorithm::sha256, kPassPhrase,
                                  usm::PrivAlgorithm::aes128, kPassPhrase},
                                 keys);
  const auto model = std::make_shared<itnxt::test::FleetModel>(options);
  const auto engine = std::make_shared<itnxt::test::FleetEngine>(options.user);
  return [model, engine](ByteView request, Instant now) -> std::vector<Reply> {
    if (!is_v3(request)) return {};
    Bytes out(65'536);
    const Duration at = now.time_since_epoch() + 1h;
    const ByteView reply = engine->answer(
        request, 0x7F000001, at,
        [&](const Message& pdu, std::span<std::uint8_t> room) {
          return model->answer_pdu(pdu, 0x7F000001, at, room);
        },
        out);
    return {{Bytes(reply.begin(), reply.end())}};
  };
}

TEST(Survey, Version3) {
  const Facts facts =
      ask(secure(), test::questions({user("wrong", "another pass phrase"), user("core")}));
  ASSERT_EQ(facts.attempts.size(), 2U);
  EXPECT_EQ(facts.attempts[0].level, "sha256 and aes128");
  EXPECT_EQ(facts.attempts[0].problem,
            "credentials wrong: the device refuses the signature of user 'itnxt' "
            "(usmStatsWrongDigests): check auth (now sha256) and auth_password");
  EXPECT_EQ(facts.used, 1U);
  EXPECT_EQ(facts.sample.interfaces.size(), 5U);
  EXPECT_EQ(facts.no_auth, false);
  ASSERT_TRUE(facts.engine);
  EXPECT_EQ(usm::to_text(facts.engine->id), "0x80001f88017f000001");
  EXPECT_EQ(facts.engine->boots, 3U);
  EXPECT_GE(facts.engine->time, 3600U);
}

// As Debian's snmpd does of what it deciphers to nonsense.
TEST(Survey, SilenceToWhatIsEncipheredIsAboutTheCredentials) {
  const Facts facts = ask(
      [inner = secure()](ByteView request, Instant at) mutable {
        const auto v3 = usm::decode_v3(request);
        const auto* message = std::get_if<usm::V3Message>(&v3);
        const bool timed = message != nullptr && message->header.time != 0;
        return timed ? std::vector<Reply>{} : inner(request, at);
      },
      test::questions({user("core")}));
  EXPECT_FALSE(facts.used);
  EXPECT_TRUE(facts.attempts[0].heard);
  EXPECT_EQ(facts.attempts[0].problem,
            "credentials wrong: the device takes our signature but does not answer what is "
            "enciphered: check priv (now aes128), priv_password and context (now '')");
}

TEST(Survey, Version3IsSeenWithoutCredentialsForIt) {
  const Facts facts = ask(secure());
  EXPECT_FALSE(facts.used);
  ASSERT_TRUE(facts.engine);
  EXPECT_EQ(usm::to_text(facts.engine->id), "0x80001f88017f000001");
}

TEST(Survey, ACandidateThatCannotBeUsed) {
  const Facts facts = ask(secure(), test::questions({user("short", "short")}));
  EXPECT_FALSE(facts.used);
  EXPECT_FALSE(facts.attempts[0].problem.empty());
  EXPECT_EQ(facts.attempts[0].problem.find(kPassPhrase), std::string::npos);
}

}  // namespace
}  // namespace itnxt::snmp::survey
