#include "daemon/notify/alertmanager.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/notify/channel_world.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using World = ChannelWorld;

AlertmanagerChannel two() {
  return {{"http://am1:9093", "http://am2:9093/"}};
}

TEST(Alertmanager, EveryAlertmanagerGetsItAndAHungOneDelaysNoOther) {
  World world(two());
  world.put(sample_delivery());
  ASSERT_EQ(world.http.requests.size(), 2U);
  EXPECT_EQ(world.http.requests[0].url, "http://am1:9093/api/v2/alerts");
  EXPECT_EQ(world.http.requests[1].url, "http://am2:9093/api/v2/alerts");
  EXPECT_EQ(
      world.http.requests[0].body,
      R"([{"labels":{"alertname":"LinkDown","severity":"critical","subject":"link md-hal-1"},)"
      R"("annotations":{"description":"Since \"now\".","summary":"Link md-hal-1 is down."},)"
      R"("startsAt":"2019-12-20T00:00:00.000Z","endsAt":"2019-12-20T00:04:00.000Z",)"
      R"("generatorURL":"http://itnxt/"}])");
  world.http.answer(1, 200);  // the first one hangs
  EXPECT_THAT(world.reported(), ElementsAre("0123456789abcdef page"));
  world.loop.advance(30s);
  ASSERT_EQ(world.http.requests.size(), 3U);
  EXPECT_EQ(world.http.requests[2].url, "http://am2:9093/api/v2/alerts");
  EXPECT_EQ(world.notifier->board().delivered, 1U);
}

TEST(Alertmanager, AnEndedAlertIsToldForFiveMinutes) {
  World world(AlertmanagerChannel{{"http://am1:9093"}});
  world.put(sample_delivery());
  world.http.answer(0, 200);
  world.loop.advance(20s);
  world.put(ended(sample_delivery(), 20s));
  std::size_t seen = 1;
  for (int i = 0; i < 30 && world.reported().size() < 2; ++i) {
    for (; seen < world.http.requests.size(); ++seen) {
      EXPECT_THAT(world.http.requests[seen].body,
                  HasSubstr(R"("endsAt":"2019-12-20T00:00:20.000Z")"));
      world.http.answer(seen, 200);
    }
    world.loop.advance(30s);
  }
  EXPECT_EQ(seen, 11U);  // the page, the close, and nine times again
  EXPECT_THAT(world.reported(), ElementsAre("0123456789abcdef page", "0123456789abcdef closed"));
  EXPECT_EQ(world.loop.timers(), 0U);
  EXPECT_EQ(world.notifier->board().delivered, 2U);
}

TEST(Alertmanager, WhatFiresAgainIsNotCoveredByItsEarlierEnd) {
  World world(AlertmanagerChannel{{"http://am1:9093"}});
  world.put(sample_delivery("b"));
  world.http.answer(0, 200);
  world.put(ended(sample_delivery("b"), 5s));
  world.http.answer(1, 200);
  Delivery again = sample_delivery("a");  // sorts before the one that ended
  again.page.since = wall_at(10s);
  world.put(again);
  world.http.answer(2, 200);
  EXPECT_THAT(world.reported(), ElementsAre("b page", "b closed", "a page"));
  world.loop.advance(30s);
  ASSERT_EQ(world.http.requests.size(), 4U);
  const auto round = nlohmann::json::parse(world.http.requests[3].body);
  ASSERT_EQ(round.size(), 1U);
  EXPECT_EQ(round[0]["startsAt"], "2019-12-20T00:00:10.000Z");
  EXPECT_EQ(round[0]["endsAt"], "2019-12-20T00:04:30.000Z");
}

TEST(Alertmanager, ARequestIsInTheOrderInWhichItBegan) {
  World world(AlertmanagerChannel{{"http://am1:9093"}});
  for (const auto& [id, since] : {std::pair("a", 20s), std::pair("b", 0s), std::pair("c", 10s)}) {
    Delivery delivery = sample_delivery(id);
    delivery.page.labels["subject"] = id;
    delivery.page.since = wall_at(since) - 1min;
    world.notifier->put(delivery);
  }
  world.loop.run_ready();
  const auto request = nlohmann::json::parse(world.http.requests.at(0).body);
  std::vector<std::string> subjects;
  for (const auto& alert : request) subjects.push_back(alert["labels"]["subject"]);
  EXPECT_THAT(subjects, ElementsAre("b", "c", "a"));
}

