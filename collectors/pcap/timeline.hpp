// When packets' time stamps go back because a clock was set back (NTP, a resumed machine) or
// another file was appended, not because they are a little out of order: that several CPUs capture
// is no more than that. So nothing waits until the old time is reached, and no window, second or
// round trip is one of before and after. One thread; a comparison a packet.
#pragma once

#include <cstdint>

#include "daemon/core/time.hpp"

namespace itnxt::pcap {

class Timeline {
 public:
  // A packet's time: by how much the clock was set back for it; zero as a rule. It is when the
  // stamp is a second or more behind the latest, or when 32 are by more than 1 ms behind it and
  // none goes on.
  Duration see(WallTime at) {
    if (at >= latest_) [[likely]] {
      latest_ = at;
      return Duration::zero();
    }
    return look_at(at);
  }

  // The latest since the clock was set back; WallTime::min() before the first packet.
  [[nodiscard]] WallTime latest() const { return latest_; }

 private:
  static constexpr Duration kDisorder = std::chrono::milliseconds(1);
  static constexpr Duration kStep = std::chrono::seconds(1);
  static constexpr unsigned kMostLate = 32;

  Duration look_at(WallTime at) {
    if (latest_ - at <= kDisorder) return Duration::zero();
    if (waited_ != latest_) {
      waited_ = latest_;
      late_ = 0;
    }
    if (latest_ - at < kStep && ++late_ < kMostLate) return Duration::zero();
    const Duration step = latest_ - at;
    latest_ = at;
    return step;
  }

  WallTime latest_ = WallTime::min();
  WallTime waited_ = WallTime::min();  // the latest while late_ were counted
  unsigned late_ = 0;
};

}  // namespace itnxt::pcap
