// Version 3: whose signature counts, when, and what goes back.
#include "collectors/trap/security.hpp"

#include <gtest/gtest.h>

#include "tests/collectors/trap/messages.hpp"

namespace itnxt::trap {
namespace {

using namespace test;
using usm::AuthAlgorithm;
using usm::PrivAlgorithm;
using usm::SecurityLevel;
using usm::UsmReport;

constexpr std::string_view kPassPhrase = "correct horse";
constexpr std::string_view kPrivPassPhrase = "battery staple";

SnmpTarget target(const std::string& name, const std::string& user, SnmpAuth auth, SnmpPriv priv,
                  std::string_view pass_phrase = kPassPhrase) {
  SnmpTarget made;
  made.device.name = DeviceName(name);
  made.device.credentials = name;
  made.credentials.version = SnmpVersion::v3;
  made.credentials.user = user;
  made.credentials.auth = auth;
  if (auth != SnmpAuth::none) made.credentials.auth_password.set(std::string(pass_phrase));
  made.credentials.priv = priv;
  if (priv != SnmpPriv::none) made.credentials.priv_password.set(std::string(kPrivPassPhrase));
  return made;
}

std::shared_ptr<const usm::User> user(AuthAlgorithm auth, PrivAlgorithm priv,
                                      std::string_view name = "noc",
                                      std::string_view pass_phrase = kPassPhrase) {
  static usm::KeyCache cache;
  return *usm::make_user({name, "", auth, pass_phrase, priv, kPrivPassPhrase}, cache);
}

class SecurityTest : public testing::Test {
 protected:
  SecurityTest() {
    EXPECT_TRUE(
        security.set_users({target("a", "noc", SnmpAuth::sha256, SnmpPriv::aes128)}).empty());
  }
  // What is said of it: "" when it counts.
  std::string judge(const Bytes& bytes, Duration now = 0s) {
    bytes_ = bytes;
    decoded_ = usm::decode_v3(bytes_);
    const auto* message = std::get_if<usm::V3Message>(&decoded_);
    if (message == nullptr) return "undecodable";
    verdict = security.judge(*message, Instant(now), plain_);
    if (verdict.discovery) return "discovery";
    return verdict.reason ? std::string(name(*verdict.reason)) : "";
  }
  // The report that goes back, as its counter's name and level.
  std::string report(Duration now = 0s) {
    if (!verdict.report) return "";
    std::array<std::uint8_t, 512> room;
    const auto& message = std::get<usm::V3Message>(decoded_);
    const auto bytes = security.encode_report(message, verdict, Instant(now), room);
    const auto decoded = usm::decode_v3(bytes);
    const auto* back = std::get_if<usm::V3Message>(&decoded);
    if (back == nullptr) return "undecodable";
    EXPECT_EQ(back->header.message_id, message.header.message_id);
    EXPECT_EQ(back->header.boots, security.own().boots());
    EXPECT_FALSE(back->header.reportable);
    std::array<std::uint8_t, 512> plain;
    auto keys =
        usm::localize(*user(AuthAlgorithm::sha256, PrivAlgorithm::aes128), security.own().id());
    const auto opened = usm::open(*back, keys->get(), plain);
    const auto* scoped = std::get_if<usm::ScopedPdu>(&opened);
    if (scoped == nullptr) return "not to be opened";
    const auto pdu = snmp::decode_pdu(scoped->pdu);
    const auto told = usm::usm_report(std::get<snmp::Message>(pdu));
    if (!told) return "no report";
    return std::string(name(*told)) +
           (back->header.level == SecurityLevel::no_auth_no_priv ? "" : " signed");
  }
  [[nodiscard]] Engine ours(std::uint32_t time = 0) const {
    const auto id = security.own().id().bytes();
    return {Bytes(id.begin(), id.end()), security.own().boots(), time};
  }

  const std::shared_ptr<const usm::User> noc = user(AuthAlgorithm::sha256, PrivAlgorithm::aes128);
  usm::SaltCounter salts{5};
  Security security{OwnEngine({random_engine_id(), 4}, Instant{}), salts};
  Security::Verdict verdict;

