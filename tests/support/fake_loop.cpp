#include "tests/support/fake_loop.hpp"

#include <poll.h>

#include <vector>

namespace itnxt::test {

struct FakeLoop::World {
  using Due = std::pair<Instant, std::uint64_t>;
  std::map<Due, Callback> timers;
  std::map<std::pair<int, Interest>, Callback> watches;
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

FakeLoop::FakeLoop(WallTime wall) : wall_(wall), world_(std::make_shared<World>()) {}
FakeLoop::~FakeLoop() = default;

Watch FakeLoop::watch(int fd, Interest interest, Callback callback) {
  const auto key = std::pair{fd, interest};
  world_->watches[key] = std::move(callback);
  return Watch(std::make_unique<Entry<World, std::pair<int, Interest>, decltype(World::watches)>>(
      world_, key, &World::watches));
}

Timer FakeLoop::after(Duration delay, Callback callback) {
  const World::Due key{now_ + delay, world_->next++};
  world_->timers[key] = std::move(callback);
  return Timer(std::make_unique<Entry<World, World::Due, decltype(World::timers)>>(world_, key,
                                                                                   &World::timers));
}

void FakeLoop::advance(Duration by) {
  const Instant end = now_ + by;
  const std::uint64_t round =
      world_->next;  // a timer made in this call at `end` waits for the next
  while (!world_->timers.empty()) {
    const auto first = world_->timers.begin();
    const auto [due, number] = first->first;
    if (due > end || (due == end && number >= round && by == Duration::zero())) break;
    const Callback callback = std::move(first->second);
    world_->timers.erase(first);
    wall_ += due - now_;
    now_ = due;
    callback();
  }
  wall_ += end - now_;
  now_ = end;
}

bool FakeLoop::make_ready(int fd, Interest interest) {
  const auto found = world_->watches.find({fd, interest});
  if (found == world_->watches.end()) return false;
  const Callback callback = found->second;  // the callback may cancel its own watch
  callback();
  return true;
}

bool FakeLoop::deliver(std::chrono::milliseconds patience) {
  std::vector<pollfd> fds;
  for (const auto& [key, callback] : world_->watches) {
    fds.push_back(
        {key.first, key.second == Interest::readable ? short{POLLIN} : short{POLLOUT}, 0});
  }
  if (::poll(fds.data(), fds.size(), static_cast<int>(patience.count())) <= 0) return false;
  for (const pollfd& fd : fds) {
    if (fd.revents == 0) continue;
    make_ready(fd.fd, fd.events == POLLIN ? Interest::readable : Interest::writable);
  }
  return true;
}

std::size_t FakeLoop::timers() const {
  return world_->timers.size();
}

}  // namespace itnxt::test
