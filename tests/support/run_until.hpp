// Waits on the real loop for something to become true.
#pragma once

#include <functional>

#include "daemon/io/poll_loop.hpp"

namespace itnxt::test {

// Looks after each millisecond; what `done` said last.
inline bool run_until(PollLoop& loop, const std::function<bool()>& done, Duration limit = 20s) {
  if (done()) return true;
  bool met = false;
  Timer again;
  const Timer end = loop.after(limit, [&] { loop.stop(); });
  const std::function<void()> look = [&] {
    met = done();
    if (met) return loop.stop();
    again = loop.after(1ms, look);
  };
  look();
  if (!met) loop.run();
  return met || done();
}

}  // namespace itnxt::test
