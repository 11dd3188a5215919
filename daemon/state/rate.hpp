// From two readings of one counter to a rate, or to the reason why there is none: the arithmetic of
// interface_state.hpp, and the only place where a rate is made. Pure; thread: any.
//
// Sources: RFC 2578 §7.1.6, §7.1.8, §7.1.10 (Counter32, TimeTicks, Counter64), RFC 2863 §3.1.6
// (counter widths), IF-MIB ifCounterDiscontinuityTime and ifHighSpeed, RFC 3418 sysUpTime.
#pragma once

#include <algorithm>
#include <optional>
#include <variant>

#include "daemon/core/counter.hpp"
#include "daemon/core/time.hpp"
#include "daemon/core/units.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// The clocks of the PDU that brought a counter, and the line it counts.
struct ReadingClocks {
  TimeTicks uptime;                        // sysUpTime, the device's clock
  std::optional<TimeTicks> discontinuity;  // absent: the device does not say
  SourceTime at;                           // the collector's monotonic clock
  std::optional<BytesPerSecond> speed;     // absent: no concept of bandwidth, or not known
  bool wrapped = false;                    // sysUpTime was seen to wrap since boot: has_wrapped()
  bool runs = true;                        // false: there is no sysUpTime, or it stands still
  bool operator==(const ReadingClocks&) const = default;
};

// Honest time between two readings.
struct Span {
  Duration device{};   // by sysUpTime, or ours if it does not run: what a rate divides by
  Duration longest{};  // the longer of both clocks: how long the counter may have run
  bool operator==(const Span&) const = default;
};

// How far the device's clock and ours may differ over `elapsed`: answers are delayed and tried
// again, agents refresh sysUpTime by the second, crystals drift.
constexpr Duration clock_tolerance(Duration elapsed) {
  return 2s + elapsed / 200;
}

// A device that was read just after it booted and boots again is down for longer than this: what is
// in step with our clock as closely as this has not.
inline constexpr Duration kSecondBoot = 2s;

// What a line of `speed` may seem to carry per second: a tenth more (agents count in bursts,
// framing is counted differently) and 500 kbit/s (ifHighSpeed is rounded to 10^6 bit/s ± 500,000).
constexpr BytesPerSecond plausible(BytesPerSecond speed) {
  return BytesPerSecond(speed.count() * 1.1) + bits_per_second(500'000);
}
// Without a known speed: beyond any line there is; and for a 32-bit counter five times the fastest
// line that may have no wider one (RFC 2863 §3.1.6: 20 Mbit/s).
inline constexpr BytesPerSecond kFastestLine = bits_per_second(3.2e12);
inline constexpr BytesPerSecond kFastestNarrowLine = bits_per_second(100e6);
// The smallest thing counted as a packet, an IPv4 header: bounds packets by bytes.
inline constexpr double kSmallestPacket = 20;

// The time between two PDUs of one device and one epoch of its collector, or why it is not to be
// trusted. In this order:
//   late   `later` is not at least `shortest` after `earlier` (double, early, out of order)
//   reset  the device rebooted in between, or was up for so short a time at `earlier`, and is so
//          far out of step since (kSecondBoot), that a reboot cannot be told. sysUpTime's own wrap
//          after 497 days is no reboot: it goes on in step with our clock; nor is a device that was
//          seen to wrap one that just booted. (A reboot at the very time of that wrap, give or take
//          the tolerance, looks like it.)
//   late   the two clocks do not agree otherwise
//   discontinuity  ifCounterDiscontinuityTime moved
// Where sysUpTime does not run on both sides, our clock stands for it: no reboot shows but by
// counters that went back.
std::variant<Span, Gap> span_between(const ReadingClocks& earlier, const ReadingClocks& later,
                                     Duration shortest);

// Whether sysUpTime wrapped from `earlier` to `later`, or had by `earlier`, and the device did not
// reboot: what `later.wrapped` is to be when it becomes the base. Stricter than span_between(): of
// clocks that drifted apart over a long silence it says no.
bool has_wrapped(const ReadingClocks& earlier, const ReadingClocks& later);

// The collector's time from `earlier` to `later`; no overflow, whatever a node claims.
constexpr Duration collector_time(SourceTime earlier, SourceTime later) {
  constexpr SourceTime kFirst{-24h * 365 * 70};
  constexpr SourceTime kLast{24h * 365 * 70};
  return std::clamp(later, kFirst, kLast) - std::clamp(earlier, kFirst, kLast);
}

// Whether `later` came too early after `earlier` to be its successor: keep `earlier` as the base,
// so that nothing is lost and nothing is divided by a moment.
constexpr bool too_early(const ReadingClocks& earlier, const ReadingClocks& later,
                         Duration shortest) {
  return collector_time(earlier.at, later.at) < shortest;
}

// What was counted in `span` by its time: exact, or a gap. A 32-bit counter that went back wrapped
// once, if it cannot have wrapped twice at line rate (else `wrap`, also when it did not go back); a
// 64-bit counter never wraps (2^64 octets at 100 Gbit/s are 47 years), so going back is a
// discontinuity, even if the agent reports none; so is a change of width. More than the line can
// carry is `implausible`. `line`: the faster of both readings' speeds. Precondition:
// span.device > 0.
Rate<BytesPerSecond> byte_rate(Counter earlier, Counter later, const Span& span,
                               std::optional<BytesPerSecond> line);
// The same for packets, with one difference: a 32-bit counter that did not go back is taken as it
// is. Errors and discards have no wider counter, and 4,294,967,296 of them in one interval are not
// considered.
Rate<PacketsPerSecond> packet_rate(Counter earlier, Counter later, const Span& span,
                                   std::optional<BytesPerSecond> line);

// A speed that can be computed with: positive and finite.
std::optional<BytesPerSecond> usable(std::optional<BytesPerSecond> speed);
std::optional<BytesPerSecond> faster(std::optional<BytesPerSecond> a,
                                     std::optional<BytesPerSecond> b);

}  // namespace itnxt
