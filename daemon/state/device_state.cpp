#include "daemon/state/device_state.hpp"

#include <algorithm>
#include <utility>

#include "daemon/state/identity.hpp"

namespace itnxt {
namespace {

constexpr Duration kShortestInterval = 100ms;
constexpr Duration kLongestInterval = 24h;
constexpr Duration kTellRefusedEvery = 1min;
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

// Who a link names is in. Of the others, those who stay keep their place, those who are new take
// the places of those who went; what is more has to be admitted.
void DeviceState::admit_rows(std::vector<WantedRow>& rows, Admission& admission) {
  const std::vector<InterfaceView>& old = view_->interfaces;
  std::vector<bool> in = rows_of_ports(find_ports(ports_, texts_of(rows, old)), rows.size());
  std::size_t places = rows_.size() - linked_;  // admitted before
  std::size_t unused = places;
  admission.release(source_.node, linked_ * kSeriesOfInterface);
  linked_ = static_cast<std::size_t>(std::count(in.begin(), in.end(), true));
  admission.take(source_.node, linked_ * kSeriesOfInterface);
  std::optional<Limit> in_the_way;
  const auto has_place = [&] {
    if (unused > 0) {
      --unused;
      return true;
    }
    const auto refused =
        admission.refuses(source_.node, kSeriesOfInterface, places * kSeriesOfInterface);
    if (refused) {
      in_the_way = refused;
    } else {
      ++places;
    }
    return !refused;
  };
  for (const bool staying : {true, false}) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!in[i] && rows[i].old.has_value() == staying) in[i] = has_place();
    }
  }
  admission.release(source_.node, unused * kSeriesOfInterface);
  std::vector<WantedRow> kept;
  kept.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (in[i]) kept.push_back(std::move(rows[i]));
  }
  std::swap(rows, kept);
  if (in_the_way) {
    refused_ = {view_->name, source_.node, kept.size() - rows.size(), rows.size(), *in_the_way};
  }
}

void DeviceState::take_rows(DeviceView& view, const DeviceSample& sample, Instant now,
                            Admission& admission) {
  const std::vector<InterfaceView>& old = view_->interfaces;
  std::vector<WantedRow> rows = wanted_rows(sample, old, rows_);
  const bool same = continue_rows(rows, old, rows_);
  refused_.reset();
  if (!same) admit_rows(rows, admission);
  std::vector<InterfaceState> states(rows.size());
  view.interfaces.resize(rows.size());
  oldest_row_ = now;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    advance_row(rows[i], states[i], view.interfaces[i], now);
    oldest_row_ = std::min(oldest_row_, states[i].seen);
  }
  rows_ = std::move(states);
  if (same) return;
  resolve_ports(view);
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

void DeviceState::resolve_ports(DeviceView& view) {
  std::vector<RowTexts> texts;
  if (!ports_.empty()) texts.reserve(view.interfaces.size());
  for (InterfaceView& interface : view.interfaces) {
    interface.link = LinkName();
    if (!ports_.empty()) texts.push_back(texts_of(interface));
  }
  port_rows_ = find_ports(ports_, texts);
  linked_ = 0;
  for (std::size_t p = 0; p < ports_.size(); ++p) {
    if (!port_rows_[p]) continue;
    InterfaceView& interface = view.interfaces[*port_rows_[p]];
    if (!interface.link.empty()) continue;  // the first of two links that name one row
    interface.link = ports_[p].link;
    ++linked_;
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

std::optional<RowsRefused> DeviceState::take_refused(Instant now) {
  if (!refused_ || now < tell_refused_at_) return std::nullopt;
  tell_refused_at_ = now + kTellRefusedEvery;
  return std::exchange(refused_, std::nullopt);
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
