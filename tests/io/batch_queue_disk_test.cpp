// A BatchQueue and the disk: what goes there, comes back, and was left by an earlier process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/io/batch_queue_world.hpp"

namespace itnxt::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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
