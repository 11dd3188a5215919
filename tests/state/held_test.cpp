// Since when something is as it is: by what was told, within what can be.
#include "daemon/state/held.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "daemon/state/clock_skew.hpp"
#include "tests/state/world.hpp"

namespace itnxt::test {
namespace {

constexpr WallTime kStart{Duration(1'700'000'000s)};

WallTime at(Duration after) {
  return kStart + after;
}

struct Told {
  bool late = false;  // something later was known
  bool value = false;
  Duration at{}, heard{};
};

struct Case {
  const char* what;
  std::vector<Told> told;
  bool value;
  Duration since;
};

TEST(Held, SinceWhatWasToldAndWithinWhatCanBe) {
  const std::vector<Case> cases = {
      {"told at once", {{false, true, 0s, 0s}, {false, false, 10s, 10s}}, false, 10s},
      {"heard later", {{false, true, 0s, 0s}, {false, false, 10s, 30s}}, false, 10s},
      {"told again", {{false, false, 0s, 0s}, {false, false, 10s, 10s}}, false, 0s},
      {"never later than now", {{false, true, 0s, 0s}, {false, false, 99s, 10s}}, false, 10s},
      {"never before it was last told otherwise",
       {{false, true, 0s, 0s}, {false, true, 20s, 20s}, {false, false, 10s, 30s}},
       false,
       20s},
      {"not older than a day, if never told otherwise", {{false, false, -240h, 0s}}, false, -24h},
      {"older, if told otherwise before",
       {{false, true, -240h, -240h}, {false, false, -200h, 0s}},
       false,
       -200h},
      {"and back", {{false, false, 0s, 0s}, {false, true, 7s, 20s}}, true, 7s},
      {"our clock was set back", {{false, true, 9h, 9h}, {false, false, 10s, 10s}}, false, 10s},
      {"an event behind the sample that showed it",
       {{false, true, 0s, 0s}, {false, false, 60s, 60s}, {true, false, 42s, 61s}},
       false,
       42s},
      {"… it cannot have begun before it was told otherwise",
       {{false, true, 50s, 50s}, {false, false, 60s, 60s}, {true, false, 42s, 61s}},
       false,
       60s},
      {"… it was up in between",
       {{false, true, 0s, 0s},
        {false, false, 60s, 60s},
        {true, false, 10s, 61s},
        {true, true, 20s, 61s}},
       false,
       60s},
      {"… and down again",
       {{false, true, 0s, 0s},
        {false, false, 60s, 60s},
        {true, false, 10s, 61s},
        {true, true, 20s, 61s},
        {true, false, 30s, 61s}},
       false,
       30s},
  };
  for (const Case& row : cases) {
    Held held;
    for (const Told& one : row.told) {
      if (one.late) {
        held.recall(one.value, at(one.at), at(one.heard));
      } else {
        held.tell(one.value, at(one.at), at(one.heard));
      }
    }
    EXPECT_EQ(held.value(), row.value) << row.what;
    EXPECT_EQ(seconds(held.since() - kStart), seconds(row.since)) << row.what;
  }
}

TEST(Held, SaysWhetherItTurned) {
  Held held;
  EXPECT_EQ(held.since(), WallTime{});
  held.recall(true, at(1s), at(1s));
  EXPECT_EQ(held.value(), std::nullopt) << "what is later is not known after all";
  held.tell(true, at(0s), at(0s));
  EXPECT_EQ(held.turned(), WallTime{});
  held.tell(false, at(5s), at(9s));
  EXPECT_EQ(held.turned(), at(5s));
}

TEST(ClockSkew, WhatComesFirstAfterASilenceMayHaveWaited) {
  ClockSkew skew;
  EXPECT_EQ(skew.likely(), std::nullopt);
  Instant now{};
  for (int i = 0; i < 30; ++i, now += 10s) skew.observe(3s, now);
  EXPECT_EQ(skew.likely(), 3s);
  now += 10min;
  skew.observe(3s - 10min, now);
  EXPECT_EQ(skew.value(), 3s - 10min);
  EXPECT_EQ(skew.likely(), 3s);
  // A clock that was set back meanwhile is believed as soon as it cannot have been the way.
  for (int i = 0; i < 13; ++i, now += 10s) skew.observe(-30s, now);
  EXPECT_EQ(skew.likely(), -30s);
}

constexpr InterfaceRow kUp{1, "eth0", 100, 0};
constexpr InterfaceRow kDown{1, "eth0", 100, 0, OperStatus::down};

// Two routers, a collector whose clock is `ahead`, and an aggregator that hears late.
class Since : public testing::Test {
 protected:
  Batch polled(const InterfaceRow& row) {
    Batch batch = poller.batch({poller.poll("r1", {row}), poller.poll("r2", {kUp})});
    batch.closed_wall += ahead;
    batch.sent_wall += ahead;
    return batch;
  }
  EventBatch happened(OperStatus oper) {
    Event event;
    event.kind = "interface_changed";
    event.device = DeviceName("r1");
    event.interface = InterfaceStatus{1, "eth0", AdminStatus::up, oper};
    event.run = poller.epoch;
    event.at = source_time(poller.now);
    event.wall = poller.wall + ahead;
    EventBatch batch;
    batch.node = poller.node;
    batch.collector = CollectorName("snmp");
    batch.epoch = 1;
    batch.sent_wall = event.wall;
    batch.events = {event};
    return batch;
  }
  // Sent anew, as after a restart of the aggregator.
  template <class Message>
  Message again(Message message) {
    message.sent_wall = poller.wall + ahead;
    return message;
  }
  void hear(const Batch& batch) { table.apply(batch, poller.now, poller.wall); }
  void hear(const EventBatch& batch) { table.apply(batch, 0, poller.now, poller.wall); }
  void minutes_of_peace(int minutes = 5) {
    for (int i = 0; i < minutes; ++i) {
      poller.pass(60s);
      hear(polled(kUp));
    }
  }
  LinkView link() { return poller.look(table)->links[0]; }
  double ago() { return seconds(poller.wall - link().up_since); }

  Duration ahead{};
  Poller poller;
  Table table{two_routers()};
};

TEST_F(Since, IsTheEventsTimeWhereTheAggregatorWasStopped) {
  for (const Duration off : {Duration(0s), Duration(90s), Duration(-90s)}) {
    ahead = off;
    table = Table(two_routers());
    minutes_of_peace();
    poller.pass(30s);
    const EventBatch down = happened(OperStatus::down);  // waits in a socket's buffer
    poller.pass(23s);
    hear(down);
    EXPECT_EQ(link().up, false);
    EXPECT_EQ(ago(), 23) << seconds(off);
    poller.pass(7s);
    const EventBatch up = happened(OperStatus::up);
    poller.pass(600s);
    hear(up);
    EXPECT_EQ(link().up, true);
    EXPECT_EQ(ago(), 600) << seconds(off);
  }
}

TEST_F(Since, IsTheEventsTimeWhereTheAggregatorWasStartedAnew) {
  for (const Duration off : {Duration(0s), Duration(90s), Duration(-90s)}) {
    ahead = off;
    table = Table(two_routers());
    const EventBatch down = happened(OperStatus::down);
    poller.pass(19s);
    hear(again(down));
    EXPECT_EQ(link().up, false);
    EXPECT_EQ(ago(), 19) << seconds(off);
    poller.pass(1s);
    hear(polled(kDown));  // the first poll shows the same
    EXPECT_EQ(link().up, false);
    EXPECT_EQ(ago(), 20) << seconds(off);
  }
}

TEST_F(Since, IsTheEventsTimeAlsoBehindThePollThatShowedIt) {
  minutes_of_peace();
  poller.pass(30s);
  const EventBatch down = happened(OperStatus::down);
  poller.pass(20s);
  hear(polled(kDown));
  EXPECT_EQ(ago(), 0);
  poller.pass(1s);
  hear(again(down));
  EXPECT_EQ(ago(), 21);
}

TEST_F(Since, IsTheSamplesOwnTimeWhereItWaited) {
  minutes_of_peace();
  poller.pass(60s);
  const Batch down = polled(kDown);
  poller.pass(40s);
  hear(again(down));
  EXPECT_EQ(link().up, false);
  EXPECT_EQ(ago(), 40);
}

TEST_F(Since, IsNeverBeforeItWasLastSeenWell) {
  minutes_of_peace();
  poller.pass(10s);
  EventBatch down = happened(OperStatus::down);
  down.events[0].wall -= 240h;  // a clock that was set meanwhile
  hear(down);
  EXPECT_EQ(link().up, false);
  EXPECT_EQ(ago(), 10);
}

TEST_F(Since, IsOursWhereTheCollectorTellsNoTime) {
  minutes_of_peace();
  poller.pass(10s);
  EventBatch down = happened(OperStatus::down);
  down.sent_wall = WallTime{};
  down.events[0].wall -= 5s;
  hear(down);
  EXPECT_EQ(ago(), 0);
}

TEST_F(Since, OfALinkIsOfTheFirstEndThatFailedAndTheLastThatReturned) {
  minutes_of_peace();
  const auto both = [&](OperStatus a, OperStatus b) {
    poller.send(table, {poller.poll("r1", {{1, "eth0", 100, 0, a}}),
                        poller.poll("r2", {{1, "eth0", 100, 0, b}})});
  };
  poller.pass(60s);
  both(OperStatus::down, OperStatus::up);
  poller.pass(60s);
  both(OperStatus::down, OperStatus::down);
  EXPECT_EQ(ago(), 60);
  poller.pass(60s);
  both(OperStatus::up, OperStatus::down);
  EXPECT_EQ(ago(), 60) << "the other end";
  poller.pass(60s);
  both(OperStatus::up, OperStatus::up);
  EXPECT_EQ(ago(), 0);
}

TEST_F(Since, OfADeviceIsWhenItStoppedAnswering) {
  minutes_of_peace();
  const auto held = [&] {
    const auto device = poller.look(table)->devices[0];
    EXPECT_EQ(device->up_held.value(), device->up);
    return seconds(poller.wall - device->up_held.since());
  };
  poller.pass(10s);
  EventBatch silent = happened(OperStatus::down);
  silent.events[0].interface.reset();
  silent.events[0].answers = false;
  poller.pass(33s);
  hear(silent);
  EXPECT_EQ(held(), 33);
  poller.pass(17s);
  poller.send(table, {poller.timeout("r1")});
  EXPECT_EQ(held(), 50);
  poller.pass(60s);
  hear(polled(kUp));
  EXPECT_EQ(held(), 0);
}

}  // namespace
}  // namespace itnxt::test
