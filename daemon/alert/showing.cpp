#include "daemon/alert/showing.hpp"

#include <algorithm>
#include <tuple>

#include "daemon/alert/lease.hpp"

namespace itnxt {

// One that fires is newer than one that ended, whatever the wall clock did in between.
bool Showing::is_newer(const Delivery& a, const Delivery& b) {
  const auto rank = [](const Delivery& d) { return std::tie(d.page.since, d.incident); };
  if (a.close.has_value() != b.close.has_value()) return !a.close;
  return rank(a) > rank(b);
}

Showing::Over Showing::drop(All::iterator one, Progress progress) {
  const Shown& shown = one->second;
  Over over{one->first, progress, shown.page_counted && !shown.close_counted};
  const auto newest = newest_.find(shown.delivery.page.labels);
  if (newest != newest_.end() && newest->second == one->first) newest_.erase(newest);
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
  shown.delivery = delivery;
  if (delivery.close && !shown.until) {
    const Duration gone = wall - delivery.ended.value_or(WallTime());
    shown.until = now + kTellEnded - std::clamp(gone, Duration::zero(), kTellEnded);
  }
  return over;
}

Showing::Taken Showing::taken(const std::string& incident) {
  const auto found = shown_.find(incident);
  if (found == shown_.end()) return {};
  Shown& shown = found->second;
  const bool ended = shown.delivery.close.has_value();
  bool& counted = ended ? shown.close_counted : shown.page_counted;
  if (counted) return {};
  counted = true;
  return {true, ended ? Progress::none : Progress::page_delivered};
}

std::vector<Showing::Over> Showing::turn(Instant now) {
  std::vector<Over> over;
  for (auto one = shown_.begin(); one != shown_.end();) {
    const auto here = one++;
    if (here->second.until && *here->second.until <= now) {
      over.push_back(drop(here, Progress::closed));
      over.back().counts = false;
    }
  }
  return over;
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
  const Delivery& delivery = shown_.at(incident).delivery;
  Statement said{delivery.close ? *delivery.close : delivery.page, {}, {}};
  // The wall clock may have stepped back since: a start in the future, or an end before the start,
  // is refused.
  said.starts_at = std::min(said.alert.since, wall);
  said.ends_at = delivery.close ? std::clamp(delivery.ended.value_or(wall), said.starts_at, wall)
                                : wall + LeaseQueue::kLease;
  return said;
}

}  // namespace itnxt
