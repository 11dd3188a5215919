// Trains as tables over time: who answered when, and what is said of it.
#include "collectors/probe/train.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "collectors/probe/pace.hpp"

namespace itnxt::probe {
namespace {

constexpr Duration kPatience = 1s;
Instant at(Duration time) {
  return Instant(time);
}

// A train of which probe i leaves at i · 100 ms.
Train begun(std::uint32_t count) {
  Train train(count);
  train.begin();
  for (std::uint32_t i = 0; i < count; ++i) train.sent(i, at(i * 100ms));
  return train;
}

TEST(Train, RoundTripsByNearestRankAndJitterOfNeighbours) {
  Train train = begun(5);
  const std::array<Duration, 5> rtts = {10ms, 30ms, 20ms, 50ms, 40ms};
  for (std::uint32_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(train.answered(i, at(i * 100ms + rtts[i]), kPatience));
  }
  EXPECT_EQ(train.under_way(), 0U);
  const TrainFigures figures = train.figures();
  EXPECT_EQ(figures.loss, 0.0);
  EXPECT_EQ(figures.rtt, (std::array<Duration, 3>{30ms, 50ms, 50ms}));
  EXPECT_EQ(figures.jitter, Duration(17500us));  // (20 + 10 + 30 + 10) / 4
  EXPECT_EQ(figures.reordered, 0U);
}

TEST(Train, TheQuantilesOfAHundredAreTheir50th90thAnd99th) {
  Train train = begun(100);
  for (std::uint32_t i = 0; i < 100; ++i) {
    train.answered(i, at(i * 100ms + (100 - i) * 1ms), kPatience);
  }
  EXPECT_EQ(train.figures().rtt, (std::array<Duration, 3>{50ms, 90ms, 99ms}));
}

TEST(Train, SilenceIsLossAndJitterDoesNotReachOverIt) {
  Train train = begun(4);
  train.answered(0, at(10ms), kPatience);
  train.answered(2, at(220ms), kPatience);
  EXPECT_EQ(train.under_way(), 2U);
  train.close();
  const TrainFigures figures = train.figures();
  EXPECT_EQ(figures.loss, 0.5);
  EXPECT_EQ(figures.by_outcome[static_cast<std::size_t>(Outcome::lost)], 2U);
  EXPECT_FALSE(figures.jitter);
  EXPECT_EQ(figures.reordered, 0U);
}

TEST(Train, AnAnswerAfterItsTimeoutIsALoss) {
  Train train = begun(2);
  EXPECT_TRUE(train.answered(0, at(1s), kPatience));
  EXPECT_TRUE(train.answered(1, at(1100ms + 1ns), kPatience));
  EXPECT_EQ(train.figures().received, 1U);
  EXPECT_EQ(train.figures().loss, 0.5);
}

// RFC 4737 §3.3: 2 came before 1, so 1 is reordered; 3 is not.
TEST(Train, ReorderedIsWhatComesAfterALaterOne) {
  Train train = begun(4);
  for (const std::uint32_t i : {0U, 2U, 1U, 3U}) train.answered(i, at(400ms + i * 1us), kPatience);
  EXPECT_EQ(train.figures().reordered, 1U);
}

TEST(Train, ASecondAnswerIsADuplicateAndCountsForNothingElse) {
  Train train = begun(2);
  train.answered(0, at(10ms), kPatience);
  EXPECT_FALSE(train.answered(0, at(90ms), kPatience));
  train.answered(1, at(110ms), kPatience);
  const TrainFigures figures = train.figures();
  EXPECT_EQ(figures.duplicates, 1U);
  EXPECT_EQ(figures.received, 2U);
  EXPECT_EQ((*figures.rtt)[2], Duration(10ms));
}

TEST(Train, UnreachableIsToldApartFromSilenceAndIsALossToo) {
  Train train = begun(3);
  EXPECT_TRUE(train.failed(0, Outcome::unreachable));
  EXPECT_FALSE(train.failed(0, Outcome::refused));
  EXPECT_FALSE(train.answered(0, at(10ms), kPatience));
  train.answered(1, at(110ms), kPatience);
  train.close();
  const TrainFigures figures = train.figures();
  EXPECT_EQ(figures.by_outcome[static_cast<std::size_t>(Outcome::unreachable)], 1U);
  EXPECT_EQ(figures.by_outcome[static_cast<std::size_t>(Outcome::lost)], 1U);
  EXPECT_NEAR(*figures.loss, 2.0 / 3, 1e-12);
}

// ARP gives a host up after three seconds; the train was over after one.
TEST(Train, WordsThatComeTooLateStandForTheNextSilence) {
  const auto count = [](const TrainFigures& figures, Outcome outcome) {
    return figures.by_outcome[static_cast<std::size_t>(outcome)];
  };
  Train train = begun(3);
  EXPECT_TRUE(train.failed(0, Outcome::refused));
  train.close();
  EXPECT_FALSE(train.failed(1, Outcome::unreachable)) << "too late";
  TrainFigures figures = train.figures();
  take_late_words(figures, 1);
  EXPECT_EQ(count(figures, Outcome::lost), 1U);
  EXPECT_EQ(count(figures, Outcome::unreachable), 1U);
  EXPECT_EQ(count(figures, Outcome::refused), 1U);
  take_late_words(figures, 9);
  EXPECT_EQ(count(figures, Outcome::unreachable), 2U) << "no more than were silent";
  EXPECT_EQ(*figures.loss, 1);
  Train answered = begun(2);
  (void)answered.answered(0, at(10ms), kPatience);
  answered.close();
  figures = answered.figures();
  take_late_words(figures, 5);
  EXPECT_EQ(count(figures, Outcome::lost), 1U) << "it is there again, and one was lost";
}

TEST(Train, WhatNeverLeftIsNoLoss) {
  Train train = begun(2);
  train.failed(0, Outcome::local);
  train.failed(1, Outcome::local);
  EXPECT_EQ(train.figures().sent, 0U);
  EXPECT_FALSE(train.figures().loss);
}

TEST(Train, BeginningForgets) {
  Train train = begun(2);
  train.answered(1, at(110ms), kPatience);
  train.begin();
  EXPECT_EQ(train.under_way(), 0U);
  EXPECT_FALSE(train.answered(1, at(120ms), kPatience));
  EXPECT_FALSE(train.answered(7, at(120ms), kPatience));
  EXPECT_EQ(train.figures().sent, 0U);
}

RC_GTEST_PROP(TrainProperty, EveryProbeEndsOnce, (const std::vector<std::uint8_t>& events)) {
  constexpr std::uint32_t kCount = 8;
  Train train = begun(kCount);
  Instant now = at(800ms);
  for (const std::uint8_t event : events) {
    now += 1ms;
    const std::uint32_t probe = event % 10;  // two of them are none
    if (event % 3 == 0) {
      train.failed(probe, Outcome::refused);
    } else {
      train.answered(probe, now, kPatience);
    }
  }
  train.close();
  const TrainFigures figures = train.figures();
  std::uint32_t all = 0;
  for (const std::uint32_t count : figures.by_outcome) all += count;
  RC_ASSERT(all == kCount);
  RC_ASSERT(figures.by_outcome[static_cast<std::size_t>(Outcome::pending)] == 0U);
  RC_ASSERT(figures.reordered <= figures.received);
  RC_ASSERT(figures.loss.has_value());
  if (figures.rtt) RC_ASSERT((*figures.rtt)[0] <= (*figures.rtt)[2]);
}

TEST(Pace, TargetsTakeTurnsWithinTheSpacing) {
  Pace pace(at(1s), 100ms, 2, 2);
  EXPECT_FALSE(pace.take(at(999ms)));
  std::vector<std::array<std::uint32_t, 2>> turns;
  std::vector<Duration> times;
  while (const auto next = pace.next_at()) {
    times.push_back(*next - at(1s));
    EXPECT_FALSE(pace.take(*next - 1ns));
    const auto turn = pace.take(*next);
    ASSERT_TRUE(turn);
    turns.push_back({turn->target, turn->probe});
  }
  EXPECT_EQ(times, (std::vector<Duration>{0ms, 50ms, 100ms, 150ms}));
  EXPECT_EQ(turns, (std::vector<std::array<std::uint32_t, 2>>{{0, 0}, {1, 0}, {0, 1}, {1, 1}}));
  EXPECT_FALSE(pace.take(at(9s)));
  EXPECT_FALSE(Pace().next_at());
}

}  // namespace
}  // namespace itnxt::probe
