#include "daemon/io/event_intake.hpp"

#include <algorithm>

namespace itnxt {
namespace {

constexpr Duration kTellMissingEvery = 10s;
constexpr std::uint64_t kOwnEpoch = 0;

wire::Refusing refusing(std::string_view reason, std::string message) {
  return {std::string(reason), std::move(message)};
}

}  // namespace

EventIntake::EventIntake(Loop& loop, Log& log, RecentEvents& recent, NodeName node, Hooks hooks)
    : loop_(loop), log_(log), recent_(recent), node_(std::move(node)), hooks_(std::move(hooks)) {}

Result<std::unique_ptr<EventIntake>> EventIntake::open(Loop& loop, Log& log, RecentEvents& recent,
                                                       const NodeName& node,
                                                       EventFile::Options options, Hooks hooks) {
  auto opened = EventJournal::open(loop, log, std::move(options));
  if (!opened) return Error{opened.error()};
  std::unique_ptr<EventIntake> intake(new EventIntake(loop, log, recent, node, std::move(hooks)));
  EventIntake& self = *intake;
  self.restore(opened->loaded);
  // Behind all that the file may hold, and all that was shown before a kill and never came to be in
  // it: fewer came than microseconds have passed.
  self.next_id_ = std::max(self.next_id_, static_cast<std::uint64_t>(std::max<std::int64_t>(
                                              1, loop.wall_now().time_since_epoch() / 1us)));
  self.journal_ = std::move(opened->journal);
  self.journal_->set_hooks({.stored = [&self](std::uint64_t id) { self.on_stored(id); },
                            .late = [&self](const auto& loaded) { self.restore(loaded); },
                            .problem_changed = self.hooks_.problem_changed});
  return intake;
}

void EventIntake::restore(const EventFile::Loaded& loaded) {
  for (const EventLane& lane : loaded.lanes) {
    lanes_.restore(lane);
    if (lane.node == node_ && lane.collector.empty()) {
      own_sequence_ = std::max(own_sequence_, lane.last);
    }
  }
  recent_.add_older(loaded.latest);
  if (!loaded.latest.empty()) next_id_ = std::max(next_id_, loaded.latest.back()->id + 1);
}

std::variant<EventIntake::Taken, wire::Refusing> EventIntake::take(const EventBatch& batch,
                                                                   Reply reply,
                                                                   const Effect& effect) {
  const LaneKey key(batch.node, batch.collector, batch.epoch);
  const auto known = waiting_.find(key);
  if (bytes_ >= kMostWaiting || (known != waiting_.end() && known->second.bytes >= kMostOfLane)) {
    return refusing("storage",
                    problem().empty()
                        ? "the aggregator's disk does not keep up with events; they are not taken "
                          "until it does"
                        : "the aggregator cannot store events: " + problem());
  }
  const auto arrived = lanes_.arrive(batch);
  if (!arrived) {
    return refusing("content", "events.collector: one more than an aggregator keeps of a node (" +
                                   std::to_string(EventLanes::kMostOfNode) + ") or of all (" +
                                   std::to_string(EventLanes::kMostCollectors) + ')');
  }
  tell_missing(batch, *arrived);
  std::vector<std::size_t> refused;
  if (effect && arrived->first < batch.events.size()) refused = effect(arrived->first);
  auto next_refused = refused.begin();
  for (std::size_t i = arrived->first; i < batch.events.size(); ++i) {
    const bool is_refused = next_refused != refused.end() && *next_refused == i;
    if (is_refused) ++next_refused;
    add(batch.node, batch.collector, batch.epoch, batch.events[i], is_refused);
  }
  // Told at once what it did not hear: the connection before this one may have lost the ack.
  if (arrived->stored >= batch.events.front().sequence) {
    reply({batch.collector, batch.epoch, arrived->stored});
  }
  if (const auto lane = waiting_.find(key); lane != waiting_.end()) {
    lane->second.reply = std::move(reply);
  }
  return Taken{arrived->first, arrived->missing};
}

void EventIntake::note(Event event) {
  if (bytes_ >= kMostWaiting) return;
  event.sequence = ++own_sequence_;
  event.wall = loop_.wall_now();
  add(node_, CollectorName(), kOwnEpoch, event, false);
}

void EventIntake::add(const NodeName& node, const CollectorName& collector, std::uint64_t epoch,
                      const Event& event, bool refused) {
  auto made = std::make_shared<const StoredEvent>(
      StoredEvent{next_id_++, loop_.wall_now(), node, collector, epoch, event, refused});
  const std::size_t bytes = size_of(*made);
  bytes_ += bytes;
  waiting_[{node, collector, epoch}].bytes += bytes;
  if (hooks_.seen) hooks_.seen(*made);
  recent_.add(made);
  fresh_.push_back(std::move(made));
}

void EventIntake::store(std::uint64_t up_to) {
  std::vector<StoredEventPtr> ready;
  while (!fresh_.empty() && fresh_.front()->id <= up_to) {
    in_hand_.push_back(fresh_.front());
    ready.push_back(std::move(fresh_.front()));
    fresh_.pop_front();
  }
  journal_->append(std::move(ready));
}

void EventIntake::on_stored(std::uint64_t up_to) {
  std::map<LaneKey, std::uint64_t> advanced;
  while (!in_hand_.empty() && in_hand_.front()->id <= up_to) {
    const StoredEvent& event = *in_hand_.front();
    const LaneKey key(event.node, event.collector, event.epoch);
    advanced[key] = event.event.sequence;
    const std::size_t bytes = size_of(event);
    bytes_ -= bytes;
    waiting_[key].bytes -= bytes;
    in_hand_.pop_front();
  }
  for (const auto& [key, sequence] : advanced) {
    const auto& [node, collector, epoch] = key;
    lanes_.stored(node, collector, epoch, sequence);
    const auto lane = waiting_.find(key);
    if (lane->second.reply) lane->second.reply({collector, epoch, sequence});
    if (lane->second.bytes == 0) waiting_.erase(lane);
  }
}

// What has gone at the collector before it could come here. At a bounded rate: who sends decides
// what is missing.
void EventIntake::tell_missing(const EventBatch& batch, const EventLanes::Arrived& arrived) {
  if (arrived.missing == 0) return;
  if (loop_.now() < tell_missing_at_) {
    untold_missing_ += arrived.missing;
    return;
  }
  tell_missing_at_ = loop_.now() + kTellMissingEvery;
  log_.warning(
      "events of a collector will never come: its disk was full or its file of events is gone",
      {{"node", batch.node.text()},
       {"collector", batch.collector.text()},
       {"missing", std::to_string(arrived.missing)},
       {"before", std::to_string(batch.events.front().sequence)},
       {"unsaid", std::to_string(std::exchange(untold_missing_, 0))}});
}

}  // namespace itnxt
