// Nothing leaves before it is on the disk; a disk that hangs holds nothing for long.
#include "daemon/notify/commit_queue.hpp"

#include <gmock/gmock.h>
#include <poll.h>

#include <future>
#include <optional>

#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Delivery delivery(const std::string& incident) {
  Delivery one;
  one.incident = incident;
  one.channel = ChannelName("hook");
  return one;
}

// A store whose writer answers when the test says so.
struct World {
  TempDir dir;
  FakeLoop loop;
  RecordingLog log;
  std::promise<void> gate;
  int completions = -1;
  int changes = 0;
  std::vector<std::string> sent;
  std::optional<CommitQueue> queue;

  World() {
    StoreFile::Options options;
    options.directory = dir.path() + "/state";
    options.before_write = [answers = gate.get_future().share()] { answers.wait(); };
    auto opened = Store::open(loop, log, std::move(options));
    if (!opened) throw std::runtime_error(opened.error());
    completions = opened->store->completion_fd();
    queue.emplace(
        loop, log, std::move(opened->store), "/state/alerts.db",
        CommitQueue::Hooks{.send = [this](const Delivery& d) { sent.push_back(d.incident); },
                           .changed = [this] { ++changes; }});
  }
  void commit(const std::string& incident) {
    queue->commit({{{"delivery", incident}, "{}"}}, {delivery(incident)});
  }
  void let_the_disk_answer() {
    gate.set_value();
    while (!queue->idle()) {
      pollfd ready{completions, POLLIN, 0};
      ASSERT_EQ(::poll(&ready, 1, 10'000), 1);
      ASSERT_TRUE(loop.make_ready(completions));
    }
  }
};

TEST(CommitQueue, SendsInOrderWhenTheRecordsAreOnTheDisk) {
  World world;
  world.commit("a");
  world.commit("b");
  world.loop.advance(CommitQueue::kMaxCommit - 1ms);
  EXPECT_THAT(world.sent, IsEmpty());
  EXPECT_EQ(world.queue->held().size(), 2U);
  EXPECT_FALSE(world.queue->idle());
  world.let_the_disk_answer();
  EXPECT_THAT(world.sent, ElementsAre("a", "b"));
  EXPECT_THAT(world.queue->held(), IsEmpty());
  EXPECT_EQ(world.queue->problem(), "");
  EXPECT_EQ(world.loop.timers(), 0U);
  EXPECT_THAT(world.log.lines, IsEmpty());
}

TEST(CommitQueue, ADiskThatHangsHoldsNothingLongerAndIsNamedOnce) {
  World world;
  world.commit("a");
  world.loop.advance(2s);
  world.commit("b");
  world.loop.advance(3s - 1ms);
  EXPECT_THAT(world.sent, IsEmpty());
  const int before = world.changes;
  world.loop.advance(1ms);
  EXPECT_THAT(world.sent, ElementsAre("a"));
  EXPECT_GT(world.changes, before);
  EXPECT_EQ(world.queue->problem(), "no answer from the disk of /state/alerts.db for 5s");
  world.loop.advance(2s);
  EXPECT_THAT(world.sent, ElementsAre("a", "b"));
  EXPECT_THAT(world.log.lines,
              ElementsAre("level=error msg=\"the alert state is not being written: pages go out "
                          "from memory\" problem=\"no answer from the disk of /state/alerts.db "
                          "for 5s\""));
  world.let_the_disk_answer();
  EXPECT_THAT(world.sent, ElementsAre("a", "b"));  // not again
  EXPECT_EQ(world.queue->problem(), "");
}

TEST(CommitQueue, WhoAsksHearsWhenAllIsOnTheDisk) {
  World world;
  int heard = 0;
  world.queue->when_stored([&] { ++heard; });
  EXPECT_EQ(heard, 1) << "nothing is under way";
  world.commit("a");
  world.queue->when_stored([&] { ++heard; });
  world.loop.advance(CommitQueue::kMaxCommit);
  EXPECT_EQ(heard, 1) << "a disk that hangs has not got it";
  world.let_the_disk_answer();
  EXPECT_EQ(heard, 2);
}

}  // namespace
}  // namespace itnxt::test
