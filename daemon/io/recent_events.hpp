// The latest events, for HTTP: what GET /api/v1/events shows comes from memory, never from the
// disk. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "daemon/core/stored_event.hpp"

namespace itnxt {

class RecentEvents {
 public:
  static constexpr std::size_t kMost = 10'000;
  static constexpr std::size_t kMostBytes = std::size_t{32} << 20U;

  // In order of their ids.
  void add(StoredEventPtr event);
  // Those that come before all others.
  void add_older(const std::vector<StoredEventPtr>& events);

  // At most `limit` of them, the newest first.
  [[nodiscard]] std::vector<StoredEventPtr> newest(std::size_t limit) const;

  struct Page {
    std::vector<StoredEventPtr> events;  // the oldest first
    bool more = false;                   // there are younger ones
    bool missed = false;                 // there may be older ones behind the id, in the file only
  };
  // The `limit` oldest of those with an id greater than `since`; 0: from the oldest that is held.
  [[nodiscard]] Page after(std::uint64_t since, std::size_t limit) const;

 private:
  void trim();

  mutable std::mutex mutex_;
  std::deque<StoredEventPtr> events_;
  std::size_t bytes_ = 0;
  std::uint64_t let_go_ = 0;  // no event up to this id is held; some may have been
};

// What an event takes in memory, about.
std::size_t size_of(const StoredEvent& event);

}  // namespace itnxt
