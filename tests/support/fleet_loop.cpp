#include "tests/support/fleet_loop.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace itnxt::test {
namespace {

Instant steady() {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

struct SocketLoop::World {
  using Due = std::pair<Instant, std::uint64_t>;
  std::map<Due, Callback> timers;
  std::map<std::pair<int, Interest>, std::shared_ptr<Callback>> watches;
  std::uint64_t next = 0;
};

namespace {

template <class World, class Key, class Map>
struct Entry final : Registration::State {
  std::weak_ptr<World> world;
  Key key;
  Map World::*map;
  Entry(std::weak_ptr<World> w, Key k, Map World::*m) : world(std::move(w)), key(k), map(m) {}
  ~Entry() override {
    if (const auto alive = world.lock()) ((*alive).*map).erase(key);
  }
};

}  // namespace

SocketLoop::SocketLoop() : now_(steady()), world_(std::make_shared<World>()) {}
SocketLoop::~SocketLoop() = default;

WallTime SocketLoop::wall_now() const {
  return WallTime(
      std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()));
}

Watch SocketLoop::watch(int fd, Interest interest, Callback callback) {
  const auto key = std::pair{fd, interest};
  world_->watches[key] = std::make_shared<Callback>(std::move(callback));
  return Watch(std::make_unique<Entry<World, std::pair<int, Interest>, decltype(World::watches)>>(
      world_, key, &World::watches));
}

Timer SocketLoop::after(Duration delay, Callback callback) {
  const World::Due key{now_ + delay, world_->next++};
  world_->timers[key] = std::move(callback);
  return Timer(std::make_unique<Entry<World, World::Due, decltype(World::timers)>>(world_, key,
                                                                                   &World::timers));
}

void SocketLoop::round(Duration at_most) {
  std::vector<pollfd> fds;
  std::vector<std::pair<int, Interest>> keys;
  for (const auto& [key, callback] : world_->watches) {
    fds.push_back(
        {key.first, static_cast<short>(key.second == Interest::readable ? POLLIN : POLLOUT), 0});
    keys.push_back(key);
  }
  Duration wait = at_most;
  if (!world_->timers.empty()) {
    wait = std::clamp(world_->timers.begin()->first.first - steady(), Duration::zero(), at_most);
  }
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  (void)::poll(fds.data(), fds.size(), static_cast<int>(ms));
  now_ = steady();
  for (std::size_t i = 0; i < fds.size(); ++i) {
    if (fds[i].revents == 0) continue;
    const auto found = world_->watches.find(keys[i]);
    if (found == world_->watches.end()) continue;
    const std::shared_ptr<Callback> callback = found->second;
    (*callback)();
  }
  const std::uint64_t before = world_->next;
  while (!world_->timers.empty()) {
    const auto first = world_->timers.begin();
    if (first->first.first > now_ || first->first.second >= before) break;
    const Callback callback = std::move(first->second);
    world_->timers.erase(first);
    callback();
  }
}

bool SocketLoop::run_until(const std::function<bool()>& done, Duration limit) {
  now_ = steady();
  const Instant end = now_ + limit;
  while (!done()) {
    if (now_ >= end) return false;
    round(std::min<Duration>(end - now_, 100ms));
  }
  return true;
}

}  // namespace itnxt::test
