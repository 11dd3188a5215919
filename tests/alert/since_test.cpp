// When an alert began and ended: as it was told, not as it was heard.
#include <gmock/gmock.h>

#include "daemon/alert/deliveries.hpp"
#include "tests/alert/engine_world.hpp"
#include "tests/alert/incidents_world.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct World {
  Config config;
  Engine engine;

  explicit World(Duration hold = 0s) : config(make(hold)), engine(config) {}
  static Config make(Duration hold) {
    Rule rule = link_down();
    rule.hold = hold;
    Config config = config_with({rule});
    add_link(config, "md-hal", "md", "hal");
    return config;
  }
  std::vector<Transition> step(Duration at, std::optional<bool> up, Duration since) {
    Snapshot snapshot = snapshot_of(config);
    set_up(snapshot, "md-hal", up);
    snapshot.links[0].up_since = wall_at(since);
    return engine.evaluate(snapshot, Instant(at), wall_at(at));
  }
};

TEST(AlertSince, IsWhatWasToldInThePageAndTheClose) {
  World world;
  const auto fired = world.step(100s, false, 77s);
  ASSERT_THAT(told(fired), ElementsAre("firing LinkDown/link md-hal"));
  EXPECT_EQ(fired[0].active.alert.since, wall_at(77s));
  EXPECT_EQ(fired[0].active.alert.first_seen(), wall_at(100s));
  EXPECT_EQ(fired[0].active.alert.annotations.at("description"),
            "Link md-hal is down. Since 2019-12-20T00:01:17Z (23s). Ends: md-r e0 at md (down), "
            "hal-r e1 at hal (up). Sites: md, hal. Rule: up = 0, below 1.");
  EXPECT_THAT(world.step(110s, false, 33s), IsEmpty());
  EXPECT_EQ(world.engine.active()[0]->alert.since, wall_at(77s)) << "what fires keeps it";
  const auto over = world.step(300s, true, 137s);
  ASSERT_THAT(told(over), ElementsAre("resolved LinkDown/link md-hal"));
  EXPECT_EQ(over[0].ended, wall_at(137s));
  EXPECT_EQ(over[0].active.alert.annotations.at("description"),
            "Link md-hal is up again. It lasted 1m, from 2019-12-20T00:01:17Z to "
            "2019-12-20T00:02:17Z. Ends: md-r e0 at md (up), hal-r e1 at hal (up). Sites: md, "
            "hal.");
}

TEST(AlertSince, IsNeverLaterThanNowNorAnEndBeforeItsBeginning) {
  World world;
  const auto fired = world.step(100s, false, 3h);
  EXPECT_EQ(fired.at(0).active.alert.since, wall_at(100s));
  EXPECT_EQ(fired.at(0).active.alert.seen, std::nullopt);
  const auto over = world.step(200s, true, 50s);
  EXPECT_EQ(over.at(0).ended, wall_at(100s));
  EXPECT_EQ(world.step(300s, false, 250s).at(0).active.alert.since, wall_at(250s));
}

// A time from outside must not page sooner than the rule says.
TEST(AlertSince, ForCountsFromWhenWeSawIt) {
  World world(60s);
  EXPECT_THAT(told(world.step(600s, false, 0s)), ElementsAre("pending LinkDown/link md-hal"));
  EXPECT_THAT(world.step(659s, false, 0s), IsEmpty());
  const std::vector<ActiveAlert> stored = {*world.engine.active()[0]};
  World next(60s);  // … nor does it after a restart
  next.engine.restore(stored, Instant(659s), wall_at(659s));
  EXPECT_THAT(next.step(659s, false, 0s), IsEmpty());
  const auto fired = next.step(660s, false, 0s);
  ASSERT_THAT(told(fired), ElementsAre("firing LinkDown/link md-hal"));
  EXPECT_EQ(fired[0].active.alert.since, wall_at(0s));
  EXPECT_EQ(fired[0].active.alert.first_seen(), wall_at(600s));
}

// What is only pending may still learn of its beginning.
TEST(AlertSince, OfAPendingAlertIsTheEarliestThatWasTold) {
  World world(60s);
  world.step(100s, false, 100s);
  const auto fired = world.step(160s, false, 42s);
  ASSERT_THAT(fired, SizeIs(1));
  EXPECT_EQ(fired[0].active.alert.since, wall_at(42s));
  EXPECT_EQ(fired[0].active.alert.first_seen(), wall_at(100s));
}

TEST(AlertSince, SurvivesARestartAsItWasPaged) {
  World world;
  world.step(100s, false, 77s);
  World next;
  next.engine.restore({*world.engine.active()[0]}, Instant(0s), wall_at(500s));
  EXPECT_THAT(next.step(501s, false, 490s), IsEmpty());
  EXPECT_EQ(next.engine.active()[0]->alert.since, wall_at(77s));
}

TEST(AlertSince, TheDeliveryEndsWhenItWasOver) {
  World world;
  Incidents incidents;
  NotifyConfig notify;
  Channel hook;
  hook.name = ChannelName("hook");
  hook.kind = WebhookChannel{"http://127.0.0.1/", {}};
  notify.channels = {hook};
  Route route;
  route.channels = {hook.name};
  notify.routes = {route};
  Deliveries deliveries(notify);
  const auto step = [&](Duration at, bool up, Duration since) {
    const auto transitions = world.step(at, up, since);
    const auto told = incidents.update(transitions, CrisisVerdict{}, Instant(at), wall_at(at));
    return deliveries.apply(told.pages, wall_at(at)).changed;
  };
  EXPECT_EQ(step(100s, false, 77s).at(0).page.since, wall_at(77s));
  EXPECT_EQ(step(300s, true, 137s).at(0).ended, wall_at(137s));
}

// A rule that left and came back finds the same outage: that is another page, which a receiver
// must not take for a repetition.
TEST(AlertSince, TwoPagesOfOneOutageAreTwoIncidents) {
  World world;
  Incidents incidents;
  const CrisisVerdict calm;
  const auto opened = [&](Duration at) {
    const auto changes =
        incidents.update(world.step(at, false, 10s), calm, Instant(at), wall_at(at));
    std::string id;
    for (const PageEvent& page : changes.pages) {
      if (page.kind == PageKind::open) id = page.incident.id;
    }
    return id;
  };
  const std::string first = opened(20s);
  world.engine.reconfigure(config_with({}));
  EXPECT_THAT(opened(30s), "");
  world.engine.reconfigure(world.config);
  const std::string second = opened(40s);
  EXPECT_THAT(first, SizeIs(16));
  EXPECT_THAT(second, SizeIs(16));
  EXPECT_NE(first, second);
}

TEST(AlertSince, OfAnInterfaceIsNotBeforeItWasWantedUp) {
  const auto r1 = device(1);
  InterfaceView& port = r1->interfaces[0];
  port.up = false;
  port.up_held.tell(true, wall_at(0s), wall_at(0s));
  port.up_held.tell(false, wall_at(10s), wall_at(10s));
  port.admin_held.tell(true, wall_at(20s), wall_at(20s));
  EXPECT_EQ(read(port, SubjectMetric::up)->since, wall_at(10s)) << "as far as it was told";
  port.admin_held.tell(false, wall_at(30s), wall_at(30s));
  port.admin_held.tell(true, wall_at(50s), wall_at(50s));
  EXPECT_EQ(read(port, SubjectMetric::up)->since, wall_at(50s));
  port.up = true;
  port.up_held.tell(true, wall_at(40s), wall_at(60s));
  EXPECT_EQ(read(port, SubjectMetric::up)->since, wall_at(40s));
}

}  // namespace
}  // namespace itnxt::test
