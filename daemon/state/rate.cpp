#include "daemon/state/rate.hpp"

#include <cmath>

namespace itnxt {
namespace {

constexpr double kTwoTo32 = 4294967296.0;

constexpr Duration since_boot(TimeTicks uptime) {
  return elapsed(TimeTicks{0}, uptime);
}

// The verdicts on two readings, by table: the first rule that holds gives the gap; none, and there
// is a rate.
template <class Case>
struct Rule {
  bool (*holds)(const Case&);
  Gap verdict;
};
template <class Case, std::size_t n>
std::optional<Gap> judge(const Rule<Case> (&rules)[n], const Case& of) {
  for (const Rule<Case>& rule : rules) {
    if (rule.holds(of)) return rule.verdict;
  }
  return std::nullopt;
}

// --- the clocks of two PDUs ---------------------------------------------------------------------

struct TwoPdus {
  const ReadingClocks& earlier;
  const ReadingClocks& later;
  Duration shortest;
  Duration ours = collector_time(earlier.at, later.at);
  // Modulo the wrap: a reboot makes this differ from our own clock by at least the uptime that was
  // lost with it.
  bool by_device = earlier.runs && later.runs;
  Duration device = by_device ? elapsed(earlier.uptime, later.uptime) : ours;
  Duration tolerance = clock_tolerance(ours);
};

bool too_close(const TwoPdus& of) {
  return of.ours <= Duration::zero() || of.ours < of.shortest;
}

bool differ_by_more_than(const TwoPdus& of, Duration tolerance) {
  return of.device < of.ours - tolerance || of.device > of.ours + tolerance;
}

bool clocks_differ(const TwoPdus& of) {
  return differ_by_more_than(of, of.tolerance);
}

// One more reboot costs so little uptime that it is within what clocks drift apart.
bool just_booted(const TwoPdus& of) {
  return !of.earlier.wrapped && since_boot(of.earlier.uptime) <= of.tolerance;
}

// Closer in step than a second boot after the first one would be.
bool may_have_booted_again(const TwoPdus& of) {
  return just_booted(of) && differ_by_more_than(of, kSecondBoot);
}

// A device that has been up for longer than we waited cannot have booted meanwhile.
bool rebooted(const TwoPdus& of) {
  return clocks_differ(of) && (of.later.uptime < of.earlier.uptime ||
                               since_boot(of.later.uptime) <= of.ours + of.tolerance);
}

bool too_close_by_device(const TwoPdus& of) {
  return of.device <= Duration::zero() || of.device < of.shortest;
}

bool counters_began_anew(const TwoPdus& of) {
  if (!of.later.discontinuity) return false;
  if (of.earlier.discontinuity) return *of.earlier.discontinuity != *of.later.discontinuity;
  if (!of.by_device) return of.later.discontinuity->hundredths != 0;
  // First seen now: it matters if it happened after the earlier reading, by the device's clock.
  const Duration after = elapsed(of.earlier.uptime, *of.later.discontinuity);
  return after > Duration::zero() && after <= of.device;
}

constexpr Rule<TwoPdus> kClockRules[] = {
    {too_close, Gap::late},           {may_have_booted_again, Gap::reset},
    {rebooted, Gap::reset},           {clocks_differ, Gap::late},
    {too_close_by_device, Gap::late}, {counters_began_anew, Gap::discontinuity},
};

// --- two values of one counter ------------------------------------------------------------------

enum class Doubt : std::uint8_t { any_wrap, seen_wrap };

struct TwoValues {
  Counter earlier;
  Counter later;
  const Span& span;
  double per_second;  // what can be counted in a second at most
  Doubt doubt;
  std::uint64_t grown = later.width == CounterWidth::bits32
                            ? (later.value - earlier.value) & 0xFFFF'FFFFU
                            : later.value - earlier.value;
};

bool width_changed(const TwoValues& of) {
  return of.earlier.width != of.later.width;
}

bool wide_went_back(const TwoValues& of) {
  return of.later.width == CounterWidth::bits64 && of.later.value < of.earlier.value;
}

bool may_have_wrapped_unseen(const TwoValues& of) {
  const bool doubted = of.doubt == Doubt::any_wrap || of.later.value < of.earlier.value;
  return of.later.width == CounterWidth::bits32 && doubted &&
         of.per_second * seconds(of.span.longest) >= kTwoTo32;
}

bool more_than_the_line_carries(const TwoValues& of) {
  return static_cast<double>(of.grown) > of.per_second * seconds(of.span.device);
}

constexpr Rule<TwoValues> kValueRules[] = {
    {width_changed, Gap::discontinuity},
    {wide_went_back, Gap::discontinuity},
    {may_have_wrapped_unseen, Gap::wrap},
    {more_than_the_line_carries, Gap::implausible},
};

std::variant<std::uint64_t, Gap> increase(Counter earlier, Counter later, const Span& span,
                                          double per_second, Doubt doubt) {
  const TwoValues values{earlier, later, span, per_second, doubt};
  if (const auto gap = judge(kValueRules, values)) return *gap;
  return values.grown;
}

double most_bytes(CounterWidth width, std::optional<BytesPerSecond> line) {
  const BytesPerSecond unknown = width == CounterWidth::bits32 ? kFastestNarrowLine : kFastestLine;
  return plausible(usable(line).value_or(unknown)).count();
}

}  // namespace

std::optional<BytesPerSecond> usable(std::optional<BytesPerSecond> speed) {
  if (!speed || !std::isfinite(speed->count()) || speed->count() <= 0) return std::nullopt;
  return speed;
}

std::optional<BytesPerSecond> faster(std::optional<BytesPerSecond> a,
                                     std::optional<BytesPerSecond> b) {
  a = usable(a);
  b = usable(b);
  if (!a || !b) return a ? a : b;
  return std::max(*a, *b);
}

std::variant<Span, Gap> span_between(const ReadingClocks& earlier, const ReadingClocks& later,
                                     Duration shortest) {
  const TwoPdus pdus{earlier, later, shortest};
  if (const auto gap = judge(kClockRules, pdus)) return *gap;
  return Span{pdus.device, std::max(pdus.device, pdus.ours)};
}

bool has_wrapped(const ReadingClocks& earlier, const ReadingClocks& later) {
  if (!earlier.runs || !later.runs) return false;
  if (!earlier.wrapped && later.uptime >= earlier.uptime) return false;
  TwoPdus pdus{earlier, later, Duration::zero()};
  if (pdus.ours <= Duration::zero() || just_booted(pdus)) return false;
  return !differ_by_more_than(pdus, clock_tolerance(Duration::zero()));
}

Rate<BytesPerSecond> byte_rate(Counter earlier, Counter later, const Span& span,
                               std::optional<BytesPerSecond> line) {
  const auto grown = increase(earlier, later, span, most_bytes(later.width, line), Doubt::any_wrap);
  if (const Gap* gap = std::get_if<Gap>(&grown)) return *gap;
  return per_second(Bytes(std::get<std::uint64_t>(grown)), span.device);
}

Rate<PacketsPerSecond> packet_rate(Counter earlier, Counter later, const Span& span,
                                   std::optional<BytesPerSecond> line) {
  const double most = most_bytes(later.width, line) / kSmallestPacket;
  const auto grown = increase(earlier, later, span, most, Doubt::seen_wrap);
  if (const Gap* gap = std::get_if<Gap>(&grown)) return *gap;
  return per_second(Packets(std::get<std::uint64_t>(grown)), span.device);
}

}  // namespace itnxt
