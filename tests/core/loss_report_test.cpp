#include "daemon/core/loss_report.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace itnxt::test {
namespace {

using Due = LossReport::Due;

TEST(LossReport, AtOnceThenSeldomerAndATotalAtTheEnd) {
  LossReport report;
  Instant now(1h);
  std::vector<std::int64_t> at;
  std::uint64_t lost = 0;
  for (int second = 0; second < 3600; ++second, now += 1s) {
    if (report.due(++lost, now)) at.push_back(second);
  }
  EXPECT_EQ(at, (std::vector<std::int64_t>{0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030}));
  EXPECT_EQ(report.unsaid(lost), 569U);
  std::vector<Due> rest;
  for (int second = 0; second < 3600; ++second, now += 1s) {
    if (const auto due = report.due(lost, now)) rest.push_back(*due);
  }
  EXPECT_EQ(rest, (std::vector<Due>{{569, false}, {3600, true}}));
  EXPECT_EQ(report.unsaid(lost), 0U);
}

TEST(LossReport, NothingIsLostNothingIsSaid) {
  LossReport report;
  for (int second = 0; second < 600; ++second) EXPECT_FALSE(report.due(0, Instant(second * 1s)));
}

TEST(LossReport, TheNextOutageBeginsAnew) {
  LossReport report;
  const Instant now(1h);
  EXPECT_EQ(report.due(3, now), (Due{3, false}));
  EXPECT_EQ(report.due(3, now + 119s), std::nullopt);
  EXPECT_EQ(report.due(3, now + 120s), (Due{3, true}));
  EXPECT_EQ(report.due(5, now + 121s), (Due{2, false}));
  EXPECT_EQ(report.due(6, now + 122s), std::nullopt);
  EXPECT_EQ(report.due(6, now + 131s), (Due{1, false}));
  EXPECT_EQ(report.due(6, now + 242s), (Due{3, true}));
}

}  // namespace
}  // namespace itnxt::test
