#include "daemon/io/batch_queue.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace itnxt {
namespace {

// An entry's own share of the bound, so that empty batches are not free.
constexpr std::size_t kOverhead = 192;
// A poll takes its time: what was closed within the last interval and this is the present.
constexpr Duration kSlack = 1s;
// What has waited for this long, and for two intervals, is no news.
constexpr Duration kOldest = 10s;
// While the disk works, what is on its way there may take this many times the bound.
constexpr std::uint64_t kOnTheWay = 8;
// Smaller batches would be mostly heads.
constexpr std::uint64_t kLeastFitting = 2048;

std::size_t size_of(const wire::Parts& parts) {
  std::size_t bytes = kOverhead;
  for (const std::string& part : parts) bytes += part.size();
  return bytes;
}

}  // namespace

BatchQueue::BatchQueue(BatchQueueLimits limits, std::size_t endpoints)
    : limits_(limits), endpoints_(endpoints) {
  for (Endpoint& one : endpoints_) {
    one.credit = limits_.window;
    one.window = limits_.first_flight.count();
    one.tokens = limits_.backlog_rate.count() / 4;
  }
}

BatchQueue::Source BatchQueue::add_source(CollectorName collector, std::uint64_t epoch) {
  const auto source = static_cast<Source>(sources_.size());
  const std::size_t n = endpoints_.size();
  sources_.push_back({.collector = std::move(collector),
                      .epoch = epoch,
                      .heir = source,
                      .lost = std::vector<std::uint64_t>(n),
                      .said = std::vector<std::uint64_t>(n),
                      .told = std::vector<std::uint64_t>(n),
                      .needed = std::vector<std::size_t>(n),
                      .needed_bytes = std::vector<std::uint64_t>(n)});
  return source;
}

BatchQueue::Source BatchQueue::add_old_source(Source heir, std::uint64_t epoch) {
  const Source source = add_source(sources_[heir].collector, epoch);
  sources_[source].heir = heir;
  return source;
}

void BatchQueue::push(Source source, std::uint64_t sequence, wire::Parts parts, Instant closed,
                      Instant now) {
  Entry made;
  made.source = source;
  made.sequence = sequence;
  made.bytes = static_cast<std::uint32_t>(size_of(parts));
  made.body = std::make_shared<const wire::Parts>(std::move(parts));
  made.closed = closed;
  made.who.needed = everybody();
  memory_ += made.bytes;
  add(std::move(made), now);
}

void BatchQueue::restore(Source source, const BatchFiles::Batch& batch, Instant closed,
                         Instant now) {
  Entry made;
  made.source = source;
  made.sequence = batch.sequence;
  made.bytes = static_cast<std::uint32_t>(batch.bytes + kOverhead);
  made.closed = closed;
  made.who = batch.who;
  made.place = batch.place;
  made.disk = Disk::stored;
  add(std::move(made), now);
}

void BatchQueue::add(Entry made, Instant now) {
  ++waiting_;
  bytes_ += made.bytes;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if ((made.who.needed & bit(i)) == 0) continue;
    if ((made.who.sent & bit(i)) != 0) {
      endpoints_[i].adrift.push_back({end(), now, 0, false, 0});
      endpoints_[i].sent_bytes += made.bytes;
    }
    if (endpoints_[i].waiting++ == 0) endpoints_[i].progress = now;
    Origin& origin = sources_[made.source];
    ++origin.needed[i];
    sources_[origin.heir].needed_bytes[i] += made.bytes;
  }
  queue_.push_back(std::move(made));
  shrink();
}

void BatchQueue::lose(Source source) {
  for (std::uint64_t& lost : sources_[source].lost) ++lost;
}

bool BatchQueue::wants(const Entry& one, std::size_t endpoint) const {
  return (one.who.needed & ~one.in_flight & bit(endpoint)) != 0;
}

bool BatchQueue::is_new(const Entry& one, const Endpoint& to) const {
  return one.closed + sources_[one.source].interval + kSlack >= to.since;
}

// What is not new now never becomes so again: `since` only moves on.
BatchQueue::Id BatchQueue::next_new(std::size_t endpoint) {
  Endpoint& to = endpoints_[endpoint];
  to.live = std::max(to.live, first_);
  while (to.live < end() && !(wants(entry(to.live), endpoint) && is_new(entry(to.live), to))) {
    ++to.live;
  }
  return to.live;
}

BatchQueue::Id BatchQueue::next_old(std::size_t endpoint) {
  Endpoint& to = endpoints_[endpoint];
  to.back = std::max(to.back, first_);
  const Id to_end = std::min(to.away ? to.live : to.back_end, end());
  while (to.back < to_end &&
         !(wants(entry(to.back), endpoint) && (to.away || !is_new(entry(to.back), to)))) {
    ++to.back;
  }
  return to.back < to_end ? to.back : end();
}

