#include "daemon/core/log.hpp"

#include <gtest/gtest.h>

#include "tests/support/recording.hpp"

namespace itnxt {
namespace {

TEST(Log, OneLineOfKeysAndValues) {
  test::RecordingLog log;
  log.warning("device answers nothing", {{"device", "r1"}, {"tries", "3"}});
  EXPECT_EQ(log.lines.at(0), R"(level=warning msg="device answers nothing" device=r1 tries=3)");
}

TEST(Log, QuotesAndEscapesHostileValues) {
  test::RecordingLog log;
  log.error("bad", {{"name", "a\nlevel=info msg=\"forged\""}, {"empty", ""}});
  EXPECT_EQ(log.lines.at(0), R"(level=error msg=bad name="a level=info msg=\"forged\"" empty="")");
}

TEST(Log, JournalPrefixOrTime) {
  testing::internal::CaptureStderr();
  StderrLog under_journal(true, [] { return WallTime{}; });
  under_journal.error("x");
  StderrLog in_terminal(false, [] { return WallTime(1s); });
  in_terminal.info("y");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "<3>level=error msg=x\ntime=1970-01-01T00:00:01.000Z level=info msg=y\n");
}

}  // namespace
}  // namespace itnxt
