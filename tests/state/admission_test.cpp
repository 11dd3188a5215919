#include "daemon/state/admission.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

#include "tests/state/world.hpp"

namespace itnxt {
namespace {

using test::Poller;

constexpr std::uint64_t kConfigured = 2 * kSeriesOfDevice + kSeriesOfLink;

// Rows called "x1", "x2" …, the last one bearing `alias`.
DeviceSample many_rows(const Poller& poller, const char* name, std::uint32_t count,
                       const std::string& alias = "") {
  DeviceSample sample = poller.poll(name, {});
  for (std::uint32_t i = 1; i <= count; ++i) {
    InterfaceSample row;
    row.if_index = i;
    row.if_name = "x" + std::to_string(i);
    row.at = sample.at;
    row.uptime = *sample.uptime;
    if (i == count) row.if_alias = alias;
    sample.interfaces.push_back(std::move(row));
  }
  return sample;
}

class AdmissionTest : public testing::Test {
 protected:
  Config config = test::two_routers();
  Table table{config};
  Poller poller;

  // Room for so many interfaces of the node that polls.
  void room_for(std::uint64_t interfaces) {
    config.aggregator.limits.series_per_node = kSeriesOfCollector + interfaces * kSeriesOfInterface;
    table.reconfigure(config);
  }
  void send(DeviceSample sample) {
    poller.pass(60s);
    poller.send(table, {std::move(sample)});
  }
  std::size_t rows(std::size_t device) {
    return poller.look(table)->devices[device]->interfaces.size();
  }
  std::string linked(std::size_t device) {
    std::string text;
    for (const InterfaceView& one : poller.look(table)->devices[device]->interfaces) {
      if (!one.link.empty()) text += one.identity->name.text() + "=" + one.link.text() + " ";
    }
    return text;
  }
};

TEST_F(AdmissionTest, ADeviceGoneMadLeavesTheOthersOfItsNodeAsMuchAsItHolds) {
  room_for(100);
  send(many_rows(poller, "r1", 16'000));
  EXPECT_EQ(rows(0), 50U);
  send(many_rows(poller, "r1", 16'000));
  EXPECT_EQ(rows(0), 50U) << "asking again brings no more";
  send(many_rows(poller, "r2", 25));
  EXPECT_EQ(rows(1), 25U);
  EXPECT_EQ(poller.look(table)->series, kConfigured + kSeriesOfCollector + 75 * kSeriesOfInterface);
  EXPECT_EQ(poller.look(table)->series_rejected, 2 * 15'950 * kSeriesOfInterface);
}

TEST_F(AdmissionTest, ADeviceGoneMadLeavesTheOthersOfAllNodesAsMuchAsItHolds) {
  config.aggregator.limits.series = kConfigured + kSeriesOfCollector + 100 * kSeriesOfInterface;
  table.reconfigure(config);
  send(many_rows(poller, "r1", 16'000));
  EXPECT_EQ(rows(0), 50U);
}

TEST_F(AdmissionTest, ARowThatALinkNamesIsInWhateverTheLimits) {
  room_for(10);
  send(many_rows(poller, "r2", 16'000, "eth0"));
  EXPECT_EQ(linked(1), "x16000=md-hal ");
  EXPECT_EQ(rows(1), 5U) << "it counts: four are left of the others";
  send(many_rows(poller, "r2", 16'000, "eth0"));
  EXPECT_EQ(rows(1), 5U);
  config.aggregator.limits.series_per_node = 1;
  table.reconfigure(config);
  send(poller.poll("r1", {{7, "eth0", 0, 0}, {8, "eth1", 0, 0}}));
  EXPECT_EQ(test::received(*poller.look(table)->devices[0]), "eth0=first");
}

TEST_F(AdmissionTest, ADeviceCannotGatherPlacesByMovingALinksName) {
  room_for(0);
  for (std::uint32_t count = 1; count < 20; ++count) {
    send(many_rows(poller, "r1", count, "eth0"));
    EXPECT_EQ(linked(0), "x" + std::to_string(count) + "=md-hal ");
    EXPECT_EQ(rows(0), 1U);
    send(many_rows(poller, "r1", count));
    EXPECT_EQ(rows(0), 0U);
  }
  EXPECT_EQ(poller.look(table)->series, kConfigured + kSeriesOfCollector);
}

TEST_F(AdmissionTest, WhoIsInStaysInWhenALinkGoes) {
  room_for(1);
  send(poller.poll("r1", {{1, "eth0", 0, 0}}));
  config.inventory.links.clear();
  table.reconfigure(config);
  send(poller.poll("r1", {{1, "eth0", 0, 0}, {2, "eth1", 0, 0}}));
  EXPECT_EQ(test::received(*poller.look(table)->devices[0]), "eth0=0");
  send(poller.poll("r1", {}));
  EXPECT_EQ(poller.look(table)->series, 2 * kSeriesOfDevice + kSeriesOfCollector);
}

TEST_F(AdmissionTest, TellsOfARefusalAtMostOnceAMinutePerDevice) {
  room_for(10);
  EXPECT_TRUE(table.take_refused(poller.now).empty());
  send(many_rows(poller, "r1", 16'000));
  const auto told = table.take_refused(poller.now);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].device.text(), "r1");
  EXPECT_EQ(told[0].node.text(), "md");
  EXPECT_EQ(told[0].refused, 15'995U);
  EXPECT_EQ(told[0].kept, 5U);
  EXPECT_EQ(told[0].limit, Limit::series_per_node);
  EXPECT_EQ(describe(told[0]),
            "interfaces of a device are refused: of what aggregator.limits.series_per_node allows, "
            "it holds as much as is left for the others of its node; raise that limit if the "
            "device really has so many");
  EXPECT_TRUE(table.take_refused(poller.now).empty()) << "told once";
  poller.pass(59s);
  poller.send(table, {many_rows(poller, "r1", 16'000), many_rows(poller, "r2", 16'000)});
  const auto other = table.take_refused(poller.now);
  ASSERT_EQ(other.size(), 1U);
  EXPECT_EQ(other[0].device.text(), "r2");
  poller.pass(1s);
  const auto again = table.take_refused(poller.now);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].device.text(), "r1");
  poller.pass(60s);
  poller.send(table, {poller.poll("r1", {})});
  EXPECT_TRUE(table.take_refused(poller.now).empty()) << "mended";
}

TEST_F(AdmissionTest, NamesTheLimitOfAllNodes) {
  config.aggregator.limits.series = 1;
  table.reconfigure(config);
  poller.node = config.node;
  config.collectors = {SnmpCollectorConfig{}};
  std::get<SnmpCollectorConfig>(config.collectors[0]).name = CollectorName("snmp");
  table.reconfigure(config);
  send(many_rows(poller, "r1", 3));
  const auto told = table.take_refused(poller.now);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].limit, Limit::series);
  EXPECT_EQ(describe(told[0]),
            "interfaces of a device are refused: of what aggregator.limits.series allows, it holds "
            "as much as is left for all others; raise that limit if the device really has so many");
}

// Whatever three devices of a node tell, in whatever order: what the links name is there, the
// bound holds, and whoever grew left the others as much as it holds.
RC_GTEST_PROP(Admission, SharesWhatIsLeft, ()) {
  Config config = test::two_routers();
  config.inventory.devices.push_back(test::device("r3"));
  const std::uint64_t configured = kConfigured + kSeriesOfDevice;
  const auto room = *rc::gen::inRange<std::uint64_t>(0, 60) * kSeriesOfInterface;
  config.aggregator.limits.series_per_node = room + kSeriesOfCollector;
  Table table(config);
  Poller poller;
  std::map<std::string, std::size_t> before;  // rows that no link names
  const auto steps = *rc::gen::inRange(1, 30);
  for (int i = 0; i < steps; ++i) {
    poller.pass(60s);
    const char* name = *rc::gen::element("r1", "r2", "r3");
    const auto count = *rc::gen::inRange<std::uint32_t>(0, 50);
    DeviceSample sample = many_rows(poller, name, count, *rc::gen::element("eth0", "", "other"));
    sample.complete = *rc::gen::arbitrary<bool>();
    const bool names_link = count > 0 && sample.interfaces.back().if_alias == "eth0";
    poller.send(table, {std::move(sample)});
    if (*rc::gen::arbitrary<bool>()) table.tick(poller.now);
    const auto snapshot = poller.look(table);
    std::uint64_t used = 0;
    for (const auto& device : snapshot->devices) used += device->interfaces.size();
    used *= kSeriesOfInterface;
    RC_ASSERT(snapshot->series == configured + kSeriesOfCollector + used);
    RC_ASSERT(used <= room + 2 * kSeriesOfInterface);  // two ends of a link
    for (const auto& device : snapshot->devices) {
      std::size_t ordinary = 0;
      for (const InterfaceView& one : device->interfaces) {
        if (one.link.empty()) ++ordinary;
      }
      if (device->name.text() == name) {
        const bool has_link = ordinary < device->interfaces.size();
        RC_ASSERT(!names_link || device->name.text() == "r3" || has_link);
        RC_ASSERT(ordinary <= before[name] || used + ordinary * kSeriesOfInterface <= room);
      } else {
        RC_ASSERT(ordinary <= before[device->name.text()]);
      }
      before[device->name.text()] = ordinary;
    }
  }
}

}  // namespace
}  // namespace itnxt
