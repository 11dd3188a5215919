// The loop of a running process: epoll (level-triggered) and a queue of timers. The only reader of
// clocks: CLOCK_MONOTONIC for now(), CLOCK_REALTIME for wall_now().
//
// Each round first fires the timers that are due, then the fds that are ready, both bounded, so
// that neither can starve the other. One thread: that of run().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "daemon/io/loop.hpp"

namespace itnxt {

// A callback that kept everybody else waiting.
struct SlowCallback {
  enum class Kind { timer, fd };
  Kind kind;
  int fd;  // -1 for a timer
  Duration took;
};

class PollLoop final : public Loop {
 public:
  static constexpr Duration kSlow = 100ms;

  PollLoop();  // throws std::system_error when the kernel has no epoll to give
  ~PollLoop() override;
  PollLoop(const PollLoop&) = delete;
  PollLoop& operator=(const PollLoop&) = delete;

  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override { return wall_; }
  [[nodiscard]] Instant fresh_now() const override;

  // At most one watch for each fd and interest. Throws std::system_error for what cannot be polled
  // (a regular file, no open fd): that is a mistake in the program. An fd in error or hung up is
  // ready for every interest.
  [[nodiscard]] Watch watch(int fd, Interest interest, Callback callback) override;
  [[nodiscard]] Timer after(Duration delay, Callback callback) override;

  // Rounds until stop(), which a callback calls; the round is finished first.
  void run();
  void stop() { stopped_ = true; }

  // Called after each callback that took longer than kSlow.
  void on_slow(std::function<void(const SlowCallback&)> observer) { slow_ = std::move(observer); }

  // How late the latest timers fired. Grows when callbacks take too long.
  [[nodiscard]] Duration lag() const { return lag_; }

 private:
  struct World;
  struct WatchState;
  struct TimerState;

  void read_clocks();
  [[nodiscard]] int wait_milliseconds() const;
  void fire_timers();
  void dispatch(std::uint64_t id, std::uint32_t events);
  void call(const Callback& callback, SlowCallback::Kind kind, int fd);

  std::shared_ptr<World> world_;
  Instant now_{};
  WallTime wall_{};
  Instant called_until_{};  // the end of the callback before is the beginning of the next
  Duration lag_{};
  std::function<void(const SlowCallback&)> slow_;
  bool stopped_ = false;
};

}  // namespace itnxt
