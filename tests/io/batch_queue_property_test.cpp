#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <set>

#include "daemon/io/batch_queue.hpp"

namespace itnxt {
namespace {

const CollectorName kSnmp("snmp");
constexpr Instant kStart{};

// Whatever happens (endpoints that die, stop, start anew, come back, answer late; disks that are
// full, slow, broken; intervals that pass; an orderly stop of the process), each batch is applied
// by each endpoint, or counted as lost, never both: exactly. What stands in the buffers of a
// connection that was given up may still be read by its peer. The backlog is in order; the memory
// is bounded.
class History {
 public:
  History(std::size_t endpoints, std::uint64_t room) : room_(room), peers_(endpoints) {
    begin_process();
  }

  void step(int what, std::size_t e) {
    switch (what) {
      case 0:
        lose_connection(e);
        break;
      case 1:
      case 2:
        send(e);
        break;
      case 3:
      case 4:
        peers_[e].stopped = false;
        take_one(e);
        break;
      case 5:
        now_ += 7s;
        queue_->expire(now_);
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
      case 10:
        peers_[e].stopped = true;
        break;
      case 11:  // its buffers go with it
        peers_[e].lines.clear();
        lose_connection(e);
        break;
      case 12:
        if (pushed_ % 5 == 0) end_process();
        break;
      default:
        ++pushed_;
        queue_->push(source_, pushed_, {std::to_string(pushed_)}, now_, now_);
    }
    // What is undecided stays: 4 + 4 of each endpoint, and as much of the process before.
    RC_ASSERT(queue_->size().count() <= (room_ + peers_.size() * 16) * kBatch);
  }
  void finish() {
    finish_writing(true);
    deliver_all();
    ++pushed_;  // a sign of life, which announces what has not been
    queue_->push(source_, pushed_, {std::to_string(pushed_)}, now_, now_);
    deliver_all();
    for (const Peer& peer : peers_) {
      std::uint64_t announced = 0;
      for (const auto& [epoch, lost] : peer.announced) announced += lost;
      RC_ASSERT(peer.applied.size() + announced == pushed_);
    }
    RC_ASSERT(queue_->empty());
    RC_ASSERT(queue_->debts(source_).empty());
    RC_ASSERT(queue_->size() == Bytes(0));
    RC_ASSERT(queue_->in_memory() == Bytes(0));
    take_marks();
    for (const auto& [place, one] : disk_) RC_ASSERT(one.who.needed == 0U);
  }

