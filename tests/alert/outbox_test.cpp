#include "daemon/alert/outbox.hpp"

#include <gmock/gmock.h>

#include <ctime>

#include "tests/alert/build.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Answer kOk{Answer::Kind::delivered, {}, {}};
const Answer kRetry{Answer::Kind::retry, {}, "HTTP status 500"};
const Answer kRefused{Answer::Kind::refused, {}, "HTTP status 400"};

Delivery delivery(const std::string& incident) {
  Delivery d;
  d.incident = incident;
  d.channel = ChannelName("ops");
  d.page.alert = "LinkDown";
  d.page.subject = "link " + incident;
  return d;
}

Delivery closed(Delivery d) {
  d.close = d.page;
  d.ended = wall_at(60s);
  return d;
}

std::vector<std::string> begun(Outbox& outbox, Instant now) {
  std::vector<std::string> steps;
  for (const Outbox::Attempt& attempt : outbox.due(now)) {
    steps.push_back(attempt.incident + (attempt.step == DeliveryStep::page ? " page" : " close"));
  }
  return steps;
}

TEST(Outbox, PageThenCloseEachOnce) {
  Outbox outbox;
  outbox.put(delivery("a"), Instant(0s));
  EXPECT_EQ(outbox.waiting(), 1U);
  EXPECT_THAT(begun(outbox, Instant(0s)), ElementsAre("a page"));
  EXPECT_THAT(begun(outbox, Instant(1h)), IsEmpty());  // in flight
  EXPECT_EQ(outbox.settle("a", kOk, Instant(1s)).progress, Progress::page_delivered);
  EXPECT_EQ(outbox.next(), std::nullopt);
  outbox.put(closed(delivery("a")), Instant(2s));
  EXPECT_THAT(begun(outbox, Instant(2s)), ElementsAre("a close"));
  EXPECT_EQ(outbox.settle("a", kOk, Instant(3s)).progress, Progress::closed);
  EXPECT_EQ(outbox.waiting(), 0U);
  EXPECT_THAT(begun(outbox, Instant(1h)), IsEmpty());
}

TEST(Outbox, AnAlertThatEndedBeforeItsPageIsStillOwedBoth) {
  Outbox outbox;
  outbox.put(delivery("a"), Instant(0s));
  begun(outbox, Instant(0s));
  outbox.put(closed(delivery("a")), Instant(1s));
  EXPECT_EQ(outbox.waiting(), 2U);
  EXPECT_EQ(outbox.settle("a", kRetry, Instant(2s)).progress, Progress::none);
  EXPECT_THAT(begun(outbox, Instant(10s)), ElementsAre("a page"));
  outbox.settle("a", kOk, Instant(11s));
  EXPECT_THAT(begun(outbox, Instant(11s)), ElementsAre("a close"));
}

TEST(Outbox, RetriesForEverWithGrowingPausesAndNeverEarly) {
  Outbox outbox;
  outbox.put(delivery("a"), Instant(0s));
  Instant now(0s);
  std::vector<double> pauses;
  for (int attempt = 0; attempt < 40; ++attempt) {
    ASSERT_EQ(outbox.due(now).size(), 1U) << attempt;
    const Outbox::Settled settled = outbox.settle("a", kRetry, now);
    ASSERT_EQ(settled.progress, Progress::none);
    ASSERT_EQ(*outbox.next(), now + settled.retry_in);
    EXPECT_THAT(outbox.due(now + settled.retry_in - 1ns), IsEmpty());
    pauses.push_back(seconds(settled.retry_in));
    now += settled.retry_in;
  }
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    const double plain = i < 9 ? static_cast<double>(1U << i) : 300;
    EXPECT_GE(pauses[i], std::min(plain, 300.0) * 0.749) << i;
    EXPECT_LE(pauses[i], std::min(300.0, plain * 1.251)) << i;
  }
}

