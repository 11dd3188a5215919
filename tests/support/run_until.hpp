// Waits on the real loop for something to become true.
#pragma once

#include <functional>

#include "daemon/io/poll_loop.hpp"

namespace itnxt::test {

// Looks each millisecond of at most `limit`; what `done` said last.
inline bool run_until(PollLoop& loop, const std::function<bool()>& done, Duration limit = 20s) {
  bool met = done();
  if (met) return true;
  Timer again;
  Timer end;
  const std::function<void()> look = [&] {
    met = done();
    if (met) return loop.stop();
    again = loop.after(1ms, look);
  };
  // In the first round: before it, the loop's time is that of its last run.
  const Timer begin = loop.after(Duration::zero(), [&] {
    end = loop.after(limit, [&] { loop.stop(); });
    look();
  });
  loop.run();
  return met;
}

// Without looking: costs nothing but what the loop itself does.
inline void run_for(PollLoop& loop, Duration time) {
  Timer end;
  const Timer begin =
      loop.after(Duration::zero(), [&] { end = loop.after(time, [&] { loop.stop(); }); });
  loop.run();
}

}  // namespace itnxt::test
