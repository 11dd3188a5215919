#include "daemon/alert/crisis.hpp"

#include <gmock/gmock.h>

#include "tests/alert/build.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Six schools around a data centre, one link each; weight of the centre 4, of a school 1.
struct World {
  Config config;
  Crisis crisis;
  Snapshot snapshot;
  Duration at{};

  explicit World(CrisisConfig how) : config(make()), crisis(how), snapshot(snapshot_of(config)) {}
  static Config make() {
    Config config;
    for (int i = 1; i <= 6; ++i) {
      add_link(config, "l" + std::to_string(i), "md", "s" + std::to_string(i));
    }
    for (Site& site : config.inventory.sites) site.weight = site.name.text() == "md" ? 4 : 1;
    Site lonely;  // without a link: never counts, weighs nothing
    lonely.name = SiteName("lonely");
    lonely.weight = 1000;
    config.inventory.sites.push_back(lonely);
    return config;
  }
  void set(std::initializer_list<int> links, std::optional<bool> up) {
    for (const int i : links) set_up(snapshot, "l" + std::to_string(i), up);
  }
  CrisisVerdict step(Duration when) {
    at = when;
    return crisis.evaluate(snapshot, Instant(when), wall_at(when));
  }
  void answer(std::initializer_list<int> schools, bool answers) {
    for (const int i : schools) set_answers(snapshot, "s" + std::to_string(i), answers);
  }
  std::string state(Duration when) {
    step(when);
    return std::string(kCrisisStateNames[static_cast<std::size_t>(crisis.memory().state)]);
  }
};

CrisisConfig by_number(std::uint32_t sites) {
  CrisisConfig how;
  how.min_sites = sites;
  return how;
}

CrisisConfig by_weight(double share) {
  CrisisConfig how;
  how.isolated_weight_share = share;
  return how;
}

std::vector<std::string> names(const std::vector<SiteName>& sites) {
  std::vector<std::string> list;
  for (const SiteName& site : sites) list.push_back(site.text());
  return list;
}

TEST(Crisis, RunsItsWholeCourse) {
  World world(by_number(3));
  EXPECT_EQ(world.state(0s), "normal");
  world.set({1, 2}, false);
  EXPECT_EQ(world.state(1s), "watch");
  world.set({3}, false);
  const CrisisVerdict declared = world.step(2s);
  EXPECT_TRUE(declared.on);
  EXPECT_THAT(names(declared.told), ElementsAre("s1", "s2", "s3"));
  EXPECT_DOUBLE_EQ(declared.weight_share, 0.3);
  EXPECT_EQ(world.state(1h), "crisis");  // long after `within`: they are still isolated
  world.set({4}, false);
  EXPECT_THAT(names(world.step(1h + 1s).told), ElementsAre("s1", "s2", "s3", "s4"));
  world.set({1, 2}, true);
  EXPECT_EQ(world.state(1h + 2s), "recovery");
  EXPECT_EQ(world.state(1h + 10min), "recovery");
  world.set({1}, false);
  EXPECT_EQ(world.state(1h + 11min), "crisis");  // relapse
  EXPECT_EQ(world.crisis.memory().declared, wall_at(2s));
  world.set({1, 3}, true);
  EXPECT_EQ(world.state(1h + 12min), "recovery");
  const CrisisVerdict over = world.step(1h + 22min);
  EXPECT_FALSE(over.on);
  EXPECT_EQ(over.ended_because, "the network stayed well for 10m");
  EXPECT_EQ(over.now, (IsolatedSites{1, 1, 0}));
  EXPECT_EQ(world.state(1h + 23min), "watch");
  world.set({4}, true);
  EXPECT_EQ(world.state(1h + 24min), "normal");
}

TEST(Crisis, CountsOnlySitesLostWithinTheWindowAndStillLost) {
  World world(by_number(3));
  world.set({1}, false);
  world.step(0s);
  world.set({2}, false);
  world.step(4min);
  world.set({3}, false);
  EXPECT_EQ(world.state(6min), "watch");  // s1 is six minutes old
  world.set({2}, true);
  world.set({4}, false);
  EXPECT_EQ(world.state(7min), "watch");  // s2 is back
  world.set({5}, false);
  EXPECT_EQ(world.state(8min), "crisis");
  EXPECT_THAT(names(world.crisis.memory().told), ElementsAre("s3", "s4", "s5"));
  EXPECT_THAT(names(world.step(9min).told), ElementsAre("s3", "s4", "s5"));  // s1: an old outage
}

