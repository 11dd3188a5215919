// A wire with bursts of any kind, an agent that holds its counters for a while, a capture that
// tells its totals at intervals: what the ratio says against the truth.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "daemon/state/coverage.hpp"
#include "tests/state/random.hpp"

namespace itnxt {
namespace {

constexpr Duration kTick = 100ms;

struct Scene {
  Duration held;          // for how long the agent answers with the same counters
  bool by_timer = false;  // it refreshes them by itself, not when it is asked
  Duration poll_every, tell_every;
  Duration skew{};               // the capture's wall clock against the poller's
  Duration longest_phase = 20s;  // of traffic and of silence
  bool steady = false;
  std::int64_t lost_in = 0;  // one packet of so many; 0: none
};

class Wire {
 public:
  Wire(const Scene& scene, std::uint64_t seed) : scene_(scene), random_(seed) {
    next_poll_ = Duration(random_.below(scene.poll_every.count()));
    next_tell_ = Duration(random_.below(scene.tell_every.count()));
    refreshed_ = -Duration(random_.below(scene.held.count()));
  }

  // The ratio after the next poll or sample; the time is now().
  std::optional<double> next() {
    for (bool told = false; !told;) {
      now_ += kTick;
      pass_traffic();
      if (scene_.by_timer) refresh();
      if (now_ >= next_tell_) {
        coverage_.see_capture(wall() + scene_.skew, Bytes(seen_));
        next_tell_ += scene_.tell_every;
        told = true;
      }
      if (now_ >= next_poll_) {
        refresh();
        coverage_.see_port({wall(), Counter{cached_}, Counter{0}, polls_++ > 0});
        next_poll_ += scene_.poll_every;
        told = true;
      }
    }
    return coverage_.ratio();
  }
  [[nodiscard]] Duration now() const { return now_; }
  void lose(std::int64_t one_in) { scene_.lost_in = one_in; }

 private:
  [[nodiscard]] WallTime wall() const { return WallTime(Duration(1'700'000'000s) + now_); }
  void refresh() {
    if (now_ - refreshed_ < scene_.held) return;
    refreshed_ = now_;
    cached_ = counted_;
  }
  void pass_traffic() {
    if (now_ >= phase_end_) {
      phase_end_ = now_ + Duration(random_.below(scene_.longest_phase.count()));
      const std::int64_t most = random_.pick({1, 10, 1000});
      rate_ = random_.one_in(2) ? 0 : random_.below(most) + 1;
    }
    for (std::int64_t i = 0; i < (scene_.steady ? 100 : rate_); ++i) {
      counted_ += 1000;
      if (scene_.lost_in == 0 || ++packets_ % scene_.lost_in != 0) seen_ += 1000;
    }
  }

  Scene scene_;
  test::Random random_;
  Coverage coverage_;
  Duration now_{}, next_poll_{}, next_tell_{}, refreshed_{}, phase_end_{};
  std::int64_t rate_ = 0, packets_ = 0;
  std::uint64_t counted_ = 0, seen_ = 0, cached_ = 0;
  int polls_ = 0;
};

Scene any_scene(test::Random& random) {
  Scene scene;
  scene.held = random.pick({0s, 1s, 5s, 10s, 15s}) + kTick;
  if (scene.held > 15s) scene.held = 15s;
  scene.by_timer = random.one_in(2);
  scene.poll_every = random.pick({5s, 10s, 15s, 30s, 60s});
  scene.tell_every = random.pick({1s, 5s, 10s});
  scene.skew = random.pick({-400ms, 0ms, 400ms});
  scene.longest_phase = random.pick({1s, 5s, 20s, 120s});
  scene.steady = random.one_in(5);
  return scene;
}

RC_GTEST_PROP(CoverageProperty, WithoutLossItIsOneOrUnknown, (std::uint64_t seed)) {
  test::Random random(seed);
  Wire wire(any_scene(random), seed);
  while (wire.now() < 20min) {
    const auto ratio = wire.next();
    if (ratio) RC_ASSERT(std::abs(*ratio - 1) <= 0.02);
  }
}

RC_GTEST_PROP(CoverageProperty, HalfLostIsHalfOrUnknown, (std::uint64_t seed)) {
  test::Random random(seed);
  Scene scene = any_scene(random);
  scene.lost_in = 2;
  Wire wire(scene, seed);
  while (wire.now() < 20min) {
    const auto ratio = wire.next();
    if (ratio) RC_ASSERT(*ratio >= 0.45 && *ratio <= 0.55);
  }
}

// What the bound is worth: it is known, and a loss shows soon. Of many wires the worst.
struct Pace {
  double known_after = 0;  // s from the beginning
  double shows_after = 0;  // s from the beginning of a loss of a half
};
Pace pace(Scene scene) {
  Pace worst;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Wire wire(scene, seed);
    while (!wire.next() && wire.now() < 1h) {
    }
    worst.known_after = std::max(worst.known_after, seconds(wire.now()));
    while (wire.now() < 15min) wire.next();
    wire.lose(2);
    while (wire.next().value_or(1) > 0.9 && wire.now() < 1h) {
    }
    worst.shows_after = std::max(worst.shows_after, seconds(wire.now() - 15min));
  }
  return worst;
}

TEST(CoverageProperty, ItIsKnownInMinutesAndALossShowsInTwo) {
  struct Case {
    Duration held, poll_every, tell_every;
    bool steady;
    double known_within, shows_within;
  };
  for (const Case& one : {Case{15s, 5s, 1s, true, 120, 60}, Case{15s, 5s, 10s, true, 300, 120},
                          Case{5s, 5s, 10s, true, 300, 120}, Case{15s, 10s, 10s, true, 300, 120},
                          Case{15s, 5s, 10s, false, 240, 120}, Case{15s, 60s, 10s, true, 480, 240},
                          Case{15s, 60s, 10s, false, 600, 300}}) {
    Scene scene;
    scene.held = one.held;
    scene.poll_every = one.poll_every;
    scene.tell_every = one.tell_every;
    scene.steady = one.steady;
    scene.longest_phase = 5s;
    const Pace found = pace(scene);
    EXPECT_LE(found.known_after, one.known_within) << seconds(one.poll_every) << one.steady;
    EXPECT_LE(found.shows_after, one.shows_within) << seconds(one.poll_every) << one.steady;
  }
}

}  // namespace
}  // namespace itnxt
