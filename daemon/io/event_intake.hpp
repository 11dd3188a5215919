// The way of events into the aggregator: what came before is known again, what is new takes effect
// at once, goes to the journal when what it caused is on the disk too, and is acknowledged when it
// is in the journal.
//
// Exactly once in effect, over kill -9: whoever is in the journal had its effect, since that was
// stored before; who is not is sent again by its collector, and has its effect then. An effect that
// is had twice is none: events tell states.
//
// What waits for the disk is bounded: beyond kMostWaiting of all, or kMostOfLane of one lane,
// nothing more is taken, and the collector keeps it. On the loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/core/log.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/event_journal.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/recent_events.hpp"
#include "daemon/state/event_lanes.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt {

class EventIntake {
 public:
  static constexpr std::size_t kMostWaiting = std::size_t{64} << 20U;
  static constexpr std::size_t kMostOfLane = std::size_t{4} << 20U;  // begun with less

  using Reply = std::function<void(const wire::EventAck&)>;
  struct Hooks {
    // An event that is new, before anything else becomes of it.
    std::function<void(const StoredEvent&)> seen{};
    // problem() is another one.
    std::function<void()> problem_changed{};
  };

  // Reads back what the journal holds; `recent` is filled with the latest. The error names
  // aggregator.state. All outlive it.
  static Result<std::unique_ptr<EventIntake>> open(Loop& loop, Log& log, RecentEvents& recent,
                                                   const NodeName& node, EventFile::Options options,
                                                   Hooks hooks);

  struct Taken {
    std::size_t first = 0;      // events[first] and those behind it are new; or none
    std::uint64_t missing = 0;  // events of this lane that will never come
  };
  // Lets events[first] and those behind it take effect; says which are refused, in order.
  using Effect = std::function<std::vector<std::size_t>(std::size_t first)>;
  // `reply` is called, now or later, each time more of the lane is on the disk, until the next
  // take() of the lane. What cannot be taken is a refusal; it is not acknowledged. What `effect`
  // refuses is kept all the same, marked.
  std::variant<Taken, wire::Refusing> take(const EventBatch& batch, Reply reply,
                                           const Effect& effect = {});

  // An event of the aggregator itself.
  void note(Event event);

  // The id of the latest event: what is taken from here on is not yet in effect.
  [[nodiscard]] std::uint64_t latest() const { return next_id_ - 1; }
  // There are events that were not handed to store().
  [[nodiscard]] bool has_unstored() const { return !fresh_.empty(); }
  // To the journal with all up to this id: what they caused is on the disk.
  void store(std::uint64_t up_to);

  // What is wrong with the disk; empty when fine.
  [[nodiscard]] const std::string& problem() const { return journal_->problem(); }

 private:
  using LaneKey = std::tuple<NodeName, CollectorName, std::uint64_t>;
  struct Lane {  // of which something waits for the disk
    Reply reply;
    std::size_t bytes = 0;
  };
  EventIntake(Loop& loop, Log& log, RecentEvents& recent, NodeName node, Hooks hooks);
  void restore(const EventFile::Loaded& loaded);
  void add(const NodeName& node, const CollectorName& collector, std::uint64_t epoch,
           const Event& event, bool refused);
  void on_stored(std::uint64_t up_to);
  void tell_missing(const EventBatch& batch, const EventLanes::Arrived& arrived);

  Loop& loop_;
  Log& log_;
  RecentEvents& recent_;
  const NodeName node_;
  const Hooks hooks_;
  EventLanes lanes_;
  std::map<LaneKey, Lane> waiting_;
  std::deque<StoredEventPtr> fresh_;    // not yet handed to the journal
  std::deque<StoredEventPtr> in_hand_;  // of the journal, not yet stored
  std::size_t bytes_ = 0;               // of both
  std::uint64_t next_id_ = 1;
  std::uint64_t own_sequence_ = 0;  // of the aggregator's own lane
  Instant tell_missing_at_{};
  std::uint64_t untold_missing_ = 0;
  std::unique_ptr<EventJournal> journal_;  // last: it calls back
};

}  // namespace itnxt
