#include "daemon/alert/incidents.hpp"

#include <gmock/gmock.h>

#include "daemon/alert/deliveries.hpp"
#include "daemon/alert/engine.hpp"
#include "tests/alert/build.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> lines_of(const std::vector<PageEvent>& pages) {
  static constexpr std::array kNames = {"open ", "update ", "close "};
  std::vector<std::string> lines;
  for (const PageEvent& page : pages) {
    lines.push_back(kNames[static_cast<std::size_t>(page.kind)] + page.incident.alert.subject);
  }
  return lines;
}

// Four schools around a centre, a crisis of three.
struct World {
  Config config;
  Engine engine;
  Crisis crisis;
  Incidents incidents;
  Snapshot snapshot;

  explicit World(Duration hold = 0s)
      : config(make(hold)), engine(config), crisis(config.crisis), snapshot(snapshot_of(config)) {}
  static Config make(Duration hold) {
    Config config = config_with({link_down()});
    for (int i = 1; i <= 4; ++i) {
      add_link(config, "l" + std::to_string(i), "md", "s" + std::to_string(i));
    }
    config.crisis = CrisisConfig{};
    config.crisis->min_sites = 3;
    config.crisis->hold = hold;
    return config;
  }
  std::vector<PageEvent> pages(Duration at) {
    const auto transitions = engine.evaluate(snapshot, Instant(at), wall_at(at));
    const auto verdict = crisis.evaluate(snapshot, Instant(at), wall_at(at));
    return incidents.update(transitions, verdict, Instant(at), wall_at(at)).pages;
  }
  std::vector<std::string> step(Duration at) { return lines_of(pages(at)); }
  std::vector<std::string> release(Duration at) {
    return lines_of(incidents.release(Instant(at)).pages);
  }
  void set(std::initializer_list<int> links, bool up) {
    for (const int i : links) set_up(snapshot, "l" + std::to_string(i), up);
  }
};

TEST(Incidents, ASingleAlertHasOnePageAndOneClose) {
  World world;
  world.set({1}, false);
  EXPECT_THAT(world.step(0s), ElementsAre("open link l1"));
  EXPECT_THAT(world.step(1s), IsEmpty());
  world.set({1}, true);
  EXPECT_THAT(world.step(2s), ElementsAre("close link l1"));
}

TEST(Incidents, CrisisAndAlertsOfOneEvaluationAreOnePage) {
  World world;
  world.set({1, 2, 3}, false);
  const auto pages = world.pages(0s);
  ASSERT_EQ(pages.size(), 1U);
  EXPECT_EQ(pages[0].incident.alert.labels,
            (Labels{{"alertname", "Crisis"}, {"severity", "critical"}, {"subject", "crisis"}}));
  EXPECT_EQ(pages[0].incident.alert.annotations.at("summary"), "Crisis: 3 sites isolated.");
  EXPECT_EQ(pages[0].incident.alert.annotations.at("description"),
            "Crisis since 2019-12-20T00:00:00Z: 3 sites isolated (60 % of the weight of all "
            "sites): 3 with "
            "every link down. Sites: s1, s2, s3. Alerts told here instead of paged: LinkDown for "
            "link l1, "
            "LinkDown for link l2, LinkDown for link l3.");
  world.set({4}, false);  // the centre has lost its last link too
  EXPECT_THAT(world.step(1s), ElementsAre("update crisis"));
}

TEST(Incidents, WhatWasPagedBeforeTheCrisisKeepsItsOwnClose) {
  World world;
  world.set({1}, false);
  EXPECT_THAT(world.step(0s), ElementsAre("open link l1"));
  world.set({2, 3}, false);
  EXPECT_THAT(world.step(1s), ElementsAre("open crisis"));
  world.set({1}, true);
  EXPECT_THAT(world.step(2s), ElementsAre("update crisis", "close link l1"));
}

TEST(Incidents, AfterTheCrisisWhatStillFiresIsPagedAndWhatEndedIsNot) {
  World world;
  world.set({1, 2, 3}, false);
  EXPECT_THAT(world.step(0s), ElementsAre("open crisis"));
  world.set({1, 2}, true);
  EXPECT_THAT(world.step(1s), ElementsAre("update crisis"));
  EXPECT_THAT(world.step(9min), IsEmpty());
  const auto pages = world.pages(11min);
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_EQ(pages[0].kind, PageKind::close);
  EXPECT_EQ(pages[0].incident.alert.annotations.at("description"),
            "Crisis over at 2019-12-20T00:11:00Z: the network stayed well for 10m. 3 sites were "
            "isolated, "
            "1 still is and is paged on its own now.");
  EXPECT_EQ(pages[1].kind, PageKind::open);
  EXPECT_EQ(pages[1].incident.alert.subject, "link l3");
  world.set({3}, true);
  EXPECT_THAT(world.step(12min), ElementsAre("close link l3"));
}

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

