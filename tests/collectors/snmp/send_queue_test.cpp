// Who sends next, what a silent device costs.
#include "collectors/snmp/send_queue.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "collectors/snmp/silence.hpp"

namespace itnxt::snmp {
namespace {

using Lane = SendQueue::Lane;

std::vector<std::uint32_t> all_of(SendQueue& queue) {
  std::vector<std::uint32_t> taken;
  while (const auto device = queue.next()) taken.push_back(*device);
  return taken;
}

TEST(SendQueue, FirstComeFirstServedWithinTheBound) {
  SendQueue queue(5, {3, 2});
  for (std::uint32_t i = 0; i < 5; ++i) queue.ask(4 - i, Lane::answering);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{4, 3, 2}));
  EXPECT_EQ(queue.in_flight(), 3U);
  EXPECT_EQ(queue.waiting(), 2U);
  EXPECT_TRUE(queue.is_waiting(1));
  queue.finish(3);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{1}));
}

TEST(SendQueue, SilentDevicesHaveTheirShareAndNoMore) {
  SendQueue queue(10, {6, 2});
  for (std::uint32_t i = 0; i < 5; ++i) queue.ask(i, Lane::silent);
  for (std::uint32_t i = 5; i < 8; ++i) queue.ask(i, Lane::answering);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{5, 0, 6, 1, 7})) << "by turns";
  queue.ask(8, Lane::answering);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{8})) << "the silent ones' share is used up";
  queue.finish(0);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{2}));
}

TEST(SendQueue, WhatIsUrgentGoesFirstAndBesideTheBound) {
  SendQueue queue(10, {2, 1, 2});
  for (std::uint32_t i = 0; i < 4; ++i) queue.ask(i, Lane::answering);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{0, 1}));
  for (std::uint32_t i = 5; i < 8; ++i) queue.ask(i, Lane::urgent);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{5, 6})) << "a bound of its own";
  EXPECT_EQ(queue.in_flight(), 4U);
  queue.finish(5);
  queue.finish(0);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{7, 2})) << "before those that waited";
  queue.ask(2, Lane::urgent);  // what it had under way is over
  queue.finish(7);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{2, 3}));
}

TEST(SendQueue, WhoAsksAnewHasOnePlaceAtTheEnd) {
  SendQueue queue(3, {2, 1});
  queue.ask(0, Lane::answering);
  queue.ask(1, Lane::answering);
  queue.ask(0, Lane::answering);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{1, 0}));
  queue.ask(1, Lane::answering);  // the next try: what was under way is over
  EXPECT_EQ(queue.in_flight(), 1U);
}

TEST(SendQueue, WhatCouldNotBeSentIsFirstAgain) {
  SendQueue queue(3, {2, 1});
  for (std::uint32_t i = 0; i < 3; ++i) queue.ask(i, Lane::answering);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{0, 1}));
  queue.give_back(1);
  queue.give_back(0);
  EXPECT_EQ(queue.in_flight(), 0U);
  EXPECT_EQ(queue.waiting(), 3U);
  EXPECT_EQ(all_of(queue), (std::vector<std::uint32_t>{0, 1}));
}

RC_GTEST_PROP(SendQueue, NobodyIsLostNorTwiceUnderWay, ()) {
  const SendQueue::Bounds bounds{5, 2};
  SendQueue queue(12, bounds);
  std::set<std::uint32_t> waiting;
  std::set<std::uint32_t> under_way;
  const auto steps = *rc::gen::container<std::vector<std::pair<int, std::uint32_t>>>(
      rc::gen::pair(rc::gen::inRange(0, 5), rc::gen::inRange<std::uint32_t>(0, 12)));
  for (const auto& [step, device] : steps) {
    if (step < 2) {
      queue.ask(device, device % 2 == 0 ? Lane::silent : Lane::answering);
      under_way.erase(device);
      waiting.insert(device);
    } else if (step == 2) {
      queue.finish(device);
      under_way.erase(device);
      waiting.erase(device);
    } else if (step == 3 && under_way.contains(device)) {
      queue.give_back(device);
      under_way.erase(device);
      waiting.insert(device);
    } else {
      while (const auto next = queue.next()) {
        RC_ASSERT(waiting.erase(*next) == 1);
        RC_ASSERT(under_way.insert(*next).second);
      }
    }
    RC_ASSERT(queue.waiting() == waiting.size());
    RC_ASSERT(queue.in_flight() == under_way.size());
    RC_ASSERT(under_way.size() <= bounds.all);
  }
}

TEST(Silence, CostsLessPollByPollAndNothingOnceItIsOver) {
  Silence silence;
  std::vector<std::uint32_t> retries;
  for (int i = 0; i < 6; ++i) {
    retries.push_back(silence.retries(5));
    silence.poll_lost();
  }
  EXPECT_EQ(retries, (std::vector<std::uint32_t>{5, 5, 2, 1, 0, 0}));
  for (int i = 0; i < 40; ++i) silence.poll_lost();
  EXPECT_EQ(silence.retries(5), 0U);
  silence.answered();
  EXPECT_FALSE(silence.is_silent());
  EXPECT_EQ(silence.retries(5), 5U);
}

TEST(Silence, WantsAnotherPortLessAndLessOften) {
  Silence silence;
  std::vector<int> moves;
  for (int poll = 1; poll <= 200; ++poll) {
    silence.poll_lost();
    if (!silence.wants_another_port()) continue;
    moves.push_back(poll);
    silence.moved();
  }
  EXPECT_EQ(moves, (std::vector<int>{3, 9, 21, 45, 93, 141, 189}));
  silence.answered();
  for (int i = 0; i < 3; ++i) silence.poll_lost();
  EXPECT_TRUE(silence.wants_another_port());
}

}  // namespace
}  // namespace itnxt::snmp
