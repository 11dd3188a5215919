#include "daemon/io/batch_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace itnxt {
namespace {

using testing::ElementsAre;

const CollectorName kSnmp("snmp");
const CollectorName kTap("tap");
constexpr std::uint64_t kEpoch = 77;
constexpr Instant kStart{};

class DeliveryTest : public testing::Test {
 protected:
  void make(BatchQueueLimits limits, std::size_t endpoints) {
    delivery.emplace(limits, endpoints);
    snmp = delivery->add_source(kSnmp, kEpoch, {});
  }
  // Batches whose one part is their number as text.
  void push(std::uint64_t first, std::uint64_t last, Instant now = kStart) {
    for (std::uint64_t i = first; i <= last; ++i) {
      delivery->push(snmp, i, {std::to_string(i)}, now, now);
    }
  }
  // Sends all that may be sent.
  std::vector<std::string> pump(std::size_t endpoint) {
    std::vector<std::string> out;
    while (const auto next = delivery->next(endpoint)) {
      out.push_back(next->parts->front());
      announced = next->lost;
      delivery->sent(endpoint);
    }
    return out;
  }
  bool ack(std::size_t endpoint, std::uint64_t sequence, Instant now = kStart) {
    return delivery->acknowledge(endpoint, {kSnmp, kEpoch, sequence}, now);
  }

