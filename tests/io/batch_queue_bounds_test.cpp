// What a BatchQueue keeps, and what it drops and counts as lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/io/batch_queue_world.hpp"

namespace itnxt::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

}  // namespace
}  // namespace itnxt::test
