// From bytes to one form, whatever the version; and back, as the answer to an inform.
#include "collectors/trap/notification.hpp"

#include <gtest/gtest.h>

#include "collectors/trap/names.hpp"
#include "tests/collectors/trap/messages.hpp"

namespace itnxt::trap {
namespace {

using namespace test;

Notification good(const Bytes& bytes) {
  const auto decoded = decode(bytes);
  const auto* note = std::get_if<Notification>(&decoded);
  EXPECT_NE(note, nullptr);
  return note == nullptr ? Notification() : *note;
}
Reason bad(const Bytes& bytes) {
  const auto decoded = decode(bytes);
  const auto* reason = std::get_if<Reason>(&decoded);
  EXPECT_NE(reason, nullptr);
  return reason == nullptr ? Reason::unknown_user : *reason;
}
std::string oid_of(const Notification& note) {
  return snmp::dotted(note.oid.view());
}

const Arcs kCisco = {1, 3, 6, 1, 4, 1, 9, 9, 43, 2};

TEST(TrapDecoding, AVersion2cTrap) {
  const Bytes bytes =
      v2c(pdu(kLinkDown,
              {if_index(7), varbind({1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1, 7}, text("Te0/0/1"))}, 99),
          "s3cret");
  const Notification note = good(bytes);
  EXPECT_EQ(note.version, Version::v2c);
  EXPECT_FALSE(note.inform);
  EXPECT_EQ(note.community, "s3cret");
  EXPECT_EQ(note.request_id, 99);
  EXPECT_EQ(oid_of(note), "1.3.6.1.6.3.1.1.5.3");
  EXPECT_EQ(note.uptime, 100U);
  EXPECT_EQ(note.if_index, 7U);
  EXPECT_EQ(note.if_name, "Te0/0/1");
  EXPECT_FALSE(note.agent);
  EXPECT_TRUE(good(v2c(pdu(kLinkDown, {}, 1, kInform))).inform);
}

// RFC 3584 §3.1.
TEST(TrapDecoding, Version1IsTranslated) {
  struct Case {
    Arcs enterprise;
    std::uint32_t generic;
    std::uint32_t specific;
    std::string oid;
  };
  const Case cases[] = {
      {kCisco, 0, 0, "1.3.6.1.6.3.1.1.5.1"},
      {kCisco, 2, 17, "1.3.6.1.6.3.1.1.5.3"},
      {kCisco, 5, 0, "1.3.6.1.6.3.1.1.5.6"},
      {kCisco, 6, 1, "1.3.6.1.4.1.9.9.43.2.0.1"},
      {kCisco, 6, 0, "1.3.6.1.4.1.9.9.43.2.0.0"},
      {{1, 3, 6, 1, 4, 1, 8072}, 6, 0x7FFFFFFF, "1.3.6.1.4.1.8072.0.2147483647"},
      {{1, 3, 6, 1, 4, 1, 8072}, 6, 127, "1.3.6.1.4.1.8072.0.127"},
      {{1, 3, 6, 1, 4, 1, 8072}, 6, 128, "1.3.6.1.4.1.8072.0.128"},
  };
  for (const Case& c : cases) {
    const Bytes bytes = v1(c.enterprise, c.generic, c.specific, {10, 0, 0, 9}, {if_index(3)});
    const Notification note = good(bytes);
    EXPECT_EQ(oid_of(note), c.oid);
    EXPECT_EQ(note.version, Version::v1);
    EXPECT_EQ(note.uptime, 4200U);
    EXPECT_EQ(note.if_index, 3U);
    EXPECT_EQ(note.agent, (std::array<std::uint8_t, 4>{10, 0, 0, 9}));
  }
  EXPECT_FALSE(good(v1(kCisco, 0, 0, {0, 0, 0, 0})).agent);
  // A proxy has put the address in: that of the datagram's PDU is the proxy's.
  const Bytes relayed = v1(kCisco, 0, 0, {10, 0, 0, 9}, {trap_address({10, 0, 0, 5})});
  EXPECT_EQ(good(relayed).agent, (std::array<std::uint8_t, 4>{10, 0, 0, 5}));
}

TEST(TrapDecoding, WhichInterfaceItIsAbout) {
  const auto about = [](const std::vector<Bytes>& list) {
    const Bytes bytes = v2c(pdu(kLinkDown, list));
    return good(bytes).if_index;
  };
  EXPECT_EQ(about({}), 0U);
  EXPECT_EQ(about({if_index(7)}), 7U);
  // By the index of another column of its row, when ifIndex is not there.
  EXPECT_EQ(about({varbind({1, 3, 6, 1, 2, 1, 2, 2, 1, 8, 12}, number(2))}), 12U);
  EXPECT_EQ(about({varbind({1, 3, 6, 1, 2, 1, 2, 2, 1, 8, 12}, number(2)), if_index(9)}), 9U);
  EXPECT_EQ(about({varbind({1, 3, 6, 1, 2, 1, 2, 2, 1, 8, 12, 1}, number(2))}), 0U);
  EXPECT_EQ(about({varbind(with(kIfIndex, 5), number(0x80000001U))}), 0U);
  EXPECT_EQ(about({varbind({1, 3, 6, 1, 4, 1, 9, 8, 12}, number(2))}), 0U);
}

TEST(TrapDecoding, WhatIsNoNotification) {
  EXPECT_EQ(bad({}), Reason::malformed);
  EXPECT_EQ(bad({0x30, 0x00}), Reason::malformed);
  Bytes longer = v2c(pdu(kLinkDown));
  longer.push_back(0);
  EXPECT_EQ(bad(longer), Reason::malformed);
  EXPECT_EQ(bad(v2c(pdu(kLinkDown, {}, 1, 0xA0))), Reason::not_a_trap) << "a GET";
  EXPECT_EQ(bad(v2c(pdu(kLinkDown, {}, 1, 0xA2))), Reason::not_a_trap) << "a response";
  EXPECT_EQ(bad(v1(kCisco, 7, 0, {10, 0, 0, 9})), Reason::malformed) << "no such generic trap";
  EXPECT_EQ(bad(v1(kCisco, 0, 0, {10, 0, 0, 9}, {number(1)})), Reason::malformed);
  // Without snmpTrapOID.0 nobody knows what it is.
  const Bytes nameless =
      tlv(kTrap, join({number(1), number(0), number(0),
                       tlv(0x30, varbind({1, 3, 6, 1, 2, 1, 1, 3, 0}, number(1, 0x43)))}));
  EXPECT_EQ(bad(v2c(nameless)), Reason::malformed);
  const Bytes wrong = tlv(kTrap, join({number(1), number(0), number(0), tlv(0x30, if_index(1))}));
  EXPECT_EQ(bad(v2c(wrong)), Reason::malformed);
  Arcs endless = kCisco;
  for (std::uint32_t i = 0; i < 130; ++i) endless.push_back(1);
  EXPECT_EQ(bad(v1(endless, 6, 1, {10, 0, 0, 9})), Reason::malformed);
}

// Some agents leave sysUpTime.0 out.
TEST(TrapDecoding, TheTimeMayBeMissing) {
  const Bytes timeless =
      tlv(kTrap, join({number(1), number(0), number(0),
                       tlv(0x30, varbind({1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}, oid(kLinkDown)))}));
  const Bytes bytes = v2c(timeless);
  EXPECT_FALSE(good(bytes).uptime);
}

TEST(TrapDecoding, AnInformIsAnsweredWithItsOwnVarbinds) {
  for (const std::uint32_t request : {1U, 127U, 128U, 0x7FFFFFFFU}) {
    const Bytes bytes = v2c(pdu(kLinkDown, {if_index(7)}, request, kInform), "s3cret");
    const auto asked = snmp::decode(bytes);
    const auto& inform = std::get<snmp::Message>(asked);
    std::array<std::uint8_t, 512> room;
    const auto answered = snmp::decode(acknowledge(inform, true, room));
    const auto* answer = std::get_if<snmp::Message>(&answered);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(answer->type, snmp::PduType::response);
    EXPECT_EQ(answer->community, "s3cret");
    EXPECT_EQ(answer->request_id, inform.request_id);
    EXPECT_EQ(answer->error_status, 0);
    EXPECT_EQ(answer->varbind_count, 3U);
    std::array<std::uint8_t, 32> small;
    EXPECT_TRUE(acknowledge(inform, true, small).empty());
  }
}

TEST(TrapNames, BothFormsAreKnown) {
  const auto look = [](const Arcs& arcs) {
    const auto* known = known_trap(itnxt::test::encode_oid(arcs));
    return known == nullptr ? std::string() : std::string(known->name);
  };
  EXPECT_EQ(look(kLinkDown), "linkDown");
  EXPECT_EQ(look({1, 3, 6, 1, 2, 1, 15, 0, 2}), "bgpBackwardTransNotification");
  EXPECT_EQ(look({1, 3, 6, 1, 2, 1, 15, 7, 2}), "bgpBackwardTransition");
  EXPECT_EQ(look({1, 3, 6, 1, 2, 1, 15, 7, 0, 2}), "bgpBackwardTransition");
  EXPECT_EQ(look({1, 3, 6, 1, 2, 1, 14, 16, 2, 2}), "ospfNbrStateChange");
  EXPECT_EQ(look({1, 3, 6, 1, 2, 1, 14, 16, 2, 0, 2}), "ospfNbrStateChange");
  EXPECT_EQ(look({1, 3, 6, 1, 4, 1, 9, 9, 43, 2, 0, 1}), "");
  EXPECT_EQ(trap_name(itnxt::test::encode_oid({1, 3, 6, 1, 4, 1, 9})), "1.3.6.1.4.1.9");
}

}  // namespace
}  // namespace itnxt::trap
