#include "daemon/io/event_log.hpp"

#include <algorithm>
#include <utility>

#include "daemon/core/hash.hpp"
#include "daemon/io/directory.hpp"

namespace itnxt {
namespace {

constexpr Duration kCursorsWithin = 1s;
constexpr Duration kTellLostEvery = 1s;
constexpr std::size_t kMessageBytes = std::size_t{256} << 10;
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;  // of what is on the disk as well
constexpr std::uint64_t kWidestHole = 100'000;            // numbers without a row in a sound file

}  // namespace

// What a commit came to, told by the worker.
struct EventLog::Committed {
  std::string problem;
  std::optional<LaneFile::Loaded> attached;  // the file had to be opened
  ToldStates::Kinds told;
};

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

void EventLog::load() {
  auto loaded = file_->attach(file_time(loop_.wall_now()));
  if (!loaded) return fail_open(loaded.error());
  known_ = true;
  if (!loaded->quarantined.empty()) {
    log_.error("the file of undelivered events was damaged and is begun anew: they are lost",
               {{"moved_to", loaded->quarantined}});
  }
  if (loaded->is_new) return;
  lane_ = loaded->lane;
  told_.load(std::move(loaded->told));
  first_ = lane_.next_id;
  for (const LaneFile::Row& row : loaded->rows) {
    if (row.id >= lane_.next_id) break;
    if (index_.empty() || row.id - first_ - index_.size() > kWidestHole) {
      index_.clear();
      bytes_ = 0;
      first_ = row.id;
    }
    while (first_ + index_.size() < row.id) index_.push_back({.gone = true});
    index_.push_back({row.epoch, row.sequence, row.bytes, false, nullptr});
    bytes_ += row.bytes;
  }
  while (first_ + index_.size() < lane_.next_id) index_.push_back({.gone = true});
  saved_to_ = sendable_to_ = released_to_ = lane_.next_id - 1;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const auto known = loaded->cursors.find(options_.endpoints[i]);
    if (known != loaded->cursors.end()) endpoints_[i].acked = std::min(known->second, saved_to_);
  }
  forget_delivered();
}

std::uint64_t EventLog::fresh_epoch() {
  return stable_hash(std::to_string(options_.run) + '/' + options_.collector.text() + '/' +
                     std::to_string(++epochs_made_));
}

