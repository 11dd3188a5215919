// Segments on a real disk: order, restarts, kills in the middle of a record, full disks, damage.
#include "daemon/io/batch_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "tests/support/temp_dir.hpp"

namespace itnxt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class BatchFilesTest : public testing::Test {
 protected:
  BatchFiles::Loaded open(std::vector<std::string> endpoints = {"a", "b"}) {
    files.emplace(dir.path() + "/tap", std::move(endpoints), 1000);
    return files->load();
  }
  BatchFiles::Place add(std::uint64_t sequence, std::size_t bytes = 100) {
    BatchFiles::Batch batch;
    batch.epoch = 7;
    batch.sequence = sequence;
    batch.closed = WallTime(5s);
    batch.who.needed = 3;
    const auto place = files->append(batch, {std::string(bytes, 'x')});
    EXPECT_TRUE(place.ok()) << place.error();
    return place ? *place : BatchFiles::Place{};
  }
  static std::vector<std::pair<std::uint64_t, std::uint64_t>> numbers(
      const BatchFiles::Loaded& loaded) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
    for (const auto& one : loaded.batches) all.emplace_back(one.sequence, one.who.needed);
    return all;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& one : std::filesystem::directory_iterator(dir.path())) {
      all.push_back(one.path().filename());
    }
    std::ranges::sort(all);
    return all;
  }
  using P = std::pair<std::uint64_t, std::uint64_t>;

  test::TempDir dir;
  std::optional<BatchFiles> files;
};

TEST_F(BatchFilesTest, WhatIsWrittenIsFoundByTheNextProcessAndOnlyByThisUser) {
  open();
  add(1);
  const auto second = add(2, 5000);
  add(3);
  EXPECT_THAT(names(), ElementsAre("tap.batches-1", "tap.batches-2"));
  struct stat status {};
  stat((dir.path() + "/tap.batches-1").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(files->read(second)->front(), std::string(5000, 'x'));
  const auto loaded = open();
  EXPECT_THAT(numbers(loaded), ElementsAre(P{1, 3}, P{2, 3}, P{3, 3}));
  EXPECT_EQ(loaded.batches[1].epoch, 7U);
  EXPECT_EQ(loaded.batches[1].closed, WallTime(5s));
  EXPECT_GE(loaded.batches[1].bytes, 5000U);
  EXPECT_EQ(files->read(loaded.batches[1].place)->front(), std::string(5000, 'x'));
  EXPECT_THAT(loaded.problems, IsEmpty());
}

TEST_F(BatchFilesTest, WhomABatchWasSentToOutlivesTheProcess) {
  open();
  const auto one = add(1);
  EXPECT_TRUE(files->mark(one, {3, 2}).ok());
  EXPECT_EQ(open().batches.front().who, (BatchFiles::Who{3, 2}));
  EXPECT_EQ(open({"b", "c"}).batches.front().who, (BatchFiles::Who{3, 1}));  // by its name
}

TEST_F(BatchFilesTest, AFileGoesWithTheLastThatIsNeeded) {
  open();
  const auto one = add(1, 900);
  const auto two = add(2, 900);
  const auto three = add(3);
  EXPECT_TRUE(files->mark(one, {2, 0}).ok());
  EXPECT_TRUE(files->mark(two, {0, 0}).ok());
  EXPECT_TRUE(files->mark(three, {1, 0}).ok());
  EXPECT_THAT(numbers(open()), ElementsAre(P{1, 2}, P{3, 1}));
  EXPECT_TRUE(files->mark(one, {0, 0}).ok());
  EXPECT_TRUE(files->mark(three, {0, 0}).ok());
  EXPECT_THAT(names(), IsEmpty());
  const auto four = add(4);  // numbers go on
  EXPECT_EQ(four.file, 4U);
}

TEST_F(BatchFilesTest, EndpointsAreKnownByName) {
  open();
  const auto one = add(1, 900);
  const auto two = add(2);
  EXPECT_TRUE(files->mark(one, {1, 0}).ok());  // b has it
  EXPECT_TRUE(files->mark(two, {2, 0}).ok());  // a has it
  const auto loaded = open({"c", "b", "a"});
  EXPECT_THAT(numbers(loaded), ElementsAre(P{1, 1 | 4}, P{2, 1 | 2}));
  EXPECT_TRUE(files->mark(one, {1, 0}).ok());  // no bit of this file
  EXPECT_THAT(numbers(open({"c", "b", "a"})), ElementsAre(P{1, 5}, P{2, 3}));  // sent again
  EXPECT_THAT(numbers(open({"b"})), ElementsAre(P{2, 1}));
}

// As a kill in the middle of a write leaves it.
TEST_F(BatchFilesTest, AFileCutOffAnywhereCostsOnlyTheLastBatch) {
  open();
  add(1);
  add(2);
  const std::string path = files->path_of(1);
  std::ifstream in(path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  const std::size_t record = 48 + 102;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    const auto loaded = open();
    const std::size_t lacking = (whole.size() - size + record - 1) / record;
    EXPECT_EQ(loaded.batches.size(), lacking > 2 ? 0 : 2 - lacking) << size;
    EXPECT_TRUE(lacking > 2 || loaded.problems.empty()) << size;
  }
}

TEST_F(BatchFilesTest, DamageAnywhereCostsWhatItHit) {
  open();
  add(1);
  add(2);
  const std::string path = files->path_of(1);
  std::ifstream in(path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    const auto loaded = open();
    for (const auto& one : loaded.batches) {
      const auto parts = files->read(one.place);
      EXPECT_TRUE(!parts.ok() || parts->front() == std::string(100, 'x')) << at;
    }
    EXPECT_TRUE(std::filesystem::exists(path)) << at;
  }
}

TEST_F(BatchFilesTest, AFullDiskLeavesWhatIsThereWholeAndTakesMoreWhenItCan) {
  open();
  add(1);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{400, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &tight);
  const auto refused = files->append(BatchFiles::Batch(), {std::string(500, 'y')});
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error(), files->path_of(1) + ": cannot be written: File too large");
  add(3);
  EXPECT_THAT(numbers(open()), ElementsAre(P{1, 3}, P{3, 3}));
}

TEST_F(BatchFilesTest, WhatIsOwedOutlivesTheProcess) {
  open();
  EXPECT_TRUE(files->owe({{"a", 3}, {"b", 4}}).ok());
  EXPECT_TRUE(files->owe({{"b", 5, 7, 9}}).ok());
  EXPECT_EQ(open().owed, (BatchFiles::Owed{{"b", 5, 7, 9}}));
  std::ofstream(dir.path() + "/tap.lost") << "rubbish rubbish rubbish";
  EXPECT_THAT(open().owed, IsEmpty());
}

}  // namespace
}  // namespace itnxt
