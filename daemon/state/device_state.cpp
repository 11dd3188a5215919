#include "daemon/state/device_state.hpp"

#include <algorithm>
#include <utility>

namespace itnxt {
namespace {

constexpr Duration kShortestInterval = 100ms;
constexpr Duration kLongestInterval = 24h;
constexpr Duration kTellRefusedEvery = 1min;
constexpr Duration kTellChangesEvery = 1min;
constexpr Duration kTellNodeEvery = 1min;
constexpr Duration kTwoTo32Ticks = std::chrono::milliseconds(42'949'672'960);

Duration bounded(Duration interval) {
  return std::clamp(interval, kShortestInterval, kLongestInterval);
}

// Rejected credentials are an answer too: the device is alive. So is any error of its own, but no
// trouble of the collector's: a device is down when a whole poll got no answer.
bool is_answer(const DeviceSample& sample) {
  switch (sample.result) {
    case PollResult::ok:
    case PollResult::partial:
    case PollResult::auth:
      return true;
    case PollResult::timeout:
      return false;
    case PollResult::error:
      return sample.answered || sample.uptime.has_value() || !sample.interfaces.empty();
  }
  return false;
}

void keep_if_told(std::string& text, std::string_view told) {
  if (!told.empty()) text = told;
}

}  // namespace

Duration stale_time(Duration interval, std::uint32_t stale_after) {
  return bounded(interval) * std::min(stale_after, 1000U) + bounded(interval) / 2;
}

SampleSource source_of(const Batch& batch, Instant now, WallTime received,
                       std::optional<Duration> ahead) {
  const bool told = batch.closed_wall != WallTime{};
  const bool waited = told && batch.sent_wall > batch.closed_wall;
  const Duration age = waited ? batch.sent_wall - batch.closed_wall : Duration::zero();
  // A message comes no earlier than it was sent.
  const Duration off = std::max(batch.sent_wall - received, ahead.value_or(Duration::min()));
  return {batch.node,
          batch.collector,
          batch.epoch,
          batch.closed_at,
          now - age,
          told ? batch.closed_wall : received,
          told ? std::min(received, batch.closed_wall - off) : received,
          received};
}

DeviceState::DeviceState(const Device& device, std::uint32_t stale_after)
    : stale_after_(stale_after) {
  followed_.configure(device);
  auto view = std::make_shared<DeviceView>();
  view->name = device.name;
  view->site = device.site;
  view_ = std::move(view);
}

void DeviceState::configure(const Device& device, std::vector<LinkPort> ports,
                            std::uint32_t stale_after) {
  stale_after_ = stale_after;
  followed_.configure(device);
  auto view = std::make_shared<DeviceView>(*view_);
  if (ports != ports_) {  // what a link meant before says nothing of what it means now
    for (InterfaceView& interface : view->interfaces) interface.link = LinkName();
  }
  if (ports != ports_) told_ports_.assign(ports.size(), std::nullopt);
  ports_ = std::move(ports);
  view->site = device.site;
  resolve_ports(*view);
  publish(std::move(view));
}

Verdict DeviceState::apply(const DeviceSample& sample, const SampleSource& source,
                           bool is_configured, Instant now, WallTime wall, Admission& admission) {
  const Teller teller{source.node, source.collector};
  const Claim claim = sample.own ? Claim::own : Claim::poll;
  const Verdict verdict = followed_.judge(teller, claim, is_configured, is_live(now));
  if (verdict != Verdict::taken) return verdict;
  followed_.follow(teller, claim, is_configured);
  if (source != source_) {  // another process's clock: its times do not compare with the last ones
    if (source.node != source_.node) {
      admission.release(source_.node, rows_.size() * kSeriesOfInterface);
      admission.take(source.node, rows_.size() * kSeriesOfInterface);
    }
    for (InterfaceState& row : rows_) row.has_base = false;
    clock_.rebase();
    uptime_base_.reset();
    restarted_ = true;
  }
  source_ = source;
  interval_ = bounded(sample.interval > Duration::zero() ? sample.interval : kDefaultInterval);
  auto view = std::make_shared<DeviceView>();
  take_poll(*view, sample, now, wall);
  if (!is_answer(sample) || (sample.interfaces.empty() && !sample.complete)) {
    view->interfaces = view_->interfaces;
  } else {
    take_rows(*view, sample, now, admission);
    take_told_ports(*view);
  }
  for (std::optional<ToldPort>& told : told_ports_) told.reset();
  publish(std::move(view));
  return verdict;
}

Verdict DeviceState::judge_series(const Teller& teller, bool is_ours, Instant now) const {
  return followed_.judge(teller, Claim::series, is_ours, is_live(now));
}

std::optional<NodeChange> DeviceState::take_node_change(Instant now) {
  if (now < tell_node_at_) return std::nullopt;
  auto change = followed_.take_change();
  if (change) tell_node_at_ = now + kTellNodeEvery;
  return change;
}

bool DeviceState::is_live(Instant now) const {
  return polled_ && now - *polled_ <= stale_time(interval_, stale_after_);
}

bool DeviceState::is_news(const DeviceSample& sample, const SampleSource& source) const {
  return !polled_ || (source == source_ && sample.at > polled_at_);
}

void DeviceState::take_poll(DeviceView& view, const DeviceSample& sample, Instant now,
                            WallTime wall) {
  const DeviceView& before = *view_;
  view.name = before.name;
  view.site = before.site;
  view.node = followed_.teller().node;
  view.collector = followed_.teller().collector;
  view.at = source_.wall(sample.at);
  view.sys_name = before.sys_name;
  view.sys_descr = before.sys_descr;
  view.sys_object_id = before.sys_object_id;
  keep_if_told(view.sys_name, sample.sys_name);
  keep_if_told(view.sys_descr, sample.sys_descr);
  keep_if_told(view.sys_object_id, sample.sys_object_id);
  view.problem = sample.problem;
  view.own = sample.own;
  view.polls = before.polls;
  ++view.polls[static_cast<std::size_t>(sample.result)];
  view.changes = before.changes;
  view.poll_took = std::max(Duration::zero(), sample.took);
  view.last_success = before.last_success;
  polled_ = now;
  polled_at_ = sample.at;
  view.polled = true;
  view.up = is_answer(sample);
  view.up_held = before.up_held;
  const Moment moment = source_.moment(sample.at);
  if (told_answer_ && holds_against(answered_at_, moment, now)) {
    view.up = *told_answer_;
  } else {
    answered_at_ = moment;
    told_answer_.reset();
    view.up_held.tell(view.up, source_.here(sample.at), source_.received);
  }
  if (view.up) answered_ = now;
  if (sample.result == PollResult::ok || sample.result == PollResult::partial) {
    view.last_success = wall;
  }
  view.fresh = view.up || before.fresh;
  view.uptime = before.uptime;
  take_uptime(view, sample);
}

// sysUpTime wraps after 497 days; as long as we watch, uptime does not.
void DeviceState::take_uptime(DeviceView& view, const DeviceSample& sample) {
  // Of a poll without rows, and of one that failed, its absence says nothing.
  if (!sample.uptime && (sample.interfaces.empty() || !is_answer(sample))) return;
  clock_.take(sample.uptime, sample.at, interval_ / 2);
  if (!clock_.runs()) {
    uptime_base_.reset();
    view.uptime.reset();
    if (!view.problem.empty()) view.problem += "; ";
    view.problem += clock_.problem();
    return;
  }
  ReadingClocks clocks{*sample.uptime, std::nullopt, sample.at, std::nullopt, false};
  if (uptime_base_ && clocks.at <= uptime_base_->at) return;
  if (!uptime_base_) {
    uptime_wraps_ = 0;
  } else {
    const auto span = span_between(*uptime_base_, clocks, Duration::zero());
    const Gap* gap = std::get_if<Gap>(&span);
    if (gap != nullptr && *gap == Gap::reset) restarted_ = true;
    if (clocks.uptime < uptime_base_->uptime)
      uptime_wraps_ = gap == nullptr ? uptime_wraps_ + 1 : 0;
    clocks.wrapped = has_wrapped(*uptime_base_, clocks);
  }
  uptime_base_ = clocks;
  view.uptime =
      elapsed(TimeTicks{0}, clocks.uptime) +
      kTwoTo32Ticks * static_cast<std::int64_t>(std::min<std::uint64_t>(uptime_wraps_, 100));
}

void DeviceState::note(DeviceView& view, InterfaceChanges changes) {
  for (std::size_t i = 0; i < kPortChanges; ++i) view.changes[i] += changes.counts[i];
  for (InterfaceChange& change : changes.kept) changes_.add(std::move(change));
  changes_.untold += changes.untold;
}

InterfaceChanges DeviceState::take_changes(Instant now) {
  if (changes_.kept.empty() || now < tell_changes_at_) return {};
  tell_changes_at_ = now + kTellChangesEvery;
  return std::exchange(changes_, {});
}

bool DeviceState::tick(Instant now, Admission& admission) {
  const Duration stale = stale_time(interval_, stale_after_);
  const bool unheard = view_->polled && (!polled_ || now - *polled_ > stale);
  const bool silent = view_->fresh && (!answered_ || now - *answered_ > stale);
  const bool rows_go = !view_->interfaces.empty() && (silent || now - oldest_row_ > stale);
  const bool told_goes = forget_told(now);
  if (!unheard && !silent && !rows_go) return told_goes;
  auto view = std::make_shared<DeviceView>(*view_);
  if (unheard) view->polled = false;
  if (silent) {
    view->fresh = false;
    view->uptime.reset();
  }
  if (rows_go) {
    std::vector<InterfaceState> states;
    std::vector<InterfaceView> left;
    oldest_row_ = now;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (silent || now - rows_[i].seen > stale) continue;  // unheard of: no proof that it is gone
      oldest_row_ = std::min(oldest_row_, rows_[i].seen);
      states.push_back(rows_[i]);
      left.push_back(std::move(view->interfaces[i]));
    }
    admission.release(source_.node, (rows_.size() - left.size()) * kSeriesOfInterface);
    rows_ = std::move(states);
    view->interfaces = std::move(left);
    resolve_ports(*view);
  }
  publish(std::move(view));
  return true;
}

void DeviceState::release(Admission& admission) {
  admission.release(source_.node, rows_.size() * kSeriesOfInterface);
}

std::optional<RowsRefused> DeviceState::take_refused(Instant now) {
  if (!refused_ || now < tell_refused_at_) return std::nullopt;
  tell_refused_at_ = now + kTellRefusedEvery;
  return std::exchange(refused_, std::nullopt);
}

void DeviceState::publish(std::shared_ptr<DeviceView> view) {
  view_ = std::move(view);
}

const InterfaceView* DeviceState::port(std::size_t index) const {
  if (!view_->fresh) {
    const bool is_silent = view_->polled && !view_->up;
    const bool is_told = index < told_ports_.size() && told_ports_[index] && !is_silent;
    return is_told ? &told_ports_[index]->view : nullptr;
  }
  if (!view_->up || !view_->polled || !view_->fresh || index >= port_rows_.size()) return nullptr;
  const std::optional<std::size_t> row = port_rows_[index];
  return row ? &view_->interfaces[*row] : nullptr;
}

}  // namespace itnxt
