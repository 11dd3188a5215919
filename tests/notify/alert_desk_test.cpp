#include "daemon/notify/alert_desk.hpp"

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/notify/desk_world.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_server.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// "page link l0" … as a webhook receiver saw them.
std::vector<std::string> told(const TestServer& server) {
  std::vector<std::string> lines;
  for (const Received& one : server.received()) {
    const auto json = nlohmann::json::parse(one.body);
    const bool page = json["status"] == "firing";
    lines.push_back((page ? "page " : "close ") +
                    json["commonLabels"]["subject"].get<std::string>());
  }
  return lines;
}

struct World {
  TempDir dir;
  PollLoop loop;
  RecordingLog log;
  Config config;
  std::unique_ptr<AlertDesk> desk;

  explicit World(int links = 4) : config(desk_config(dir.path() + "/state", links)) {}
  void hook(const std::string& name, const std::string& url) {
    add_channel(config, name, WebhookChannel{url, {}});
  }
  void start() {
    auto opened = AlertDesk::open(loop, log, config, "http://itnxt/");
    ASSERT_TRUE(opened) << opened.error();
    desk = std::move(opened).value();
  }
  // Observes until `done`, as App does, only faster.
  bool run(const std::string& down, const std::function<bool()>& done,
           Duration limit = std::chrono::seconds(25)) {
    return run_until(
        loop,
        [&] {
          desk->observe(network(config, down));
          return done();
        },
        limit);
  }
  [[nodiscard]] BoardChannel channel(const std::string& name) const {
    for (const BoardChannel& one : desk->board()->channels) {
      if (one.name.text() == name) return one;
    }
    return {};
  }
  bool drain() {
    bool done = false;
    desk->drain(5s, [&] { done = true; });
    return run_until(loop, [&] { return done; });
  }
};

TEST(AlertDesk, OnePageAndOneCloseAndTheBoardSaysSo) {
  TestServer server;
  World world;
  world.hook("hook", server.url());
  world.start();
  ASSERT_TRUE(world.run("l1", [&] { return world.channel("hook").delivered == 1; }));
  const auto board = world.desk->board();
  ASSERT_EQ(board->alerts.size(), 1U);
  EXPECT_EQ(board->alerts[0].subject, "link l1");
  EXPECT_EQ(board->alerts[0].state, AlertState::firing);
  EXPECT_EQ(board->rules.size(), 1U);
  EXPECT_EQ(board->storage_problem, "");
  EXPECT_EQ(world.desk->board(), board);  // the same until something changes
  ASSERT_TRUE(world.run("", [&] { return world.channel("hook").delivered == 2; }));
  EXPECT_THAT(told(server), ElementsAre("page link l1", "close link l1"));
  EXPECT_THAT(world.desk->board()->alerts, IsEmpty());
  EXPECT_THAT(world.log.lines, IsEmpty());
}

TEST(AlertDesk, ACrisisIsOnePageAndItsAlertsAreSuppressed) {
  TestServer server;
  World world;
  world.hook("hook", server.url());
  world.config.crisis = CrisisConfig{};
  world.config.crisis->min_sites = 3;
  world.config.crisis->recover_after = 0s;
  world.start();
  ASSERT_TRUE(world.run("l0 l1 l2", [&] { return world.channel("hook").delivered == 1; }));
  EXPECT_EQ(world.desk->board()->crisis, CrisisState::crisis);
  EXPECT_EQ(world.desk->board()->crisis_sites.size(), 3U);
  std::vector<std::string> states;
  for (const BoardAlert& a : world.desk->board()->alerts) {
    states.push_back(a.subject + ' ' + std::string(name(a.state)));
  }
  EXPECT_THAT(states, ElementsAre("crisis firing", "link l0 suppressed", "link l1 suppressed",
                                  "link l2 suppressed"));
  ASSERT_TRUE(world.run("l2", [&] { return world.channel("hook").delivered == 3; }));
  EXPECT_THAT(told(server), UnorderedElementsAre("page crisis", "close crisis", "page link l2"));
}