std::string crisis_text(const std::vector<PageEvent>& pages) {
  for (const PageEvent& page : pages) {
    const Alert& alert = page.incident.alert;
    if (alert.alert != kCrisisAlert) continue;
    return alert.annotations.at("summary") + '\n' + alert.annotations.at("description");
  }
  return "";
}

TEST(Incidents, TheCrisisPageSaysWhatIsKnownOfItsSites) {
  World world;
  Rule silent = link_down();
  silent.alert = "DeviceDown";
  silent.on = SubjectKind::device;
  world.config.rules.push_back(silent);
  world.engine.reconfigure(world.config);
  for (const char* site : {"md", "s1", "s2", "s3", "s4"}) {
    set_answers(world.snapshot, site, true);
  }
  for (const char* site : {"s2", "s3"}) set_answers(world.snapshot, site, false);
  world.set({1}, false);
  EXPECT_EQ(crisis_text(world.pages(0s)),
            "Crisis: 3 sites isolated.\n"
            "Crisis since 2019-12-20T00:00:00Z: 3 sites isolated (60 % of the weight of all "
            "sites): 1 with every link down, 2 not answering. Sites: s1, s2, s3. Alerts told here "
            "instead of paged: DeviceDown for device s2-r, DeviceDown for device s3-r, LinkDown "
            "for link l1.");
  set_answers(world.snapshot, "s2", true);
  set_device(world.snapshot, "s3-r", "s3", false, false);
  EXPECT_EQ(crisis_text(world.pages(1s)),
            "Crisis: 3 sites isolated.\n"
            "Crisis since 2019-12-20T00:00:00Z: 3 sites isolated, 2 of them now (40 % of the "
            "weight of all sites): 1 with every link down, 1 unknown now. Sites: s1, s2, s3. "
            "Alerts told here instead of paged: DeviceDown for device s3-r, LinkDown for link l1.");
  set_answers(world.snapshot, "s3", true);
  world.set({1}, true);
  EXPECT_EQ(crisis_text(world.pages(2s)),
            "Crisis: 3 sites isolated.\n"
            "Crisis since 2019-12-20T00:00:00Z: 3 sites isolated, none of them now. "
            "Sites: s1, s2, s3.");
  EXPECT_EQ(crisis_text(world.pages(11min)),
            "Crisis over.\n"
            "Crisis over at 2019-12-20T00:11:00Z: the network stayed well for 10m. "
            "3 sites were isolated, none is now.");
}

TEST(Incidents, ACrisisEverywhereAsksForTheMonitoringItself) {
  World world;
  for (const char* site : {"md", "s1", "s2", "s3", "s4"}) {
    set_answers(world.snapshot, site, false);
  }
  EXPECT_EQ(crisis_text(world.pages(0s)),
            "Crisis: all 5 sites with links isolated.\n"
            "Crisis since 2019-12-20T00:00:00Z: all 5 sites with links isolated (100 % of the "
            "weight of all sites): 5 not answering. No site answers: make sure first that the "
            "monitoring itself is not cut off. Sites: md, s1, s2, s3, s4.");
}

TEST(Incidents, TheTextOfACrisisIsBounded) {
  CrisisVerdict verdict;
  verdict.on = true;
  for (int i = 0; i < 5000; ++i) verdict.told.emplace_back("site-" + std::to_string(i));
  verdict.now = {5000, 5000, 0};
  Incidents incidents;
  const auto changes = incidents.update({}, verdict, Instant(0s), wall_at(0s));
  const std::string& text = changes.pages.at(0).incident.alert.annotations.at("description");
  EXPECT_LT(text.size(), 1000U);
  EXPECT_THAT(text, ::testing::HasSubstr("site-49 … and 4950 more."));
}

TEST(Incidents, ADamagedStateLosesNeitherPageNorClose) {
  World before;
  before.set({1, 2}, false);
  before.step(0s);
  std::vector<ActiveAlert> active{*before.engine.active()[0]};  // l1 survived
  std::vector<Incident> open;                                   // and the incident of l2
  for (const auto& [key, incident] : before.incidents.open()) {
    if (key.second == "link l2") open.push_back(incident);
  }
  World after;
  after.engine.restore(active, Instant(0s), wall_at(1s));
  (void)after.incidents.restore(
      open, after.engine.active(), [](const std::string&) { return true; }, Instant(0s),
      wall_at(1s));
  after.set({1}, false);
  EXPECT_THAT(after.step(1s), ElementsAre("open link l1", "close link l2"));
}

Channel webhook(const std::string& name) {
  return {ChannelName(name), WebhookChannel{"http://127.0.0.1/", {}}};
}
Channel alertmanager(const std::string& name) {
  return {ChannelName(name), AlertmanagerChannel{{"http://127.0.0.1"}}};
}

