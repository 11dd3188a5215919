#include "daemon/io/remote_write/target.hpp"

#include <gmock/gmock.h>

#include <set>

#include "daemon/core/base64.hpp"
#include "daemon/core/version.hpp"
#include "tests/io/remote_write/read_request.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

RemoteWriteConfig one_shard() {
  RemoteWriteConfig config;
  config.url = "http://store:9090/api/v1/write?token=hidden";
  config.name = "store";
  config.queue.shards = 1;
  config.queue.batch = 1;
  return config;
}

struct World {
  explicit World(const RemoteWriteConfig& config = one_shard())
      : target(loop, log, http, figures, config) {}

  void add(std::int64_t at, std::string_view subject = "r1") {
    target.add({"m", "", 0, at, subject, false}, false, 0);
  }
  // "requests.ok=2 samples.sent=1 …": what is not zero.
  std::string counts() {
    std::set<std::string> all;
    for (const ForeignFamily& family : figures.collect()) {
      if (!family.name.starts_with("itnxt_remote_write") || !family.name.ends_with("_total")) {
        continue;
      }
      for (const ForeignSample& sample : family.samples) {
        if (sample.value == 0) continue;
        std::string text = family.name.substr(19, family.name.size() - 25);
        for (const auto& [name, value] : sample.labels) {
          if (name == "result") text += '.' + value;
        }
        all.insert(text + '=' + std::to_string(static_cast<int>(sample.value)));
      }
    }
    std::string text;
    for (const std::string& one : all) text += (text.empty() ? "" : " ") + one;
    return text;
  }

  FakeLoop loop;
  RecordingLog log;
  FakeHttp http;
  ProcessFigures figures;
  RemoteTarget target;
};

TEST(RemoteTarget, PostsAsTheSpecificationSays) {
  World world;
  world.add(5);
  EXPECT_THAT(world.http.requests, IsEmpty());
  world.loop.advance(250ms);
  ASSERT_EQ(world.http.requests.size(), 1U);
  const HttpRequest& request = world.http.requests[0];
  EXPECT_EQ(request.url, "http://store:9090/api/v1/write?token=hidden");
  EXPECT_EQ(sent_text(request.body), "__name__=m 0@5\n");
  EXPECT_THAT(request.headers, ElementsAre(Pair("Content-Type", "application/x-protobuf"),
                                           Pair("Content-Encoding", "snappy"),
                                           Pair("X-Prometheus-Remote-Write-Version", "0.1.0"),
                                           Pair("User-Agent", "itnxt/" + std::string(kVersion))));
}

TEST(RemoteTarget, CredentialsAndHeadersOfItsOwn) {
  RemoteWriteConfig config = one_shard();
  config.headers = {{"X-Scope-OrgID", "itnxt"}};
  config.bearer_token = Secret(Secret::Source::env, "TOKEN");
  config.bearer_token.set("s3cret");
  World bearer(config);
  bearer.add(1);
  bearer.target.flush();
  EXPECT_THAT(
      bearer.http.requests[0].headers,
      ::testing::IsSupersetOf({Pair(std::string("X-Scope-OrgID"), std::string("itnxt")),
                               Pair(std::string("Authorization"), std::string("Bearer s3cret"))}));
  config.bearer_token = {};
  config.user = "Aladdin";  // RFC 7617 §2
  config.password = Secret(Secret::Source::env, "P");
  config.password.set("open sesame");
  World basic(config);
  basic.add(1);
  basic.target.flush();
  EXPECT_THAT(basic.http.requests[0].headers,
              ::testing::Contains(Pair("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")));
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
}

TEST(RemoteTarget, OneRequestAtATimeAndInOrder) {
  World world;
  for (int i = 1; i <= 3; ++i) world.add(i);
  world.target.flush();
  world.target.flush();
  ASSERT_EQ(world.http.requests.size(), 1U);
  world.http.answer(0, 204);
  ASSERT_EQ(world.http.requests.size(), 2U);
  world.http.answer(1, 200);
  world.http.answer(2, 200);
  EXPECT_EQ(sent_text(world.http.requests[1].body), "__name__=m 0@2\n");
  EXPECT_EQ(sent_text(world.http.requests[2].body), "__name__=m 0@3\n");
  EXPECT_EQ(world.counts(), "requests.ok=3 samples.sent=3");
  EXPECT_TRUE(world.target.idle());
}

