#include "daemon/state/collectors.hpp"

#include <algorithm>

#include "daemon/state/device_state.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostCollectors = 20'000;
constexpr std::size_t kMostOfNode = 1000;
constexpr std::size_t kEpochsKept = 4;
constexpr Duration kLongestSilence = 24h;

}  // namespace

bool Collectors::is_configured(const Key& key) const {
  return key.first == node_ && configured_.contains(key.second);
}

void Collectors::configure(const NodeName& node, std::set<CollectorName> names,
                           Admission& admission) {
  const NodeName node_before = std::exchange(node_, node);
  const std::set<CollectorName> before = std::exchange(configured_, std::move(names));
  for (auto& [key, state] : collectors_) {
    const bool was_configured = key.first == node_before && before.contains(key.second);
    if (is_configured(key) && state.retired) {
      state.retired = false;
      admission.take(key.first, kSeriesOfCollector);
    } else if (!is_configured(key) && was_configured && !state.retired) {
      state.retired = true;
      (void)drop_totals(state, admission);
      admission.release(key.first, kSeriesOfCollector);
    }
  }
}

bool Collectors::admit(const Key& key, Admission& admission) const {
  if (is_configured(key)) {
    admission.take(key.first, kSeriesOfCollector);
    return true;
  }
  const auto count = of_node_.find(key.first);
  if (collectors_.size() >= kMostCollectors ||
      (count != of_node_.end() && count->second >= kMostOfNode)) {
    return false;
  }
  return admission.admit(key.first, kSeriesOfCollector);
}

Collectors::State* Collectors::find_or_add(const Batch& batch, Admission& admission) {
  const Key key(batch.node, batch.collector);
  const auto found = collectors_.find(key);
  if (found != collectors_.end()) return &found->second;
  if (!admit(key, admission)) return nullptr;
  ++of_node_[key.first];
  State state;
  state.view.node = key.first;
  state.view.collector = key.second;
  return &collectors_.emplace(key, std::move(state)).first->second;
}

Arrived Collectors::arrive(const Batch& batch, Instant now, WallTime wall,
                           std::uint32_t stale_after, Admission& admission) {
  State* state = find_or_add(batch, admission);
  if (state == nullptr) return {Arrival::refused};
  std::vector<Epoch>& epochs = state->epochs;
  auto epoch = std::find_if(epochs.begin(), epochs.end(),
                            [&](const Epoch& e) { return e.id == batch.epoch; });
  if (state->retired && epoch == epochs.end()) {
    if (!admission.admit(batch.node, kSeriesOfCollector)) return {Arrival::refused};
    state->retired = false;
  }
  const std::uint64_t highest = epoch == epochs.end() ? 0 : epoch->came.highest();
  if (epoch != epochs.end() && !epoch->came.add(batch.sequence)) {
    take_lost(*state, *epoch, batch);  // said at the moment of sending
    return {Arrival::duplicate};
  }

  // Without clocks, since those of dead and living processes step: while the present process is
  // alive, only one at its beginning can follow it. What its dead predecessor left was numbered on.
  const bool is_present = epoch == epochs.begin();
  const bool begins = epoch == epochs.end() && batch.sequence <= batch.lost + 1;
  const bool is_alive =
      !epochs.empty() && now - state->fresh_at <= stale_time(state->view.interval, stale_after);
  const bool is_backlog = is_alive && !is_present && !begins;
  if (epoch == epochs.end()) {
    epoch = epochs.insert(is_backlog ? epochs.end() : epochs.begin(), Epoch{batch.epoch, {}, 0});
    (void)epoch->came.add(batch.sequence);
  } else if (!is_backlog && !is_present) {
    std::rotate(epochs.begin(), epoch, epoch + 1);
    epoch = epochs.begin();
  }
  take_lost(*state, *epoch, batch);
  if (epochs.size() > kEpochsKept) {
    // Never the one at hand: the backlog of one epoch comes in one piece.
    const auto oldest = epochs.end() - (is_backlog ? 2 : 1);
    state->lost_before += oldest->lost;
    epochs.erase(oldest);
  }
  state->view.last_batch = wall;
  state->view.last_batch_at = now;
  state->view.spool = batch.waiting;
  take_clock(*state, batch.sent_wall, now, wall);
  // Within a process by its numbers: after an outage it sends the newest first.
  const bool is_late = !is_backlog && batch.sequence < highest;
  if (is_backlog || is_late) ++state->view.backlog_batches;
  if (is_backlog) return {Arrival::backlog, !state->retired, false};
  state->fresh_at = now;
  state->view.interval = batch.interval;
  return {is_late ? Arrival::backlog : Arrival::fresh, !state->retired, true};
}

