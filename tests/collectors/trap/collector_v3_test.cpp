// The whole collector under version 3: engines, replays, informs, reports.
#include "collectors/trap/collector.hpp"
#include "tests/collectors/trap/collector_world.hpp"

namespace itnxt::trap {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using TrapCollectorV3Test = TrapWorld;

TEST_F(TrapCollectorV3Test, OfVersion3TheEngineSaysWhoItIs) {
  start();
  const Engine engine;
  poller.engines[engine.id] = "safe";
  const auto level = usm::SecurityLevel::auth_priv;
  send(v3(*noc(), engine, pdu(kLinkDown, {if_index(7)}), level), core);
  EXPECT_THAT(told(), ElementsAre("trap: linkDown of safe: interface 7"));
  EXPECT_THAT(poller.asked, ElementsAre("safe 7 down"));
  Engine another = engine;
  another.id.push_back(9);
  send(v3(*noc(), another, pdu(kLinkDown, {if_index(8)}), level), safe);
  EXPECT_EQ(told().back(), "trap: linkDown of safe: interface 8") << "by its address";
  another.id.push_back(9);
  send(v3(*noc(), another, pdu(kLinkDown, {if_index(8)}), level), edge);
  EXPECT_THAT(told().back(), HasSubstr("trap: linkDown from 127.0.0.2:")) << "by nothing";
  EXPECT_EQ(sink.events.back().device.text(), "");
}

TEST_F(TrapCollectorV3Test, AReplayIsNoNewsButAReasonToLook) {
  start();
  Engine engine;
  poller.engines[engine.id] = "safe";
  const auto level = usm::SecurityLevel::auth_priv;
  const Bytes recorded = v3(*noc(), engine, pdu(kLinkDown, {if_index(7)}), level);
  send(recorded, safe);
  loop.advance(200s);
  engine.time += 200;
  send(v3(*noc(), engine, pdu(kLinkUp, {if_index(7)}, 2), level), safe);
  loop.advance(10s);
  poller.asked.clear();
  send(recorded, safe);
  EXPECT_EQ(sink.events.size(), 2U);
  EXPECT_THAT(poller.asked, ElementsAre("safe 7 down"));
  EXPECT_EQ(ignored("outside_window"), 1);
}

TEST_F(TrapCollectorV3Test, AStrangersNameIsInTheLogWithWhereItsTrapsAreKept) {
  const itnxt::test::TempDir dir;
  files = dir.path() + "/traps";
  start();
  log.lines.clear();
  usm::User eve = *noc();
  eve.name = "eve\x1b[2J\n<3>" + std::string(20, 'x');
  send(v3(eve, Engine{}, pdu(kLinkDown), usm::SecurityLevel::auth_priv), safe);
  loop.advance(1s);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_THAT(
      log.lines[0],
      HasSubstr("level=warning msg=\"traps were ignored: their user is none of the "
                "inventory's devices': correct it on the device, or in 'credentials'; the "
                "last user was 'eve [2J <3>xxxxxxxxxxxxxxxxxxxx'; the last ones are kept as "
                "they came in " +
                files +
                ".ignored\" collector=traps reason=unknown_user datagrams=1 "
                "last_from=127.0.0.4:"));
  log.lines.clear();
  send(v2c(pdu(kLinkDown), "guess"));
  loop.advance(2min);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_THAT(log.lines[0], testing::Not(HasSubstr("last user")));
}

TEST_F(TrapCollectorV3Test, AnInformOfVersion3) {
  start();
  const auto level = usm::SecurityLevel::auth_priv;
  // Who does not know us asks.
  Bytes room(512);
  usm::SaltCounter salts(1);
  usm::Header header;
  header.message_id = 1;
  const auto probe = usm::encode(
      header, {{}, {}, tlv(0xA0, join({number(1), number(0), number(0), tlv(0x30, {})}))}, nullptr,
      salts, room);
  send({probe.begin(), probe.end()}, safe);
  const Bytes told_us = safe.receive();
  const auto report = usm::decode_v3(told_us);
  const auto* known = std::get_if<usm::V3Message>(&report);
  ASSERT_NE(known, nullptr);
  Engine ours{Bytes(known->header.engine_id.begin(), known->header.engine_id.end()),
              known->header.boots, known->header.time};
  for (int i = 0; i < 2; ++i) {  // the second as a repetition
    send(v3(*noc(), ours, pdu(kLinkDown, {if_index(7)}, 9, kInform), level, true, {1, 2, 3, 4, 5},
            20 + i),
         safe);
    const Bytes answered = safe.receive();
    const auto answer = usm::decode_v3(answered);
    const auto* message = std::get_if<usm::V3Message>(&answer);
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(message->header.message_id, 20 + i);
    EXPECT_EQ(message->header.level, level);
  }
  EXPECT_THAT(told(), ElementsAre("trap: linkDown of safe: interface 7"));
  // An inform to an engine that is not ours is told so.
  send(v3(*noc(), Engine(), pdu(kLinkDown, {}, 10, kInform), level, true), safe);
  EXPECT_FALSE(safe.receive().empty());
  EXPECT_EQ(sink.events.size(), 1U);
  EXPECT_EQ(ignored("unknown_engine"), 1);
}

TEST_F(TrapCollectorV3Test, ReportsToOneAddressAreLimited) {
  start();
  usm::SaltCounter salts(1);
  std::size_t answers = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes room(512);
    usm::Header header;
    header.message_id = i + 1;
    const auto probe = usm::encode(
        header, {{}, {}, tlv(0xA0, join({number(1), number(0), number(0), tlv(0x30, {})}))},
        nullptr, salts, room);
    send({probe.begin(), probe.end()});
    if (!core.receive().empty()) ++answers;
  }
  EXPECT_EQ(answers, 500U);
}

}  // namespace
}  // namespace itnxt::trap
