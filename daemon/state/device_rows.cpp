// The part of DeviceState that takes the rows of a poll over.
#include <algorithm>
#include <utility>

#include "daemon/state/device_state.hpp"
#include "daemon/state/identity.hpp"
#include "daemon/state/row_texts.hpp"

namespace itnxt {
namespace {

std::vector<RowTexts> texts_of(const std::vector<WantedRow>& rows,
                               const std::vector<InterfaceView>& old,
                               const std::vector<InterfaceState>& states) {
  std::vector<RowTexts> texts;
  texts.reserve(rows.size());
  for (const WantedRow& row : rows) {
    RowTexts one = row.old ? texts_of(old[*row.old], states[*row.old]) : RowTexts{};
    one.name = row.name;
    if (row.sample != nullptr) {
      one.descr = row.sample->if_descr;
      one.alias = row.sample->if_alias;
    }
    texts.push_back(one);
  }
  return texts;
}

// A device whose walks are never whole might tell others for ever.
constexpr std::size_t kMostHidden = 100'000;

}  // namespace

// Who a link names is in. Of the others, those who stay keep their place, those who are new take
// the places of those who went; what is more has to be admitted.
void DeviceState::admit_rows(std::vector<WantedRow>& rows, Admission& admission) {
  const std::vector<InterfaceView>& old = view_->interfaces;
  std::vector<bool> in = rows_of_ports(find_ports(ports_, texts_of(rows, old, rows_)), rows.size());
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
    if (in[i]) {
      kept.push_back(std::move(rows[i]));
    } else {
      hidden_.emplace_back(rows[i].called, rows[i].if_index);
    }
  }
  std::ranges::sort(hidden_);
  std::swap(rows, kept);
  if (in_the_way) {
    refused_ = {view_->name, source_.node, kept.size() - rows.size(), rows.size(), *in_the_way};
  }
}

void DeviceState::take_rows(DeviceView& view, const DeviceSample& sample, Instant now,
                            Admission& admission) {
  refused_.reset();
  const Layout layout = compare_layout(sample, view_->interfaces, rows_);
  switch (layout) {
    case Layout::other:
      take_other_rows(view, sample, now, admission);
      break;
    case Layout::same:
    case Layout::still:
      take_same_rows(view, sample, now);
      break;
  }
  if (layout != Layout::still) resolve_ports(view);
}

void DeviceState::take_same_rows(DeviceView& view, const DeviceSample& sample, Instant now) {
  std::vector<InterfaceState> states(rows_.size());
  view.interfaces.resize(rows_.size());
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    advance_known(i, sample.interfaces[i], !rows_[i].in_doubt, states[i], view.interfaces[i], now);
  }
  rows_ = std::move(states);
  oldest_row_ = now;
  question_ = 0;
  if (completeness_.is_whole(sample, rows_.size())) hidden_.clear();
  restarted_ = false;
  completeness_.learn(sample, rows_.size());
}

void DeviceState::take_other_rows(DeviceView& view, const DeviceSample& sample, Instant now,
                                  Admission& admission) {
  const bool knew_ports = !rows_.empty() || !resting_.empty();
  Ledger ledger = make_ledger(sample, view_->interfaces, rows_, completeness_,
                              {view_->name, now, restarted_, stale_time(interval_, stale_after_),
                               question_, hidden_, resting_});
  if (ledger.settled) completeness_.learn(sample, ledger.told);
  restarted_ = restarted_ && !ledger.settled && !rows_.empty();
  question_ = ledger.question;
  std::vector<WantedRow>& rows = ledger.rows;
  resting_ = std::move(ledger.resting);
  hidden_ = std::move(ledger.hidden);
  if (hidden_.size() > kMostHidden) hidden_.clear();
  admit_rows(rows, admission);
  if (knew_ports) note_new(rows, ledger.changes, now);
  note(view, std::move(ledger.changes));
  std::vector<InterfaceState> states(rows.size());
  view.interfaces.resize(rows.size());
  oldest_row_ = now;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    advance_row(rows[i], states[i], view.interfaces[i], now);
    oldest_row_ = std::min(oldest_row_, states[i].seen);
  }
  rows_ = std::move(states);
}

