#include "daemon/alert/showing.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "daemon/alert/lease.hpp"
#include "daemon/alert/texts.hpp"

namespace itnxt {

// One that fires is newer than one that ended, whatever the wall clock did in between.
bool Showing::is_newer(const Delivery& a, const Delivery& b) {
  const auto rank = [](const Delivery& d) { return std::pair(d.page.first_seen(), d.incident); };
  if (a.close.has_value() != b.close.has_value()) return !a.close;
  return rank(a) > rank(b);
}

Showing::Over Showing::drop(All::iterator one, Progress progress) {
  const Shown& shown = one->second;
  Over over{one->first, progress, shown.page_counted && !shown.close_counted};
  const auto newest = newest_.find(shown.delivery.page.labels);
  if (newest != newest_.end() && newest->second == one->first) newest_.erase(newest);
  owed_.erase({shown.delivery.page.since, one->first});
  shown_.erase(one);
  return over;
}

// Of the incident of the same labels and this one, the one that is no longer said.
std::optional<Showing::Over> Showing::supersede(const Delivery& delivery) {
  const auto newest = newest_.find(delivery.page.labels);
  if (newest == newest_.end() || newest->second == delivery.incident) return std::nullopt;
  const auto other = shown_.find(newest->second);
  if (is_newer(delivery, other->second.delivery)) return drop(other, Progress::closed);
  return Over{delivery.incident, Progress::closed, false};
}

std::vector<Showing::Over> Showing::put(const Delivery& delivery, Instant now, WallTime wall) {
  std::vector<Over> over;
  if (auto older = supersede(delivery)) over.push_back(*std::move(older));
  if (!over.empty() && over.front().incident == delivery.incident) return over;
  newest_[delivery.page.labels] = delivery.incident;
  Shown& shown = shown_[delivery.incident];
  const bool taken = shown.delivery.page_delivered;
  shown.delivery = delivery;
  shown.delivery.page_delivered = taken || delivery.page_delivered;
  if (delivery.close && shown.form == Form::firing) {
    end(shown, now, wall);
    owed_.emplace(delivery.page.since, delivery.incident);
  }
  std::vector<Over> given_up = make_room();
  over.insert(over.end(), given_up.begin(), given_up.end());
  return over;
}

void Showing::end(Shown& shown, Instant now, WallTime wall) {
  const Delivery& delivery = shown.delivery;
  shown.until.reset();
  shown.form = delivery.page_delivered ? Form::ended : Form::late;
  if (!delivery.page_delivered || !delivery.shown_until) return;
  // Taken late by an earlier life.
  const Duration rest = std::min(*delivery.shown_until - wall, kShowLate);
  if (rest <= Duration::zero()) return;
  shown.form = Form::late;
  shown.until = now + rest;
}

std::vector<Showing::Over> Showing::make_room() {
  std::vector<Over> over;
  while (owed_.size() > kMaxOwed) {
    over.push_back(drop(shown_.find(owed_.begin()->second), Progress::given_up));
    over.back().counts = false;
  }
  return over;
}

Showing::Taken Showing::taken(const std::string& incident, Instant now) {
  const auto found = shown_.find(incident);
  if (found == shown_.end()) return {};
  Shown& shown = found->second;
  bool& page_delivered = shown.delivery.page_delivered;
  if (shown.form == Form::ended) {
    if (std::exchange(shown.close_counted, true)) return {};
    owed_.erase({shown.delivery.page.since, incident});
    shown.until = now + kTellEnded;
    return {true, Progress::none};
  }
  if (shown.form == Form::late && !page_delivered) shown.until = now + kShowLate;
  page_delivered = true;
  if (std::exchange(shown.page_counted, true)) return {};
  return {true, Progress::page_delivered};
}

void Showing::refused(const std::string& incident, Instant now) {
  const auto found = shown_.find(incident);
  if (found == shown_.end() || found->second.form == Form::firing || found->second.until) return;
  found->second.until = now + kTellEnded;
}

Showing::Turned Showing::turn(Instant now) {
  Turned turned;
  for (auto one = shown_.begin(); one != shown_.end();) {
    const auto here = one++;
    Shown& shown = here->second;
    if (!shown.until || now < *shown.until) continue;
    if (shown.form == Form::late && shown.delivery.page_delivered) {
      shown.form = Form::ended;
      shown.until.reset();
      turned.changed.push_back(here->first);
      continue;
    }
    const Progress progress = shown.close_counted ? Progress::closed : Progress::refused;
    turned.over.push_back(drop(here, progress));
    turned.over.back().counts = false;
  }
  return turned;
}

std::optional<Instant> Showing::next() const {
  std::optional<Instant> first;
  for (const auto& [incident, shown] : shown_) {
    if (shown.until && (!first || *shown.until < *first)) first = shown.until;
  }
  return first;
}

std::vector<std::string> Showing::incidents() const {
  std::vector<std::string> ids;
  for (const auto& [incident, shown] : shown_) ids.push_back(incident);
  return ids;
}

Showing::Statement Showing::statement(const std::string& incident, WallTime wall) const {
  const Shown& shown = shown_.at(incident);
  const Delivery& delivery = shown.delivery;
  const WallTime ended = delivery.ended.value_or(wall);
  Statement said{shown.form == Form::ended ? *delivery.close : delivery.page, {}, {}};
  // The wall clock may have stepped back since: a start in the future, or an end before the start,
  // is refused.
  said.starts_at = std::min(said.alert.since, wall);
  switch (shown.form) {
    case Form::firing:
      said.ends_at = wall + LeaseQueue::kLease;
      break;
    case Form::late:
      write_late(said.alert, ended);
      said.ends_at = wall + kShowLate;
      break;
    case Form::ended:
      said.ends_at = std::clamp(ended, said.starts_at, wall);
      break;
  }
  return said;
}

}  // namespace itnxt