 private:
  Bytes bytes_;
  Bytes plain_ = Bytes(4096);
  std::variant<usm::V3Message, usm::V3Fault> decoded_ = usm::V3Fault::bad_tag;
};

const Engine kSender;

TEST_F(SecurityTest, ATrapOfAUserCounts) {
  const Bytes trap = pdu(kLinkDown, {if_index(7)});
  EXPECT_EQ(judge(v3(*noc, kSender, trap, SecurityLevel::auth_priv)), "");
  EXPECT_TRUE(verdict.authentic);
  EXPECT_FALSE(verdict.report);
  EXPECT_EQ(Bytes(verdict.scoped.pdu.begin(), verdict.scoped.pdu.end()), trap);
  EXPECT_EQ(security.engines(), 1U);
  EXPECT_EQ(judge(v3(*noc, kSender, trap, SecurityLevel::auth_no_priv)), "")
      << "a signature is what it takes";
}

TEST_F(SecurityTest, EveryAlgorithm) {
  for (int auth = 1; auth <= 6; ++auth) {
    for (int priv = 0; priv <= 6; ++priv) {
      ASSERT_TRUE(security
                      .set_users({target("a", "noc", static_cast<SnmpAuth>(auth),
                                         static_cast<SnmpPriv>(priv))})
                      .empty());
      const auto made = user(static_cast<AuthAlgorithm>(auth), static_cast<PrivAlgorithm>(priv));
      const auto level = priv == 0 ? SecurityLevel::auth_no_priv : SecurityLevel::auth_priv;
      EXPECT_EQ(judge(v3(*made, kSender, pdu(kLinkDown), level)), "") << auth << ' ' << priv;
      EXPECT_EQ(judge(v3(*made, ours(), pdu(kLinkDown, {}, 1, kInform), level, true)), "");
    }
  }
}

TEST_F(SecurityTest, WhatDoesNotCountAndLeavesNothingBehind) {
  const Bytes trap = pdu(kLinkDown);
  const auto stranger = user(AuthAlgorithm::sha256, PrivAlgorithm::aes128, "eve");
  EXPECT_EQ(judge(v3(*stranger, kSender, trap, SecurityLevel::auth_priv)), "unknown_user");
  const auto forger =
      user(AuthAlgorithm::sha256, PrivAlgorithm::aes128, "noc", "guessed wrong key");
  EXPECT_EQ(judge(v3(*forger, kSender, trap, SecurityLevel::auth_priv)), "wrong_digest");
  const auto other = user(AuthAlgorithm::sha512, PrivAlgorithm::aes128);
  EXPECT_EQ(judge(v3(*other, kSender, trap, SecurityLevel::auth_priv)), "wrong_digest");
  EXPECT_EQ(judge(v3(*noc, kSender, trap, SecurityLevel::no_auth_no_priv)), "unauthenticated");
  Bytes altered = v3(*noc, kSender, trap, SecurityLevel::auth_no_priv);
  altered.back() ^= 1U;
  EXPECT_EQ(judge(altered), "wrong_digest");
  EXPECT_EQ(security.engines(), 0U);
  for (int i = 0; i < 100; ++i) {
    Engine engine;
    engine.id.push_back(static_cast<std::uint8_t>(i));
    EXPECT_EQ(judge(v3(*forger, engine, trap, SecurityLevel::auth_priv)), "wrong_digest");
  }
  EXPECT_EQ(security.engines(), 0U) << "strangers' engines are not kept";
}

// Signed right, enciphered with another algorithm.
TEST_F(SecurityTest, WhatCannotBeDeciphered) {
  const auto other = user(AuthAlgorithm::sha256, PrivAlgorithm::aes256);
  EXPECT_EQ(judge(v3(*other, kSender, pdu(kLinkDown), SecurityLevel::auth_priv)),
            "decryption_error");
}

// RFC 3414 §3.2 7b: the sender's clock is learned, and then runs.
TEST_F(SecurityTest, AReplayIsOutsideOfTheWindow) {
  const auto at = [&](std::uint32_t boots, std::uint32_t time, Duration now) {
    Engine engine;
    engine.boots = boots;
    engine.time = time;
    return judge(v3(*noc, engine, pdu(kLinkDown), SecurityLevel::auth_priv), now);
  };
  EXPECT_EQ(at(3, 1000, 0s), "");
  EXPECT_EQ(at(3, 1000, 140s), "") << "late, but within the window";
  EXPECT_EQ(at(3, 1000, 160s), "outside_window");
  EXPECT_TRUE(verdict.authentic);
  EXPECT_EQ(at(3, 1160, 160s), "");
  EXPECT_EQ(at(2, 5000, 160s), "outside_window") << "an earlier boot";
  EXPECT_EQ(at(4, 0, 160s), "") << "it has restarted";
  EXPECT_EQ(at(3, 1160, 160s), "outside_window");
  EXPECT_EQ(at(0x7FFFFFFF, 0, 160s), "outside_window") << "boots that are used up";
}

TEST_F(SecurityTest, TwoUsersOfOneNameAreTriedBothWays) {
  ASSERT_TRUE(security
                  .set_users({target("a", "noc", SnmpAuth::md5, SnmpPriv::none),
                              target("b", "noc", SnmpAuth::sha256, SnmpPriv::aes128)})
                  .empty());
  EXPECT_EQ(judge(v3(*noc, kSender, pdu(kLinkDown), SecurityLevel::auth_priv)), "");
  EXPECT_EQ(judge(v3(*user(AuthAlgorithm::md5, PrivAlgorithm::none), kSender, pdu(kLinkDown),
                     SecurityLevel::auth_no_priv)),
            "");
}

TEST_F(SecurityTest, AUserThatAReloadTookAwayIsUnknownAtOnce) {
  EXPECT_EQ(judge(v3(*noc, kSender, pdu(kLinkDown), SecurityLevel::auth_priv)), "");
  EXPECT_TRUE(security.set_users({}).empty());
  EXPECT_EQ(judge(v3(*noc, kSender, pdu(kLinkDown), SecurityLevel::auth_priv)), "unknown_user");
}

TEST_F(SecurityTest, AUserThatCannotBeIsTold) {
  const auto problems =
      security.set_users({target("bad", "noc", SnmpAuth::sha256, SnmpPriv::none, "short")});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0],
            "credentials 'bad' cannot be used: auth_password: pass phrase of 5 characters is too "
            "short, at least 8 are needed (RFC 3414 §11.2)");
}

