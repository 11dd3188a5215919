#include "collectors/pcap/storms.hpp"

#include <algorithm>
#include <utility>

namespace itnxt::pcap {

void Storms::tell(const Watch& watch, bool begins, std::int64_t at, std::int64_t seconds) {
  if (changes_.size() >= kMostChanges) return;
  changes_.push_back(
      {watch.cast, begins, WallTime(std::chrono::seconds(at)), watch.packets, watch.peak, seconds});
}

void Storms::judge(Watch& watch, std::int64_t first, std::int64_t seconds, std::uint64_t packets) {
  if (seconds <= 0) return;
  const bool above = threshold_ != 0 && packets > threshold_;
  if (above && watch.above == 0 && !watch.raging) {
    watch.began = first;
    watch.packets = watch.peak = 0;
  }
  watch.above = above ? watch.above + seconds : 0;
  watch.packets += packets * static_cast<std::uint64_t>(seconds);
  watch.peak = std::max(watch.peak, packets);
  if (!watch.raging) {
    if (watch.above < kSustained) return;
    watch.raging = true;
    watch.calm = 0;
    return tell(watch, true, watch.began, first + seconds - watch.began);
  }
  if (packets > threshold_ / 2) {
    watch.calm = 0;
    return;
  }
  if (watch.calm == 0) watch.calm_since = first;
  watch.calm += seconds;
  if (watch.calm < kCalm) return;
  watch.raging = false;
  tell(watch, false, watch.calm_since, watch.calm_since - watch.began);
}

void Storms::pass(Watch& watch, std::int64_t second) {
  if (second < watch.second) return;
  judge(watch, watch.second, 1, watch.now);
  judge(watch, watch.second + 1, second - watch.second - 1, 0);
  watch.second = second;
  watch.now = 0;
}

void Storms::set_threshold(std::uint64_t threshold) {
  threshold_ = threshold;
  if (threshold != 0) return;
  for (Watch* const watch : {&broadcast_, &multicast_}) {
    watch->above = 0;
    if (std::exchange(watch->raging, false)) {
      tell(*watch, false, watch->second, watch->second - watch->began);
    }
  }
}

// The second under way goes on, as part of another.
void Storms::set_back(Duration step) {
  const std::int64_t seconds = (step.count() + 999'999'999) / 1'000'000'000;
  for (Watch* const watch : {&broadcast_, &multicast_}) {
    for (std::int64_t* const at : {&watch->second, &watch->began, &watch->calm_since}) {
      *at -= seconds;
    }
  }
}

void Storms::tick(WallTime now) {
  const std::int64_t second = now.time_since_epoch().count() / 1'000'000'000;
  for (Watch* const watch : {&broadcast_, &multicast_}) {
    if (second > watch->second) pass(*watch, second);
  }
}

std::vector<StormChange> Storms::take() {
  return std::exchange(changes_, {});
}

}  // namespace itnxt::pcap
