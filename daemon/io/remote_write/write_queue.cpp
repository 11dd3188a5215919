#include "daemon/io/remote_write/write_queue.hpp"

#include <algorithm>

#include "daemon/core/hash.hpp"

namespace itnxt {

WriteQueue::WriteQueue(const RemoteWriteQueue& limits,
                       const std::map<std::string, std::string>& external)
    : limits_(limits), encoder_(external), shards_(limits.shards) {}

std::size_t WriteQueue::add(const FedSample& sample, bool late, std::uint64_t source) {
  Shard& shard = shards_[stable_hash(sample.subject) % shards_.size()];
  Open& open = late ? shard.late_open[source] : shard.live_open;
  const std::size_t before = open.bytes.size();
  encoder_.append(open.bytes, sample);
  open_bytes_ += open.bytes.size() - before;
  ++open.samples;
  open.newest = std::max(open.newest, sample.at);
  if (open.samples >= limits_.batch) {
    close(open, late ? shard.late : shard.live);
  } else if (open_bytes_ > limits_.max_size.count() / 8) {
    for (Shard& one : shards_) close(one);
  } else {
    return 0;
  }
  return make_room();
}

void WriteQueue::close(Open& open, Lane& lane) {
  if (open.samples == 0) return;
  lane.push_back({compress(open.bytes, room_), open.samples, open.newest, next_number_++});
  closed_bytes_ += lane.back().body.size();
  open_bytes_ -= open.bytes.size();
  open.bytes.clear();  // its room stays for the next one
  open.samples = 0;
  open.newest = 0;
}

void WriteQueue::close(Shard& shard) {
  close(shard.live_open, shard.live);
  for (auto& [source, open] : shard.late_open) close(open, shard.late);
  shard.late_open.clear();
}

std::size_t WriteQueue::close(std::size_t shard) {
  close(shards_[shard]);
  return make_room();
}

std::size_t WriteQueue::make_room() {
  std::size_t dropped = 0;
  while (bytes() > limits_.max_size.count()) {
    Lane* lane = nullptr;
    Lane::iterator oldest;
    for (Shard& shard : shards_) {
      for (Lane* one : {&shard.live, &shard.late}) {
        const auto first = one->begin() + (shard.under_way == one ? 1 : 0);
        if (first == one->end() || (lane != nullptr && oldest->number < first->number)) continue;
        lane = one;
        oldest = first;
      }
    }
    if (lane == nullptr) break;  // what is under way, and what is open
    dropped += oldest->samples;
    closed_bytes_ -= oldest->body.size();
    lane->erase(oldest);
  }
  return dropped;
}

const WriteBatch* WriteQueue::begin(std::size_t index) {
  Shard& shard = shards_[index];
  if (shard.live.empty() && shard.late.empty()) return nullptr;
  shard.under_way = shard.live.empty() ? &shard.late : &shard.live;
  return &shard.under_way->front();
}

void WriteQueue::done(std::size_t index) {
  Shard& shard = shards_[index];
  closed_bytes_ -= shard.under_way->front().body.size();
  shard.under_way->pop_front();
  shard.under_way = nullptr;
}

void WriteQueue::again(std::size_t index) {
  shards_[index].under_way = nullptr;
}

}  // namespace itnxt
