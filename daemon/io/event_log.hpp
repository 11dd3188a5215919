// The events of one collector on their way to the aggregators: numbered, on the disk before they
// are sent, in order, kept until every endpoint has acknowledged them. On the loop's thread; the
// file is the Worker's business.
//
// What has gathered while one commit was under way goes with the next. An endpoint has one message
// in flight, and its own cursor; the cursors are on the disk within a second, so that after a kill
// little is sent twice (which is harmless: it is known by epoch and sequence).
//
// Bound: most_events and most_bytes; when full the oldest go and leave a hole in the numbers, which
// tells the aggregator exactly how many.
//
// Fail open: while the disk is full, broken or slower than `patience`, events are sent from memory
// (at most memory_bytes of them wait) and what is undelivered at the end of the process is lost.
// They are numbered in another epoch then: a number that is not on the disk would be given again
// after a kill. It is tried again after 1 s … 5 s.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/event.hpp"
#include "daemon/core/log.hpp"
#include "daemon/core/told_states.hpp"
#include "daemon/io/lane_file.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/worker.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt {

struct EventLogOptions {
  NodeName node;
  CollectorName collector;
  std::vector<std::string> endpoints;
  std::uint64_t run = 0;   // the process's epoch; random
  LaneFile::Options file;  // without a name everything is in memory
  std::size_t most_events = 100'000;
  std::size_t most_bytes = std::size_t{64} << 20;
  std::size_t memory_bytes = std::size_t{8} << 20;
  Duration patience = 2s;  // for one commit
};

class EventLog {
 public:
  // `ready`: something may be sent now. All outlive it; `disk` is destroyed first.
  EventLog(Loop& loop, Log& log, Worker& disk, EventLogOptions options,
           std::function<void()> ready);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  // Numbers it and takes care of it. One that says nothing new (Event::state) is let go. One that
  // the wire's rules forbid is dropped and logged: it would stop the lane.
  // `told`, if any, is called when it is on the disk, or in memory for want of one, or dropped
  // before that.
  void report(Event event, std::function<void(EventFate)> told = nullptr);

  // Sink's.
  void remember(const std::string& name, std::string what);
  [[nodiscard]] Memories recall(std::string_view name, Recall which) const {
    return told_.recall(name, which);
  }

  // The message to send to an endpoint now, an EventBatch of events as old as possible; nothing
  // while one is in flight, or all is sent, or it has yet to be read.
  [[nodiscard]] std::optional<std::string> next(std::size_t endpoint);
  void sent(std::size_t endpoint);  // what next() gave went out
  // False when it acknowledges nothing that is in flight.
  bool acknowledge(std::size_t endpoint, const wire::EventAck& ack);
  void reset(std::size_t endpoint);  // what was in flight is to be sent again
  // What is next is being read from the disk (which may hang): what must not overtake it waits.
  [[nodiscard]] bool is_reading(std::size_t endpoint) const {
    const Endpoint& to = endpoints_[endpoint];
    return to.reading && loop_.now() - to.asked_at < options_.patience;
  }
  // Without an ack for `patience`.
  [[nodiscard]] bool stalled(std::size_t endpoint, Duration patience) const;

  [[nodiscard]] std::size_t waiting() const { return index_.size(); }  // for anybody
  [[nodiscard]] bool durable() const { return !failing_ && saved_to_ + 1 == lane_.next_id; }
  [[nodiscard]] std::uint64_t lost() const {
    return lost_;
  }  // dropped undelivered, since the start

 private:
  using Id = std::uint64_t;
  using Body = std::shared_ptr<const std::string>;
  struct Entry {
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;
    std::uint32_t bytes = 0;
    bool gone = false;    // dropped, though others before it still wait
    Body body = nullptr;  // null: on the disk only
  };
  struct Endpoint {
    Id acked = 0;         // all up to and with this one
    Id offered_to = 0;    // last of what next() gave
    Id in_flight_to = 0;  // 0: nothing
    Instant sent_at;
    bool reading = false;
    Instant asked_at;
    std::map<Id, Body> page;  // read back for it
  };
  struct Waiting {  // somebody, until the event may be sent
    Id id = 0;
    WallTime wall;
    std::string once;
    std::function<void(EventFate)> told;
  };
  struct Committed;

  void load();
  Entry& entry(Id id) { return index_[id - first_]; }
  [[nodiscard]] Body body_of(const Endpoint& to, Id id);
  void read(std::size_t endpoint, Id from);
  void commit();
  void committed(const Committed& result, Id to, std::uint64_t attempt);
  void saved(Id to);
  void tell_fates();
  void fail_open(const std::string& problem);
  void number_anew();
  [[nodiscard]] std::uint64_t fresh_epoch();
  void drop(Entry& dropped);
  void shrink();
  void forget_delivered();
  void release_bodies();
  void commit_soon();

  Loop& loop_;
  Log& log_;
  Worker& disk_;
  const EventLogOptions options_;
  const std::function<void()> ready_;
  std::shared_ptr<LaneFile> file_;  // null: none
  bool known_ = false;              // what the file held at the start is in the index
  LaneState lane_;
  std::uint64_t epochs_made_ = 0;
  ToldStates told_;
  std::deque<Entry> index_;  // by id, first_ … lane_.next_id - 1
  Id first_ = 1;
  Id saved_to_ = 0;        // on the disk; what is newer has its body in memory
  Id sendable_to_ = 0;     // on the disk, or not for want of one
  Id released_to_ = 0;     // on the disk only
  std::size_t bytes_ = 0;  // of all
  std::size_t unsaved_bytes_ = 0;
  std::size_t kept_bytes_ = 0;  // of bodies in memory
  std::uint64_t lost_ = 0;
  std::uint64_t lost_told_ = 0;
  std::vector<Endpoint> endpoints_;
  std::deque<Waiting> unanswered_;  // by id
  bool committing_ = false;
  std::uint64_t attempt_ = 0;  // of a commit; an older one's end was not waited for
  bool cursors_moved_ = false;
  bool failing_ = false;
  int failures_ = 0;
  bool unreadable_ = false;  // said so in the log
  Timer limit_;
  Timer later_;
  Timer tell_lost_;
};

}  // namespace itnxt
