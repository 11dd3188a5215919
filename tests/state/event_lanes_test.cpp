#include "daemon/state/event_lanes.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "daemon/state/sequence_set.hpp"

namespace itnxt {
namespace {

EventBatch batch(std::uint64_t first, std::size_t count, std::uint64_t epoch = 7,
                 const char* node = "node") {
  EventBatch made;
  made.node = NodeName(node);
  made.collector = CollectorName("traps");
  made.epoch = epoch;
  made.events.resize(count);
  for (std::size_t i = 0; i < count; ++i) made.events[i].sequence = first + i;
  return made;
}

struct Row {
  const char* what;
  std::uint64_t first;
  std::size_t count;
  std::size_t new_from;
  std::uint64_t missing;
};

TEST(EventLanes, TakesEachOnceAndCountsWhatIsMissing) {
  EventLanes lanes;
  for (const Row& row :
       {Row{"the first", 1, 3, 0, 0}, Row{"again", 1, 3, 3, 0}, Row{"half of it again", 2, 4, 2, 0},
        Row{"a gap", 9, 2, 0, 3}, Row{"what was missing after all", 6, 3, 3, 0},
        Row{"all of it and more", 1, 12, 10, 0}}) {
    const auto arrived = lanes.arrive(batch(row.first, row.count));
    ASSERT_TRUE(arrived) << row.what;
    EXPECT_EQ(arrived->first, row.new_from) << row.what;
    EXPECT_EQ(arrived->missing, row.missing) << row.what;
  }
}

TEST(EventLanes, ALaneThatIsNotKnownBeginsWhereItIs) {
  EventLanes lanes;
  const auto arrived = lanes.arrive(batch(5000, 2));
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->missing, 0U);
  EXPECT_EQ(arrived->begins, 5000U);
  EXPECT_EQ(lanes.arrive(batch(5003, 1))->missing, 1U);
}

TEST(EventLanes, WhatTheJournalHoldsIsNotNew) {
  EventLanes lanes;
  lanes.restore({NodeName("node"), CollectorName("traps"), 7, 10});
  auto arrived = lanes.arrive(batch(9, 4));
  EXPECT_EQ(arrived->first, 2U);
  EXPECT_EQ(arrived->stored, 10U);
  lanes.stored(NodeName("node"), CollectorName("traps"), 7, 12);
  EXPECT_EQ(lanes.arrive(batch(12, 1))->stored, 12U);
  EXPECT_EQ(lanes.arrive(batch(1, 1, 8))->first, 0U) << "another lane";
}

TEST(EventLanes, OfOneCollectorTheLanesThatWereHeardLastAreKept) {
  EventLanes lanes;
  for (std::uint64_t epoch = 1; epoch <= EventLanes::kMostEpochs + 1; ++epoch) {
    (void)lanes.arrive(batch(1, 1, epoch));
    if (epoch > 1) {
      EXPECT_EQ(lanes.arrive(batch(1, 1, 1))->first, 1U) << "is heard all the time";
    }
  }
  EXPECT_TRUE(lanes.arrive(batch(1, 1, 2))->begins) << "was forgotten";
}

TEST(EventLanes, ANodeOfTooManyCollectorsIsRefusedAndTheOthersAreNot) {
  EventLanes lanes;
  EventBatch one = batch(1, 1);
  for (std::size_t i = 0; i < EventLanes::kMostOfNode; ++i) {
    one.collector = CollectorName("c" + std::to_string(i));
    ASSERT_TRUE(lanes.arrive(one));
  }
  one.collector = CollectorName("one-more");
  EXPECT_FALSE(lanes.arrive(one));
  EXPECT_TRUE(lanes.arrive(batch(1, 1, 7, "other")));
}

// Whatever is sent again, and whatever is left out for good: each number is new once, and those
// that never were are counted exactly.
TEST(EventLanes, PropertyEachIsNewOnceAndTheMissingAreExact) {
  rc::check([] {
    EventLanes lanes;
    std::set<std::uint64_t> fresh;
    std::uint64_t missing = 0;
    std::uint64_t next = 1;
    for (int i = 0; i < 40; ++i) {
      const auto back = *rc::gen::inRange<std::uint64_t>(0, 20);
      const auto skip = *rc::gen::weightedElement<std::uint64_t>({{5, 0}, {1, 3}});
      const std::uint64_t first = skip > 0 ? next + skip : next - std::min(back, next - 1);
      const auto count = *rc::gen::inRange<std::size_t>(1, 10);
      const EventBatch sent = batch(first, count);
      const auto arrived = lanes.arrive(sent);
      RC_ASSERT(arrived.has_value());
      missing += arrived->missing;
      for (std::size_t e = arrived->first; e < count; ++e) {
        RC_ASSERT(fresh.insert(sent.events[e].sequence).second);
      }
      next = std::max<std::uint64_t>(next, first + count);
    }
    RC_ASSERT(!fresh.empty());
    RC_ASSERT(fresh.size() + missing == *fresh.rbegin() - *fresh.begin() + 1);
  });
}

// Any order, duplicates, holes: each is in it once, and holes stay open as long as they are few.
TEST(SequenceSet, PropertyTakesEachOnceInAnyOrder) {
  rc::check([] {
    SequenceSet set;
    std::set<std::uint64_t> model;
    const auto numbers =
        *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, 100));
    for (const std::uint64_t number : numbers) {
      RC_ASSERT(set.add(number) == model.insert(number).second);
      RC_ASSERT(set.highest() == *model.rbegin());
    }
  });
}

TEST(SequenceSet, OfManyHolesTheLowestIsForgotten) {
  SequenceSet set;
  for (std::uint64_t i = 0; i <= SequenceSet::kMost; ++i) EXPECT_TRUE(set.add(2 + i * 2));
  EXPECT_FALSE(set.add(3)) << "between the lowest two";
  EXPECT_TRUE(set.add(5));
  EXPECT_TRUE(set.add(1));
}

}  // namespace
}  // namespace itnxt
