// What time an engine has, as we know it (RFC 3414 §2.2.2, §2.3, §3.2 step 7b). Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "daemon/core/time.hpp"

namespace itnxt::snmp::usm {

enum class Timeliness : std::uint8_t { timely, boots_behind, time_behind };

class EngineClock {
 public:
  static constexpr std::uint32_t kLatched = 0x7FFFFFFF;  // boots of an engine that has used them up
  static constexpr std::uint32_t kMostTime = 0x7FFFFFFF;
  static constexpr std::uint32_t kWindow = 150;  // seconds
  static constexpr std::uint32_t kJitter = 10;   // seconds that no agent's clock is blamed for

  EngineClock(std::uint32_t boots, std::uint32_t time, Instant now)
      : boots_(boots), latest_(time), at_(now) {}
  [[nodiscard]] std::uint32_t boots() const { return boots_; }
  // Goes on with the monotonic clock: an estimate that stood still would leave the window.
  [[nodiscard]] std::uint32_t time(Instant now) const {
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - at_).count();
    return static_cast<std::uint32_t>(
        std::min<std::int64_t>(latest_ + std::max<std::int64_t>(passed, 0), kMostTime));
  }
  // An authenticated message's boots and time: moves forward by them, never back.
  Timeliness receive(std::uint32_t boots, std::uint32_t time, Instant now) {
    if (boots > boots_ || (boots == boots_ && time > latest_)) {
      *this = EngineClock(boots, time, now);
      return Timeliness::timely;
    }
    if (boots < boots_) return Timeliness::boots_behind;
    return time + kWindow < this->time(now) ? Timeliness::time_behind : Timeliness::timely;
  }

  // The engine says less than it has said already, without a new boot: its clock was set back. A
  // clock that is merely slow says more each time.
  [[nodiscard]] bool is_set_back_by(std::uint32_t boots, std::uint32_t time) const {
    return boots == boots_ && time + kJitter < latest_;
  }

  // By a boot, or by so much time that the other one went back rather than being a little slow.
  [[nodiscard]] bool is_far_ahead_of(const EngineClock& other, Instant now) const {
    if (boots_ != other.boots_) return boots_ > other.boots_;
    return time(now) > other.time(now) + kWindow / 2;
  }

 private:
  std::uint32_t boots_;
  std::uint32_t latest_;  // the highest time received
  Instant at_;            // when it was
};

}  // namespace itnxt::snmp::usm
