// What events and late batches do to the table.
#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <algorithm>

#include "tests/state/world.hpp"

namespace itnxt::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr InterfaceRow kUp{1, "eth0", 100, 0};
constexpr InterfaceRow kDown{1, "eth0", 100, 0, OperStatus::down};

class TableEvents : public testing::Test {
 protected:
  static Event status(OperStatus oper, const char* name = "eth0", std::uint32_t index = 0) {
    Event event;
    event.kind = "interface_changed";
    event.device = DeviceName("r1");
    event.interface = InterfaceStatus{index, name, AdminStatus::unknown, oper};
    return event;
  }
  // It happened `ago`, as the process of the samples saw it, or another (`run`).
  Event at(Event event, Duration ago = {}, std::uint64_t run = 1) const {
    event.run = run;
    event.at = run == 1 ? source_time(poller.now - ago) : SourceTime(7s);
    event.wall = poller.wall - ago;
    return event;
  }
  bool tell(std::vector<Event> events, const char* node = "md", const char* collector = "snmp") {
    EventBatch batch;
    batch.node = NodeName(node);
    batch.collector = CollectorName(collector);
    batch.sent_wall = poller.wall;
    batch.events = std::move(events);
    return table.apply(batch, 0, poller.now, poller.wall).changed;
  }
  void poll(const InterfaceRow& row) {
    poller.send(table, {poller.poll("r1", {row}), poller.poll("r2", {kUp})});
  }
  std::optional<bool> port(std::size_t row = 0) {
    return poller.look(table)->devices[0]->interfaces.at(row).up;
  }
  std::optional<bool> link() { return poller.look(table)->links[0].up; }

  Poller poller;
  Table table{two_routers()};
};

TEST_F(TableEvents, SetInterfaceAndLinkAtOnceUntilALaterSample) {
  poll(kUp);
  EXPECT_EQ(link(), true);
  poller.pass(10s);
  EXPECT_TRUE(tell({at(status(OperStatus::down))}));
  EXPECT_TRUE(table.changed());
  EXPECT_EQ(port(), false);
  EXPECT_EQ(link(), false);
  EXPECT_EQ(poller.look(table)->devices[0]->interfaces[0].admin_up, true) << "not told: as it was";
  poller.pass(50s);
  poll(kUp);
  EXPECT_EQ(link(), true);
}

// What is not believed is named, so that the journal can say so; of another node's device that is
// everything, else only what would tell a state.
TEST_F(TableEvents, ThatAreRefusedAreNamed) {
  Config config = two_routers();
  config.inventory.devices[0].node = NodeName("md");
  table.reconfigure(config);
  poll(kUp);
  const auto refused = [&](const char* node) {
    EventBatch batch;
    batch.node = NodeName(node);
    batch.collector = CollectorName("host");
    batch.sent_wall = poller.wall;
    batch.events.resize(6);
    batch.events[0].device = DeviceName("r1");  // before `first`
    batch.events[1].device = DeviceName("r1");
    batch.events[2] = at(status(OperStatus::down));
    batch.events[3] = at(status(OperStatus::down));
    batch.events[3].device = DeviceName("r2");
    batch.events[4].device = DeviceName("r2");  // tells no state
    batch.events[5].device = DeviceName("nobody's");
    return table.apply(batch, 1, poller.now, poller.wall).refused;
  };
  EXPECT_THAT(refused("elsewhere"), ElementsAre(1, 2, 3, 5));
  EXPECT_EQ(poller.look(table)->samples_refused, 4U);
  const auto trespass = table.take_trespass();
  ASSERT_TRUE(trespass);
  EXPECT_EQ(trespass->refused, 2U);
  EXPECT_THAT(refused("md"), ElementsAre(2, 3, 5));
  EXPECT_FALSE(table.take_trespass()) << "its own node's, of a collector that waits";
}

// A node speaks for its own devices only.
TEST_F(TableEvents, OfAnotherCollectorThanTheOneThatIsFollowedTellNothing) {
  Event silent = at(status(OperStatus::down));
  silent.interface.reset();
  silent.answers = false;
  poll(kUp);
  poller.pass(10s);
  EXPECT_FALSE(tell({at(status(OperStatus::down)), silent}, "elsewhere"));
  EXPECT_FALSE(tell({at(status(OperStatus::down))}, "md", "other"));
  EXPECT_EQ(link(), true);
  EXPECT_TRUE(poller.look(table)->devices[0]->up);
  EXPECT_EQ(poller.look(table)->samples_refused, 3U);
  EXPECT_TRUE(tell({at(status(OperStatus::down))}));
  EXPECT_EQ(link(), false);
}

