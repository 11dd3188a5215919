#include <gtest/gtest.h>

#include "tests/state/world.hpp"

namespace itnxt {
namespace {

using test::Poller;

const char* tell(const std::optional<bool>& up) {
  return !up ? "unknown" : *up ? "up" : "down";
}

class LinksTest : public testing::Test {
 protected:
  Table table{test::two_routers()};
  Poller poller;
  LinkView link() { return poller.look(table)->links[0]; }
};

TEST_F(LinksTest, UpAsItsEndsSay) {
  struct Row {
    OperStatus a, b;
    const char* expected;
  };
  for (const Row& row : std::vector<Row>{
           {OperStatus::up, OperStatus::up, "up"},
           {OperStatus::up, OperStatus::down, "down"},
           {OperStatus::down, OperStatus::up, "down"},
           {OperStatus::up, OperStatus::dormant, "down"},
           {OperStatus::up, OperStatus::lower_layer_down, "down"},
           {OperStatus::up, OperStatus::not_known, "unknown"},
           {OperStatus::down, OperStatus::unknown, "down"},
           {OperStatus::unknown, OperStatus::unknown, "unknown"},
       }) {
    poller.pass(60s);
    poller.send(table, {poller.poll("r1", {{1, "eth0", 0, 0, row.a}}),
                        poller.poll("r2", {{1, "eth0", 0, 0, row.b}})});
    EXPECT_STREQ(tell(link().up), row.expected);
  }
}

TEST_F(LinksTest, ASilentDeviceSaysNothingAboutItsPorts) {
  poller.send(table,
              {poller.poll("r1", {{1, "eth0", 0, 0}}), poller.poll("r2", {{1, "eth0", 0, 0}})});
  EXPECT_STREQ(tell(link().up), "up");
  poller.pass(60s);
  poller.send(table, {poller.poll("r1", {{1, "eth0", 60000, 120000}}), poller.timeout("r2")});
  EXPECT_STREQ(tell(link().up), "unknown");
  EXPECT_STREQ(tell(link().a.up), "up");
  EXPECT_STREQ(tell(link().b->up), "unknown");
  // What the other end counts stands for both directions.
  EXPECT_EQ(link().a_to_b, BytesPerSecond(2000));
  EXPECT_EQ(link().b_to_a, BytesPerSecond(1000));
}

TEST_F(LinksTest, ATransmitterIsBelievedBeforeTheReceiver) {
  poller.send(table,
              {poller.poll("r1", {{1, "eth0", 0, 0}}), poller.poll("r2", {{1, "eth0", 0, 0}})});
  poller.pass(60s);
  poller.send(table, {poller.poll("r1", {{1, "eth0", 600, 6000}}),
                      poller.poll("r2", {{1, "eth0", 5400, 1200}})});
  EXPECT_EQ(link().a_to_b, BytesPerSecond(100));
  EXPECT_EQ(link().b_to_a, BytesPerSecond(20));
  EXPECT_EQ(link().capacity, bits_per_second(1e9));
  EXPECT_EQ(link().utilization_a_to_b, Ratio(100 / 125e6));
  EXPECT_EQ(link().a.site.text(), "magdeburg");
  EXPECT_EQ(link().b->site.text(), "halle");
  EXPECT_EQ(poller.look(table)->devices[0]->interfaces[0].link.text(), "md-hal");
}

TEST(Links, AnEndIsFoundByNameElseDescrElseAlias) {
  const std::vector<test::InterfaceRow> rows = {
      {1, "Gi0/1", 0, 0, OperStatus::down, "GigabitEthernet0/1", "uplink"},
      {2, "uplink", 0, 0, OperStatus::up, "port 2", "spare"},
      {3, "Gi0/3", 0, 0, OperStatus::up, "port 3", "to halle"},
  };
  for (const auto& [wanted, expected] :
       std::vector<std::pair<const char*, const char*>>{{"uplink", "uplink"},
                                                        {"GigabitEthernet0/1", "Gi0/1"},
                                                        {"to halle", "Gi0/3"},
                                                        {"nowhere", ""}}) {
    Config config = test::two_routers();
    config.inventory.links = {test::link("l", {DeviceName("r1"), wanted}, std::nullopt)};
    Table table(config);
    Poller poller;
    poller.send(table, {poller.poll("r1", rows)});
    std::string found;
    const auto snapshot = poller.look(table);
    for (const InterfaceView& one : snapshot->devices[0]->interfaces) {
      if (one.link.text() == "l") found = one.identity->name.text();
    }
    EXPECT_EQ(found, expected) << wanted;
    EXPECT_EQ(snapshot->links[0].up.has_value(), !found.empty());
    EXPECT_FALSE(snapshot->links[0].b.has_value());
  }
}

TEST(Links, ConfiguredCapacityCountsForUtilizationAndPlausibility) {
  Config config = test::two_routers();
  config.inventory.links[0].capacity = bits_per_second(1e10);  // the device says 1 Gbit/s
  Table table(config);
  Poller poller;
  poller.send(table, {poller.poll("r1", {{1, "eth0", 0, 0}})});
  poller.pass(60s);
  poller.send(table, {poller.poll("r1", {{1, "eth0", 0, 60ULL * 1'000'000'000}})});
  const LinkView link = poller.look(table)->links[0];
  EXPECT_EQ(link.a_to_b, BytesPerSecond(1e9));
  EXPECT_EQ(link.utilization_a_to_b, Ratio(0.8));
}

TEST(Captures, TotalsDropsAndStaleness) {
  Config config = test::two_routers();
  PcapCollectorConfig tap;
  tap.name = CollectorName("tap");
  tap.link = LinkName("md-hal");
  config.collectors = {tap};
  Table table(config);
  Poller poller;
  const auto sample = [&](std::uint64_t dropped) {
    CaptureSample s;
    s.capture = CollectorName("tap");
    s.at = source_time(poller.now);
    s.interval = 10s;
    s.open = true;
    s.dropped[0] = Packets(dropped);
    return s;
  };
  poller.send(table, {sample(5)});
  EXPECT_EQ(poller.look(table)->captures[0].dropped_packets_per_second, std::nullopt);
  EXPECT_EQ(poller.look(table)->captures[0].link, tap.link);
  poller.pass(10s);
  poller.send(table, {sample(25)});
  EXPECT_EQ(poller.look(table)->captures[0].dropped_packets_per_second, 2.0);
  // Another node's capture of the same name would be the same series.
  Poller other = poller;
  other.node = NodeName("hal");
  other.send(table, {sample(0)});
  EXPECT_EQ(poller.look(table)->captures.size(), 1U);
  EXPECT_EQ(poller.look(table)->captures[0].sample.dropped[0], Packets(25));
  EXPECT_EQ(poller.look(table)->samples_refused, 1U);
  poller.pass(35s);
  table.tick(poller.now);
  EXPECT_EQ(poller.look(table)->captures.size(), 1U);
  poller.pass(1s);
  table.tick(poller.now);
  EXPECT_EQ(poller.look(table)->captures.size(), 0U);
}

TEST(Captures, TalkersStandBesideTheirCaptureUntilTheyAreStale) {
  Config config = test::two_routers();
  Table table(config);
  Poller poller;
  const auto capture = [&] {
    CaptureSample s;
    s.capture = CollectorName("tap");
    s.at = source_time(poller.now);
    s.interval = 10s;
    return s;
  };
  const auto talkers = [&](std::uint64_t packets) {
    TalkersSample s;
    s.capture = CollectorName("tap");
    s.at = source_time(poller.now);
    s.interval = 10s;
    s.packets = packets;
    return s;
  };
  Poller other = poller;
  other.node = NodeName("hal");
  other.send(table, {});
  poller.send(table, {talkers(1)});  // of a capture that nobody knows
  EXPECT_EQ(poller.look(table)->samples_refused, 1U);
  const std::uint64_t none = poller.look(table)->series;
  poller.send(table, {capture()});
  const std::uint64_t without = poller.look(table)->series;
  EXPECT_EQ(poller.look(table)->captures[0].talkers, nullptr);
  poller.send(table, {talkers(2)});
  poller.send(table, {talkers(3)});
  EXPECT_EQ(poller.look(table)->captures[0].talkers->packets, 3U);
  EXPECT_EQ(poller.look(table)->series, without + kSeriesOfTalkers);
  other.send(table, {talkers(4)});
  EXPECT_EQ(poller.look(table)->captures[0].talkers->packets, 3U);
  EXPECT_EQ(poller.look(table)->samples_refused, 2U);
  // The capture goes on, without talkers.
  poller.pass(30s);
  poller.send(table, {capture()});
  poller.pass(6s);
  table.tick(poller.now);
  EXPECT_EQ(poller.look(table)->captures[0].talkers, nullptr);
  EXPECT_EQ(poller.look(table)->series, without);
  poller.send(table, {talkers(5)});
  poller.pass(40s);
  table.tick(poller.now);
  EXPECT_EQ(poller.look(table)->captures.size(), 0U);
  EXPECT_EQ(poller.look(table)->series, none);
}

}  // namespace
}  // namespace itnxt
