// The event loop as its users see it: time, readiness of fds, timers. One loop, one thread; every
// call and every callback on the loop's thread. Two implementations: PollLoop
// (daemon/io/poll_loop.hpp) and FakeLoop (tests/support/fake_loop.hpp), whose time the test moves.
//
// A registration is an object: destroying it, from inside its own callback too, ends it, and its
// callback is not called again. An exception that leaves a callback ends the process.
#pragma once

#include <functional>
#include <memory>

#include "daemon/core/time.hpp"

namespace itnxt {

// Move-only handle of a registration; empty when default-made.
class Registration {
 public:
  struct State {
    virtual ~State() = default;  // the destructor takes the registration out of its loop
  };
  Registration() = default;
  explicit Registration(std::unique_ptr<State> state) : state_(std::move(state)) {}
  void cancel() { state_.reset(); }
  explicit operator bool() const { return state_ != nullptr; }

 private:
  std::unique_ptr<State> state_;
};
using Watch = Registration;
using Timer = Registration;

enum class Interest { readable, writable };

class Loop {
 public:
  using Callback = std::function<void()>;
  virtual ~Loop() = default;

  // Time at which the current round of callbacks began; the same within one round.
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
  // The clock of now(), read anew: for measuring what lasts less than a round.
  [[nodiscard]] virtual Instant fresh_now() const = 0;

  // Calls back in every round in which `fd` is ready (level-triggered). The fd stays the caller's
  // and must outlive the Watch. Regular files are never watched: read them in bounded pieces by
  // after(0).
  [[nodiscard]] virtual Watch watch(int fd, Interest interest, Callback callback) = 0;

  // Calls back once, `delay` after now() (0: in the next round). Timers due together fire in the
  // order in which they were made.
  [[nodiscard]] virtual Timer after(Duration delay, Callback callback) = 0;
};

}  // namespace itnxt