// RFC 3414 §4, as a sender of informs goes about it.
TEST_F(SecurityTest, DiscoveryThenTimeThenTheInform) {
  Bytes room(512);
  usm::Header header;
  header.message_id = 7;
  const auto probe = usm::encode(
      header, {{}, {}, tlv(0xA0, join({number(1), number(0), number(0), tlv(0x30, {})}))}, nullptr,
      salts, room);
  EXPECT_EQ(judge({probe.begin(), probe.end()}), "discovery");
  EXPECT_EQ(report(), "usmStatsUnknownEngineIDs");
  const Bytes inform = pdu(kLinkDown, {if_index(7)}, 9, kInform);
  Engine timeless = ours();
  timeless.boots = 0;
  EXPECT_EQ(judge(v3(*noc, timeless, inform, SecurityLevel::auth_priv, true), 10s), "discovery");
  EXPECT_EQ(report(10s), "usmStatsNotInTimeWindows signed");
  EXPECT_EQ(judge(v3(*noc, ours(10), inform, SecurityLevel::auth_priv, true), 10s), "");
  EXPECT_FALSE(verdict.report);
}

TEST_F(SecurityTest, AnInformIsRefusedWithItsReason) {
  const Bytes inform = pdu(kLinkDown, {}, 9, kInform);
  const auto level = SecurityLevel::auth_priv;
  EXPECT_EQ(judge(v3(*noc, ours(0), inform, level, true), 151s), "outside_window");
  EXPECT_EQ(report(151s), "usmStatsNotInTimeWindows signed");
  Engine before = ours(0);
  --before.boots;
  EXPECT_EQ(judge(v3(*noc, before, inform, level, true)), "outside_window") << "our last start";
  EXPECT_EQ(judge(v3(*user(AuthAlgorithm::sha256, PrivAlgorithm::aes128, "eve"), ours(), inform,
                     level, true)),
            "unknown_user");
  EXPECT_EQ(report(), "usmStatsUnknownUserNames");
  EXPECT_EQ(judge(v3(*user(AuthAlgorithm::sha256, PrivAlgorithm::aes128, "noc", "guessed wrong"),
                     ours(), inform, level, true)),
            "wrong_digest");
  EXPECT_EQ(report(), "usmStatsWrongDigests");
  EXPECT_EQ(judge(v3(*noc, ours(), inform, SecurityLevel::no_auth_no_priv, true)),
            "unauthenticated");
  EXPECT_EQ(report(), "usmStatsUnsupportedSecLevels");
  EXPECT_EQ(
      judge(v3(*user(AuthAlgorithm::sha256, PrivAlgorithm::des), ours(), inform, level, true)),
      "decryption_error");
  EXPECT_EQ(report(), "usmStatsDecryptionErrors");
  EXPECT_EQ(judge(v3(*noc, before, inform, level, false)), "outside_window");
  EXPECT_EQ(report(), "") << "it does not want one";
}

TEST_F(SecurityTest, TheAnswerToAnInformIsForItsSender) {
  const Bytes inform = pdu(kLinkDown, {}, 9, kInform);
  const Bytes sent = v3(*noc, ours(), inform, SecurityLevel::auth_priv, true);
  ASSERT_EQ(judge(sent), "");
  const auto message = usm::decode_v3(sent);
  std::array<std::uint8_t, 1024> room;
  const Bytes answer = pdu(kLinkDown, {}, 9, 0xA2);
  const auto bytes =
      security.encode_answer(std::get<usm::V3Message>(message), verdict, answer, Instant{}, room);
  const auto decoded = usm::decode_v3(bytes);
  const auto& back = std::get<usm::V3Message>(decoded);
  EXPECT_EQ(back.header.message_id, 7);
  EXPECT_EQ(back.header.level, SecurityLevel::auth_priv);
  EXPECT_FALSE(back.header.reportable);
  auto keys = usm::localize(*noc, security.own().id());
  std::array<std::uint8_t, 1024> plain;
  const auto opened = usm::open(back, keys->get(), plain);
  const auto& scoped = std::get<usm::ScopedPdu>(opened);
  EXPECT_EQ(Bytes(scoped.pdu.begin(), scoped.pdu.end()), answer);
  EXPECT_EQ(Bytes(scoped.context_engine_id.begin(), scoped.context_engine_id.end()),
            (Bytes{1, 2, 3, 4, 5}));
}

}  // namespace
}  // namespace itnxt::trap