  std::optional<BatchQueue> delivery;
  BatchQueue::Source snmp = 0;
  std::uint64_t announced = 0;
};

TEST_F(DeliveryTest, ABatchIsSentOnceAndKeptUntilAcknowledged) {
  make({}, 1);
  push(1, 3);
  EXPECT_THAT(pump(0), ElementsAre("1", "2", "3"));
  EXPECT_THAT(pump(0), ElementsAre());
  EXPECT_TRUE(ack(0, 2));  // in any order
  EXPECT_TRUE(ack(0, 1));
  EXPECT_FALSE(delivery->empty());
  EXPECT_TRUE(ack(0, 3));
  EXPECT_TRUE(delivery->empty());
  EXPECT_EQ(delivery->size(), Bytes(0));
}

TEST_F(DeliveryTest, AnAckOfNothingInFlightIsNone) {
  make({}, 1);
  push(1, 2);
  EXPECT_FALSE(ack(0, 1));  // not sent yet
  pump(0);
  EXPECT_FALSE(delivery->acknowledge(0, {kTap, kEpoch, 1}, kStart));
  EXPECT_FALSE(delivery->acknowledge(0, {kSnmp, kEpoch + 1, 1}, kStart));
  EXPECT_FALSE(ack(0, 3));
  EXPECT_TRUE(ack(0, 1));
  EXPECT_FALSE(ack(0, 1));  // twice
  EXPECT_EQ(delivery->waiting(), 1U);
}

TEST_F(DeliveryTest, TheWindowBoundsWhatIsInFlight) {
  make({.window = 2}, 1);
  push(1, 4);
  EXPECT_THAT(pump(0), ElementsAre("1", "2"));
  ack(0, 1);
  EXPECT_THAT(pump(0), ElementsAre("3"));
}

TEST_F(DeliveryTest, AfterAResetTheWindowGoesAgainInOrder) {
  make({.window = 3}, 1);
  push(1, 5);
  pump(0);
  ack(0, 2);
  delivery->reset(0);
  EXPECT_THAT(pump(0), ElementsAre("1", "3", "4"));
}

TEST_F(DeliveryTest, EachEndpointHasItsOwnPace) {
  make({.window = 2}, 2);
  push(1, 3);
  EXPECT_THAT(pump(0), ElementsAre("1", "2"));
  ack(0, 1);
  ack(0, 2);
  EXPECT_THAT(pump(0), ElementsAre("3"));
  ack(0, 3);
  EXPECT_EQ(delivery->waiting_for(0), 0U);
  EXPECT_EQ(delivery->waiting_for(1), 3U);
  EXPECT_TRUE(delivery->somebody_is_idle(snmp));
  EXPECT_THAT(pump(1), ElementsAre("1", "2"));
  ack(1, 1);
  ack(1, 2);
  EXPECT_THAT(pump(1), ElementsAre("3"));
  ack(1, 3);
  EXPECT_TRUE(delivery->empty());
}

// Each batch of one digit takes 193 bytes of the bound.
TEST_F(DeliveryTest, BeyondTheBoundTheOldestGoesAndIsAnnounced) {
  make({.max_size = Bytes(193 * 3)}, 1);
  push(1, 5);
  EXPECT_EQ(delivery->lost(snmp), 2U);
  EXPECT_EQ(delivery->waiting(), 3U);
  EXPECT_THAT(pump(0), ElementsAre("3", "4", "5"));
  EXPECT_EQ(announced, 2U);
}

TEST_F(DeliveryTest, WhatIsInFlightIsNotDroppedUntilTheConnectionIsGone) {
  make({.max_size = Bytes(193 * 3), .window = 2}, 1);
  push(1, 3);
  pump(0);
  push(4, 5);  // 3 and 4 go, not 1 and 2
  EXPECT_EQ(delivery->lost(snmp), 2U);
  delivery->reset(0);
  push(6, 6);
  EXPECT_EQ(delivery->lost(snmp), 3U);
  EXPECT_THAT(pump(0), ElementsAre("2", "5"));
}

TEST_F(DeliveryTest, ADropIsLostOnlyForThoseWhoStillNeededIt) {
  make({.max_size = Bytes(193 * 2)}, 2);
  push(1, 2);
  pump(0);
  ack(0, 1);
  ack(0, 2);
  push(3, 4);
  EXPECT_EQ(delivery->lost(snmp, 0), 0U);
  EXPECT_EQ(delivery->lost(snmp, 1), 2U);
  EXPECT_EQ(delivery->lost(snmp), 2U);
  pump(0);
  EXPECT_EQ(announced, 0U);
  pump(1);
  EXPECT_EQ(announced, 2U);
}

TEST_F(DeliveryTest, WhatAnotherAcknowledgedBecomesDroppable) {
  make({.max_size = Bytes(193 * 2)}, 2);
  push(1, 2);
  pump(0);  // in flight at one, needed by both
  push(3, 3);
  EXPECT_EQ(delivery->lost(snmp, 1), 1U);  // 3 itself went: 1 and 2 may be arriving
  ack(0, 1);
  push(4, 4);
  EXPECT_THAT(pump(1), ElementsAre("2", "4"));
}

TEST_F(DeliveryTest, AgeIsABoundToo) {
  make({.max_age = 10s}, 1);
  push(1, 1, kStart);
  push(2, 2, kStart + 5s);
  delivery->expire(kStart + 10s);
  EXPECT_EQ(delivery->lost(snmp), 0U);
  delivery->expire(kStart + 11s);
  EXPECT_EQ(delivery->lost(snmp), 1U);
  EXPECT_THAT(pump(0), ElementsAre("2"));
}

TEST_F(DeliveryTest, AnEpochThatIsOverAnnouncesByItsHeir) {
  make({.max_size = Bytes(193 * 2)}, 1);
  const auto old = delivery->add_old_source(snmp, 5, {9});
  delivery->push(old, 40, {"a"}, kStart, kStart);
  delivery->push(old, 41, {"b"}, kStart, kStart);
  EXPECT_EQ(delivery->waiting_of(old), 2U);
  push(1, 1);  // "a" goes
  EXPECT_EQ(delivery->lost(old), 9U);
  EXPECT_EQ(delivery->lost(snmp), 1U);
  EXPECT_EQ(delivery->next(0)->lost, 9U);  // of "b", as its epoch had it
  EXPECT_THAT(pump(0), ElementsAre("b", "1"));
  EXPECT_TRUE(delivery->acknowledge(0, {kSnmp, 5, 41}, kStart));
  EXPECT_EQ(delivery->waiting_of(old), 0U);
}

// The collector's other batches, those of epochs that are over included; to each endpoint its own.
TEST_F(DeliveryTest, ABatchSaysWhatElseWaits) {
  make({}, 2);
  const auto old = delivery->add_old_source(snmp, 5, {});
  const auto tap = delivery->add_source(kTap, kEpoch, {});
  delivery->push(old, 1, {"a"}, kStart, kStart);
  delivery->push(tap, 1, {"other"}, kStart, kStart);
  push(1, 1);
  EXPECT_EQ(delivery->next(0)->waiting, Bytes(193));
  EXPECT_THAT(pump(0), ElementsAre("a", "other", "1"));
  EXPECT_TRUE(delivery->acknowledge(0, {kSnmp, 5, 1}, kStart));
  EXPECT_TRUE(ack(0, 1));
  push(2, 2);
  EXPECT_EQ(delivery->next(0)->waiting, Bytes(0));
  EXPECT_EQ(delivery->next(1)->waiting, Bytes(2 * 193));
}

TEST_F(DeliveryTest, StallsWithoutAnAckOnlyWhileSomethingWaits) {
  make({.patience = 10s}, 1);
  EXPECT_FALSE(delivery->stalled(0, kStart + 1h));
  push(1, 2, kStart + 1h);
  EXPECT_FALSE(delivery->stalled(0, kStart + 1h + 9s));
  EXPECT_TRUE(delivery->stalled(0, kStart + 1h + 10s));
  pump(0);
  ack(0, 1, kStart + 1h + 9s);
  EXPECT_FALSE(delivery->stalled(0, kStart + 1h + 18s));
  delivery->reset(0);  // a connection that comes and goes is no progress
  EXPECT_TRUE(delivery->stalled(0, kStart + 1h + 19s));
  delivery->be_patient_again(0, kStart + 1h + 19s);
  EXPECT_FALSE(delivery->stalled(0, kStart + 1h + 28s));
}

TEST_F(DeliveryTest, WhatWaitsIsListedInOrder) {
  make({}, 1);
  push(1, 3);
  pump(0);
  ack(0, 2);
  std::vector<std::string> seen;
  BatchQueue::Id at = 0;
  while (const auto one = delivery->waiting_from(at)) seen.push_back(one->parts.front());
  EXPECT_THAT(seen, ElementsAre("1", "3"));
}

TEST_F(DeliveryTest, WhatIsGivenUpIsLostForThoseWhoNeededIt) {
  make({}, 2);
  push(1, 3);
  pump(0);
  ack(0, 1);
  delivery->reset(0);
  BatchQueue::Id at = 0;
  delivery->give_up(delivery->waiting_from(at)->id);
  delivery->give_up(delivery->waiting_from(at)->id);
  EXPECT_EQ(delivery->lost(snmp, 0), 1U);
  EXPECT_EQ(delivery->lost(snmp, 1), 2U);
  EXPECT_EQ(delivery->waiting_from(at)->parts.front(), "3");
  delivery->raise_lost(snmp, {4, 1});
  EXPECT_EQ(delivery->lost(snmp, 0), 4U);
  EXPECT_EQ(delivery->lost(snmp, 1), 2U);
}

// Whatever happens, an endpoint gets each batch in order (again only after a reset), or its loss is
// counted: exactly.
RC_GTEST_PROP(DeliveryProperty, EveryBatchArrivesOrIsCounted, ()) {
  const std::size_t endpoints = *rc::gen::inRange<std::size_t>(1, 4);
  const auto room = *rc::gen::inRange<std::uint64_t>(1, 30);
  BatchQueue delivery({.max_size = Bytes(room * 200), .window = 4}, endpoints);
  const auto source = delivery.add_source(kSnmp, kEpoch, {});
  std::vector<std::deque<std::uint64_t>> flying(endpoints);
  std::vector<std::set<std::uint64_t>> got(endpoints);
  std::uint64_t pushed = 0;

  const auto send = [&](std::size_t e) {
    while (const auto next = delivery.next(e)) {
      const std::uint64_t sequence = std::stoull(next->parts->front());
      RC_ASSERT((flying[e].empty() || flying[e].back() < sequence));
      RC_ASSERT(next->lost == delivery.lost(source, e));
      flying[e].push_back(sequence);
      delivery.sent(e);
    }
    RC_ASSERT(flying[e].size() <= 4U);
  };
  const auto answer = [&](std::size_t e) {
    RC_ASSERT(delivery.acknowledge(e, {kSnmp, kEpoch, flying[e].front()}, kStart));
    RC_ASSERT(got[e].insert(flying[e].front()).second);
    flying[e].pop_front();
  };

  for (int step = 0; step < 300; ++step) {
    const std::size_t e = *rc::gen::inRange<std::size_t>(0, endpoints);
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
        delivery.reset(e);
        flying[e].clear();
        break;
      case 1:
      case 2:
        send(e);
        break;
      case 3:
      case 4:
        if (!flying[e].empty()) answer(e);
        break;
      default:
        ++pushed;
        delivery.push(source, pushed, {std::to_string(pushed)}, kStart, kStart);
    }
    RC_ASSERT(delivery.size().count() <= room * 200 + endpoints * 4 * 200);
  }
  for (std::size_t e = 0; e < endpoints; ++e) {
    while (delivery.waiting_for(e) > 0) {
      send(e);
      while (!flying[e].empty()) answer(e);
    }
    RC_ASSERT(got[e].size() + delivery.lost(source, e) == pushed);
  }
  RC_ASSERT(delivery.empty());
  RC_ASSERT(delivery.size() == Bytes(0));
}

}  // namespace
}  // namespace itnxt