// The first to tell is followed, be it by an event; its polls are no stranger's then.
TEST_F(TableEvents, WhoTellsFirstIsFollowedByItsSamplesToo) {
  Event silent = at(status(OperStatus::down));
  silent.interface.reset();
  silent.answers = false;
  EXPECT_TRUE(tell({silent}));
  EXPECT_FALSE(poller.look(table)->devices[0]->up);
  poller.pass(5s);
  poll(kUp);
  EXPECT_EQ(poller.look(table)->samples_refused, 0U);
  EXPECT_TRUE(poller.look(table)->devices[0]->up);
}

struct Order {
  const char* what;
  Duration sampled;   // so long ago when the event is told
  Duration happened;  // of the event
  std::uint64_t run;
  bool counts;
};

TEST_F(TableEvents, TheLaterOfSampleAndEventCounts) {
  for (const Order& row : {Order{"after, same process", 2s, 1s, 1, true},
                           Order{"before, same process", 1s, 2s, 1, false},
                           Order{"after, by another process", 2s, 1s, 2, true},
                           Order{"before, by another process", 1s, 2s, 2, false}}) {
    poller.pass(60s);
    poll(kUp);
    poller.pass(row.sampled);
    tell({at(status(OperStatus::down), row.happened, row.run)});
    EXPECT_EQ(port(), !row.counts) << row.what;
  }
}

// The poll was under way when the trap came, and arrives after it.
TEST_F(TableEvents, ASampleOfBeforeDoesNotTakeItBack) {
  poll(kUp);
  for (const std::uint64_t run : {1U, 2U}) {
    poller.pass(60s);
    Batch late = poller.batch({poller.poll("r1", {kUp})});
    poller.pass(500ms);
    tell({at(status(OperStatus::down), 100ms, run)});
    late.sent_wall = poller.wall;
    table.apply(late, poller.now, poller.wall);
    EXPECT_EQ(port(), false) << run;
    poller.pass(1s);
    poll(kUp);
    EXPECT_EQ(port(), true) << run;
  }
}

// A clock that runs ahead must not hold against what is seen.
TEST_F(TableEvents, AnEventHoldsAgainstSamplesForOneIntervalAtMost) {
  poll(kUp);
  poller.pass(1s);
  Event event = at(status(OperStatus::down));
  event.at += 10h;
  tell({event});
  poller.pass(59s);
  poll(kUp);
  EXPECT_EQ(port(), false);
  poller.pass(60s);
  poll(kUp);
  EXPECT_EQ(port(), true);
}

TEST_F(TableEvents, OfSeveralTheLastCounts) {
  poll(kUp);
  poller.pass(1s);
  tell({at(status(OperStatus::down)), at(status(OperStatus::up)), at(status(OperStatus::down))});
  EXPECT_EQ(port(), false);
  tell({at(status(OperStatus::up), 5s)});
  EXPECT_EQ(port(), false) << "is older";
}

TEST_F(TableEvents, ARowIsMeantByNameAndByIndexWhereThatTells) {
  const auto polled = [&] {
    poller.pass(60s);
    poller.send(table, {poller.poll("r1", {{1, "eth0", 0, 0}, {2, "eth0", 0, 0}, {3, "eth3"}})});
    poller.pass(1s);
  };
  const auto down = [&] {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < 3; ++i) {
      if (port(i) == false) rows.push_back(i);
    }
    return rows;
  };
  polled();
  EXPECT_FALSE(tell({at(status(OperStatus::down, "eth0"))})) << "which of the two?";
  tell({at(status(OperStatus::down, "eth0", 2))});
  EXPECT_THAT(down(), ElementsAre(1));
  polled();
  tell({at(status(OperStatus::down, "", 1))});
  EXPECT_THAT(down(), ElementsAre(0));
  polled();
  tell({at(status(OperStatus::down, "eth3", 77))});
  EXPECT_THAT(down(), ElementsAre(2)) << "the name counts";
  polled();
  EXPECT_FALSE(tell({at(status(OperStatus::down, "gone", 1))})) << "another port by now";
  EXPECT_FALSE(tell({at(status(OperStatus::down, "", 9))}));
  EXPECT_THAT(down(), IsEmpty());
}