TEST(Crisis, WeighsTheSitesThatHaveLinks) {
  World world(by_weight(0.2));
  world.set({1}, false);
  EXPECT_EQ(world.state(0s), "watch");
  world.set({2}, false);
  EXPECT_EQ(world.state(1s), "crisis");  // 2 of 10; "lonely" weighs nothing
}

TEST(Crisis, AnUnknownLinkIsNeitherDownNorARecovery) {
  World world(by_number(2));
  world.set({1}, false);
  world.set({2}, std::nullopt);
  EXPECT_EQ(world.state(0s), "watch");
  world.set({2}, false);
  EXPECT_EQ(world.state(1s), "crisis");
  world.set({1, 2}, std::nullopt);
  EXPECT_EQ(world.state(1h), "crisis");
  world.set({1, 2}, true);
  EXPECT_EQ(world.state(2h), "recovery");
}

// In-band management or a power cut: nobody is left who could say that the links are down.
TEST(Crisis, ADeadRegionOfSilentDevicesDeclaresAndRecovers) {
  World world(by_number(3));
  set_answers(world.snapshot, "md", true);
  world.answer({1, 2}, false);
  EXPECT_EQ(world.state(0s), "watch");
  world.answer({3}, false);
  const CrisisVerdict declared = world.step(1s);
  EXPECT_TRUE(declared.on);
  EXPECT_THAT(names(declared.told), ElementsAre("s1", "s2", "s3"));  // the centre answers
  EXPECT_EQ(declared.now, (IsolatedSites{3, 0, 3}));
  EXPECT_FALSE(declared.everywhere);
  world.answer({1}, true);
  world.set({1}, false);  // it answers, and says why it was not heard
  EXPECT_EQ(world.step(2s).now, (IsolatedSites{3, 1, 2}));
  world.set({1}, true);
  world.answer({2, 3}, true);
  EXPECT_EQ(world.state(3s), "recovery");
  EXPECT_EQ(world.step(4s).now, IsolatedSites{});
}

TEST(Crisis, ADeviceThatNobodyAsksIsNotSilent) {
  World world(by_number(1));
  world.answer({1}, false);
  set_device(world.snapshot, "s1-r", "s1", false, false);  // its collector is gone
  EXPECT_EQ(world.state(0s), "normal");
  world.answer({1}, false);
  EXPECT_EQ(world.state(1s), "crisis");
  set_device(world.snapshot, "s1-r", "s1", false, false);
  const CrisisVerdict verdict = world.step(1h);
  EXPECT_TRUE(verdict.on);  // no proof that it is back
  EXPECT_EQ(verdict.now, (IsolatedSites{1, 0, 0}));
}

TEST(Crisis, OnlyTheDeviceAtItsOwnEndMakesASiteSilent) {
  World world(by_number(1));
  world.answer({1, 2}, true);
  set_answers(world.snapshot, "md", false);  // the links of all schools are unknown
  EXPECT_EQ(world.state(0s), "crisis");
  EXPECT_THAT(names(world.crisis.memory().told), ElementsAre("md"));
}

TEST(Crisis, ALinkDownAndASilentDeviceIsolateTogether) {
  World world(by_number(1));
  add_link(world.config, "backup", "s1", "s2");
  world.snapshot = snapshot_of(world.config);
  world.answer({1}, false);
  world.snapshot.links[1].b->device = DeviceName("s1-r2");  // l1 ends at a device of its own
  world.set({1}, false);
  set_device(world.snapshot, "s1-r2", "s1", true);
  const CrisisVerdict verdict = world.step(0s);
  EXPECT_THAT(names(verdict.told), ElementsAre("s1"));
  EXPECT_EQ(verdict.now, (IsolatedSites{1, 0, 1}));
}