 private:
  void deliver_all() {
    for (std::size_t e = 0; e < peers_.size(); ++e) {
      peers_[e].stopped = false;
      for (int turn = 0; queue_->waiting_for(e) > 0 || !peers_[e].lines.empty(); ++turn) {
        RC_ASSERT(turn < 20'000);
        now_ += 10ms;
        read(e, true);
        send(e);
        while (take_one(e)) {
        }
      }
    }
  }
  static constexpr std::uint64_t kMemory = 2000;
  static constexpr std::uint64_t kBatch = 200;

  struct Sent {
    std::uint64_t connection, epoch, sequence, lost;
  };
  struct Peer {
    std::uint64_t connection = 1;  // a batch that came over another is not answered
    std::deque<Sent> lines;        // on their way, or in its buffers
    std::set<std::uint64_t> applied;
    std::map<std::uint64_t, std::uint64_t> announced;  // by epoch
    std::set<std::uint64_t> sent;                      // ever
    std::set<std::uint64_t> flying;
    bool stopped = false;
  };
  struct OnDisk {
    BatchFiles::Batch batch;
    wire::Parts parts;
    BatchFiles::Who who;
    Instant closed;
  };

  void begin_process() {
    const auto debts = queue_ ? queue_->debts(source_) : std::vector<BatchQueue::Debt>();
    queue_.emplace(BatchQueueLimits{.max_size = Bytes(room_ * kBatch),
                                    .max_age = 300s,
                                    .window = 4,
                                    .memory = Bytes(kMemory),
                                    .backlog_rate = BytesPerSecond(1e5)},
                   peers_.size());
    source_ = queue_->add_source(kSnmp, ++epoch_);
    queue_->set_interval(source_, 10s);
    std::map<std::uint64_t, BatchQueue::Source> old;
    for (auto& [at, one] : disk_) {
      if (one.who.needed == 0) continue;
      auto [source, fresh] = old.try_emplace(one.batch.epoch);
      if (fresh) source->second = queue_->add_old_source(source_, one.batch.epoch);
      one.batch.who = one.who;
      queue_->restore(source->second, one.batch, one.closed, now_);
    }
    for (const BatchQueue::Debt& debt : debts) queue_->take_over(source_, debt);
  }
  void end_process() {
    finish_writing(true);
    for (std::size_t e = 0; e < peers_.size(); ++e) lose_connection(e);
    for (auto& one : queue_->to_store(now_, 1U << 20U, true)) writing_.push_back(std::move(one));
    finish_writing(true);
    RC_ASSERT(queue_->give_up_memory(source_) == 0U);
    begin_process();
  }
  void lose_connection(std::size_t e) {
    queue_->reset(e);
    ++peers_[e].connection;
    peers_[e].flying.clear();
  }
  void send(std::size_t e) {
    std::uint64_t last_old = 0;
    while (const auto next = queue_->next(e, now_)) {
      const std::uint64_t sequence = std::stoull(next->parts->front());
      RC_ASSERT(peers_[e].flying.insert(sequence).second);
      if (peers_[e].sent.insert(sequence).second && next->backlog) {
        RC_ASSERT(sequence > last_old);
        last_old = sequence;
      }
      peers_[e].lines.push_back({peers_[e].connection, epoch_of(sequence), sequence, next->lost});
      queue_->sent(e, now_);
    }
    take_marks();
  }
  // The oldest of what came is applied, and answered where that is possible.
  bool take_one(std::size_t e) {
    Peer& peer = peers_[e];
    if (peer.stopped || peer.lines.empty()) return false;
    const Sent one = peer.lines.front();
    peer.lines.pop_front();
    peer.applied.insert(one.sequence);
    std::uint64_t& announced = peer.announced[one.epoch];
    announced = std::max(announced, one.lost);
    if (one.connection != peer.connection) return true;
    peer.flying.erase(one.sequence);
    RC_ASSERT(queue_->acknowledge(e, {kSnmp, one.epoch, one.sequence}, now_));
    take_marks();
    return true;
  }
  std::uint64_t epoch_of(std::uint64_t sequence) {
    for (const auto& [at, one] : disk_) {
      if (one.batch.sequence == sequence) return one.batch.epoch;
    }
    return epoch_;
  }
  void write() {
    for (auto& one : queue_->to_store(now_, 1U << 20U, false)) writing_.push_back(std::move(one));
  }
  void finish_writing(bool well) {
    for (auto& one : writing_) {
      if (well) {
        const auto at = static_cast<std::uint32_t>(disk_.size());
        OnDisk made;
        made.batch.epoch = one.epoch;
        made.batch.sequence = one.sequence;
        made.batch.bytes = kBatch - 192;
        made.batch.place = {1, at};
        made.parts = *one.body;
        made.who = one.who;
        made.closed = one.closed;
        disk_[at] = std::move(made);
        queue_->stored(one.id, {1, at}, one.who);
      } else {
        queue_->not_stored(one.id);
      }
    }
    well ? queue_->disk_works() : queue_->disk_fails(true);
    writing_.clear();
    take_marks();
  }
  void take_marks() {
    for (const auto& mark : queue_->take_marks()) disk_.at(mark.place.at).who = mark.who;
  }
  void read(std::size_t e, bool well) {
    for (const auto& one : queue_->to_read(e, now_)) {
      if (well) {
        queue_->loaded(e, one.id, disk_.at(one.place.at).parts);
      } else {
        queue_->unreadable(one.id);
      }
    }
    queue_->all_loaded(e);
    take_marks();
  }

  const std::uint64_t room_;
  std::optional<BatchQueue> queue_;
  BatchQueue::Source source_ = 0;
  std::uint64_t epoch_ = 0;
  Instant now_ = kStart;
  std::uint64_t pushed_ = 0;
  std::vector<Peer> peers_;
  std::vector<BatchQueue::ToStore> writing_;
  std::map<std::uint32_t, OnDisk> disk_;
};

RC_GTEST_PROP(DeliveryProperty, EveryBatchIsAppliedOrCountedNeverBoth, ()) {
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
