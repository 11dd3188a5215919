// Time as three types that cannot be mixed. None of the clocks has a now(): only the loop reads
// one.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <ratio>
#include <string>

namespace itnxt {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

namespace clocks {
template <class Tag>
struct Clock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Clock<Tag>, Duration>;
  static constexpr bool is_steady = true;
};
}  // namespace clocks

// This process's monotonic clock: deadlines, holds, intervals. Meaningless outside the process.
using Instant = clocks::Clock<struct LoopTag>::time_point;

// The monotonic clock of the process that took a sample: only differences within one epoch count.
using SourceTime = clocks::Clock<struct SourceTag>::time_point;

// UTC, for people and for other systems. May step; never used for a deadline or a rate.
using WallTime = clocks::Clock<struct WallTag>::time_point;

// A collector stamps its samples with its own loop's time.
constexpr SourceTime source_time(Instant t) {
  return SourceTime(t.time_since_epoch());
}

// Seconds as a double, as Prometheus counts them.
constexpr double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}
constexpr double unix_seconds(WallTime t) {
  return seconds(t.time_since_epoch());
}

// "2026-12-01T21:00:00.123Z" (RFC 3339, UTC, milliseconds).
std::string to_rfc3339(WallTime t);

// "1h30m", "10s", "500ms": the shortest exact form down to milliseconds, for people.
std::string to_text(Duration d);

// A device's sysUpTime: hundredths of a second, wrapping after 497 days (RFC 2578 §7.1.8).
struct TimeTicks {
  std::uint32_t hundredths = 0;
  constexpr auto operator<=>(const TimeTicks&) const = default;
};

// Time that passed from `earlier` to `later` modulo the wrap.
constexpr Duration elapsed(TimeTicks earlier, TimeTicks later) {
  return std::chrono::milliseconds(std::int64_t{10} *
                                   std::uint32_t{later.hundredths - earlier.hundredths});
}

}  // namespace itnxt