// Of what is sent and not answered, at most so much is kept beyond the bounds.
bool BatchQueue::may_send_more(const Endpoint& to) const {
  const std::uint64_t most = limits_.max_size.count() / (2 * endpoints_.size());
  return to.adrift.size() < limits_.window && (to.sent_bytes == 0 || to.sent_bytes < most);
}

BatchQueue::Id BatchQueue::next_adrift(std::size_t endpoint) {
  const auto& adrift = endpoints_[endpoint].adrift;
  return adrift.empty() ? end() : std::ranges::min_element(adrift, {}, &Flight::id)->id;
}

void BatchQueue::came_back(Endpoint& to, Instant now) {
  to.since = now;
  to.back = first_;
  to.back_end = end();
}

void BatchQueue::refill(Endpoint& to, Instant now) {
  const double rate = limits_.backlog_rate.count();
  to.tokens = std::min(to.tokens + rate * seconds(now - to.filled), rate / 4);
  to.filled = now;
}

// The batch, and whether it is backlog.
std::optional<std::pair<BatchQueue::Id, bool>> BatchQueue::choose(std::size_t endpoint,
                                                                  Instant now) {
  Endpoint& to = endpoints_[endpoint];
  if (to.away) to.since = now;
  if (to.waiting == to.in_flight.size() || to.in_flight.size() >= to.credit) return std::nullopt;
  // A link that has become too narrow is known long before the first late answer: whatever is sent
  // now only makes events wait behind it.
  if (!to.in_flight.empty() && now - to.in_flight.front().sent > kLate) return std::nullopt;
  refill(to, now);
  Id fresh = next_new(endpoint);
  if (!to.away && fresh < end()) {
    const Entry& one = entry(fresh);
    if (now - one.closed > std::max(2 * sources_[one.source].interval, kOldest)) {
      came_back(to, now);
      fresh = next_new(endpoint);
    }
  }
  if (!may_send_more(to)) {
    const Id again = next_adrift(endpoint);
    if (again == end() || !fits(to, again)) return std::nullopt;
    return std::pair(again, !is_new(entry(again), to));
  }
  const bool has_new = fresh < end();
  if (to.tokens > 0 && (!has_new || to.live_in_a_row >= kBacklogTurn)) {
    // Beside what is new one at most, else half of what may be under way.
    const Id old = next_old(endpoint);
    const bool half = !has_new && to.backlog_in_flight < to.credit / 2 && old < end() &&
                      to.backlog_under_way + entry(old).bytes <= to.window / 2;
    if (old < end() && (to.backlog_in_flight == 0 || half)) {
      return fits(to, old) ? std::optional(std::pair(old, true)) : std::nullopt;
    }
  }
  if (!has_new || !fits(to, fresh)) return std::nullopt;
  return std::pair(fresh, false);
}

std::optional<BatchQueue::Next> BatchQueue::next(std::size_t endpoint, Instant now) {
  Endpoint& to = endpoints_[endpoint];
  to.offer = choose(endpoint, now);
  if (to.offer && to.offer->second && !entry(to.offer->first).body && may_send_more(to)) {
    // What is new does not wait for the disk.
    const Id fresh = next_new(endpoint);
    if (fresh < end() && fits(to, fresh)) to.offer = std::pair(fresh, false);
  }
  if (!to.offer || !entry(to.offer->first).body) return std::nullopt;
  const Entry& one = entry(to.offer->first);
  const Origin& origin = sources_[one.source];
  const std::uint64_t waiting = sources_[origin.heir].needed_bytes[endpoint];
  return Next{one.body.get(), origin.lost[endpoint], Bytes(waiting - one.bytes), to.offer->second};
}

void BatchQueue::sent(std::size_t endpoint, Instant now) {
  Endpoint& to = endpoints_[endpoint];
  const auto [id, backlog] = *std::exchange(to.offer, std::nullopt);
  Entry& one = entry(id);
  if (std::exchange(to.away, false)) came_back(to, now);
  one.in_flight |= bit(endpoint);
  if ((one.who.sent & bit(endpoint)) == 0) {
    one.who.sent |= bit(endpoint);
    to.sent_bytes += one.bytes;
    mark(one);
  } else {
    forget_adrift(to, id);
  }
  std::uint64_t& said = sources_[one.source].said[endpoint];
  said = std::max(said, sources_[one.source].lost[endpoint]);
  to.under_way += one.bytes;
  to.most_under_way = std::max(to.most_under_way, to.under_way);
  to.in_flight.push_back({id, now, sources_[one.source].lost[endpoint], backlog, to.under_way});
  if (backlog) {
    ++to.backlog_in_flight;
    to.backlog_under_way += one.bytes;
    to.tokens -= one.bytes;
    to.live_in_a_row = 0;
  } else {
    ++to.live_in_a_row;
  }
  release(one);
}

