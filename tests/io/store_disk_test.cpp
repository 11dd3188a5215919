// The store on disks that are full, read-only or not there.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon/io/store.hpp"
#include "tests/io/store_world.hpp"
#include "tests/support/sqlite_reader.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

namespace fs = std::filesystem;

// A real file system of one megabyte.
class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting a tmpfs needs root";
    fs::create_directories(world_.state);
    if (::mount("tmpfs", world_.state.c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
      GTEST_SKIP() << "this machine does not let root mount a tmpfs";
    }
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) ::umount2(world_.state.c_str(), MNT_DETACH);
  }
  void fill() const {
    std::ofstream file(world_.state + "/ballast", std::ios::binary | std::ios::app);
    const std::string block(4096, 'x');
    while (file.write(block.data(), 4096).flush()) {
    }
  }
  bool remount(unsigned long flags) const {
    return ::mount("tmpfs", world_.state.c_str(), "tmpfs", MS_REMOUNT | flags, "size=1m") == 0;
  }
  void empty() const { fs::remove(world_.state + "/ballast"); }

  World world_;
  bool mounted_ = false;
};

TEST_F(FullDisk, AtRunTimeItFailsOpenAndCatchesUpByItself) {
  auto opened = world_.open();
  ASSERT_TRUE(opened) << opened.error();
  Store& store = *opened->store;
  ASSERT_TRUE(world_.commit(store, put("before", "1")));
  fill();
  EXPECT_FALSE(world_.commit(store, put("during", std::string(50'000, 'x'))));
  EXPECT_THAT(store.problem(), StartsWith("cannot write " + world_.state + "/alerts.db: "));
  empty();
  // Nobody commits anything: the store tries by itself.
  EXPECT_TRUE(run_until(world_.loop, [&] { return store.problem().empty(); }));
  opened->store.reset();
  EXPECT_EQ(world_.stored().size(), 2U);
}

TEST_F(FullDisk, AtTheStartItBeginsFromMemory) {
  fill();
  auto opened = world_.open();
  ASSERT_TRUE(opened) << opened.error();
  Store& store = *opened->store;
  EXPECT_THAT(store.problem(), HasSubstr(world_.state + "/alerts."));
  EXPECT_FALSE(world_.commit(store, put("during", "1")));
  empty();
  EXPECT_TRUE(run_until(world_.loop, [&] { return store.problem().empty(); }));
  opened->store.reset();
  EXPECT_THAT(world_.stored(), ElementsAre("during=1"));
}

TEST_F(FullDisk, AFullDiskCanStillBeRead) {
  {
    auto opened = world_.open();
    ASSERT_TRUE(world_.commit(*opened->store, put("kept", "1")));
  }
  fill();
  EXPECT_THAT(world_.stored(), ElementsAre("kept=1"));
}

// The index that readers share finds no room; when there is some they are let in again.
TEST_F(FullDisk, ReadersAreLetInWhenThereIsRoom) {
  {
    auto opened = world_.open();
    ASSERT_TRUE(world_.commit(*opened->store, put("kept", "1")));
  }
  fill();
  auto opened = world_.open();
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_THAT(opened->rows, ElementsAre(StoreRow{"alert", "kept", "1"}));
  SqliteReader reader(world_.state + "/alerts.db");
  constexpr const char* kAll = "SELECT key FROM record ORDER BY key";
  EXPECT_EQ(reader.read(kAll), "database is locked");
  empty();
  ASSERT_TRUE(world_.commit(*opened->store, put("new", "2")));
  ASSERT_TRUE(world_.commit(*opened->store, put("newer", "3")));
  EXPECT_EQ(reader.read(kAll), "kept new newer");
}

TEST_F(FullDisk, AReadOnlyDiskFailsOpenAndCatchesUp) {
  auto opened = world_.open();
  ASSERT_TRUE(opened) << opened.error();
  Store& store = *opened->store;
  ASSERT_TRUE(world_.commit(store, put("before", "1")));
  opened->store.reset();
  if (::mount("tmpfs", world_.state.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m") != 0) {
    GTEST_SKIP() << "this machine does not let root remount a tmpfs";
  }
  auto again = world_.open();
  ASSERT_TRUE(again) << again.error();
  EXPECT_THAT(again->store->problem(), HasSubstr("Read-only file system"));
  EXPECT_FALSE(world_.commit(*again->store, put("during", "2")));
  ASSERT_EQ(::mount("tmpfs", world_.state.c_str(), "tmpfs", MS_REMOUNT, "size=1m"), 0);
  EXPECT_TRUE(run_until(world_.loop, [&] { return again->store->problem().empty(); }));
}

TEST_F(FullDisk, AReadOnlyDiskIsReadAtTheStart) {
  {
    auto opened = world_.open();
    ASSERT_TRUE(world_.commit(*opened->store, put("before", "1")));
  }
  ASSERT_TRUE(remount(MS_RDONLY));
  auto again = world_.open();
  ASSERT_TRUE(again) << again.error();
  EXPECT_THAT(again->rows, ElementsAre(StoreRow{"alert", "before", "1"}));
  EXPECT_THAT(again->store->problem(), HasSubstr("Read-only file system"));
  EXPECT_FALSE(world_.commit(*again->store, put("during", "2")));
  ASSERT_TRUE(remount(0));
  EXPECT_TRUE(run_until(world_.loop, [&] { return again->store->problem().empty(); }));
  again->store.reset();
  EXPECT_THAT(world_.stored(), ElementsAre("before=1", "during=2"));
}

// What a killed process leaves: the last commits stand in the write-ahead log only.
TEST_F(FullDisk, AReadOnlyDiskIsReadWithItsWriteAheadLog) {
  {
    auto opened = world_.open();
    ASSERT_TRUE(world_.commit(*opened->store, put("before", "1")));
    ASSERT_TRUE(world_.commit(*opened->store, put("before", "2")));
    for (const char* file : {"/alerts.db", "/alerts.db-wal"}) {
      fs::copy_file(world_.state + file, world_.dir.path() + file);
    }
  }
  for (const char* file : {"/alerts.db", "/alerts.db-wal"}) {
    fs::copy_file(world_.dir.path() + file, world_.state + file,
                  fs::copy_options::overwrite_existing);
  }
  ASSERT_GT(fs::file_size(world_.state + "/alerts.db-wal"), 0U);
  ASSERT_TRUE(remount(MS_RDONLY));
  EXPECT_THAT(world_.stored(), ElementsAre("before=2"));
}

// The disk with the state came late: another one, without it and read-only, stood in its place.
TEST(Store, WhatCouldNotBeReadAtTheStartIsHandedOverLaterAndNeverDeleted) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a tmpfs needs root";
  World world;
  {
    auto opened = world.open();
    ASSERT_TRUE(world.commit(*opened->store, put("old", "1")));
    ASSERT_TRUE(world.commit(*opened->store, put("both", "1")));
  }
  const std::string above = world.dir.path() + "/a";
  if (::mount("tmpfs", above.c_str(), "tmpfs", MS_RDONLY, "size=1m") != 0) {
    GTEST_SKIP() << "this machine does not let root mount a tmpfs";
  }
  auto opened = world.open();
  EXPECT_TRUE(opened) << opened.error();
  EXPECT_THAT(opened->rows, IsEmpty());
  Store& store = *opened->store;
  std::vector<StoreRow> late;
  store.on_late_rows([&](std::vector<StoreRow> rows) { late = std::move(rows); });
  EXPECT_FALSE(world.commit(store, put("both", "2")));
  EXPECT_FALSE(world.commit(store, put("new", "2")));
  ::umount2(above.c_str(), MNT_DETACH);
  EXPECT_TRUE(run_until(world.loop, [&] { return store.problem().empty(); }));
  EXPECT_THAT(late, ElementsAre(StoreRow{"alert", "both", "1"}, StoreRow{"alert", "old", "1"}));
  EXPECT_TRUE(world.commit(store, {{{"alert", "new"}, std::nullopt}}));
  opened->store.reset();
  EXPECT_THAT(world.stored(), ElementsAre("both=2", "old=1"));
}

}  // namespace
}  // namespace itnxt::test
