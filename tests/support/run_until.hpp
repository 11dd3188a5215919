// The real loop for tests that talk to real sockets, disks and processes: it waits for conditions
// with a deadline, never for a time.
#pragma once

#include <functional>

#include "daemon/io/poll_loop.hpp"

namespace itnxt::test {

// Runs until `done`, which is asked in rounds of the loop, a millisecond apart; false when that
// takes longer than `limit`.
inline bool run_until(PollLoop& loop, const std::function<bool()>& done, Duration limit = 20s) {
  bool reached = false;
  Timer next;
  const std::function<void()> ask = [&] {
    reached = done();
    if (reached) {
      loop.stop();
    } else {
      next = loop.after(1ms, ask);
    }
  };
  next = loop.after(Duration::zero(), ask);
  const Timer end = loop.after(limit, [&] { loop.stop(); });
  loop.run();
  return reached;
}

// Runs for a span in which nothing must happen.
inline void run_for(PollLoop& loop, Duration span) {
  const Timer end = loop.after(span, [&] { loop.stop(); });
  loop.run();
}

}  // namespace itnxt::test
