// A small real loop for tests with real interfaces: poll(2), steady time.
#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/io/loop.hpp"

namespace itnxt::pcap::test {

class LiveLoop final : public Loop {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override { return WallTime(now_.time_since_epoch()); }

  [[nodiscard]] Watch watch(int fd, Interest, Callback callback) override {
    const std::uint64_t id = next_++;
    watches_[id] = {fd, std::make_shared<Callback>(std::move(callback))};
    return Watch(std::make_unique<Entry>([this, id] { watches_.erase(id); }));
  }
  [[nodiscard]] Timer after(Duration delay, Callback callback) override {
    const std::pair key{now_ + delay, next_++};
    timers_[key] = std::make_shared<Callback>(std::move(callback));
    return Timer(std::make_unique<Entry>([this, key] { timers_.erase(key); }));
  }

  // Runs until `done` or until `limit` has passed; true when done.
  template <class Done>
  bool run_until(Done done, Duration limit = 10s) {
    now_ = clock();
    const Instant end = now_ + limit;
    while (!done()) {
      if (now_ >= end) return false;
      run_once(std::min(end, timers_.empty() ? end : timers_.begin()->first.first));
    }
    return true;
  }
  void run_for(Duration time) {
    (void)run_until([] { return false; }, time);
  }
  int wake_ups = 0;

 private:
  struct Entry final : Registration::State {
    explicit Entry(Callback e) : end(std::move(e)) {}
    ~Entry() override { end(); }
    Callback end;
  };
  struct Watched {
    int fd;
    std::shared_ptr<Callback> callback;
  };

  static Instant clock() { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

  void run_once(Instant until) {
    std::vector<pollfd> fds;
    std::vector<std::uint64_t> ids;
    for (const auto& [id, watched] : watches_) {
      fds.push_back({watched.fd, POLLIN, 0});
      ids.push_back(id);
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - clock()).count();
    (void)::poll(fds.data(), fds.size(), static_cast<int>(std::max<std::int64_t>(wait, 0)));
    ++wake_ups;
    now_ = clock();
    for (std::size_t i = 0; i < fds.size(); ++i) {
      const auto found = watches_.find(ids[i]);
      if (fds[i].revents == 0 || found == watches_.end()) continue;
      const auto callback = found->second.callback;  // it may end its own watch
      (*callback)();
    }
    while (!timers_.empty() && timers_.begin()->first.first <= now_) {
      const auto callback = timers_.begin()->second;
      timers_.erase(timers_.begin());
      (*callback)();
    }
  }

  Instant now_ = clock();
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Watched> watches_;
  std::map<std::pair<Instant, std::uint64_t>, std::shared_ptr<Callback>> timers_;
};

}  // namespace itnxt::pcap::test