void EventLog::report(Event event, std::function<void()> kept) {
  event.run = options_.run;
  event.sequence = 1;
  auto body = wire::encode(EventBatch{options_.node, options_.collector, 0, event.wall, {event}});
  const auto readable = body ? wire::decode_events(*body) : Result<EventBatch>(Error{body.error()});
  if (!readable) {
    log_.error("an event of a collector breaks the rules of the wire and is dropped",
               {{"collector", options_.collector.text()}, {"problem", readable.error()}});
    return;
  }
  if (!told_.is_news(event)) {
    if (kept) kept();
    return;
  }
  const auto bytes = static_cast<std::uint32_t>(body->size());
  const Id id = lane_.next_id++;
  index_.push_back({lane_.epoch, lane_.next_sequence++, bytes, false,
                    std::make_shared<const std::string>(std::move(body).value())});
  bytes_ += bytes;
  unsaved_bytes_ += bytes;
  kept_bytes_ += bytes;
  if (kept) kept_.emplace_back(id, std::move(kept));
  shrink();
  if (failing_) {
    sendable_to_ = id;
    tell_kept();
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

void EventLog::read(std::size_t endpoint, Id from) {
  if (entry(from).gone) return;
  endpoints_[endpoint].reading = true;
  endpoints_[endpoint].asked_at = loop_.now();
  const auto found = std::make_shared<std::optional<Result<std::vector<LaneEvent>>>>();
  disk_.post([file = file_, from, to = saved_to_,
              found] { found->emplace(file->read(from, to, wire::kMaxEvents, kMessageBytes)); },
             [this, endpoint, from, found] {
               Endpoint& to = endpoints_[endpoint];
               to.reading = false;
               Result<std::vector<LaneEvent>>& events = **found;
               to.page.clear();
               if (events) {
                 for (LaneEvent& one : *events) {
                   to.page[one.id] = std::make_shared<const std::string>(std::move(one.body));
                 }
               }
               if (!to.page.contains(from) && from >= first_ && !entry(from).gone) {
                 if (!std::exchange(unreadable_, true)) {
                   log_.error("undelivered events cannot be read back and are lost",
                              {{"collector", options_.collector.text()},
                               {"problem", events ? "not in the file" : events.error()}});
                 }
                 drop(entry(from));
               }
               if (ready_) ready_();
             });
}

void EventLog::commit_soon() {
  if (!file_ || later_) return;
  later_ = loop_.after(kCursorsWithin, [this] {
    later_.cancel();
    commit();
  });
}

void EventLog::commit() {
  if (!file_ || committing_ || (saved_to_ + 1 == lane_.next_id && !cursors_moved_)) return;
  later_.cancel();
  committing_ = true;
  cursors_moved_ = false;
  LaneFile::Change change;
  change.lane = lane_;
  change.erase_to = first_ - 1;
  for (Id id = std::max(saved_to_ + 1, first_); id < lane_.next_id; ++id) {
    const Entry& one = entry(id);
    if (one.body && !one.gone) change.events.push_back({id, one.epoch, one.sequence, *one.body});
  }
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    change.cursors[options_.endpoints[i]] = endpoints_[i].acked;
  }
  const auto result = std::make_shared<Committed>();
  result->told = change.told = told_.take_changes();
  disk_.post(
      [file = file_, result, known = known_, change = std::move(change),
       time = file_time(loop_.wall_now())] {
        if (!file->attached()) {
          auto attached = file->attach(time);
          if (!attached) {
            result->problem = attached.error();
            return;
          }
          result->attached = std::move(attached).value();
          // Of another process, and not to be written over: they wait for the next start.
          if (!known && !result->attached->rows.empty()) {
            result->problem = "cannot add to " + file->path() +
                              ": it holds events that could not be read at the start; start again";
            return;
          }
        }
        if (const Status written = file->write(change); !written) result->problem = written.error();
      },
      [this, result, to = lane_.next_id - 1, attempt = attempt_] {
        committed(*result, to, attempt);
      });
  limit_ = loop_.after(options_.patience, [this] {
    ++attempt_;
    fail_open("the disk of " + file_->path() + " has not answered for " +
              to_text(options_.patience));
  });
}

void EventLog::committed(const Committed& result, Id to, std::uint64_t attempt) {
  committing_ = false;
  limit_.cancel();
  if (result.attached && !result.attached->quarantined.empty()) {
    log_.error("the file of undelivered events was damaged and is begun anew",
               {{"moved_to", result.attached->quarantined}});
  }
  if (result.attached && result.attached->is_new && known_) {
    // What only the old file held is lost; the rest is written anew.
    for (Id id = first_; id <= saved_to_; ++id) {
      if (!entry(id).body && !entry(id).gone) drop(entry(id));
      unsaved_bytes_ += entry(id).bytes;
    }
    saved_to_ = first_ - 1;
    cursors_moved_ = true;
    told_.give_back_all();
    attempt = attempt_ + 1;  // this one wrote the newest only
  }
  if (!result.problem.empty()) {
    told_.give_back(result.told);
    return fail_open(result.problem);
  }
  known_ = true;
  failures_ = 0;
  if (attempt == attempt_) saved(to);
  commit();
  if (ready_) ready_();
}

void EventLog::saved(Id to) {
  for (Id id = std::max(saved_to_ + 1, first_); id <= to && id < lane_.next_id; ++id) {
    unsaved_bytes_ -= entry(id).bytes;
  }
  saved_to_ = to;
  sendable_to_ = std::max(sendable_to_, to);
  tell_kept();
  if (std::exchange(failing_, false)) {
    log_.notice("events are kept on the disk again", {{"file", file_->path()}});
  }
  release_bodies();
}

// An event that was dropped is kept nowhere.
void EventLog::tell_kept() {
  while (!kept_.empty() && kept_.front().first <= sendable_to_) {
    const auto [id, kept] = std::move(kept_.front());
    kept_.pop_front();
    if (id >= first_ && !entry(id).gone) kept();
  }
}

void EventLog::fail_open(const std::string& problem) {
  if (!std::exchange(failing_, true)) {
    number_anew();
    log_.error(
        "events cannot be kept on the disk: they are sent from memory, and what is undelivered "
        "when "
        "this process ends is lost; make room or mend the disk",
        {{"collector", options_.collector.text()}, {"problem", problem}});
  }
  sendable_to_ = lane_.next_id - 1;
  tell_kept();
  cursors_moved_ = true;
  const Duration wait = std::chrono::seconds(std::min(1 << std::min(failures_++, 3), 5));
  later_ = loop_.after(wait, [this] {
    later_.cancel();
    commit();
  });
  if (ready_ && !index_.empty()) ready_();
}

// What has not been sent yet, and what follows: under numbers that no file knows.
void EventLog::number_anew() {
  lane_.epoch = fresh_epoch();
  lane_.next_sequence = 1;
  for (Id id = std::max(sendable_to_ + 1, first_); id < lane_.next_id; ++id) {
    entry(id).epoch = lane_.epoch;
    entry(id).sequence = lane_.next_sequence++;
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

// What is on the disk need not be in memory, but for the newest.
void EventLog::release_bodies() {
  for (Id id = std::max(released_to_ + 1, first_); id <= saved_to_ && kept_bytes_ > kKeptBytes;
       ++id) {
    Entry& one = entry(id);
    released_to_ = id;
    if (!one.body) continue;
    one.body = nullptr;
    kept_bytes_ -= one.bytes;
  }
}

}  // namespace itnxt