void DeviceState::note_new(const std::vector<WantedRow>& rows, InterfaceChanges& changes,
                           Instant now) const {
  for (const WantedRow& row : rows) {
    if (row.old) continue;
    if (!changes.has_room()) {
      changes.add_untold(PortChange::appeared);
      continue;
    }
    changes.add({PortChange::appeared,
                 view_->name,
                 InterfaceName(row.name),
                 {},
                 index_text(row.if_index),
                 now});
  }
}

void DeviceState::advance_row(const WantedRow& row, InterfaceState& state, InterfaceView& view,
                              Instant now) const {
  if (row.sample == nullptr) {
    state = rows_[*row.old];
    view = view_->interfaces[*row.old];
    if (row.in_doubt) withhold(state, view);
    return;
  }
  if (row.old) {
    advance_known(*row.old, *row.sample, row.comparable, state, view, now);
    if (row.name != view.identity->name.text())
      view.identity = make_identity(view_->name, row.name);
  } else {
    view.identity = make_identity(view_->name, row.name);
    advance(state, view, *row.sample,
            Continuation{source_.wall(row.sample->at), true, clock_.runs(), interval_ / 2,
                         std::nullopt},
            now);
    hold_status(view, source_.here(row.sample->at), source_.received);
    state.status = source_.moment(row.sample->at);
  }
  remember_called(state, row.name, row.called);
  state.nameless = row.sample->if_name.empty() && row.sample->if_descr.empty();
}

void DeviceState::advance_known(std::size_t old, const InterfaceSample& sample, bool comparable,
                                InterfaceState& state, InterfaceView& view, Instant now) const {
  const InterfaceView& before = view_->interfaces[old];
  Continuation how;
  how.at = source_.wall(sample.at);
  how.comparable = comparable;
  how.device_clock = clock_.runs();
  how.shortest = interval_ / 2;
  state = rows_[old];
  view.identity = before.identity;
  view.link = before.link;
  view.at = before.at;
  view.gaps = before.gaps;
  view.counters = before.counters;
  view.up_held = before.up_held;
  view.admin_held = before.admin_held;
  if (!before.link.empty()) {
    for (const LinkPort& port : ports_) {
      if (port.capacity && port.link == before.link) {
        how.capacity = faster(how.capacity, port.capacity);
      }
    }
  }
  advance(state, view, sample, how, now);
  const Moment moment = source_.moment(sample.at);
  if (state.told_by_event && holds_against(state.status, moment, now)) {
    view.up = before.up;
    view.admin_up = before.admin_up;
  } else {
    state.status = moment;
    state.told_by_event = false;
    hold_status(view, source_.here(sample.at), source_.received);
  }
}

void DeviceState::resolve_ports(DeviceView& view) {
  std::vector<InterfaceView>& interfaces = view.interfaces;
  std::vector<RowTexts> texts;
  if (!ports_.empty()) texts.reserve(interfaces.size());
  for (std::size_t i = 0; i < interfaces.size() && !ports_.empty(); ++i) {
    texts.push_back(texts_of(interfaces[i], rows_[i]));
  }
  port_rows_ = find_ports(ports_, texts);
  for (InterfaceView& interface : interfaces) interface.link = LinkName();
  linked_ = 0;
  for (std::size_t p = 0; p < ports_.size(); ++p) {
    if (!port_rows_[p]) continue;
    InterfaceView& interface = interfaces[*port_rows_[p]];
    if (!interface.link.empty()) continue;  // the first of two links that name one row
    interface.link = ports_[p].link;
    rows_[*port_rows_[p]].link_follows = ports_[p].interface != interface.alias;
    ++linked_;
  }
}

}  // namespace itnxt
