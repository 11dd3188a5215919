// The fake world itself is held to the contract of daemon/io/loop.hpp.
#include "tests/support/fake_loop.hpp"

#include <gtest/gtest.h>

#include <string>

namespace itnxt {
namespace {

TEST(FakeLoop, TimersFireAtTheirInstantTiesInOrder) {
  test::FakeLoop loop;
  std::string order;
  const Instant start = loop.now();
  const Timer late = loop.after(2s, [&] { order += 'c'; });
  const Timer first = loop.after(1s, [&] {
    order += 'a';
    EXPECT_EQ(loop.now() - start, 1s);
  });
  const Timer second = loop.after(1s, [&] { order += 'b'; });
  loop.advance(3s);
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(loop.now() - start, 3s);
}

TEST(FakeLoop, ACancelledTimerIsSilent) {
  test::FakeLoop loop;
  int calls = 0;
  Timer timer = loop.after(1s, [&] { ++calls; });
  timer.cancel();
  loop.advance(2s);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(loop.timers(), 0U);
}

TEST(FakeLoop, ATimerMayReplaceItselfFromItsOwnCallback) {
  test::FakeLoop loop;
  int calls = 0;
  Timer timer;
  std::function<void()> again = [&] {
    ++calls;
    timer = loop.after(1s, again);
  };
  timer = loop.after(1s, again);
  loop.advance(5s);
  EXPECT_EQ(calls, 5);
}

TEST(FakeLoop, DelayZeroWaitsForTheNextRound) {
  test::FakeLoop loop;
  int calls = 0;
  Timer inner;
  const Timer outer = loop.after(0s, [&] { inner = loop.after(0s, [&] { ++calls; }); });
  loop.run_ready();
  EXPECT_EQ(calls, 0);
  loop.run_ready();
  EXPECT_EQ(calls, 1);
}

TEST(FakeLoop, WallClockMayStepWithoutTimersNoticing) {
  test::FakeLoop loop;
  int calls = 0;
  const Timer timer = loop.after(10s, [&] { ++calls; });
  loop.step_wall(-1h);
  loop.advance(9s);
  EXPECT_EQ(calls, 0);
  loop.advance(1s);
  EXPECT_EQ(calls, 1);
}

TEST(FakeLoop, WatchesAreCalledUntilCancelled) {
  test::FakeLoop loop;
  int calls = 0;
  Watch watch;
  watch = loop.watch(7, Interest::readable, [&] {
    ++calls;
    watch.cancel();
  });
  EXPECT_TRUE(loop.make_ready(7));
  EXPECT_FALSE(loop.make_ready(7));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace itnxt
