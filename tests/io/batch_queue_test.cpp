#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

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
  EXPECT_EQ(queue->fitting_batch(), Bytes(16'384)) << "nobody knows the links";
  queue->push(snmp, 1, {std::string(16'000 - 192, 'x')}, kStart, kStart);
  pump(0);
  pump(1);
  ack(0, 1, kStart + 10ms);
  EXPECT_EQ(queue->fitting_batch(), Bytes(16'384)) << "nobody knows the second";
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

// ---- bounds

TEST_F(DeliveryTest, BeyondTheBoundTheOldestGoesAndIsAnnounced) {
  make({.max_size = Bytes(kBatch * 3)}, 1);
  push(1, 5);
  EXPECT_EQ(queue->lost(snmp), 2U);
  EXPECT_EQ(queue->debts(snmp).at(0).batches, 2U);
  EXPECT_EQ(queue->waiting(), 3U);
  EXPECT_THAT(deliver(0), ElementsAre("3", "4", "5"));
  EXPECT_EQ(announced, 2U);
  EXPECT_THAT(queue->debts(snmp), IsEmpty());  // it has been told
}

TEST_F(DeliveryTest, TheirNumberIsBoundedToo) {
  make({.most_batches = 3}, 1);
  push(1, 5);
  EXPECT_THAT(pump(0), ElementsAre("3", "4", "5"));
}

// Its peer may be stopped, and read it when it goes on.
TEST_F(DeliveryTest, WhatWasSentIsNotDroppedThoughTheConnectionIsGone) {
  make({.max_size = Bytes(kBatch * 3), .max_age = 10s, .window = 2}, 1);
  push(1, 3);
  EXPECT_THAT(pump(0), ElementsAre("1", "2"));
  push(4, 5);  // 3 and 4 go, not 1 and 2
  EXPECT_EQ(queue->lost(snmp), 2U);
  queue->reset(0);
  push(6, 6);
  EXPECT_EQ(queue->lost(snmp), 3U);
  queue->expire(kStart + 1h);
  EXPECT_EQ(queue->lost(snmp), 4U);
  push(7, 7, kStart + 1h);
  EXPECT_THAT(pump(0), ElementsAre("1", "2"));
  ack(0, 1);
  EXPECT_THAT(pump(0), ElementsAre("7"));
}

TEST_F(DeliveryTest, WhatWasSentAndNotAnsweredIsBounded) {
  make({.window = 2}, 1);
  push(1, 9);
  EXPECT_THAT(pump(0), ElementsAre("1", "2"));
  queue->reset(0);
  EXPECT_THAT(pump(0), ElementsAre("1", "2"));  // nothing else before one of them is answered
  queue->reset(0);
  EXPECT_THAT(pump(0), ElementsAre("1", "2"));
  ack(0, 2, kStart, 2);
  EXPECT_THAT(pump(0), ElementsAre("3"));
}

TEST_F(DeliveryTest, WhatIsRefusedForGoodIsLostForWhoRefusedIt) {
  make({}, 2);
  push(1, 2);
  pump(0);
  pump(1);
  EXPECT_TRUE(queue->refuse(0, {kSnmp, kEpoch, 1}, kStart));
  EXPECT_FALSE(queue->refuse(0, {kSnmp, kEpoch, 1}, kStart));
  EXPECT_FALSE(ack(0, 1));
  EXPECT_EQ(queue->lost(snmp, 0), 1U);
  EXPECT_EQ(queue->lost(snmp, 1), 0U);
  EXPECT_TRUE(ack(1, 1));
  queue->reset(0);
  EXPECT_THAT(deliver(0), ElementsAre("2"));
  EXPECT_EQ(announced, 1U);
}

// Of the same socket, on the way when the connection went.
TEST_F(DeliveryTest, ALateAnswerSettlesWhatWasSent) {
  make({}, 1);
  push(1, 2);
  pump(0);
  queue->reset(0);
  EXPECT_TRUE(ack(0, 1));
  EXPECT_FALSE(ack(0, 1));
  EXPECT_THAT(pump(0), ElementsAre("2"));
}

TEST_F(DeliveryTest, ADropIsLostOnlyForThoseWhoStillNeededIt) {
  make({.max_size = Bytes(kBatch * 2)}, 2);
  push(1, 2);
  deliver(0);
  push(3, 4);
  EXPECT_EQ(queue->lost(snmp, 0), 0U);
  EXPECT_EQ(queue->lost(snmp, 1), 2U);
  EXPECT_EQ(queue->lost(snmp), 2U);
  pump(0);
  EXPECT_EQ(announced, 0U);
  pump(1);
  EXPECT_EQ(announced, 2U);
}

TEST_F(DeliveryTest, WhatAnotherAcknowledgedBecomesDroppable) {
  make({.max_size = Bytes(kBatch * 4)}, 2);
  push(1, 4);
  EXPECT_THAT(pump(0), ElementsAre("1"));  // a quarter of the bound
  push(5, 5);
  EXPECT_EQ(queue->lost(snmp, 1), 1U);  // 2 went: 1 may be arriving
  ack(0, 1);
  push(6, 6);  // 1 goes
  EXPECT_EQ(queue->lost(snmp, 0), 1U);
  EXPECT_EQ(queue->lost(snmp, 1), 2U);
  EXPECT_THAT(pump(1), ElementsAre("3"));
}

TEST_F(DeliveryTest, AgeIsABoundToo) {
  make({.max_age = 10s}, 1);
  push(1, 1, kStart);
  push(2, 2, kStart + 5s);
  queue->expire(kStart + 10s);
  EXPECT_EQ(queue->lost(snmp), 0U);
  queue->expire(kStart + 11s);
  EXPECT_EQ(queue->lost(snmp), 1U);
  EXPECT_THAT(pump(0), ElementsAre("2"));
}

TEST_F(DeliveryTest, AnEpochThatIsOverAnnouncesByItsHeir) {
  make({.max_size = Bytes(kBatch * 2)}, 1);
  const auto old = queue->add_old_source(snmp, 5);
  queue->push(old, 40, {"a"}, kStart, kStart);
  queue->push(old, 41, {"b"}, kStart, kStart);
  queue->raise_lost(old, {9});
  push(1, 1);  // "a" goes
  EXPECT_EQ(queue->lost(old), 9U);
  EXPECT_EQ(queue->lost(snmp), 1U);
  EXPECT_EQ(queue->next(0, kStart)->lost, 9U);  // of "b", as its epoch had it
  EXPECT_THAT(pump(0), ElementsAre("b"));
  EXPECT_TRUE(queue->acknowledge(0, {kSnmp, 5, 41}, kStart));
  EXPECT_THAT(pump(0), ElementsAre("1"));
}

// The collector's other batches, those of epochs that are over included; to each endpoint its own.
TEST_F(DeliveryTest, ABatchSaysWhatElseWaits) {
  make({}, 2);
  const auto old = queue->add_old_source(snmp, 5);
  const auto tap = queue->add_source(kTap, kEpoch);
  queue->push(old, 1, {"a"}, kStart, kStart);
  queue->push(tap, 1, {"other"}, kStart, kStart);
  push(1, 1);
  EXPECT_EQ(queue->next(0, kStart)->waiting, Bytes(kBatch));
  EXPECT_THAT(pump(0), ElementsAre("a", "other", "1"));
  EXPECT_TRUE(queue->acknowledge(0, {kSnmp, 5, 1}, kStart));
  EXPECT_TRUE(ack(0, 1));
  push(2, 2);
  EXPECT_EQ(queue->next(0, kStart)->waiting, Bytes(0));
  EXPECT_EQ(queue->next(1, kStart)->waiting, Bytes(2 * kBatch));
}

TEST_F(DeliveryTest, StallsWithoutAnAckOnlyWhileSomethingWaits) {
  make({.patience = 10s}, 1);
  EXPECT_FALSE(queue->stalled(0, kStart + 1h));
  push(1, 2, kStart + 1h);
  EXPECT_FALSE(queue->stalled(0, kStart + 1h + 9s));
  EXPECT_TRUE(queue->stalled(0, kStart + 1h + 10s));
  pump(0, kStart + 1h);
  ack(0, 1, kStart + 1h + 9s);
  EXPECT_FALSE(queue->stalled(0, kStart + 1h + 18s));
  EXPECT_TRUE(queue->stalled(0, kStart + 1h + 19s));
  queue->be_patient_again(0, kStart + 1h + 19s);  // something is under way: the link may be slow
  queue->reset(0);
  EXPECT_FALSE(queue->stalled(0, kStart + 1h + 38s));
  EXPECT_TRUE(queue->stalled(0, kStart + 1h + 39s));
  queue->be_patient_again(0, kStart + 1h + 39s);  // nothing is: nobody is there
  EXPECT_TRUE(queue->stalled(0, kStart + 1h + 49s));
}

// ---- the disk

TEST_F(DeliveryTest, WhatWaitsIsForTheDiskAndIsReadBackToBeSent) {
  make({.store_after = 2s}, 1);
  push(1, 3);
  EXPECT_THAT(queue->to_store(kStart + 1s, 1U << 20U, false), IsEmpty());
  store(kStart + 2s);
  EXPECT_EQ(queue->in_memory(), Bytes(0));
  EXPECT_EQ(queue->size(), Bytes(3 * kBatch));
  EXPECT_THAT(pump(0, kStart + 2s), IsEmpty());
  EXPECT_EQ(read(0, kStart + 2s), 3U);
  EXPECT_THAT(deliver(0, kStart + 2s), ElementsAre("1", "2", "3"));
  std::map<std::uint32_t, std::uint64_t> needed;
  for (const auto& mark : queue->take_marks()) needed[mark.place.at] = mark.who.needed;
  EXPECT_EQ(needed, (std::map<std::uint32_t, std::uint64_t>{{0, 0}, {1, 0}, {2, 0}}));
}

TEST_F(DeliveryTest, MemoryThatFillsIsForTheDiskAtOnce) {
  make({.memory = Bytes(4 * kBatch)}, 1);
  push(1, 4);
  const auto out = queue->to_store(kStart, 1U << 20U, false);
  EXPECT_EQ(out.size(), 2U);  // down to half
}

TEST_F(DeliveryTest, WhatIsDeliveredWhileItIsWrittenIsMarkedAfterwards) {
  make({}, 1);
  push(1, 1);
  const auto writing = queue->to_store(kStart, 1U << 20U, true);
  deliver(0);
  EXPECT_TRUE(queue->empty());
  queue->stored(writing.front().id, {1, 7}, writing.front().who);
  const auto marks = queue->take_marks();
  ASSERT_EQ(marks.size(), 1U);
  EXPECT_EQ(marks.front().who.needed, 0U);
}

TEST_F(DeliveryTest, WithoutADiskTheMemoryIsTheBound) {
  make({.memory = Bytes(3 * kBatch)}, 1);
  for (std::uint64_t i = 1; i <= 6; ++i) {
    push(i, i);
    for (const auto& one : queue->to_store(kStart, 1U << 20U, true)) queue->not_stored(one.id);
    queue->disk_fails(true);
  }
  EXPECT_EQ(queue->lost(snmp), 3U);
  EXPECT_LE(queue->in_memory(), Bytes(3 * kBatch));
  EXPECT_THAT(pump(0), ElementsAre("4", "5", "6"));
}

TEST_F(DeliveryTest, AFullDiskIsGivenRoomByTheOldestOnIt) {
  make({.memory = Bytes(4 * kBatch)}, 1);
  push(1, 3);
  store(kStart, true);
  push(4, 5);
  queue->disk_fails(true);
  EXPECT_EQ(queue->lost(snmp), 0U);  // there is room in memory
  push(6, 6);
  queue->disk_fails(true);
  EXPECT_EQ(queue->lost(snmp), 3U);  // a mebibyte would be more
  EXPECT_EQ(queue->take_marks().size(), 3U);
}

TEST_F(DeliveryTest, WhatCannotBeReadIsLost) {
  make({}, 1);
  push(1, 2);
  store(kStart, true);
  const auto wanted = queue->to_read(0, kStart);
  ASSERT_EQ(wanted.size(), 2U);
  EXPECT_THAT(queue->to_read(0, kStart), IsEmpty());  // they are awaited
  queue->unreadable(wanted[0].id);
  queue->loaded(0, wanted[1].id, {"2"});
  queue->all_loaded(0);
  EXPECT_THAT(deliver(0), ElementsAre("2"));
  EXPECT_EQ(announced, 1U);
}

TEST_F(DeliveryTest, WhatAnEarlierProcessLeftIsForThoseWhoNeedIt) {
  make({}, 2);
  const auto old = queue->add_old_source(snmp, 5);
  BatchFiles::Batch left;
  left.sequence = 8;
  left.who.needed = 2;
  left.bytes = 1;
  left.place = {1, 0};
  disk[0] = {"old"};
  queue->restore(old, left, kStart - 1h, kStart);
  EXPECT_EQ(queue->waiting_for(0), 0U);
  EXPECT_EQ(read(1, kStart), 1U);
  EXPECT_THAT(pump(1), ElementsAre("old"));
  EXPECT_TRUE(queue->acknowledge(1, {kSnmp, 5, 8}, kStart));
  const auto marks = queue->take_marks();
  ASSERT_EQ(marks.size(), 2U);
  EXPECT_EQ(marks.front().who, (BatchFiles::Who{2, 2}));  // it was sent …
  EXPECT_EQ(marks.back().who, BatchFiles::Who{});         // … and it has come
}

TEST_F(DeliveryTest, WhatAnEarlierProcessSentIsNotDropped) {
  make({.max_size = Bytes(kBatch * 2)}, 1);
  const auto old = queue->add_old_source(snmp, 5);
  BatchFiles::Batch left;
  left.sequence = 8;
  left.bytes = 1;
  left.who = {1, 1};
  queue->restore(old, left, kStart - 1h, kStart);
  push(1, 2);
  EXPECT_EQ(queue->lost(snmp), 1U);
  EXPECT_EQ(queue->waiting_of(kSnmp), 2U);
  queue->unreadable(0);  // whether it came nobody will know
  EXPECT_EQ(queue->lost(snmp), 1U);
  EXPECT_THAT(deliver(0), ElementsAre("2"));
}

TEST_F(DeliveryTest, WhatIsSentWhileItIsWrittenIsMarkedAfterwards) {
  make({}, 1);
  push(1, 1);
  const auto writing = queue->to_store(kStart, 1U << 20U, true);
  pump(0);
  queue->stored(writing.front().id, {1, 7}, writing.front().who);
  const auto marks = queue->take_marks();
  ASSERT_EQ(marks.size(), 1U);
  EXPECT_EQ(marks.front().who, (BatchFiles::Who{1, 1}));
}

TEST_F(DeliveryTest, WhatIsGivenUpIsLostForThoseWhoNeededIt) {
  make({}, 2);
  push(1, 3);
  deliver(0);
  store(kStart, true);
  push(4, 5);
  EXPECT_EQ(queue->give_up_memory(snmp), 2U);
  EXPECT_EQ(queue->lost(snmp, 0), 2U);
  EXPECT_EQ(queue->lost(snmp, 1), 2U);
  EXPECT_EQ(queue->waiting_of(kSnmp), 3U);
}

}  // namespace
}  // namespace itnxt::test
