#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/io/batch_queue_world.hpp"

namespace itnxt::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(DeliveryTest, ABatchIsSentOnceAndKeptUntilAcknowledged) {
  make({}, 1);
  push(1, 3);
  EXPECT_THAT(pump(0), ElementsAre("1", "2", "3"));
  EXPECT_THAT(pump(0), IsEmpty());
  EXPECT_TRUE(ack(0, 2));  // in any order
  EXPECT_TRUE(ack(0, 1));
  EXPECT_FALSE(queue->empty());
  EXPECT_TRUE(ack(0, 3));
  EXPECT_TRUE(queue->empty());
  EXPECT_EQ(queue->size(), Bytes(0));
  EXPECT_EQ(queue->in_memory(), Bytes(0));
}

TEST_F(DeliveryTest, AnAckOfNothingInFlightIsNone) {
  make({}, 1);
  push(1, 2);
  EXPECT_FALSE(ack(0, 1));  // not sent yet
  pump(0);
  EXPECT_FALSE(queue->acknowledge(0, {kTap, kEpoch, 1}, kStart));
  EXPECT_FALSE(queue->acknowledge(0, {kSnmp, kEpoch + 1, 1}, kStart));
  EXPECT_FALSE(ack(0, 3));
  EXPECT_TRUE(ack(0, 1));
  EXPECT_FALSE(ack(0, 1));  // twice
  EXPECT_EQ(queue->waiting(), 1U);
}

TEST_F(DeliveryTest, TheWindowBoundsWhatIsInFlight) {
  make({.window = 2}, 1);
  push(1, 4);
  EXPECT_THAT(pump(0), ElementsAre("1", "2"));
  ack(0, 1);
  EXPECT_THAT(pump(0), ElementsAre("3", "4"));  // as the ack's credit allows: 64
}

TEST_F(DeliveryTest, AnAcksCreditIsTheWindowFromThenOn) {
  make({}, 1);
  push(1, 9);
  EXPECT_THAT(pump(0), ElementsAre("1", "2", "3", "4"));  // slow start
  ack(0, 1, kStart, 2);
  EXPECT_THAT(pump(0), IsEmpty());
  ack(0, 2, kStart, 2);
  ack(0, 3, kStart, 2);
  EXPECT_THAT(pump(0), ElementsAre("5"));
  queue->reset(0);  // another connection begins with what is written in the format
  EXPECT_THAT(pump(0), ElementsAre("4", "5", "6", "7"));
}

TEST_F(DeliveryTest, TheWindowIsWhatAnEndpointAnswersAtOnce) {
  make({}, 1);
  push(1, 40);
  EXPECT_EQ(pump(0).size(), 4U);
  for (std::uint64_t i = 1; i <= 4; ++i) ack(0, i, kStart + 100ms);
  EXPECT_EQ(pump(0, kStart + 100ms).size(), 7U);  // twice as many bytes
  for (std::uint64_t i = 5; i <= 11; ++i)
    ack(0, i, kStart + 3s);  // a link of four batches a second
  EXPECT_EQ(pump(0, kStart + 3s).size(), 1U);
}

// It says nothing of what it would take, that it answers the little there is.
TEST_F(DeliveryTest, AQuietLinkIsNotFloodedAfterwards) {
  make({}, 1);
  for (std::uint64_t i = 1; i <= 100; ++i) {
    push(i, i, kStart + i * 1s);
    EXPECT_EQ(deliver(0, kStart + i * 1s).size(), 1U);
  }
  push(101, 120, kStart + 101s);
  EXPECT_EQ(pump(0, kStart + 101s).size(), 4U);
}

// The time of a batch on a slow link goes with its size: one large, or as many small as weigh that.
TEST_F(DeliveryTest, TheWindowIsOfBytes) {
  make({}, 1);
  const std::string large(20 * kBatch, 'x');
  queue->push(snmp, 1, {large}, kStart, kStart);
  push(2, 9);
  EXPECT_EQ(pump(0).size(), 1U);
  ack(0, 1, kStart + 2s);  // a quarter of it came through in half a second
  EXPECT_EQ(pump(0, kStart + 2s).size(), 4U);
}

