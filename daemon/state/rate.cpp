#include "daemon/state/rate.hpp"

#include <cmath>

namespace itnxt {
namespace {

constexpr double kTwoTo32 = 4294967296.0;

constexpr Duration since_boot(TimeTicks uptime) {
  return elapsed(TimeTicks{0}, uptime);
}

enum class Doubt : std::uint8_t { any_wrap, seen_wrap };

// `per_second`: what can be counted in a second at most.
std::variant<std::uint64_t, Gap> increase(Counter earlier, Counter later, const Span& span,
                                          double per_second, Doubt doubt) {
  if (earlier.width != later.width) return Gap::discontinuity;
  const bool went_back = later.value < earlier.value;
  std::uint64_t grown = later.value - earlier.value;
  if (later.width == CounterWidth::bits32) {
    const bool doubted = went_back || doubt == Doubt::any_wrap;
    if (doubted && per_second * seconds(span.longest) >= kTwoTo32) return Gap::wrap;
    grown &= 0xFFFF'FFFFU;
  } else if (went_back) {
    return Gap::discontinuity;
  }
  if (static_cast<double>(grown) > per_second * seconds(span.device)) return Gap::implausible;
  return grown;
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
  const Duration ours = collector_time(earlier.at, later.at);
  if (ours <= Duration::zero() || ours < shortest) return Gap::late;
  // Modulo the wrap: a reboot makes this differ from our own clock by at least the uptime that was
  // lost with it.
  const Duration device = elapsed(earlier.uptime, later.uptime);
  const Duration tolerance = clock_tolerance(ours);
  if (since_boot(earlier.uptime) <= tolerance) {
    // Just booted, or just past the 497 days: one more reboot would not show.
    return Gap::reset;
  }
  if (device < ours - tolerance || device > ours + tolerance) {
    // A device that has been up for longer than we waited cannot have booted meanwhile.
    const bool rebooted =
        later.uptime < earlier.uptime || since_boot(later.uptime) <= ours + tolerance;
    return rebooted ? Gap::reset : Gap::late;
  }
  if (device <= Duration::zero() || device < shortest) return Gap::late;
  if (later.discontinuity) {
    if (earlier.discontinuity && *earlier.discontinuity != *later.discontinuity) {
      return Gap::discontinuity;
    }
    // First seen now: it matters if it happened after the earlier reading, by the device's clock.
    const Duration after = elapsed(earlier.uptime, *later.discontinuity);
    if (!earlier.discontinuity && after > Duration::zero() && after <= device) {
      return Gap::discontinuity;
    }
  }
  return Span{device, std::max(device, ours)};
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
