// Devices that do not answer: what is tried, what it costs, whom it disturbs.
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

}  // namespace
}  // namespace itnxt
