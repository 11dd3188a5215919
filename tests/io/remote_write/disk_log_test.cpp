#include "daemon/io/remote_write/disk_log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/support/run_until.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

struct World {
  TempDir dir;
  PollLoop loop;
  DiskLog::Options options{dir.path() + "/store", 4096, 5 * 4096, 10ms};
  std::unique_ptr<DiskLog> log;

  std::vector<std::string> open() {
    log.reset();
    auto opened = DiskLog::open(loop, options);
    EXPECT_TRUE(opened) << opened.error();
    if (!opened) return {};
    log = std::move(opened->log);
    waiting = std::move(opened->waiting);
    std::vector<std::string> bodies;
    for (const auto& entry : waiting) bodies.push_back(entry.body);
    return bodies;
  }
  // Waits for a file as often as there is none.
  DiskLog::Id append(const std::string& body) {
    DiskLog::Id id = 0;
    EXPECT_TRUE(run_until(loop, [&] { return (id = log->append(body)) != 0; }));
    return id;
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(options.directory), fs::directory_iterator()));
  }
  std::vector<DiskLog::Entry> waiting;
};

TEST(DiskLog, WhatWaitsIsThereAgain) {
  World world;
  EXPECT_THAT(world.open(), IsEmpty());
  world.append("one");
  const auto two = world.append("two");
  world.append(std::string("th\0ree", 6));
  world.log->done(two);
  EXPECT_THAT(world.open(), ElementsAre("one", std::string("th\0ree", 6)));
  for (const auto& entry : world.waiting) world.log->done(entry.id);
  EXPECT_THAT(world.open(), IsEmpty());
  world.log.reset();
  EXPECT_EQ(world.files(), 0U);
}

TEST(DiskLog, FilesFollowEachOtherAndGoWhenNothingInThemWaits) {
  World world;
  world.open();
  std::vector<DiskLog::Id> ids;
  std::vector<std::string> bodies;
  for (int i = 0; i < 10; ++i) {
    bodies.push_back(std::to_string(i) + std::string(1300, 'x'));
    ids.push_back(world.append(bodies.back()));
  }
  EXPECT_GE(world.files(), 4U) << "three in each";
  EXPECT_TRUE(std::ranges::is_sorted(ids));
  for (std::size_t i = 0; i < 9; ++i) world.log->done(ids[i]);
  EXPECT_THAT(world.open(), ElementsAre(bodies.back()));
  EXPECT_TRUE(run_until(world.loop, [&] { return world.files() == 3; }))
      << "the one of the last entry, the current one, a spare one";
}

TEST(DiskLog, BeyondItsSizeTheOldestFileGoes) {
  World world;
  world.open();
  std::vector<DiskLog::Id> ids;
  for (int i = 0; i < 40; ++i)
    ids.push_back(world.append(std::to_string(i) + std::string(1300, 'x')));
  EXPECT_LE(world.log->file_bytes(), world.options.most);
  world.log->done(ids.front());  // is on the disk no more
  const auto left = world.open();
  ASSERT_EQ(left.size(), 13U) << "three in each of four files, one in the last";
  EXPECT_EQ(left.front().substr(0, 3), "27x");
  EXPECT_EQ(left.back().substr(0, 3), "39x");
}

// Each start begins a file: many starts with little in each take no more room than they need.
TEST(DiskLog, ManyStartsDoNotPushOutWhatWaits) {
  World world;
  std::vector<std::string> expected;
  for (int start = 0; start < 20; ++start) {
    ASSERT_EQ(world.open(), expected);
    expected.push_back("start " + std::to_string(start));
    world.append(expected.back());
  }
  EXPECT_EQ(world.open(), expected);
  EXPECT_LT(world.log->file_bytes(), world.options.most);
}

TEST(DiskLog, WhatFitsIntoNoFileIsNotKept) {
  World world;
  world.open();
  EXPECT_EQ(world.log->append(std::string(4096, 'x')), 0U);
  EXPECT_EQ(world.log->append(""), 0U);
  EXPECT_NE(world.log->append("small"), 0U);
}

