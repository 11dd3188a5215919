// Who tells the table: collectors, their processes and nodes, what each of them may fill.
#include <gtest/gtest.h>

#include "daemon/state/table.hpp"
#include "tests/state/table_world.hpp"

namespace itnxt {
namespace {

using test::Poller;
using test::received;
using test::TableTest;

PcapCollectorConfig capture(const char* name, const char* link = "") {
  PcapCollectorConfig made;
  made.name = CollectorName(name);
  made.link = LinkName(link);
  return made;
}

// Two that poll one device: their clocks do not compare, so only one of them can make rates.
TEST_F(TableTest, OneSourceIsFollowedUntilItIsStale) {
  Poller other = poller;
  other.node = NodeName("hal");
  const auto poll = [&](Poller& by, std::uint64_t in) {
    by.send(table, {by.poll("r1", {{1, "eth0", in, 0}})});
  };
  poll(poller, 0);
  poll(other, 0);
  EXPECT_EQ(poller.look(table)->samples_refused, 1U);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    minute();
    other.pass(60s);
    poll(poller, 60'000 * i);
    EXPECT_EQ(received(*r1()), "eth0=1000");
    other.pass(1s);
    poll(other, 61'000 * i);
    EXPECT_EQ(received(*r1()), "eth0=1000");
  }
  EXPECT_EQ(poller.look(table)->samples_refused, 4U);
  EXPECT_EQ(r1()->polls[0], 4U);
  // The first falls silent: after three and a half intervals the other one takes over.
  other.now = poller.now + 210s;
  poll(other, 300'000);
  EXPECT_EQ(poller.look(table)->samples_refused, 5U);
  other.pass(1s);
  poll(other, 301'000);
  EXPECT_EQ(received(*r1()), "eth0=first");
  other.pass(60s);
  poll(other, 361'000);
  EXPECT_EQ(received(*r1()), "eth0=1000");
}

// A node whose key is fine has no say about the devices of others; its other collectors have.
TEST_F(TableTest, OnlyTheNodeThatIsFollowedBringsMetricsOfADevice) {
  Poller other = poller;
  other.node = NodeName("hal");
  const auto tell = [&](Poller& by, const char* collector, const char* sensor, double value) {
    SeriesSample sample;
    sample.device = DeviceName("r1");
    sample.source = "sensors";
    sample.at = source_time(by.now);
    sample.interval = 60s;
    sample.families = {{"itnxt_sensor_celsius",
                        SeriesType::gauge,
                        "Temperature.",
                        {"sensor"},
                        {{{sensor}, value}}}};
    Batch batch = by.batch({sample});
    batch.collector = CollectorName(collector);
    table.apply(batch, by.now, by.wall);
  };
  const auto rows = [&] {
    std::size_t count = 0;
    const auto snapshot = poller.look(table);
    for (const auto& subject : snapshot->series_of) {
      for (const auto& block : subject->blocks) count += block->rows.size();
    }
    return count;
  };
  poll_r1({{1, "eth0", 0, 0}});
  tell(other, "snmp", "forged", 99);
  EXPECT_EQ(rows(), 0U);
  EXPECT_EQ(poller.look(table)->samples_refused, 1U);
  tell(poller, "snmp", "inlet", 20);
  tell(poller, "script", "outlet", 40);
  EXPECT_EQ(rows(), 2U);
  EXPECT_EQ(poller.look(table)->samples_refused, 1U);
  const auto told = table.take_series_refused(poller.now);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].problem,
            "metrics of a device that another node polls are ignored: only that node's collectors "
            "bring them");
  EXPECT_EQ(told[0].device, "r1");
  EXPECT_EQ(told[0].node, NodeName("hal"));
  // The followed one falls silent: who polls it from then on brings them, too.
  other.pass(211s);
  other.send(table, {other.poll("r1", {{1, "eth0", 0, 0}})});
  tell(other, "snmp", "inlet2", 21);
  EXPECT_EQ(rows(), 3U) << "those of before are not stale yet";
  poller.now = other.now;
  tell(poller, "snmp", "inlet", 20);
  EXPECT_EQ(poller.look(table)->samples_refused, 2U);
}

// `node` of the inventory: nobody else tells of it, be its node alive or not.
TEST_F(TableTest, ADeviceOfANodeIsToldByItAlone) {
  config.inventory.devices[0].node = NodeName("md");
  table.reconfigure(config);
  Poller other = poller;
  other.node = NodeName("hal");
  other.send(table, {other.poll("r1", {{1, "eth0", 0, 0}}), other.poll("r2", {{1, "eth0", 0, 0}})});
  EXPECT_FALSE(r1()->polled);
  EXPECT_TRUE(poller.look(table)->devices[1]->polled) << "only that device";
  EXPECT_EQ(poller.look(table)->samples_refused, 1U);
  poll_r1({{1, "eth0", 0, 0}});
  EXPECT_EQ(r1()->node, NodeName("md"));
  EXPECT_EQ(r1()->collector, CollectorName("snmp"));
  other.pass(24h);
  table.tick(other.now);
  other.send(table, {other.poll("r1", {{1, "eth0", 0, 0}})});
  EXPECT_FALSE(r1()->polled);
  EXPECT_EQ(poller.look(table)->samples_refused, 2U);
  const auto trespass = table.take_trespass();
  ASSERT_TRUE(trespass);
  EXPECT_EQ(trespass->device, DeviceName("r1"));
  EXPECT_EQ(trespass->owner, NodeName("md"));
  EXPECT_EQ(trespass->by, (Teller{NodeName("hal"), CollectorName("snmp")}));
  EXPECT_EQ(trespass->refused, 2U);
  EXPECT_FALSE(table.take_trespass()) << "told once";
  EXPECT_TRUE(table.take_node_changes(other.now).empty());
}

TEST_F(TableTest, ATakeOverIsToldAndSoWhoIsFollowed) {
  poll_r1({{1, "eth0", 0, 0}});
  EXPECT_TRUE(table.take_node_changes(poller.now).empty());
  Poller other = poller;
  other.node = NodeName("hal");
  other.pass(211s);
  other.send(table, {other.poll("r1", {{1, "eth0", 0, 0}})});
  EXPECT_EQ(r1()->node, NodeName("hal"));
  auto changes = table.take_node_changes(other.now);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(describe(changes[0]), "r1 is told by hal now: md is silent");
  EXPECT_FALSE(table.take_trespass()) << "it may";
  // Back at once: within the minute nothing is told, and nothing is left out.
  poller.now = other.now + 30s;
  config.inventory.devices[0].node = NodeName("md");
  table.reconfigure(config);
  poll_r1({{1, "eth0", 0, 0}});
  EXPECT_TRUE(table.take_node_changes(other.now + 59s).empty());
  changes = table.take_node_changes(other.now + 60s);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(describe(changes[0]), "r1 is told by md now: inventory.devices gives the device to it");
}

// A host that tells itself is no other's; its own word counts again as soon as it comes.
TEST_F(TableTest, AHostThatTellsItselfIsNotTakenOver) {
  const auto own = [&](Poller& by) {
    DeviceSample sample = by.poll("r1", {{1, "eth0", 0, 0}});
    sample.own = true;
    by.send(table, {sample});
  };
  own(poller);
  Poller other = poller;
  other.node = NodeName("hal");
  other.pass(24h);
  table.tick(other.now);
  own(other);
  EXPECT_FALSE(r1()->polled);
  other.send(table, {other.poll("r1", {{1, "eth0", 0, 0}})});
  EXPECT_FALSE(r1()->polled) << "nor polled, without an address";
  ASSERT_TRUE(table.take_trespass());
  config.inventory.devices[0].host = "192.0.2.1";
  table.reconfigure(config);
  other.send(table, {other.poll("r1", {{1, "eth0", 0, 0}})});
  EXPECT_EQ(r1()->node, NodeName("hal"));
  poller.now = other.now;
  own(poller);
  EXPECT_EQ(r1()->node, NodeName("md"));
  const auto changes = table.take_node_changes(other.now);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(describe(changes[0]), "r1 is told by md now: the host itself tells again");
  EXPECT_EQ(changes[0].times, 2U);
}

// A reload gives the device to another collector: nobody waits for the old one to be stale.
TEST_F(TableTest, TheCollectorThatTheConfigurationNamesTakesOverAtOnce) {
  poller.node = config.node;
  poll_r1({{1, "eth0", 0, 0}});
  SnmpCollectorConfig core;
  core.name = CollectorName("core");
  core.targets.push_back({config.inventory.devices[0], {}});
  config.collectors = {core};
  table.reconfigure(config);
  minute();
  Batch batch = poller.batch({poller.poll("r1", {{1, "eth0", 60'000, 0}})});
  batch.collector = core.name;
  table.apply(batch, poller.now, poller.wall);
  EXPECT_EQ(received(*r1()), "eth0=first");
  EXPECT_EQ(poller.look(table)->samples_refused, 0U);
  poll_r1({{1, "eth0", 60'000, 0}});  // what the old one had on its way
  EXPECT_EQ(poller.look(table)->samples_refused, 1U);
  minute();
  batch = poller.batch({poller.poll("r1", {{1, "eth0", 120'000, 0}})});
  batch.collector = core.name;
  table.apply(batch, poller.now, poller.wall);
  EXPECT_EQ(received(*r1()), "eth0=1000");
}

TEST_F(TableTest, SoDoesTheHostCollectorOfTheDevice) {
  poller.node = config.node;
  poll_r1({{1, "eth0", 0, 0}});
  HostCollectorConfig host;
  host.name = CollectorName("host");
  host.device = config.inventory.devices[0].name;
  config.collectors = {host};
  table.reconfigure(config);
  minute();
  Batch batch = poller.batch({poller.poll("r1", {{1, "eth0", 60'000, 0}})});
  batch.collector = host.name;
  table.apply(batch, poller.now, poller.wall);
  EXPECT_EQ(poller.look(table)->samples_refused, 0U);
  poll_r1({{1, "eth0", 60'000, 0}});  // what the old one had on its way
  EXPECT_EQ(poller.look(table)->samples_refused, 1U);
}

TEST_F(TableTest, DuplicatesAreIgnoredAndLossIsSummedOverEpochs) {
  Batch batch = poller.batch({poller.poll("r1", {{1, "eth0", 0, 0}})});
  batch.lost = 3;
  table.apply(batch, poller.now, poller.wall);
  table.apply(batch, poller.now, poller.wall);
  EXPECT_EQ(r1()->polls[0], 1U);
  batch.lost = 4;  // sent again it announces today's number, and may be the last that does
  table.apply(batch, poller.now, poller.wall);
  EXPECT_EQ(r1()->polls[0], 1U);
  EXPECT_EQ(poller.look(table)->collectors[0].lost_batches, 4U);
  poller.pass(10s);
  poller.epoch = 2;
  batch = poller.batch({});
  batch.lost = 2;
  table.apply(batch, poller.now, poller.wall);
  const auto collectors = poller.look(table)->collectors;
  ASSERT_EQ(collectors.size(), 1U);
  EXPECT_EQ(collectors[0].lost_batches, 6U);
  EXPECT_EQ(collectors[0].last_batch, poller.wall);
  EXPECT_EQ(collectors[0].last_batch_at, poller.now);
}

TEST_F(TableTest, TotalsOfAnSnmpCollectorAreShownCountedAndGoWhenItFallsSilent) {
  poll_r1({{1, "eth0", 0, 0}});
  const std::uint64_t before = poller.look(table)->series;
  EXPECT_EQ(poller.look(table)->collectors[0].snmp, std::nullopt);
  SnmpTotals totals;
  totals.ignored[1] = 5;
  totals.broken[0] = 24;
  const auto tell = [&] {
    DeviceSample sample = poller.poll("r1", {{1, "eth0", 60'000, 0}});
    sample.totals = totals;
    table.apply(poller.batch({std::move(sample)}), poller.now, poller.wall);
  };
  for (int i = 0; i < 2; ++i) {
    minute();
    tell();
    EXPECT_EQ(poller.look(table)->collectors[0].snmp, totals);
    EXPECT_EQ(poller.look(table)->series, before + kSeriesOfSnmpTotals);
    ++totals.ignored[1];
  }
  minute();
  poll_r1({{1, "eth0", 120'000, 0}});
  EXPECT_TRUE(poller.look(table)->collectors[0].snmp) << "not every sample bears them";
  poller.pass(600s);
  table.tick(poller.now);
  EXPECT_EQ(poller.look(table)->collectors[0].snmp, std::nullopt);
  tell();
  EXPECT_EQ(poller.look(table)->series, before + kSeriesOfSnmpTotals);
}

TEST_F(TableTest, WhatADeadProcessLeftDoesNotOverwriteThePresent) {
  poll_r1({{1, "old", 0, 0}});
  Batch left = poller.batch({poller.poll("r1", {{1, "old", 0, 0}})});
  minute();
  poller.epoch = 2;
  poller.sequence = 0;
  poll_r1({{1, "eth0", 0, 0}});
  // Sent again by the successor: it bears the present time.
  left.sent_wall = poller.wall + 1s;
  table.apply(left, poller.now, poller.wall);
  EXPECT_EQ(received(*r1()), "eth0=first");
  // Of a process that was never heard before, but is not at its beginning.
  left.epoch = 77;
  left.sequence = 5;
  table.apply(left, poller.now, poller.wall);
  EXPECT_EQ(received(*r1()), "eth0=first");
  // It is no sign of life of the present one: when that is silent, the other is the present.
  poller.pass(211s);
  ++left.sequence;
  table.apply(left, poller.now, poller.wall);
  EXPECT_EQ(received(*r1()), "old=first");
}

// A host whose clock was set back restarts its collector at once.
TEST_F(TableTest, ANewProcessIsThePresentWhateverItsClockSays) {
  poll_r1({{1, "old", 0, 0}});
  poller.pass(1s);
  for (const std::uint64_t lost : {0U, 3U}) {  // 3: dropped of what the dead process left
    const std::string name = "new" + std::to_string(lost);
    Batch batch = poller.batch({poller.poll("r1", {{1, name.c_str(), 0, 0}})});
    batch.epoch = 2 + lost;
    batch.sequence = 1;
    batch.lost = lost;
    batch.sent_wall = poller.wall - 24h;
    table.apply(batch, poller.now, poller.wall);
    EXPECT_EQ(received(*r1()), name + "=first");
  }
}

TEST_F(TableTest, TellsWhatACollectorStillHasToDeliverAndHowFarItsClockIsOff) {
  Batch batch = poller.batch({});
  batch.waiting = Bytes(5000);
  batch.sent_wall = poller.wall + 1500ms;
  table.apply(batch, poller.now, poller.wall);
  EXPECT_EQ(poller.look(table)->collectors[0].spool, Bytes(5000));
  EXPECT_EQ(poller.look(table)->collectors[0].clock_skew, Duration(1500ms));
  batch = poller.batch({});
  batch.sent_wall = WallTime{};  // not told
  table.apply(batch, poller.now, poller.wall);
  EXPECT_EQ(poller.look(table)->collectors[0].spool, Bytes(0));
  EXPECT_EQ(poller.look(table)->collectors[0].clock_skew, std::nullopt);
}

TEST_F(TableTest, OneNodeThatClaimsManyCollectorsLocksNobodyOut) {
  const auto from = [&](const char* node, const std::string& collector) {
    Batch batch = poller.batch({poller.poll("r1", {}), poller.timeout("r2")});
    batch.node = NodeName(node);
    batch.collector = CollectorName(collector);
    table.apply(batch, poller.now, poller.wall);
  };
  for (int i = 0; i < 20'000; ++i) from("mad", std::to_string(i));
  const std::size_t taken = poller.look(table)->collectors.size();
  EXPECT_EQ(taken, 1000U);
  // Every sample of a refused batch counts, besides those that another one is followed for.
  EXPECT_EQ(poller.look(table)->samples_refused, 2U * 20'000U - 2U);
  from("hal", "snmp");
  EXPECT_EQ(poller.look(table)->collectors.size(), taken + 1);
  // What the configuration names is in, whatever the limits.
  config.node = NodeName("mad");
  config.collectors = {capture("tap")};
  config.aggregator.limits.series = 0;
  table.reconfigure(config);
  from("mad", "tap");
  EXPECT_EQ(poller.look(table)->collectors.size(), taken + 2);
  EXPECT_EQ(poller.look(table)->series,
            2 * kSeriesOfDevice + kSeriesOfLink + (taken + 2) * kSeriesOfCollector);
}

TEST_F(TableTest, AStrangerIsRefusedAndCounted) {
  poller.send(table, {poller.poll("not-ours", {{1, "eth0", 0, 0}})});
  EXPECT_EQ(poller.look(table)->samples_refused, 1U);
  EXPECT_EQ(poller.look(table)->devices.size(), 2U);
  const auto stranger = table.take_stranger();
  ASSERT_TRUE(stranger);
  EXPECT_EQ(stranger->device, "not-ours");
  EXPECT_EQ(stranger->node, poller.node.text());
  EXPECT_FALSE(table.take_stranger()) << "told once";
}

TEST_F(TableTest, SeriesAreAdmittedUpToTheLimitAndExistingOnesGoOn) {
  const std::uint64_t configured = 2 * kSeriesOfDevice + kSeriesOfLink;
  config.aggregator.limits.series = configured + kSeriesOfCollector + 4 * kSeriesOfInterface + 17;
  table.reconfigure(config);
  poll_r1({{1, "eth0", 0, 0}, {2, "eth1", 0, 0}});
  minute();
  std::vector<test::InterfaceRow> many;
  const std::vector<std::string> names = [] {
    std::vector<std::string> made;
    for (int i = 0; i < 1000; ++i) made.push_back("x" + std::to_string(i));
    return made;
  }();
  for (std::uint32_t i = 0; i < 1000; ++i) many.push_back({100 + i, names[i].c_str(), 0, 0});
  poller.send(table, {poller.poll("r2", many)});
  const auto snapshot = poller.look(table);
  EXPECT_EQ(snapshot->devices[1]->interfaces.size(), 1U) << "and leaves as much";
  EXPECT_EQ(snapshot->series_rejected, 999 * kSeriesOfInterface);
  EXPECT_LE(snapshot->series, config.aggregator.limits.series);
  minute();
  poll_r1({{1, "eth0", 120000, 0}, {2, "eth1", 0, 0}});
  EXPECT_EQ(received(*r1()), "eth0=1000 eth1=0");
  // A renamed interface needs no new place.
  minute();
  poll_r1({{1, "eth0", 120000, 0}, {2, "wan", 0, 0}});
  EXPECT_EQ(received(*r1()), "eth0=0 wan=first");
}

TEST_F(TableTest, OneNodeCannotTakeThePlaceOfAnother) {
  config.aggregator.limits.series_per_node = kSeriesOfCollector + 3 * kSeriesOfInterface;
  table.reconfigure(config);
  poll_r1({{1, "eth0", 0, 0}, {2, "b", 0, 0}, {3, "c", 0, 0}});
  EXPECT_EQ(received(*r1()), "eth0=first b=first");
  poller.node = NodeName("hal");
  poller.send(table, {poller.poll("r2", {{1, "a", 0, 0}})});
  EXPECT_EQ(poller.look(table)->devices[1]->interfaces.size(), 1U);
}

std::string collectors(const Snapshot& snapshot) {
  std::string text;
  for (const CollectorView& one : snapshot.collectors) {
    text += (text.empty() ? "" : " ") + one.node.text() + "/" + one.collector.text();
  }
  return text;
}

TEST_F(TableTest, ACollectorThatTheConfigurationNoLongerNamesIsLetGo) {
  poller.node = config.node;
  config.collectors = {capture("tap"), capture("snmp")};
  table.reconfigure(config);
  const std::uint64_t before = poller.look(table)->series;
  const auto from = [&](const char* node, const char* collector) {
    Batch batch = poller.batch({});
    batch.node = NodeName(node);
    batch.collector = CollectorName(collector);
    table.apply(batch, poller.now, poller.wall);
  };
  from("center", "tap");
  from("center", "snmp");
  from("center", "foreign");  // of a process with a file of its own
  from("hal", "tap");
  EXPECT_EQ(collectors(*poller.look(table)), "center/foreign center/snmp center/tap hal/tap");
  config.collectors = {capture("snmp")};
  table.reconfigure(config);
  EXPECT_EQ(collectors(*poller.look(table)), "center/foreign center/snmp hal/tap");
  EXPECT_EQ(poller.look(table)->series, before + 3 * kSeriesOfCollector);
  // What it had on its way still comes, and does not bring it back.
  ASSERT_FALSE(table.changed());
  from("center", "tap");
  EXPECT_FALSE(table.changed()) << "nothing of it is shown";
  EXPECT_EQ(collectors(*poller.look(table)), "center/foreign center/snmp hal/tap");
  // A new process of that name does, and so does the configuration.
  poller.epoch = 2;
  from("center", "tap");
  EXPECT_EQ(collectors(*poller.look(table)), "center/foreign center/snmp center/tap hal/tap");
  EXPECT_EQ(poller.look(table)->series, before + 4 * kSeriesOfCollector);
}

TEST_F(TableTest, ACollectorThatIsNamedAgainComesBackWithItsEpoch) {
  poller.node = config.node;
  config.collectors = {capture("snmp")};
  table.reconfigure(config);
  Batch batch = poller.batch({});
  batch.lost = 4;
  table.apply(batch, poller.now, poller.wall);
  config.collectors.clear();
  table.reconfigure(config);
  EXPECT_EQ(collectors(*poller.look(table)), "");
  config.collectors = {capture("snmp")};
  table.reconfigure(config);
  EXPECT_EQ(collectors(*poller.look(table)), "center/snmp");
  EXPECT_EQ(poller.look(table)->collectors[0].lost_batches, 4U);
}

TEST_F(TableTest, ASilentCollectorOfAnotherNodeIsLetGoAfterADay) {
  config.collectors = {capture("snmp")};
  table.reconfigure(config);
  const std::uint64_t before = poller.look(table)->series;
  for (const char* node : {"center", "hal"}) {
    poller.node = NodeName(node);
    poller.send(table, {});
  }
  poller.pass(24h);
  table.tick(poller.now);
  EXPECT_EQ(collectors(*poller.look(table)), "center/snmp hal/snmp");
  poller.pass(1s);
  EXPECT_FALSE(table.changed());
  table.tick(poller.now);
  EXPECT_TRUE(table.changed());
  EXPECT_EQ(collectors(*poller.look(table)), "center/snmp");
  EXPECT_EQ(poller.look(table)->series, before + kSeriesOfCollector);
}

}  // namespace
}  // namespace itnxt