void Collectors::take_lost(State& state, Epoch& epoch, const Batch& batch) {
  epoch.lost = std::max(epoch.lost, batch.lost);
  state.view.lost_batches = state.lost_before;
  for (const Epoch& e : state.epochs) state.view.lost_batches += e.lost;
}

void Collectors::hear_clock(const EventBatch& events, Instant now, WallTime wall) {
  const auto found = collectors_.find({events.node, events.collector});
  if (found != collectors_.end()) take_clock(found->second, events.sent_wall, now, wall);
}

std::optional<Duration> Collectors::clock_ahead(const NodeName& node,
                                                const CollectorName& collector) const {
  const auto found = collectors_.find({node, collector});
  return found == collectors_.end() ? std::nullopt : found->second.skew.likely();
}

void Collectors::take_clock(State& state, WallTime sent, Instant now, WallTime wall) {
  if (sent == WallTime{}) return state.view.clock_skew.reset();
  const NodeName& node = state.view.node;
  state.skew.observe(sent - wall, now);
  state.view.clock_skew = state.skew.value();
  if (!state.view.clock_skew) return;
  const Duration off = *state.view.clock_skew;
  const bool is_off = off > kClockOff || (off < -kClockOff && state.skew.is_settled());
  if (is_off) {
    const auto [told, fresh] = clock_is_off_.try_emplace(node, off);
    const Duration change = std::chrono::abs(off - told->second);
    const bool changed = change > std::max(kClockOff, std::chrono::abs(told->second) / 2);
    if (fresh || changed) clocks_off_.push_back({node, told->second = off});
  } else if (std::chrono::abs(off) <= kClockOff / 2) {
    clock_is_off_.erase(node);
  }
}

void Collectors::count_lost_events(const NodeName& node, const CollectorName& collector,
                                   std::uint64_t count) {
  if (lost_events_.size() >= kMostCollectors && !lost_events_.contains({node, collector})) return;
  lost_events_[{node, collector}] += count;
}

void Collectors::tell(const NodeName& node, const CollectorName& collector,
                      const SnmpTotals& totals, Admission& admission) {
  const auto found = collectors_.find({node, collector});
  if (found == collectors_.end() || found->second.retired) return;
  CollectorView& view = found->second.view;
  if (!view.snmp) {
    if (is_configured(found->first)) {
      admission.take(node, kSeriesOfSnmpTotals);
    } else if (!admission.admit(node, kSeriesOfSnmpTotals)) {
      return;
    }
  }
  view.snmp = totals;
}

bool Collectors::drop_totals(State& state, Admission& admission) {
  if (!state.view.snmp) return false;
  admission.release(state.view.node, kSeriesOfSnmpTotals);
  state.view.snmp.reset();
  return true;
}

bool Collectors::tick(Instant now, std::uint32_t stale_after, Admission& admission) {
  bool changed = false;
  for (auto it = collectors_.begin(); it != collectors_.end();) {
    auto& [key, state] = *it;
    const Duration stale = stale_time(state.view.interval, stale_after);
    const Duration most = std::max(kLongestSilence, stale);
    if (now - state.view.last_batch_at > stale && drop_totals(state, admission)) changed = true;
    if (is_configured(key) || now - state.view.last_batch_at <= most) {
      ++it;
      continue;
    }
    if (!state.retired) {
      admission.release(key.first, kSeriesOfCollector);
      changed = true;
    }
    lost_events_.erase(key);
    const auto count = of_node_.find(key.first);
    if (--count->second == 0) {
      clock_is_off_.erase(key.first);
      of_node_.erase(count);
    }
    it = collectors_.erase(it);
  }
  return changed;
}

std::vector<CollectorView> Collectors::views() const {
  std::vector<CollectorView> views;
  views.reserve(collectors_.size());
  for (const auto& [key, state] : collectors_) {
    if (state.retired) continue;
    views.push_back(state.view);
    const auto lost = lost_events_.find(key);
    if (lost != lost_events_.end()) views.back().lost_events = lost->second;
  }
  return views;
}

}  // namespace itnxt
