// The real loop held to the contract of daemon/io/loop.hpp. Real time passes, in milliseconds; no
// test depends on how much.
#include "daemon/io/poll_loop.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <system_error>
#include <thread>

namespace itnxt {
namespace {

struct Pair {
  std::array<int, 2> fd{};
  Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd.data()), 0); }
  ~Pair() {
    for (const int one : fd) close(one);
  }
  void send() const { EXPECT_EQ(write(fd[1], "x", 1), 1); }
  void receive() const {
    char c = 0;
    EXPECT_EQ(read(fd[0], &c, 1), 1);
  }
};

// Returns once the real clock has gone on by more than that.
void spin_for(Duration time) {
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin <= time) continue;
}

class PollLoopTest : public testing::Test {
 protected:
  PollLoop loop;
  // A test that hangs ends here, loudly.
  Timer guard = loop.after(20s, [] { std::abort(); });
};

TEST_F(PollLoopTest, TimersFireInOrderNeverEarlyTiesAsMade) {
  std::string order;
  const Instant start = loop.now();
  const Timer c = loop.after(20ms, [&] {
    order += 'c';
    EXPECT_GE(loop.now() - start, 20ms);
    loop.stop();
  });
  const Timer a = loop.after(10ms, [&] { order += 'a'; });
  const Timer b = loop.after(10ms, [&] { order += 'b'; });
  Timer never = loop.after(5ms, [&] { order += 'x'; });
  never.cancel();
  loop.run();
  EXPECT_EQ(order, "abc");
}