// A process that is killed while it appends leaves all that it had appended, and nothing else.
TEST(DiskLog, SurvivesAKillAtAnyMoment) {
  for (int round = 0; round < 20; ++round) {
    World world;
    world.options.most = std::size_t{1} << 20U;
    int told[2];
    ASSERT_EQ(::pipe2(told, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      World own;  // the loop of the parent is the parent's
      own.options = world.options;
      own.open();
      for (std::uint32_t i = 0;; ++i) {
        std::string body(8 + i % 97, static_cast<char>('a' + i % 26));
        std::memcpy(body.data(), &i, sizeof i);
        own.append(body);
        if (::write(told[1], &i, sizeof i) != sizeof i) ::_exit(1);
      }
    }
    ::close(told[1]);
    std::uint32_t last = 0;
    const std::uint32_t enough = 150 + static_cast<std::uint32_t>(round) * 7;
    while (last < enough && ::read(told[0], &last, sizeof last) == sizeof last) {
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    while (::read(told[0], &last, sizeof last) == sizeof last) {
    }
    ::close(told[0]);
    const auto left = world.open();
    ASSERT_GE(left.size(), last + 1U);
    ASSERT_LE(left.size(), last + 2U) << "one may have been appended and not told";
    for (std::uint32_t i = 0; i < left.size(); ++i) {
      std::uint32_t number = 0;
      std::memcpy(&number, left[i].data(), sizeof number);
      ASSERT_EQ(number, i);
      ASSERT_EQ(left[i].size(), 8 + i % 97);
    }
  }
}

TEST(DiskLog, DamageCostsTheRestOfOneFile) {
  World world;
  world.open();
  for (int i = 0; i < 5; ++i) world.append(std::to_string(i) + std::string(1300, 'x'));
  world.log.reset();
  {
    std::fstream file(world.options.directory + "/1.queue");
    file.seekp(8 + 12 + 1304 + 40);
    file << "!";
  }
  std::ofstream(world.options.directory + "/2.queue.old") << "not ours";
  std::ofstream(world.options.directory + "/7.queue") << "no magic";
  const auto left = world.open();
  ASSERT_EQ(left.size(), 3U);
  EXPECT_EQ(left[0][0], '0');
  EXPECT_EQ(left[1][0], '3');
  EXPECT_EQ(left[2][0], '4');
}

TEST(DiskLog, WithoutADiskNothingIsKeptUntilThereIsOne) {
  World world;
  world.open();
  const std::string aside = world.dir.path() + "/aside";
  for (int i = 0; i < 3; ++i) world.append(std::string(1300, 'x'));
  ASSERT_TRUE(run_until(world.loop, [&] { return world.files() == 2; })) << "and a spare one";
  fs::rename(world.options.directory, aside);
  for (int i = 0; i < 3; ++i) world.append(std::string(1300, 'x'));
  EXPECT_TRUE(run_until(world.loop, [&] {
    return world.log->append(std::string(1300, 'x')) == 0 && !world.log->problem().empty();
  }));
  EXPECT_EQ(world.log->problem(),
            "cannot make " + world.options.directory + "/3.queue: No such file or directory");
  fs::rename(aside, world.options.directory);
  world.append(std::string(1300, 'y'));
  EXPECT_EQ(world.log->problem(), "");
  EXPECT_EQ(world.open().size(), 7U);
}

TEST(DiskLog, KnowsFileSystemsThatCopyOrAreElsewhere) {
  EXPECT_TRUE(DiskLog::writes_in_place(0xEF53));       // ext4
  EXPECT_TRUE(DiskLog::writes_in_place(0x58465342));   // xfs
  EXPECT_TRUE(DiskLog::writes_in_place(0x01021994));   // tmpfs
  EXPECT_TRUE(DiskLog::writes_in_place(0x794C7630));   // overlay, on one of these
  EXPECT_FALSE(DiskLog::writes_in_place(0x9123683E));  // btrfs
  EXPECT_FALSE(DiskLog::writes_in_place(0x6969));      // nfs
  EXPECT_FALSE(DiskLog::writes_in_place(0x65735546));  // fuse
}

// A real file system that is full: what has its file has its room.
TEST(DiskLog, OnAFullDiskItKeepsWhatItHasRoomFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a tmpfs needs root";
  World world;
  fs::create_directories(world.options.directory);
  if (::mount("tmpfs", world.options.directory.c_str(), "tmpfs", 0, "size=24k") != 0) {
    GTEST_SKIP() << "this machine does not let root mount a tmpfs";
  }
  world.open();
  world.append("first");
  const std::string spare = world.options.directory + "/2.queue";
  std::error_code missing;
  ASSERT_TRUE(run_until(world.loop, [&] {
    return fs::file_size(spare, missing) == world.options.file_size;
  })) << "as it is when it is whole";
  {
    std::ofstream ballast(world.options.directory + "/ballast", std::ios::binary);
    while (ballast.write(std::string(1024, 'x').data(), 1024).flush()) {
    }
  }
  EXPECT_TRUE(run_until(world.loop, [&] {
    return world.log->append(std::string(1300, 'x')) == 0 && !world.log->problem().empty();
  }));
  EXPECT_EQ(world.log->problem(),
            "cannot write " + world.options.directory + "/3.queue: No space left on device");
  fs::remove(world.options.directory + "/ballast");
  world.append(std::string(1300, 'y'));
  EXPECT_EQ(world.log->problem(), "");
  const auto left = world.open();
  EXPECT_EQ(left.front(), "first");
  EXPECT_EQ(left.back()[0], 'y');
  world.log.reset();
  ::umount2(world.options.directory.c_str(), MNT_DETACH);
}

TEST(DiskLog, ADirectoryThatCannotBeUsedIsAnError) {
  World world;
  std::ofstream(world.dir.path() + "/store") << "x";
  const auto opened = DiskLog::open(world.loop, world.options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), "cannot use directory " + world.dir.path() + "/store: Not a directory");
}

}  // namespace
}  // namespace itnxt::test
