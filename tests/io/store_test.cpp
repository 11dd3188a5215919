#include "daemon/io/store.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include "tests/io/store_world.hpp"
#include "tests/support/sqlite_reader.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

namespace fs = std::filesystem;

TEST(Store, KeepsWhatWasCommittedAndForgetsWhatWasDeleted) {
  World world;
  {
    auto opened = world.open();
    ASSERT_TRUE(opened) << opened.error();
    EXPECT_THAT(opened->rows, IsEmpty());
    EXPECT_TRUE(
        world.commit(*opened->store,
                     {{{"alert", "a"}, "1"}, {{"incident", "a"}, "2"}, {{"delivery", "b"}, "3"}}));
    EXPECT_TRUE(
        world.commit(*opened->store, {{{"alert", "a"}, "4"}, {{"delivery", "b"}, std::nullopt}}));
    EXPECT_EQ(mode(world.state), 0700U);
    EXPECT_EQ(mode(world.dir.path() + "/a"), 0700U);
    for (const char* file : {"/alerts.db", "/alerts.db-wal", "/alerts.lock"}) {
      EXPECT_EQ(mode(world.state + file), 0600U) << file;
    }
  }
  auto again = world.open();
  ASSERT_TRUE(again) << again.error();
  EXPECT_THAT(again->rows,
              ElementsAre(StoreRow{"alert", "a", "4"}, StoreRow{"incident", "a", "2"}));
  EXPECT_THAT(world.log.lines, IsEmpty());
}

TEST(Store, OneProcessOnly) {
  World world;
  auto first = world.open();
  ASSERT_TRUE(first);
  const auto second = world.open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), "aggregator.state: directory " + world.state +
                                " is in use by another aggregator (PID " +
                                std::to_string(getpid()) +
                                "); stop that one or name another directory");
}

// The sqlite3 shell, a backup: they neither wait for the aggregator nor hold it.
TEST(Store, OthersReadWhileItWrites) {
  World world;
  auto opened = world.open();
  ASSERT_TRUE(opened) << opened.error();
  ASSERT_TRUE(world.commit(*opened->store, put("first", "1")));
  SqliteReader reader(world.state + "/alerts.db");
  constexpr const char* kAll = "SELECT key FROM record ORDER BY key";
  EXPECT_EQ(reader.read(kAll), "first");
  EXPECT_EQ(reader.read(std::string("BEGIN;") + kAll), "first");
  EXPECT_TRUE(world.commit(*opened->store, put("second", "2"))) << opened->store->problem();
  EXPECT_EQ(reader.read(kAll), "first") << "one moment's view";
  EXPECT_EQ(reader.read(std::string("COMMIT;") + kAll), "first second");
}

TEST(Store, AFileInPlaceOfTheDirectoryIsAnError) {
  World world;
  std::ofstream(world.dir.path() + "/a") << "x";
  const auto opened = world.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), "aggregator.state: " + world.dir.path() +
                                "/a is not a directory; name a directory that only this aggregator "
                                "uses");
}

TEST(Store, ADirectoryWithoutPermissionIsAnError) {
  World world;
  fs::create_directories(world.state);
  fs::permissions(world.dir.path() + "/a", fs::perms::none);
  if (::access(world.state.c_str(), R_OK) == 0) {
    // The superuser may do everything but what a file system has no operation for.
    world.state = "/proc/itnxt";
    const auto opened = world.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error(),
              "aggregator.state: cannot use directory /proc/itnxt: No such file or directory; it "
              "must be writable by the user of the aggregator");
  } else {
    const auto opened = world.open();
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error(), HasSubstr(": Permission denied; it must be writable by the user"));
  }
  fs::permissions(world.dir.path() + "/a", fs::perms::owner_all);
}

TEST(Store, AFileOfANewerFormatIsLeftAlone) {
  World world;
  ASSERT_TRUE(world.open());
  // user_version stands in bytes 60-63 of the header, big-endian.
  {
    std::fstream file(world.state + "/alerts.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(63);
    file.put(9);
  }
  const auto opened = world.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), "aggregator.state: " + world.state +
                                "/alerts.db has format 9, written by a newer itnxt; this one knows "
                                "1: start the newer one or move the file away");
}

// As a process leaves it that is killed between the two steps of making a file.
TEST(Store, AFileThatWasHalfMadeIsFinished) {
  World world;
  ASSERT_TRUE(world.open());
  {
    std::fstream file(world.state + "/alerts.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(63);  // user_version, as above
    file.put(0);
  }
  {
    auto opened = world.open();
    ASSERT_TRUE(opened) << opened.error();
    EXPECT_EQ(opened->store->problem(), "");
    EXPECT_TRUE(world.commit(*opened->store, put("a", "1")));
  }
  EXPECT_THAT(world.stored(), ElementsAre("a=1"));
  EXPECT_THAT(world.log.lines, IsEmpty());
}

std::vector<std::string> files_starting(const std::string& directory, const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(prefix, 0) == 0) names.push_back(name);
  }
  return names;
}

TEST(Store, AFileThatIsNoDatabaseIsMovedAwayLoudly) {
  World world;
  fs::create_directories(world.state);
  ASSERT_EQ(::chmod(world.state.c_str(), 0700), 0);
  std::ofstream(world.state + "/alerts.db") << std::string(8192, 'x');
  EXPECT_THAT(world.stored(), IsEmpty());
  EXPECT_EQ(files_starting(world.state, "alerts.db.corrupt-").size(), 1U);
  ASSERT_EQ(world.log.lines.size(), 1U);
  EXPECT_THAT(world.log.lines[0],
              StartsWith("level=error msg=\"the alert state was damaged and is begun anew: alerts "
                         "may be paged again\" moved_to=" +
                         world.state + "/alerts.db.corrupt-"));
}

