// When which device is due: one heap for all, behind one timer of the loop. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/hash.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::snmp {

// A device has one due time. Moving it later, which every reply does, touches nothing but the
// device's own entry: the heap finds out when the old time comes.
class Schedule {
 public:
  explicit Schedule(std::size_t devices) : due_(devices), queued_(devices, kNever) {}

  void resize(std::size_t devices) {
    due_.resize(devices);
    queued_.resize(devices, kNever);
  }
  void set(std::uint32_t device, Instant due) {
    due_[device] = due;
    if (due < queued_[device]) push(device);
  }
  // It is not due before the next set().
  void clear(std::uint32_t device) { queued_[device] = kNever; }
  // The earliest time at which something may be due.
  [[nodiscard]] std::optional<Instant> first() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().first;
  }
  // Takes one device that is due out; it is not due again before the next set().
  [[nodiscard]] std::optional<std::uint32_t> pop(Instant now) {
    while (!heap_.empty() && heap_.front().first <= now) {
      const auto [at, device] = heap_.front();
      std::pop_heap(heap_.begin(), heap_.end(), later);
      heap_.pop_back();
      if (at != queued_[device]) continue;  // a shadow: the device was queued earlier since
      queued_[device] = kNever;
      if (due_[device] > now) {
        push(device);
        continue;
      }
      return device;
    }
    return std::nullopt;
  }

 private:
  using Entry = std::pair<Instant, std::uint32_t>;
  static constexpr Instant kNever = Instant::max();
  static bool later(const Entry& a, const Entry& b) { return a > b; }
  void push(std::uint32_t device) {
    queued_[device] = due_[device];
    heap_.emplace_back(due_[device], device);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  std::vector<Instant> due_;
  std::vector<Instant> queued_;  // the device's valid entry in the heap
  std::vector<Entry> heap_;
};

// A device's place within the interval: the same at every start, spread evenly over the devices.
constexpr Duration phase_of(std::string_view device, Duration interval) {
  std::uint64_t hash = stable_hash(device);
  hash = (hash ^ (hash >> 33U)) * 0xFF51AFD7ED558CCDU;
  hash ^= hash >> 33U;
  return Duration(static_cast<Duration::rep>(hash % static_cast<std::uint64_t>(interval.count())));
}

}  // namespace itnxt::snmp
