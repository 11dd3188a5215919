#include "daemon/notify/channels.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "daemon/notify/http_answer.hpp"
#include "daemon/notify/records.hpp"
#include "daemon/notify/webhook.hpp"
#include "tests/notify/channel_world.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using World = ChannelWorld;

// What a receiver written for Alertmanager's webhook gets, byte by byte.
TEST(Webhook, ThePageIsTheJsonOfAlertmanagersWebhook) {
  const Delivery d = sample_delivery();
  const Outbox::Attempt attempt{d.incident, DeliveryStep::page, "0123456789abcdef-11223344-page",
                                d.page, std::nullopt};
  EXPECT_EQ(
      webhook_body(attempt, "ops-hook", "http://itnxt:9690/"),
      R"({"version":"4","groupKey":"{}:{\"alertname\":\"LinkDown\",\"subject\":\"link md-hal-1\"}",)"
      R"("truncatedAlerts":0,"status":"firing","receiver":"ops-hook",)"
      R"("groupLabels":{"alertname":"LinkDown","subject":"link md-hal-1"},)"
      R"("commonLabels":{"alertname":"LinkDown","severity":"critical","subject":"link md-hal-1"},)"
      R"("commonAnnotations":{"description":"Since \"now\".","summary":"Link md-hal-1 is down."},)"
      R"("externalURL":"http://itnxt:9690/","alerts":[{"status":"firing",)"
      R"("labels":{"alertname":"LinkDown","severity":"critical","subject":"link md-hal-1"},)"
      R"("annotations":{"description":"Since \"now\".","summary":"Link md-hal-1 is down."},)"
      R"("startsAt":"2019-12-20T00:00:00.000Z","endsAt":"0001-01-01T00:00:00Z",)"
      R"("generatorURL":"http://itnxt:9690/","fingerprint":"9c3692225d4dc3db"}],)"
      R"("itnxt":{"id":"0123456789abcdef-page","incident":"0123456789abcdef",)"
      R"("delivery":"0123456789abcdef-11223344-page"}})");
}

TEST(Webhook, TheCloseSaysResolvedAndWhen) {
  const Delivery d = ended(sample_delivery());
  const Outbox::Attempt attempt{d.incident, DeliveryStep::close, "x-close", *d.close, d.ended};
  const auto json = nlohmann::json::parse(webhook_body(attempt, "ops-hook", ""));
  EXPECT_EQ(json["status"], "resolved");
  EXPECT_EQ(json["alerts"][0]["status"], "resolved");
  EXPECT_EQ(json["alerts"][0]["startsAt"], "2019-12-20T00:00:00.000Z");
  EXPECT_EQ(json["alerts"][0]["endsAt"], "2019-12-20T00:01:00.000Z");
  EXPECT_EQ(json["itnxt"]["id"], "0123456789abcdef-close");
}

