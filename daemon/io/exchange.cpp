#include "daemon/io/exchange.hpp"

namespace itnxt {

Exchange::Exchange()
    : published_{std::make_shared<Snapshot>(), std::make_shared<Board>(), false, true} {}

void Exchange::publish(std::shared_ptr<const Snapshot> snapshot,
                       std::shared_ptr<const Board> board) {
  {
    const std::lock_guard lock(mutex_);
    published_.snapshot.swap(snapshot);
    published_.board.swap(board);
  }
  // The old ones go here, outside the lock: freeing a big snapshot takes a while.
}

void Exchange::set_ready(bool ready) {
  const std::lock_guard lock(mutex_);
  published_.ready = ready;
}

void Exchange::expose_series(bool exposed) {
  const std::lock_guard lock(mutex_);
  published_.series = exposed;
}

Published Exchange::read() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

}  // namespace itnxt
