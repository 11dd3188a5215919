// The whole collector: what it tells, asks, counts and keeps.
#include "collectors/trap/collector.hpp"

#include "tests/collectors/trap/collector_world.hpp"

namespace itnxt::trap {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using TrapCollectorTest = TrapWorld;

TEST_F(TrapCollectorTest, ATrapIsAReasonToLookAndAnEventAndNoState) {
  start();
  send(v2c(pdu(kLinkDown, {if_index(7)})));
  EXPECT_THAT(poller.asked, ElementsAre("core 7 down"));
  EXPECT_THAT(told(), ElementsAre("trap: linkDown of core: interface 7"));
  EXPECT_FALSE(sink.events[0].interface);
  EXPECT_THAT(sink.all<DeviceSample>(), IsEmpty());
  send(v1({1, 3, 6, 1, 4, 1, 9}, 0, 0, {0, 0, 0, 0}), edge);
  send(v2c(pdu({1, 3, 6, 1, 4, 1, 9, 9, 43, 2, 0, 1})), edge);
  EXPECT_THAT(poller.asked, ElementsAre("core 7 down", "edge 0 tables"));
  const auto seen = figures();
  EXPECT_EQ(seen.at("itnxt_trap_received_total 2c trap"), 2);
  EXPECT_EQ(seen.at("itnxt_trap_received_total 1 trap"), 1);
  EXPECT_EQ(seen.at("itnxt_trap_polls_total"), 2);
  EXPECT_EQ(seen.at("itnxt_trap_listening"), 1);
  EXPECT_EQ(seen.at("itnxt_trap_missing_total core"), 0);
}

TEST_F(TrapCollectorTest, ADeviceIsPolledAtMostEveryFiveSecondsAndOnceMoreBehind) {
  start();
  for (std::uint32_t i = 1; i <= 20; ++i) send(v2c(pdu(kLinkDown, {if_index(i)}, i)));
  EXPECT_THAT(poller.asked, ElementsAre("core 1 down"));
  loop.advance(4999ms);
  EXPECT_EQ(poller.asked.size(), 1U);
  loop.advance(1ms);
  EXPECT_THAT(poller.asked, ElementsAre("core 1 down", "core 20 down"));
  loop.advance(1min);
  EXPECT_EQ(poller.asked.size(), 2U);
}

// Its commit would be before that of the news.
TEST_F(TrapCollectorTest, ATrapWaitsForWhatItsDeviceSays) {
  verdicts = false;
  start();
  send(v2c(pdu(kLinkDown, {if_index(1)}, 1)));
  EXPECT_THAT(told(), IsEmpty());
  polls.confirmed(DeviceName("core"));
  EXPECT_THAT(told(), ElementsAre("trap: linkDown of core: interface 1"));
  send(v2c(pdu(kLinkDown, {if_index(2)}, 2)));
  loop.advance(19ms);
  EXPECT_EQ(sink.events.size(), 1U);
  loop.advance(1ms);
  EXPECT_EQ(sink.events.size(), 2U) << "it said nothing new";
  send(v2c(pdu(kLinkDown, {if_index(3)}, 3)), edge);
  send(v2c(pdu(kColdStart, {}, 4)), unpolled);
  EXPECT_EQ(sink.events.size(), 4U);
  EXPECT_EQ(told()[2], "trap: linkDown of edge: interface 3") << "in the order in which they came";
  loop.advance(6s);
  send(v2c(pdu(kLinkDown, {if_index(5)}, 5)), edge);
  collector.reset();
  EXPECT_EQ(sink.events.size(), 5U) << "an orderly end loses none";
}

TEST_F(TrapCollectorTest, AnInterfaceIsNamedAsItsDeviceNamesItWhenAsked) {
  verdicts = false;
  start();
  send(v2c(pdu(kLinkDown, {if_index(1)}, 1)));
  polls.seen(DeviceName("core"), {1, "Te0/0/1", AdminStatus::up, OperStatus::down});
  polls.seen(DeviceName("a device of nobody"), {2, "Te0/0/2"});
  polls.confirmed(DeviceName("core"));
  poller.known = {"core 1 up", "core 2 up"};
  send(v2c(pdu(kLinkUp, {if_index(1)}, 2)));
  send(v2c(pdu(kLinkUp, {if_index(2)}, 3)));
  send(
      v2c(pdu(kLinkUp, {if_index(1), varbind({1, 3, 6, 1, 2, 1, 2, 2, 1, 2, 1}, text("own"))}, 4)));
  send(v2c(pdu(kLinkUp, {if_index(1)}, 5, kInform)));
  EXPECT_THAT(told(), ElementsAre("trap: linkDown of core: interface Te0/0/1 (1)",
                                  "trap: linkUp of core: interface Te0/0/1 (1)",
                                  "trap: linkUp of core: interface 2",
                                  "trap: linkUp of core: interface own (1)",
                                  "trap: linkUp of core: interface Te0/0/1 (1)"));
  // It starts anew, perhaps with other numbers.
  send(v2c(pdu(kColdStart, {}, 6)));
  loop.advance(20ms);
  send(v2c(pdu(kLinkUp, {if_index(1)}, 7)));
  EXPECT_EQ(told().back(), "trap: linkUp of core: interface 1");
}

TEST_F(TrapCollectorTest, WhoWasRightIsPolledAgainAtOnce) {
  start();
  send(v2c(pdu(kLinkDown, {if_index(1)}, 1)));
  send(v2c(pdu(kLinkDown, {if_index(2)}, 2)));
  EXPECT_THAT(poller.asked, ElementsAre("core 1 down"));
  polls.confirmed(DeviceName("core"));
  loop.advance(0ms);
  EXPECT_THAT(poller.asked, ElementsAre("core 1 down", "core 2 down"));
  polls.confirmed(DeviceName("core"));
  loop.advance(1s);
  send(v2c(pdu(kLinkDown, {if_index(3)}, 3)));
  EXPECT_THAT(poller.asked, ElementsAre("core 1 down", "core 2 down", "core 3 down"));
}

// A whole line card went: its ports' traps come behind the poll that has seen them all.
TEST_F(TrapCollectorTest, WhatTheLastPollSawIsNoReasonToLook) {
  start();
  poller.known = {"core 1 down", "core 2 up"};
  send(v2c(pdu(kLinkDown, {if_index(1)}, 1)));
  send(v2c(pdu(kLinkUp, {if_index(2)}, 2)));
  EXPECT_THAT(poller.asked, IsEmpty());
  EXPECT_EQ(sink.events.size(), 2U) << "told all the same";
  send(v2c(pdu(kLinkDown, {if_index(2)}, 3)));
  EXPECT_THAT(poller.asked, ElementsAre("core 2 down"));
}

TEST_F(TrapCollectorTest, WhatTheDeviceContradictsIsAskedOnceMore) {
  start();
  send(v2c(pdu(kLinkDown, {if_index(7)})));
  polls.contradicted(DeviceName("core"), 7);
  loop.advance(5s);
  EXPECT_THAT(poller.asked, ElementsAre("core 7 down", "core 7"));
  polls.contradicted(DeviceName("nobody"), 7);
  EXPECT_EQ(figures()["itnxt_trap_contradicted_total"], 1);
}

TEST_F(TrapCollectorTest, ADeviceThatNobodyHerePollsIsSaidOnce) {
  start();
  for (std::uint32_t i = 0; i < 3; ++i) {
    send(v2c(pdu(kLinkDown, {if_index(1)}, i)), unpolled);
    loop.advance(6s);
  }
  EXPECT_EQ(figures()["itnxt_trap_not_polled_total"], 3);
  const auto said = [&] {
    return std::ranges::count_if(log.lines, [](const std::string& line) {
      return line.find("no snmp collector of this process does") != std::string::npos;
    });
  };
  EXPECT_EQ(said(), 1);
  TrapCollectorConfig without = config;
  without.targets.erase(without.targets.begin() + 2);
  EXPECT_TRUE(collector->update(without));
  EXPECT_TRUE(collector->update(config));
  send(v2c(pdu(kLinkDown, {if_index(1)}, 9)), unpolled);
  EXPECT_EQ(said(), 2) << "it was gone meanwhile, and is a new device";
}

TEST_F(TrapCollectorTest, AnInformIsAnsweredEachTimeAndToldOnce) {
  start();
  const Bytes inform = v2c(pdu(kLinkUp, {if_index(7)}, 99, kInform));
  for (int i = 0; i < 3; ++i) {
    send(inform);
    const Bytes answer = core.receive();
    const auto decoded = snmp::decode(answer);
    const auto* response = std::get_if<snmp::Message>(&decoded);
    ASSERT_NE(response, nullptr);
    EXPECT_EQ(response->type, snmp::PduType::response);
    EXPECT_EQ(response->request_id, 99);
  }
  EXPECT_THAT(told(), ElementsAre("trap: linkUp of core: interface 7"));
  EXPECT_EQ(figures()["itnxt_trap_duplicates_total"], 2);
  send(v2c(pdu(kLinkUp, {if_index(7)}, 100, kInform)));
  EXPECT_EQ(sink.events.size(), 2U) << "another request is another inform";
}

// The answer was lost, or never sent, and the process killed; the sender repeats the inform.
TEST_F(TrapCollectorTest, AnInformIsToldOnceThoughTheCollectorStartsAnew) {
  start();
  const Bytes inform = v2c(pdu(kLinkUp, {if_index(7)}, 99, kInform));
  send(inform);
  EXPECT_THAT(core.receive(), testing::Not(IsEmpty()));
  collector.reset();
  start();  // the sink remembers, as the disk does
  send(inform);
  EXPECT_THAT(core.receive(), testing::Not(IsEmpty()));
  EXPECT_EQ(sink.events.size(), 1U);
  send(v2c(pdu(kLinkUp, {if_index(7)}, 100, kInform)));
  send(v2c(pdu(kLinkUp, {if_index(7)}, 100, kInform)), edge);
  EXPECT_EQ(sink.events.size(), 3U) << "another request, another sender";
  const Bytes trap = v2c(pdu(kLinkUp, {if_index(7)}, 101));
  send(trap);
  collector.reset();
  start();
  send(trap);
  EXPECT_EQ(sink.events.size(), 5U) << "nobody repeats a trap";
}

TEST_F(TrapCollectorTest, AnInformIsAnsweredWhenItsEventIsOnTheDisk) {
  SlowSink slow;
  start_with(slow);
  const Bytes inform = v2c(pdu(kLinkUp, {}, 99, kInform));
  send(inform);
  send(inform);
  EXPECT_THAT(core.receive(), IsEmpty());
  ASSERT_EQ(slow.waiting.size(), 1U);
  slow.waiting[0](EventFate::kept);
  EXPECT_THAT(core.receive(), testing::Not(IsEmpty()));
  EXPECT_THAT(core.receive(), IsEmpty()) << "one answer for both";
  send(inform);
  EXPECT_THAT(core.receive(), testing::Not(IsEmpty()));
  send(v2c(pdu(kLinkUp, {}, 100, kInform)));
  collector.reset();
  slow.waiting[1](EventFate::kept);  // nobody is there to answer any more
  EXPECT_EQ(slow.events.size(), 2U);
}

TEST_F(TrapCollectorTest, AnInformWhoseEventIsDroppedIsNewWhenItComesAgain) {
  SlowSink slow;
  start_with(slow);
  const Bytes inform = v2c(pdu(kLinkUp, {}, 99, kInform));
  send(inform);
  ASSERT_EQ(slow.waiting.size(), 1U);
  slow.waiting[0](EventFate::dropped);
  EXPECT_THAT(core.receive(), IsEmpty()) << "it is lost";
  send(inform);
  ASSERT_EQ(slow.waiting.size(), 2U);
  EXPECT_THAT(core.receive(), IsEmpty()) << "it has yet to be kept";
  slow.waiting[1](EventFate::kept);
  EXPECT_THAT(core.receive(), testing::Not(IsEmpty()));
}

TEST_F(TrapCollectorTest, BeyondTheStormLimitTrapsAreSummedUpAndInformsComeAgain) {
  config.storm_limit = 1;
  start();
  for (std::uint32_t i = 0; i < 30; ++i) send(v2c(pdu(kLinkDown, {if_index(1)}, i)));
  EXPECT_EQ(sink.events.size(), 10U);
  send(v2c(pdu(kLinkUp, {if_index(1)}, 99, kInform)));
  EXPECT_THAT(core.receive(), IsEmpty()) << "its sender repeats it";
  send(v2c(pdu(kLinkDown, {if_index(1)})), edge);
  EXPECT_EQ(sink.events.size(), 11U) << "the others are not disturbed";
  loop.advance(10s);
  EXPECT_EQ(told().back(), "trap_storm: 21 traps of core were too many to be told one by one");
  EXPECT_EQ(sink.events.back().device.text(), "core");
  send(v2c(pdu(kLinkUp, {if_index(1)}, 99, kInform)));
  EXPECT_THAT(core.receive(), testing::Not(IsEmpty()));
  EXPECT_EQ(figures()["itnxt_trap_withheld_total"], 21);
}

TEST_F(TrapCollectorTest, WhatCountsForNothingIsCountedByReasonAndToldOnceAMinute) {
  start();
  send(v2c(pdu(kLinkDown), "guess"));
  send(v2c(pdu(kLinkDown)), Client("127.0.0.77"));
  send(v2c(pdu(kLinkDown)), safe);
  send({1, 2, 3});
  send(v2c(pdu(kLinkDown, {}, 1, 0xA0)));
  loop.advance(2s);
  const auto seen = figures();
  for (const char* reason :
       {"wrong_community", "unknown_sender", "insecure", "malformed", "not_a_trap"}) {
    EXPECT_EQ(seen.at(std::string("itnxt_trap_ignored_total ") + reason), 1) << reason;
  }
  EXPECT_THAT(sink.events, IsEmpty());
  EXPECT_THAT(poller.asked, IsEmpty());
  std::string all;
  for (const std::string& line : log.lines) all += line;
  EXPECT_THAT(all, HasSubstr("reason=wrong_community datagrams=1 last_from=127.0.0.1:"));
  EXPECT_THAT(all, testing::Not(HasSubstr("guess")));
  const std::size_t lines = log.lines.size();
  for (std::uint32_t i = 0; i < 100; ++i) send(v2c(pdu(kLinkDown, {}, i), "guess"));
  loop.advance(30s);
  EXPECT_EQ(log.lines.size(), lines);
  loop.advance(1min);
  EXPECT_EQ(log.lines.size(), lines + 1);
}

TEST_F(TrapCollectorTest, TheLastOnesAreKeptAsTheyCameForTheirOwnerOnly) {
  const itnxt::test::TempDir dir;
  files = dir.path() + "/traps";
  start();
  send(v2c(pdu(kLinkDown), "guess"));
  loop.advance(1s);
  collector.reset();  // waits until it is written
  namespace fs = std::filesystem;
  EXPECT_EQ(fs::status(files + ".ignored").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  std::ifstream file(files + ".ignored");
  std::string when, reason, from, size, hex;
  file >> when >> reason >> from >> size >> hex;
  EXPECT_EQ(reason, "wrong_community");
  EXPECT_THAT(hex, HasSubstr("6775657373"));  // "guess"
}

TEST_F(TrapCollectorTest, ALinkThatAPollFindsLostWithoutItsTrapIsMissing) {
  start();
  send(v2c(pdu(kColdStart)));
  polls.lost(DeviceName("core"), {7, "Te0/0/7"});
  polls.lost(DeviceName("edge"), {7, ""});  // it has never sent a trap
  loop.advance(11s);
  EXPECT_EQ(
      told().back(),
      "trap_missing: core lost the link of interface Te0/0/7 (7), but no trap told it: it was "
      "lost on the way, or the device does not send it");
  const auto seen = figures();
  EXPECT_EQ(seen.at("itnxt_trap_missing_total core"), 1);
  EXPECT_FALSE(seen.contains("itnxt_trap_missing_total edge"));
}

TEST_F(TrapCollectorTest, AReloadChangesWhoIsBelievedAndKeepsThePort) {
  start();
  const std::uint16_t port = collector->port();
  const Bytes inform = v2c(pdu(kLinkUp, {}, 99, kInform));
  send(inform);
  TrapCollectorConfig fresh = config;
  fresh.targets = {device("other", "127.0.0.1"), device("new", "127.0.0.77", "blue")};
  EXPECT_TRUE(collector->update(fresh));
  EXPECT_EQ(collector->port(), port);
  send(inform);
  EXPECT_EQ(sink.events.size(), 1U) << "what has been seen stays";
  send(v2c(pdu(kLinkUp), "blue"), Client("127.0.0.77"));
  EXPECT_EQ(told().back(), "trap: linkUp of new");
}

// Totals that begin anew would say that less has happened than did.
TEST_F(TrapCollectorTest, AReloadOfAnythingKeepsTheFigures) {
  config.storm_limit = 1;
  start();
  for (std::uint32_t i = 0; i < 12; ++i) send(v2c(pdu(kLinkDown, {if_index(1)}, i)));
  send(v2c(pdu(kLinkDown), "guess"));
  auto before = figures();
  EXPECT_EQ(before.at("itnxt_trap_withheld_total"), 2);
  TrapCollectorConfig fresh = config;
  fresh.interval = 1s;
  fresh.storm_limit = 100;
  fresh.host = "127.0.0.5";
  EXPECT_TRUE(collector->update(fresh));
  config = fresh;
  loop.advance(10s);
  send(v2c(pdu(kLinkUp)));
  EXPECT_EQ(told().back(), "trap: linkUp of core") << "at the new address";
  ++before.at("itnxt_trap_received_total 2c trap");
  before.at("itnxt_trap_polls_total") = static_cast<double>(poller.asked.size());
  EXPECT_EQ(figures(), before);
  const auto count = sink.samples.size();
  loop.advance(1s);
  EXPECT_GT(sink.samples.size(), count) << "at the new interval";
}

TEST_F(TrapCollectorTest, AReloadToAPortThatIsTakenTriesItUntilItIsFree) {
  start();
  std::optional<Result<Listener>> other(Listener::open("127.0.0.5", 0));
  ASSERT_TRUE(*other);
  TrapCollectorConfig fresh = config;
  fresh.host = "127.0.0.5";
  fresh.port = (**other).port();
  EXPECT_TRUE(collector->update(fresh));
  EXPECT_EQ(collector->port(), 0);
  EXPECT_EQ(figures()["itnxt_trap_listening"], 0);
  other.reset();
  loop.advance(30s);
  EXPECT_EQ(collector->port(), fresh.port);
}

TEST_F(TrapCollectorTest, APortThatIsTakenIsSaidOnceAndTriedAgain) {
  std::optional<Listener> other = [] {
    auto opened = Listener::open("127.0.0.1", 0);
    EXPECT_TRUE(opened);
    return std::optional<Listener>(std::move(*opened));
  }();
  config.port = other->port();
  served = polls.serve(poller);
  start_with(sink);
  EXPECT_EQ(collector->port(), 0);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0],
            "level=error msg=\"cannot listen for traps; trying again, free the port or correct "
            "'listen'\" collector=traps listen=udp:127.0.0.1:" +
                std::to_string(config.port) + " problem=\"Address already in use\"");
  EXPECT_EQ(figures()["itnxt_trap_listening"], 0);
  EXPECT_EQ(log.lines.size(), 1U);
  other.reset();
  loop.advance(30s);
  EXPECT_EQ(collector->port(), config.port);
  EXPECT_THAT(log.lines.back(), HasSubstr("listening for traps again"));
  send(v2c(pdu(kLinkUp)));
  EXPECT_EQ(sink.events.size(), 1U);
}

TEST_F(TrapCollectorTest, BothFamiliesAtOnePort) {
  config.host = "::";
  config.targets = {device("core", "127.0.0.1"), device("six", "::1")};
  start();
  send(v2c(pdu(kLinkUp, {}, 1, kInform)));
  EXPECT_FALSE(core.receive().empty());
  const Client six("::1", AF_INET6);
  six.send(v2c(pdu(kLinkUp, {}, 2, kInform)), "::1", collector->port());
  ASSERT_TRUE(loop.deliver(std::chrono::seconds(10)));
  EXPECT_THAT(told(), ElementsAre("trap: linkUp of core", "trap: linkUp of six"));
  EXPECT_FALSE(six.receive().empty());
}

}  // namespace
}  // namespace itnxt::trap
