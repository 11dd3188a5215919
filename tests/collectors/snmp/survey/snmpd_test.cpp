// The survey on a real socket against Debian's own agent.
#include "tests/support/snmpd.hpp"

#include <gtest/gtest.h>

#include "collectors/snmp/survey/oddities.hpp"
#include "collectors/snmp/survey/survey.hpp"

namespace itnxt::snmp::survey {
namespace {

constexpr const char* kConfiguration =
    "sysName itnxt-snmpd\n"
    "sysLocation room 1\n"
    "rocommunity itnxt-test 127.0.0.1\n"
    "rocommunity6 itnxt-test ::1\n"
    "createUser itnxt SHA-256 \"correct horse\" AES \"battery staple\"\n"
    "rouser itnxt authPriv\n"
    "createUser old MD5 \"correct horse\" DES \"battery staple\"\n"
    "rouser old noauth\n"
    // Let in, and then nothing: a user without access, and a view in which there is nothing.
    "createUser blind SHA-256 \"correct horse\" AES \"battery staple\"\n"
    "createUser empty SHA-256 \"correct horse\" AES \"battery staple\"\n"
    "com2sec empty-security 127.0.0.1 empty-test\n"
    "group empty-group v1 empty-security\n"
    "group empty-group v2c empty-security\n"
    "group empty-group usm empty\n"
    "view nothing included .1.3.6.1.4.1.99999\n"
    "access empty-group \"\" any noauth exact nothing none none\n";

Candidate community(const std::string& value) {
  Candidate made;
  made.name = "lab";
  made.credentials.community.set(value);
  return made;
}

Candidate user(const std::string& name, SnmpAuth auth, SnmpPriv priv,
               const std::string& auth_password = "correct horse") {
  Candidate made;
  made.name = name;
  made.credentials.version = SnmpVersion::v3;
  made.credentials.user = name;
  made.credentials.auth = auth;
  made.credentials.auth_password.set(auth_password);
  made.credentials.priv = priv;
  made.credentials.priv_password.set("battery staple");
  return made;
}

class SurveySnmpd : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!itnxt::test::Snmpd::installed()) GTEST_SKIP() << "snmpd is not installed: nothing to ask";
  }
  // Until the agent is up.
  static Surveyed ask(const std::string& host, std::uint16_t port,
                      std::vector<Candidate> candidates, bool heard = true) {
    Questions questions;
    questions.device = *numeric_address(host, port);
    questions.candidates = std::move(candidates);
    if (!heard) questions.budget = 2s;
    Result<Surveyed> surveyed = survey_by_udp(questions);
    for (int tries = 0; tries < 5 && heard && surveyed && !surveyed->facts.engine; ++tries) {
      surveyed = survey_by_udp(questions);
    }
    EXPECT_TRUE(surveyed) << surveyed.error();
    return *surveyed;
  }
};

bool has(const Facts& facts, OddityKind kind) {
  for (const Oddity& one : oddities(facts)) {
    if (one.kind == kind) return true;
  }
  return false;
}

TEST_F(SurveySnmpd, CommunityOverBothProtocols) {
  for (const auto& [host, bind] :
       {std::pair{"127.0.0.1", "127.0.0.1"}, std::pair{"::1", "[::1]"}}) {
    SCOPED_TRACE(host);
    itnxt::test::Snmpd snmpd(kConfiguration, bind);
    snmpd.start();
    const Facts facts = ask(host, snmpd.port, {community("itnxt-test")}).facts;
    ASSERT_EQ(facts.used, 0U) << facts.attempts[0].problem;
    EXPECT_TRUE(facts.attempts[1].works);
    EXPECT_EQ(facts.sample.sys_name, "itnxt-snmpd");
    EXPECT_EQ(facts.sys_location, "room 1");
    EXPECT_TRUE(facts.sample.complete) << facts.sample.problem;
    EXPECT_EQ(facts.if_number, facts.sample.interfaces.size());
    EXPECT_EQ(facts.largest.varbinds, 100U);
    EXPECT_EQ(facts.largest.end, Largest::End::fewer);
    EXPECT_EQ(facts.public_v2c, false);
    ASSERT_TRUE(facts.clock);
    EXPECT_NE(facts.clock->first, facts.clock->second);
    EXPECT_TRUE(has(facts, OddityKind::cleartext_beside_v3));
    EXPECT_FALSE(has(facts, OddityKind::uptime_stands_still));
  }
}

