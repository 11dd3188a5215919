#include "collectors/pcap/bursts.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace itnxt::pcap {

std::array<std::uint64_t, 3> Bursts::peaks() const {
  return {windows_[0].peak, windows_[1].peak, windows_[2].peak};
}

void Bursts::forget() {
  for (Window& window : windows_) window.peak = 0;
  set_enough();
}

void Bursts::raise_peaks() {
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    Window& window = windows_[i];
    if (bytes_ - window.before <= window.peak) continue;
    move_on(i);
    window.peak = std::max(window.peak, bytes_ - window.before);
  }
  set_enough();
}

// By doubled steps, then by halves: there may be many between, and as a rule there are few.
void Bursts::move_on(std::size_t i) {
  Window& window = windows_[i];
  const std::int64_t over = latest_ - kWindows[i];
  const auto skip = [&](std::uint32_t step) {
    const bool all_are_over =
        step <= head_ - window.tail && queue_[(window.tail + step - 1) % kPlaces].at <= over;
    if (all_are_over) window.tail += step;
    return all_are_over;
  };
  std::uint32_t step = 1;
  while (skip(step)) step *= 2;
  while ((step /= 2) > 0) (void)skip(step);
  window.before = window.tail == head_ ? bytes_ : queue_[window.tail % kPlaces].before;
}

void Bursts::make_room() {
  for (std::size_t i = 0; i < windows_.size(); ++i) move_on(i);
  if (head_ - windows_.back().tail > kPlaces / 2) thin();
  end_ = windows_.back().tail + kPlaces;
  set_enough();
}

// What is older than the next shorter window is measured by longer ones only, and may be coarser:
// of each window 4097 places stay at most.
void Bursts::thin() {
  const std::uint32_t end = head_;
  head_ = windows_.back().tail;
  for (std::size_t i = windows_.size(); i-- > 0;) {
    const std::uint32_t from = windows_[i].tail;
    windows_[i].tail = head_;
    thin(from, i == 0 ? end : windows_[i - 1].tail, kWindows[i] / kApart);
  }
}

void Bursts::thin(std::uint32_t from, std::uint32_t to, std::int64_t apart) {
  const std::uint32_t begin = head_;
  for (; from != to; ++from) {
    const Arrival arrival = queue_[from % kPlaces];
    if (head_ != begin && arrival.at - queue_[(head_ - 1) % kPlaces].at < apart) continue;
    queue_[head_++ % kPlaces] = arrival;
  }
}

void Bursts::set_enough() {
  enough_ = std::numeric_limits<std::uint64_t>::max();
  for (const Window& window : windows_) enough_ = std::min(enough_, window.before + window.peak);
}

void Bursts::set_back(WallTime time) {
  latest_ = time.time_since_epoch().count();
  for (Window& window : windows_) {
    window.before = bytes_;
    window.tail = head_;
  }
  end_ = head_ + kPlaces;
  set_enough();
}

SeriesFamily Bursts::family() const {
  SeriesFamily family{"itnxt_capture_peak_bytes",
                      SeriesType::gauge,
                      "Most bytes on the wire within any window of this length that ended in the "
                      "last interval.",
                      {"window"},
                      {}};
  for (std::size_t i = 0; i < kWindows.size(); ++i) {
    family.rows.push_back(
        {{std::to_string(kWindows[i] / 1'000'000) + "ms"}, static_cast<double>(windows_[i].peak)});
  }
  return family;
}

}  // namespace itnxt::pcap
