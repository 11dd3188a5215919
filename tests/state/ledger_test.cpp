// Which port is which: renumbering, swaps, moves, doubts, and what becomes of the series.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/state/world.hpp"

namespace itnxt {
namespace {

using test::Poller;
using test::received;

PhysAddress mac(std::uint8_t last) {
  return PhysAddress(std::vector<std::uint8_t>{0, 0x1C, 0x73, 0, 0, last});
}

struct Port {
  std::uint32_t index;
  const char* name;
  const char* alias = "";
  std::uint8_t mac = 0;  // 0: none
  std::uint64_t in = 0;
};

class LedgerTest : public testing::Test {
 protected:
  Config config = test::two_routers();
  Table table{config};
  Poller poller;

  DeviceSample sample(const std::vector<Port>& ports) {
    DeviceSample made = poller.poll("r1", {});
    for (const Port& port : ports) {
      auto one = poller.poll("r1", {{port.index, port.name, port.in}}).interfaces[0];
      one.if_alias = port.alias;
      if (port.mac != 0) one.phys_address = mac(port.mac);
      made.interfaces.push_back(std::move(one));
    }
    return made;
  }
  // A minute later; what the device received by then.
  std::string poll(DeviceSample made) {
    poller.send(table, {std::move(made)});
    poller.pass(60s);
    return received(*r1());
  }
  std::string poll(const std::vector<Port>& ports) { return poll(sample(ports)); }
  void restart() { poller.uptime = 3000; }

