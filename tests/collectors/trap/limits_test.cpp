// What keeps a storm small, over time.
#include "collectors/trap/limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace itnxt::trap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant at(Duration since) {
  return Instant(since);
}
const DeviceName kCore("core");
const DeviceName kEdge("edge");

TEST(StormLimit, ABurstThenTheRateAndTheRestCounted) {
  StormLimit limit(2);
  int told = 0;
  for (int i = 0; i < 30; ++i) told += limit.admits("a", at(0s)) ? 1 : 0;
  EXPECT_EQ(told, 20) << "ten seconds' worth";
  EXPECT_TRUE(limit.admits("b", at(0s))) << "another has a bucket of its own";
  EXPECT_FALSE(limit.admits("a", at(400ms)));
  EXPECT_TRUE(limit.admits("a", at(1s)));
  EXPECT_EQ(limit.withheld(), 11U);
  const auto withheld = limit.take(at(1s));
  ASSERT_EQ(withheld.size(), 1U);
  EXPECT_EQ(withheld[0].sender, "a");
  EXPECT_EQ(withheld[0].count, 11U);
  EXPECT_THAT(limit.take(at(1min)), IsEmpty());
}

TEST(StormLimit, AnotherRateForgetsNothing) {
  StormLimit limit(1);
  for (int i = 0; i < 11; ++i) (void)limit.admits("a", at(0s));
  limit.set(10);
  EXPECT_EQ(limit.withheld(), 1U);
  EXPECT_FALSE(limit.admits("a", at(0s))) << "what it has spent is spent";
  EXPECT_TRUE(limit.admits("a", at(100ms)));
}

TEST(StormLimit, SendersWithoutEndShareOneBucket) {
  StormLimit limit(1);
  for (std::size_t i = 0; i < StormLimit::kMostSenders; ++i) {
    EXPECT_TRUE(limit.admits(std::to_string(i), at(0s)));
  }
  int told = 0;
  for (int i = 0; i < 1000; ++i) told += limit.admits("new " + std::to_string(i), at(0s)) ? 1 : 0;
  EXPECT_EQ(told, 10);
  EXPECT_TRUE(limit.admits("0", at(0s))) << "who was there goes on";
  (void)limit.take(at(1min));  // all are quiet
  EXPECT_TRUE(limit.admits("new", at(1min)));
}

TEST(PollPace, AtOnceThenOnceMoreAtTheEndOfTheQuietTime) {
  PollPace pace;
  EXPECT_TRUE(pace.ask(kCore, {7, false, false}, at(0s)));
  EXPECT_FALSE(pace.next_due());
  EXPECT_FALSE(pace.ask(kCore, {8, true, false}, at(1s)));
  EXPECT_FALSE(pace.ask(kCore, {0, {}, true}, at(2s)));
  EXPECT_TRUE(pace.ask(kEdge, {}, at(2s))) << "each has its own";
  EXPECT_EQ(pace.next_due(), at(5s));
  EXPECT_THAT(pace.take_due(at(4999ms)), IsEmpty());
  const auto due = pace.take_due(at(5s));
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].device, kCore);
  EXPECT_EQ(due[0].reason.if_index, 8U);
  EXPECT_EQ(due[0].reason.up, true);
  EXPECT_TRUE(due[0].reason.tables);
  EXPECT_FALSE(pace.ask(kCore, {}, at(6s))) << "that was a poll, too";
  EXPECT_EQ(pace.take_due(at(10s)).size(), 1U);
  EXPECT_THAT(pace.take_due(at(20s)), IsEmpty());
  EXPECT_TRUE(pace.ask(kCore, {}, at(20s)));
}

TEST(PollPace, ATimerThatIsLateLosesNobody) {
  PollPace pace;
  EXPECT_TRUE(pace.ask(kCore, {}, at(0s)));
  EXPECT_TRUE(pace.ask(kEdge, {}, at(1s)));
  EXPECT_FALSE(pace.ask(kCore, {7, {}, false}, at(2s)));
  EXPECT_FALSE(pace.ask(kCore, {8, {}, false}, at(7s))) << "it has waited for longer";
  EXPECT_EQ(pace.next_due(), at(5s));
  const auto due = pace.take_due(at(7s));
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].reason.if_index, 8U);
  EXPECT_TRUE(pace.ask(kEdge, {}, at(7s)));
  EXPECT_FALSE(pace.ask(kCore, {}, at(11s)));
  EXPECT_EQ(pace.take_due(at(12s)).size(), 1U);
}

