// The journal on disks that are full, read-only or not there.
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/io/journal_world.hpp"
#include "tests/support/sqlite_reader.hpp"

namespace itnxt::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

namespace fs = std::filesystem;

// A real file system of one megabyte.
class JournalDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting a tmpfs needs root";
    fs::create_directories(world.state);
    if (::mount("tmpfs", world.state.c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
      GTEST_SKIP() << "this machine does not let root mount a tmpfs";
    }
    mounted = true;
  }
  void TearDown() override {
    world.intake.reset();
    if (mounted) ::umount2(world.state.c_str(), MNT_DETACH);
  }
  void fill() const {
    std::ofstream file(world.state + "/ballast", std::ios::binary | std::ios::app);
    const std::string block(4096, 'x');
    while (file.write(block.data(), 4096).flush()) {
    }
  }
  void empty() const { fs::remove(world.state + "/ballast"); }
  bool wait_problem(bool there) {
    return run_until(world.loop, [&] { return world.intake->problem().empty() != there; });
  }
  void take_and_store(std::uint64_t first, std::size_t count) {
    (void)world.take(batch(first, count));
    world.store();
  }

  JournalWorld world;
  bool mounted = false;
};

TEST_F(JournalDisk, FullAtRunTimeItCatchesUpByItself) {
  world.open();
  take_and_store(1, 1);
  ASSERT_TRUE(world.wait_ack(1));
  fill();
  take_and_store(2, 900);
  ASSERT_TRUE(wait_problem(true));
  EXPECT_THAT(world.intake->problem(), StartsWith("cannot write " + world.state + "/events.db: "));
  EXPECT_THAT(world.acked, ElementsAre(1));
  empty();
  ASSERT_TRUE(world.wait_ack(901)) << "nobody sent anything again";
  EXPECT_EQ(world.intake->problem(), "");
  world.open();
  EXPECT_EQ(world.shown().size(), 901U);
}

TEST_F(JournalDisk, ReadersAreLetInWhenThereIsRoom) {
  world.open();
  take_and_store(1, 1);
  ASSERT_TRUE(world.wait_ack(1));
  world.intake.reset();
  fill();
  world.open();
  EXPECT_THAT(world.shown(), ElementsAre(1));
  SqliteReader reader(world.state + "/events.db");
  EXPECT_EQ(reader.read("SELECT count(*) FROM event"), "database is locked");
  empty();
  take_and_store(2, 1);
  ASSERT_TRUE(world.wait_ack(2));
  take_and_store(3, 1);
  ASSERT_TRUE(world.wait_ack(3));
  EXPECT_EQ(reader.read("SELECT count(*) FROM event"), "3");
}

TEST_F(JournalDisk, FullAtTheStartItBeginsFromMemory) {
  fill();
  world.open();
  EXPECT_THAT(world.intake->problem(), HasSubstr(world.state + "/events."));
  take_and_store(1, 2);
  EXPECT_THAT(world.seen, ElementsAre(1, 2));
  empty();
  ASSERT_TRUE(world.wait_ack(2));
  world.open();
  EXPECT_THAT(world.shown(), ElementsAre(2, 1));
}

TEST_F(JournalDisk, ReadOnlyItKnowsWhatItHolds) {
  world.open();
  take_and_store(1, 3);
  ASSERT_TRUE(world.wait_ack(3));
  world.intake.reset();
  const auto remount = [&](unsigned long flags) {
    return ::mount("tmpfs", world.state.c_str(), "tmpfs", MS_REMOUNT | flags, "size=1m");
  };
  ASSERT_EQ(remount(MS_RDONLY), 0);
  world.open();
  EXPECT_THAT(world.intake->problem(), HasSubstr("Read-only file system"));
  EXPECT_THAT(world.shown(), ElementsAre(3, 2, 1));
  EXPECT_EQ(std::get<EventIntake::Taken>(world.take(batch(2, 3))).first, 2U);
  world.store();
  ASSERT_EQ(remount(0), 0);
  ASSERT_TRUE(world.wait_ack(4));
}

// The disk with the journal came late: another one, without it and read-only, stood in its place.
TEST(Journal, WhatCouldNotBeReadAtTheStartIsKnownLater) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a tmpfs needs root";
  JournalWorld world;
  world.open();
  (void)world.take(batch(1, 3));
  world.store();
  ASSERT_TRUE(world.wait_ack(3));
  world.intake.reset();
  const std::string above = world.dir.path() + "/a";
  if (::mount("tmpfs", above.c_str(), "tmpfs", MS_RDONLY, "size=1m") != 0) {
    GTEST_SKIP() << "this machine does not let root mount a tmpfs";
  }
  world.open();
  EXPECT_THAT(world.shown(), IsEmpty());
  (void)world.take(batch(4, 1));
  world.store();
  ::umount2(above.c_str(), MNT_DETACH);
  ASSERT_TRUE(world.wait_ack(4));
  EXPECT_THAT(world.shown(), ElementsAre(4, 3, 2, 1));
  world.open();
  EXPECT_THAT(world.shown(), ElementsAre(4, 3, 2, 1)) << "ids go on";
}

}  // namespace
}  // namespace itnxt::test
