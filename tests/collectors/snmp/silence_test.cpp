// Devices that do not answer, or never come to an end: what is tried, what it costs, whom it
// disturbs.
#include <gtest/gtest.h>

#include <set>

#include "tests/collectors/snmp/still_world.hpp"

namespace itnxt {
namespace {

using test::StillWorld;

TEST(SnmpSilence, AFirewallThatHasLostAPortIsLeftBehindByAnotherPort) {
  std::set<std::uint16_t> lost;  // source ports that the firewall drops for ever
  bool broken = false;
  test::FleetOptions options;
  options.interfaces = 3;
  options.blocked = [&](std::uint32_t device, std::uint16_t from) {
    if (device != 0x7F010001) return false;
    if (broken) lost.insert(from);
    broken = false;
    return lost.contains(from);
  };
  StillWorld world(options);
  world.start(StillWorld::config(world.targets(5)));
  world.run(120s);
  EXPECT_EQ(world.collector->open_sockets(), 1U);
  broken = true;
  world.run(240s);
  const auto before = world.by_device();
  EXPECT_EQ(before.at("d0")[2].result, PollResult::timeout);
  EXPECT_EQ(before.at("d0")[3].result, PollResult::timeout);
  EXPECT_EQ(before.at("d0")[4].result, PollResult::timeout);
  EXPECT_EQ(before.at("d0")[5].result, PollResult::ok) << "three silent polls, then another port";
  EXPECT_EQ(lost.size(), 1U);
  EXPECT_EQ(world.collector->open_sockets(), 2U) << "the others stay where they are";
  for (int i = 1; i < 5; ++i) {
    for (const DeviceSample& sample : before.at("d" + std::to_string(i))) {
      EXPECT_EQ(sample.result, PollResult::ok);
    }
  }
}

TEST(SnmpSilence, ADeadDeviceIsReportedEachIntervalAndCostsLessAndLess) {
  bool dead = true;
  test::FleetOptions options;
  options.interfaces = 1;
  options.silent = [&](std::uint32_t) { return dead; };
  StillWorld world(options);
  world.start(StillWorld::config(world.targets(1)));
  std::vector<std::uint64_t> datagrams;
  for (int i = 0; i < 6; ++i) {
    const std::uint64_t sent = world.collector->traffic().sent;
    world.run(60s);
    datagrams.push_back(world.collector->traffic().sent - sent);
  }
  EXPECT_EQ(datagrams, (std::vector<std::uint64_t>{3, 3, 2, 1, 1, 1}));
  const auto samples = world.by_device().at("d0");
  ASSERT_EQ(samples.size(), 6U);
  for (const DeviceSample& sample : samples) EXPECT_EQ(sample.result, PollResult::timeout);
  EXPECT_EQ(samples[0].problem, "no answer to 3 tries");
  EXPECT_EQ(samples[5].problem, "no answer to 1 try");

  dead = false;
  world.run(60s);
  EXPECT_EQ(world.by_device().at("d0").back().result, PollResult::ok);
  dead = true;
  const std::uint64_t sent = world.collector->traffic().sent;
  world.run(60s);
  EXPECT_EQ(world.collector->traffic().sent - sent, 3U) << "all the retries again";
}

// What the log says of a problem that comes and goes.
TEST(SnmpTold, AProblemIsToldOnceAndAgainWhenItComesBack) {
  snmp::Told told;
  const Instant start{1h};
  EXPECT_FALSE(told.wants("", start));
  EXPECT_TRUE(told.wants("cold", start));
  EXPECT_FALSE(told.wants("cold", start + 1h)) << "it never went";
  EXPECT_FALSE(told.wants("", start + 61min));
  EXPECT_TRUE(told.wants("cold", start + 62min));
  EXPECT_FALSE(told.wants("", start + 63min));
  EXPECT_FALSE(told.wants("cold", start + 64min)) << "told two minutes ago";
  EXPECT_FALSE(told.wants("hot", start + 65min)) << "any other, too";
  EXPECT_TRUE(told.wants("cold", start + 72min)) << "it is back, and is told when it may be";
  EXPECT_FALSE(told.wants("cold", start + 2h));
  EXPECT_TRUE(told.wants("hot", start + 2h));
}

TEST(SnmpSilence, AFewSocketsDoForAnyNumberOfDeadDevices) {
  test::FleetOptions options;
  options.interfaces = 1;
  options.silent = [](std::uint32_t device) { return device % 2 == 0; };
  StillWorld world(options);
  SnmpCollectorConfig config = StillWorld::config(world.targets(60));
  config.interval = 10s;
  config.timeout = 500ms;
  world.start(config);
  for (int i = 0; i < 300; ++i) {
    world.run(10s, 100ms);
    ASSERT_LE(world.collector->open_sockets(), 8U);
  }
  EXPECT_GE(world.collector->open_sockets(), 2U);
  for (const auto& [name, samples] : world.by_device()) {
    EXPECT_EQ(samples.size(), 300U) << name;
    const PollResult expected =
        std::stoul(name.substr(1)) % 2 == 1 ? PollResult::timeout : PollResult::ok;
    for (const DeviceSample& sample : samples) ASSERT_EQ(sample.result, expected) << name;
  }
}

// The bar: 30 % of 2,000 devices dead, by SNMPv3, and no live one later than its interval and 2 s.
TEST(SnmpSilence, ManyDeadDevicesDelayNoLiveOne) {
  const auto dead = [](std::uint32_t device) { return device % 10 < 3; };
  test::FleetOptions options;
  options.interfaces = 3;
  options.user = test::v3_user();
  options.silent = dead;
  StillWorld world(options);
  world.start(StillWorld::config(world.v3_targets(2000)));
  world.run(240s, 50ms);
  std::size_t live = 0;
  std::size_t silent = 0;
  Duration latest{};
  for (const auto& [name, samples] : world.by_device()) {
    ASSERT_GE(samples.size(), 3U) << name;
    const bool is_dead = samples[0].result == PollResult::timeout;
    ++(is_dead ? silent : live);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      ASSERT_EQ(samples[i].result, is_dead ? PollResult::timeout : PollResult::ok) << name;
      if (i == 0 || is_dead) continue;
      latest = std::max(latest, samples[i].at - samples[i - 1].at - 60s);
    }
  }
  EXPECT_EQ(silent, 600U);
  EXPECT_EQ(live, 1400U);
  EXPECT_LE(latest, 2s);
  RecordProperty("worst_lateness_us", static_cast<int>(latest.count()));
}

// A network that is down: all but a few are dead, and all are due at once, more than may be asked.
TEST(SnmpSilence, ANetworkThatIsDownDelaysNotTheDevicesThatAreLeft) {
  bool down = false;
  test::FleetOptions options;
  options.interfaces = 1;
  options.silent = [&down](std::uint32_t device) { return down && device % 100 != 0; };
  StillWorld world(options);
  SnmpCollectorConfig config = StillWorld::config(world.targets(7000));
  config.interval = 4s;
  config.timeout = 1s;
  world.start(config);
  world.run(8s, 50ms);
  down = true;
  world.sink.samples.clear();
  world.run(20s, 50ms);
  std::size_t live = 0;
  for (const auto& [name, samples] : world.by_device()) {
    EXPECT_GE(samples.size(), 4U) << name;
    if (samples.back().result != PollResult::ok) continue;
    ++live;
    for (const DeviceSample& sample : samples) EXPECT_LT(sample.took, 100ms) << name;
  }
  EXPECT_EQ(live, 70U);
}

TEST(SnmpTotals, GoWithOneSampleEachInterval) {
  test::FleetOptions options;
  options.interfaces = 1;
  StillWorld world(options);
  world.start(StillWorld::config(world.targets(5)));
  world.run(180s);
  std::size_t with = 0;
  for (const DeviceSample& sample : world.sink.all<DeviceSample>()) {
    if (!sample.totals) continue;
    ++with;
    EXPECT_EQ(*sample.totals, SnmpTotals());
  }
  EXPECT_EQ(with, 3U);
  EXPECT_EQ(world.sink.samples.size(), 15U);
}

TEST(SnmpSilence, ASocketOfNoUseToAnybodyIsClosed) {
  bool firewall = false;
  std::set<std::uint16_t> ports;
  test::FleetOptions options;
  options.interfaces = 1;
  options.blocked = [&](std::uint32_t, std::uint16_t from) {
    ports.insert(from);
    return firewall;
  };
  StillWorld world(options);
  world.start(StillWorld::config(world.targets(1)));
  world.run(60s);
  firewall = true;
  world.run(240s);
  ASSERT_EQ(ports.size(), 2U);
  EXPECT_EQ(world.collector->open_sockets(), 1U);
}

// It stays visible, and costs a GET an interval where it cost a walk.
TEST(SnmpEndless, ADeviceWhoseWalkDoesNotEndIsWalkedLessAndLess) {
  std::uint32_t if_number = 3;
  test::FleetOptions options;
  options.interfaces = 1100;
  options.if_number = [&](std::uint32_t) { return if_number; };
  StillWorld world(options);
  world.start(StillWorld::config(world.targets(1)));
  std::string walked;
  const auto poll = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const std::uint64_t sent = world.collector->traffic().sent;
      world.run(60s);
      walked += world.collector->traffic().sent - sent > 1 ? 'w' : '.';
      const DeviceSample sample = world.by_device().at("d0").back();
      EXPECT_EQ(sample.result, PollResult::partial);
      EXPECT_TRUE(sample.answered);
      EXPECT_TRUE(sample.interfaces.empty());
      EXPECT_EQ(sample.problem.find("the walk of its interfaces"), 0U) << sample.problem;
      if (walked.back() == 'w') continue;
      EXPECT_EQ(sample.problem,
                "the walk of its interfaces did not end; only whether it answers is asked for now");
    }
  };
  poll(26);
  EXPECT_EQ(walked, "w.w...w.......w.........w.");
  if_number = 1100;
  world.run(60s * 9);
  const DeviceSample sample = world.by_device().at("d0").back();
  EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
  EXPECT_EQ(sample.interfaces.size(), 1100U);
}

}  // namespace
}  // namespace itnxt
