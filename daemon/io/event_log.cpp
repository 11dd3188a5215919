#include "daemon/io/event_log.hpp"

#include <algorithm>
#include <utility>

#include "daemon/core/hash.hpp"

namespace itnxt {
namespace {

constexpr Duration kTellLostEvery = 1s;
constexpr std::size_t kMessageBytes = std::size_t{256} << 10;

}  // namespace

EventLog::EventLog(Loop& loop, Log& log, Worker& disk, EventLogOptions options,
                   std::function<void()> ready)
    : loop_(loop),
      log_(log),
      disk_(disk),
      options_(std::move(options)),
      ready_(std::move(ready)),
      endpoints_(options_.endpoints.size()) {
  lane_.epoch = fresh_epoch();
  if (options_.file.name.empty()) {
    known_ = true;
    failing_ = true;  // the spool has said why
    return;
  }
  file_ = std::make_shared<LaneFile>(options_.file);
  load();
}

std::uint64_t EventLog::fresh_epoch() {
  return stable_hash(std::to_string(options_.run) + '/' + options_.collector.text() + '/' +
                     std::to_string(++epochs_made_));
}

void EventLog::report(Event event, std::function<void(EventFate)> told) {
  event.run = options_.run;
  event.sequence = 1;
  auto body = wire::encode(EventBatch{options_.node, options_.collector, 0, event.wall, {event}});
  const auto readable = body ? wire::decode_events(*body) : Result<EventBatch>(Error{body.error()});
  if (!readable) {
    log_.error("an event of a collector breaks the rules of the wire and is dropped",
               {{"collector", options_.collector.text()}, {"problem", readable.error()}});
    if (told) told(EventFate::dropped);
    return;
  }
  if (!told_.is_news(event)) {
    if (told) told(EventFate::kept);
    return;
  }
  const auto bytes = static_cast<std::uint32_t>(body->size());
  const Id id = lane_.next_id++;
  index_.push_back({lane_.epoch, lane_.next_sequence++, bytes, false,
                    std::make_shared<const std::string>(std::move(body).value())});
  bytes_ += bytes;
  unsaved_bytes_ += bytes;
  kept_bytes_ += bytes;
  if (told) unanswered_.push_back({id, event.wall, std::move(event.once), std::move(told)});
  shrink();
  tell_fates();
  if (failing_) {
    sendable_to_ = id;
    tell_fates();
    if (ready_) ready_();
  } else {
    commit();
  }
}

void EventLog::remember(const std::string& name, std::string what) {
  told_.remember(name, std::move(what));
  if (!told_.has_changes()) return;
  cursors_moved_ = true;
  commit_soon();
}

EventLog::Body EventLog::body_of(const Endpoint& to, Id id) {
  if (Body body = entry(id).body) return body;
  const auto read = to.page.find(id);
  return read == to.page.end() ? nullptr : read->second;
}

std::optional<std::string> EventLog::next(std::size_t endpoint) {
  Endpoint& to = endpoints_[endpoint];
  if (to.in_flight_to != 0) return std::nullopt;
  Id id = std::max(to.acked + 1, first_);
  while (id < lane_.next_id && entry(id).gone) to.acked = id++;
  if (id > sendable_to_) return std::nullopt;
  EventBatch batch{options_.node, options_.collector, entry(id).epoch, loop_.wall_now(), {}};
  std::size_t size = 0;
  for (; id <= sendable_to_ && batch.events.size() < wire::kMaxEvents; ++id) {
    const Entry& one = entry(id);
    const Body body = one.gone ? nullptr : body_of(to, id);
    if (!body || one.epoch != batch.epoch) break;
    size += body->size();
    if (!batch.events.empty() &&
        (size > kMessageBytes || one.sequence != batch.events.back().sequence + 1)) {
      break;
    }
    auto decoded = wire::decode_events(*body);
    if (!decoded) break;  // the checksum held: it was written by another version
    batch.events.push_back(std::move(decoded->events.front()));
    batch.events.back().sequence = one.sequence;
    to.offered_to = id;
  }
  if (batch.events.empty()) {
    if (body_of(to, id)) {
      drop(entry(id));
      return next(endpoint);
    }
    if (!to.reading) read(endpoint, id);
    return std::nullopt;
  }
  auto message = wire::encode(batch);
  return message ? std::optional(std::move(message).value()) : std::nullopt;
}

void EventLog::sent(std::size_t endpoint) {
  Endpoint& to = endpoints_[endpoint];
  to.in_flight_to = to.offered_to;
  to.sent_at = loop_.now();
}

bool EventLog::acknowledge(std::size_t endpoint, const wire::EventAck& ack) {
  Endpoint& from = endpoints_[endpoint];
  if (from.in_flight_to == 0 || ack.collector != options_.collector) return false;
  if (from.in_flight_to < first_) {  // dropped meanwhile
    from.in_flight_to = 0;
    return false;
  }
  const Entry& last = entry(from.in_flight_to);
  if (ack.epoch != last.epoch || ack.sequence > last.sequence) return false;
  const std::uint64_t short_of = last.sequence - ack.sequence;
  if (short_of >= from.in_flight_to || from.in_flight_to - short_of <= from.acked) return false;
  from.acked = from.in_flight_to - short_of;
  from.sent_at = loop_.now();
  if (short_of == 0) from.in_flight_to = 0;
  from.page.erase(from.page.begin(), from.page.upper_bound(from.acked));
  forget_delivered();
  cursors_moved_ = true;
  commit_soon();
  return true;
}

void EventLog::reset(std::size_t endpoint) {
  endpoints_[endpoint].in_flight_to = 0;
}

bool EventLog::stalled(std::size_t endpoint, Duration patience) const {
  const Endpoint& to = endpoints_[endpoint];
  return to.in_flight_to != 0 && loop_.now() - to.sent_at >= patience;
}

// The oldest are dropped first, so that nobody waits behind one who has to go on waiting.
void EventLog::tell_fates() {
  while (!unanswered_.empty()) {
    const Id id = unanswered_.front().id;
    const bool dropped = id < first_ || entry(id).gone;
    if (!dropped && id > sendable_to_) return;
    const Waiting one = std::move(unanswered_.front());
    unanswered_.pop_front();
    if (dropped) told_.take_back(one.once, one.wall);
    one.told(dropped ? EventFate::dropped : EventFate::kept);
  }
}

void EventLog::drop(Entry& dropped) {
  if (dropped.gone) return;
  dropped.gone = true;
  bytes_ -= dropped.bytes;
  if (dropped.body) kept_bytes_ -= dropped.bytes;
  dropped.body = nullptr;
  ++lost_;
  if (tell_lost_) return;
  tell_lost_ = loop_.after(kTellLostEvery, [this] {
    tell_lost_.cancel();
    log_.warning(
        "undelivered events were dropped, the oldest first; bring the aggregator back, or mend the "
        "disk",
        {{"collector", options_.collector.text()},
         {"lost_events", std::to_string(lost_ - lost_told_)},
         {"lost_events_total", std::to_string(lost_)}});
    lost_told_ = lost_;
  });
}

void EventLog::shrink() {
  while (!index_.empty() &&
         (index_.size() > options_.most_events || bytes_ > options_.most_bytes)) {
    Entry& oldest = index_.front();
    drop(oldest);
    if (first_ > saved_to_) unsaved_bytes_ -= oldest.bytes;
    index_.pop_front();
    ++first_;
    cursors_moved_ = true;
  }
  for (Id id = std::max(saved_to_ + 1, first_);
       unsaved_bytes_ > options_.memory_bytes && id < lane_.next_id; ++id) {
    Entry& oldest = entry(id);
    drop(oldest);
    unsaved_bytes_ -= std::exchange(oldest.bytes, 0);
  }
}

// Up to what the slowest endpoint has.
void EventLog::forget_delivered() {
  Id everybody = lane_.next_id - 1;
  for (const Endpoint& one : endpoints_) everybody = std::min(everybody, one.acked);
  while (!index_.empty() && (first_ <= everybody || index_.front().gone)) {
    const Entry& done = index_.front();
    if (!done.gone) {
      bytes_ -= done.bytes;
      if (done.body) kept_bytes_ -= done.bytes;
    }
    if (first_ > saved_to_) unsaved_bytes_ -= done.bytes;
    index_.pop_front();
    ++first_;
  }
}

}  // namespace itnxt
