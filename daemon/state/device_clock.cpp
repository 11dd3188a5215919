#include "daemon/state/device_clock.hpp"

#include "daemon/state/rate.hpp"

namespace itnxt {

void DeviceClock::take(std::optional<TimeTicks> uptime, SourceTime at, Duration shortest) {
  if (!uptime) {
    *this = DeviceClock();
    is_ = Is::absent;
    return;
  }
  if (is_ == Is::absent) is_ = Is::running;
  if (!last_) {
    last_ = {*uptime, at};
    return;
  }
  const Duration ours = collector_time(last_->at, at);
  if (ours <= Duration::zero() || ours < shortest) return;
  const Duration device = elapsed(last_->uptime, *uptime);
  last_ = {*uptime, at};
  if (device == Duration::zero()) {
    ++still_;
    stood_ += ours;
    in_step_ = 0;
  } else {
    still_ = 0;
    stood_ = Duration::zero();
    const Duration tolerance = clock_tolerance(ours);
    in_step_ = device >= ours - tolerance && device <= ours + tolerance ? in_step_ + 1 : 0;
  }
  // Agents may renew it by the second only: what polls more often sees it stand in between.
  if (still_ >= kPolls && stood_ > clock_tolerance(Duration::zero())) is_ = Is::still;
  if (in_step_ >= kPolls) is_ = Is::running;
}

std::string_view DeviceClock::problem() const {
  switch (is_) {
    case Is::running:
      return "";
    case Is::absent:
      return "it has no sysUpTime: rates are divided by the collector's clock, and a restart is "
             "seen late";
    case Is::still:
      return "its sysUpTime stands still: rates are divided by the collector's clock, and a "
             "restart is seen late";
  }
  return "";
}

}  // namespace itnxt
