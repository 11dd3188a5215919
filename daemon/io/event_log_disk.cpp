// The part of EventLog that reads and writes its file, and goes on without one.
#include <algorithm>
#include <utility>

#include "daemon/io/directory.hpp"
#include "daemon/io/event_log.hpp"

namespace itnxt {
namespace {

constexpr Duration kCursorsWithin = 1s;
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
  tell_fates();
  if (std::exchange(failing_, false)) {
    log_.notice("events are kept on the disk again", {{"file", file_->path()}});
  }
  release_bodies();
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
  tell_fates();
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
