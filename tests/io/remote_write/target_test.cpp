#include "daemon/io/remote_write/target.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "daemon/core/base64.hpp"
#include "daemon/core/version.hpp"
#include "tests/io/remote_write/read_request.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

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
  explicit World(const RemoteWriteConfig& config = one_shard(), const std::string& directory = {})
      : target(loop, log, http, figures, config, directory) {}

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
          if (name != "target") text += '.' + value;
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
  EXPECT_THAT(world.log.lines,
              ElementsAre("level=warning msg=\"remote write: the store does not take samples; they "
                          "wait and are sent again\" target=store problem=\"Timeout was reached\" "
                          "reason=unreachable advice=\"start the store, or mend the way to it\" "
                          "failed_requests=1 waiting_bytes=" +
                          std::to_string(world.target.bytes())));
  world.http.answer(6, 200);
  EXPECT_EQ(world.log.lines.size(), 2U);
  EXPECT_EQ(world.log.lines.back(),
            "level=notice msg=\"remote write: the store takes samples again\" target=store "
            "failed_requests=6");
  EXPECT_EQ(world.counts(),
            "faults.server=3 faults.throttled=1 faults.unreachable=2 requests.failed=6 "
            "requests.ok=1 samples.sent=1");
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

// Told at once, then every five minutes, with what the store said, without what the URL hides.
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
  EXPECT_EQ(world.counts(),
            "faults.address=1 faults.content=1 faults.credentials=1 requests.ok=1 "
            "requests.refused=3 samples.refused=3 samples.sent=1");
  const std::string refuses =
      "level=warning msg=\"remote write: the store refuses samples; they are not sent again\" "
      "target=store status=";
  EXPECT_THAT(
      world.log.lines,
      ElementsAre(refuses + "400 answer=\"out of order sample\" reason=content advice=\"the answer "
                            "says what the store does not take\" samples=1",
                  refuses + "401 answer=\"out of order sample\" reason=credentials advice=\"mend "
                            "bearer_token, basic_auth or headers\" samples=1",
                  refuses +
                      "404 answer=\"out of order sample\" reason=address advice=\"mend url, or "
                      "switch the store's remote-write receiver on\" samples=1"));
  for (int i = 5; i <= 7; ++i) {
    world.add(i);
    world.target.flush();
    world.http.answer(at++, 422, {}, "no");
    world.loop.advance(2min + 30s);
  }
  EXPECT_EQ(world.log.lines.size(), 4U);
  EXPECT_THAT(world.log.lines.back(), HasSubstr("status=422 answer=no reason=content"));
  EXPECT_THAT(world.log.lines.back(), HasSubstr(" samples=3"));
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

// A sample a poll for two minutes: not 120 requests behind the first, but as many as they fill.
TEST(RemoteTarget, WhatGatheredForAStoreThatIsAwayGoesInWholeRequests) {
  RemoteWriteConfig config = one_shard();
  config.queue.batch = 50;
  World world(config);
  std::size_t answered = 0;
  for (int i = 1; i <= 120; ++i) {
    world.add(i);
    world.loop.advance(1s);
    for (; answered < world.http.requests.size(); ++answered) world.http.answer(answered, 503);
  }
  const std::string first = sent_text(world.http.requests[0].body);
  for (const HttpRequest& request : world.http.requests) {
    EXPECT_EQ(sent_text(request.body), first);
  }
  std::string all;
  std::string expected;
  while (world.http.requests.size() == answered) world.loop.advance(1s);
  const std::size_t back = answered;
  for (; answered < world.http.requests.size(); ++answered) {
    all += sent_text(world.http.requests[answered].body);
    world.http.answer(answered, 200);
  }
  for (int i = 1; i <= 120; ++i) expected += "__name__=m 0@" + std::to_string(i) + "\n";
  EXPECT_EQ(all, expected);
  EXPECT_EQ(answered - back, 4U) << "the one under way, 50, 50, 19";
  EXPECT_TRUE(world.target.idle());
}

