// What keeps coming back costs one more page, not one a second; also over a restart.
#include <gmock/gmock.h>

#include "daemon/alert/engine.hpp"
#include "tests/alert/build.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// One link and a store that keeps what the engine asks to be kept.
struct World {
  Config config = make();
  std::unique_ptr<Engine> engine = std::make_unique<Engine>(config);
  std::vector<EndedAlert> stored;

  static Config make() {
    Config config = config_with({link_down()});
    add_link(config, "md-hal", "md", "hal");
    return config;
  }
  std::vector<Transition> step(Duration at, bool up) {
    Snapshot snapshot = snapshot_of(config);
    set_up(snapshot, "md-hal", up);
    auto transitions = engine->evaluate(snapshot, Instant(at), wall_at(at));
    store();
    return transitions;
  }
  void store() {
    const auto same = [](const EndedAlert& a, const EndedAlert& b) {
      return a.alert == b.alert && a.group == b.group && a.member == b.member;
    };
    const Engine::Ends ends = engine->take_ends();
    for (const auto* list : {&ends.begun, &ends.over}) {
      for (const EndedAlert& one : *list) {
        std::erase_if(stored, [&](const EndedAlert& s) { return same(s, one); });
      }
    }
    stored.insert(stored.end(), ends.begun.begin(), ends.begun.end());
  }
  // The monotonic clock starts anew, the wall clock goes on.
  void restart(Duration at, Duration wall) {
    std::vector<ActiveAlert> active;
    for (const ActiveAlert* one : engine->active()) active.push_back(*one);
    engine = std::make_unique<Engine>(config);
    engine->restore(active, Instant(at), wall_at(wall));
    engine->restore_ended(stored, Instant(at), wall_at(wall));
  }
};

std::string text(const std::vector<Transition>& transitions) {
  static constexpr std::array kNames = {"pending", "dropped", "firing", "resolved"};
  if (transitions.size() != 1) return std::to_string(transitions.size()) + " transitions";
  return std::string(kNames[static_cast<std::size_t>(transitions[0].change)]) + ": " +
         transitions[0].active.alert.annotations.at("description");
}

const std::string kKeepsComing = "It keeps coming back: the close waits until it stays well.";

TEST(Flapping, CostsOneMorePageNotOneASecond) {
  World world;
  std::size_t notifications = 0;
  for (int second = 0; second < 60; ++second) {  // down, up, down, up …
    notifications += world.step(std::chrono::seconds(second), second % 2 == 1).size();
  }
  EXPECT_EQ(notifications, 3U);  // page, close, page
  EXPECT_THAT(world.step(118s, true), IsEmpty());
  EXPECT_THAT(text(world.step(119s, true)), HasSubstr("resolved: Link md-hal is up again."));
}

TEST(Flapping, ARestartDoesNotForgetWhatEndedBeforeIt) {
  World world;
  world.step(1000s, false);
  world.step(1010s, true);
  ASSERT_EQ(world.stored.size(), 1U);
  EXPECT_EQ(world.stored[0].at, wall_at(1010s));
  world.restart(0s, 1015s);
  EXPECT_THAT(text(world.step(1s, false)), HasSubstr(kKeepsComing));
  EXPECT_THAT(world.step(2s, true), IsEmpty());
  EXPECT_THAT(world.step(61s, true), IsEmpty());
  EXPECT_EQ(world.step(62s, true).size(), 1U);
}

TEST(Flapping, ARestartDoesNotForgetThatACloseWaitsForCalm) {
  World world;
  world.step(0s, false);
  world.step(1s, true);
  ASSERT_THAT(text(world.step(2s, false)), HasSubstr(kKeepsComing));
  world.restart(0s, 10s);
  EXPECT_THAT(world.step(11s, true), IsEmpty());
  EXPECT_EQ(world.step(71s, true).size(), 1U);
}

TEST(Flapping, WhatEndedIsForgottenWithTheWindowAlsoOnTheDisk) {
  World world;
  world.step(0s, false);
  world.step(1s, true);
  world.restart(0s, 4min);
  EXPECT_THAT(world.step(1min, true), IsEmpty());
  EXPECT_EQ(world.stored.size(), 1U);
  EXPECT_THAT(world.step(1min + 2s, true), IsEmpty());
  EXPECT_THAT(world.stored, IsEmpty());
  EXPECT_THAT(text(world.step(2min, false)), Not(HasSubstr(kKeepsComing)));
}

TEST(Flapping, AClockThatWentBackForgetsAfterTheWindowToo) {
  World world;
  world.step(1h, false);
  world.step(1h + 1s, true);
  world.restart(0s, 0s);
  world.step(5min, true);
  EXPECT_EQ(world.stored.size(), 1U);
  world.step(5min + 1s, true);
  EXPECT_THAT(world.stored, IsEmpty());
}

TEST(Flapping, ARuleThatGoesTakesItsMemoryAlong) {
  World world;
  world.step(0s, false);
  world.step(1s, true);
  const std::vector<EndedAlert> before = world.stored;
  world.config.rules.clear();
  world.engine->reconfigure(world.config);
  world.store();
  EXPECT_THAT(world.stored, IsEmpty());
  world.stored = before;  // removed while the process was down
  world.restart(0s, 2s);
  world.store();
  EXPECT_THAT(world.stored, IsEmpty());
}

}  // namespace
}  // namespace itnxt::test