TEST(Deliveries, EveryRouteThatMatchesSendsAndAChannelOnce) {
  NotifyConfig config;
  config.channels = {webhook("hook"), alertmanager("am"), webhook("hal")};
  config.routes = {{{{"severity", "critical"}}, {ChannelName("hook"), ChannelName("am")}},
                   {{}, {ChannelName("hook")}},
                   {{{"site", "s1"}}, {ChannelName("hal")}},
                   {{{"site", "s2"}}, {ChannelName("hal")}}};
  Deliveries deliveries(config);
  World world;
  world.set({1}, false);
  const auto changes = deliveries.apply(world.pages(0s), wall_at(0s));
  std::vector<std::string> channels;
  for (const Delivery& d : changes.changed) channels.push_back(d.channel.text());
  EXPECT_THAT(channels, ElementsAre("hook", "am", "hal"));
}

TEST(Deliveries, AGrowingCrisisIsNewsOnlyForReceiversOfState) {
  NotifyConfig config;
  config.channels = {webhook("hook"), alertmanager("am")};
  config.routes = {{{}, {ChannelName("hook"), ChannelName("am")}}};
  Deliveries deliveries(config);
  World world;
  world.set({1, 2, 3}, false);
  EXPECT_EQ(deliveries.apply(world.pages(0s), wall_at(0s)).changed.size(), 2U);
  world.set({4}, false);
  const auto changes = deliveries.apply(world.pages(1s), wall_at(1s));
  ASSERT_EQ(changes.changed.size(), 1U);
  EXPECT_EQ(changes.changed[0].channel, ChannelName("am"));
}

TEST(Deliveries, AReloadDropsTheChannelsThatWentAndTellsNewStateReceivers) {
  NotifyConfig config;
  config.channels = {webhook("hook")};
  config.routes = {{{}, {ChannelName("hook")}}};
  Deliveries deliveries(config);
  World world;
  world.set({1}, false);
  deliveries.apply(world.pages(0s), wall_at(0s));
  config.channels = {alertmanager("am"), webhook("other")};
  config.routes = {{{}, {ChannelName("am"), ChannelName("other")}}};
  const auto changes = deliveries.reconfigure(config, world.incidents.open());
  ASSERT_EQ(changes.gone.size(), 1U);
  EXPECT_EQ(changes.gone[0].channel, ChannelName("hook"));
  EXPECT_EQ(changes.abandoned, 1U);
  ASSERT_EQ(changes.changed.size(), 1U);  // no page of an old incident to the new webhook
  EXPECT_EQ(changes.changed[0].channel, ChannelName("am"));
}

// Two lives opened an incident each for one subject: one of them goes on.
TEST(Incidents, OfTwoIncidentsOfOneSubjectTheToldOneStays) {
  const auto incident = [](const std::string& id, const std::string& subject) {
    Incident one;
    one.id = id;
    one.alert.alert = "LinkDown";
    one.alert.subject = subject;
    return one;
  };
  const auto nobody = [](const std::string&) { return false; };
  Incidents incidents;
  (void)incidents.restore({incident("new-told", "link a"), incident("new-unsaid", "link b")}, {},
                          nobody, Instant(0s), wall_at(0s));
  const Incidents::Merged merged = incidents.restore(
      {incident("old-a", "link a"), incident("old-b", "link b"), incident("old-c", "link c")}, {},
      [](const std::string& id) { return id == "new-told"; }, Instant(0s), wall_at(0s));
  ASSERT_EQ(merged.outlived.size(), 1U);
  EXPECT_EQ(merged.outlived[0].id, "old-a");
  EXPECT_EQ(merged.unsaid, std::vector<std::string>{"new-unsaid"});
  std::vector<std::string> open;
  for (const auto& [key, one] : incidents.open()) open.push_back(one.id);
  EXPECT_EQ(open, (std::vector<std::string>{"new-told", "old-b", "old-c"}));

  Config config;
  config.notify.channels = {{ChannelName("am"), AlertmanagerChannel{{"http://127.0.0.1/"}}},
                            {ChannelName("hook"), WebhookChannel{"http://127.0.0.1/", {}}},
                            {ChannelName("slow"), WebhookChannel{"http://127.0.0.1/", {}}}};
  Deliveries deliveries(config.notify);
  const auto owed = [](const std::string& id, const std::string& channel, bool delivered) {
    Delivery one;
    one.incident = id;
    one.channel = ChannelName(channel);
    one.page.alert = "LinkDown";
    one.page.subject = "link a";
    one.page.since = wall_at(0s);
    one.page_delivered = delivered;
    return one;
  };
  deliveries.restore({owed("old-a", "am", true), owed("old-a", "hook", true),
                      owed("old-a", "slow", false), owed("new-unsaid", "hook", false)});
  const DeliveryChanges changes = deliveries.settle(merged, wall_at(60s));
  EXPECT_EQ(changes.gone.size(), 3U);
  ASSERT_EQ(changes.changed.size(), 1U);
  EXPECT_EQ(changes.changed[0].channel, ChannelName("hook"));
  EXPECT_EQ(changes.changed[0].close->annotations.at("summary"),
            "LinkDown for link a ended: a newer page goes on with it.");
  EXPECT_EQ(deliveries.all().size(), 1U);
}

}  // namespace
}  // namespace itnxt::test