TEST(Alertmanager, WhatEndedWhileNobodyAnsweredIsAPageAndACloseAllTheSame) {
  World world(AlertmanagerChannel{{"http://am1:9093"}});
  world.put(sample_delivery());
  world.http.answer(0, 0);
  world.put(ended(sample_delivery(), 5s));
  std::size_t at = 1;
  for (; world.loop.now() < Instant(20min); ++at) {  // long after an ended alert is told no more
    world.loop.advance(30s);
    ASSERT_TRUE(world.http.answer(at, 0));
  }
  EXPECT_THAT(world.reported(), IsEmpty());
  EXPECT_EQ(world.notifier->board().waiting, 1U);
  world.loop.advance(30s);
  EXPECT_THAT(world.http.requests.at(at).body, HasSubstr("Link md-hal-1 is down. It is over"));
  ASSERT_TRUE(world.http.answer(at++, 200));
  EXPECT_THAT(world.reported(), ElementsAre("0123456789abcdef page"));
  world.loop.advance(30s);
  EXPECT_THAT(world.http.requests.at(at).body, HasSubstr("Link md-hal-1 is down. It is over"));
  ASSERT_TRUE(world.http.answer(at++, 200));
  world.loop.advance(30s);
  ASSERT_TRUE(world.http.answer(at++, 200));  // a round in that moment
  EXPECT_THAT(world.http.requests.at(at).body, HasSubstr("Link md-hal-1 is up again."));
  EXPECT_THAT(world.http.requests.at(at).body, HasSubstr(R"("endsAt":"2019-12-20T00:00:05.000Z")"));
  ASSERT_TRUE(world.http.answer(at++, 200));
  EXPECT_EQ(world.notifier->board().delivered, 2U);
  EXPECT_EQ(world.notifier->board().waiting, 0U);
}

TEST(Alertmanager, AClockThatStepsBackMakesNoRequestItWouldRefuse) {
  Showing showing;
  showing.put(sample_delivery(), Instant(0s), wall_at(0s));
  EXPECT_THAT(
      alertmanager_body({showing.statement("0123456789abcdef", wall_at(-1h))}, ""),
      HasSubstr(R"("startsAt":"2019-12-19T23:00:00.000Z","endsAt":"2019-12-19T23:04:00.000Z")"));
  showing.taken("0123456789abcdef", Instant(0s));
  showing.put(ended(sample_delivery()), Instant(0s), wall_at(0s));
  EXPECT_THAT(
      alertmanager_body({showing.statement("0123456789abcdef", wall_at(-1h))}, ""),
      HasSubstr(R"("startsAt":"2019-12-19T23:00:00.000Z","endsAt":"2019-12-19T23:00:00.000Z")"));
}

TEST(Alertmanager, ABadAlertIsIsolatedAndLogged) {
  World world(AlertmanagerChannel{{"http://am1:9093"}});
  for (const char* id : {"a", "bad", "c"}) {
    Delivery delivery = sample_delivery(id);
    delivery.page.labels["subject"] = id;
    world.notifier->put(delivery);
  }
  world.loop.run_ready();
  // a+bad+c refused, a taken, bad+c refused, bad refused alone, c taken
  for (const auto& [at, status] :
       std::vector<std::pair<std::size_t, int>>{{0, 400}, {1, 200}, {2, 400}, {3, 400}, {4, 200}}) {
    ASSERT_TRUE(world.http.answer(at, status)) << at;
  }
  EXPECT_THAT(world.reported(), ElementsAre("a page", "c page"));
  EXPECT_EQ(world.notifier->board().refused, 1U);
  EXPECT_EQ(world.notifier->board().waiting, 1U);
  EXPECT_THAT(
      world.log.lines,
      ElementsAre("level=error msg=\"Alertmanager refused an alert; it is not sent again as "
                  "it is\" channel=ops-hook receiver=http://am1:9093 "
                  "problem=\"HTTP status 400\" incident=bad"));
}

}  // namespace
}  // namespace itnxt::test
