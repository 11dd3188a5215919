// How Alertmanager 0.25 takes alerts, after its sources: provider/mem/mem.go (Put) and
// types/types.go (Alert.Merge, Alert.ResolvedAt); and what a receiver behind it is told with
// group_wait 0 and a notification log that outlives a restart.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/alert/showing.hpp"

namespace itnxt::test {

class AlertmanagerModel {
 public:
  struct Known {
    WallTime starts, ends;
    Labels annotations;
  };
  struct Told {
    int pages = 0, closes = 0;
    [[nodiscard]] bool open() const { return pages > closes; }
  };

  // One POST. Every endsAt is explicit: no alert of it has Timeout set.
  void take(const std::vector<Showing::Statement>& batch, WallTime now) {
    for (const Showing::Statement& said : batch) {
      Known alert{said.starts_at, said.ends_at, said.alert.annotations};
      const auto old = alerts_.find(said.alert.labels);
      if (old != alerts_.end() && overlap(alert, old->second)) {
        alert = merge(old->second, alert, now);
      }
      alerts_[said.alert.labels] = alert;
      look(now);
    }
  }
  // Its memory is gone, what it notified is not.
  void restart() { alerts_.clear(); }
  // Time passes: leases end.
  void look(WallTime now) {
    for (const auto& [labels, alert] : alerts_) {
      Told& told = told_[labels];
      if (alert.ends > now && !told.open()) ++told.pages;
      if (alert.ends <= now && told.open()) ++told.closes;
    }
  }
  [[nodiscard]] bool active(const Labels& labels, WallTime now) const {
    const auto found = alerts_.find(labels);
    return found != alerts_.end() && found->second.ends > now;
  }
  [[nodiscard]] Told told(const Labels& labels) const {
    const auto found = told_.find(labels);
    return found == told_.end() ? Told() : found->second;
  }

 private:
  static bool overlap(const Known& alert, const Known& old) {
    return (alert.ends > old.starts && alert.ends < old.ends) ||
           (alert.starts > old.starts && alert.starts < old.ends);
  }
  // `alert` is the younger one.
  static Known merge(const Known& old, Known alert, WallTime now) {
    alert.starts = std::min(alert.starts, old.starts);
    const bool both_over = alert.ends <= now && old.ends <= now;
    const bool firing = alert.ends > now;
    if ((both_over || firing) && old.ends > alert.ends) alert.ends = old.ends;
    return alert;
  }

  std::map<Labels, Known> alerts_;
  std::map<Labels, Told> told_;
};

}  // namespace itnxt::test