// A store that is slow gets what came meanwhile as one, and it does not wait for more.
TEST(RemoteTarget, WhatCameWhileARequestWasUnderWayGoesTogether) {
  RemoteWriteConfig config = one_shard();
  config.queue.batch = 50;
  World world(config);
  world.add(1);
  world.loop.advance(250ms);
  for (int i = 2; i <= 5; ++i) {
    world.add(i);
    world.loop.advance(300ms);
  }
  ASSERT_EQ(world.http.requests.size(), 1U);
  world.http.answer(0, 200);
  ASSERT_EQ(world.http.requests.size(), 2U);
  EXPECT_EQ(sent_text(world.http.requests[1].body),
            "__name__=m 0@2\n__name__=m 0@3\n__name__=m 0@4\n__name__=m 0@5\n");
  world.add(6);
  world.http.answer(1, 200);
  EXPECT_EQ(world.http.requests.size(), 2U) << "younger than a quarter of a second";
  world.loop.advance(250ms);
  EXPECT_EQ(world.http.requests.size(), 3U);
}

// A redirect speaks of the address: nothing is lost, and whoever reads the log knows what to do.
TEST(RemoteTarget, ARedirectIsNotFollowedAndNothingIsLost) {
  World world;
  world.add(1);
  world.target.flush();
  world.http.answer_redirect(0, 307, "https://user:pw@new.store/api/v1/write?token=hidden#x");
  EXPECT_THAT(world.log.lines,
              ElementsAre("level=warning msg=\"remote write: the store does not take samples; they "
                          "wait and are sent again\" target=store problem=\"HTTP status 307 to "
                          "https://new.store/api/v1/write\" reason=redirect advice=\"redirects are "
                          "not followed: put the address where the store is into url\" "
                          "failed_requests=1 waiting_bytes=" +
                          std::to_string(world.target.bytes())));
  EXPECT_EQ(world.counts(), "faults.redirect=1 requests.failed=1");
  world.loop.advance(2s);
  ASSERT_EQ(world.http.requests.size(), 2U);
  EXPECT_EQ(world.http.requests[1].url, world.http.requests[0].url);
  world.http.answer(1, 200);
  EXPECT_EQ(world.counts(), "faults.redirect=1 requests.failed=1 requests.ok=1 samples.sent=1");
}

// One line at the begin, one each five minutes, one at the end.
TEST(RemoteTarget, TheLogOfAnOutageIsBounded) {
  RemoteWriteConfig config = one_shard();
  config.queue.shards = 2;
  World world(config);
  std::size_t answered = 0;
  for (int second = 0; second < 900; ++second) {
    for (const char* subject : {"r1", "r2", "r3", "r4"}) world.add(second + 1, subject);
    world.loop.advance(1s);
    for (; answered < world.http.requests.size(); ++answered) world.http.answer(answered, 500);
  }
  ASSERT_EQ(world.log.lines.size(), 3U);
  EXPECT_THAT(world.log.lines[1], HasSubstr("the store still does not take samples"));
  EXPECT_THAT(world.log.lines[1], HasSubstr("problem=\"HTTP status 500\" reason=server"));
  world.loop.advance(15s);
  for (; answered < world.http.requests.size(); ++answered) world.http.answer(answered, 200);
  ASSERT_EQ(world.log.lines.size(), 4U);
  EXPECT_THAT(world.log.lines[3], HasSubstr("takes samples again"));
}

// A store, or a proxy before two of them, that fails every other time.
TEST(RemoteTarget, AStoreThatFlapsDoesNotFillTheLog) {
  World world;
  std::size_t answered = 0;
  for (int second = 0; second < 600; ++second) {
    world.add(second + 1);
    world.loop.advance(1s);
    for (; answered < world.http.requests.size(); ++answered) {
      world.http.answer(answered, answered % 2 == 0 ? 503 : 200);
    }
  }
  EXPECT_LE(world.log.lines.size(), 20U) << "two a minute";
  EXPECT_GE(world.log.lines.size(), 18U);
}

