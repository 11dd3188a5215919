// What of the queue is on the disk, goes there, or comes from there.
#include <algorithm>
#include <utility>

#include "daemon/io/batch_queue.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::size_t kReadCount = 64;
constexpr std::uint64_t kRoom = std::uint64_t{1} << 20;  // made on a full disk at a time

}  // namespace

std::vector<BatchQueue::ToStore> BatchQueue::to_store(Instant now, std::size_t bytes,
                                                      bool everything) {
  std::vector<ToStore> all;
  store_from_ = std::max(store_from_, first_);
  std::uint64_t given = 0;
  for (; store_from_ < end() && given < bytes; ++store_from_) {
    Entry& one = entry(store_from_);
    if (one.who.needed == 0 || one.disk != Disk::none) continue;
    const bool crowded = memory_ - given > limits_.memory.count() / 2;
    if (!everything && !crowded && now - one.closed < limits_.store_after) break;
    one.disk = Disk::storing;
    given += one.bytes;
    all.push_back({store_from_, one.source, sources_[one.source].epoch, one.sequence, one.who,
                   one.closed, one.body});
  }
  return all;
}

void BatchQueue::stored(Id id, Place place, Who who) {
  Entry& one = entry(id);  // still there: see pop_done()
  one.place = place;
  one.disk = Disk::stored;
  if (one.who.needed != 0) memory_ -= one.bytes;
  release(one);
  if (one.who != who) mark(one);
  pop_done();
}

void BatchQueue::not_stored(Id id) {
  Entry& one = entry(id);
  one.disk = Disk::none;
  store_from_ = std::min(store_from_, id);
  pop_done();
}

void BatchQueue::disk_fails(bool full) {
  disk_fails_ = true;
  std::uint64_t room = 0;
  for (Id id = first_; full && memory_ > limits_.memory.count() / 2 && id < end() && room < kRoom;
       ++id) {
    Entry& oldest = entry(id);
    if (oldest.disk != Disk::stored || !may_drop(oldest)) continue;
    room += oldest.bytes;
    drop(id);
  }
  shrink();
}

std::vector<BatchQueue::ToRead> BatchQueue::to_read(std::size_t endpoint, Instant now) {
  Endpoint& to = endpoints_[endpoint];
  std::vector<ToRead> all;
  if (to.reading) return all;
  const auto chosen = choose(endpoint, now);
  if (!chosen || entry(chosen->first).body) return all;
  std::size_t bytes = 0;
  for (Id id = chosen->first; id < end() && bytes < kReadBytes && all.size() < kReadCount; ++id) {
    const Entry& one = entry(id);
    if (!wants(one, endpoint) || one.body || is_new(one, to) == chosen->second) continue;
    bytes += one.bytes;
    all.push_back({id, one.source, one.place});
  }
  to.reading = !all.empty();
  return all;
}

void BatchQueue::loaded(std::size_t endpoint, Id id, wire::Parts parts) {
  if (id < first_ || entry(id).who.needed == 0) return;
  entry(id).body = std::make_shared<const wire::Parts>(std::move(parts));
  std::vector<Id>& read = endpoints_[endpoint].read;
  std::erase_if(read, [&](Id one) { return one < first_ || !entry(one).body; });
  read.push_back(id);
}

void BatchQueue::unreadable(Id id) {
  if (id < first_ || entry(id).who.needed == 0 || entry(id).in_flight != 0) return;
  drop(id);
  pop_done();
}

std::size_t BatchQueue::give_up_memory(Source source) {
  std::size_t given_up = 0;
  for (Id id = first_; id < end(); ++id) {
    const Entry& one = entry(id);
    if (one.who.needed == 0 || one.disk == Disk::stored ||
        sources_[one.source].collector != sources_[source].collector) {
      continue;
    }
    drop(id);
    ++given_up;
  }
  pop_done();
  return given_up;
}

}  // namespace itnxt
