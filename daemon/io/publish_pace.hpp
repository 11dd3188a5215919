// When what changed is published: alerts judged, HTTP shown. Pure.
#pragma once

#include <algorithm>

#include "daemon/core/time.hpp"

namespace itnxt {

class PublishPace {
 public:
  // What a batch waits for its alert at worst: many batches are published at once.
  static constexpr Duration kOfBatches = 100ms;
  // After an event, as long as there are few …
  static constexpr Duration kOfEvents = 2ms;
  // … which is so many, and as many more each second. A storm goes at the pace of batches.
  static constexpr int kEvents = 40;

  // How long to wait from `now` on with what has just changed.
  [[nodiscard]] Duration wait(bool event, Instant now) const {
    const bool at_once = event && credit(now) > 0;
    return std::max(Duration::zero(), published_ + (at_once ? kOfEvents : kOfBatches) - now);
  }
  void published(bool event, Instant now) {
    if (event) {
      left_ = std::max(0, credit(now) - 1);
      counted_ = now;
    }
    published_ = now;
  }
  [[nodiscard]] Instant last() const { return published_; }

 private:
  [[nodiscard]] int credit(Instant now) const {
    const Duration passed = std::min<Duration>(now - counted_, 1s);
    return std::min<int>(kEvents, left_ + static_cast<int>(passed * kEvents / Duration(1s)));
  }

  Instant published_{};
  Instant counted_{};
  int left_ = kEvents;
};

}  // namespace itnxt
