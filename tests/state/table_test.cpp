#include "daemon/state/table.hpp"

#include <gtest/gtest.h>

#include "tests/state/world.hpp"

namespace itnxt {
namespace {

using test::Poller;
using test::received;

PcapCollectorConfig capture(const char* name, const char* link = "") {
  PcapCollectorConfig made;
  made.name = CollectorName(name);
  made.link = LinkName(link);
  return made;
}

class TableTest : public testing::Test {
 protected:
  Config config = test::two_routers();
  Table table{config};
  Poller poller;

  std::shared_ptr<const DeviceView> r1() { return poller.look(table)->devices[0]; }
  void poll_r1(const std::vector<test::InterfaceRow>& rows) {
    poller.send(table, {poller.poll("r1", rows)});
  }
  void minute() { poller.pass(60s); }
};

TEST_F(TableTest, KnowsTheInventoryBeforeAnythingCame) {
  const auto snapshot = poller.look(table);
  ASSERT_EQ(snapshot->devices.size(), 2U);
  EXPECT_EQ(snapshot->devices[0]->name.text(), "r1");
  EXPECT_FALSE(snapshot->devices[0]->polled);
  EXPECT_FALSE(snapshot->devices[0]->fresh);
  ASSERT_EQ(snapshot->links.size(), 1U);
  EXPECT_EQ(snapshot->links[0].up, std::nullopt);
  EXPECT_FALSE(table.changed());
}

TEST_F(TableTest, TheSecondPollHasARate) {
  poll_r1({{1, "eth0", 1000, 0}, {2, "eth1", 5, 0}});
  EXPECT_TRUE(table.changed());
  EXPECT_EQ(received(*r1()), "eth0=first eth1=first");
  minute();
  poll_r1({{1, "eth0", 61000, 0}, {2, "eth1", 5, 0}});
  EXPECT_EQ(received(*r1()), "eth0=1000 eth1=0");
  const auto view = r1();
  EXPECT_TRUE(view->up && view->fresh && view->polled);
  EXPECT_EQ(view->uptime, Duration(5060s));
  EXPECT_EQ(view->last_success, poller.wall);
  EXPECT_EQ(view->polls[0], 2U);
  EXPECT_EQ(view->interfaces[0].gaps[static_cast<std::size_t>(Gap::first)], 1U);
}

TEST_F(TableTest, ARebootIsAGapAndTheRenumberedInterfaceKeepsItsName) {
  poll_r1({{1, "eth0", 1000, 0}, {2, "eth1", 500000, 0}});
  minute();
  poll_r1({{1, "eth0", 61000, 0}, {2, "eth1", 560000, 0}});
  const auto identity = r1()->interfaces[1].identity;
  minute();
  poller.uptime = 3000;
  poll_r1({{1, "eth1", 700000, 0}, {2, "eth0", 70000, 0}});
  EXPECT_EQ(received(*r1()), "eth1=reset eth0=reset");
  EXPECT_EQ(r1()->interfaces[0].identity, identity);
  EXPECT_EQ(r1()->interfaces[0].gaps[static_cast<std::size_t>(Gap::first)], 1U);
  minute();
  poll_r1({{1, "eth1", 760000, 0}, {2, "eth0", 190000, 0}});
  EXPECT_EQ(received(*r1()), "eth1=1000 eth0=2000");
}

TEST_F(TableTest, ADeviceWithoutSysUpTimeHasRatesByOurClockAndSaysSo) {
  const auto poll = [&](std::uint64_t in) {
    auto sample = poller.poll("r1", {{1, "eth0", in, 0}});
    sample.uptime.reset();
    for (InterfaceSample& row : sample.interfaces) row.uptime = TimeTicks{};
    poller.send(table, {sample});
    minute();
  };
  const std::string said =
      "it has no sysUpTime: rates are divided by the collector's clock, and a restart is seen late";
  poll(1000);
  EXPECT_EQ(received(*r1()), "eth0=first");
  for (const std::uint64_t in : {61000U, 121000U}) {
    poll(in);
    EXPECT_EQ(received(*r1()), "eth0=1000");
    EXPECT_EQ(r1()->problem, said);
    EXPECT_EQ(r1()->uptime, std::nullopt);
  }
  poll(500);
  EXPECT_EQ(received(*r1()), "eth0=discontinuity") << "so a restart shows";
  poll(60500);
  EXPECT_EQ(received(*r1()), "eth0=1000");
  poller.send(table, {poller.timeout("r1")});
  EXPECT_EQ(r1()->problem, "no answer from 192.0.2.1:161 within 6s");
}

TEST_F(TableTest, ASysUpTimeThatStandsStillIsFoundOutAndNotUsed) {
  for (const std::uint32_t still : {0U, 12345U}) {
    Table fresh(config);
    std::string rates;
    std::uint64_t in = 0;
    for (int i = 0; i < 7; ++i) {
      poller.uptime = still;
      auto sample = poller.poll("r1", {{1, "eth0", in, 0}});
      poller.send(fresh, {sample});
      const auto view = poller.look(fresh)->devices[0];
      rates += received(*view) + ' ';
      EXPECT_EQ(view->problem,
                i < 3 ? ""
                      : "its sysUpTime stands still: rates are divided by the collector's clock, "
                        "and a restart is seen late");
      EXPECT_EQ(view->uptime.has_value(), i < 3) << i;
      minute();
      in += 60000;
    }
    const std::string gap = still == 0 ? "reset" : "late";
    EXPECT_EQ(rates, "eth0=first eth0=" + gap + " eth0=" + gap +
                         " eth0=1000 eth0=1000 eth0=1000 eth0=1000 ");
    // It runs again: in step over three polls.
    for (int i = 0; i < 5; ++i) {
      poller.send(fresh, {poller.poll("r1", {{1, "eth0", in, 0}})});
      const auto view = poller.look(fresh)->devices[0];
      EXPECT_EQ(received(*view), "eth0=1000") << i;
      EXPECT_EQ(view->problem.empty(), i >= 2) << i;
      minute();
      in += 60000;
    }
  }
}

// Without a reboot an ifIndex is for life: the interface was taken away and made anew.
TEST_F(TableTest, RenumberedWithoutARebootIsADiscontinuity) {
  poll_r1({{10, "tun0", 1000, 0}});
  minute();
  poll_r1({{15, "tun0", 5000, 0}});
  EXPECT_EQ(received(*r1()), "tun0=discontinuity");
  minute();
  poll_r1({{15, "tun0", 65000, 0}});
  EXPECT_EQ(received(*r1()), "tun0=1000");
}

TEST_F(TableTest, TwoOfOneNameAreNumberedByIndexAndKeepTheirNumbers) {
  poll_r1({{7, "vlan", 100, 0}, {3, "vlan", 200, 0}, {9, "vlan#2", 300, 0}});
  EXPECT_EQ(received(*r1()), "vlan=first vlan#3=first vlan#2=first");
  minute();
  poll_r1({{3, "vlan", 60200, 0}, {7, "vlan", 120100, 0}, {9, "vlan#2", 300, 0}});
  EXPECT_EQ(received(*r1()), "vlan=1000 vlan#3=2000 vlan#2=0");
  minute();
  // The first of them goes; the other one stays what it is, and the next one takes the free name.
  poll_r1({{7, "vlan", 180100, 0}, {9, "vlan#2", 300, 0}});
  EXPECT_EQ(received(*r1()), "vlan#3=1000 vlan#2=0");
  minute();
  poll_r1({{7, "vlan", 240100, 0}, {9, "vlan#2", 300, 0}, {11, "vlan", 5, 0}});
  EXPECT_EQ(received(*r1()), "vlan#3=1000 vlan#2=0 vlan=first");
}

TEST_F(TableTest, NamesFallBackToDescrAndIndex) {
  poll_r1({{1, "", 0, 0, OperStatus::up, "Straße \"1\""}, {2, "", 0, 0, OperStatus::up, ""}});
  EXPECT_EQ(received(*r1()), "Straße \"1\"=first ifIndex 2=first");
  EXPECT_EQ(r1()->interfaces[0].identity->labels, "{device=\"r1\",interface=\"Straße \\\"1\\\"\"}");
}

TEST_F(TableTest, APartialPollKeepsWhatItDidNotTellUntilItIsStale) {
  poll_r1({{1, "eth0", 0, 0}, {2, "eth1", 0, 0}});
  for (int i = 0; i < 3; ++i) {
    minute();
    auto part = poller.poll("r1", {{1, "eth0", 60000ULL * static_cast<unsigned>(i + 1), 0}});
    part.complete = false;
    part.result = PollResult::partial;
    poller.send(table, {part});
    table.tick(poller.now);
    EXPECT_EQ(received(*r1()), "eth0=1000 eth1=first");
  }
  poller.pass(31s);
  table.tick(poller.now);
  EXPECT_EQ(received(*r1()), "eth0=1000");
}

// What an endless walk yields: the device answers, of its interfaces nothing is told.
TEST_F(TableTest, APollWithoutAnyRowKeepsWhatWasKnownUntilItIsStale) {
  poll_r1({{1, "eth0", 0, 0}});
  for (int i = 0; i < 3; ++i) {
    minute();
    auto none = poller.poll("r1", {});
    none.complete = false;
    none.result = PollResult::partial;
    poller.send(table, {none});
    table.tick(poller.now);
    EXPECT_EQ(received(*r1()), "eth0=first");
    EXPECT_TRUE(r1()->up);
  }
  poller.pass(31s);
  table.tick(poller.now);
  EXPECT_EQ(received(*r1()), "");
  EXPECT_TRUE(r1()->up);
}

TEST_F(TableTest, ACompletePollRemovesWhatIsGone) {
  poll_r1({{1, "eth0", 0, 0}, {2, "eth1", 0, 0}});
  minute();
  poll_r1({{2, "eth1", 0, 0}});
  EXPECT_EQ(received(*r1()), "eth1=0");
}

TEST_F(TableTest, APartialPollMovesAnInterfaceByItsName) {
  poll_r1({{1, "eth0", 0, 0}, {2, "eth1", 0, 0}, {3, "eth2", 0, 0}});
  minute();
  poller.uptime = 3000;
  auto part = poller.poll("r1", {{1, "eth1", 10, 0}});
  part.complete = false;
  poller.send(table, {part});
  EXPECT_EQ(received(*r1()), "eth1=reset eth2=first");
}

TEST_F(TableTest, TimeoutMeansDownAtOnceAndStaleLater) {
  poll_r1({{1, "eth0", 0, 0}});
  minute();
  poller.send(table, {poller.timeout("r1")});
  EXPECT_FALSE(r1()->up);
  EXPECT_TRUE(r1()->fresh);
  EXPECT_EQ(r1()->problem, "no answer from 192.0.2.1:161 within 6s");
  EXPECT_EQ(r1()->interfaces.size(), 1U);
  for (int i = 0; i < 3; ++i) {
    minute();
    poller.send(table, {poller.timeout("r1")});
    table.tick(poller.now);
  }
  EXPECT_FALSE(r1()->fresh);
  EXPECT_EQ(r1()->interfaces.size(), 0U);
  EXPECT_EQ(r1()->uptime, std::nullopt);
  EXPECT_TRUE(r1()->polled);
  poller.pass(211s);
  table.tick(poller.now);
  EXPECT_FALSE(r1()->polled);
  // It comes back: no rate over the silence in between, since its rows are new.
  poll_r1({{1, "eth0", 99, 0}});
  EXPECT_EQ(received(*r1()), "eth0=first");
}

TEST_F(TableTest, ARateSpansPollsThatGotNoAnswer) {
  poll_r1({{1, "eth0", 0, 0}});
  minute();
  poller.send(table, {poller.timeout("r1")});
  minute();
  poll_r1({{1, "eth0", 120000, 0}});
  EXPECT_EQ(received(*r1()), "eth0=1000");
}

TEST_F(TableTest, ADoublePollIsLateAndLosesNothing) {
  poll_r1({{1, "eth0", 0, 0}});
  poller.pass(1s);
  poll_r1({{1, "eth0", 1000, 0}});
  EXPECT_EQ(received(*r1()), "eth0=late");
  EXPECT_EQ(r1()->interfaces[0].counters.get(Column::in_octets)->value, 1000U);
  poller.pass(59s);
  poll_r1({{1, "eth0", 60000, 0}});
  EXPECT_EQ(received(*r1()), "eth0=1000");
}

TEST_F(TableTest, ANewCollectorProcessHasAnotherClock) {
  poll_r1({{1, "eth0", 0, 0}});
  minute();
  poller.epoch = 2;
  poller.sequence = 0;
  poll_r1({{1, "eth0", 60000, 0}});
  EXPECT_EQ(received(*r1()), "eth0=first");
  minute();
  poll_r1({{1, "eth0", 120000, 0}});
  EXPECT_EQ(received(*r1()), "eth0=1000");
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

TEST_F(TableTest, ReconfigureKeepsTheCountersOfWhatStays) {
  poll_r1({{1, "eth0", 0, 0}});
  config.inventory.devices = {test::device("r1", "stendal"), test::device("r3")};
  config.inventory.links = {test::link("new", {DeviceName("r1"), "eth0"}, std::nullopt)};
  table.reconfigure(config);
  minute();
  poll_r1({{1, "eth0", 60000, 0}});
  const auto snapshot = poller.look(table);
  ASSERT_EQ(snapshot->devices.size(), 2U);
  EXPECT_EQ(received(*snapshot->devices[0]), "eth0=1000");
  EXPECT_EQ(snapshot->devices[0]->site.text(), "stendal");
  EXPECT_EQ(snapshot->devices[0]->interfaces[0].link.text(), "new");
  EXPECT_EQ(snapshot->devices[1]->name.text(), "r3");
  EXPECT_EQ(snapshot->series,
            2 * kSeriesOfDevice + kSeriesOfLink + kSeriesOfCollector + kSeriesOfInterface);
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

TEST_F(TableTest, SaysWhetherAnythingChanged) {
  const auto changed = [&] {
    const bool was = table.changed();
    EXPECT_NE(poller.look(table), nullptr);
    return was;
  };
  EXPECT_TRUE(changed());
  Batch batch = poller.batch({poller.poll("r1", {{1, "eth0", 0, 0}})});
  table.apply(batch, poller.now, poller.wall);
  EXPECT_TRUE(changed());
  table.apply(batch, poller.now, poller.wall);  // a duplicate
  table.tick(poller.now);
  EXPECT_FALSE(changed());
  table.reconfigure(config);
  EXPECT_FALSE(changed());
  config.notify.channels.emplace_back();
  config.aggregator.limits.series = 1;
  table.reconfigure(config);
  EXPECT_FALSE(changed());
  // Refused, and counted in series_rejected.
  batch = poller.batch({});
  batch.collector = CollectorName("other");
  table.apply(batch, poller.now, poller.wall);
  EXPECT_TRUE(changed());
  config.inventory.sites.emplace_back();
  table.reconfigure(config);
  EXPECT_TRUE(changed());
  poller.pass(211s);
  table.tick(poller.now);
  EXPECT_TRUE(changed());
  table.tick(poller.now);
  EXPECT_FALSE(changed());
}

TEST_F(TableTest, AnOldSnapshotStaysAsItWas) {
  poll_r1({{1, "eth0", 0, 0}});
  const auto before = poller.look(table);
  minute();
  poll_r1({{1, "eth0", 60000, 0}});
  EXPECT_EQ(received(*before->devices[0]), "eth0=first");
  EXPECT_EQ(before->devices[1], poller.look(table)->devices[1]);  // shared, not copied
}

TEST_F(TableTest, UptimeGoesOnBeyond497Days) {
  poller.uptime = 4294967000U;
  poll_r1({});
  minute();
  poll_r1({});
  EXPECT_EQ(r1()->uptime, Duration(std::chrono::milliseconds(42949670000)) + 60s);
  minute();
  poller.uptime = 500;
  poll_r1({});
  EXPECT_EQ(r1()->uptime, Duration(5s));
}

TEST_F(TableTest, RejectedCredentialsAreAnAnswer) {
  auto sample = poller.timeout("r1");
  sample.result = PollResult::auth;
  poller.send(table, {sample});
  EXPECT_TRUE(r1()->up);
  EXPECT_EQ(r1()->last_success, std::nullopt);
  EXPECT_EQ(r1()->polls[static_cast<std::size_t>(PollResult::auth)], 1U);
}

TEST_F(TableTest, AnErrorIsAnAnswerWhenTheDeviceGaveIt) {
  auto sample = poller.timeout("r1");
  sample.result = PollResult::error;
  sample.problem = "no UDP socket: Too many open files";
  poller.send(table, {sample});
  EXPECT_FALSE(r1()->up) << "this host's trouble says nothing of the device";
  sample = poller.timeout("r1");
  sample.result = PollResult::error;
  sample.answered = true;
  sample.problem = "refuses the GET of the system group: genErr";
  minute();
  poller.send(table, {sample});
  EXPECT_TRUE(r1()->up);
  EXPECT_EQ(r1()->problem, "refuses the GET of the system group: genErr");
  EXPECT_EQ(r1()->last_success, std::nullopt);
}

}  // namespace
}  // namespace itnxt