TEST(RemoteTarget, WhatAnAnswerMeans) {
  struct Row {
    int status;
    const char* expected;
  };
  for (const Row& row : std::initializer_list<Row>{{0, "unreachable again"},
                                                   {200, "taken"},
                                                   {204, "taken"},
                                                   {301, "redirect again"},
                                                   {302, "redirect again"},
                                                   {304, "redirect again"},
                                                   {308, "redirect again"},
                                                   {400, "content"},
                                                   {401, "credentials"},
                                                   {403, "credentials"},
                                                   {404, "address"},
                                                   {405, "address"},
                                                   {413, "content"},
                                                   {422, "content"},
                                                   {429, "throttled again"},
                                                   {500, "server again"},
                                                   {503, "server again"}}) {
    const auto fault = fault_of(row.status);
    std::string text = fault ? std::string(name(*fault)) : "taken";
    if (fault && is_passing(*fault)) text += " again";
    EXPECT_EQ(text, row.expected) << row.status;
  }
  EXPECT_EQ(shown_address("/login?next=secret"), "/login");
  EXPECT_EQ(shown_address("//u@h@store/x"), "//store/x");
  EXPECT_EQ(shown_address("https://store/\x1b[31m@x#y"), "https://store/ [31m@x");
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

// The store is away, the aggregator is killed: its successor sends what was committed, then goes
// on.
TEST(RemoteTarget, WhatWaitedForAKilledAggregatorIsSentByItsSuccessor) {
  TempDir dir;
  const std::string directory = dir.path() + "/state/remote_write/1";
  {
    World world(one_shard(), directory);
    for (int i = 1; i <= 3; ++i) world.add(i);
    world.target.commit();
    world.target.flush();
    world.http.answer(0, 200);
    world.http.answer(1, 503);
  }
  World world(one_shard(), directory);
  EXPECT_THAT(
      world.log.lines,
      ElementsAre("level=notice msg=\"remote write: what waited when the aggregator ended is "
                  "sent now\" target=store bytes=" +
                  std::to_string(world.target.bytes())));
  world.add(4);
  world.target.flush();
  for (std::size_t i = 0; i < world.http.requests.size(); ++i) world.http.answer(i, 200);
  std::string all;
  for (const HttpRequest& request : world.http.requests) all += sent_text(request.body);
  EXPECT_EQ(all, "__name__=m 0@2\n__name__=m 0@3\n__name__=m 0@4\n");
  EXPECT_TRUE(world.target.idle());
}

TEST(RemoteTarget, ADiskInTroubleIsToldOnceAndWhenItIsWell) {
  RecordingLog log;
  TargetLog told(log, "store");
  const Instant start{};
  told.disk_is(start, "");
  told.disk_is(start, "cannot make /s/3.queue: No space left on device");
  for (int i = 1; i < 50; ++i) told.disk_is(start + 1s * i, i % 2 == 0 ? "full" : "");
  told.disk_is(start + 60s, "");
  EXPECT_THAT(
      log.lines,
      ElementsAre(
          "level=warning msg=\"remote write: what waits for the store is in memory only for "
          "now, and a kill loses it; make room or mend the disk\" target=store "
          "problem=\"cannot make /s/3.queue: No space left on device\"",
          "level=notice msg=\"remote write: what waits for the store is kept on the disk "
          "again\" target=store"));
}

TEST(RemoteTarget, WithoutADirectoryItGoesOnInMemoryAndSaysSo) {
  TempDir dir;
  std::ofstream(dir.path() + "/state") << "x";
  World world(one_shard(), dir.path() + "/state/remote_write/1");
  EXPECT_THAT(world.log.lines,
              ElementsAre("level=error msg=\"remote write: what waits for the store is in memory "
                          "only, and a kill loses it; mend the directory and start anew\" "
                          "target=store problem=\"cannot use directory " +
                          dir.path() + "/state: Not a directory\""));
  world.add(1);
  world.target.commit();
  world.target.flush();
  world.http.answer(0, 200);
  EXPECT_EQ(world.counts(), "requests.ok=1 samples.sent=1");
}

}  // namespace
}  // namespace itnxt::test
