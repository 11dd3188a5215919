#include "daemon/io/spool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const CollectorName kTap("tap");
const std::string kAside = ".corrupt-19700101T000000000Z";

class SpoolTest : public testing::Test {
 protected:
  static wire::SpoolRecord record(std::string text) {
    return {{std::move(text)}, {{"tcp://a", 3}}};
  }

  Status save(const std::vector<std::string>& texts) {
    auto writer = spool.write(kTap);
    if (!writer) return Error{writer.error()};
    for (const std::string& text : texts) {
      if (const Status added = (*writer)->add(record(text)); !added) return added;
    }
    return (*writer)->commit();
  }
  std::vector<std::string> load() {
    std::vector<std::string> texts;
    found = spool.load(kTap, WallTime{}, [&](wire::SpoolRecord&& one) {
      EXPECT_EQ(one, record(one.parts.front()));
      texts.push_back(one.parts.front());
      return true;
    });
    return texts;
  }
  [[nodiscard]] std::string read(const std::string& path) const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void overwrite(const std::string& bytes) const {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  }

  test::TempDir dir;
  test::RecordingLog log;
  const std::string directory = dir.path() + "/deep/spool";
  Spool spool{directory, log};
  const std::string file = directory + "/tap.batches";
  bool found = false;
};

TEST_F(SpoolTest, WhatIsSavedIsLoadedAndOnlyForThisUser) {
  ASSERT_TRUE(spool.prepare().ok());
  ASSERT_FALSE(spool.claim(kTap));
  ASSERT_TRUE(save({"one", std::string(100'000, 'x'), "three"}).ok());
  EXPECT_THAT(load(), ElementsAre("one", std::string(100'000, 'x'), "three"));
  EXPECT_TRUE(found);
  struct stat status {};
  stat(file.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  for (const std::string& made : {directory, dir.path() + "/deep"}) {
    stat(made.c_str(), &status);
    EXPECT_EQ(status.st_mode & 0777U, 0700U) << made;
  }
  spool.remove(kTap);
  EXPECT_THAT(load(), IsEmpty());
  EXPECT_FALSE(found);
  EXPECT_THAT(log.lines, IsEmpty());
}

TEST_F(SpoolTest, ADirectoryMayBeRelative) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  Spool relative("sp", log);
  EXPECT_TRUE(relative.prepare().ok());
  EXPECT_FALSE(relative.claim(kTap));
  const auto writer = relative.write(kTap);
  EXPECT_TRUE(writer.ok()) << writer.error();
  std::filesystem::current_path(before);
  struct stat status {};
  ASSERT_EQ(stat((dir.path() + "/sp").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(SpoolTest, TheFileHasTheseBytes) {
  ASSERT_TRUE(spool.prepare().ok());
  ASSERT_FALSE(spool.claim(kTap));
  ASSERT_TRUE(save({"hi"}).ok());
  EXPECT_EQ(read(file), std::string("itnxt batches 1\n"
                                    "\x11\0\0\0\xC8\x22\x59\xED"
                                    "\x0a\x02hi\x12\x0b\x0a\x07tcp://a\x10\x03",
                                    41));
}

TEST_F(SpoolTest, ANameIsNoPath) {
  EXPECT_EQ(spool.path_of(CollectorName("../a b.c-1_")), directory + "/%2E.%2Fa%20b.c-1_.batches");
}

// Damage at every byte: the records before it are kept, the rest is set aside, and the next start
// finds a whole file.
TEST_F(SpoolTest, DamageAnywhereCostsOnlyWhatFollows) {
  ASSERT_TRUE(spool.prepare().ok());
  ASSERT_FALSE(spool.claim(kTap));
  ASSERT_TRUE(save({"one", "two"}).ok());
  const std::string whole = read(file);
  constexpr std::size_t kMagic = 16;
  const std::size_t record_size = (whole.size() - kMagic) / 2;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    overwrite(bytes);
    const std::size_t good = at < kMagic ? 0 : (at - kMagic) / record_size;
    EXPECT_EQ(load().size(), good) << at;
    EXPECT_EQ(load().size(), good) << at;
    EXPECT_EQ(read(file + kAside), bytes.substr(at < kMagic ? 0 : kMagic + good * record_size));
  }
}

TEST_F(SpoolTest, TruncationAnywhereCostsOnlyTheLastRecord) {
  ASSERT_TRUE(spool.prepare().ok());
  ASSERT_FALSE(spool.claim(kTap));
  ASSERT_TRUE(save({"one", "two"}).ok());
  const std::string whole = read(file);
  const std::size_t record_size = (whole.size() - 16) / 2;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    overwrite(whole.substr(0, size));
    EXPECT_EQ(load().size(), size < 16 ? 0 : (size - 16) / record_size) << size;
  }
}

TEST_F(SpoolTest, DamageIsLogged) {
  ASSERT_TRUE(spool.prepare().ok());
  ASSERT_FALSE(spool.claim(kTap));
  overwrite("rubbish");
  EXPECT_THAT(load(), IsEmpty());
  EXPECT_THAT(log.lines,
              ElementsAre("level=error msg=\"spool file is damaged: the batches before the damage "
                          "are sent, the rest is set aside\" file=" +
                          file + " good_bytes=0 damaged_bytes=7 aside=" + file + kAside));
}

TEST_F(SpoolTest, AFullDiskLeavesTheOldFileAndNothingElse) {
  ASSERT_TRUE(spool.prepare().ok());
  ASSERT_FALSE(spool.claim(kTap));
  ASSERT_TRUE(save({"old"}).ok());
  // A limit on file size stands in for a full disk: the same error path, another reason.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{4096, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &tight);
  const Status saved = save({std::string(10'000, 'x')});
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(saved.error(), file + ": cannot be written: File too large");
  EXPECT_THAT(load(), ElementsAre("old"));
  EXPECT_FALSE(std::filesystem::exists(file + ".new"));
}

// As two processes do: a lock belongs to an open file.
TEST_F(SpoolTest, ACollectorsFileIsOneProcesssOnly) {
  ASSERT_TRUE(spool.prepare().ok());
  ASSERT_FALSE(spool.claim(kTap));
  EXPECT_FALSE(spool.claim(kTap));
  {
    Spool other(directory, log);
    const auto unclaimed = other.claim(kTap);
    ASSERT_TRUE(unclaimed);
    EXPECT_TRUE(unclaimed->in_use);
    EXPECT_EQ(unclaimed->message,
              "spool.directory " + directory +
                  "/tap.lock: in use by another collector process (PID " +
                  std::to_string(getpid()) +
                  "); stop that one, or give one of the two another directory or the collector "
                  "another name");
    EXPECT_FALSE(other.claim(CollectorName("snmp")));
  }
  EXPECT_FALSE(spool.claim(CollectorName("snmp")));  // free again
}

TEST_F(SpoolTest, ADirectoryThatIsOpenToOthersIsTakenWithAWarning) {
  std::filesystem::create_directories(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::all);
  EXPECT_TRUE(spool.prepare().ok());
  EXPECT_EQ(log.lines, std::vector<std::string>{
                           "level=warning msg=\"spool.directory " + directory +
                           ": open to other users (mode 0777): chmod 700 it, or name a directory "
                           "that nothing else uses\""});
}

TEST_F(SpoolTest, ADirectoryThatCannotBeMadeSaysWhatWillBeLost) {
  std::ofstream(dir.path() + "/deep") << "a file";
  EXPECT_EQ(spool.prepare().error(),
            "spool.directory " + directory +
                ": cannot be used: Not a directory: what is undelivered at a stop will be lost; "
                "make it writable for this user");
}

}  // namespace
}  // namespace itnxt