TEST_F(SurveySnmpd, WhichUsersWork) {
  itnxt::test::Snmpd snmpd(kConfiguration);
  snmpd.start();
  const Facts facts = ask("127.0.0.1", snmpd.port,
                          {user("old", SnmpAuth::md5, SnmpPriv::des),
                           user("itnxt", SnmpAuth::sha256, SnmpPriv::aes128, "wrong horse"),
                           user("itnxt", SnmpAuth::sha256, SnmpPriv::none),
                           user("nobody", SnmpAuth::sha256, SnmpPriv::aes128),
                           user("itnxt", SnmpAuth::sha256, SnmpPriv::aes128)})
                          .facts;
  ASSERT_EQ(facts.attempts.size(), 5U);
  EXPECT_TRUE(facts.attempts[0].works) << facts.attempts[0].problem;
  EXPECT_EQ(facts.attempts[1].problem,
            "credentials wrong: the device refuses the signature of user 'itnxt' "
            "(usmStatsWrongDigests): check auth (now sha256) and auth_password");
  EXPECT_FALSE(facts.attempts[3].works);
  EXPECT_EQ(facts.attempts[3].problem,
            "credentials wrong: the device knows no user 'nobody' (usmStatsUnknownUserNames)");
  EXPECT_TRUE(facts.attempts[4].works) << facts.attempts[4].problem;
  EXPECT_EQ(facts.used, 4U);
  ASSERT_TRUE(facts.engine);
  EXPECT_GE(facts.engine->boots, 1U);
  EXPECT_EQ(facts.no_auth, false);
  EXPECT_TRUE(has(facts, OddityKind::weak_security));
}

TEST_F(SurveySnmpd, WhoIsLetInButMayReadNothingIsToldSo) {
  itnxt::test::Snmpd snmpd(kConfiguration);
  snmpd.start();
  const Facts facts =
      ask("127.0.0.1", snmpd.port,
          {user("blind", SnmpAuth::sha256, SnmpPriv::aes128),
           user("empty", SnmpAuth::sha256, SnmpPriv::aes128),
           user("itnxt", SnmpAuth::sha256, SnmpPriv::none), community("empty-test")})
          .facts;
  EXPECT_FALSE(facts.used);
  ASSERT_EQ(facts.attempts.size(), 5U);
  const char* const answers[] = {"authorizationError", "noSuchObject, endOfMibView",
                                 "authorizationError", "noSuchObject, endOfMibView", "noSuchName"};
  for (std::size_t i = 0; i < 5; ++i) {
    const Attempt& one = facts.attempts[i];
    EXPECT_TRUE(one.accepted) << i;
    EXPECT_FALSE(one.works) << i;
    EXPECT_EQ(one.problem, std::string("accepted, but may read nothing (the device answers ") +
                               answers[i] + ")");
  }
}

TEST_F(SurveySnmpd, AUserWithoutAuthenticationGetsIn) {
  itnxt::test::Snmpd snmpd(kConfiguration);
  snmpd.start();
  const Facts facts =
      ask("127.0.0.1", snmpd.port, {user("old", SnmpAuth::md5, SnmpPriv::des)}).facts;
  EXPECT_EQ(facts.no_auth, true);
  EXPECT_TRUE(has(facts, OddityKind::no_authentication));
}

TEST_F(SurveySnmpd, WrongCommunityIsSilenceButTheEngineIsThere) {
  itnxt::test::Snmpd snmpd(kConfiguration);
  snmpd.start();
  const Facts facts = ask("127.0.0.1", snmpd.port, {community("wrong")}).facts;
  EXPECT_FALSE(facts.used);
  EXPECT_TRUE(facts.engine);
  EXPECT_EQ(facts.attempts[0].problem, "no answer");
}

TEST_F(SurveySnmpd, NobodyListens) {
  const itnxt::test::Snmpd never_started("");
  const Surveyed surveyed = ask("127.0.0.1", never_started.port, {community("any")}, false);
  EXPECT_FALSE(surveyed.facts.used);
  EXPECT_FALSE(surveyed.facts.engine);
  EXPECT_EQ(surveyed.unreachable, "Connection refused");
}

}  // namespace
}  // namespace itnxt::snmp::survey