TEST(PollPace, ThousandsOfDevicesAreNoWork) {
  PollPace pace;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 20'000; ++i) {
      EXPECT_TRUE(pace.ask(DeviceName(std::to_string(i)), {}, at(round * 10s)));
      EXPECT_FALSE(pace.next_due());
    }
  }
}

TEST(PollPace, AFloodIsOnePollEachFiveSeconds) {
  PollPace pace;
  int polls = 0;
  for (Duration t = 0s; t < 30s; t += 1ms) {
    polls += static_cast<int>(pace.take_due(at(t)).size());
    polls += pace.ask(kCore, {1, false, false}, at(t)) ? 1 : 0;
  }
  EXPECT_EQ(polls, 6);
}

// Asks at each time, then tells at which of them a poll was made.
class PaceTest : public testing::Test {
 protected:
  // True: it was polled at once.
  bool ask(Duration t, std::uint32_t if_index = 1) {
    const bool polled = pace.ask(kCore, {if_index, false, false}, at(t));
    polls += polled ? 1 : 0;
    return polled;
  }
  // The interface that is polled then; 0: none.
  std::uint32_t due(Duration t) {
    const auto found = pace.take_due(at(t));
    polls += static_cast<int>(found.size());
    return found.empty() ? 0 : found[0].reason.if_index;
  }
  PollPace pace;
  int polls = 0;
};

TEST_F(PaceTest, WhoWasRightIsPolledAgainAtOnce) {
  EXPECT_TRUE(ask(0s, 7));
  EXPECT_FALSE(ask(1ms, 8)) << "nobody knows yet whether that is true";
  EXPECT_EQ(pace.next_due(), at(5s)) << "not forgotten in any case";
  pace.confirmed(kCore, at(2ms));
  EXPECT_LE(pace.next_due(), at(2ms));
  EXPECT_EQ(due(2ms), 8U);
  EXPECT_FALSE(pace.next_due());
  pace.confirmed(kCore, at(4ms));
  EXPECT_TRUE(ask(1s, 9));
}

// A loss is followed by what is no change to be seen: the routes that went with it.
TEST_F(PaceTest, AChangePaysForTwo) {
  EXPECT_TRUE(ask(0s));
  pace.confirmed(kCore, at(1ms));
  EXPECT_TRUE(ask(10ms));
  EXPECT_TRUE(ask(20ms));
  EXPECT_FALSE(ask(30ms));
  EXPECT_EQ(due(20ms + 4999ms), 0U);
  EXPECT_EQ(due(20ms + 5s), 1U);
}

TEST_F(PaceTest, WhatWasPaidForIsBoundedAndEndsWithTheQuietTime) {
  EXPECT_TRUE(ask(0s));
  for (int i = 0; i < 100; ++i) pace.confirmed(kCore, at(1ms));
  for (int i = 0; i < 100; ++i) (void)ask(10ms);
  EXPECT_EQ(polls, 1 + PollPace::kMostPaid);
  EXPECT_EQ(due(5010ms), 1U);
  EXPECT_TRUE(ask(20s));
  EXPECT_FALSE(ask(20s)) << "nothing is left";
}

// A port that flaps is right each time: its device has to bear ten at once, then two a second.
TEST_F(PaceTest, WhoIsRightWithoutEndIsPolledTwiceASecond) {
  for (Duration t = 0s; t < 30s; t += 1ms) {
    if (due(t) != 0 || ask(t)) pace.confirmed(kCore, at(t));
  }
  EXPECT_GE(polls, 60);
  EXPECT_LE(polls, 70);
}

TEST_F(PaceTest, AConfirmationOfWhoWasNotAskedForIsNothing) {
  pace.confirmed(kCore, at(0s));
  EXPECT_TRUE(ask(0s));
  EXPECT_FALSE(ask(1ms));
  pace.confirmed(kEdge, at(1ms));
  EXPECT_FALSE(ask(2ms));
}

