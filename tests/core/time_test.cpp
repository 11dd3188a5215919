#include "daemon/core/time.hpp"

#include <gtest/gtest.h>

namespace itnxt {
namespace {

TEST(Time, PrintsUtcWithMilliseconds) {
  EXPECT_EQ(to_rfc3339(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(WallTime(std::chrono::milliseconds(1'795'440'055'042))),
            "2026-11-23T13:20:55.042Z");
  EXPECT_EQ(to_rfc3339(WallTime(-1ms)), "1969-12-31T23:59:59.999Z");
}

TEST(Time, PrintsDurationsForPeople) {
  EXPECT_EQ(to_text(0s), "0s");
  EXPECT_EQ(to_text(500ms), "500ms");
  EXPECT_EQ(to_text(90min), "1h30m");
  EXPECT_EQ(to_text(72h), "3d");
  EXPECT_EQ(to_text(-90s), "-1m30s");
  EXPECT_EQ(to_text(1500us), "1ms");
}

TEST(Time, TimeTicksWrapAfter497Days) {
  EXPECT_EQ(elapsed(TimeTicks{100}, TimeTicks{350}), 2500ms);
  EXPECT_EQ(elapsed(TimeTicks{0xFFFFFFFF}, TimeTicks{99}), 1s);
  EXPECT_EQ(elapsed(TimeTicks{7}, TimeTicks{7}), 0s);
}

TEST(Time, SecondsAreDoubles) {
  EXPECT_DOUBLE_EQ(seconds(1500ms), 1.5);
  EXPECT_DOUBLE_EQ(unix_seconds(WallTime(2s)), 2.0);
  EXPECT_EQ(source_time(Instant(3s)), SourceTime(3s));
}

}  // namespace
}  // namespace itnxt
