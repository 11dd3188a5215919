#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "daemon/io/batch_queue.hpp"

namespace itnxt {
namespace {

const CollectorName kSnmp("snmp");
constexpr std::uint64_t kEpoch = 77;
constexpr Instant kStart{};

// Whatever happens (endpoints that die, come back, answer late; disks that are full, slow, broken;
// intervals that pass), each batch is delivered to each endpoint, or its loss is counted: exactly.
// No batch is sent twice without a reset; the backlog is in order; the memory is bounded.
class History {
 public:
  History(std::size_t endpoints, std::uint64_t room)
      : room_(room),
        queue_({.max_size = Bytes(room * 200),
                .max_age = 300s,
                .window = 4,
                .memory = Bytes(kMemory),
                .backlog_rate = BytesPerSecond(1e5)},
               endpoints),
        source_(queue_.add_source(kSnmp, kEpoch)),
        got_(endpoints) {
    queue_.set_interval(source_, 10s);
  }

  void step(int what, std::size_t e) {
    switch (what) {
      case 0:
        queue_.reset(e);
        flying_[e].clear();
        break;
      case 1:
      case 2:
        send(e);
        break;
      case 3:
      case 4:
        if (!flying_[e].empty()) answer(e, *flying_[e].begin());
        break;
      case 5:
        now_ += 7s;
        queue_.expire(now_);
        break;
      case 6:
        write();
        break;
      case 7:
        finish_writing(true);
        break;
      case 8:
        finish_writing(false);
        break;
      case 9:
        read(e, true);
        break;
      default:
        ++pushed_;
        queue_.push(source_, pushed_, {std::to_string(pushed_)}, now_, now_);
    }
    RC_ASSERT(queue_.size().count() <= room_ * 200 + got_.size() * 64 * 200);
  }
  void finish() {
    finish_writing(true);
    for (std::size_t e = 0; e < got_.size(); ++e) {
      for (int turn = 0; queue_.waiting_for(e) > 0; ++turn) {
        RC_ASSERT(turn < 20'000);
        now_ += 10ms;
        read(e, turn % 7 != 0);
        send(e);
        while (!flying_[e].empty()) answer(e, *flying_[e].begin());
      }
      RC_ASSERT(got_[e].size() + queue_.lost(source_, e) == pushed_);
    }
    RC_ASSERT(queue_.empty());
    RC_ASSERT(queue_.size() == Bytes(0));
    RC_ASSERT(queue_.in_memory() == Bytes(0));
    for (const auto& mark : queue_.take_marks()) needed_[mark.place.at] = mark.needed;
    for (const auto& [place, needed] : needed_) RC_ASSERT(needed == 0U);
  }

 private:
  static constexpr std::uint64_t kMemory = 2000;

  void send(std::size_t e) {
    std::uint64_t last_old = 0;
    while (const auto next = queue_.next(e, now_)) {
      const std::uint64_t sequence = std::stoull(next->parts->front());
      RC_ASSERT(!got_[e].contains(sequence));
      RC_ASSERT(flying_[e].insert(sequence).second);
      RC_ASSERT(next->lost == queue_.lost(source_, e));
      if (next->backlog) {
        RC_ASSERT(sequence > last_old);
        last_old = sequence;
      }
      queue_.sent(e, now_);
    }
  }
  void answer(std::size_t e, std::uint64_t sequence) {
    flying_[e].erase(sequence);
    RC_ASSERT(queue_.acknowledge(e, {kSnmp, kEpoch, sequence}, now_));
    RC_ASSERT(got_[e].insert(sequence).second);
  }
  void write() {
    for (auto& one : queue_.to_store(now_, 1U << 20U, false)) writing_.push_back(std::move(one));
  }
  void finish_writing(bool well) {
    for (auto& one : writing_) {
      if (well) {
        const auto at = static_cast<std::uint32_t>(needed_.size());
        disk_[at] = *one.body;
        needed_[at] = one.needed;
        queue_.stored(one.id, {1, at}, one.needed);
      } else {
        queue_.not_stored(one.id);
      }
    }
    well ? queue_.disk_works() : queue_.disk_fails(true);
    writing_.clear();
  }
  void read(std::size_t e, bool well) {
    for (const auto& one : queue_.to_read(e, now_)) {
      if (well) {
        queue_.loaded(e, one.id, disk_.at(one.place.at));
      } else {
        queue_.unreadable(one.id);
      }
    }
    queue_.all_loaded(e);
  }

  const std::uint64_t room_;
  BatchQueue queue_;
  const BatchQueue::Source source_;
  Instant now_ = kStart;
  std::uint64_t pushed_ = 0;
  std::vector<std::set<std::uint64_t>> got_;
  std::map<std::size_t, std::set<std::uint64_t>> flying_;
  std::vector<BatchQueue::ToStore> writing_;
  std::map<std::uint32_t, wire::Parts> disk_;
  std::map<std::uint32_t, std::uint64_t> needed_;
};

RC_GTEST_PROP(DeliveryProperty, EveryBatchArrivesOrIsCounted, ()) {
  const std::size_t endpoints = *rc::gen::inRange<std::size_t>(1, 4);
  History history(endpoints, *rc::gen::inRange<std::uint64_t>(1, 60));
  for (int step = 0; step < 400; ++step) {
    const std::size_t e = *rc::gen::inRange<std::size_t>(0, endpoints);
    history.step(*rc::gen::inRange(0, 20), e);
  }
  history.finish();
}

}  // namespace
}  // namespace itnxt
