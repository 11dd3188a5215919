// What is asked out of turn, because somebody heard of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/snmp/interface_check.hpp"
#include "collectors/snmp_protocol/usm/engine_id.hpp"
#include "tests/collectors/snmp/still_world.hpp"

namespace itnxt {
namespace {

using test::StillWorld;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t kFirst = 0x7F010001;  // 127.1.0.1, d0

class Listener final : public PollListener {
 public:
  void seen(const DeviceName& device, const InterfaceStatus& now) override {
    looks.push_back(device.text() + ' ' + std::to_string(now.if_index) + ' ' + now.if_name);
  }
  void lost(const DeviceName& device, const InterfaceStatus& now) override {
    heard.push_back("lost " + device.text() + ' ' + std::to_string(now.if_index) + ' ' +
                    now.if_name);
  }
  void confirmed(const DeviceName& device) override { confirmations += device.text() + ' '; }
  void contradicted(const DeviceName& device, std::uint32_t if_index) override {
    heard.push_back("contradicted " + device.text() + ' ' + std::to_string(if_index));
  }
  std::vector<std::string> heard, looks;
  std::string confirmations;
};

// Four interfaces: a poll is a GET and two GETBULKs.
class NowTest : public testing::Test {
 protected:
  NowTest() {
    options.interfaces = 4;
    options.down = [this](std::uint32_t device, std::uint32_t row) {
      return device == kFirst && row == down;
    };
    options.silent = [this](std::uint32_t device) {
      if (device != kFirst) return false;
      return answers_left == 0 || (answers_left > 0 && answers_left-- == 0);
    };
  }
  void start(SnmpVersion version = SnmpVersion::v2c, std::uint32_t count = 1) {
    if (version == SnmpVersion::v3) options.user = test::v3_user();
    world.emplace(options);
    listening = world->polls.watch(listener);
    auto targets = version == SnmpVersion::v3 ? world->v3_targets(count) : world->targets(count);
    world->start(StillWorld::config(targets));
    world->run(60s);
    ASSERT_EQ(samples().size(), 1U);
    requests = world->fleet.requests();
  }
  void ask(const PollReason& reason, const std::string& device = "d0") {
    EXPECT_TRUE(world->polls.poll_now(DeviceName(device), reason));
    world->settle();
  }
  [[nodiscard]] std::uint64_t asked() { return world->fleet.requests() - requests; }
  [[nodiscard]] std::vector<DeviceSample> samples() { return world->by_device()["d0"]; }
  [[nodiscard]] std::vector<std::string> events() const {
    std::vector<std::string> texts;
    for (const Event& event : world->sink.events) texts.push_back(event.text);
    return texts;
  }

  // Of a row of a sample; unknown where there is none.
  [[nodiscard]] OperStatus oper(std::size_t sample, std::uint32_t if_index) {
    const std::vector<DeviceSample> all = samples();
    for (const InterfaceSample& row : all.at(sample).interfaces) {
      if (row.if_index == if_index) return row.oper;
    }
    return OperStatus::unknown;
  }
  // A minute after the first.
  [[nodiscard]] Instant next_regular() {
    const DeviceSample first = samples().at(0);
    return Instant((first.at - first.took).time_since_epoch() + 60s);
  }