// One real change in a flood of forged traps: two polls more, then every five seconds as before.
TEST_F(PaceTest, AFloodAroundAChangeGainsTwoPolls) {
  for (Duration t = 0s; t < 30s; t += 1ms) {
    (void)due(t);
    (void)ask(t);
    if (t == 7s) pace.confirmed(kCore, at(t));
  }
  EXPECT_LE(polls, 6 + 2);
}

TEST(Seen, OnceWithinTheWindow) {
  Seen seen;
  EXPECT_TRUE(seen.insert(1, at(0s)));
  EXPECT_TRUE(seen.contains(1, at(1s)));
  EXPECT_FALSE(seen.insert(1, at(1s)));
  EXPECT_FALSE(seen.contains(1, at(Seen::kWindow)));
  EXPECT_TRUE(seen.insert(1, at(Seen::kWindow)));
  for (std::uint64_t i = 2; i < 2 + Seen::kMost; ++i) seen.insert(i, at(Seen::kWindow));
  EXPECT_FALSE(seen.contains(1, at(Seen::kWindow))) << "the oldest goes";
  EXPECT_TRUE(seen.contains(2, at(Seen::kWindow)));
}

class MissingTest : public testing::Test {
 protected:
  std::vector<std::uint32_t> due(Duration t) {
    std::vector<std::uint32_t> found;
    for (const auto& one : missing.take_due(at(t))) found.push_back(one.if_index);
    return found;
  }
  MissingTraps missing;
};

TEST_F(MissingTest, OfWhoHasNeverSentATrapNothingIsMissing) {
  missing.lost(kCore, 7, at(0s));
  EXPECT_THAT(due(1min), IsEmpty());
  missing.heard(kCore, std::nullopt, at(1min));  // a coldStart: now it has
  missing.lost(kCore, 7, at(2min));
  EXPECT_THAT(due(2min + 9s), IsEmpty()) << "it may come yet";
  EXPECT_THAT(due(2min + 10s), ElementsAre(7U));
  EXPECT_EQ(missing.counts().at(kCore), 1U);
  EXPECT_THAT(due(3min), IsEmpty()) << "once";
}

TEST_F(MissingTest, ATrapBeforeOrSoonAfterTheLossTellsIt) {
  missing.heard(kCore, 7, at(0s));
  missing.lost(kCore, 7, at(1s));
  missing.lost(kCore, 8, at(1s));
  missing.heard(kCore, 8, at(5s));
  missing.lost(kCore, 9, at(5s));
  EXPECT_THAT(due(1min), ElementsAre(9U));
  missing.lost(kCore, 7, at(61s));
  EXPECT_THAT(due(2min), ElementsAre(7U)) << "that trap was of an earlier loss";
  missing.heard(kCore, 0, at(3min));  // of which interface it did not say
  missing.lost(kCore, 1, at(3min));
  EXPECT_THAT(due(4min), IsEmpty());
}

// Hundreds of links go at once: each trap was heard, whatever is kept of them.
TEST_F(MissingTest, MoreTrapsThanAreKeptAreNoneMissing) {
  const auto many = static_cast<std::uint32_t>(2 * MissingTraps::kMostOfDevice);
  for (std::uint32_t i = 1; i <= many; ++i) missing.heard(kCore, i, at(0s));
  for (std::uint32_t i = 1; i <= many; ++i) missing.lost(kCore, i, at(1s));
  EXPECT_THAT(due(1min), IsEmpty());
  missing.lost(kCore, 1, at(61s));
  EXPECT_THAT(due(2min), ElementsAre(1U)) << "those are long past";
}

TEST_F(MissingTest, APortThatFlapsTakesOnePlace) {
  for (std::uint32_t i = 0; i < 2 * MissingTraps::kMostOfDevice; ++i) {
    missing.heard(kCore, 7, at(0s));
  }
  missing.lost(kCore, 8, at(1s));
  EXPECT_THAT(due(1min), ElementsAre(8U));
}

TEST_F(MissingTest, ItIsBounded) {
  missing.heard(kCore, std::nullopt, at(0s));
  for (std::uint32_t i = 0; i < 10'000; ++i) missing.lost(kCore, i, at(0s));
  EXPECT_EQ(due(1min).size(), MissingTraps::kMostOfDevice);
  missing.forget(kCore);
  EXPECT_TRUE(missing.counts().empty());
}

}  // namespace
}  // namespace itnxt::trap