TEST(Outbox, TheJitterDependsOnTheDeliveryAndIsTheSameInEveryRun) {
  EXPECT_EQ(back_off(3, 5min, "a"), back_off(3, 5min, "a"));
  EXPECT_NE(back_off(3, 5min, "a"), back_off(3, 5min, "b"));
  EXPECT_LE(back_off(4'000'000'000U, 5min, "a"), 5min);
}

TEST(Outbox, ARefusedPageGetsNoCloseAndBlocksNobody) {
  Outbox outbox;
  outbox.put(closed(delivery("a")), Instant(0s));
  outbox.put(delivery("b"), Instant(0s));
  EXPECT_THAT(begun(outbox, Instant(0s)), ElementsAre("a page", "b page"));
  EXPECT_EQ(outbox.settle("a", kRefused, Instant(1s)).progress, Progress::refused);
  EXPECT_EQ(outbox.settle("b", kOk, Instant(1s)).progress, Progress::page_delivered);
  EXPECT_EQ(outbox.waiting(), 0U);
  EXPECT_EQ(outbox.next(), std::nullopt);
}

TEST(Outbox, RetryAfterHoldsTheChannelButNotForLong) {
  Outbox outbox;
  outbox.put(delivery("a"), Instant(0s));
  begun(outbox, Instant(0s));
  outbox.settle("a", {Answer::Kind::retry, 60s, "HTTP status 429"}, Instant(0s));
  outbox.put(delivery("b"), Instant(1s));
  EXPECT_THAT(begun(outbox, Instant(59s)), IsEmpty());
  EXPECT_THAT(begun(outbox, Instant(60s)), ElementsAre("b page", "a page"));
  outbox.settle("a", {Answer::Kind::retry, 24h, "HTTP status 503"}, Instant(60s));
  EXPECT_EQ(outbox.next(), Instant(60s + 5min));
}

TEST(Outbox, ASuccessMakesAllThatWaitsDue) {
  Outbox outbox;
  for (const char* id : {"a", "b"}) outbox.put(delivery(id), Instant(0s));
  Instant now(0s);
  for (int i = 0; i < 12; ++i) {
    for (const char* id : {"a", "b"}) {
      outbox.due(now);
      outbox.settle(id, kRetry, now);
    }
    now += 10min;
  }
  outbox.due(now);
  outbox.settle("b", kRetry, now);
  outbox.settle("a", kOk, now + 1s);
  EXPECT_THAT(begun(outbox, now + 1s), ElementsAre("b page"));
}

TEST(Outbox, AHungReceiverHoldsFewAttempts) {
  Outbox outbox;
  for (int i = 0; i < 100; ++i) outbox.put(delivery("i" + std::to_string(i)), Instant(0s));
  EXPECT_EQ(outbox.due(Instant(0s)).size(), Outbox::kParallel);
  EXPECT_EQ(outbox.next(), std::nullopt);
  EXPECT_EQ(outbox.in_flight(), Outbox::kParallel);
}

TEST(Outbox, TheIdentityOfADeliveryIsItsOwn) {
  Outbox outbox;
  outbox.put(delivery("00112233aabbccdd"), Instant(0s));
  const auto first = outbox.due(Instant(0s));
  ASSERT_EQ(first.size(), 1U);
  Outbox after_restart;
  after_restart.put(delivery("00112233aabbccdd"), Instant(7s));
  EXPECT_EQ(after_restart.due(Instant(7s)).at(0).id, first[0].id);
  Delivery other = delivery("00112233aabbccdd");
  other.channel = ChannelName("second");
  Outbox second;
  second.put(other, Instant(0s));
  EXPECT_NE(second.due(Instant(0s)).at(0).id, first[0].id);
}

TEST(Outbox, BeyondItsBoundTheOldestEndedIncidentGoes) {
  Outbox outbox;
  for (std::size_t i = 0; i < Outbox::kMaxOwed; ++i) {
    const Delivery d = delivery("i" + std::to_string(i));
    EXPECT_THAT(outbox.put(i == 7 ? closed(d) : d, Instant(0s)), IsEmpty());
  }
  EXPECT_THAT(outbox.put(delivery("last"), Instant(0s)), ElementsAre("i7"));
  EXPECT_THAT(outbox.put(delivery("still fires, all of them"), Instant(0s)), IsEmpty());
}

// The crisis in which it matters: three times the bound, then one put and one look after another.
TEST(Outbox, ItsCostDoesNotGrowWithWhatWaits) {
  Outbox outbox;
  std::size_t given_up = 0;
  const std::clock_t begin = std::clock();
  for (std::size_t i = 0; i < 3 * Outbox::kMaxOwed; ++i) {
    given_up += outbox.put(closed(delivery("i" + std::to_string(i))), Instant(0s)).size();
    ASSERT_LE(outbox.waiting(), 2 * Outbox::kMaxOwed);
  }
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  EXPECT_EQ(given_up, 2 * Outbox::kMaxOwed);
  EXPECT_EQ(outbox.waiting(), 2 * Outbox::kMaxOwed);
  RecordProperty("cpu_milliseconds", static_cast<int>(took * 1000));
  EXPECT_LT(took, 5.0);  // of CPU; a sanitizer build included
}

}  // namespace
}  // namespace itnxt::test
