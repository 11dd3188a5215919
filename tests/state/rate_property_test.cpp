// Random histories of a device, with the truth kept beside what it says: whatever is called a rate
// is exact and below line speed.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/state/reading.hpp"

namespace itnxt {
namespace {

enum class Happens { traffic, reboot, clear_counters, silent_clear, double_poll, missed_polls };

struct World {
  bool wide = true;
  double speed = 0;  // bytes per second
  bool speed_known = true;
  std::uint64_t total = 0;  // since boot or clear, without wrap
  std::uint64_t ever = 0;   // bytes that really passed
  std::int64_t clock = 0;   // ms, ours
  std::int64_t booted = 0;  // ms
  std::uint32_t discontinuity = 0;
  int breaks = 0;  // reboots and clears: between two of them totals do not compare

  [[nodiscard]] std::uint32_t uptime() const {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(clock - booted) / 10U);
  }
  void pass(std::int64_t ms, double load) {
    const auto bytes = static_cast<std::uint64_t>(speed * load * static_cast<double>(ms) / 1000.0);
    clock += ms;
    total += bytes;
    ever += bytes;
  }
  [[nodiscard]] test::Reading read(std::int64_t delay) const {
    test::Reading r;
    r.counter = wide ? Counter{total, CounterWidth::bits64}
                     : Counter{total & 0xFFFF'FFFFU, CounterWidth::bits32};
    r.clocks.uptime = TimeTicks{uptime()};
    r.clocks.discontinuity = TimeTicks{discontinuity};
    r.clocks.at = SourceTime(std::chrono::milliseconds(clock + delay));
    if (speed_known) r.clocks.speed = BytesPerSecond(speed);
    return r;
  }
};

Happens any_event() {
  return *rc::gen::weightedElement<Happens>({{12, Happens::traffic},
                                             {2, Happens::reboot},
                                             {1, Happens::clear_counters},
                                             {1, Happens::silent_clear},
                                             {2, Happens::double_poll},
                                             {2, Happens::missed_polls}});
}

void happen(World& world, Happens event, std::int64_t interval, double load) {
  switch (event) {
    case Happens::traffic:
      world.pass(interval, load);
      return;
    case Happens::reboot:
      world.pass(*rc::gen::inRange<std::int64_t>(0, interval), load);
      world.clock += *rc::gen::inRange<std::int64_t>(3000, 200000);  // down
      world.booted = world.clock;
      world.total = 0;
      world.discontinuity = 0;
      ++world.breaks;
      world.pass(*rc::gen::inRange<std::int64_t>(0, 2 * interval), load);
      return;
    case Happens::clear_counters:
      world.pass(interval / 2, load);
      world.total = 0;
      world.discontinuity = world.uptime();
      ++world.breaks;
      world.pass(interval / 2 + 10, load);
      return;
    case Happens::silent_clear:
      // An agent that lies (a 64-bit counter shrinks, the discontinuity time stays) is caught when
      // the counter is behind where it was.
      world.pass(interval, load);
      if (world.wide) {
        world.total = 0;
        ++world.breaks;
      }
      return;
    case Happens::double_poll:
      world.pass(*rc::gen::inRange<std::int64_t>(0, interval / 2), load);
      return;
    case Happens::missed_polls:
      world.pass(interval * *rc::gen::inRange<std::int64_t>(2, 50), load);
      return;
  }
}

// The one thing that cannot be told: a reboot just when sysUpTime would have wrapped anyway.
bool rebooted_at_the_wrap(const World& before, const World& after) {
  constexpr std::int64_t kWrap = 42949672960;  // ms
  const std::int64_t would_be = after.clock - before.booted;
  const std::int64_t is = after.clock - after.booted;
  const auto tolerance = clock_tolerance(std::chrono::milliseconds(after.clock - before.clock));
  return before.booted != after.booted && before.clock - before.booted < kWrap &&
         std::chrono::milliseconds(std::abs(would_be - kWrap - is)) <= tolerance + 1s;
}

RC_GTEST_PROP(Rate, IsNeverAboveTheLineAndAlwaysExact, ()) {
  World world;
  world.wide = *rc::gen::arbitrary<bool>();
  world.speed_known = *rc::gen::weightedElement<bool>({{4, true}, {1, false}});
  world.speed = *rc::gen::element(1.25e6, 1.25e7, 1.25e8, 1.25e9, 1.25e10);
  if (!world.speed_known && !world.wide) world.speed = 1.25e6;  // RFC 2863: narrow means slow
  const auto interval = *rc::gen::element<std::int64_t>(10000, 60000, 300000);
  // Anywhere in the device's life, often near the 497 days.
  world.clock = *rc::gen::inRange<std::int64_t>(0, 1000000);
  world.booted = world.clock - *rc::gen::element<std::int64_t>(10000, 5000000, 42949672960 - 400000,
                                                               42949672960 + 90000);
  world.total = *rc::gen::element<std::uint64_t>(0, 4294967296ULL - 100000, 1ULL << 40U);
  const Duration shortest = std::chrono::milliseconds(interval / 2);

  test::Reading base = world.read(0);
  World truth = world;
  const auto steps = *rc::gen::inRange(1, 30);
  for (int i = 0; i < steps; ++i) {
    happen(world, any_event(), interval, *rc::gen::element(0.0, 0.001, 0.3, 0.999));
    const test::Reading next = world.read(*rc::gen::inRange<std::int64_t>(0, 900));
    const Rate<BytesPerSecond> rate = test::byte_rate(base, next, shortest);
    if (const auto* value = std::get_if<BytesPerSecond>(&rate)) {
      if (world.breaks == truth.breaks) {
        const double device = seconds(elapsed(base.clocks.uptime, next.clocks.uptime));
        const auto bytes = static_cast<double>(world.ever - truth.ever);
        RC_ASSERT(std::abs(value->count() * device - bytes) <= bytes * 1e-9 + 1e-6);
      } else if (!rebooted_at_the_wrap(truth, world)) {
        // Only an agent that lies, and whose counter has overtaken itself, can get here.
        RC_ASSERT(world.wide && world.total >= truth.total);
      }
      const double line = world.speed_known ? world.speed : kFastestLine.count();
      RC_ASSERT(value->count() <= plausible(BytesPerSecond(line)).count() * (1 + 1e-12));
    }
    if (!too_early(base.clocks, next.clocks, shortest)) {
      base = next;
      truth = world;
    }
  }
}

// Whatever an agent says, the answer is a gap or a number that a line can carry.
RC_GTEST_PROP(Rate, AnyTwoReadingsAreSurvived, ()) {
  const auto any_reading = [] {
    test::Reading r;
    r.counter.width = *rc::gen::element(CounterWidth::bits32, CounterWidth::bits64);
    r.counter.value = *rc::gen::arbitrary<std::uint64_t>();
    if (r.counter.width == CounterWidth::bits32) r.counter.value &= 0xFFFF'FFFFU;
    r.clocks.uptime = TimeTicks{*rc::gen::arbitrary<std::uint32_t>()};
    if (*rc::gen::arbitrary<bool>()) {
      r.clocks.discontinuity = TimeTicks{*rc::gen::arbitrary<std::uint32_t>()};
    }
    r.clocks.at = SourceTime(
        Duration(*rc::gen::inRange<std::int64_t>(-1'000'000'000'000'000, 1'000'000'000'000'000)));
    if (*rc::gen::arbitrary<bool>()) r.clocks.speed = BytesPerSecond(*rc::gen::arbitrary<double>());
    return r;
  };
  const test::Reading a = any_reading();
  const test::Reading b = any_reading();
  const Rate<BytesPerSecond> rate = test::byte_rate(a, b, 100ms);
  if (const auto* value = std::get_if<BytesPerSecond>(&rate)) {
    RC_ASSERT(value->count() >= 0.0);
    const auto line = faster(a.clocks.speed, b.clocks.speed).value_or(kFastestLine);
    RC_ASSERT(value->count() <= plausible(line).count() * (1 + 1e-12));
  }
}

}  // namespace
}  // namespace itnxt
