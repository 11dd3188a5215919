#include "daemon/state/device_state.hpp"

#include <algorithm>
#include <unordered_map>

#include "daemon/state/identity.hpp"

namespace itnxt {
namespace {

constexpr Duration kShortestInterval = 100ms;
constexpr Duration kLongestInterval = 24h;
constexpr Duration kTwoTo32Ticks = std::chrono::milliseconds(42'949'672'960);

Duration bounded(Duration interval) {
  return std::clamp(interval, kShortestInterval, kLongestInterval);
}

// Rejected credentials are an answer too: the device is alive. Anything else that is wrong counts
// as one if it brought something of the device's.
bool is_answer(const DeviceSample& sample) {
  switch (sample.result) {
    case PollResult::ok:
    case PollResult::partial:
    case PollResult::auth:
      return true;
    case PollResult::timeout:
      return false;
    case PollResult::error:
      return sample.uptime.has_value() || !sample.interfaces.empty();
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

DeviceState::DeviceState(const Device& device, std::uint32_t stale_after)
    : stale_after_(stale_after) {
  auto view = std::make_shared<DeviceView>();
  view->name = device.name;
  view->site = device.site;
  view_ = std::move(view);
}

void DeviceState::configure(const Device& device, std::vector<LinkPort> ports,
                            std::uint32_t stale_after) {
  stale_after_ = stale_after;
  ports_ = std::move(ports);
  auto view = std::make_shared<DeviceView>(*view_);
  view->site = device.site;
  resolve_ports(*view);
  publish(std::move(view));
}

bool DeviceState::apply(const DeviceSample& sample, const SampleSource& source, bool is_configured,
                        Instant now, WallTime wall, Admission& admission) {
  const bool followed = source.node == source_.node && source.collector == source_.collector;
  const bool stale = !polled_ || now - *polled_ > stale_time(interval_, stale_after_);
  if (!followed && !stale && !is_configured) return false;
  if (source != source_) {  // another process's clock: its times do not compare with the last ones
    if (source.node != source_.node) {
      admission.release(source_.node, rows_.size() * kSeriesOfInterface);
      admission.take(source.node, rows_.size() * kSeriesOfInterface);
    }
    for (InterfaceState& row : rows_) row.has_base = false;
    uptime_base_.reset();
    source_ = source;
  }
  interval_ = bounded(sample.interval > Duration::zero() ? sample.interval : Duration(60s));
  auto view = std::make_shared<DeviceView>();
  take_poll(*view, sample, now, wall);
  if (!is_answer(sample) || (sample.interfaces.empty() && !sample.complete)) {
    view->interfaces = view_->interfaces;
  } else {
    take_rows(*view, sample, now, admission);
  }
  publish(std::move(view));
  return true;
}

void DeviceState::take_poll(DeviceView& view, const DeviceSample& sample, Instant now,
                            WallTime wall) {
  const DeviceView& before = *view_;
  view.name = before.name;
  view.site = before.site;
  view.sys_name = before.sys_name;
  view.sys_descr = before.sys_descr;
  view.sys_object_id = before.sys_object_id;
  keep_if_told(view.sys_name, sample.sys_name);
  keep_if_told(view.sys_descr, sample.sys_descr);
  keep_if_told(view.sys_object_id, sample.sys_object_id);
  view.problem = sample.problem;
  view.polls = before.polls;
  ++view.polls[static_cast<std::size_t>(sample.result)];
  view.poll_took = std::max(Duration::zero(), sample.took);
  view.last_success = before.last_success;
  polled_ = now;
  view.polled = true;
  view.up = is_answer(sample);
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
  if (!sample.uptime) return;
  const ReadingClocks clocks{*sample.uptime, std::nullopt, sample.at, std::nullopt};
  if (uptime_base_ && clocks.at <= uptime_base_->at) return;
  const bool went_back = uptime_base_ && clocks.uptime < uptime_base_->uptime;
  if (went_back) {
    const auto span = span_between(*uptime_base_, clocks, Duration::zero());
    uptime_wraps_ = std::holds_alternative<Span>(span) ? uptime_wraps_ + 1 : 0;
  } else if (!uptime_base_) {
    uptime_wraps_ = 0;
  }
  uptime_base_ = clocks;
  view.uptime =
      elapsed(TimeTicks{0}, clocks.uptime) +
      kTwoTo32Ticks * static_cast<std::int64_t>(std::min<std::uint64_t>(uptime_wraps_, 100));
}

// Those who stay keep their place, those who are new take the places of those who went; only what
// is more than before has to be admitted.
void DeviceState::admit_rows(std::vector<WantedRow>& rows, Admission& admission) {
  const auto staying = static_cast<std::size_t>(std::count_if(
      rows.begin(), rows.end(), [](const WantedRow& r) { return r.old.has_value(); }));
  std::size_t places = rows_.size();
  if (staying > places) {
    admission.take(source_.node, (staying - places) * kSeriesOfInterface);
    places = staying;
  }
  places -= staying;
  std::erase_if(rows, [&](const WantedRow& row) {
    if (row.old) return false;
    if (places == 0) return !admission.admit(source_.node, kSeriesOfInterface);
    --places;
    return false;
  });
  admission.release(source_.node, places * kSeriesOfInterface);
}

void DeviceState::take_rows(DeviceView& view, const DeviceSample& sample, Instant now,
                            Admission& admission) {
  const std::vector<InterfaceView>& old = view_->interfaces;
  std::vector<WantedRow> rows = wanted_rows(sample, old, rows_);
  bool same_names = continue_rows(rows, old, rows_);
  if (!same_names) admit_rows(rows, admission);
  std::vector<InterfaceState> states(rows.size());
  view.interfaces.resize(rows.size());
  oldest_row_ = now;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    advance_row(rows[i], states[i], view.interfaces[i], now);
    oldest_row_ = std::min(oldest_row_, states[i].seen);
    same_names = same_names && view.interfaces[i].descr == old[i].descr &&
                 view.interfaces[i].alias == old[i].alias;
  }
  rows_ = std::move(states);
  if (!same_names) resolve_ports(view);
}

void DeviceState::advance_row(const WantedRow& row, InterfaceState& state, InterfaceView& view,
                              Instant now) const {
  Continuation how;
  how.shortest = interval_ / 2;
  if (row.old) {
    const InterfaceView& old = view_->interfaces[*row.old];
    state = rows_[*row.old];
    if (row.sample == nullptr) {
      view = old;
      if (row.name.empty() || row.name == old.identity->name.text()) return;
      view.identity = make_identity(view_->name, row.name);  // its number among its like changed
      state.has_base = false;
      return;
    }
    state.has_base = state.has_base && row.comparable;
    how.renumbered = old.if_index != row.if_index;
    view.identity = old.identity;
    view.link = old.link;
    view.gaps = old.gaps;
    view.counters = old.counters;
    for (const LinkPort& port : ports_) {
      if (port.capacity && port.link == old.link)
        how.capacity = faster(how.capacity, port.capacity);
    }
  } else {
    view.identity = make_identity(view_->name, row.name);
  }
  state.base_name_length = static_cast<std::uint32_t>(row.base.size());
  advance(state, view, *row.sample, how, now);
}

// Which row is meant: by its name, else by ifDescr, else by ifAlias; the first by ifIndex.
void DeviceState::resolve_ports(DeviceView& view) {
  port_rows_.assign(ports_.size(), std::nullopt);
  for (InterfaceView& interface : view.interfaces) interface.link = LinkName();
  if (ports_.empty()) return;
  std::unordered_map<std::string_view, std::size_t> names;
  std::unordered_map<std::string_view, std::size_t> descrs;
  std::unordered_map<std::string_view, std::size_t> aliases;
  for (std::size_t i = 0; i < view.interfaces.size(); ++i) {
    const InterfaceView& interface = view.interfaces[i];
    names.emplace(interface.identity->name.text(), i);
    descrs.emplace(interface.descr, i);
    aliases.emplace(interface.alias, i);
  }
  for (std::size_t p = 0; p < ports_.size(); ++p) {
    for (const auto* by : {&names, &descrs, &aliases}) {
      const auto found = by->find(ports_[p].interface);
      if (found == by->end()) continue;
      port_rows_[p] = found->second;
      InterfaceView& interface = view.interfaces[found->second];
      if (interface.link.empty()) interface.link = ports_[p].link;
      break;
    }
  }
}

bool DeviceState::tick(Instant now, Admission& admission) {
  const Duration stale = stale_time(interval_, stale_after_);
  const bool unheard = view_->polled && (!polled_ || now - *polled_ > stale);
  const bool silent = view_->fresh && (!answered_ || now - *answered_ > stale);
  const bool rows_go = !view_->interfaces.empty() && (silent || now - oldest_row_ > stale);
  if (!unheard && !silent && !rows_go) return false;
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
      if (silent || now - rows_[i].seen > stale) continue;
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

void DeviceState::publish(std::shared_ptr<DeviceView> view) {
  view_ = std::move(view);
}

const InterfaceView* DeviceState::port(std::size_t index) const {
  if (!view_->up || !view_->polled || !view_->fresh || index >= port_rows_.size()) return nullptr;
  const std::optional<std::size_t> row = port_rows_[index];
  return row ? &view_->interfaces[*row] : nullptr;
}

}  // namespace itnxt
