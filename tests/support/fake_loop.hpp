// A loop whose time the test moves. No fd is really polled: the test says which is ready.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "daemon/io/loop.hpp"

namespace itnxt::test {

class FakeLoop final : public Loop {
 public:
  explicit FakeLoop(WallTime wall = WallTime(std::chrono::hours(24 * 365 * 50)));
  ~FakeLoop() override;

  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override { return wall_; }
  [[nodiscard]] Instant fresh_now() const override { return now_; }
  [[nodiscard]] Watch watch(int fd, Interest interest, Callback callback) override;
  [[nodiscard]] Timer after(Duration delay, Callback callback) override;

  // Moves time forward, firing every timer on its way at its own instant, ties in order of making.
  void advance(Duration by);
  // Fires what is due now (timers of delay 0 made meanwhile too, once each round).
  void run_ready() { advance(Duration::zero()); }
  // Steps the wall clock only, as an operator or NTP does.
  void step_wall(Duration by) { wall_ += by; }
  // Calls the watch on `fd`; false when nobody watches it.
  bool make_ready(int fd, Interest interest = Interest::readable);
  // Calls every watch whose fd is really ready, waiting at most `patience` for one; false: none
  // was.
  bool deliver(std::chrono::milliseconds patience = {});
  [[nodiscard]] std::size_t timers() const;

 private:
  struct World;
  Instant now_{};
  WallTime wall_;
  std::shared_ptr<World> world_;
};

}  // namespace itnxt::test
