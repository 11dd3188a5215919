// The pages of isolated sites wait for a moment, so that a crisis folds them.
#include <gmock/gmock.h>

#include <memory>

#include "daemon/alert/deliveries.hpp"
#include "tests/alert/incidents_world.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using World = SchoolWorld;

TEST(Hold, ACrisisDeclaredMeanwhileFoldsThePage) {
  World world(800ms);
  world.set({1}, false);
  EXPECT_THAT(world.step(0s), IsEmpty());
  EXPECT_EQ(world.incidents.next_release(), Instant(800ms));
  EXPECT_THAT(world.release(799ms), IsEmpty());
  world.set({2, 3}, false);
  EXPECT_THAT(world.step(799ms), ElementsAre("open crisis"));
  EXPECT_EQ(world.incidents.next_release(), std::nullopt);
  for (const auto& [key, incident] : world.incidents.open()) {
    EXPECT_EQ(incident.suppressed, key.second != "crisis") << key.second;
  }
  world.set({2, 3}, true);
  EXPECT_THAT(world.step(1s), ElementsAre("update crisis"));
  EXPECT_THAT(world.step(11min), ElementsAre("close crisis", "open link l1"));
  world.set({1}, true);
  EXPECT_THAT(world.step(12min), ElementsAre("close link l1"));
}

TEST(Hold, WithoutACrisisThePageGoesWhenItIsOver) {
  World world(800ms);
  world.set({1}, false);
  EXPECT_THAT(world.step(0s), IsEmpty());
  EXPECT_THAT(world.release(800ms), ElementsAre("open link l1"));
  EXPECT_THAT(world.release(900ms), IsEmpty());
  world.set({2}, false);
  EXPECT_THAT(world.step(1s), IsEmpty());
  EXPECT_THAT(world.step(2s), ElementsAre("open link l2"));  // an evaluation does it too
  world.set({1, 2}, true);
  EXPECT_THAT(world.step(3s), ElementsAre("close link l1", "close link l2"));
}

// Who is on call must know that it happened.
TEST(Hold, AnAlertThatEndsMeanwhileIsPagedAndClosed) {
  World world(800ms);
  world.set({1}, false);
  EXPECT_THAT(world.step(0s), IsEmpty());
  world.set({1}, true);
  EXPECT_THAT(world.step(100ms), ElementsAre("open link l1", "close link l1"));
  EXPECT_EQ(world.incidents.next_release(), std::nullopt);
}

TEST(Hold, OnlyPagesOfSitesThatACrisisWouldTellOfWait) {
  World world(1min);
  add_link(world.config, "backup", "s1", "s2");
  world.engine.reconfigure(world.config);
  world.snapshot = snapshot_of(world.config);
  world.set({1}, false);
  EXPECT_THAT(world.step(0s), ElementsAre("open link l1"));  // s1 has another way
  world.set({4}, false);
  EXPECT_THAT(world.step(1s), IsEmpty());
  EXPECT_THAT(world.step(61s), ElementsAre("open link l4"));
  Rule other = link_down();
  other.alert = "Other";
  world.config.rules.push_back(other);
  world.engine.reconfigure(world.config);
  world.crisis.reconfigure(world.config.crisis);
  EXPECT_THAT(world.step(10min), ElementsAre("open link l1", "open link l4"));  // isolated long ago
}

TEST(Hold, WithoutACrisisConfiguredNothingWaits) {
  World world(800ms);
  world.crisis.reconfigure(std::nullopt);
  world.set({1}, false);
  EXPECT_THAT(world.step(0s), ElementsAre("open link l1"));
}

TEST(Hold, ADeclaredCrisisSettlesWhatIsHeld) {
  World world(800ms);
  world.set({1, 2}, false);
  EXPECT_THAT(world.step(0s), IsEmpty());
  CrisisVerdict declared;  // of other sites than s2
  declared.on = true;
  declared.told = {SiteName("s1"), SiteName("s3")};
  world.set({1}, true);
  const auto ended = world.engine.evaluate(world.snapshot, Instant(1s), wall_at(1s));
  const auto changes = world.incidents.update(ended, declared, Instant(1s), wall_at(1s));
  EXPECT_THAT(lines_of(changes.pages), ElementsAre("open crisis", "open link l2"));
}

TEST(Hold, ARestartPagesOnceWhenTheRestOfItIsOver) {
  World before(800ms);
  before.set({1}, false);
  EXPECT_THAT(before.step(0s), IsEmpty());
  const auto restarted = [&](Duration wall) {
    auto after = std::make_unique<World>(800ms);
    std::vector<ActiveAlert> active{*before.engine.active()[0]};
    std::vector<Incident> open{before.incidents.open().begin()->second};
    after->engine.restore(active, Instant(0s), wall_at(wall));
    (void)after->incidents.restore(
        open, after->engine.active(), [](const std::string&) { return false; }, Instant(0s),
        wall_at(wall));
    after->set({1}, false);
    return after;
  };
  const auto soon = restarted(500ms);
  EXPECT_EQ(soon->incidents.next_release(), Instant(300ms));
  EXPECT_THAT(soon->release(300ms), ElementsAre("open link l1"));
  EXPECT_THAT(soon->step(1s), IsEmpty());
  const auto late = restarted(1h);
  EXPECT_THAT(late->release(0s), ElementsAre("open link l1"));
  const auto clock_went_back = restarted(-1h);
  EXPECT_EQ(clock_went_back->incidents.next_release(), Instant(1min));
}

TEST(Hold, AReceiverOfStateThatIsNewLearnsOfItWhenItIsOver) {
  NotifyConfig config;
  Deliveries deliveries(config);
  World world(800ms);
  world.set({1}, false);
  EXPECT_THAT(world.step(0s), IsEmpty());
  config.channels = {{ChannelName("am"), AlertmanagerChannel{{"http://127.0.0.1"}}}};
  config.routes = {{{}, {ChannelName("am")}}};
  EXPECT_THAT(deliveries.reconfigure(config, world.incidents.open()).changed, IsEmpty());
}

}  // namespace
}  // namespace itnxt::test
