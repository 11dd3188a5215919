// When it is said that something (batches, packets) is dropped: at once, then after 10 s, 20 s … 10
// min while it goes on, and how many in all once it has stopped for two minutes. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/time.hpp"

namespace itnxt {

class LossReport {
 public:
  static constexpr Duration kFirstWait = 10s;
  static constexpr Duration kLongestWait = 10min;
  static constexpr Duration kQuiet = 2min;

  struct Due {
    std::uint64_t dropped = 0;  // since the last report; over: since it began
    bool over = false;
    bool operator==(const Due&) const = default;
  };
  // Asked every second or so; `lost`: all that were ever dropped.
  std::optional<Due> due(std::uint64_t lost, Instant now);
  // What was not said yet, for the process ends.
  [[nodiscard]] std::uint64_t unsaid(std::uint64_t lost) const { return lost - said_; }

 private:
  bool going_on_ = false;
  std::uint64_t before_ = 0;  // when it began
  std::uint64_t said_ = 0;
  std::uint64_t seen_ = 0;
  Instant seen_at_{};
  Instant next_{};
  Duration wait_{};
};

}  // namespace itnxt
