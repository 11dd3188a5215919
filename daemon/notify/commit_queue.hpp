// Nothing leaves before it is on the disk: deliveries wait here for the commit of their records.
// Fail open: a disk that does not answer for kMaxCommit holds nothing longer, and problem() says
// so. On the loop's thread; SQLite has a thread of its own.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/alert/deliveries.hpp"
#include "daemon/core/log.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/store.hpp"

namespace itnxt {

class CommitQueue {
 public:
  static constexpr Duration kMaxCommit = 5s;
  struct Hooks {
    std::function<void(const Delivery&)> send;  // its time has come
    std::function<void()> changed;              // what people see: a record, or problem()
  };

  // `path`: of the file, for messages.
  CommitQueue(Loop& loop, Log& log, std::unique_ptr<Store> store, std::string path, Hooks hooks);

  // Without records there is nothing to send either.
  void commit(StoreChanges records, std::vector<Delivery> then_send);
  // Calls back when all that was committed so far is on the disk, or cannot be now.
  void when_stored(std::function<void()> then);
  void on_late_rows(Store::LateRows taken) { store_->on_late_rows(std::move(taken)); }

  [[nodiscard]] std::set<DeliveryKey> held() const;
  [[nodiscard]] bool idle() const { return store_->idle(); }
  // What is wrong with the disk; empty when fine.
  [[nodiscard]] const std::string& problem() const {
    return stalled_.empty() ? store_->problem() : stalled_;
  }

 private:
  struct Held {
    std::uint64_t number = 0;
    Instant since;
    std::vector<Delivery> deliveries;
  };
  void release(std::uint64_t up_to);
  void watch();
  void note_stalled();

  Loop& loop_;
  Log& log_;
  const std::string path_;
  const Hooks hooks_;
  std::uint64_t commits_ = 0;
  std::deque<Held> held_;
  std::string stalled_;  // the disk does not answer
  std::unique_ptr<Store> store_;
  Timer timer_;
};

}  // namespace itnxt