TEST(AlertDesk, AHeldPageGoesWhenItsTimeIsOverWithoutAnotherLook) {
  TestServer server;
  World world;
  world.hook("hook", server.url());
  world.config.crisis = CrisisConfig{};
  world.config.crisis->min_sites = 3;
  world.config.crisis->hold = 300ms;
  world.start();
  const Instant begin = world.loop.now();
  world.desk->observe(network(world.config, "l1"));
  EXPECT_EQ(world.desk->board()->alerts.at(0).state, AlertState::firing);
  ASSERT_TRUE(run_until(world.loop, [&] { return world.channel("hook").delivered == 1; }));
  EXPECT_GE(world.loop.now() - begin, 300ms);
  EXPECT_THAT(told(server), ElementsAre("page link l1"));
}

TEST(AlertDesk, APageHeldOverARestartIsSentOnce) {
  TestServer server;
  World world;
  world.hook("hook", server.url());
  world.config.crisis = CrisisConfig{};
  world.config.crisis->min_sites = 3;
  world.config.crisis->hold = 1min;
  world.start();
  world.desk->observe(network(world.config, "l1"));
  ASSERT_TRUE(world.drain());
  world.desk.reset();
  EXPECT_EQ(server.count(), 0U);
  world.start();
  ASSERT_TRUE(world.run("", [&] { return world.channel("hook").delivered == 2; }));
  EXPECT_THAT(told(server), ElementsAre("page link l1", "close link l1"));
}

TEST(AlertDesk, ARestartPagesNobodyTwiceAndTheCloseIsStillSent) {
  TestServer server;
  World world;
  world.hook("hook", server.url());
  world.start();
  ASSERT_TRUE(world.run("l1", [&] { return world.channel("hook").delivered == 1; }));
  ASSERT_TRUE(world.drain());
  world.desk.reset();
  world.start();
  EXPECT_EQ(world.desk->board()->alerts.at(0).state, AlertState::firing);
  world.desk->observe(network(world.config, "l1"));
  ASSERT_TRUE(world.run("", [&] { return world.channel("hook").delivered == 1; }));
  EXPECT_THAT(told(server), ElementsAre("page link l1", "close link l1"));
}

TEST(AlertDesk, ARestartRemembersWhatKeepsComingBack) {
  TestServer server;
  World world;
  world.hook("hook", server.url());
  world.start();
  ASSERT_TRUE(world.run("l1", [&] { return world.channel("hook").delivered == 1; }));
  ASSERT_TRUE(world.run("", [&] { return world.channel("hook").delivered == 2; }));
  ASSERT_TRUE(world.drain());
  world.desk.reset();
  world.start();
  ASSERT_TRUE(world.run("l1", [&] { return world.channel("hook").delivered == 1; }));
  EXPECT_THAT(server.received().back().body, HasSubstr("It keeps coming back"));
}

TEST(AlertDesk, AReceiverThatHangsOrFailsDelaysNoOther) {
  std::atomic<int> bad_calls{0};
  TestServer bad([&](const Received&) {
    Reply reply;
    reply.status = ++bad_calls < 3 ? 500 : 200;
    return reply;
  });
  TestServer hung([](const Received&) { return Reply{200, "", "", true, {}, {}}; });
  TestServer busy([](const Received&) {
    static std::atomic<int> calls{0};
    return calls++ == 0 ? Reply{429, "Retry-After: 2\r\n", "", {}, {}, {}} : Reply{};
  });
  TestServer strict([](const Received&) { return Reply{400, "", "", {}, {}, {}}; });
  TestServer healthy;
  World world;
  for (const auto& [name, server] : std::map<std::string, TestServer*>{{"bad", &bad},
                                                                       {"hung", &hung},
                                                                       {"busy", &busy},
                                                                       {"strict", &strict},
                                                                       {"healthy", &healthy}}) {
    world.hook(name, server->url());
  }
  world.start();
  const Instant begin = world.loop.now();
  ASSERT_TRUE(world.run("l1", [&] { return world.channel("healthy").delivered == 1; }));
  EXPECT_LT(world.loop.now() - begin, 5s);
  ASSERT_TRUE(world.run("l1", [&] { return world.channel("busy").delivered == 1; }));
  EXPECT_GE(world.loop.now() - begin, 1900ms);
  ASSERT_TRUE(world.run("l1", [&] { return world.channel("bad").delivered == 1; }));
  EXPECT_EQ(world.channel("bad").failed, 2U);
  EXPECT_EQ(world.channel("strict").refused, 1U);
  EXPECT_EQ(strict.count(), 1U);
  EXPECT_EQ(world.channel("hung").waiting, 1U);
  // Every attempt of one delivery has one key.
  const auto attempts = bad.received();
  for (const Received& one : attempts) {
    EXPECT_EQ(one.headers.at("idempotency-key"), attempts[0].headers.at("idempotency-key"));
  }
}

