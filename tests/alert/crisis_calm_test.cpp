// When a crisis closes, what only flap damping keeps firing is well and is not paged.
#include <gmock/gmock.h>

#include "tests/alert/incidents_world.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Two crises a moment apart, the second one over at 32 s: l1, l2 and l3 keep coming back.
struct TwoCrises : SchoolWorld {
  explicit TwoCrises(Duration hold = 0s) : SchoolWorld(hold) {
    config.crisis->recover_after = 8s;
    crisis.reconfigure(config.crisis);
    set({1, 2, 3}, false);
    EXPECT_THAT(step(0s), ElementsAre("open crisis"));
    set({1, 2, 3}, true);
    EXPECT_THAT(step(2s), ElementsAre("update crisis"));
    EXPECT_THAT(step(10s), ElementsAre("close crisis"));
    set({1, 2, 3}, false);
    EXPECT_THAT(step(20s), ElementsAre("open crisis"));
  }
  // The monotonic clock goes on, as it does for a test; the state is what was stored.
  void restart(Duration at) {
    std::vector<ActiveAlert> active;
    for (const ActiveAlert* one : engine.active()) active.push_back(*one);
    std::vector<Incident> open;
    for (const auto& [key, incident] : incidents.open()) open.push_back(incident);
    const CrisisMemory memory = crisis.memory();
    engine = Engine(config);
    crisis = Crisis(config.crisis);
    incidents = Incidents();
    crisis.restore(memory, Instant(at), wall_at(at));
    engine.restore(active, Instant(at), wall_at(at));
    (void)incidents.restore(
        open, engine.active(), [](const std::string&) { return true; }, Instant(at), wall_at(at));
  }
};

TEST(CrisisCalm, WhatIsWellWhenTheCrisisClosesIsNotPagedAndEndsInSilence) {
  TwoCrises world;
  world.set({1, 2, 3}, true);
  EXPECT_THAT(world.step(24s), ElementsAre("update crisis"));
  EXPECT_THAT(world.step(32s), ElementsAre("close crisis"));
  EXPECT_EQ(world.engine.active().size(), 3U);
  EXPECT_THAT(world.step(83s), IsEmpty());
  EXPECT_THAT(world.step(84s), IsEmpty());
  EXPECT_THAT(world.engine.active(), IsEmpty());
  EXPECT_THAT(world.incidents.open(), IsEmpty());
}

TEST(CrisisCalm, WhatIsDownIsPagedAtOnceAndWhatFailsAgainThen) {
  TwoCrises world;
  world.set({1, 2}, true);
  EXPECT_THAT(world.step(24s), ElementsAre("update crisis"));
  EXPECT_THAT(world.step(32s), ElementsAre("close crisis", "open link l3"));
  world.set({1}, false);
  EXPECT_THAT(world.step(40s), ElementsAre("open link l1"));
  EXPECT_THAT(world.step(41s), IsEmpty());
  world.set({1, 3}, true);
  EXPECT_THAT(world.step(50s), IsEmpty());
  EXPECT_THAT(world.step(110s), ElementsAre("close link l1", "close link l3"));
}

TEST(CrisisCalm, WhatFailsAgainMayBeTheNextCrisis) {
  TwoCrises world(800ms);
  world.set({1, 2, 3}, true);
  EXPECT_THAT(world.step(24s), ElementsAre("update crisis"));
  EXPECT_THAT(world.step(32s), ElementsAre("close crisis"));
  world.set({1, 2}, false);
  EXPECT_THAT(world.step(40s), IsEmpty());  // held for it
  world.set({3}, false);
  EXPECT_THAT(world.step(40s + 500ms), ElementsAre("open crisis"));
}

TEST(CrisisCalm, ARestartWithinTheCrisisChangesNothing) {
  TwoCrises world;
  world.set({1, 2, 3}, true);
  EXPECT_THAT(world.step(24s), ElementsAre("update crisis"));
  world.restart(30s);
  for (const int link : {1, 2, 3}) {  // nothing was heard of them yet
    set_up(world.snapshot, "l" + std::to_string(link), std::nullopt);
  }
  EXPECT_THAT(world.step(32s), ElementsAre("close crisis"));
  world.set({1, 2}, true);
  world.set({3}, false);
  EXPECT_THAT(world.step(34s), ElementsAre("open link l3"));
  EXPECT_THAT(world.step(94s), IsEmpty());
  EXPECT_EQ(world.engine.active().size(), 1U);
}

TEST(CrisisCalm, WhatIsNotHeardOfAgainIsPagedInTheEnd) {
  TwoCrises world;
  world.set({1, 2, 3}, true);
  EXPECT_THAT(world.step(24s), ElementsAre("update crisis"));
  world.restart(30s);
  set_up(world.snapshot, "l1", std::nullopt);
  EXPECT_THAT(world.step(32s), ElementsAre("close crisis"));
  EXPECT_THAT(world.step(5min + 29s), IsEmpty());
  EXPECT_THAT(world.step(5min + 30s), ElementsAre("open link l1"));
}

}  // namespace
}  // namespace itnxt::test