std::optional<Bytes> BatchQueue::fitting_batch() const {
  std::optional<Bytes> fitting;
  for (const Endpoint& one : endpoints_) {
    if (one.pace == Pace::prompt) continue;
    // While nobody is there it is memory, not time, that small batches cost.
    const Bytes fits(
        std::max(one.pace == Pace::slow ? one.window / 2 : one.window * 3 / 4, kLeastFitting));
    fitting = fitting ? std::min(*fitting, fits) : fits;
  }
  return fitting;
}

// In memory is what is nowhere else.
void BatchQueue::release(Entry& one) {
  if (one.disk == Disk::stored) one.body = nullptr;
}

bool BatchQueue::somebody_is_idle(Source source) const {
  const auto& needed = sources_[source].needed;
  return std::find(needed.begin(), needed.end(), 0U) != needed.end();
}

std::uint64_t BatchQueue::lost(Source source) const {
  const auto& lost = sources_[source].lost;
  return *std::max_element(lost.begin(), lost.end());
}

std::size_t BatchQueue::waiting_of(const CollectorName& collector) const {
  return static_cast<std::size_t>(std::ranges::count_if(queue_, [&](const Entry& one) {
    return one.who.needed != 0 && sources_[one.source].collector == collector;
  }));
}

void BatchQueue::expire(Instant now) {
  // In order of birth but for the disk's, which are older and come first: the front is the oldest.
  for (Id id = oldest_droppable(); id < end(); id = oldest_droppable()) {
    if (now - entry(id).closed <= limits_.max_age) break;
    drop(id);
  }
  pop_done();
}

void BatchQueue::raise_lost(Source source, const std::vector<std::uint64_t>& lost) {
  std::vector<std::uint64_t>& known = sources_[source].lost;
  for (std::size_t i = 0; i < known.size(); ++i) known[i] = std::max(known[i], lost[i]);
}

void BatchQueue::settle(Entry& settled, std::size_t endpoint) {
  if ((settled.who.sent & bit(endpoint)) != 0) endpoints_[endpoint].sent_bytes -= settled.bytes;
  settled.who.sent &= ~bit(endpoint);
  settled.who.needed &= ~bit(endpoint);
  --endpoints_[endpoint].waiting;
  Origin& origin = sources_[settled.source];
  --origin.needed[endpoint];
  sources_[origin.heir].needed_bytes[endpoint] -= settled.bytes;
}

// Nobody needs it any more: its bytes go now, its place when it comes to the front.
void BatchQueue::discard(Entry& done) {
  bytes_ -= done.bytes;
  if (done.disk != Disk::stored) memory_ -= done.bytes;
  --waiting_;
  done.body = nullptr;
}

void BatchQueue::mark(const Entry& changed) {
  if (changed.disk == Disk::stored) marks_.push_back({changed.source, changed.place, changed.who});
}

void BatchQueue::drop(Id id) {
  Entry& dropped = entry(id);
  Origin& announcer = sources_[sources_[dropped.source].heir];
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if ((dropped.who.needed & bit(i)) == 0) continue;
    if ((dropped.who.sent & bit(i)) == 0) {
      ++announcer.lost[i];
    } else {
      forget_adrift(endpoints_[i], id);
    }
    settle(dropped, i);
  }
  discard(dropped);
  mark(dropped);
}

void BatchQueue::shrink() {
  while (bytes_ > limits_.max_size.count() || waiting_ > limits_.most_batches) {
    const Id oldest = oldest_droppable();
    if (oldest == end()) break;
    drop(oldest);
  }
  const std::uint64_t memory = limits_.memory.count() * (disk_fails_ ? 1 : kOnTheWay);
  if (memory_ > memory) {
    store_from_ = std::max(store_from_, first_);
    while (store_from_ < end() && entry(store_from_).who.needed == 0) ++store_from_;
    for (Id id = store_from_; memory_ > memory && id < end(); ++id) {
      if (may_drop(entry(id)) && entry(id).disk == Disk::none) drop(id);
    }
  }
  pop_done();
}

// What is being written keeps its place until the disk has answered.
void BatchQueue::pop_done() {
  while (!queue_.empty() && queue_.front().who.needed == 0 &&
         queue_.front().disk != Disk::storing) {
    queue_.pop_front();
    ++first_;
  }
}

BatchQueue::Id BatchQueue::oldest_droppable() {
  drop_from_ = std::max(drop_from_, first_);
  while (drop_from_ < end() && !may_drop(entry(drop_from_))) ++drop_from_;
  return drop_from_;
}

}  // namespace itnxt
