// Hands what the loop made to the threads that serve it. Thread: publish(), set_ready() and
// expose_series() on the loop's, read() on any.
//
// A mutex around a shared_ptr, held for two pointer copies: std::atomic<std::shared_ptr> of g++ 12
// unlocks with a relaxed store, a data race by the memory model and by ThreadSanitizer.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "daemon/alert/board.hpp"
#include "daemon/io/recent_events.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

struct Published {
  std::shared_ptr<const Snapshot> snapshot;  // never null
  std::shared_ptr<const Board> board;        // never null
  bool ready = false;  // state is loaded, collectors can deliver: what /-/ready says
  bool series = true;  // /metrics carries the bulk
};

class Exchange {
 public:
  Exchange();
  void publish(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const Board> board);
  void set_ready(bool ready);
  void expose_series(bool exposed);
  [[nodiscard]] Published read() const;

  // The latest events: locks for itself.
  [[nodiscard]] RecentEvents& events() { return events_; }
  [[nodiscard]] const RecentEvents& events() const { return events_; }

 private:
  mutable std::mutex mutex_;
  Published published_;
  RecentEvents events_;
};

}  // namespace itnxt