TEST(AlertDesk, AReloadKeepsAlertsAndMovesWhatAChannelOwes) {
  TestServer failing([](const Received&) { return Reply{503, "", "", {}, {}, {}}; });
  TestServer second;
  World world;
  world.hook("hook", failing.url());
  world.hook("gone", failing.url());
  world.start();
  ASSERT_TRUE(world.run("l1", [&] { return world.channel("hook").failed > 0; }));
  Config next = world.config;
  next.notify.channels.pop_back();
  next.notify.routes.pop_back();
  next.notify.channels[0].kind = WebhookChannel{second.url(), {}};
  world.config = next;
  world.desk->reconfigure(next);
  ASSERT_TRUE(world.run("l1", [&] { return world.channel("hook").delivered == 1; }));
  EXPECT_THAT(told(second), ElementsAre("page link l1"));
  EXPECT_GT(world.channel("hook").failed, 0U);  // goes on counting
  EXPECT_THAT(
      world.log.lines,
      ::testing::Contains("level=warning msg=\"messages were dropped with the channels that "
                          "left the configuration\" messages=1"));
  next.rules.clear();
  world.config = next;
  world.desk->reconfigure(next);
  ASSERT_TRUE(world.run("l1", [&] { return world.channel("hook").delivered == 2; }));
  EXPECT_THAT(
      second.received()[1].body,
      HasSubstr("LinkDown for link l1 ended: its rule was removed from the configuration."));
}

TEST(AlertDesk, AnUnusableDirectoryIsAnError) {
  World world;
  std::ofstream(world.dir.path() + "/state") << "x";
  const auto opened = AlertDesk::open(world.loop, world.log, world.config, "");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), "aggregator.state: " + world.dir.path() +
                                "/state is not a directory; name a directory that only this "
                                "aggregator uses");
}

TEST(AlertDesk, AFullDiskHoldsNoPage) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a tmpfs needs root";
  TestServer server;
  World world(200);
  const std::string state = world.config.aggregator.state;
  std::filesystem::create_directories(state);
  if (::mount("tmpfs", state.c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
    GTEST_SKIP() << "this machine does not let root mount a tmpfs";
  }
  world.hook("hook", server.url());
  world.start();
  {
    std::ofstream file(state + "/ballast", std::ios::binary);
    const std::string block(4096, 'x');
    while (file.write(block.data(), 4096).flush()) {
    }
  }
  std::string down;
  for (int i = 0; i < 200; ++i) down += " l" + std::to_string(i);
  EXPECT_TRUE(world.run(down, [&] { return world.channel("hook").delivered == 200; }));
  EXPECT_THAT(world.desk->board()->storage_problem, HasSubstr(state + "/alerts.db"));
  std::filesystem::remove(state + "/ballast");
  EXPECT_TRUE(world.run(down, [&] { return world.desk->board()->storage_problem.empty(); }));
  EXPECT_TRUE(world.drain());
  world.desk.reset();
  // What was sent from memory is on the disk now: nobody is paged again.
  world.start();
  EXPECT_TRUE(world.run("", [&] { return world.channel("hook").delivered == 200; }));
  const auto lines = told(server);
  EXPECT_EQ(lines.size(), 400U);
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& l) { return l.rfind("page", 0) == 0; }),
            200);
  world.desk.reset();
  ::umount2(state.c_str(), MNT_DETACH);
}

