// The thread shell of everything that is written, by itself.
#include "daemon/io/saver.hpp"

#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tests/support/run_until.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A disk that does what the test says.
struct Disk {
  std::vector<std::vector<int>> saves;
  std::string problem;
  std::shared_future<void> answers;
};

struct World {
  World() { make(); }
  void make(bool failed = false, Duration patience = 10s) {
    saver.emplace(loop,
                  Saver::Hooks{.take =
                                   [this](bool last) {
                                     closed = closed || last;
                                     return [disk = disk, what = std::exchange(gathered, {})] {
                                       if (disk->answers.valid()) disk->answers.wait();
                                       disk->saves.push_back(what);
                                       return disk->problem;
                                     };
                                   },
                               .saved =
                                   [this](const std::string& problem) {
                                     told.push_back(problem);
                                     if (on_saved) on_saved();
                                   }},
                  failed, patience);
  }
  void want(int what) {
    gathered.push_back(what);
    saver->want();
  }
  bool wait_told(std::size_t count) {
    return run_until(loop, [&] { return told.size() >= count; });
  }

  PollLoop loop;
  std::shared_ptr<Disk> disk = std::make_shared<Disk>();
  std::vector<int> gathered;
  std::vector<std::string> told;
  std::function<void()> on_saved;
  bool closed = false;
  std::optional<Saver> saver;
};

TEST(Saver, WhatGathersWhileOneIsUnderWayGoesTogether) {
  World world;
  std::promise<void> gate;
  world.disk->answers = gate.get_future().share();
  for (const int one : {1, 2, 3}) world.want(one);
  EXPECT_THAT(world.told, IsEmpty());
  gate.set_value();
  ASSERT_TRUE(world.wait_told(2));
  EXPECT_THAT(world.disk->saves, ElementsAre(ElementsAre(1), ElementsAre(2, 3)));
}

TEST(Saver, WhatIsWantedWhenItEndsGoesNext) {
  World world;
  world.on_saved = [&] {
    if (world.told.size() < 3) world.want(static_cast<int>(world.told.size()) + 1);
  };
  world.want(1);
  ASSERT_TRUE(world.wait_told(3));
  EXPECT_THAT(world.disk->saves, ElementsAre(ElementsAre(1), ElementsAre(2), ElementsAre(3)));
}

TEST(Saver, OneThatFailedIsTriedAgainByItselfAndAtOnceWhenMoreCame) {
  World world;
  world.disk->problem = "full";
  world.on_saved = [&] {
    if (world.told.size() == 2) world.disk->problem.clear();
  };
  const auto begun = world.loop.fresh_now();
  world.want(1);
  ASSERT_TRUE(world.wait_told(1));
  world.want(2);
  ASSERT_TRUE(world.wait_told(2));
  EXPECT_LT(world.loop.fresh_now() - begun, 900ms) << "not waited for";
  ASSERT_TRUE(world.wait_told(3));
  EXPECT_GE(world.loop.fresh_now() - begun, 1900ms) << "the second time after 2 s";
  EXPECT_THAT(world.told, ElementsAre("full", "full", ""));
  EXPECT_THAT(world.disk->saves, ElementsAre(ElementsAre(1), ElementsAre(2), IsEmpty()));
}

TEST(Saver, AfterATryInVainItTriesByItself) {
  World world;
  world.make(true);
  EXPECT_THAT(world.told, IsEmpty());
  ASSERT_TRUE(world.wait_told(1));
  EXPECT_THAT(world.told, ElementsAre(""));
}

TEST(Saver, AtTheEndItSavesOnceMore) {
  World world;
  world.gathered = {1, 2};
  world.saver.reset();
  EXPECT_TRUE(world.closed);
  EXPECT_THAT(world.disk->saves, ElementsAre(ElementsAre(1, 2)));
  EXPECT_THAT(world.told, IsEmpty());
}

TEST(Saver, ADiskThatHangsIsLeftToItself) {
  World world;
  world.make(false, 10ms);
  std::promise<void> gate;
  world.disk->answers = gate.get_future().share();
  world.want(1);
  world.gathered.push_back(2);
  const std::weak_ptr<Disk> left = world.disk;
  world.saver.reset();
  world.disk.reset();
  EXPECT_FALSE(left.expired()) << "its thread has it";
  gate.set_value();
  EXPECT_TRUE(run_until(world.loop, [&] { return left.expired(); })) << "and ends by itself";
}

}  // namespace
}  // namespace itnxt::test