  test::FleetOptions options;
  std::uint32_t down = 0;
  int answers_left = -1;  // -1: without end
  std::optional<StillWorld> world;
  Listener listener;
  Registration listening;
  std::uint64_t requests = 0;
};

// An agent of version 1 refuses a question as a whole (RFC 1157 §4.1.2), and not all have names.
TEST(InterfaceCheck, Version1IsNotAskedForTheName) {
  const snmp::InterfaceCheck one(3, {2s, 1, snmp::Version::v1});
  EXPECT_EQ(one.request().count, 2);
  snmp::InterfaceCheck two(3, {2s, 1, snmp::Version::v2c});
  EXPECT_EQ(two.request().count, 3);
  EXPECT_EQ(two.patience(), 2s);
  two.timed_out();
  EXPECT_TRUE(two.done());
  EXPECT_FALSE(two.found());
}

TEST_F(NowTest, TheInterfaceFirstThenTheDevice) {
  for (const SnmpVersion version : {SnmpVersion::v2c, SnmpVersion::v3}) {
    down = 0;
    start(version);
    down = 3;
    ask({3, false, false});
    EXPECT_THAT(events(), ElementsAre("interface Gi0/3 of d0 is down"));
    ASSERT_EQ(world->sink.events.size(), 1U);
    ASSERT_TRUE(world->sink.events[0].interface);
    EXPECT_EQ(world->sink.events[0].interface->oper, OperStatus::down);
    EXPECT_EQ(world->sink.told_before[0], 1U) << "before the poll was over";
    ASSERT_EQ(samples().size(), 2U);
    EXPECT_EQ(oper(1, 3), OperStatus::down);
    EXPECT_TRUE(version != SnmpVersion::v2c || asked() == 4) << asked();
    EXPECT_THAT(listener.heard, IsEmpty()) << "the trap has told it";
    world.reset();
  }
}

TEST_F(NowTest, WithoutAnInterfaceTheDeviceAtOnce) {
  start();
  down = 2;
  ask({});
  EXPECT_EQ(asked(), 3U);
  EXPECT_THAT(events(), ElementsAre("interface Gi0/2 of d0 is down"));
  EXPECT_THAT(listener.heard, ElementsAre("lost d0 2 Gi0/2"));
}

TEST_F(NowTest, ADeviceOfNobodyIsRefused) {
  start();
  EXPECT_FALSE(world->polls.poll_now(DeviceName("d9"), {}));
  world->collector.reset();
  EXPECT_FALSE(world->polls.poll_now(DeviceName("d0"), {})) << "its collector is gone";
}

TEST_F(NowTest, WhatTheDeviceSaysOtherwiseIsToldToWhoAsked) {
  start();
  ask({3, false, false});
  EXPECT_THAT(listener.heard, ElementsAre("contradicted d0 3"));
  EXPECT_THAT(listener.looks, ElementsAre("d0 3 Gi0/3")) << "whatever it says of it";
  EXPECT_THAT(events(), IsEmpty());
  ask({3, true, false});
  ask({3, std::nullopt, false});
  EXPECT_EQ(listener.heard.size(), 1U);
}

TEST_F(NowTest, WhoAskedHearsThatItWasRight) {
  start();
  const DeviceName d0("d0");
  EXPECT_TRUE(world->polls.knows(d0, 3, true));
  EXPECT_FALSE(world->polls.knows(d0, 3, false));
  EXPECT_FALSE(world->polls.knows(d0, 99, false)) << "no such port was seen";
  EXPECT_FALSE(world->polls.knows(DeviceName("d9"), 3, true));
  ask({3, false, false});
  EXPECT_EQ(listener.confirmations, "") << "it was not";
  down = 3;
  ask({3, false, false});
  EXPECT_EQ(listener.confirmations, "d0 ") << "by the check; its walk found no more";
  EXPECT_TRUE(world->polls.knows(d0, 3, false));
  ask({3, false, false});
  EXPECT_EQ(listener.confirmations, "d0 ") << "that was known";
  down = 4;
  ask({});
  EXPECT_EQ(listener.confirmations, "d0 d0 ") << "by the walk";
  down = 2;
  world->run(60s);
  EXPECT_EQ(listener.confirmations, "d0 d0 ") << "the regular poll was asked for by nobody";
}

TEST_F(NowTest, APollSoonBeforeTheRegularOneStandsForIt) {
  start();
  world->run(next_regular() - world->loop.now() - 1s);
  ask({});
  EXPECT_EQ(samples().size(), 2U);
  world->run(2s);
  EXPECT_EQ(samples().size(), 2U);
  world->run(60s);
  EXPECT_EQ(samples().size(), 3U);
}

// The walk hangs behind the system group; the interface is asked beside it, and the walk goes on.
TEST_F(NowTest, InTheMidstOfAPollTheInterfaceIsAskedBesideIt) {
  start();
  answers_left = 1;
  while (asked() == 0) world->run(10ms);
  answers_left = -1;
  EXPECT_EQ(samples().size(), 1U);
  down = 4;
  ask({4, false, false});
  EXPECT_THAT(events(), ElementsAre("interface Gi0/4 of d0 is down"));
  ASSERT_EQ(samples().size(), 3U) << "the poll under way, and the one that was asked for";
  EXPECT_EQ(samples()[1].result, PollResult::ok);
  EXPECT_EQ(samples()[1].interfaces.size(), 4U);
  EXPECT_EQ(samples()[2].result, PollResult::ok);
  EXPECT_EQ(world->collector->ignored(snmp::Ignored::late), 0U);
}

// Rates of the others would be withheld as late.
TEST_F(NowTest, SoonAfterAPollOnlyTheRowsGoOutThatHaveChanged) {
  start();
  world->run(next_regular() - world->loop.now() + 1s);
  ASSERT_EQ(samples().size(), 2U);
  EXPECT_TRUE(samples()[1].complete);
  down = 2;
  ask({});
  ASSERT_EQ(samples().size(), 3U);
  EXPECT_FALSE(samples()[2].complete);
  EXPECT_EQ(samples()[2].result, PollResult::ok);
  ASSERT_EQ(samples()[2].interfaces.size(), 1U);
  EXPECT_EQ(oper(2, 2), OperStatus::down);
  down = 4;
  ask({4, false, false});  // 2 is up again, and 4 was told before
  ASSERT_EQ(samples()[3].interfaces.size(), 2U);
  EXPECT_EQ(oper(3, 2), OperStatus::up);
  EXPECT_EQ(oper(3, 4), OperStatus::down);
  ask({});
  EXPECT_THAT(samples()[4].interfaces, IsEmpty());
  world->run(35s);
  ask({});
  EXPECT_EQ(samples()[5].interfaces.size(), 4U) << "half an interval is long enough";
  EXPECT_TRUE(samples()[5].complete);
}

// Row 1 was read before its link went down: it must not be up again for it.
TEST_F(NowTest, WhatAWalkHadReadBeforeIsCorrected) {
  options.interfaces = 40;
  start();
  const std::uint64_t whole = requests;
  ASSERT_GT(whole, 4U);
  answers_left = 3;
  while (asked() < 4) world->run(10ms);
  answers_left = -1;
  down = 1;
  ask({1, false, false});
  EXPECT_THAT(events(), ElementsAre("interface Gi0/1 of d0 is down"));
  ASSERT_EQ(samples().size(), 3U);
  EXPECT_EQ(oper(1, 1), OperStatus::down);
  EXPECT_NE(oper(2, 1), OperStatus::up);
}

TEST_F(NowTest, ADeviceThatIsSilentThenIsDownByAWholePoll) {
  start();
  answers_left = 0;
  ask({3, false, false});
  EXPECT_THAT(events(), IsEmpty());
  world->run(25s);
  EXPECT_THAT(events(), ElementsAre("device d0 does not answer"));
  EXPECT_EQ(samples().at(1).result, PollResult::timeout);
  answers_left = -1;
  ask({});
  EXPECT_EQ(events().back(), "device d0 answers again");
}

TEST_F(NowTest, HowOftenItIsAskedAPollUnderWayIsOneMore) {
  start();
  answers_left = 1;
  while (asked() == 0) world->run(10ms);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(world->polls.poll_now(DeviceName("d0"), {1, false, false}));
  }
  answers_left = -1;
  world->run(5s);
  EXPECT_EQ(samples().size(), 3U);
}

TEST_F(NowTest, WhoHasProvenToBeAnEngineIsKnown) {
  start(SnmpVersion::v3, 2);
  const snmp::usm::EngineId nobody(std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6});
  EXPECT_FALSE(world->polls.device_of(nobody.bytes()));
  const auto engine = test::FleetEngine::engine_of(kFirst + 1);
  EXPECT_EQ(world->polls.device_of(engine.bytes()), DeviceName("d1"));
}

}  // namespace
}  // namespace itnxt
