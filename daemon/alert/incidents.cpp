#include "daemon/alert/incidents.hpp"

#include <algorithm>
#include <set>

#include "daemon/alert/crisis_page.hpp"
#include "daemon/alert/texts.hpp"

namespace itnxt {
namespace {

const Incidents::Key kCrisisKey{kCrisisAlert, kCrisisSubject};

Incidents::Key key_of(const Alert& alert) {
  return {alert.alert, alert.subject};
}

std::string id_of(const Alert& alert) {
  return stable_id(alert.alert + '\n' + alert.subject + '\n' +
                   std::to_string(alert.first_seen().time_since_epoch().count()));
}

bool hits(const Alert& alert, const std::vector<SiteName>& sites) {
  return std::any_of(alert.sites.begin(), alert.sites.end(), [&](const SiteName& site) {
    return std::find(sites.begin(), sites.end(), site) != sites.end();
  });
}

// What the crisis page tells instead of pages of their own.
std::vector<std::string> folded_in(const Incidents::Open& open) {
  std::vector<std::string> folded;
  for (const auto& [key, incident] : open) {
    if (incident.suppressed) folded.push_back(key.first + " for " + key.second);
  }
  return folded;
}

}  // namespace

Incidents::Merged Incidents::restore(std::vector<Incident> older,
                                     const std::vector<const ActiveAlert*>& active,
                                     const Told& told, Instant now, WallTime wall) {
  Merged merged;
  for (Incident& incident : older) {
    const auto [place, is_new] = open_.try_emplace(key_of(incident.alert));
    Incident& known = place->second;
    if (!is_new && known.id == incident.id) continue;
    if (!is_new && told(known.id)) {
      merged.outlived.push_back(std::move(incident));
      continue;
    }
    if (!is_new) merged.unsaid.push_back(known.id);
    known = std::move(incident);
    held_.erase(place->first);
    if (known.held_until) {
      held_[place->first] =
          now + std::clamp<Duration>(*known.held_until - wall, Duration::zero(), kMaxHold);
    }
  }
  repairs_.clear();
  std::set<Key> firing;
  for (const ActiveAlert* one : active) {
    if (one->phase != AlertPhase::firing) continue;
    firing.insert(key_of(one->alert));
    if (!open_.contains(key_of(one->alert))) repairs_.emplace_back(true, one->alert);
  }
  for (const auto& [key, incident] : open_) {
    if (key != kCrisisKey && !firing.contains(key)) repairs_.emplace_back(false, incident.alert);
  }
  return merged;
}

const Incident* Incidents::crisis() const {
  const auto found = open_.find(kCrisisKey);
  return found == open_.end() ? nullptr : &found->second;
}

IncidentChanges Incidents::update(const std::vector<Transition>& transitions,
                                  const CrisisVerdict& crisis, Instant now, WallTime wall,
                                  const Calm& calm) {
  IncidentChanges changes;
  const Moment moment{crisis, now, wall};
  if (crisis.on) settle_held(crisis, changes);  // first: one that ends now was folded before
  for (auto& [begins, alert] : repairs_) {
    if (begins) {
      begin(alert, moment, changes);
    } else {
      write_removed(alert, "its state was lost with a damaged state file", wall);
      end(alert, std::nullopt, changes);
    }
  }
  repairs_.clear();
  for (const Transition& transition : transitions) {
    switch (transition.change) {
      case AlertChange::pending:
      case AlertChange::dropped:
        break;
      case AlertChange::firing:
        begin(transition.active.alert, moment, changes);
        break;
      case AlertChange::resolved:
        end(transition.active.alert, transition.ended, changes);
        break;
    }
  }
  release(now, changes);
  if (crisis.on) {
    tell_crisis(crisis, changes);
  } else {
    const bool closes = close_crisis(crisis, wall, changes);
    tell_suppressed(moment, closes, calm, changes);
  }
  return changes;
}

void Incidents::begin(const Alert& alert, const Moment& moment, IncidentChanges& changes) {
  const auto [place, is_new] = open_.try_emplace(key_of(alert));
  if (!is_new) return;  // never twice without a close between
  const CrisisVerdict& crisis = moment.crisis;
  Incident& incident = place->second;
  incident.id = id_of(alert);
  incident.alert = alert;
  incident.suppressed = crisis.on && hits(alert, crisis.told);
  if (!crisis.on) hold(incident, place->first, moment);
  changes.kept.push_back(incident);
  if (incident.is_told()) changes.pages.push_back({PageKind::open, incident});
}

// Where a crisis may follow at once.
void Incidents::hold(Incident& incident, const Key& key, const Moment& moment) {
  if (!hits(incident.alert, moment.crisis.watched)) return;
  incident.held_until = moment.wall + moment.crisis.hold;
  held_[key] = moment.now + moment.crisis.hold;
}

void Incidents::open_held(Incident& incident, IncidentChanges& changes) {
  incident.held_until.reset();
  changes.kept.push_back(incident);
  if (!incident.suppressed) changes.pages.push_back({PageKind::open, incident});
}

void Incidents::settle_held(const CrisisVerdict& crisis, IncidentChanges& changes) {
  for (const auto& [key, until] : held_) {
    Incident& incident = open_.at(key);
    incident.suppressed = hits(incident.alert, crisis.told);
    open_held(incident, changes);
  }
  held_.clear();
}

void Incidents::release(Instant now, IncidentChanges& changes) {
  std::erase_if(held_, [&](const auto& held) {
    if (now < held.second) return false;
    open_held(open_.at(held.first), changes);
    return true;
  });
}

IncidentChanges Incidents::release(Instant now) {
  IncidentChanges changes;
  release(now, changes);
  return changes;
}

std::optional<Instant> Incidents::next_release() const {
  const auto first = std::min_element(
      held_.begin(), held_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (first == held_.end()) return std::nullopt;
  return first->second;
}

void Incidents::end(const Alert& alert, std::optional<WallTime> ended, IncidentChanges& changes) {
  const auto found = open_.find(key_of(alert));
  if (found == open_.end()) return;
  if (held_.erase(found->first) > 0) open_held(found->second, changes);
  Incident incident = std::move(found->second);
  open_.erase(found);
  changes.gone.push_back(incident.id);
  if (incident.suppressed) return;
  // The labels of the page are the identity that receivers know; only the text is of the end.
  incident.alert.annotations = alert.annotations;
  changes.pages.push_back({PageKind::close, std::move(incident), ended});
}

void Incidents::tell_crisis(const CrisisVerdict& crisis, IncidentChanges& changes) {
  const auto [place, is_new] = open_.try_emplace(kCrisisKey);
  Incident& incident = place->second;
  Alert alert = crisis_alert(crisis, folded_in(open_));
  if (is_new) {
    incident.id = id_of(alert);
  } else if (alert.annotations == incident.alert.annotations) {
    return;
  } else {
    alert.since = incident.alert.since;  // as paged
  }
  incident.alert = std::move(alert);
  changes.kept.push_back(incident);
  // The crisis first: whoever reads one page only should read this one.
  changes.pages.insert(changes.pages.begin(),
                       {is_new ? PageKind::open : PageKind::update, incident});
}

// Whether it was open.
bool Incidents::close_crisis(const CrisisVerdict& crisis, WallTime wall, IncidentChanges& changes) {
  const auto found = open_.find(kCrisisKey);
  if (found == open_.end()) return false;
  Incident incident = std::move(found->second);
  open_.erase(found);
  changes.gone.push_back(incident.id);
  write_crisis_over(incident.alert, crisis, wall);
  changes.pages.push_back({PageKind::close, std::move(incident)});
  return true;
}

// No crisis is on. `closes`: it ends now, and what is down was told of for long enough.
void Incidents::tell_suppressed(const Moment& moment, bool closes, const Calm& calm,
                                IncidentChanges& changes) {
  std::optional<std::set<Key>> well;
  for (auto& [key, incident] : open_) {
    if (!incident.suppressed) continue;
    if (!well) well = calm();
    if (well->contains(key)) continue;
    incident.suppressed = false;
    if (!closes) hold(incident, key, moment);
    changes.kept.push_back(incident);
    if (incident.is_told()) changes.pages.push_back({PageKind::open, incident});
  }
}

}  // namespace itnxt
