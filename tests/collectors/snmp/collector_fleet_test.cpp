// The collector against the simulated fleet, on real time.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "tests/collectors/snmp/collector_rig.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/snmp_access.hpp"

namespace itnxt {
namespace {

using snmp::Ignored;
using test::config;
using test::Rig;
using test::target;

TEST(SnmpCollector, PollsAFleet) {
  test::FleetOptions options;
  options.interfaces = 23;
  options.narrow_every = 5;
  test::Fleet fleet(options);
  fleet.start();
  std::vector<SnmpTarget> targets;
  for (int i = 1; i <= 40; ++i) {
    targets.push_back(
        target("d" + std::to_string(i), "127.0.3." + std::to_string(i), fleet.port()));
  }
  Rig rig;
  rig.run(config(600ms, targets, 500ms));
  ASSERT_TRUE(rig.until_samples(100));
  std::map<std::string, std::vector<DeviceSample>> by_device;
  for (DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
    EXPECT_TRUE(sample.complete);
    EXPECT_EQ(sample.interval, 600ms);
    EXPECT_EQ(sample.interfaces.size(), 23U);
    by_device[sample.device.text()].push_back(std::move(sample));
  }
  EXPECT_EQ(by_device.size(), 40U);
  for (const auto& [name, samples] : by_device) {
    ASSERT_GE(samples.size(), 2U) << name;
    const std::uint32_t device =
        0x7F000300U + static_cast<std::uint32_t>(std::stoul(name.substr(1)));
    for (std::size_t i = 0; i < 23; ++i) {
      const InterfaceSample& row = samples[1].interfaces[i];
      const Counter in = *row.counters.get(Column::in_octets);
      EXPECT_EQ(in.width, row.if_index % 5 == 0 ? CounterWidth::bits32 : CounterWidth::bits64);
      // The value belongs to the sysUpTime of its own PDU, to the millisecond.
      const Duration at = (row.uptime.hundredths - 360'000) * 10ms;
      const std::uint64_t low = test::FleetModel::counter(device, row.if_index, 6, at);
      const std::uint64_t high = test::FleetModel::counter(device, row.if_index, 6, at + 10ms);
      if (in.width == CounterWidth::bits64) {
        EXPECT_GE(in.value, low);
        EXPECT_LE(in.value, high);
      }
    }
  }
  for (std::size_t i = 0; i < snmp::kIgnored; ++i) {
    EXPECT_EQ(rig.collector->ignored(static_cast<Ignored>(i)), 0U);
  }
  EXPECT_TRUE(rig.log.lines.empty()) << rig.log.lines.front();
}

TEST(SnmpCollector, PollsAFleetBySnmpV3) {
  test::FleetOptions options;
  options.interfaces = 7;
  options.user = test::v3_user();
  test::Fleet fleet(options);
  fleet.start();
  std::vector<SnmpTarget> targets;
  for (int i = 1; i <= 20; ++i) {
    targets.push_back(
        target("d" + std::to_string(i), "127.0.6." + std::to_string(i), fleet.port()));
    targets.back().credentials = test::v3_credentials();
  }
  Rig rig;
  rig.run(config(400ms, targets, 300ms));
  ASSERT_TRUE(rig.until_samples(50));
  for (const DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
    EXPECT_EQ(sample.interfaces.size(), 7U);
  }
  EXPECT_TRUE(rig.log.lines.empty()) << rig.log.lines.front();
}

TEST(SnmpCollector, SilentDevicesDelayNobodyAndAreToldOnceEachWay) {  // R10
  std::atomic<bool> dead = true;
  test::FleetOptions options;
  options.interfaces = 2;
  options.silent = [&](std::uint32_t device) { return dead && device % 2 == 0; };
  test::Fleet fleet(options);
  fleet.start();
  std::vector<SnmpTarget> targets;
  for (int i = 1; i <= 20; ++i) {
    targets.push_back(
        target("d" + std::to_string(i), "127.0.4." + std::to_string(i), fleet.port()));
  }
  Rig rig;
  rig.run(config(400ms, targets, 100ms, 1));
  test::run_for(rig.loop, 2500ms);
  std::map<std::string, std::size_t> live;
  std::map<std::string, std::size_t> silent;
  for (const DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    const bool even = std::stoi(sample.device.text().substr(1)) % 2 == 0;
    EXPECT_EQ(sample.result, even ? PollResult::timeout : PollResult::ok);
    std::size_t& seen = (even ? silent : live)[sample.device.text()];
    EXPECT_EQ(sample.problem, !even      ? ""
                              : seen < 2 ? "no answer to 2 tries"
                                         : "no answer to 1 try");
    ++seen;
    if (!even) {
      EXPECT_LT(sample.took, 200ms);
    }
  }
  EXPECT_EQ(live.size(), 10U);
  for (const auto& [name, count] : live) EXPECT_GE(count, 5U) << name;
  EXPECT_EQ(silent.size(), 10U);
  EXPECT_EQ(rig.log.lines.size(), 10U) << "once a device, not once a poll";
  const auto line =
      std::find(rig.log.lines.begin(), rig.log.lines.end(),
                "level=warning msg=\"device does not answer; check that it is up, its address, its "
                "credentials and whom it lets ask\" device=d2 address=127.0.4.2:" +
                    std::to_string(fleet.port()) + " problem=\"no answer to 2 tries\"");
  EXPECT_NE(line, rig.log.lines.end()) << rig.log.lines.front();

  EXPECT_EQ(rig.sink.events.size(), 0U);  // so it was at first sight

  dead = false;
  rig.log.lines.clear();
  test::run_until(
      rig.loop, [&] { return rig.log.lines.size() >= 10; }, 5s);
  ASSERT_EQ(rig.log.lines.size(), 10U);
  for (const std::string& back : rig.log.lines) {
    EXPECT_TRUE(back.starts_with("level=notice msg=\"device answers again\" device=d")) << back;
  }
  ASSERT_EQ(rig.sink.events.size(), 10U);  // each before the sample that shows it
  for (std::size_t i = 0; i < 10; ++i) {
    const Event& event = rig.sink.events[i];
    EXPECT_EQ(event.kind, "device_up");
    EXPECT_EQ(event.answers, true);
    const auto* next = std::get_if<DeviceSample>(&rig.sink.samples.at(rig.sink.told_before[i]));
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(next->device, event.device);
    EXPECT_EQ(next->at, event.at);
  }
}

TEST(SnmpCollector, AFleetOfDifficultDevices) {
  test::FleetOptions options;
  options.interfaces = 11;
  options.too_big_above = 700;
  test::Fleet too_big(options);
  options.too_big_above = 0;
  options.silent_above = 600;
  test::Fleet lossy(options);
  options.silent_above = 0;
  options.latency = 20ms;
  test::Fleet slow(options);
  too_big.start();
  lossy.start();
  slow.start();
  Rig rig;
  rig.run(
      config(2s,
             {target("too-big", "127.0.0.1", too_big.port()),
              target("lossy", "127.0.0.1", lossy.port()), target("slow", "127.0.0.1", slow.port())},
             100ms, 2));
  ASSERT_TRUE(rig.until_samples(3));
  for (const DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    EXPECT_EQ(sample.result, PollResult::ok) << sample.device.text() << ' ' << sample.problem;
    EXPECT_EQ(sample.interfaces.size(), 11U) << sample.device.text();
  }
}

}  // namespace
}  // namespace itnxt
