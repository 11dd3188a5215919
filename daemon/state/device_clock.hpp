// Whether a device's sysUpTime can be computed with. Some agents have none, some have one that
// stands still: it tells neither a restart nor the time between two polls, so rates are divided by
// the collector's clock and a restart shows as counters that went back. Pure; the loop's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/core/time.hpp"

namespace itnxt {

class DeviceClock {
 public:
  // So many polls with one and the same sysUpTime say that it stands still; so many in step with
  // our clock, that it runs again. Agents that renew it now and then are neither.
  static constexpr std::uint32_t kPolls = 3;

  // What a poll told, at the collector's time. One that came less than `shortest` after the last
  // says nothing.
  void take(std::optional<TimeTicks> uptime, SourceTime at, Duration shortest);
  // Times of before do not compare with those to come: another collector.
  void rebase() { last_.reset(); }

  [[nodiscard]] bool runs() const { return is_ == Is::running; }
  // For people; empty while it runs.
  [[nodiscard]] std::string_view problem() const;

 private:
  enum class Is : std::uint8_t { running, absent, still };
  struct Reading {
    TimeTicks uptime;
    SourceTime at;
  };
  Is is_ = Is::running;
  std::optional<Reading> last_;
  Duration stood_{};         // since it moved last
  std::uint32_t still_ = 0;  // polls in a row without a step
  std::uint32_t in_step_ = 0;
};

}  // namespace itnxt
