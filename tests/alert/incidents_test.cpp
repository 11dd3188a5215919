#include "daemon/alert/incidents.hpp"

#include <gmock/gmock.h>

#include "daemon/alert/deliveries.hpp"
#include "tests/alert/incidents_world.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using World = SchoolWorld;

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
  EXPECT_EQ(pages[0].incident.alert.annotations.at("summary"),
            "Crisis: 3 sites isolated, more may follow.");
  EXPECT_EQ(pages[0].incident.alert.annotations.at("description"),
            "Crisis since 2019-12-20T00:00:00Z: 3 sites isolated (60 % of the weight of all "
            "sites): 3 with "
            "every link down. Sites: s1, s2, s3. More may follow; the close gives the final "
            "number. Alerts told "
            "here instead of paged: LinkDown for "
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
            "1 still is and is paged on its own now. Sites: s1, s2, s3.");
  EXPECT_EQ(pages[1].kind, PageKind::open);
  EXPECT_EQ(pages[1].incident.alert.subject, "link l3");
  world.set({3}, true);
  EXPECT_THAT(world.step(12min), ElementsAre("close link l3"));
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
            "Crisis: 3 sites isolated, more may follow.\n"
            "Crisis since 2019-12-20T00:00:00Z: 3 sites isolated (60 % of the weight of all "
            "sites): 1 with every link down, 2 not answering. Sites: s1, s2, s3. More may follow; "
            "the close gives the final number. Alerts told here "
            "instead of paged: DeviceDown for device s2-r, DeviceDown for device s3-r, LinkDown "
            "for link l1.");
  set_answers(world.snapshot, "s2", true);
  set_device(world.snapshot, "s3-r", "s3", false, false);
  EXPECT_EQ(crisis_text(world.pages(1s)),
            "Crisis: 3 sites isolated, more may follow.\n"
            "Crisis since 2019-12-20T00:00:00Z: 3 sites isolated, 2 of them now (40 % of the "
            "weight of all sites): 1 with every link down, 1 unknown now. Sites: s1, s2, s3. More "
            "may follow; the close gives the final number. "
            "Alerts told here instead of paged: DeviceDown for device s3-r, LinkDown for link l1.");
  set_answers(world.snapshot, "s3", true);
  world.set({1}, true);
  EXPECT_EQ(crisis_text(world.pages(2s)),
            "Crisis: 3 sites isolated, none now.\n"
            "Crisis since 2019-12-20T00:00:00Z: 3 sites isolated, none of them now. "
            "Sites: s1, s2, s3.");
  EXPECT_EQ(crisis_text(world.pages(11min)),
            "Crisis over: 3 sites were isolated.\n"
            "Crisis over at 2019-12-20T00:11:00Z: the network stayed well for 10m. "
            "3 sites were isolated, none is now. Sites: s1, s2, s3.");
}

TEST(Incidents, TheCloseOfACrisisNamesAllSitesAlsoThoseThatCameLater) {
  World world;
  world.set({2, 3, 4}, false);
  EXPECT_EQ(crisis_text(world.pages(0s)).substr(0, 42),
            "Crisis: 3 sites isolated, more may follow.");
  set_up(world.snapshot, "l1", false);  // the centre has lost its last link too
  world.pages(1s);
  world.set({1, 2, 3, 4}, true);
  world.pages(2s);
  EXPECT_EQ(crisis_text(world.pages(11min)),
            "Crisis over: 5 sites were isolated.\n"
            "Crisis over at 2019-12-20T00:11:00Z: the network stayed well for 10m. "
            "5 sites were isolated, none is now. Sites: s2, s3, s4, md, s1.");
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
