#include "daemon/io/remote_write/remote_write.hpp"

#include <gmock/gmock.h>

#include <set>

#include "tests/io/remote_write/read_request.hpp"
#include "tests/state/world.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RemoteWriteConfig target(const char* name) {
  RemoteWriteConfig config;
  config.url = std::string("http://") + name + "/";
  config.name = name;
  config.queue.shards = 1;
  return config;
}

Config with_targets(const std::vector<RemoteWriteConfig>& targets) {
  Config config = two_routers();
  config.aggregator.remote_write = targets;
  config.aggregator.state.clear();  // in memory only
  return config;
}

struct World {
  explicit World(const std::vector<RemoteWriteConfig>& targets = {target("a")})
      : table(with_targets(targets)),
        remote(loop, log, http, figures, table, with_targets(targets)) {}

  void pass(Duration time) {
    loop.advance(time);
    poller.pass(time);
  }
  Batch batch(std::uint64_t in, const char* device = "r1") {
    return poller.batch({poller.poll(device, {{1, "eth0", in, 0}})});
  }
  void apply(const Batch& batch) {
    table.apply(batch, loop.now(), loop.wall_now(), remote.present());
  }
  // Answers all requests with 200; "VALUE@SECONDS …" of the counter in those to `url`, a request a
  // line.
  std::string received(const std::string& url = "http://a/") {
    std::string text;
    loop.advance(250ms);
    for (; answered < http.requests.size(); ++answered) {
      if (http.requests[answered].url == url) text += counters(http.requests[answered]);
      http.answer(answered, 200);
    }
    return text;
  }
  static std::string counters(const HttpRequest& request) {
    const std::string all = sent_text(request.body);
    const std::string name = "__name__=itnxt_interface_receive_bytes_total";
    std::string text;
    for (std::size_t at = all.find(name); at != std::string::npos; at = all.find(name, at + 1)) {
      const std::size_t end = all.find('\n', at);
      const std::string line = all.substr(at, end - at);
      const std::string sample = line.substr(line.rfind(' ') + 1);
      const std::int64_t ms = std::stoll(sample.substr(sample.find('@') + 1)) - kBegin;
      text += (text.empty() ? "" : " ") + sample.substr(0, sample.find('@')) + '@' +
              std::to_string(ms / 1000);
    }
    return text.empty() ? "" : text + '\n';
  }

