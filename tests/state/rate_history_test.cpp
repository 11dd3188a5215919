// A million random lives of a port, with the truth kept beside what the device says: no rate is
// ever above the line, and between two good samples no byte is lost or made up.
//
// ITNXT_HISTORIES says how many; without it 1,000,000, or 50,000 under a sanitizer or without
// optimisation. rapidcheck draws a seed for each hundredth of them; the histories of one seed come
// from a generator of our own, because drawing each number by rapidcheck costs a hundred times what
// is tested. A failure names seed and number of its history.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>

#include "daemon/state/interface_state.hpp"
#include "tests/state/random.hpp"

namespace itnxt {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
constexpr std::uint64_t kHistories = 50'000;
#else
constexpr std::uint64_t kHistories = 1'000'000;
#endif
constexpr std::uint64_t kCases = 100;  // of one rapidcheck property

std::uint64_t histories() {
  const char* wanted = std::getenv("ITNXT_HISTORIES");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : kHistories;
}

using test::Random;

enum class Happens : std::uint8_t {
  nothing,
  reboot,           // counters and sysUpTime begin anew
  agent_restart,    // sysUpTime begins anew, the counters go on
  cleared,          // the counters begin anew; ifCounterDiscontinuityTime says so
  silently_behind,  // a 64-bit counter goes back and nothing says so
  other_card,       // any other counter; the ledger says so
  renumbered,       // another ifIndex, the same counter or a new one; the ledger says so
};
enum class Timing : std::uint8_t { due, late, doubled, again, after_lost_polls };

constexpr Happens kHappens[] = {
    Happens::nothing,         Happens::nothing,    Happens::nothing,       Happens::nothing,
    Happens::nothing,         Happens::reboot,     Happens::agent_restart, Happens::cleared,
    Happens::silently_behind, Happens::other_card, Happens::renumbered};
constexpr Timing kTimings[] = {Timing::due,
                               Timing::due,
                               Timing::due,
                               Timing::late,
                               Timing::doubled,
                               Timing::again,
                               Timing::after_lost_polls};
constexpr std::uint32_t kStill = 12345;
constexpr std::int64_t kUptimeWrap = 42'949'672'960;  // ms

struct Truth {
  std::uint64_t bytes = 0;  // that passed since the history began
  std::int64_t clock = 0;   // ms, ours
  std::int64_t booted = 0;
  int lives = 0;  // counters of two lives do not compare
};

class History {
 public:
  explicit History(Random& random) : random_(random) {
    constexpr double kSpeeds[] = {1.25e6, 1.25e7, 1.25e8, 1.25e9, 1.25e10};
    constexpr std::int64_t kIntervals[] = {10'000, 60'000, 300'000};
    constexpr std::int64_t kUptimes[] = {500, 5'000'000, kUptimeWrap - 200'000,
                                         kUptimeWrap + 90'000};
    speed_ = random.pick(kSpeeds);
    interval_ = random.pick(kIntervals);
    wide_ = !random.one_in(3);
    clockless_ = random.one_in(8);
    truth_.clock = 1'000'000;
    truth_.booted = truth_.clock - random.pick(kUptimes) - random.below(100'000);
    counter_ = random.one_in(2) ? random.next() >> 20U : 4'294'967'296U - 100'000;
    sample_.speed = BytesPerSecond(speed_);
  }

  // Empty: all is well.
  std::string live() {
    const auto steps = 2 + random_.below(14);
    for (std::int64_t i = 0; i < steps; ++i) {
      const Timing when = i == 0 ? Timing::due : random_.pick(kTimings);
      const bool plain = i == 0 || when == Timing::again;
      const Happens what = plain ? Happens::nothing : random_.pick(kHappens);
      happen(what, when);
      poll(when);
      const std::string wrong = judge(what, when);
      if (!wrong.empty()) return "step " + std::to_string(i) + ": " + wrong;
    }
    return {};
  }

 private:
  void pass(std::int64_t ms) {
    constexpr double kLoads[] = {0, 0.001, 0.3, 0.98, 0.98};
    const double most = speed_ * random_.pick(kLoads) * static_cast<double>(ms) / 1000;
    truth_.clock += ms;
    truth_.bytes += static_cast<std::uint64_t>(most);
    counter_ += static_cast<std::uint64_t>(most);
  }
  [[nodiscard]] TimeTicks uptime() const { return clockless_ ? TimeTicks{kStill} : since_boot(); }
  [[nodiscard]] TimeTicks since_boot() const {
    return TimeTicks{static_cast<std::uint32_t>((truth_.clock - truth_.booted) / 10)};
  }
  std::int64_t time_until(Timing when) {
    switch (when) {
      case Timing::due:
        return interval_ - interval_ / 20 + random_.below(interval_ / 10);
      case Timing::late:
        return interval_ + random_.below(interval_);
      case Timing::doubled:
        return random_.below(interval_ / 2);
      case Timing::again:
        return 0;
      case Timing::after_lost_polls:
        return interval_ * (2 + random_.below(40));
    }
    return 0;
  }

  void happen(Happens what, Timing when) {
    const std::int64_t time = time_until(when);
    const std::int64_t before = random_.below(time + 1);
    pass(before);
    comparable_ = true;
    switch (what) {
      case Happens::nothing:
        break;
      case Happens::reboot:
        truth_.clock += 3000 + random_.below(200'000);  // down
        begin_anew(0);
        [[fallthrough]];
      case Happens::agent_restart:
        if (what == Happens::agent_restart) truth_.clock += random_.below(3000);
        truth_.booted = truth_.clock;
        discontinuity_ = 0;
        break;
      case Happens::cleared:
        // Not in the very hundredth in which sysUpTime is what it was at the last one, as 0 at its
        // wrap: nothing tells that.
        do truth_.clock += 10;
        while (since_boot().hundredths == discontinuity_);
        begin_anew(0);
        discontinuity_ = since_boot().hundredths;
        break;
      case Happens::silently_behind:
        behind_ = wide_ && base_counter_ > 0;
        break;
      case Happens::other_card:
        begin_anew(random_.next() >> 24U);
        comparable_ = false;
        break;
      case Happens::renumbered:
        if (random_.one_in(2)) begin_anew(0);
        comparable_ = false;
        break;
    }
    pass(time - before);
    if (std::exchange(behind_, false)) {
      begin_anew(random_.next() % base_counter_);
    }
  }
  void begin_anew(std::uint64_t value) {
    counter_ = value;
    ++truth_.lives;
  }

  void poll(Timing when) {
    sample_.uptime = uptime();
    // An answer takes up to a second; what is delivered again has its old times.
    if (when != Timing::again) {
      const SourceTime answered(std::chrono::milliseconds(truth_.clock + random_.below(900)));
      sample_.at = std::max(answered, sample_.at + 1ms);
    }
    sample_.discontinuity = TimeTicks{discontinuity_};
    sample_.counters.set(Column::in_octets,
                         wide_ ? Counter{counter_, CounterWidth::bits64}
                               : Counter{counter_ & 0xFFFF'FFFFU, CounterWidth::bits32});
    Continuation how;
    how.comparable = comparable_;
    how.device_clock = !clockless_;
    how.shortest = std::chrono::milliseconds(interval_ / 2);
    had_base_ = state_.has_base;
    base_clocks_ = state_.clocks;
    advance(state_, view_, sample_, how, Instant{});
  }

  std::string judge(Happens what, Timing when) {
    const Truth base = base_;
    const bool severed = severed_;
    const bool new_base = !had_base_ || state_.clocks != base_clocks_;
    if (new_base) {
      base_ = truth_;
      base_counter_ = counter_;
    }
    severed_ = !new_base && (severed_ || !comparable_);
    const auto* rate = std::get_if<BytesPerSecond>(&view_.receive);
    if (rate == nullptr) {
      run_bytes_ = 0;
      return !severed && must_have_a_rate(base, what, when) ? "withheld: " + gap_text()
                                                            : std::string();
    }
    if (rate->count() > plausible(BytesPerSecond(speed_)).count()) return "above the line";
    if (base.lives != truth_.lives) {
      run_bytes_ = 0;
      return clockless_ || unseen_reboot(base) ? std::string() : "two lives in one rate";
    }
    const double counted =
        rate->count() * seconds(clockless_ ? state_.clocks.at - base_clocks_.at
                                           : elapsed(base_clocks_.uptime, state_.clocks.uptime));
    const auto passed = static_cast<double>(truth_.bytes - base.bytes);
    if (std::abs(counted - passed) > passed * 1e-9 + 1e-3) return "bytes lost or made up";
    if (run_bytes_ == 0) run_begin_ = base.bytes;
    run_bytes_ += counted;
    const auto all = static_cast<double>(truth_.bytes - run_begin_);
    if (std::abs(run_bytes_ - all) > all * 1e-9 + 1e-2) return "bytes lost over several samples";
    return {};
  }

  // A test in which everything is withheld would prove nothing.
  [[nodiscard]] bool must_have_a_rate(const Truth& base, Happens what, Timing when) const {
    const bool plain = what == Happens::nothing && (when == Timing::due || when == Timing::late);
    const std::int64_t waited = truth_.clock - base.clock;
    const bool sure = wide_ || plausible(BytesPerSecond(speed_)).count() *
                                       static_cast<double>(waited + 3000) / 1000 <
                                   4294967296.0;
    return plain && had_base_ && base.lives == truth_.lives && base.booted == truth_.booted && sure;
  }

  // What cannot be told: a reboot just when sysUpTime would have wrapped anyway, and a second one
  // within two seconds of the one before, if the counters were cleared meanwhile.
  [[nodiscard]] bool unseen_reboot(const Truth& base) const {
    const auto between = std::chrono::milliseconds(truth_.booted - base.booted);
    if (between > 0ms && between <= kSecondBoot + 1s) return true;
    const std::int64_t would_be = truth_.clock - base.booted;
    const std::int64_t is = truth_.clock - truth_.booted;
    const Duration slack =
        clock_tolerance(std::chrono::milliseconds(truth_.clock - base.clock)) + 1s;
    return base.booted != truth_.booted &&
           std::chrono::milliseconds(std::abs(would_be - kUptimeWrap - is)) <= slack;
  }
  [[nodiscard]] std::string gap_text() const {
    return std::string(name(std::get<Gap>(view_.receive)));
  }

  Random& random_;
  double speed_ = 0;
  std::int64_t interval_ = 0;
  bool wide_ = true;
  bool clockless_ = false;  // no sysUpTime that runs: a reboot shows only if counters went back
  Truth truth_;
  std::uint64_t counter_ = 0;  // as the device counts, never wrapped
  std::uint32_t discontinuity_ = 0;
  bool comparable_ = true;  // as the ledger says
  bool severed_ = false;    // what was not comparable came and is no base
  bool behind_ = false;
  Truth base_;  // when the present base was read
  std::uint64_t base_counter_ = 0;
  bool had_base_ = false;
  ReadingClocks base_clocks_;
  double run_bytes_ = 0;  // of consecutive rates
  std::uint64_t run_begin_ = 0;
  InterfaceSample sample_;
  InterfaceState state_;
  InterfaceView view_;
};

RC_GTEST_PROP(RateHistory, NeverAboveTheLineAndNoByteLost, ()) {
  const auto seed =
      *rc::gen::noShrink(rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>()));
  Random random(seed);
  for (std::uint64_t i = 0; i < histories() / kCases; ++i) {
    const std::string wrong = History(random).live();
    if (!wrong.empty()) {
      RC_FAIL("seed " + std::to_string(seed) + " history " + std::to_string(i) + ", " + wrong);
    }
  }
}

}  // namespace
}  // namespace itnxt
