#include "daemon/state/coverage.hpp"

#include <gtest/gtest.h>

namespace itnxt {
namespace {

WallTime at(Duration time) {
  return WallTime(Duration(1'700'000'000s) + time);
}

class CoverageTest : public testing::Test {
 protected:
  Coverage coverage;
  std::uint64_t seen = 0;
  std::uint64_t counted = 0;
  Duration now = 0s;

  void capture() { coverage.see_capture(at(now), Bytes(seen)); }
  void port(bool continues = true, Duration time = Duration(-1)) {
    coverage.see_port({at(time < 0s ? now : time), Counter{counted}, Counter{7}, continues});
  }
  // Both once a second, without lag.
  void run(Duration time, std::uint64_t seen_a_second, std::uint64_t counted_a_second) {
    for (const Duration end = now + time; now < end;) {
      now += 1s;
      seen += seen_a_second;
      counted += counted_a_second;
      capture();
      port();
    }
  }
};

TEST_F(CoverageTest, UnknownUntilTheWindowIsLongAgainstTheLag) {
  run(60s, 10'000, 10'000);
  EXPECT_EQ(coverage.ratio(), std::nullopt);
  run(60s, 10'000, 10'000);
  EXPECT_EQ(coverage.ratio(), 1.0);
}

TEST_F(CoverageTest, AHostsOwnCountersAreTrustedSooner) {
  for (; now < 60s; now += 1s) {
    capture();
    coverage.see_port({at(now), Counter{counted}, Counter{0}, now > 0s, kHostLag});
    seen += 4000;
    counted += 10'000;
  }
  ASSERT_TRUE(coverage.ratio());
  EXPECT_NEAR(*coverage.ratio(), 0.4, 0.03);
}

TEST_F(CoverageTest, ALossShowsWithinTwoMinutesAndIsNotForgotten) {
  run(600s, 10'000, 10'000);
  EXPECT_EQ(coverage.ratio(), 1.0);
  run(60s, 3'000, 10'000);
  EXPECT_LT(coverage.ratio().value_or(1), 0.9);
  run(120s, 3'000, 10'000);
  EXPECT_NEAR(coverage.ratio().value_or(1), 0.3, 0.03);
  run(600s, 3'000, 10'000);
  EXPECT_NEAR(coverage.ratio().value_or(1), 0.3, 0.01);
}

TEST_F(CoverageTest, ALongerWindowShowsSmallLosses) {
  run(600s, 9'000, 10'000);
  EXPECT_NEAR(coverage.ratio().value_or(1), 0.9, 0.01);
}

TEST_F(CoverageTest, ABlindCaptureIsZero) {
  seen = 5'000'000;
  run(80s, 0, 10'000);
  EXPECT_EQ(coverage.ratio(), 0.0);
}

TEST_F(CoverageTest, ARateThatWasWithheldBeginsAnew) {
  run(300s, 4'000, 10'000);
  EXPECT_TRUE(coverage.ratio());
  now += 1s;
  capture();
  port(false);
  EXPECT_EQ(coverage.ratio(), std::nullopt);
  run(300s, 10'000, 10'000);
  EXPECT_EQ(coverage.ratio(), 1.0);
}

TEST_F(CoverageTest, APortWithoutByteCountersTellsNothing) {
  run(300s, 10'000, 10'000);
  coverage.see_port({at(now + 1s), Counter{counted}, std::nullopt, true});
  EXPECT_EQ(coverage.ratio(), std::nullopt);
  run(10s, 10'000, 10'000);
  EXPECT_EQ(coverage.ratio(), std::nullopt);
}

TEST_F(CoverageTest, APollWithoutThePortChangesNothing) {
  run(300s, 10'000, 10'000);
  port(false);
  EXPECT_EQ(coverage.ratio(), 1.0);
}

TEST_F(CoverageTest, ATotalThatFallsIsAnotherLife) {
  run(300s, 10'000, 10'000);
  coverage.see_capture(at(now + 1s), Bytes(7));
  EXPECT_EQ(coverage.ratio(), std::nullopt);
}

TEST_F(CoverageTest, NextToNothingTellsNothing) {
  run(600s, 10, 100);  // 60,000 bytes
  EXPECT_EQ(coverage.ratio(), std::nullopt);
}

TEST_F(CoverageTest, AnIdlePortSoonTellsNothing) {
  run(300s, 4'000, 10'000);
  run(300s, 0, 0);
  EXPECT_NEAR(coverage.ratio().value_or(1), 0.4, 0.01);
  run(320s, 0, 0);
  EXPECT_EQ(coverage.ratio(), std::nullopt);
}

TEST_F(CoverageTest, AnAgentThatHoldsItsCountersForTooLongTellsNothing) {
  for (int i = 0; i < 20; ++i) {
    run(29s, 10'000, 0);
    run(1s, 10'000, 300'000);
    EXPECT_EQ(coverage.ratio(), std::nullopt);
  }
}

TEST_F(CoverageTest, AClockThatGoesBackBeginsAnew) {
  run(300s, 10'000, 10'000);
  port(true, now - 10s);
  EXPECT_EQ(coverage.ratio(), std::nullopt);
}

TEST_F(CoverageTest, NarrowCountersWrap) {
  constexpr std::uint64_t kBegin = 0xFFFF'0000U;
  for (; now < 300s; now += 1s) {
    capture();
    const Counter narrow{(kBegin + counted) & 0xFFFF'FFFFU, CounterWidth::bits32};
    coverage.see_port({at(now), narrow, Counter{0}, now > 0s});
    seen += 10'000;
    counted += 10'000;
  }
  EXPECT_EQ(coverage.ratio(), 1.0);
}

TEST_F(CoverageTest, ACounterThatWentBackDidNotGoOn) {
  run(300s, 10'000, 10'000);
  counted = 0;
  run(1s, 10'000, 10'000);
  EXPECT_EQ(coverage.ratio(), std::nullopt);
}

}  // namespace
}  // namespace itnxt