TEST(Crisis, ALinkWithinASiteNeedsBothDevicesSilent) {
  World world(by_number(1));
  world.snapshot.links.resize(1);
  LinkView& link = world.snapshot.links[0];
  link.b->site = link.a.site;
  set_device(world.snapshot, "md-r", "md", false);
  set_device(world.snapshot, "s1-r", "md", true);
  link.up = link.a.up = std::nullopt;
  EXPECT_EQ(world.state(0s), "normal");
  set_device(world.snapshot, "s1-r", "md", false);
  EXPECT_EQ(world.state(1s), "crisis");
}

TEST(Crisis, ALinkWithoutASecondEndRecoversToo) {
  World world(by_number(1));
  for (LinkView& link : world.snapshot.links) {
    link.a = *link.b;
    link.b.reset();
  }
  world.answer({1}, false);
  EXPECT_EQ(world.state(0s), "crisis");
  world.answer({1}, true);
  EXPECT_EQ(world.state(1s), "recovery");
}

// Else a far end that nobody polls would keep a crisis on for ever.
TEST(Crisis, ASiteThatAnswersWithItsPortUpIsBackWhateverTheFarEndSays) {
  World world(by_number(1));
  world.answer({1}, false);
  EXPECT_EQ(world.state(0s), "crisis");
  world.snapshot.links[0].a.up.reset();
  world.answer({1}, true);
  ASSERT_EQ(world.snapshot.links[0].up, std::nullopt);
  EXPECT_EQ(world.state(1s), "recovery");
}

TEST(Crisis, TotalSilenceIsSeenAsSuch) {
  World world(by_weight(0.5));
  world.answer({1, 2, 3, 4, 5, 6}, false);
  EXPECT_FALSE(world.step(0s).everywhere);
  set_answers(world.snapshot, "md", false);
  const CrisisVerdict verdict = world.step(1s);
  EXPECT_TRUE(verdict.everywhere);
  EXPECT_EQ(verdict.now, (IsolatedSites{7, 0, 7}));
}

TEST(Crisis, ASiteIsIsolatedOnlyWithoutItsLastLink) {
  World world(by_number(1));
  add_link(world.config, "backup", "s1", "s2");
  world.snapshot = snapshot_of(world.config);
  world.set({1}, false);
  EXPECT_EQ(world.state(0s), "normal");
  set_up(world.snapshot, "backup", false);
  EXPECT_EQ(world.state(1s), "crisis");
  EXPECT_THAT(names(world.crisis.memory().told), ElementsAre("s1"));
}

TEST(Crisis, GoesOnAfterARestart) {
  World before(by_number(2));
  before.set({1, 2}, false);
  before.step(0s);
  before.set({1}, true);
  before.step(60s);
  ASSERT_EQ(before.crisis.memory().state, CrisisState::recovery);

  World after(by_number(2));
  after.crisis.restore(before.crisis.memory(), Instant(0s), wall_at(5min));
  after.set({1, 2}, std::nullopt);  // nobody was asked yet
  const auto at = [&](Duration t) {
    return after.crisis.evaluate(after.snapshot, Instant(t), wall_at(5min + t));
  };
  EXPECT_FALSE(at(0s).changed);
  EXPECT_TRUE(at(5min).on);
  EXPECT_FALSE(at(6min).on);  // ten minutes after the recovery began
}

TEST(Crisis, RemovedFromTheConfigurationItEnds) {
  World world(by_number(2));
  world.set({1, 2}, false);
  world.step(0s);
  world.crisis.reconfigure(std::nullopt);
  const CrisisVerdict over = world.step(1s);
  EXPECT_FALSE(over.on);
  EXPECT_EQ(over.ended_because, "crisis was removed from the configuration");
  EXPECT_THAT(names(over.told), ElementsAre("s1", "s2"));
}

TEST(Crisis, ASiteRemovedFromTheConfigurationIsNotIsolated) {
  World world(by_number(2));
  world.set({1, 2}, false);
  world.step(0s);
  world.snapshot.links.erase(world.snapshot.links.begin(), world.snapshot.links.begin() + 2);
  EXPECT_EQ(world.state(1s), "recovery");
  EXPECT_THAT(world.crisis.memory().isolated, IsEmpty());
}

}  // namespace
}  // namespace itnxt::test
