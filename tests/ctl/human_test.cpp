#include "daemon/ctl/human.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace itnxt::ctl {
namespace {

TEST(Human, BitRate) {
  struct Row {
    std::optional<double> bytes;
    const char* rate;
    const char* capacity;
  };
  for (const Row& row : {
           Row{std::nullopt, "-", "-"},
           Row{-1, "-", "-"},
           Row{std::numeric_limits<double>::infinity(), "-", "-"},
           Row{std::nan(""), "-", "-"},
           Row{0, "0 bit/s", "0 bit/s"},
           Row{99.875, "799 bit/s", "799 bit/s"},
           Row{124.9, "999 bit/s", "999 bit/s"},
           Row{124.95, "1.00 kbit/s", "1 kbit/s"},
           Row{125, "1.00 kbit/s", "1 kbit/s"},
           Row{1'537'500, "12.3 Mbit/s", "12.3 Mbit/s"},
           Row{1'249'400, "10.0 Mbit/s", "10 Mbit/s"},
           Row{12'494'000, "100 Mbit/s", "100 Mbit/s"},
           Row{312'500'000, "2.50 Gbit/s", "2.5 Gbit/s"},
           Row{1'250'000'000, "10.0 Gbit/s", "10 Gbit/s"},
           Row{12'500'000'000, "100 Gbit/s", "100 Gbit/s"},
       }) {
    EXPECT_EQ(bit_rate(row.bytes), row.rate);
    EXPECT_EQ(capacity(row.bytes), row.capacity);
  }
}

TEST(Human, Percent) {
  struct Row {
    std::optional<double> ratio;
    const char* text;
  };
  for (const Row& row :
       {Row{std::nullopt, "-"}, Row{std::nan(""), "-"}, Row{-0.1, "-"}, Row{0, "0 %"},
        Row{0.004, "0.4 %"}, Row{0.0994, "9.9 %"}, Row{0.0996, "10 %"}, Row{0.434, "43 %"},
        Row{1, "100 %"}, Row{1.04, "104 %"}}) {
    EXPECT_EQ(percent(row.ratio), row.text);
  }
}

TEST(Human, Age) {
  struct Row {
    std::optional<Duration> since;
    const char* text;
  };
  for (const Row& row : {Row{std::nullopt, "-"}, Row{-1s, "-"}, Row{0s, "0s"}, Row{999ms, "0s"},
                         Row{12s, "12s"}, Row{60s, "1m"}, Row{5min + 12s, "5m 12s"},
                         Row{2h + 59s, "2h"}, Row{76h + 5min, "3d 4h"}, Row{24h * 497, "497d"}}) {
    EXPECT_EQ(age(row.since), row.text);
  }
}

TEST(Human, Grouped) {
  EXPECT_EQ(grouped(std::nullopt), "-");
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1\u2009000");
  EXPECT_EQ(grouped(1234567), "1\u2009234\u2009567");
}

TEST(Human, ParsesTimesOfOtherZones) {
  const auto utc = parse_rfc3339("2026-12-01T21:00:00.123Z");
  ASSERT_TRUE(utc);
  EXPECT_EQ(to_rfc3339(*utc), "2026-12-01T21:00:00.123Z");
  EXPECT_EQ(parse_rfc3339("2026-12-01T22:00:00.123+01:00"), utc);
  EXPECT_EQ(parse_rfc3339("2026-12-01T15:30:00.123-05:30"), utc);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), WallTime(0s));
}

TEST(Human, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "now", "2026-12-01", "2026-12-01 21:00:00Z", "2026-12-01T21:00:00",
        "2026-13-01T21:00:00Z", "2026-02-30T21:00:00Z", "2026-12-01T24:00:00Z",
        "2026-12-01T21:00:00.Z", "2026-12-01T21:00:00+1:00", "2026-12-01T21:00:00Zulu",
        "9999-12-01T21:00:00Z", "2026-12-01T21:0:000Z"}) {
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(Human, TimesSurviveTheirText, ()) {
  const auto millis = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000);
  const WallTime at(std::chrono::milliseconds{millis});
  RC_ASSERT(parse_rfc3339(to_rfc3339(at)) == at);
}

RC_GTEST_PROP(Human, RatesStayShort, (double bytes)) {
  if (std::fabs(bytes) > 1e19) return;
  RC_ASSERT(bit_rate(bytes).size() <= sizeof "9.99 Mbit/s" + 2);
}

TEST(Human, ByteCount) {
  EXPECT_EQ(byte_count(std::nullopt), "-");
  EXPECT_EQ(byte_count(-1), "-");
  EXPECT_EQ(byte_count(0), "0 B");
  EXPECT_EQ(byte_count(999), "999 B");
  EXPECT_EQ(byte_count(12'345'678), "12.3 MB");
  EXPECT_EQ(byte_count(1e9), "1.00 GB");
}

}  // namespace
}  // namespace itnxt::ctl