TEST(Webhook, TheSignatureIsTheHmacOfTheBody) {
  // RFC 4231 §4.3, test case 2.
  EXPECT_EQ(webhook_signature("Jefe", "what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

std::string header(const HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

WebhookChannel hook() {
  WebhookChannel config;
  config.url = "https://user:pass@pager.example:8443/token/secret?x=1";
  config.secret = Secret(Secret::Source::env, "HOOK");
  config.secret.set("Jefe");
  return config;
}

TEST(Webhook, SendsReportsAndCounts) {
  World world(hook());
  world.put(sample_delivery());
  ASSERT_EQ(world.http.requests.size(), 1U);
  const HttpRequest& page = world.http.requests[0];
  EXPECT_EQ(page.url, hook().url);
  EXPECT_EQ(header(page, "Content-Type"), "application/json");
  EXPECT_EQ(header(page, "X-Itnxt-Signature"), webhook_signature("Jefe", page.body));
  EXPECT_EQ(header(page, "Idempotency-Key"),
            nlohmann::json::parse(page.body)["itnxt"]["delivery"].get<std::string>());
  EXPECT_TRUE(world.notifier->busy());
  EXPECT_EQ(world.notifier->board().waiting, 1U);
  world.http.answer(0, 204);
  EXPECT_THAT(world.reported(), ElementsAre("0123456789abcdef page"));
  world.put(ended(sample_delivery()));
  world.http.answer(1, 200);
  EXPECT_THAT(world.reported(), ElementsAre("0123456789abcdef page", "0123456789abcdef closed"));
  const BoardChannel board = world.notifier->board();
  EXPECT_EQ(board.delivered, 2U);
  EXPECT_EQ(board.waiting, 0U);
  EXPECT_EQ(board.last_seconds, 0.25);
  EXPECT_THAT(world.log.lines, IsEmpty());
}

TEST(Webhook, FailsLoudlyOnceTriesAgainWithTheSameKeyAndNamesNoSecret) {
  World world(hook());
  world.put(sample_delivery());
  world.http.answer(0, 500);
  for (std::size_t i = 1; i < 5; ++i) {
    world.loop.advance(10min);
    ASSERT_EQ(world.http.requests.size(), i + 1);
    EXPECT_EQ(world.http.requests[i].body, world.http.requests[0].body);
    world.http.answer(i, i == 4 ? 200 : 0);
  }
  EXPECT_THAT(world.log.lines,
              ElementsAre("level=warning msg=\"the channel does not deliver; it is tried again "
                          "until it does\" channel=ops-hook "
                          "receiver=https://pager.example:8443 problem=\"HTTP status 500\" "
                          "incident=0123456789abcdef",
                          "level=notice msg=\"the channel delivers again\" channel=ops-hook"));
  EXPECT_EQ(world.notifier->board().failed, 4U);
}

TEST(Webhook, ARefusalIsCountedLoggedAndNotRepeated) {
  World world(hook());
  world.put(ended(sample_delivery()));
  world.http.answer(0, 400);
  world.loop.advance(1h);
  EXPECT_EQ(world.http.requests.size(), 1U);
  EXPECT_EQ(world.notifier->board().refused, 1U);
  EXPECT_THAT(world.reported(), ElementsAre("0123456789abcdef refused"));
  EXPECT_THAT(world.log.lines,
              ElementsAre("level=error msg=\"the receiver refused a message; it is not sent "
                          "again\" channel=ops-hook receiver=https://pager.example:8443 "
                          "problem=\"HTTP status 400\" incident=0123456789abcdef step=page"));
}

TEST(Webhook, RetryAfterIsRespected) {
  World world(hook());
  world.put(sample_delivery());
  world.http.answer(0, 429, 90s);
  world.loop.advance(89s);
  EXPECT_EQ(world.http.requests.size(), 1U);
  world.loop.advance(1s);
  EXPECT_EQ(world.http.requests.size(), 2U);
}

TEST(Webhook, StoppedItBeginsNothing) {
  World world(hook());
  world.put(sample_delivery());
  world.notifier->stop();
  world.http.answer(0, 500);
  EXPECT_FALSE(world.notifier->busy());
  world.loop.advance(1h);
  EXPECT_EQ(world.http.requests.size(), 1U);
}

TEST(Webhook, StatusesAreTakenForWhatTheyMean) {
  const auto kind = [](int status) { return answer_of({status, "", {}, "", {}}).kind; };
  for (const int status : {200, 202, 299}) EXPECT_EQ(kind(status), Answer::Kind::delivered);
  for (const int status : {0, 302, 401, 403, 404, 408, 410, 429, 500, 503}) {
    EXPECT_EQ(kind(status), Answer::Kind::retry) << status;
  }
  for (const int status : {400, 413, 422}) {
    EXPECT_EQ(kind(status), Answer::Kind::refused) << status;
  }
}

TEST(Records, ReadBackAsWritten) {
  const Delivery d = ended(sample_delivery());
  EXPECT_EQ(decode_delivery(encode(d)), d);
  Delivery late = d;
  late.shown_until = wall_at(3s) + 1ns;
  EXPECT_EQ(decode_delivery(encode(late)), late);
  const Incident incident{"0123456789abcdef", d.page, true};
  EXPECT_EQ(decode_incident(encode(incident)), incident);
  const Incident held{"0123456789abcdef", d.page, false, wall_at(1s) + 7ns};
  EXPECT_EQ(decode_incident(encode(held)), held);
  ActiveAlert active{d.page, SubjectKind::interface, "r1", "Te0/0/1", AlertPhase::firing, true};
  EXPECT_EQ(decode_active(encode(active)), active);
  active.flapping = true;
  active.alert.seen = wall_at(9s) + 3ns;
  EXPECT_EQ(decode_active(encode(active)), active);
  const EndedAlert over{"LinkDown", SubjectKind::interface, "r1", "Te0/0/1", wall_at(5s) + 1ns};
  EXPECT_EQ(decode_ended(encode(over)), over);
  CrisisMemory crisis;
  crisis.state = CrisisState::recovery;
  crisis.isolated = {{SiteName("s1"), wall_at(1s)}};
  crisis.told = {SiteName("s2"), SiteName("s1")};
  crisis.outside = {SiteName("s3")};
  crisis.declared = wall_at(2s) + 3ns;
  crisis.recovering_since = wall_at(4s);
  EXPECT_EQ(decode_crisis(encode(crisis)), crisis);
}

TEST(Records, AreReadAsAnEarlierVersionWroteThem) {
  const std::string alert =
      R"({"alert":"LinkDown","annotations":{},"labels":{},"severity":2,"since":7,"sites":["s1"],)"
      R"("subject":"link l1"})";
  const auto active =
      decode_active(R"({"alert":)" + alert +
                    R"(,"configured":true,"firing":true,"group":"l1","kind":0,"member":""})");
  ASSERT_TRUE(active);
  EXPECT_EQ(active->alert.subject, "link l1");
  EXPECT_FALSE(active->flapping);
  const auto incident =
      decode_incident(R"({"alert":)" + alert + R"(,"id":"0123456789abcdef","suppressed":false})");
  ASSERT_TRUE(incident);
  EXPECT_TRUE(incident->is_told());
}

TEST(Records, WhatIsNoRecordIsAbsent) {
  for (const char* text : {"", "{", "[]", "null", "{\"id\":7}", R"({"state":9})",
                           R"({"state":2,"isolated":{},"told":[],"outside":[]})"}) {
    EXPECT_FALSE(decode_incident(text)) << text;
    EXPECT_FALSE(decode_active(text)) << text;
    EXPECT_FALSE(decode_delivery(text)) << text;
    EXPECT_FALSE(decode_crisis(text)) << text;
    EXPECT_FALSE(decode_ended(text)) << text;
  }
}

TEST(HttpAnswer, TheOriginOfAUrlHoldsNoSecret) {
  EXPECT_EQ(origin_of("https://u:p@host:1/path?q"), "https://host:1");
  EXPECT_EQ(origin_of("http://[::1]:9093"), "http://[::1]:9093");
  EXPECT_EQ(origin_of("http://host?token=a@b"), "http://host");
  EXPECT_EQ(origin_of("nonsense"), "");
}

}  // namespace
}  // namespace itnxt::test