TEST(RemoteTarget, WhatFailsIsSentAgainLaterAndLater) {
  World world;
  world.add(1);
  world.target.flush();
  std::vector<Duration> waits;
  for (const int status : {0, 500, 503, 429, 0, 502}) {
    const std::size_t before = world.http.requests.size();
    ASSERT_TRUE(world.http.answer(before - 1, status));
    const Instant failed = world.loop.now();
    while (world.http.requests.size() == before) world.loop.advance(50ms);
    waits.push_back(world.loop.now() - failed);
  }
  EXPECT_GE(waits[0], 750ms);
  EXPECT_LE(waits[0], 1300ms);
  for (std::size_t i = 1; i < waits.size(); ++i) EXPECT_GE(waits[i] * 2, waits[i - 1]);
  EXPECT_GE(waits.back(), 7500ms);
  for (const Duration wait : waits) EXPECT_LE(wait, 10'050ms);
  for (const HttpRequest& request : world.http.requests) {
    EXPECT_EQ(request.body, world.http.requests[0].body);
  }
  EXPECT_THAT(
      world.log.lines,
      ElementsAre(
          "level=warning msg=\"remote write: the store does not take samples; they wait and are "
          "sent again\" target=store problem=\"Timeout was reached\""));
  world.http.answer(6, 200);
  EXPECT_EQ(world.log.lines.size(), 2U);
  EXPECT_EQ(world.log.lines.back(),
            "level=notice msg=\"remote write: the store takes samples again\" target=store");
  EXPECT_EQ(world.counts(), "requests.failed=6 requests.ok=1 samples.sent=1");
}

TEST(RemoteTarget, RetryAfterIsHonouredWithinBounds) {
  World world;
  world.add(1);
  world.target.flush();
  world.http.answer(0, 429, 42s);
  world.loop.advance(41s);
  EXPECT_EQ(world.http.requests.size(), 1U);
  world.loop.advance(1s);
  EXPECT_EQ(world.http.requests.size(), 2U);
  world.http.answer(1, 503, 24h);
  world.loop.advance(5min);
  EXPECT_EQ(world.http.requests.size(), 3U);
}

// Told once a minute, with what the store said, without what the URL hides.
TEST(RemoteTarget, WhatIsRefusedIsNeverSentAgain) {
  World world;
  for (int i = 1; i <= 4; ++i) world.add(i);
  world.target.flush();
  std::size_t at = 0;
  for (const int status : {400, 401, 404}) {
    world.http.answer(at++, status, {}, "out of order\x1b sample\nsecond line");
  }
  world.http.answer(at++, 200);
  EXPECT_EQ(world.http.requests.size(), 4U);
  EXPECT_EQ(sent_text(world.http.requests[3].body), "__name__=m 0@4\n");
  EXPECT_EQ(world.counts(), "requests.ok=1 requests.refused=3 samples.refused=3 samples.sent=1");
  EXPECT_THAT(
      world.log.lines,
      ElementsAre(
          "level=warning msg=\"remote write: the store refuses samples; they are not sent again\" "
          "target=store status=400 answer=\"out of order sample\" samples=1"));
  world.loop.advance(1min);
  world.add(5);
  world.target.flush();
  world.http.answer(at, 422, {}, "no");
  EXPECT_THAT(world.log.lines.back(), HasSubstr("status=422 answer=no samples=3"));
  for (const std::string& line : world.log.lines) EXPECT_THAT(line, Not(HasSubstr("hidden")));
}

TEST(RemoteTarget, AShardInTroubleHoldsNoOther) {
  RemoteWriteConfig config = one_shard();
  config.queue.shards = 2;
  World world(config);
  for (int i = 1; i <= 3; ++i) {
    for (const char* subject : {"r1", "r2", "r3", "r4"}) world.add(i, subject);
  }
  world.target.flush();
  ASSERT_EQ(world.http.requests.size(), 2U);
  world.http.answer(0, 503);
  for (std::size_t at = 1; at < world.http.requests.size(); ++at) world.http.answer(at, 200);
  EXPECT_THAT(world.counts(), HasSubstr("requests.failed=1"));
  EXPECT_FALSE(world.target.idle());
  for (int second = 0; second < 3; ++second) {
    world.loop.advance(1s);
    for (std::size_t at = 0; at < world.http.requests.size(); ++at) world.http.answer(at, 200);
  }
  EXPECT_TRUE(world.target.idle());
  EXPECT_THAT(world.counts(), HasSubstr("sent=12"));
}

TEST(RemoteTarget, WhatFindsNoRoomIsCountedAndTold) {
  RemoteWriteConfig config = one_shard();
  config.queue.max_size = Bytes(100);
  World world(config);
  for (int i = 1; i <= 50; ++i) world.add(i);
  EXPECT_THAT(world.counts(), ::testing::StartsWith("samples.dropped="));
  EXPECT_THAT(
      world.log.lines,
      ElementsAre(
          "level=warning msg=\"remote write: the queue is full, its oldest samples are dropped; "
          "raise queue.max_size, or help the store\" target=store samples=1"));
  EXPECT_LE(world.target.bytes(), 100U);
}

}  // namespace
}  // namespace itnxt::test
