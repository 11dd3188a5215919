// A loop on the real clocks, for tests that talk to real sockets, disks and processes. It waits for
// conditions with a deadline, never for a time.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/io/loop.hpp"

namespace itnxt::test {

class TestLoop final : public Loop {
 public:
  TestLoop() : state_(std::make_shared<State>()) { tick(); }

  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override { return wall_; }
  [[nodiscard]] Watch watch(int fd, Interest interest, Callback callback) override {
    const std::uint64_t id = state_->next++;
    state_->watches[id] = {fd, interest, std::move(callback)};
    return Watch(std::make_unique<Entry>(state_, id));
  }
  [[nodiscard]] Timer after(Duration delay, Callback callback) override {
    const std::uint64_t id = state_->next++;
    state_->timers[id] = {now_ + delay, std::move(callback)};
    return Timer(std::make_unique<Entry>(state_, id));
  }

  // Runs until `done`; false when that takes longer than `limit`.
  bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::seconds(20)) {
    const Instant deadline = now_ + limit;
    while (!done()) {
      if (now_ > deadline) return false;
      round(10);
    }
    return true;
  }
  // Runs for a span in which nothing must happen.
  void run_for(Duration span) {
    const Instant end = now_ + span;
    while (now_ < end) round(5);
  }

 private:
  struct Watched {
    int fd = -1;
    Interest interest = Interest::readable;
    Callback callback;
  };
  struct State {
    std::uint64_t next = 0;
    std::map<std::uint64_t, Watched> watches;
    std::map<std::uint64_t, std::pair<Instant, Callback>> timers;
  };
  struct Entry final : Registration::State {
    std::weak_ptr<TestLoop::State> state;
    std::uint64_t id;
    Entry(std::weak_ptr<TestLoop::State> s, std::uint64_t i) : state(std::move(s)), id(i) {}
    ~Entry() override {
      if (const auto alive = state.lock()) {
        alive->watches.erase(id);
        alive->timers.erase(id);
      }
    }
  };

  void tick() {
    now_ = Instant(std::chrono::steady_clock::now().time_since_epoch());
    wall_ = WallTime(std::chrono::system_clock::now().time_since_epoch());
  }

  void round(int milliseconds) {
    std::vector<pollfd> fds;
    std::vector<std::uint64_t> ids;
    for (const auto& [id, watched] : state_->watches) {
      const short events = watched.interest == Interest::readable ? POLLIN : POLLOUT;
      fds.push_back({watched.fd, events, 0});
      ids.push_back(id);
    }
    (void)::poll(fds.data(), fds.size(), milliseconds);
    tick();
    for (std::size_t i = 0; i < fds.size(); ++i) {
      const auto found = state_->watches.find(ids[i]);
      if (fds[i].revents == 0 || found == state_->watches.end()) continue;
      const Callback callback = found->second.callback;
      callback();
    }
    std::vector<std::uint64_t> due;
    for (const auto& [id, timer] : state_->timers) {
      if (timer.first <= now_) due.push_back(id);
    }
    for (const std::uint64_t id : due) {
      const auto node = state_->timers.extract(id);
      if (!node.empty()) node.mapped().second();
    }
  }

  Instant now_;
  WallTime wall_;
  std::shared_ptr<State> state_;
};

}  // namespace itnxt::test
