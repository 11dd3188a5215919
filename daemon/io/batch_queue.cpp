#include "daemon/io/batch_queue.hpp"

#include <algorithm>
#include <utility>

namespace itnxt {
namespace {

constexpr std::uint64_t bit(std::size_t endpoint) {
  return std::uint64_t{1} << endpoint;
}

// An entry's own share of the bound, so that empty batches are not free.
constexpr std::size_t kOverhead = 192;

std::size_t size_of(const wire::Parts& parts) {
  std::size_t bytes = kOverhead;
  for (const std::string& part : parts) bytes += part.size();
  return bytes;
}

}  // namespace

BatchQueue::BatchQueue(BatchQueueLimits limits, std::size_t endpoints)
    : limits_(limits), endpoints_(endpoints) {}

BatchQueue::Source BatchQueue::add_source(CollectorName collector, std::uint64_t epoch,
                                          std::vector<std::uint64_t> lost) {
  lost.resize(endpoints_.size());
  const Source source = sources_.size();
  sources_.push_back({std::move(collector), epoch, std::move(lost),
                      std::vector<std::size_t>(endpoints_.size()),
                      std::vector<std::uint64_t>(endpoints_.size()), source});
  return source;
}

BatchQueue::Source BatchQueue::add_old_source(Source heir, std::uint64_t epoch,
                                              std::vector<std::uint64_t> lost) {
  const Source source = add_source(sources_[heir].collector, epoch, std::move(lost));
  sources_[source].heir = heir;
  return source;
}

void BatchQueue::push(Source source, std::uint64_t sequence, wire::Parts parts, Instant born,
                      Instant now) {
  const std::size_t bytes = size_of(parts);
  const Endpoints all =
      endpoints_.size() == kMaxEndpoints ? ~Endpoints{0} : bit(endpoints_.size()) - 1;
  queue_.push_back({source, sequence, std::move(parts), bytes, born, all, 0});
  Origin& origin = sources_[source];
  ++waiting_;
  ++origin.waiting;
  bytes_ += bytes;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (endpoints_[i].waiting++ == 0) endpoints_[i].progress = now;
    ++origin.needed[i];
    sources_[origin.heir].needed_bytes[i] += bytes;
  }
  shrink();
}

void BatchQueue::lose(Source source) {
  for (std::uint64_t& lost : sources_[source].lost) ++lost;
}

std::optional<BatchQueue::Next> BatchQueue::next(std::size_t endpoint) {
  Endpoint& to = endpoints_[endpoint];
  if (to.waiting == to.in_flight.size() || to.in_flight.size() >= limits_.window) {
    return std::nullopt;
  }
  to.next = std::max(to.next, first_);
  while (to.next < first_ + queue_.size()) {
    const Entry& candidate = entry(to.next);
    if ((candidate.needed & ~candidate.in_flight & bit(endpoint)) != 0) {
      const Origin& origin = sources_[candidate.source];
      const std::uint64_t waiting = sources_[origin.heir].needed_bytes[endpoint];
      return Next{&candidate.parts, origin.lost[endpoint], Bytes(waiting - candidate.bytes)};
    }
    ++to.next;
  }
  return std::nullopt;
}

void BatchQueue::sent(std::size_t endpoint) {
  Endpoint& to = endpoints_[endpoint];
  entry(to.next).in_flight |= bit(endpoint);
  to.in_flight.push_back(to.next++);
}

bool BatchQueue::acknowledge(std::size_t endpoint, const wire::Ack& ack, Instant now) {
  Endpoint& from = endpoints_[endpoint];
  const auto found = std::find_if(from.in_flight.begin(), from.in_flight.end(), [&](Id id) {
    const Entry& candidate = entry(id);
    const Origin& origin = sources_[candidate.source];
    return candidate.sequence == ack.sequence && origin.epoch == ack.epoch &&
           origin.collector == ack.collector;
  });
  if (found == from.in_flight.end()) return false;
  const Id id = *found;
  Entry& acknowledged = entry(id);
  from.in_flight.erase(found);
  from.progress = now;
  acknowledged.in_flight &= ~bit(endpoint);
  settle(acknowledged, endpoint);
  if (acknowledged.needed == 0) discard(acknowledged);
  drop_from_ = std::min(drop_from_, id);  // others may need it, and now it can be dropped
  pop_done();
  return true;
}

