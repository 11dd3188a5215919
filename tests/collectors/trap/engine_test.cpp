// The engine that informs are sent to: who it is outlives the process.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "collectors/trap/own_engine.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::trap {
namespace {

namespace fs = std::filesystem;

TEST(OwnEngine, EachStartIsABoot) {
  const itnxt::test::TempDir dir;
  const std::string path = dir.path() + "/traps.engine";
  const OpenedEngine first = open_engine(path);
  EXPECT_EQ(first.state.boots, 1U);
  EXPECT_EQ(first.problem, "");
  EXPECT_EQ(first.state.id.bytes().size(), 17U);
  const OpenedEngine second = open_engine(path);
  EXPECT_EQ(second.state.boots, 2U);
  EXPECT_EQ(second.state.id, first.state.id);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_FALSE(fs::exists(path + ".new"));
}

TEST(OwnEngine, AFileThatCannotBeUsedIsAnotherEngine) {
  const itnxt::test::TempDir dir;
  const std::string path = dir.path() + "/traps.engine";
  const OpenedEngine first = open_engine(path);
  for (const char* text : {"", "x", "itnxt trap engine 1 8000 1\n", "itnxt trap engine 1 zz 1\n",
                           "itnxt trap engine 1 8000000001020304 -1\n",
                           "itnxt trap engine 1 8000000001020304 2147483648\n"}) {
    std::ofstream(path, std::ios::trunc) << text;
    const OpenedEngine opened = open_engine(path);
    EXPECT_EQ(opened.problem, "it is no file of this version of itnxt") << text;
    EXPECT_EQ(opened.state.boots, 1U);
    EXPECT_NE(opened.state.id, first.state.id);
  }
  EXPECT_EQ(open_engine(path).problem, "") << "it has been written anew";
}

TEST(OwnEngine, WithoutAPlaceItIsAnotherEachTime) {
  const OpenedEngine one = open_engine("");
  EXPECT_EQ(one.problem, "there is no directory for its file");
  EXPECT_NE(one.state.id, open_engine("").state.id);
  EXPECT_EQ(open_engine("/nonexistent/traps.engine").problem, "No such file or directory");
}

// RFC 3414 §2.2.2: such an engine could believe nobody.
TEST(OwnEngine, BootsThatAreUsedUpAreAnotherEngine) {
  const itnxt::test::TempDir dir;
  const std::string path = dir.path() + "/traps.engine";
  std::ofstream(path) << "itnxt trap engine 1 8000000001020304 2147483646\n";
  const OpenedEngine opened = open_engine(path);
  EXPECT_EQ(opened.state.boots, 1U);
  EXPECT_NE(to_text(opened.state.id), "0x8000000001020304");
}

TEST(OwnEngine, ItsTextComesBack) {
  const EngineState state{random_engine_id(), 77};
  const auto back = decode_engine(encode_engine(state));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, state.id);
  EXPECT_EQ(back->boots, 77U);
}

TEST(OwnEngine, TheWindowIsFromBothSides) {
  const OwnEngine engine({random_engine_id(), 5}, Instant{});
  EXPECT_TRUE(engine.is_timely(5, 1000, Instant(1000s)));
  EXPECT_TRUE(engine.is_timely(5, 850, Instant(1000s)));
  EXPECT_TRUE(engine.is_timely(5, 1150, Instant(1000s)));
  EXPECT_FALSE(engine.is_timely(5, 849, Instant(1000s)));
  EXPECT_FALSE(engine.is_timely(5, 1151, Instant(1000s)));
  EXPECT_FALSE(engine.is_timely(4, 1000, Instant(1000s)));
  EXPECT_FALSE(engine.is_timely(6, 1000, Instant(1000s)));
}

}  // namespace
}  // namespace itnxt::trap