// The disk with the state is mounted late; before it, the place is read-only and empty.
TEST(AlertDesk, AStateThatCanBeReadOnlyLaterIsTakenOver) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a tmpfs needs root";
  TestServer server;
  World world;
  const std::string above = world.dir.path() + "/disk";
  world.config.aggregator.state = above + "/state";
  world.hook("hook", server.url());
  world.start();
  ASSERT_TRUE(world.run("l1 l2", [&] { return world.channel("hook").delivered == 2; }));
  ASSERT_TRUE(world.drain());
  world.desk.reset();
  if (::mount("tmpfs", above.c_str(), "tmpfs", MS_RDONLY, "size=1m") != 0) {
    GTEST_SKIP() << "this machine does not let root mount a tmpfs";
  }
  world.start();
  EXPECT_THAT(world.desk->board()->storage_problem, HasSubstr("Read-only file system"));
  // Nothing is known of the first life: l1, which still is down, is paged again.
  EXPECT_TRUE(world.run("l1", [&] { return world.channel("hook").delivered == 1; }));
  ::umount2(above.c_str(), MNT_DETACH);
  EXPECT_TRUE(world.run("l1", [&] { return world.channel("hook").delivered == 2; }));
  EXPECT_EQ(told(server).back(), "close link l2");
  EXPECT_EQ(world.desk->board()->storage_problem, "");
  EXPECT_TRUE(world.run("", [&] { return world.channel("hook").delivered == 4; }));
  EXPECT_THAT(told(server),
              UnorderedElementsAre("page link l1", "page link l2", "page link l1", "close link l2",
                                   "close link l1", "close link l1"));
  EXPECT_EQ(world.channel("hook").waiting, 0U);
  ASSERT_TRUE(world.drain());
  world.desk.reset();
  world.start();
  EXPECT_THAT(world.desk->board()->alerts, IsEmpty());
  run_for(world.loop, 100ms);
  EXPECT_EQ(server.count(), 6U);
}

// A read-only disk is in force at once: nobody is paged twice.
TEST(AlertDesk, AReadOnlyStateIsInForceAtOnce) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a tmpfs needs root";
  TestServer server;
  World world;
  const std::string state = world.config.aggregator.state;
  std::filesystem::create_directories(state);
  if (::mount("tmpfs", state.c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
    GTEST_SKIP() << "this machine does not let root mount a tmpfs";
  }
  world.hook("hook", server.url());
  world.start();
  EXPECT_TRUE(world.run("l1", [&] { return world.channel("hook").delivered == 1; }));
  EXPECT_TRUE(world.drain());
  world.desk.reset();
  EXPECT_EQ(::mount("tmpfs", state.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"), 0);
  world.start();
  EXPECT_THAT(world.desk->board()->storage_problem, HasSubstr("Read-only file system"));
  EXPECT_EQ(world.desk->board()->alerts.size(), 1U);
  EXPECT_TRUE(world.run("", [&] { return world.channel("hook").delivered == 1; }));
  EXPECT_THAT(told(server), ElementsAre("page link l1", "close link l1"));
  world.desk.reset();
  ::umount2(state.c_str(), MNT_DETACH);
}

TEST(AlertDesk, DrainingWaitsForWhatIsInFlightAndNoLonger) {
  TestServer slow([](const Received&) {
    return Reply{200, "", "", false, false, std::chrono::milliseconds(300)};
  });
  TestServer hung([](const Received&) { return Reply{200, "", "", true, {}, {}}; });
  World world;
  world.hook("slow", slow.url());
  world.start();
  ASSERT_TRUE(world.run("l1", [&] { return slow.count() == 1; }));
  ASSERT_TRUE(world.drain());
  EXPECT_EQ(world.channel("slow").delivered, 1U);
  world.desk.reset();

  world.config.notify.channels[0].kind = WebhookChannel{hung.url(), {}};
  world.start();
  ASSERT_TRUE(world.run("l1 l2", [&] { return hung.count() == 1; }));
  const Instant begin = world.loop.now();
  bool done = false;
  world.desk->drain(200ms, [&] { done = true; });
  ASSERT_TRUE(run_until(world.loop, [&] { return done; }));
  EXPECT_LT(world.loop.now() - begin, 3s);
}

}  // namespace
}  // namespace itnxt::test
