#include "daemon/state/catch_up.hpp"

#include <gtest/gtest.h>

namespace itnxt {
namespace {

Batch aged(Duration age, Duration interval = 1s) {
  Batch batch;
  batch.closed_wall = WallTime(1000h);
  batch.sent_wall = batch.closed_wall + age;
  batch.interval = interval;
  return batch;
}

TEST(CatchUp, LiveDataIsJudgedAtOnce) {
  CatchUp catch_up;
  EXPECT_FALSE(catch_up.holds(Instant(0s)));
  catch_up.took(aged(100ms), Instant(1s));
  catch_up.took(aged(2s), Instant(1s));
  catch_up.took(aged(50s, 60s), Instant(1s));  // within its interval
  catch_up.took(aged(-1h), Instant(1s));       // the collector's clock was stepped back
  EXPECT_FALSE(catch_up.holds(Instant(1s)));
}

TEST(CatchUp, BacklogHoldsUntilItIsThrough) {
  CatchUp catch_up;
  catch_up.took(aged(30s), Instant(100s));
  EXPECT_TRUE(catch_up.holds(Instant(100s)));
  catch_up.took(aged(20s), Instant(100s + 400ms));
  EXPECT_TRUE(catch_up.holds(Instant(100s + 800ms)));
  EXPECT_FALSE(catch_up.holds(Instant(100s + 900ms)));
}

TEST(CatchUp, ACollectorThatIsAlwaysLateHoldsTenSecondsOfTwenty) {
  CatchUp catch_up;
  int held = 0;
  for (int i = 0; i < 600; ++i) {  // a minute of old batches
    const Instant now = Instant(100s) + i * 100ms;
    catch_up.took(aged(1h), now);
    if (catch_up.holds(now)) ++held;
  }
  EXPECT_EQ(held, 300);
}

}  // namespace
}  // namespace itnxt