void BatchQueue::reset(std::size_t endpoint) {
  Endpoint& to = endpoints_[endpoint];
  for (const Id id : to.in_flight) {
    entry(id).in_flight &= ~bit(endpoint);
    to.next = std::min(to.next, id);
  }
  to.in_flight.clear();
  drop_from_ = first_;
  shrink();
}

bool BatchQueue::stalled(std::size_t endpoint, Instant now) const {
  const Endpoint& to = endpoints_[endpoint];
  return to.waiting > 0 && now - to.progress >= limits_.patience;
}

void BatchQueue::be_patient_again(std::size_t endpoint, Instant now) {
  endpoints_[endpoint].progress = now;
}

bool BatchQueue::somebody_is_idle(Source source) const {
  const auto& needed = sources_[source].needed;
  return std::find(needed.begin(), needed.end(), 0U) != needed.end();
}

std::uint64_t BatchQueue::lost(Source source) const {
  const auto& lost = sources_[source].lost;
  return *std::max_element(lost.begin(), lost.end());
}

std::optional<BatchQueue::Waiting> BatchQueue::waiting_from(Id& at) const {
  for (at = std::max(at, first_); at < first_ + queue_.size(); ++at) {
    const Entry& one = queue_[at - first_];
    if (one.needed == 0) continue;
    const Origin& origin = sources_[one.source];
    return Waiting{at++, one.source, origin.collector, one.parts, origin.lost};
  }
  return std::nullopt;
}

void BatchQueue::give_up(Id id) {
  drop(entry(id));
  pop_done();
}

void BatchQueue::raise_lost(Source source, const std::vector<std::uint64_t>& lost) {
  std::vector<std::uint64_t>& known = sources_[source].lost;
  for (std::size_t i = 0; i < known.size(); ++i) known[i] = std::max(known[i], lost[i]);
}

void BatchQueue::expire(Instant now) {
  // In order of birth but for the spool's, which are older and come first: the front is the oldest.
  while (Entry* oldest = oldest_droppable()) {
    if (now - oldest->born <= limits_.max_age) break;
    drop(*oldest);
  }
  pop_done();
}

void BatchQueue::settle(Entry& settled, std::size_t endpoint) {
  settled.needed &= ~bit(endpoint);
  --endpoints_[endpoint].waiting;
  Origin& origin = sources_[settled.source];
  --origin.needed[endpoint];
  sources_[origin.heir].needed_bytes[endpoint] -= settled.bytes;
}

// Nobody needs it any more: its bytes go now, its place when it comes to the front.
void BatchQueue::discard(Entry& done) {
  bytes_ -= done.bytes;
  --waiting_;
  --sources_[done.source].waiting;
  done.parts = {};
}

void BatchQueue::drop(Entry& dropped) {
  Origin& announcer = sources_[sources_[dropped.source].heir];
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if ((dropped.needed & bit(i)) == 0) continue;
    ++announcer.lost[i];
    settle(dropped, i);
  }
  discard(dropped);
}

void BatchQueue::shrink() {
  while (bytes_ > limits_.max_size.count()) {
    Entry* oldest = oldest_droppable();
    if (oldest == nullptr) break;
    drop(*oldest);
  }
  pop_done();
}

void BatchQueue::pop_done() {
  while (!queue_.empty() && queue_.front().needed == 0) {
    queue_.pop_front();
    ++first_;
  }
}

BatchQueue::Entry* BatchQueue::oldest_droppable() {
  drop_from_ = std::max(drop_from_, first_);
  for (; drop_from_ < first_ + queue_.size(); ++drop_from_) {
    Entry& candidate = entry(drop_from_);
    if (candidate.needed != 0 && candidate.in_flight == 0) return &candidate;
  }
  return nullptr;
}

}  // namespace itnxt
