#include "daemon/alert/lease.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Answer kOk{Answer::Kind::delivered, {}, {}};
const Answer kRetry{Answer::Kind::retry, {}, "timeout"};
const Answer kRefused{Answer::Kind::refused, {}, "HTTP status 400"};

TEST(Lease, SendsAChangeAtOnceAndEverythingEvery30Seconds) {
  LeaseQueue queue("am");
  queue.changed("a", Instant(0s));
  EXPECT_THAT(queue.due(Instant(0s)), ElementsAre("a"));
  EXPECT_THAT(queue.settle(kOk, Instant(0s)).first_accepted, ElementsAre("a"));
  EXPECT_EQ(queue.next(), Instant(30s));
  queue.changed("b", Instant(10s));
  EXPECT_THAT(queue.due(Instant(10s)), ElementsAre("b"));
  queue.settle(kOk, Instant(10s));
  EXPECT_THAT(queue.due(Instant(29s)), IsEmpty());
  EXPECT_THAT(queue.due(Instant(30s)), ElementsAre("a", "b"));
  EXPECT_THAT(queue.settle(kOk, Instant(30s)).first_accepted, IsEmpty());
  queue.changed("a", Instant(31s));
  EXPECT_THAT(queue.due(Instant(31s)), ElementsAre("a"));
  EXPECT_THAT(queue.settle(kOk, Instant(31s)).first_accepted, ElementsAre("a"));
  queue.forget("a");
  queue.forget("b");
  EXPECT_EQ(queue.next(), std::nullopt);
}

TEST(Lease, AfterAFailureItSendsEverythingAndStaysWithin35Seconds) {
  LeaseQueue queue("am");
  queue.changed("a", Instant(0s));
  Instant now(0s);
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(queue.due(now), ElementsAre("a"));
    const auto settled = queue.settle(kRetry, now);
    EXPECT_LE(settled.retry_in, 30s);
    EXPECT_GT(settled.retry_in, 0s);
    EXPECT_EQ(*queue.next(), now + settled.retry_in);
    now = *queue.next();
  }
}

TEST(Lease, A400IsHalvedUntilTheBadAlertStandsAlone) {
  LeaseQueue queue("am");
  for (int i = 0; i < 100; ++i) queue.changed("i" + std::to_string(i), Instant(0s));
  std::vector<std::string> accepted;
  std::vector<std::string> refused;
  int posts = 0;
  for (auto batch = queue.due(Instant(0s)); !batch.empty(); batch = queue.due(Instant(0s))) {
    ++posts;
    EXPECT_LE(batch.size(), LeaseQueue::kMaxBatch);
    const bool bad = std::find(batch.begin(), batch.end(), "i42") != batch.end();
    const auto settled = queue.settle(bad ? kRefused : kOk, Instant(0s));
    accepted.insert(accepted.end(), settled.first_accepted.begin(), settled.first_accepted.end());
    if (settled.refused) refused.push_back(*settled.refused);
  }
  EXPECT_THAT(refused, ElementsAre("i42"));
  EXPECT_EQ(accepted.size(), 99U);
  EXPECT_LE(posts, 16);
  // Not in the next round, and again when its text changed.
  std::size_t in_round = 0;
  for (auto batch = queue.due(Instant(30s)); !batch.empty(); batch = queue.due(Instant(30s))) {
    in_round += batch.size();
    queue.settle(kOk, Instant(30s));
  }
  EXPECT_EQ(in_round, 99U);
  queue.changed("i42", Instant(31s));
  EXPECT_THAT(queue.due(Instant(31s)), ElementsAre("i42"));
}

TEST(Lease, WhatChangedInFlightIsSentAgain) {
  LeaseQueue queue("am");
  queue.changed("a", Instant(0s));
  queue.due(Instant(0s));
  queue.changed("a", Instant(1s));
  EXPECT_THAT(queue.settle(kOk, Instant(2s)).first_accepted, IsEmpty());
  EXPECT_FALSE(queue.accepted("a"));
  EXPECT_THAT(queue.due(Instant(2s)), ElementsAre("a"));
}

}  // namespace
}  // namespace itnxt::test
