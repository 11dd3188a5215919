#include "daemon/notify/commit_queue.hpp"

#include <utility>

namespace itnxt {

CommitQueue::CommitQueue(Loop& loop, Log& log, std::unique_ptr<Store> store, std::string path,
                         Hooks hooks)
    : loop_(loop),
      log_(log),
      path_(std::move(path)),
      hooks_(std::move(hooks)),
      store_(std::move(store)) {}

void CommitQueue::commit(StoreChanges records, std::vector<Delivery> then_send) {
  if (records.empty()) return;
  hooks_.changed();
  const std::uint64_t number = ++commits_;
  if (!then_send.empty()) held_.push_back({number, loop_.now(), std::move(then_send)});
  store_->commit(std::move(records), [this, number](bool) {
    stalled_.clear();
    hooks_.changed();
    release(number);
  });
  if (!held_.empty() && !timer_) watch();
}

void CommitQueue::when_stored(std::function<void()> then) {
  if (store_->idle()) return then();
  store_->commit({}, [then = std::move(then)](bool) { then(); });
}

void CommitQueue::watch() {
  while (!held_.empty()) {
    const Duration age = loop_.now() - held_.front().since;
    if (age < kMaxCommit) {
      timer_ = loop_.after(kMaxCommit - age, [this] { watch(); });
      return;
    }
    note_stalled();
    release(held_.front().number);
  }
  timer_.cancel();
}

void CommitQueue::note_stalled() {
  if (!stalled_.empty()) return;
  stalled_ = "no answer from the disk of " + path_ + " for " + to_text(kMaxCommit);
  log_.error("the alert state is not being written: pages go out from memory",
             {{"problem", stalled_}});
  hooks_.changed();
}

void CommitQueue::release(std::uint64_t up_to) {
  while (!held_.empty() && held_.front().number <= up_to) {
    const std::vector<Delivery> deliveries = std::move(held_.front().deliveries);
    held_.pop_front();
    for (const Delivery& delivery : deliveries) hooks_.send(delivery);
  }
  if (held_.empty()) timer_.cancel();
}

std::set<DeliveryKey> CommitQueue::held() const {
  std::set<DeliveryKey> keys;
  for (const Held& held : held_) {
    for (const Delivery& d : held.deliveries) keys.insert({d.incident, d.channel});
  }
  return keys;
}

}  // namespace itnxt