TEST_F(TableEvents, TellsWhetherADeviceAnswers) {
  poll(kUp);
  poller.pass(1s);
  Event silent;
  silent.kind = "device_silent";
  silent.device = DeviceName("r1");
  silent.answers = false;
  silent.text = "no answer since 1s";
  tell({at(silent)});
  auto device = poller.look(table)->devices[0];
  EXPECT_FALSE(device->up);
  EXPECT_EQ(device->problem, "no answer since 1s");
  EXPECT_EQ(link(), std::nullopt);
  poller.pass(59s);
  poll(kUp);
  EXPECT_TRUE(poller.look(table)->devices[0]->up);
  EXPECT_EQ(link(), true);
}

// The aggregator was started anew, and the line is cut before the next poll.
TEST_F(TableEvents, SetALinkBeforeTheFirstPoll) {
  EXPECT_FALSE(tell({at(status(OperStatus::down, "eth9"))})) << "no end of a link";
  EXPECT_TRUE(tell({at(status(OperStatus::down))}));
  EXPECT_EQ(link(), false);
  tell({at(status(OperStatus::up))});
  EXPECT_EQ(link(), std::nullopt) << "of the other end nothing is known";
  tell({at(status(OperStatus::down), 1s)});
  EXPECT_EQ(link(), std::nullopt) << "is older";
  tell({at(status(OperStatus::down))});
  poller.pass(209s);
  table.tick(poller.now);
  EXPECT_EQ(link(), false);
  poller.pass(2s);
  table.tick(poller.now);
  EXPECT_TRUE(table.changed());
  EXPECT_EQ(link(), std::nullopt) << "stale";
  tell({at(status(OperStatus::down))});
  poller.pass(1s);
  poll(kUp);
  EXPECT_EQ(link(), true) << "the poll tells";
}

TEST_F(TableEvents, OfADeviceThatIsSilentNoPortIsKnown) {
  Event answer;
  answer.device = DeviceName("r1");
  answer.answers = false;
  tell({at(status(OperStatus::down)), at(answer)});
  EXPECT_EQ(link(), std::nullopt);
  answer.answers = true;
  tell({at(answer)});
  EXPECT_EQ(link(), false);
}

TEST_F(TableEvents, OfAStrangerAreCounted) {
  Event event = at(status(OperStatus::down));
  event.device = DeviceName("nobody");
  EXPECT_FALSE(tell({event, event}));
  EXPECT_EQ(poller.look(table)->samples_refused, 2U);
  const auto stranger = table.take_stranger();
  ASSERT_TRUE(stranger);
  EXPECT_EQ(stranger->device, "nobody");
}

// ------------------------------------------------------------------------------------- backlog

TEST_F(TableEvents, BacklogDoesNotPassThroughTheLiveTable) {
  poll(kDown);
  poller.pass(60s);
  Batch old = poller.batch({poller.poll("r1", {kDown})});
  poller.pass(60s);
  poll(kUp);
  old.sent_wall = poller.wall;
  EXPECT_EQ(table.apply(old, poller.now, poller.wall), Arrival::backlog);
  EXPECT_EQ(table.apply(old, poller.now, poller.wall), Arrival::duplicate);
  EXPECT_EQ(port(), true);
  const CollectorView collector = poller.look(table)->collectors[0];
  EXPECT_EQ(collector.backlog_batches, 1U);
  EXPECT_EQ(collector.lost_batches, 0U);
}

// The aggregator was away: what the last polls told is in the backlog of a collector that asks one
// device after the other, and the newest batch holds one of them.
TEST_F(TableEvents, AfterARestartTheLastPollOfEachDeviceCountsWhereverItIs) {
  std::vector<Batch> batches;
  for (int round = 0; round < 3; ++round) {
    batches.push_back(poller.batch({poller.poll("r1", {round == 2 ? kDown : kUp})}));
    poller.pass(30s);
    batches.push_back(poller.batch({poller.poll("r2", {kUp})}));
    poller.pass(20s);
  }
  for (Batch& batch : batches) batch.sent_wall = poller.wall;
  EXPECT_EQ(table.apply(batches.back(), poller.now, poller.wall), Arrival::fresh);
  for (std::size_t i = 0; i + 1 < batches.size(); ++i) {
    EXPECT_EQ(table.apply(batches[i], poller.now, poller.wall), Arrival::backlog);
    const auto r1 = poller.look(table)->devices[0];
    EXPECT_EQ(r1->polled, i == 4) << "only the last one is younger than its interval";
  }
  EXPECT_EQ(link(), false);
}

