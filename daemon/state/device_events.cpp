// The part of DeviceState that takes what events tell.
#include <algorithm>
#include <utility>

#include "daemon/state/device_state.hpp"
#include "daemon/state/identity.hpp"
#include "daemon/state/row_texts.hpp"

namespace itnxt {

DeviceState::Heard DeviceState::apply(std::span<const Event> events, const EventSource& source,
                                      bool is_configured, Instant now) {
  const Teller teller{source.node, source.collector};
  const Verdict verdict = followed_.judge(teller, Claim::event, is_configured, is_live(now));
  if (verdict != Verdict::taken) return {verdict, false};
  std::shared_ptr<DeviceView> view;
  const auto draft = [&]() -> DeviceView& {
    if (!view) view = std::make_shared<DeviceView>(*view_);
    return *view;
  };
  for (const Event& event : events) {
    const Moment moment = source.moment(event, now);
    if (event.answers && !is_later(answered_at_, moment)) {
      take_answer(draft(), event, source, moment, now);
      followed_.follow(teller, Claim::event, is_configured);
      draft().node = teller.node;
      draft().collector = teller.collector;
    }
    if (!event.interface) continue;
    if (tell_ports(event, source, moment, now)) {
      (void)draft();  // a link's end is shown otherwise
      continue;
    }
    const std::optional<std::size_t> row = find_row(*event.interface);
    if (!row) continue;
    const WallTime at = source.here(event);
    if (is_later(rows_[*row].status, moment)) {
      const InterfaceView& shown = (view ? *view : *view_).interfaces[*row];
      if (can_recall(shown, *event.interface, at, source.received)) {
        recall_status(draft().interfaces[*row], *event.interface, at, source.received);
      }
      continue;
    }
    rows_[*row].status = moment;
    rows_[*row].told_by_event = true;
    tell_status(draft().interfaces[*row], *event.interface, at, source.received);
  }
  if (!view) return {};
  publish(std::move(view));
  return {Verdict::taken, true};
}

// After a restart events come before the first poll. Only of ports that links name: the rest has
// nobody who asks.
bool DeviceState::tell_ports(const Event& event, const EventSource& source, const Moment& moment,
                             Instant now) {
  const InterfaceStatus& status = *event.interface;
  if (view_->fresh || status.if_name.empty()) return false;
  bool found = false;
  for (std::size_t p = 0; p < ports_.size(); ++p) {
    std::optional<ToldPort>& told = told_ports_[p];
    if (ports_[p].interface != status.if_name || (told && is_later(told->status, moment))) continue;
    if (!told) told.emplace().view.identity = make_identity(view_->name, status.if_name);
    told->status = moment;
    told->seen = now;
    tell_status(told->view, status, source.here(event), source.received);
    found = true;
  }
  return found;
}

// The first poll shows how it is, what was told before also since when.
void DeviceState::take_told_ports(DeviceView& view) {
  for (std::size_t p = 0; p < told_ports_.size() && p < port_rows_.size(); ++p) {
    if (!told_ports_[p] || !port_rows_[p]) continue;
    InterfaceView& row = view.interfaces[*port_rows_[p]];
    const auto recall = [&](Held& held, const Held& told) {
      if (told.value()) held.recall(*told.value(), told.since(), source_.received);
    };
    recall(row.up_held, told_ports_[p]->view.up_held);
    recall(row.admin_held, told_ports_[p]->view.admin_held);
  }
}

bool DeviceState::forget_told(Instant now) {
  bool changed = false;
  const Duration stale = stale_time(std::max(interval_, kDefaultInterval), stale_after_);
  for (std::optional<ToldPort>& told : told_ports_) {
    if (!told || now - told->seen <= stale) continue;
    told.reset();
    changed = true;
  }
  return changed;
}

void DeviceState::take_answer(DeviceView& view, const Event& event, const EventSource& source,
                              const Moment& moment, Instant now) {
  answered_at_ = moment;
  told_answer_ = *event.answers;
  if (interval_ == Duration::zero()) interval_ = kDefaultInterval;
  polled_ = now;
  view.polled = true;
  view.up = *event.answers;
  view.up_held.tell(view.up, source.here(event), source.received);
  if (view.up) answered_ = now;
  view.problem = view.up ? std::string() : event.text;
}

// By name; the ifIndex tells which, where several are called so, and counts alone only where there
// is no name: under another name it may be another port by now.
std::optional<std::size_t> DeviceState::find_row(const InterfaceStatus& status) const {
  const std::vector<InterfaceView>& interfaces = view_->interfaces;
  std::optional<std::size_t> found;
  bool several = false;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].in_doubt) continue;
    const bool same_index = status.if_index != 0 && interfaces[i].if_index == status.if_index;
    if (status.if_name.empty()) {
      if (same_index) return i;
      continue;
    }
    if (called(interfaces[i], rows_[i]) != status.if_name) continue;
    if (same_index) return i;
    several = found.has_value();
    found = i;
  }
  return several ? std::nullopt : found;
}

// What a sample tells of a status that an event told later: nothing new. For one interval: an event
// whose clock is wrong must not hold longer.
bool DeviceState::holds_against(const Moment& told, const Moment& sample, Instant now) const {
  return is_later(told, sample) && now - told.ours <= interval_;
}

}  // namespace itnxt
