// Since when a yes or no is as it is, by what was told of it: not since when we know it. All times
// by this host's wall clock. They come from outside, so that a beginning is never later than now,
// never before the opposite was last told, and kOldest ago at most where that never was. Pure.
#pragma once

#include <algorithm>
#include <optional>

#include "daemon/core/time.hpp"

namespace itnxt {

class Held {
 public:
  static constexpr Duration kOldest = 24h;

  // It was `value` at `at`, and nothing later is known. Heard `now`.
  void tell(bool value, WallTime at, WallTime now) {
    at = std::min(at, now);
    if (value_ != value) {
      turned_ = value_.has_value();
      other_ = turned_ ? std::min(last_, now) : now - kOldest;
      since_ = last_ = std::max(at, other_);
      value_ = value;
    }
    last_ = std::max(last_, at);
  }
  // … but something later is known: it can only tell better when that began.
  void recall(bool value, WallTime at, WallTime now) {
    if (!value_) return;
    at = std::min(at, now);
    if (value == value_) {
      if (at > other_ && at < since_) since_ = at;
      return;
    }
    other_ = std::max(other_, at);
    if (since_ <= at) since_ = last_ = std::max(last_, at);
  }

  [[nodiscard]] const std::optional<bool>& value() const { return value_; }
  // Zero: nothing was told.
  [[nodiscard]] WallTime since() const { return since_; }
  // When it became so; zero: it was never told otherwise.
  [[nodiscard]] WallTime turned() const { return turned_ ? since_ : WallTime{}; }
  bool operator==(const Held&) const = default;

 private:
  WallTime since_{};
  WallTime last_{};   // when it was last told as it is
  WallTime other_{};  // it is not so since before this
  std::optional<bool> value_;
  bool turned_ = false;  // the opposite was told before
};

}  // namespace itnxt
