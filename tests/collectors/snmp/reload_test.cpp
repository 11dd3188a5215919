// A reload changes what has changed, and nothing else.
#include <gtest/gtest.h>

#include "collectors/snmp/schedule.hpp"
#include "tests/collectors/snmp/still_world.hpp"

namespace itnxt {
namespace {

using test::StillWorld;

test::FleetOptions few_interfaces() {
  test::FleetOptions options;
  options.interfaces = 4;
  return options;
}

// When the polls of a device began, from its first.
std::vector<Duration> begins(const std::vector<DeviceSample>& samples) {
  std::vector<Duration> at;
  for (const DeviceSample& sample : samples) {
    at.push_back(sample.at - sample.took - (samples[0].at - samples[0].took));
  }
  return at;
}

TEST(SnmpReload, ADeviceMoreIsNobodyElsesBusiness) {
  StillWorld world(few_interfaces());
  auto targets = world.targets(101);
  const SnmpTarget more = targets.back();
  targets.pop_back();
  world.start(StillWorld::config(targets));
  world.run(150s);
  const std::uint64_t two_rounds = world.fleet.requests();
  const std::uint64_t sent = world.collector->traffic().sent;
  targets.insert(targets.begin() + 50, more);
  ASSERT_TRUE(world.collector->update(StillWorld::config(targets)));
  EXPECT_EQ(world.collector->traffic().sent, sent) << "nothing is asked because of a reload";
  world.run(150s);
  std::uint64_t requests = 0;
  for (const auto& [name, samples] : world.by_device()) {
    if (name == "d100") {
      EXPECT_GE(samples.size(), 2U);
      continue;
    }
    ASSERT_EQ(samples.size(), 5U) << name;
    const auto at = begins(samples);
    for (std::size_t i = 0; i < at.size(); ++i) EXPECT_EQ(at[i], i * 60s) << name;
    requests += samples.size();
  }
  EXPECT_EQ(requests, 500U);
  // A poll is a GET and two GETBULKs here, the same before and after.
  EXPECT_EQ(two_rounds % 3, 0U);
  EXPECT_EQ(world.fleet.requests(), world.sink.samples.size() * 3);
}

TEST(SnmpReload, APollUnderWayGoesOnAndWhatWasLearnedStays) {
  test::FleetOptions options = few_interfaces();
  options.too_big_above = 500;
  StillWorld world(options);
  auto targets = world.targets(2);
  world.start(StillWorld::config(targets));
  world.run(180s);
  const std::uint64_t before = world.fleet.requests();
  world.run(60s);
  const std::uint64_t a_round = world.fleet.requests() - before;
  targets.pop_back();
  targets[0].device.site = SiteName("halle");  // of no concern to a poll
  SnmpCollectorConfig fresh = StillWorld::config(targets);
  fresh.retries = 5;
  ASSERT_TRUE(world.collector->update(fresh));
  const std::uint64_t after = world.fleet.requests();
  world.run(60s);
  EXPECT_EQ((world.fleet.requests() - after) * 2, a_round)
      << "asks in the size it has learned, and the other device no more";
}

TEST(SnmpReload, OtherCredentialsAreTriedAtTheDevicesOwnPlace) {
  StillWorld world(few_interfaces());
  auto targets = world.targets(3);
  targets[1].credentials.community.set("wrong");
  world.start(StillWorld::config(targets));
  world.run(120s);
  EXPECT_EQ(world.by_device().at("d1").back().result, PollResult::timeout);
  targets[1].credentials.community.set("public");
  ASSERT_TRUE(world.collector->update(StillWorld::config(targets)));
  world.run(60s);
  for (const auto& [name, samples] : world.by_device()) {
    EXPECT_EQ(samples.size(), 3U) << name;
    EXPECT_EQ(samples.back().result, PollResult::ok) << name;
    EXPECT_EQ(begins(samples)[2], 120s) << name;
  }
}

TEST(SnmpReload, ADevicesPlaceIsTakenByAnotherWithoutAnythingOfIt) {
  StillWorld world(few_interfaces());
  auto targets = world.targets(3);
  world.start(StillWorld::config(targets));
  // In the middle of a poll: its request is out, its answer under way.
  while (world.collector->traffic().sent == 0) world.loop.advance(10ms);
  targets = {targets[0]};
  targets[0].device.name = DeviceName("other");
  ASSERT_TRUE(world.collector->update(StillWorld::config(targets)));
  world.run(120s);
  for (const auto& [name, samples] : world.by_device()) {
    EXPECT_EQ(name, "other");
    EXPECT_EQ(samples.size(), 2U);
    for (const DeviceSample& sample : samples) EXPECT_EQ(sample.result, PollResult::ok);
  }
  EXPECT_EQ(world.collector->ignored(snmp::Ignored::late) +
                world.collector->ignored(snmp::Ignored::stranger),
            1U);
}

TEST(SnmpReload, AnotherIntervalIsAnotherCollector) {
  StillWorld world(few_interfaces());
  SnmpCollectorConfig config = StillWorld::config(world.targets(1));
  world.start(config);
  config.interval = 30s;
  EXPECT_FALSE(world.collector->update(config));
}

}  // namespace
}  // namespace itnxt
