#include "daemon/io/directory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace itnxt {
namespace {

unsigned mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777U;
}

// Relative paths begin in the folder of the test.
class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() {
    std::filesystem::current_path(dir.path());
    umask(0);
  }
  ~DirectoryTest() override {
    umask(mask_);
    std::filesystem::current_path(before_);
  }
  test::TempDir dir;

 private:
  const std::filesystem::path before_ = std::filesystem::current_path();
  const mode_t mask_ = umask(0);
};

TEST_F(DirectoryTest, EveryPartThatIsMadeIsForThisUserOnly) {
  ASSERT_FALSE(make_directory(dir.path() + "/one/two/three"));
  for (const char* made : {"one", "one/two", "one/two/three"}) EXPECT_EQ(mode_of(made), 0700U);
  ASSERT_FALSE(make_directory(dir.path() + "/one/two/three"));  // and again
}

TEST_F(DirectoryTest, APathMayBeRelativeOfOnePartOrEndWithASlash) {
  for (const char* path : {"sp", "./dot", "end/", "a/../b", "."}) {
    EXPECT_FALSE(make_directory(path)) << path;
    EXPECT_TRUE(std::filesystem::is_directory(path)) << path;
  }
}

TEST_F(DirectoryTest, WhatIsThereKeepsItsMode) {
  ASSERT_EQ(mkdir("there", 0755), 0);
  ASSERT_FALSE(make_directory("there/made"));
  EXPECT_EQ(mode_of("there"), 0755U);
}

TEST_F(DirectoryTest, WhatIsOpenToOthersIsSaid) {
  ASSERT_EQ(mkdir("all", 0777), 0);
  EXPECT_EQ(open_to_others("some.key", "all"),
            "some.key all: open to other users (mode 0777): chmod 700 it, or name a directory that "
            "nothing else uses");
  for (const mode_t open : {01777U, 0755U, 0770U, 0701U}) {
    ASSERT_EQ(chmod("all", open), 0);
    EXPECT_TRUE(open_to_others("some.key", "all")) << open;
  }
  for (const mode_t closed : {0700U, 0750U}) {
    ASSERT_EQ(chmod("all", closed), 0);
    EXPECT_EQ(open_to_others("some.key", "all"), std::nullopt) << closed;
  }
  EXPECT_EQ(open_to_others("some.key", "missing"), std::nullopt);
}

TEST_F(DirectoryTest, WhatIsInTheWayIsNamed) {
  std::ofstream("file") << "x";
  const auto trouble = make_directory("file/below");
  ASSERT_TRUE(trouble);
  EXPECT_EQ(trouble->path, "file");
  EXPECT_EQ(trouble->error, ENOTDIR);
  EXPECT_EQ(make_directory("")->error, ENOENT);
}

}  // namespace
}  // namespace itnxt
