// When what changed is published: alerts judged, HTTP shown. Pure.
#pragma once

#include <algorithm>

#include "daemon/core/time.hpp"

namespace itnxt {

class PublishPace {
 public:
  // What a batch waits for its alert at worst: many batches are published at once.
  static constexpr Duration kOfBatches = 100ms;
  // After an event, as soon as that takes no more than a fifth of the time: a storm of events in a
  // large network goes at the pace of batches at worst.
  static constexpr Duration kOfEvents = 1ms;
  static constexpr int kRest = 4;  // times what the last one took

  // How long to wait from `now` on with what has just changed.
  [[nodiscard]] Duration wait(bool event, Instant now) const {
    const Duration least =
        event ? std::clamp<Duration>(took_ * kRest, kOfEvents, kOfBatches) : kOfBatches;
    return std::max(Duration::zero(), published_ + least - now);
  }
  void published(Instant now) { published_ = now; }
  // What the last one took.
  void took(Duration time) { took_ = time; }
  [[nodiscard]] Instant last() const { return published_; }

 private:
  Instant published_{};
  Duration took_{};
};

}  // namespace itnxt
