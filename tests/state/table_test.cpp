#include "daemon/state/table.hpp"

#include <gtest/gtest.h>

#include "tests/state/table_world.hpp"

namespace itnxt {
namespace {

using test::Poller;
using test::received;
using test::TableTest;

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