// In whatever order they come, each is taken once, and what is known in the end is the latest.
TEST(TableBacklog, PropertyAnyOrderEndsInTheLatest) {
  rc::check([] {
    Poller poller;
    Table table{two_routers()};
    std::vector<Batch> batches;
    bool up = true;
    const auto count = *rc::gen::inRange<std::size_t>(1, 12);
    for (std::size_t i = 0; i < count; ++i) {
      poller.pass(5s);
      up = *rc::gen::arbitrary<bool>();
      batches.push_back(poller.batch({poller.poll("r1", {up ? kUp : kDown})}));
      if (*rc::gen::weightedElement<bool>({{4, false}, {1, true}})) {
        batches.push_back(batches.back());
      }
    }
    const auto order = *rc::gen::container<std::vector<std::uint32_t>>(
        batches.size(), rc::gen::arbitrary<std::uint32_t>());
    std::vector<std::size_t> places(batches.size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
    std::stable_sort(places.begin(), places.end(),
                     [&](std::size_t a, std::size_t b) { return order[a] < order[b]; });
    std::size_t taken = 0;
    std::uint64_t highest = 0;
    for (const std::size_t place : places) {
      Batch& batch = batches[place];
      batch.sent_wall = poller.wall;
      const Arrival how = table.apply(batch, poller.now, poller.wall);
      if (how == Arrival::duplicate) continue;
      ++taken;
      RC_ASSERT(how == (batch.sequence > highest ? Arrival::fresh : Arrival::backlog));
      highest = std::max(highest, batch.sequence);
    }
    RC_ASSERT(taken == count);
    RC_ASSERT(poller.look(table)->devices[0]->interfaces.at(0).up == up);
  });
}

// --------------------------------------------------------------------------------------- clocks

TEST(Clocks, TheLeastDelayedMessageTells) {
  ClockSkew skew;
  Instant now(1000s);
  EXPECT_FALSE(skew.value());
  for (const Duration late : {Duration(3s), Duration(5s), Duration(40ms), Duration(4s)})
    skew.observe(500ms - late, now += 1s);
  EXPECT_EQ(skew.value(), 460ms);
  skew.observe(-3s, now += 100s);
  EXPECT_EQ(skew.value(), 460ms);
  skew.observe(-3s, now += 60s);
  EXPECT_EQ(skew.value(), 460ms) << "the window before counts";
  EXPECT_TRUE(skew.is_settled());
  skew.observe(-3s, now += 120s);
  EXPECT_EQ(skew.value(), -3s) << "stepped back";
  skew.observe(7s, now);
  EXPECT_EQ(skew.value(), 7s);
}

TEST_F(TableEvents, AClockThatIsOffIsToldOnceANode) {
  const auto send = [&](Duration ahead) {
    poller.pass(30s);
    Batch batch = poller.batch({});
    batch.sent_wall = poller.wall + ahead;
    table.apply(batch, poller.now, poller.wall);
    return table.take_clocks_off();
  };
  EXPECT_THAT(send(1s), IsEmpty());
  EXPECT_THAT(send(-9s), IsEmpty()) << "slow on its way";
  auto off = send(2500ms);
  ASSERT_EQ(off.size(), 1U);
  EXPECT_EQ(off[0].node, NodeName("md"));
  EXPECT_EQ(off[0].ahead, 2500ms);
  for (int i = 0; i < 20; ++i) EXPECT_THAT(send(i < 10 ? 2500ms : 0s), IsEmpty());
  for (int i = 0; i < 2; ++i) (void)send(-5s);
  EXPECT_EQ(poller.look(table)->collectors[0].clock_skew, 0s);
  for (int i = 0; i < 10; ++i) {
    for (ClockOff& one : send(-5s)) off.push_back(one);
  }
  ASSERT_EQ(off.size(), 2U) << "behind for minutes: no way is so slow";
  EXPECT_EQ(off[1].ahead, -5s);
  // It drifts on: told again when it has changed markedly.
  EXPECT_THAT(send(4s), testing::SizeIs(1)) << "from behind to ahead";
  EXPECT_THAT(send(5900ms), IsEmpty());
  EXPECT_THAT(send(6100ms), testing::SizeIs(1)) << "2.1 s more than was told";
  EXPECT_THAT(send(9s), IsEmpty()) << "less than half as much again";
  off = send(1h);
  ASSERT_EQ(off.size(), 1U);
  EXPECT_EQ(off[0].ahead, 1h);
}

}  // namespace
}  // namespace itnxt::test
