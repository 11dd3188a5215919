// How far a collector's clock is ahead of ours. A message tells it less the time that it took to
// come, which on a slow or crowded link is seconds: the least delayed one is right, hence the most
// of the last minutes (RFC 5905 §10, the clock filter). Pure.
#pragma once

#include <algorithm>
#include <optional>

#include "daemon/core/time.hpp"

namespace itnxt {

class ClockSkew {
 public:
  // A clock that was stepped back is believed after this long, at most twice.
  static constexpr Duration kWindow = 2min;

  // What one message tells: its sender's wall clock minus ours.
  void observe(Duration told, Instant now) {
    if (!now_ || now - began_ >= kWindow) {
      const bool stale = now_ && now - began_ >= 2 * kWindow;
      silent_ = stale ? value() : std::nullopt;
      before_ = stale ? std::nullopt : now_;
      now_.reset();
      began_ = now;
    }
    now_ = now_ ? std::max(*now_, told) : told;
  }
  // It can be said that the clock is behind: a way that is slow for minutes looks the same at
  // first.
  [[nodiscard]] bool is_settled() const { return before_.has_value(); }
  [[nodiscard]] std::optional<Duration> value() const {
    return before_ && now_ ? std::max(before_, now_) : now_;
  }
  // For times of the past: what came first after a long silence may have waited on its way for as
  // long, as it does while this process is stopped. It is then held against what was known before.
  [[nodiscard]] std::optional<Duration> likely() const { return std::max(value(), silent_); }

 private:
  Instant began_{};
  std::optional<Duration> now_;     // the most since then …
  std::optional<Duration> before_;  // … and in the window before
  std::optional<Duration> silent_;  // before a silence, while its end is in this window
};

}  // namespace itnxt
