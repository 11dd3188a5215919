#include "daemon/io/remote_write/write_queue.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "daemon/core/hash.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostKept = std::size_t{256} << 10U;  // bytes of an entry, uncompressed

// Before the compressed bytes of an entry of the log: where they belong. In this machine's order:
// the log is read where it was written.
struct EntryHead {
  std::uint64_t source = 0;
  std::int64_t newest = 0;
  std::uint32_t shard = 0;
  std::uint32_t samples = 0;
  std::uint64_t late = 0;
};
static_assert(std::is_trivially_copyable_v<EntryHead> && sizeof(EntryHead) == 32);

}  // namespace

WriteQueue::WriteQueue(const RemoteWriteQueue& limits,
                       const std::map<std::string, std::string>& external, DiskLog* log)
    : limits_(limits), log_(log), encoder_(external), shards_(limits.shards) {}

WriteQueue::Open& WriteQueue::open_at(const Place& place) {
  Shard& shard = shards_[place.shard];
  return place.late ? shard.late_open[place.source] : shard.live_open;
}

std::size_t WriteQueue::add(const FedSample& sample, bool late, std::uint64_t source) {
  const Place place{static_cast<std::uint32_t>(stable_hash(sample.subject) % shards_.size()), late,
                    source};
  Open& open = open_at(place);
  const std::size_t before = open.bytes.size();
  encoder_.append(open.bytes, sample);
  open_bytes_ += open.bytes.size() - before;
  ++open.samples;
  open.newest = std::max(open.newest, sample.at);
  if (open.bytes.size() - open.kept_bytes > kMostKept) keep(open, place);
  return make_room_in(place, open);
}

// After `open` has grown.
std::size_t WriteQueue::make_room_in(const Place& place, const Open& open) {
  if (open.samples >= limits_.batch) {
    close(open_at(place), place);
  } else if (open_bytes_ > limits_.max_size.count() / 8) {
    for (std::uint32_t shard = 0; shard < shards_.size(); ++shard) close_shard(shard);
  } else {
    return 0;
  }
  return make_room();
}

void WriteQueue::keep(Open& open, const Place& place) {
  if (log_ == nullptr || open.kept_bytes == open.bytes.size()) return;
  const EntryHead head{place.source, open.newest, place.shard,
                       static_cast<std::uint32_t>(open.samples - open.kept_samples),
                       place.late ? 1U : 0U};
  std::string entry(sizeof head, '\0');
  std::memcpy(entry.data(), &head, sizeof head);
  entry += compress(std::string_view(open.bytes).substr(open.kept_bytes), room_);
  const DiskLog::Id id = log_->append(entry);
  if (id == 0) return;  // the next time, together with what comes
  open.kept.push_back(id);
  open.kept_bytes = open.bytes.size();
  open.kept_samples = open.samples;
}

void WriteQueue::commit() {
  if (log_ == nullptr || open_bytes_ == 0) return;
  for (std::uint32_t i = 0; i < shards_.size(); ++i) {
    keep(shards_[i].live_open, {i, false, 0});
    for (auto& [source, open] : shards_[i].late_open) keep(open, {i, true, source});
  }
}

std::size_t WriteQueue::restore(const std::vector<DiskLog::Entry>& entries) {
  std::size_t dropped = 0;
  for (const DiskLog::Entry& entry : entries) {
    EntryHead head;
    std::optional<std::string> bytes;
    if (entry.body.size() > sizeof head) {
      std::memcpy(&head, entry.body.data(), sizeof head);
      bytes = uncompress(std::string_view(entry.body).substr(sizeof head), kMostKept * 64);
    }
    if (!bytes) {  // nothing that we wrote
      log_->done(entry.id);
      continue;
    }
    const Place place{head.shard % static_cast<std::uint32_t>(shards_.size()), head.late != 0,
                      head.source};
    Open& open = open_at(place);
    open.bytes += *bytes;
    open_bytes_ += bytes->size();
    open.samples += head.samples;
    open.newest = std::max(open.newest, head.newest);
    open.kept.push_back(entry.id);
    open.kept_bytes = open.bytes.size();
    open.kept_samples = open.samples;
    dropped += make_room_in(place, open);
  }
  return dropped;
}

void WriteQueue::close(Open& open, const Place& place) {
  if (open.samples == 0) return;
  keep(open, place);
  Shard& shard = shards_[place.shard];
  Lane& lane = place.late ? shard.late : shard.live;
  lane.push_back({compress(open.bytes, room_), open.samples, open.newest, next_number_++,
                  std::exchange(open.kept, {})});
  closed_bytes_ += lane.back().body.size();
  open_bytes_ -= open.bytes.size();
  open.bytes.clear();  // its room stays for the next one
  open.samples = open.kept_bytes = open.kept_samples = 0;
  open.newest = 0;
}

void WriteQueue::close_shard(std::uint32_t shard) {
  close(shards_[shard].live_open, {shard, false, 0});
  for (auto& [source, open] : shards_[shard].late_open) close(open, {shard, true, source});
  shards_[shard].late_open.clear();
}

std::size_t WriteQueue::close(std::size_t shard) {
  close_shard(static_cast<std::uint32_t>(shard));
  return make_room();
}

// It waits no more, here and in the log.
void WriteQueue::over(const WriteBatch& batch) {
  closed_bytes_ -= batch.body.size();
  for (const DiskLog::Id id : batch.kept) log_->done(id);
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
    over(*oldest);
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
  over(shard.under_way->front());
  shard.under_way->pop_front();
  shard.under_way = nullptr;
}

void WriteQueue::again(std::size_t index) {
  shards_[index].under_way = nullptr;
}

}  // namespace itnxt
