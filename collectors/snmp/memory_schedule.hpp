// When what devices have shown is written down. Pure; the loop's thread.
//
// Something new is on disk kSoon later, so that a process that is killed loses little; but at most
// one text is written every kApart, however much is learned. What only counts on (polls, the weight
// of a varbind) is written every kAnyway.
#pragma once

#include <algorithm>
#include <optional>

#include "daemon/core/time.hpp"

namespace itnxt::snmp {

class MemorySchedule {
 public:
  static constexpr Duration kSoon = 10s;
  static constexpr Duration kApart = 1min;
  static constexpr Duration kAnyway = 5min;

  explicit MemorySchedule(Instant now) : since_(now) {}

  // True: next() is another one now.
  bool learned(Instant now) {
    if (learned_) return false;
    learned_ = now;
    return true;
  }
  void saved(Instant now) {
    since_ = now;
    has_saved_ = true;
    learned_.reset();
  }
  [[nodiscard]] Instant next() const {
    const Instant anyway = since_ + kAnyway;
    if (!learned_) return anyway;
    const Instant soon = *learned_ + kSoon;
    return std::min(anyway, has_saved_ ? std::max(soon, since_ + kApart) : soon);
  }

 private:
  Instant since_;  // of the last text, or of the start
  bool has_saved_ = false;
  std::optional<Instant> learned_;  // the first that is not written
};

}  // namespace itnxt::snmp