TEST(Store, AFlippedBitInARecordIsFoundAndTheOthersAreSaved) {
  World world;
  {
    auto opened = world.open();
    ASSERT_TRUE(world.commit(
        *opened->store, {{{"alert", "a"}, "the first body"}, {{"alert", "b"}, "the second body"}}));
  }
  const std::string path = world.state + "/alerts.db";
  std::string bytes;
  {
    std::ifstream in(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::size_t at = bytes.find("the second body");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_THAT(world.stored(), ElementsAre("a=the first body"));
  ASSERT_EQ(world.log.lines.size(), 1U);
  EXPECT_THAT(world.log.lines[0], HasSubstr("records_saved=1"));
  EXPECT_THAT(world.stored(), ElementsAre("a=the first body"));
}

// Any damage: it starts, and what it then has is what was written or is found to be damaged.
TEST(Store, SurvivesAnyDamage) {
  World world;
  {
    auto opened = world.open();
    StoreChanges all;
    for (int i = 0; i < 200; ++i) {
      all[{"incident", "key" + std::to_string(i)}] = std::string(100, 'b') + std::to_string(i);
    }
    ASSERT_TRUE(world.commit(*opened->store, std::move(all)));
  }
  const std::string path = world.state + "/alerts.db";
  std::ifstream in(path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  in.close();
  std::uint64_t random = 42;
  for (int copy = 0; copy < 200; ++copy) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    std::string bytes = whole;
    const std::size_t at = (random >> 20U) % bytes.size();
    if (copy % 4 == 0) {
      bytes.resize(at);
    } else {
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (copy % 8)));
    }
    for (const std::string& name : files_starting(world.state, "alerts.db")) {
      fs::remove(fs::path(world.state) / name);
    }
    std::ofstream(path, std::ios::binary) << bytes;
    auto opened = world.open();
    if (!opened) {
      EXPECT_THAT(opened.error(), HasSubstr("written by a newer itnxt")) << copy;
      continue;
    }
    for (const StoreRow& row : opened->rows) {
      EXPECT_EQ(row.body, std::string(100, 'b') + row.key.substr(3)) << copy;
    }
  }
}

TEST(Store, AFullDiskIsToldOnceAndCaughtUpWithTheLatestState) {
  World world;
  {
    auto opened = world.open();
    ASSERT_TRUE(world.commit(*opened->store, put("small", "1")));
  }
  {
    auto opened = world.open(4);
    ASSERT_TRUE(opened) << opened.error();
    Store& store = *opened->store;
    EXPECT_FALSE(world.commit(store, put("big", std::string(100'000, 'x'))));
    EXPECT_EQ(store.problem(),
              "cannot write " + world.state + "/alerts.db: database or disk is full");
    EXPECT_FALSE(world.commit(store, put("small", "2")));
    EXPECT_TRUE(world.commit(store, {{{"alert", "big"}, std::nullopt}}));
    EXPECT_EQ(store.problem(), "");
  }
  EXPECT_THAT(world.stored(), ElementsAre("small=2"));
  EXPECT_THAT(
      world.log.lines,
      ElementsAre(
          "level=error msg=\"the alert state cannot be written: pages go out from "
          "memory, a restart forgets them; make room or mend the disk\" problem=\"cannot write " +
              world.state + "/alerts.db: database or disk is full\"",
          "level=notice msg=\"the alert state is written again\" path=" + world.state +
              "/alerts.db"));
}

TEST(Store, ADiskThatHangsDoesNotHoldTheEnd) {
  World world;
  StoreFile::Options options;
  options.directory = world.state;
  const auto gate = std::make_shared<std::promise<void>>();
  const std::shared_future<void> answers = gate->get_future().share();
  std::atomic<bool> hangs{false};
  options.before_write = [&hangs, answers] {
    hangs = true;
    answers.wait();
  };
  auto opened = Store::open(world.loop, world.log, std::move(options));
  ASSERT_TRUE(opened) << opened.error();
  opened->store->commit(put("a", "1"), nullptr);
  ASSERT_TRUE(run_until(world.loop, [&] { return hangs.load(); }));
  const auto begin = std::chrono::steady_clock::now();
  opened->store.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, Store::kCloseLimit + 1s);
  gate->set_value();
  // The writer goes on by itself: what it was given is on the disk in the end.
  std::vector<std::string> rows;
  EXPECT_TRUE(run_until(world.loop, [&] {
    rows = world.stored();
    return rows == std::vector<std::string>{"a=1"};
  })) << ::testing::PrintToString(rows);
}

TEST(Store, ADirectoryThatIsOpenToOthersIsTakenWithAWarning) {
  World world;
  fs::create_directories(world.state);
  ASSERT_EQ(::chmod(world.state.c_str(), 0777), 0);
  ASSERT_TRUE(world.open());
  EXPECT_THAT(world.log.lines,
              ElementsAre("level=warning msg=\"aggregator.state " + world.state +
                          ": open to other users (mode 0777): chmod 700 it, or name a directory "
                          "that nothing else uses\""));
}

}  // namespace
}  // namespace itnxt::test