  std::shared_ptr<const DeviceView> r1() { return poller.look(table)->devices[0]; }
  // "swapped eth0: eth0 > eth1; " …
  std::string changes() {
    std::string text;
    for (const InterfaceChanges& of_device : table.take_changes(poller.now)) {
      for (const InterfaceChange& one : of_device.kept) {
        text += std::string(name(one.change)) + ' ' + one.port.text() + ": " + one.from + " > " +
                one.to + "; ";
      }
    }
    return text;
  }
  std::uint64_t counted(PortChange change) {
    return r1()->changes[static_cast<std::size_t>(change)];
  }
};

TEST_F(LedgerTest, TheFirstSightIsNoChange) {
  poll({{1, "eth0"}, {2, "eth1"}});
  EXPECT_EQ(changes(), "");
  EXPECT_EQ(r1()->changes, (std::array<std::uint64_t, kPortChanges>{}));
}

TEST_F(LedgerTest, RenumberedPortsKeepTheirSeriesAndTheirHistory) {
  poll({{1, "eth0", "", 1}, {2, "eth1", "", 2, 500}});
  poll({{1, "eth0", "", 1}, {2, "eth1", "", 2, 60500}});
  restart();
  EXPECT_EQ(poll({{5, "eth1", "", 2, 7}, {9, "eth0", "", 1, 9}}), "eth1=reset eth0=reset");
  EXPECT_EQ(changes(),
            "renumbered eth1: ifIndex 2 > ifIndex 5; "
            "renumbered eth0: ifIndex 1 > ifIndex 9; ");
  EXPECT_EQ(poll({{5, "eth1", "", 2, 60007}, {9, "eth0", "", 1, 120009}}), "eth1=1000 eth0=2000");
  EXPECT_EQ(r1()->interfaces[0].gaps[static_cast<std::size_t>(Gap::first)], 1U);
  EXPECT_EQ(counted(PortChange::renumbered), 2U);
}

TEST_F(LedgerTest, TwoThatExchangeTheirIndexAreOneChange) {
  poll({{1, "eth0"}, {2, "eth1", "", 0, 500000}});
  EXPECT_EQ(poll({{1, "eth1", "", 0, 560000}, {2, "eth0", "", 0, 60000}}),
            "eth1=discontinuity eth0=discontinuity");
  EXPECT_EQ(changes(), "swapped eth1: eth1 > eth0; ");
  EXPECT_EQ(poll({{1, "eth1", "", 0, 620000}, {2, "eth0", "", 0, 120000}}), "eth1=1000 eth0=1000");
}

// Alias and address say that the names were exchanged, not the ports.
TEST_F(LedgerTest, TwoThatExchangeTheirNamesKeepTheirSeries) {
  poll({{1, "eth0", "to Halle", 1}, {2, "eth1", "to Stendal", 2, 500000}});
  EXPECT_EQ(poll({{1, "eth1", "to Halle", 1, 60000}, {2, "eth0", "to Stendal", 2, 560000}}),
            "eth0=discontinuity eth1=discontinuity");
  EXPECT_EQ(changes(), "swapped eth0: eth0 > eth1; ");
  EXPECT_EQ(poll({{1, "eth1", "to Halle", 1, 120000}, {2, "eth0", "to Stendal", 2, 620000}}),
            "eth0=1000 eth1=1000");
  EXPECT_EQ(r1()->interfaces[0].link.text(), "md-hal") << "the link is an end of the port";
}

TEST_F(LedgerTest, AMovedCardTakesItsHistoryAlongUnderItsNewName) {
  poll({{1, "eth0", "to Halle", 1}, {2, "eth1", "", 2}});
  EXPECT_EQ(poll({{2, "eth1", "", 2}, {7, "eth5", "to Halle", 1, 60000}}),
            "eth1=0 eth5=discontinuity");
  EXPECT_EQ(changes(), "renumbered eth5: ifIndex 1 > ifIndex 7; moved eth5: eth0 > eth5; ");
  EXPECT_EQ(poll({{2, "eth1", "", 2}, {7, "eth5", "to Halle", 1, 120000}}), "eth1=0 eth5=1000");
  EXPECT_EQ(r1()->interfaces[1].gaps[static_cast<std::size_t>(Gap::first)], 1U);
  EXPECT_EQ(r1()->interfaces[1].link.text(), "md-hal") << "until the configuration says otherwise";
}

TEST_F(LedgerTest, AReplacedCardIsTheSamePortWithOtherCounters) {
  poll({{1, "eth0", "to Halle", 1, 1000}, {2, "eth1", "", 2}});
  EXPECT_EQ(poll({{1, "eth0", "to Halle", 9, 1500}, {2, "eth1", "", 2}}),
            "eth0=discontinuity eth1=0");
  EXPECT_EQ(changes(), "replaced eth0: 00:1c:73:00:00:01 > 00:1c:73:00:00:09; ");
}

TEST_F(LedgerTest, AChangeThatAnEarlyPollShowedIsNotForgotten) {
  poll({{1, "eth0", "to Halle", 1, 1000}});
  poller.pass(-55s);
  EXPECT_EQ(poll({{1, "eth0", "to Halle", 9, 500000}}), "eth0=late");
  EXPECT_EQ(poll({{1, "eth0", "to Halle", 9, 560000}}), "eth0=1000") << "of the new card alone";
}

TEST_F(LedgerTest, ACounterThatAnEarlyPollSawBehindIsNotForgotten) {
  poll({{1, "eth0", "", 0, 1'000'000}});
  poller.pass(-55s);
  EXPECT_EQ(poll({{1, "eth0", "", 0, 10}}), "eth0=late");
  EXPECT_EQ(poll({{1, "eth0", "", 0, 6'000'010}}), "eth0=100000") << "it began anew in between";
}

TEST_F(LedgerTest, AnAddressThatTheWholeChassisBearsSaysNothing) {
  poll({{1, "eth0", "", 1}, {2, "eth1", "", 1}, {3, "eth2", "", 1}});
  EXPECT_EQ(poll({{1, "eth0", "", 2}, {2, "eth1", "", 2}, {3, "eth2", "", 2}}),
            "eth0=0 eth1=0 eth2=0");
  EXPECT_EQ(changes(), "");
  EXPECT_EQ(poll({{1, "vlan7", "", 2}, {2, "eth1", "", 2}, {3, "eth2", "", 2}}),
            "vlan7=first eth1=0 eth2=0")
      << "another interface under an index that was free";
  EXPECT_EQ(changes(), "disappeared eth0: ifIndex 1 > ; appeared vlan7:  > ifIndex 1; ");
}

TEST_F(LedgerTest, DescriptionsMayBeExchanged) {
  poll({{1, "eth0", "to Halle"}, {2, "eth1", "spare"}});
  EXPECT_EQ(poll({{1, "eth0", "spare"}, {2, "eth1", "to Halle"}}), "eth0=0 eth1=0");
  EXPECT_EQ(changes(), "");
}

// Names say one thing, addresses another: which of the two was exchanged?
TEST_F(LedgerTest, ADoubtWithholdsUntilAWholeWalkDecides) {
  const std::vector<Port> before = {{1, "eth0", "", 1, 0}, {2, "eth1", "", 2, 500000}};
  const std::vector<Port> after = {{1, "eth1", "", 1, 60000}, {2, "eth0", "", 2, 560000}};
  poll(before);
  EXPECT_EQ(poll(after), "eth0=discontinuity eth1=discontinuity");
  EXPECT_EQ(changes(), "ambiguous eth0: ifIndex 1 > ; ambiguous eth1: ifIndex 2 > ; ");
  EXPECT_EQ(r1()->interfaces[0].up, std::nullopt);
  EXPECT_TRUE(r1()->interfaces[0].counters.empty()) << "whose they are is not known";
  auto part = sample(after);
  part.complete = false;
  EXPECT_EQ(poll(part), "eth0=discontinuity eth1=discontinuity") << "decides nothing";
  EXPECT_EQ(changes(), "") << "told once";
  EXPECT_EQ(poll(after), "") << "still tied: new ports, once the names of the old ones are free";
  EXPECT_EQ(changes(), "disappeared eth0: ifIndex 1 > ; disappeared eth1: ifIndex 2 > ; ");
  EXPECT_EQ(poll(after), "eth1=first eth0=first");
  EXPECT_EQ(changes(), "appeared eth1:  > ifIndex 1; appeared eth0:  > ifIndex 2; ");
}

TEST_F(LedgerTest, ADoubtEndsWhenTheDeviceIsAsBefore) {
  const std::vector<Port> before = {{1, "eth0", "", 1, 0}, {2, "eth1", "", 2, 500000}};
  poll(before);
  poll({{1, "eth1", "", 1, 60000}, {2, "eth0", "", 2, 560000}});
  EXPECT_EQ(poll(before), "eth0=discontinuity eth1=discontinuity");
  EXPECT_EQ(poll(before), "eth0=0 eth1=0");
}

TEST_F(LedgerTest, TheBetterOfTwoIsTakenWhenItIsToldTwice) {
  // After a restart the name says eth0, the alias eth1: 4 to 3 is no lead.
  poll({{1, "eth0", "to Halle"}, {2, "eth1", "spare"}});
  restart();
  const std::vector<Port> after = {{5, "eth0", "spare", 0, 10}, {6, "eth1", "to Halle", 0, 20}};
  EXPECT_EQ(poll(after), "eth0=discontinuity eth1=discontinuity");
  EXPECT_EQ(poll(after), "eth0=reset eth1=reset");
  EXPECT_EQ(poll(after), "eth0=0 eth1=0");
}

TEST_F(LedgerTest, AWalkThatIfNumberGainsaysDecidesNothing) {
  const auto three = [&](const std::vector<Port>& ports) {
    auto made = sample(ports);
    made.if_number = 3;
    return made;
  };
  poll(three({{1, "eth9", "unused"}, {27, "eth9"}, {28, "eth9"}}));
  // 1 and 27 exchange their places; the agent breaks off as if that were all.
  const std::vector<Port> cut = {{1, "eth9", "", 0, 500}};
  EXPECT_EQ(poll(three(cut)), "eth9=first eth9#2=discontinuity eth9#3=discontinuity");
  EXPECT_EQ(poll(three(cut)), "eth9=first eth9#2=discontinuity eth9#3=discontinuity");
}

// A port at its place with another alias: edited, or another port that no walk has placed yet?
TEST_F(LedgerTest, WhileRowsAreNotShownACutWalkDoesNotTellAnEditFromAnExchange) {
  poll({{3, "vlan", "to Halle"},
        {7, "vlan", "to Halle"},
        {8, "eth8"},
        {9, "eth9"},
        {14, "vlan", "to Stendal"}});
  restart();
  EXPECT_EQ(poll({{3, "eth8"},
                  {7, "eth9"},
                  {14, "vlan", "to Stendal", 0, 500},
                  {23, "vlan", "to Halle", 0, 700},
                  {24, "vlan", "to Halle"}}),
            "eth8=reset eth9=reset vlan#3=reset")
      << "which of the two is at 23 and which at 24 cannot be told";
  // 14 and 23 exchange their places.
  auto cut = sample({{3, "eth8"}, {7, "eth9"}, {14, "vlan", "to Halle", 0, 60700}});
  cut.complete = false;
  EXPECT_EQ(poll(cut), "eth8=0 eth9=0 vlan#3=discontinuity");
  const std::vector<Port> whole = {{3, "eth8"},
                                   {7, "eth9"},
                                   {14, "vlan", "to Halle", 0, 120700},
                                   {23, "vlan", "to Stendal", 0, 120500},
                                   {24, "vlan", "to Halle"}};
  EXPECT_EQ(poll(whole), "eth8=0 eth9=0 vlan#3=discontinuity") << "a whole walk places it";
  EXPECT_EQ(poll(whole), "eth8=0 eth9=0 vlan=first vlan#3=0 vlan#2=first")
      << "new ports, as soon as the names of the old ones are free";
}

TEST_F(LedgerTest, WhileNoRowIsHiddenACutWalkTellsAnEdit) {
  poll({{3, "vlan", "to Halle"}, {7, "vlan", "to Halle"}, {14, "vlan", "to Stendal"}});
  auto cut = sample({{3, "vlan", "to Halle"}, {7, "vlan", "to Dessau", 0, 60000}});
  cut.complete = false;
  EXPECT_EQ(poll(cut), "vlan=0 vlan#2=1000 vlan#3=first");
}

TEST_F(LedgerTest, OfManyAlikeARestartLeavesNoTrace) {
  const std::vector<Port> same = {{3, "vlan"}, {7, "vlan"}, {8, "vlan"}};
  EXPECT_EQ(poll(same), "vlan=first vlan#2=first vlan#3=first");
  restart();
  EXPECT_EQ(poll(same), "vlan=reset vlan#2=reset vlan#3=reset") << "where they stood";
  restart();
  EXPECT_EQ(poll({{3, "vlan"}, {9, "vlan"}, {10, "vlan"}}),
            "vlan=discontinuity vlan#2=discontinuity vlan#3=discontinuity");
  EXPECT_EQ(counted(PortChange::ambiguous), 3U);
  const std::vector<Port> moved = {{3, "vlan"}, {9, "vlan"}, {10, "vlan"}};
  EXPECT_EQ(poll(moved), "vlan=reset") << "#2 and #3 are of the old ones until they are stale";
  EXPECT_EQ(poll(moved), "vlan=0");
  EXPECT_EQ(poll(moved), "vlan=0 vlan#2=first vlan#3=first");
}

// The device says that its table did not change: the old ones are not known to be gone.
TEST_F(LedgerTest, OfManyAlikeThatNobodyCanTellTheNamesAreGivenAnew) {
  const auto unchanged = [&](const std::vector<Port>& ports) {
    auto made = sample(ports);
    made.if_number = 3;
    made.if_table_last_change = TimeTicks{0};
    return made;
  };
  poll(unchanged({{3, "vlan"}, {7, "vlan"}, {8, "vlan"}}));
  const std::vector<Port> after = {{13, "vlan", "", 0, 1}, {17, "vlan"}, {18, "vlan"}};
  EXPECT_EQ(poll(unchanged(after)), "vlan=discontinuity vlan#2=discontinuity vlan#3=discontinuity");
  EXPECT_EQ(poll(unchanged(after)), "") << "tied: let go; a name rests until its series are stale";
  EXPECT_EQ(poll(unchanged(after)), "");
  changes();
  EXPECT_EQ(poll(unchanged(after)), "vlan=first vlan#2=first vlan#3=first");
  EXPECT_EQ(r1()->interfaces[0].if_index, 13U);
  EXPECT_EQ(changes(),
            "appeared vlan:  > ifIndex 13; appeared vlan#2:  > ifIndex 17; "
            "appeared vlan#3:  > ifIndex 18; ");
  EXPECT_EQ(poll(unchanged(after)), "vlan=0 vlan#2=0 vlan#3=0");
}

TEST_F(LedgerTest, ANameDoesNotPassToANewPortInOnePoll) {
  poll({{3, "ppp", "Huber"}, {7, "ppp", "Maier"}});
  const std::vector<Port> after = {{5, "ppp", "Schmidt", 0, 900}, {7, "ppp", "Maier"}};
  EXPECT_EQ(poll(after), "ppp#2=0");
  EXPECT_EQ(poll(after), "ppp=first ppp#2=0");
}

TEST_F(LedgerTest, TheWrapOfSysUpTimeIsNoRestart) {
  poller.uptime = 4294961496U;
  poll({{3, "vlan"}, {7, "vlan"}});
  EXPECT_EQ(poller.uptime, 200U);
  EXPECT_EQ(poll({{3, "vlan"}, {7, "vlan"}}), "vlan=0 vlan#2=0");
  EXPECT_EQ(poll({{3, "vlan"}, {9, "vlan"}}), "vlan=0 vlan#2=discontinuity") << "9 was 7";
}

TEST_F(LedgerTest, NumbersAreStableAsLongAsThePortLives) {
  EXPECT_EQ(poll({{3, "vlan"}, {7, "vlan"}, {8, "vlan"}}), "vlan=first vlan#2=first vlan#3=first");
  EXPECT_EQ(poll({{7, "vlan"}, {8, "vlan"}}), "vlan#2=0 vlan#3=0");
  EXPECT_EQ(poll({{1, "vlan"}, {7, "vlan"}, {8, "vlan"}}), "vlan=first vlan#2=0 vlan#3=0");
  EXPECT_EQ(poll({{1, "vlan"}, {8, "vlan"}, {9, "vlan"}}), "vlan=0 vlan#3=0 vlan#2=discontinuity")
      << "the one that is left over is the one that is missing";
}

TEST_F(LedgerTest, ARowIsOnlyGoneWhenTheDeviceAgrees) {
  const auto counted_as = [&](std::uint32_t number, const std::vector<Port>& ports) {
    auto made = sample(ports);
    made.if_number = number;
    return made;
  };
  poll(counted_as(3, {{1, "eth0"}, {2, "eth1"}, {3, "eth2"}}));
  EXPECT_EQ(poll(counted_as(3, {{1, "eth0"}})), "eth0=0 eth1=first eth2=first") << "a cut walk";
  EXPECT_EQ(poll(counted_as(2, {{1, "eth0"}, {2, "eth1"}})), "eth0=0 eth1=0");
  EXPECT_EQ(changes(), "disappeared eth2: ifIndex 3 > ; ");
}

TEST_F(LedgerTest, ADeviceThatCountsWhatItDoesNotShowIsBelievedAllTheSame) {
  const auto counted_as = [&](std::uint32_t number, const std::vector<Port>& ports) {
    auto made = sample(ports);
    made.if_number = number;
    return made;
  };
  poll(counted_as(12, {{1, "eth0"}, {2, "eth1"}, {3, "eth2"}}));
  EXPECT_EQ(poll(counted_as(12, {{1, "eth0"}, {2, "eth1"}})), "eth0=0 eth1=0 eth2=first");
  EXPECT_EQ(poll(counted_as(11, {{1, "eth0"}, {2, "eth1"}})), "eth0=0 eth1=0");
}

TEST_F(LedgerTest, ATableThatDidNotChangeLacksNothing) {
  const auto changed_at = [&](std::uint32_t ticks, const std::vector<Port>& ports) {
    auto made = sample(ports);
    made.if_table_last_change = TimeTicks{ticks};
    return made;
  };
  poll(changed_at(5000, {{1, "eth0"}, {2, "eth1"}}));
  EXPECT_EQ(poll(changed_at(5000, {{1, "eth0"}})), "eth0=0 eth1=first");
  EXPECT_EQ(poll(changed_at(505000, {{1, "eth0"}})), "eth0=0");
}

TEST_F(LedgerTest, WhatIsNeverToldAgainGoesWhenItIsStale) {
  auto all = sample({{1, "eth0"}, {2, "eth1"}});
  all.if_number = 2;
  poll(all);
  for (int i = 0; i < 4; ++i) {
    auto cut = sample({{1, "eth0"}});
    cut.if_number = 2;
    poll(cut);
    table.tick(poller.now);
  }
  EXPECT_EQ(received(*r1()), "eth0=0");
  EXPECT_EQ(changes(), "") << "ifNumber says that it is there: nobody knows";
  EXPECT_EQ(counted(PortChange::disappeared), 0U);
}

TEST_F(LedgerTest, ManyChangesAreCountedAndAFewTold) {
  std::vector<Port> ports;
  const std::vector<std::string> names = [] {
    std::vector<std::string> made;
    for (int i = 0; i < 100; ++i) made.push_back("eth" + std::to_string(i));
    return made;
  }();
  for (std::uint32_t i = 0; i < 100; ++i) ports.push_back({i + 1, names[i].c_str()});
  poll(ports);
  for (Port& port : ports) port.index += 1000;
  poll(ports);
  const auto told = table.take_changes(poller.now);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].kept.size(), InterfaceChanges::kMostKept);
  EXPECT_EQ(told[0].untold, 100 - InterfaceChanges::kMostKept);
  EXPECT_EQ(counted(PortChange::renumbered), 100U);
  poll({{1, "new"}});
  poller.pass(Duration(-60s));
  EXPECT_TRUE(table.take_changes(poller.now).empty()) << "not again within the minute";
}

// The worst a device can do to the matcher: every row like every other, every index new.
TEST_F(LedgerTest, SixteenThousandAlikeAreNotQuadratic) {
  config.aggregator.limits = {10'000'000, 10'000'000};
  table.reconfigure(config);
  std::vector<Port> ports;
  for (std::uint32_t i = 0; i < 16'000; ++i) ports.push_back({i + 1, "ppp", "subscriber", 1});
  const auto began = std::chrono::steady_clock::now();
  poll(ports);
  for (int i = 0; i < 4; ++i) {
    restart();
    for (Port& port : ports) port.index += 1;
    poll(ports);
  }
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_EQ(r1()->interfaces.size(), 16'000U);
  EXPECT_LT(took, 10s) << "quadratic it would be minutes";
}

}  // namespace
}  // namespace itnxt