TEST_F(PollLoopTest, NowStandsStillWithinARound) {
  bool same = false;
  const Timer first = loop.after(0s, [&] {
    const Instant before = loop.now();
    spin_for(Duration(1));
    same = before == loop.now();
    EXPECT_GT(loop.fresh_now(), before);
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(same);
}

TEST_F(PollLoopTest, DelayZeroWaitsForTheNextRoundSoFdsGetTheirTurn) {
  const Pair pair;
  pair.send();
  int rounds = 0;
  Timer again;
  std::function<void()> spin = [&] {
    ++rounds;
    again = loop.after(0s, spin);
  };
  again = loop.after(0s, spin);
  const Watch watch = loop.watch(pair.fd[0], Interest::readable, [&] { loop.stop(); });
  loop.run();
  EXPECT_LE(rounds, 2);
}

TEST_F(PollLoopTest, ABusyFdDoesNotStarveTimers) {
  const Pair pair;
  pair.send();  // never read: ready in every round
  const Watch busy = loop.watch(pair.fd[0], Interest::readable, [] {});
  const Timer stop = loop.after(5ms, [&] { loop.stop(); });
  loop.run();
}

TEST_F(PollLoopTest, AnFdIsWatchedForBothInterestsAtOnce) {
  const Pair pair;
  std::string calls;
  Watch readable = loop.watch(pair.fd[0], Interest::readable, [&] {
    calls += 'r';
    pair.receive();
    loop.stop();
  });
  Watch writable;
  writable = loop.watch(pair.fd[0], Interest::writable, [&] {
    calls += 'w';
    writable.cancel();  // from inside its own callback
    pair.send();
  });
  loop.run();
  EXPECT_EQ(calls, "wr");
}

TEST_F(PollLoopTest, AWatchEndedByAnotherOfTheSameRoundIsSilent) {
  const Pair one;
  const Pair two;
  one.send();
  two.send();
  int calls = 0;
  Watch first;
  Watch second;
  const auto callback = [&] {
    ++calls;
    first.cancel();
    second.cancel();
  };
  first = loop.watch(one.fd[0], Interest::readable, callback);
  second = loop.watch(two.fd[0], Interest::readable, callback);
  const Timer stop = loop.after(5ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(calls, 1);
}

TEST_F(PollLoopTest, AnFdReusedWithinARoundGetsNoEventsOfTheOldOne) {
  const Pair one;
  const Pair two;
  const Pair quiet;
  one.send();
  two.send();
  int first = 0;
  int stale = 0;
  Watch watch_one;
  Watch watch_two;
  Watch fresh;
  // Whichever comes first ends the other and puts a silent socket in the place of its fd.
  const auto replace = [&](Watch& watch, const Pair& pair) {
    ++first;
    watch.cancel();
    EXPECT_EQ(dup2(quiet.fd[0], pair.fd[0]), pair.fd[0]);
    fresh = loop.watch(pair.fd[0], Interest::readable, [&] { ++stale; });
  };
  watch_one = loop.watch(one.fd[0], Interest::readable, [&] {
    one.receive();
    replace(watch_two, two);
  });
  watch_two = loop.watch(two.fd[0], Interest::readable, [&] {
    two.receive();
    replace(watch_one, one);
  });
  const Timer stop = loop.after(3ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(stale, 0);
}

TEST_F(PollLoopTest, RegistrationsMayOutliveTheLoop) {
  const Pair pair;
  auto other = std::make_unique<PollLoop>();
  const Watch watch = other->watch(pair.fd[0], Interest::readable, [] {});
  const Timer timer = other->after(1s, [] {});
  other.reset();
}

TEST_F(PollLoopTest, AHangUpWakesAWriter) {
  auto pair = std::make_unique<Pair>();
  const int mine = dup(pair->fd[0]);
  pair.reset();
  Watch watch = loop.watch(mine, Interest::writable, [&] { loop.stop(); });
  loop.run();
  watch.cancel();
  close(mine);
}

TEST_F(PollLoopTest, WhatCannotBePolledIsAMistake) {
  EXPECT_THROW((void)loop.watch(987'654, Interest::readable, [] {}), std::system_error);
}

TEST_F(PollLoopTest, AnFdClosedTooEarlyHarmsNobody) {
  auto pair = std::make_unique<Pair>();
  const int fd = pair->fd[0];
  Watch readable = loop.watch(fd, Interest::readable, [] {});
  {
    const Watch writable = loop.watch(fd, Interest::writable, [] {});
    pair.reset();
  }  // its end is a change of what is watched, which the kernel refuses
  int stale = 0;
  EXPECT_THROW((void)loop.watch(fd, Interest::writable, [&] { ++stale; }), std::system_error);
  readable.cancel();
  const Pair again;  // gets the same number
  ASSERT_EQ(again.fd[0], fd);
  again.send();
  const Watch fresh = loop.watch(fd, Interest::readable, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(stale, 0);
}

TEST_F(PollLoopTest, SlowCallbacksAreReportedAndLagSeen) {
  SlowCallback seen{};
  int count = 0;
  loop.on_slow([&](const SlowCallback& slow) {
    seen = slow;
    ++count;
  });
  const Timer slow = loop.after(0s, [] { spin_for(PollLoop::kSlow); });
  const Timer late = loop.after(1ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(count, 1);
  EXPECT_EQ(seen.kind, SlowCallback::Kind::timer);
  EXPECT_EQ(seen.fd, -1);
  EXPECT_GT(seen.took, PollLoop::kSlow);
  EXPECT_GT(loop.lag(), 50ms);
}

std::atomic<int> signals_handled = 0;

TEST_F(PollLoopTest, ASignalHandlerDoesNotDisturb) {
  struct sigaction action {};
  action.sa_handler = [](int) { ++signals_handled; };
  struct sigaction before {};
  sigaction(SIGUSR1, &action, &before);  // without SA_RESTART: epoll_wait returns EINTR
  const Pair pair;
  const pthread_t self = pthread_self();
  std::thread sender([self, &pair] {
    for (int i = 0; i < 20; ++i) {
      pthread_kill(self, SIGUSR1);
      while (signals_handled == i) std::this_thread::yield();
    }
    pair.send();
  });
  const Watch stop = loop.watch(pair.fd[0], Interest::readable, [&] { loop.stop(); });
  loop.run();
  sender.join();
  EXPECT_EQ(signals_handled, 20);
  sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(PollLoopTest, ManyTimersOfOneInstantAllFireInOrder) {
  std::vector<Timer> timers;
  std::vector<int> order;
  constexpr int kCount = 5000;  // more than one round takes
  for (int i = 0; i < kCount; ++i) {
    timers.push_back(loop.after(1ms, [&, i] {
      order.push_back(i);
      if (i == kCount - 1) loop.stop();
    }));
  }
  loop.run();
  ASSERT_EQ(order.size(), static_cast<std::size_t>(kCount));
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

}  // namespace
}  // namespace itnxt