  static constexpr std::int64_t kBegin = 1'700'000'000'000;
  FakeLoop loop{WallTime(Duration(1'700'000'000s))};
  RecordingLog log;
  FakeHttp http;
  ProcessFigures figures;
  Table table;
  RemoteWrite remote;
  Poller poller;
  std::size_t answered = 0;
};

TEST(RemoteWrite, EverySampleGoesToEveryTargetOnce) {
  World world({target("a"), target("b")});
  world.apply(world.batch(1));
  EXPECT_EQ(world.received(), "1@0\n");
  world.pass(60s);
  const Batch second = world.batch(2);
  world.apply(second);
  world.apply(second);
  world.loop.advance(250ms);
  ASSERT_EQ(world.http.requests.size(), 4U);
  EXPECT_EQ(World::counters(world.http.requests[2]), "2@60\n");
  EXPECT_EQ(World::counters(world.http.requests[3]), "2@60\n");
}

TEST(RemoteWrite, ADeadTargetHoldsNoOther) {
  World world({target("a"), target("dead")});
  std::string got;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    world.apply(world.batch(i));
    world.loop.advance(250ms);
    for (std::size_t at = world.answered; at < world.http.requests.size(); ++at) {
      if (world.http.requests[at].url == "http://a/")
        got += World::counters(world.http.requests[at]);
      world.http.answer(at, world.http.requests[at].url == "http://a/" ? 200 : 0);
    }
    world.answered = world.http.requests.size();
    world.pass(60s);
  }
  EXPECT_EQ(got, "1@0\n2@60\n3@120\n4@180\n5@240\n");
}

// After an outage: live first, and what was spooled with the times at which it was taken.
TEST(RemoteWrite, ABacklogFillsTheGap) {
  World world;
  world.apply(world.batch(1));
  EXPECT_EQ(world.received(), "1@0\n");
  std::vector<Batch> spooled;
  for (std::uint64_t i = 2; i <= 4; ++i) {
    world.pass(60s);
    spooled.push_back(world.batch(i));
  }
  world.pass(60s);
  world.apply(world.batch(5));
  for (const Batch& batch : spooled) world.remote.backlog(batch);
  EXPECT_EQ(world.received(), "5@240\n2@60 3@120 4@180\n");
  world.pass(60s);
  world.apply(world.batch(6));
  EXPECT_EQ(world.received(), "6@300\n");
}

// An outage in which nothing overtook: the table takes it all, and it is late all the same.
TEST(RemoteWrite, WhatIsOldTravelsByItselfSourceBySource) {
  World world;
  Poller other = world.poller;
  other.node = NodeName("hal");
  const Batch old = world.batch(1);
  const Batch also_old = other.batch({other.poll("r2", {{1, "eth0", 2, 0}})});
  world.pass(5min);
  world.apply(old);
  world.apply(also_old);
  other.now = world.poller.now;
  other.wall = world.poller.wall;
  world.apply(other.batch({other.poll("r2", {{1, "eth0", 3, 0}})}));
  const std::string text = world.received();
  EXPECT_EQ(text.substr(0, 6), "3@300\n");
  EXPECT_THAT(text, ::testing::AnyOf(HasSubstr("1@0\n2@0\n"), HasSubstr("2@0\n1@0\n")));
}

TEST(RemoteWrite, WhatIsAheadOfOurClockIsNotSent) {
  World world;
  Batch batch = world.batch(1);
  batch.closed_wall += 6min;
  world.apply(batch);
  EXPECT_EQ(world.received(), "");
  double ahead = 0;
  for (const ForeignFamily& family : world.figures.collect()) {
    for (const ForeignSample& sample : family.samples) {
      for (const auto& [name, value] : sample.labels) {
        if (value == "ahead") ahead = sample.value;
      }
    }
  }
  EXPECT_GT(ahead, 10);
}

// Live and late in one request of their own each: late ones would come second.
TEST(RemoteWrite, AClockThatWasFarAheadAndIsMendedIsLiveAgain) {
  World world;
  Batch batch = world.batch(1);
  batch.closed_wall += 24h;
  world.apply(batch);
  EXPECT_EQ(world.received(), "");
  world.pass(60s);
  world.apply(world.batch(2));
  const Batch second = world.poller.batch({world.poller.poll("r2", {{1, "eth0", 9, 0}})});
  world.apply(second);
  EXPECT_EQ(world.received(), "2@60 9@60\n");
}

TEST(RemoteWrite, WhatWentStaleEndsInTheStore) {
  World world;
  world.apply(world.batch(1));
  EXPECT_EQ(world.received(), "1@0\n");
  world.pass(5min);
  world.table.tick(world.loop.now());
  world.remote.tick();
  EXPECT_EQ(world.received(), "stale@300\n");
}

TEST(RemoteWrite, AReloadKeepsWhatWaitsForTargetsThatStay) {
  World world({target("a"), target("b")});
  world.apply(world.batch(1));
  RemoteWriteConfig changed = target("b");
  changed.queue.batch = 7;
  world.remote.reconfigure(with_targets({target("c"), target("a"), changed}));
  EXPECT_THAT(world.log.lines,
              ElementsAre(HasSubstr("msg=\"remote write: a target changed or went; what waited for "
                                    "it is dropped\" target=b bytes=")));
  EXPECT_EQ(world.received(), "1@0\n");
  world.pass(60s);
  world.apply(world.batch(2));
  std::set<std::string> urls;
  world.loop.advance(250ms);
  for (std::size_t at = world.answered; at < world.http.requests.size(); ++at) {
    urls.insert(world.http.requests[at].url);
  }
  EXPECT_EQ(urls, (std::set<std::string>{"http://a/", "http://b/", "http://c/"}));
}

TEST(RemoteWrite, TheEndWaitsForWhatIsOnItsWayButNotForEver) {
  World world;
  bool done = false;
  world.apply(world.batch(1));
  world.remote.drain(1500ms, [&] { done = true; });
  ASSERT_EQ(world.http.requests.size(), 1U);
  EXPECT_FALSE(done);
  world.http.answer(0, 200);
  world.loop.advance(20ms);
  EXPECT_TRUE(done);
  done = false;
  world.pass(60s);
  world.apply(world.batch(2));
  world.remote.drain(1500ms, [&] { done = true; });
  world.loop.advance(1400ms);
  EXPECT_FALSE(done);
  world.loop.advance(120ms);
  EXPECT_TRUE(done);
}

// A wrong url is mended by a reload: what waited goes to the right one.
TEST(RemoteWrite, WhatWaitsForATargetGoesToItsSuccessorOfThatName) {
  TempDir dir;
  Config config = with_targets({target("a")});
  config.aggregator.state = dir.path();
  World world;
  world.remote.reconfigure(with_targets({}));
  world.remote.reconfigure(config);
  world.apply(world.batch(1000));
  world.remote.commit();
  world.loop.advance(250ms);
  world.http.answer(world.http.requests.size() - 1, 503);
  config.aggregator.remote_write[0].url = "http://b/";
  world.answered = world.http.requests.size();
  world.remote.reconfigure(config);
  EXPECT_THAT(world.received("http://b/"), HasSubstr("1000@"));
}

}  // namespace
}  // namespace itnxt::test
