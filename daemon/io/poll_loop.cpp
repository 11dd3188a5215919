#include "daemon/io/poll_loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <limits>
#include <map>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "daemon/core/fd.hpp"

namespace itnxt {
namespace {

// Of one round. Large enough to be cheap, small enough that the others get their turn.
constexpr std::size_t kMaxEvents = 256;
constexpr std::size_t kMaxTimers = 1024;

Duration read_clock(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

constexpr std::size_t slot(Interest interest) {
  return interest == Interest::readable ? 0 : 1;
}

}  // namespace

// What registrations refer to; they may outlive the loop. Callbacks are shared so that one can
// destroy its own registration while it runs.
struct PollLoop::World {
  using Shared = std::shared_ptr<const Callback>;
  struct Entry {
    int fd = -1;
    std::array<Shared, 2> callbacks;  // by Interest
  };
  using Due = std::pair<Instant, std::uint64_t>;

  Fd epoll;
  // An entry's id, never its fd, goes to the kernel: an fd closed and opened anew within a round
  // must not get the events of the old one.
  std::unordered_map<std::uint64_t, Entry> entries;
  std::unordered_map<int, std::uint64_t> by_fd;
  std::map<Due, Shared> timers;
  std::uint64_t next = 1;

  // errno. For a watch that ends it does not matter: the fd may be closed by then.
  int control(int operation, std::uint64_t id, const Entry& entry) const {
    epoll_event event{};
    if (entry.callbacks[0]) event.events |= EPOLLIN;
    if (entry.callbacks[1]) event.events |= EPOLLOUT;
    event.data.u64 = id;
    return epoll_ctl(epoll.get(), operation, entry.fd, &event) == 0 ? 0 : errno;
  }
};

struct PollLoop::WatchState final : Registration::State {
  std::weak_ptr<World> world;
  std::uint64_t id;
  std::size_t which;
  World::Shared callback;
  WatchState(std::weak_ptr<World> w, std::uint64_t i, std::size_t s, World::Shared c)
      : world(std::move(w)), id(i), which(s), callback(std::move(c)) {}

  ~WatchState() override {
    const auto alive = world.lock();
    if (!alive) return;
    const auto found = alive->entries.find(id);
    if (found == alive->entries.end()) return;
    World::Entry& entry = found->second;
    if (entry.callbacks[which] != callback) return;
    entry.callbacks[which] = nullptr;
    if (entry.callbacks[0] || entry.callbacks[1]) {
      (void)alive->control(EPOLL_CTL_MOD, id, entry);
      return;
    }
    (void)alive->control(EPOLL_CTL_DEL, id, entry);
    alive->by_fd.erase(entry.fd);
    alive->entries.erase(found);
  }
};

struct PollLoop::TimerState final : Registration::State {
  std::weak_ptr<World> world;
  World::Due due;
  TimerState(std::weak_ptr<World> w, World::Due d) : world(std::move(w)), due(d) {}
  ~TimerState() override {
    if (const auto alive = world.lock()) alive->timers.erase(due);
  }
};

PollLoop::PollLoop() : world_(std::make_shared<World>()) {
  world_->epoll.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!world_->epoll.is_open()) {
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
  read_clocks();
}

PollLoop::~PollLoop() = default;

Instant PollLoop::fresh_now() const {
  return Instant(read_clock(CLOCK_MONOTONIC));
}

void PollLoop::read_clocks() {
  now_ = Instant(read_clock(CLOCK_MONOTONIC));
  wall_ = WallTime(read_clock(CLOCK_REALTIME));
  called_until_ = now_;
}

Watch PollLoop::watch(int fd, Interest interest, Callback callback) {
  World& world = *world_;
  auto shared = std::make_shared<const Callback>(std::move(callback));
  const auto known = world.by_fd.find(fd);
  const bool fresh = known == world.by_fd.end();
  const std::uint64_t id = fresh ? world.next++ : known->second;
  World::Entry& entry = world.entries[id];
  entry.fd = fd;
  const World::Shared before = std::exchange(entry.callbacks[slot(interest)], shared);
  if (const int error = world.control(fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, id, entry)) {
    entry.callbacks[slot(interest)] = before;
    if (fresh) world.entries.erase(id);
    throw std::system_error(error, std::generic_category(),
                            "fd " + std::to_string(fd) + " cannot be watched");
  }
  if (fresh) world.by_fd[fd] = id;
  return Watch(std::make_unique<WatchState>(world_, id, slot(interest), std::move(shared)));
}

Timer PollLoop::after(Duration delay, Callback callback) {
  const World::Due due{now_ + std::max(delay, Duration::zero()), world_->next++};
  world_->timers.emplace(due, std::make_shared<const Callback>(std::move(callback)));
  return Timer(std::make_unique<TimerState>(world_, due));
}

void PollLoop::run() {
  stopped_ = false;
  std::array<epoll_event, kMaxEvents> events{};
  read_clocks();
  while (!stopped_) {
    const int ready = epoll_wait(world_->epoll.get(), events.data(),
                                 static_cast<int>(events.size()), wait_milliseconds());
    if (ready < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "epoll_wait");
    }
    read_clocks();
    fire_timers();
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      dispatch(event.data.u64, event.events);
    }
  }
}

// Rounded up: a timer is never early, at most a millisecond late.
int PollLoop::wait_milliseconds() const {
  if (world_->timers.empty()) return -1;
  const Duration wait = world_->timers.begin()->first.first - Instant(read_clock(CLOCK_MONOTONIC));
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return static_cast<int>(std::clamp<std::int64_t>(rounded, 0, std::numeric_limits<int>::max()));
}

void PollLoop::fire_timers() {
  World& world = *world_;
  const std::uint64_t made_later =
      world.next;  // a timer made from here on waits for the next round
  Duration latest{};
  for (std::size_t fired = 0; fired < kMaxTimers && !world.timers.empty(); ++fired) {
    const auto first = world.timers.begin();
    const auto [due, number] = first->first;
    if (due > now_ || number >= made_later) break;
    latest = std::max(latest, now_ - due);
    const World::Shared callback = std::move(first->second);
    world.timers.erase(first);
    call(*callback, SlowCallback::Kind::timer, -1);
    lag_ = latest;
  }
}

void PollLoop::dispatch(std::uint64_t id, std::uint32_t events) {
  constexpr std::uint32_t kBroken = EPOLLERR | EPOLLHUP;
  constexpr std::array<std::uint32_t, 2> kWanted = {EPOLLIN | kBroken, EPOLLOUT | kBroken};
  for (std::size_t i = 0; i < kWanted.size(); ++i) {
    if ((events & kWanted[i]) == 0) continue;
    const auto found = world_->entries.find(id);  // a callback before may have ended it
    if (found == world_->entries.end()) return;
    const World::Shared callback = found->second.callbacks[i];
    if (callback) call(*callback, SlowCallback::Kind::fd, found->second.fd);
  }
}

void PollLoop::call(const Callback& callback, SlowCallback::Kind kind, int fd) {
  callback();
  const Instant end(read_clock(CLOCK_MONOTONIC));
  const Duration took = end - called_until_;
  called_until_ = end;
  if (took <= kSlow) return;
  if (slow_) slow_({kind, fd, took});
}

}  // namespace itnxt
