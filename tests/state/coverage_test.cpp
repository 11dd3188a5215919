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
  // A capture that sees `rate` bytes a second, told every 10 s from `begin` to `end`.
  void capture(Duration begin, Duration end, std::uint64_t rate) {
    for (Duration time = begin; time <= end; time += 10s) {
      const auto elapsed = static_cast<std::uint64_t>((time - begin) / 1s);
      coverage.see_capture(at(time), Bytes(total + rate * elapsed));
    }
    total += rate * static_cast<std::uint64_t>((end - begin) / 1s);
  }
  void port(Duration time, std::optional<double> rate) {
    coverage.see_port(at(time), rate ? std::optional(BytesPerSecond(*rate)) : std::nullopt);
  }
  std::uint64_t total = 0;
};

TEST_F(CoverageTest, UnknownUntilTheCaptureHasPassedAWholeSpan) {
  port(5s, std::nullopt);
  capture(0s, 60s, 80);
  port(65s, 100.0);
  EXPECT_EQ(coverage.ratio(), std::nullopt);
  capture(70s, 70s, 80);  // nothing came since 60 s
  ASSERT_TRUE(coverage.ratio());
  EXPECT_NEAR(*coverage.ratio(), 80.0 * 55 / 6000, 1e-9);
}

TEST_F(CoverageTest, TotalsAreInterpolatedToThePolls) {
  port(7s, std::nullopt);
  capture(0s, 130s, 80);
  port(67s, 100.0);
  port(127s, 60.0);
  ASSERT_TRUE(coverage.ratio());
  EXPECT_NEAR(*coverage.ratio(), 1.0, 1e-9);
}

TEST_F(CoverageTest, OnlyTheLastSpansCount) {
  capture(0s, 600s, 100);
  port(0s, std::nullopt);
  for (int i = 1; i <= 10; ++i) port(i * 60s, i <= 5 ? 1000.0 : 100.0);
  ASSERT_TRUE(coverage.ratio());
  EXPECT_NEAR(*coverage.ratio(), 1.0, 1e-9);
}

TEST_F(CoverageTest, ARateThatWasWithheldBeginsAnew) {
  capture(0s, 300s, 100);
  port(0s, std::nullopt);
  port(60s, 400.0);
  EXPECT_NEAR(coverage.ratio().value_or(0), 0.25, 1e-9);
  port(120s, std::nullopt);
  EXPECT_EQ(coverage.ratio(), std::nullopt);
  port(180s, 100.0);
  EXPECT_NEAR(coverage.ratio().value_or(0), 1.0, 1e-9);
}

TEST_F(CoverageTest, APollWithoutThePortChangesNothing) {
  capture(0s, 120s, 100);
  port(0s, std::nullopt);
  port(60s, 100.0);
  port(60s, 100.0);
  EXPECT_NEAR(coverage.ratio().value_or(0), 1.0, 1e-9);
}

TEST_F(CoverageTest, ATotalThatFallsIsAnotherLife) {
  capture(0s, 120s, 100);
  port(0s, std::nullopt);
  port(60s, 100.0);
  coverage.see_capture(at(130s), Bytes(7));
  EXPECT_EQ(coverage.ratio(), std::nullopt);
}

TEST_F(CoverageTest, AnIdlePortTellsNothing) {
  capture(0s, 120s, 0);
  port(0s, std::nullopt);
  port(60s, 0.0);
  EXPECT_EQ(coverage.ratio(), std::nullopt);
}

TEST_F(CoverageTest, AClockThatStandsStillOrGoesBackIsHeldOff) {
  capture(0s, 120s, 100);
  port(60s, std::nullopt);
  port(30s, 100.0);
  EXPECT_EQ(coverage.ratio(), std::nullopt);
}

}  // namespace
}  // namespace itnxt