// The slowest counts, for a batch is made once for all.
TEST_F(DeliveryTest, BatchesFitTheSlowestLink) {
  queue.emplace(BatchQueueLimits{}, 2);
  snmp = queue->add_source(kSnmp, kEpoch);
  EXPECT_EQ(queue->fitting_batch(), Bytes(12'288)) << "nobody knows the links";
  queue->push(snmp, 1, {std::string(16'000 - 192, 'x')}, kStart, kStart);
  pump(0);
  pump(1);
  ack(0, 1, kStart + 10ms);
  EXPECT_EQ(queue->fitting_batch(), Bytes(12'288)) << "nobody knows the second";
  ack(1, 1, kStart + 1250ms);
  EXPECT_EQ(queue->fitting_batch(), Bytes(3200)) << "half of what came through in half a second";
  queue->reset(0);
  EXPECT_EQ(queue->fitting_batch(), Bytes(3200));
  deliver(0, kStart + 2s);
  for (const Duration late : {2s, 30s, 62s}) {  // and all is prompt again
    push(static_cast<std::uint64_t>(late / 1s), static_cast<std::uint64_t>(late / 1s),
         kStart + late);
    deliver(0, kStart + late);
    deliver(1, kStart + late);
    EXPECT_EQ(queue->fitting_batch().has_value(), late < 62s);
  }
}

// A link that carried all becomes narrow: what came before the first late answer is all that stands
// in its buffers.
TEST_F(DeliveryTest, BehindABatchThatWaitsLongNoOtherIsSent) {
  make({}, 1);
  push(1, 10);
  for (std::uint64_t i = 1; i <= 4; ++i) {
    pump(0);
    ack(0, i, kStart + 10ms);
  }
  push(11, 11, kStart + 100ms);
  EXPECT_FALSE(pump(0, kStart + 100ms).empty());
  push(12, 12, kStart + 1200ms);
  EXPECT_THAT(pump(0, kStart + 1200ms), ElementsAre());
  ack(0, 5, kStart + 5s);
  EXPECT_THAT(pump(0, kStart + 5s), ElementsAre()) << "the one behind it waits, too";
  for (std::uint64_t i = 6; i <= 11; ++i) ack(0, i, kStart + 6s);
  EXPECT_THAT(pump(0, kStart + 6s), ElementsAre("12"));
}

TEST_F(DeliveryTest, AfterAResetTheWindowGoesAgainInOrder) {
  make({.window = 3}, 1);
  push(1, 5);
  pump(0);
  ack(0, 2, kStart, 3);
  queue->reset(0);
  EXPECT_THAT(pump(0), ElementsAre("1", "3", "4"));
}

TEST_F(DeliveryTest, EachEndpointHasItsOwnPace) {
  make({}, 2);
  push(1, 3);
  EXPECT_THAT(deliver(0), ElementsAre("1", "2", "3"));
  EXPECT_EQ(queue->waiting_for(0), 0U);
  EXPECT_EQ(queue->waiting_for(1), 3U);
  EXPECT_TRUE(queue->somebody_is_idle(snmp));
  EXPECT_THAT(deliver(1), ElementsAre("1", "2", "3"));
  EXPECT_TRUE(queue->empty());
}

// ---- what is new goes first

TEST_F(DeliveryTest, WhoComesBackGetsThePresentThenWhatIsNewThenThePast) {
  make({}, 1);
  for (std::uint64_t i = 1; i <= 9; ++i) push(i, i, kStart + i * 30s);  // until 4:30
  const Instant back = kStart + 285s;  // within an interval and a second: 8 and 9
  EXPECT_THAT(pump(0, back), ElementsAre("8", "9", "1", "2"));  // of four at most two are old
  push(10, 10, back);
  ack(0, 8, back);
  EXPECT_THAT(pump(0, back), ElementsAre("10"));
  for (const std::uint64_t i : {9U, 10U, 1U, 2U}) ack(0, i, back);
  EXPECT_THAT(deliver(0, back), ElementsAre("3", "4", "5", "6", "7"));
  EXPECT_TRUE(queue->empty());
}

TEST_F(DeliveryTest, TheBacklogGoesAtItsRate) {
  make({.backlog_rate = BytesPerSecond(4 * kBatch)}, 1);
  push(1, 9);
  EXPECT_THAT(deliver(0, kStart + 1h), ElementsAre("1"));          // a quarter of a second's worth
  EXPECT_THAT(deliver(0, kStart + 1h + 100ms), ElementsAre("2"));  // what it is too large …
  EXPECT_THAT(deliver(0, kStart + 1h + 250ms), IsEmpty());         // … the next has to wait
  EXPECT_THAT(deliver(0, kStart + 1h + 300ms), ElementsAre("3"));
  push(10, 12, kStart + 1h + 300ms);
  EXPECT_THAT(deliver(0, kStart + 1h + 300ms), ElementsAre("10", "11", "12"));  // new: at once
}

TEST_F(DeliveryTest, TheBacklogIsNotForgottenWhileThereIsAlwaysNews) {
  make({}, 1);
  push(1, 3);
  const Instant back = kStart + 1h;
  std::vector<std::string> order;
  for (std::uint64_t i = 4; i <= 60; ++i) {
    push(i, i + 0, back);
    if (const auto next = queue->next(0, back)) {
      order.push_back(next->parts->front());
      queue->sent(0, back);
      ack(0, std::stoull(order.back()), back);
    }
  }
  EXPECT_EQ(order.front(), "4");
  EXPECT_THAT(order, testing::IsSupersetOf({"1", "2", "3"}));
}

TEST_F(DeliveryTest, OneOldBatchAtMostIsUnderWayWhileNewOnesWait) {
  make({}, 1);
  push(1, 30);
  const Instant back = kStart + 1h;
  push(31, 90, back);
  while (const auto next = queue->next(0, back)) queue->sent(0, back);
  std::size_t old = 0;
  for (int turn = 0; turn < 20; ++turn) {  // each answer makes room for two
    for (std::uint64_t i = 31; i <= 90; ++i) {
      if (ack(0, i, back)) break;
    }
    while (const auto next = queue->next(0, back)) {
      old += next->backlog ? 1U : 0U;
      queue->sent(0, back);
    }
    EXPECT_LE(old, 1U);
  }
}

// An endpoint that takes less than there is: what has become old makes way.
TEST_F(DeliveryTest, WhatCouldNotBeSentInTimeBecomesBacklog) {
  make({}, 1);
  push(1, 8);
  EXPECT_THAT(pump(0), ElementsAre("1", "2", "3", "4"));
  push(9, 9, kStart + 121s);
  ack(0, 1, kStart + 121s);  // at last; the link is slow
  ack(0, 2, kStart + 121s);
  ack(0, 3, kStart + 121s);
  ack(0, 4, kStart + 121s);
  EXPECT_THAT(pump(0, kStart + 121s).front(), "9");
}

}  // namespace
}  // namespace itnxt::test
