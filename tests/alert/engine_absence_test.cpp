// Subjects that the snapshot no longer has: gone, or only not seen.
#include <gmock/gmock.h>

#include "daemon/alert/engine.hpp"
#include "tests/alert/engine_world.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Subjects that only the snapshot names: when they are gone for good, their page gets its close.
struct Gone {
  Rule silent = collector_silent();
  Rule closed = rule_on(SubjectKind::capture, SubjectMetric::up, 1);
  Rule down = rule_on(SubjectKind::interface, SubjectMetric::up, 1);
  Config config;
  std::optional<Engine> engine;

  Gone() {
    closed.alert = "CaptureClosed";
    down.alert = "InterfaceDown";
    config = config_with({silent, closed, down});
    Device one;
    one.name = DeviceName("r1");
    config.inventory.devices.push_back(one);
    engine.emplace(config);
  }
  static Rule collector_silent() {
    Rule rule = rule_on(SubjectKind::collector, SubjectMetric::silent_seconds, 0);
    rule.alert = "CollectorSilent";
    rule.below.reset();
    rule.above = 30;
    return rule;
  }
  static CollectorView collector(const std::string& name, Duration last) {
    return {NodeName("n1"), CollectorName(name), wall_at(last), Instant(last), 10s, 0};
  }
  static CaptureView capture() {
    CaptureView view;
    view.node = NodeName("n1");
    view.sample.capture = CollectorName("tap");
    return view;
  }
  std::vector<Transition> at(Duration when, const Snapshot& snapshot) {
    return engine->evaluate(snapshot, Instant(when), wall_at(when));
  }
  // A new engine with what the old one had.
  void restart(Duration when) {
    std::vector<ActiveAlert> kept;
    for (const ActiveAlert* alert : engine->active()) kept.push_back(*alert);
    engine.emplace(config);
    engine->restore(kept, Instant(when), wall_at(when));
  }
};

TEST(Engine, ACollectorThatTheStateLetGoOfIsClosed) {
  Gone world;
  Snapshot there;
  there.collectors.push_back(Gone::collector("snmp", 0s));
  ASSERT_THAT(told(world.at(31s, there)), ElementsAre("firing CollectorSilent/collector n1 snmp"));
  EXPECT_THAT(world.at(23h, there), IsEmpty());  // silent, not gone
  EXPECT_THAT(world.at(24h, Snapshot{}), IsEmpty());
  EXPECT_THAT(world.at(24h + 14min, Snapshot{}), IsEmpty());
  EXPECT_THAT(world.at(24h + 14min + 59s, there), IsEmpty());  // back: counted anew
  EXPECT_THAT(world.at(25h, Snapshot{}), IsEmpty());
  EXPECT_THAT(world.at(25h + 14min + 59s, Snapshot{}), IsEmpty());
  const auto over = world.at(25h + 15min, Snapshot{});
  ASSERT_THAT(told(over), ElementsAre("resolved CollectorSilent/collector n1 snmp"));
  EXPECT_EQ(over[0].active.alert.annotations.at("summary"),
            "CollectorSilent for collector n1 snmp ended: it was removed or silent for a day, and "
            "is gone for 15m.");
  EXPECT_THAT(world.engine->active(), IsEmpty());
}

// After a restart a dead node is absent like a decommissioned one: no early close.
TEST(Engine, AfterARestartACollectorIsGoneOnlyAfterADay) {
  Gone world;
  Snapshot there;
  there.collectors.push_back(Gone::collector("snmp", 0s));
  there.captures.push_back(Gone::capture());
  ASSERT_EQ(world.at(31s, there).size(), 2U);
  world.restart(1h);
  EXPECT_THAT(world.at(1h, Snapshot{}), IsEmpty());
  EXPECT_THAT(world.at(25h - 1s, Snapshot{}), IsEmpty());
  const auto over = world.at(25h, Snapshot{});
  ASSERT_THAT(told(over), ElementsAre("resolved CollectorSilent/collector n1 snmp",
                                      "resolved CaptureClosed/capture n1 tap"));
  EXPECT_EQ(over[0].active.alert.annotations.at("summary"),
            "CollectorSilent for collector n1 snmp ended: it is gone, since the restart nothing "
            "was heard of it for 1d.");
}

TEST(Engine, ACaptureIsGoneWithItsCollectorNotWithItsSilence) {
  Gone world;
  Snapshot there;
  there.collectors.push_back(Gone::collector("tap", 0s));
  there.captures.push_back(Gone::capture());
  ASSERT_THAT(told(world.at(1s, there)), ElementsAre("firing CaptureClosed/capture n1 tap"));
  Snapshot silent;
  silent.collectors.push_back(Gone::collector("tap", 0s));
  for (int hour = 1; hour < 24; ++hour) {
    EXPECT_THAT(told(world.at(std::chrono::hours(hour), silent)),
                Not(::testing::Contains(::testing::StartsWith("resolved"))));
  }
  (void)world.at(24h, Snapshot{});
  EXPECT_THAT(told(world.at(24h + 15min, Snapshot{})),
              ElementsAre("resolved CollectorSilent/collector n1 tap",
                          "resolved CaptureClosed/capture n1 tap"));
}

TEST(Engine, ACaptureThatItsCollectorNoLongerReportsIsClosed) {
  Gone world;
  Snapshot there;
  there.captures.push_back(Gone::capture());
  ASSERT_EQ(world.at(1s, there).size(), 1U);
  const auto without = [&](Duration when) {
    Snapshot s;
    s.collectors.push_back(Gone::collector("tap", when));
    return told(world.at(when, s));
  };
  EXPECT_THAT(without(10s), IsEmpty());
  EXPECT_THAT(without(10s + 15min), ElementsAre("resolved CaptureClosed/capture n1 tap"));
}

TEST(Engine, AnInterfaceIsGoneWhenItsDeviceAnswersWithoutIt) {
  Gone world;
  const auto with = [&](Duration when, std::size_t interfaces, bool answers) {
    auto view = device(interfaces);
    if (interfaces > 1) view->interfaces[1].up = false;
    view->up = view->polled = view->fresh = answers;
    Snapshot s;
    s.devices.push_back(view);
    return world.at(when, s);
  };
  ASSERT_THAT(told(with(0s, 2, true)), ElementsAre("firing InterfaceDown/interface r1 Te0/0/1"));
  EXPECT_THAT(with(1s, 0, false), IsEmpty());
  EXPECT_THAT(with(48h, 0, false), IsEmpty());  // a silent device says nothing of its ports
  world.restart(48h);
  EXPECT_THAT(with(48h, 1, true), IsEmpty());
  EXPECT_THAT(with(48h + 14min, 1, true), IsEmpty());
  const auto over = with(48h + 15min, 1, true);
  ASSERT_THAT(told(over), ElementsAre("resolved InterfaceDown/interface r1 Te0/0/1"));
  EXPECT_EQ(over[0].active.alert.annotations.at("summary"),
            "InterfaceDown for interface r1 Te0/0/1 ended: it is gone, its device answers without "
            "it for 15m.");
}

}  // namespace
}  // namespace itnxt::test
