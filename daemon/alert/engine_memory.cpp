// What the engine keeps from one configuration, and from one life, to the next.
#include <algorithm>
#include <tuple>
#include <utility>

#include "daemon/alert/engine.hpp"

namespace itnxt {

Engine::Engine(const Config& config) {
  reconfigure(config);
}

void Engine::reconfigure(const Config& config) {
  links_.clear();
  devices_.clear();
  collectors_.clear();
  for (const Link& link : config.inventory.links) links_.insert(link.name.text());
  for (const Device& device : config.inventory.devices) devices_.insert(device.name.text());
  for (const CollectorConfig& c : config.collectors) collectors_.insert(name_of(c).text());

  std::vector<RuleState> next;
  next.reserve(config.rules.size());
  for (const Rule& rule : config.rules) {
    const auto old = std::find_if(rules_.begin(), rules_.end(), [&](const RuleState& state) {
      return state.rule.alert == rule.alert && state.rule.on == rule.on;
    });
    RuleState state = old == rules_.end() ? RuleState{} : std::move(*old);
    if (old != rules_.end()) rules_.erase(old);
    state.rule = rule;
    next.push_back(std::move(state));
  }
  for (RuleState& gone : rules_) {
    for (const auto& [subject, at] : gone.ended) {
      ends_.over.push_back({gone.rule.alert, gone.rule.on, subject.first, subject.second, {}});
    }
    for (auto& [group, members] : gone.groups) {
      for (auto& [member, entry] : members) {
        removed_.emplace_back(std::move(entry.active),
                              "its rule was removed from the configuration");
      }
    }
  }
  rules_ = std::move(next);
  drop_removed();
}

bool Engine::names(const ActiveAlert& active) const {
  switch (active.kind) {
    case SubjectKind::link:
      return links_.contains(active.group);
    case SubjectKind::device:
    case SubjectKind::interface:
      return devices_.contains(active.group);
    case SubjectKind::capture:
    case SubjectKind::collector:
      // A node's own file may name collectors that this one does not: only what was named here
      // can be removed here.
      return !active.configured || collectors_.contains(active.member);
  }
  return true;
}

void Engine::drop_removed() {
  for (RuleState& state : rules_) {
    for (auto group = state.groups.begin(); group != state.groups.end();) {
      Members& members = group->second;
      for (auto member = members.begin(); member != members.end();) {
        ActiveAlert& active = member->second.active;
        if (names(active)) {
          ++member;
          continue;
        }
        removed_.emplace_back(std::move(active), "it was removed from the configuration");
        member = members.erase(member);
      }
      group = members.empty() ? state.groups.erase(group) : std::next(group);
    }
  }
}

void Engine::restore(std::vector<ActiveAlert> active, Instant now, WallTime wall) {
  for (ActiveAlert& one : active) {
    const auto state = std::find_if(rules_.begin(), rules_.end(), [&](const RuleState& s) {
      return s.rule.alert == one.alert.alert && s.rule.on == one.kind;
    });
    if (state == rules_.end()) {
      removed_.emplace_back(std::move(one), "its rule was removed from the configuration");
      continue;
    }
    Entry entry;
    entry.bad_since = now - std::max(Duration::zero(), wall - one.alert.first_seen());
    Members& members = state->groups[one.group];
    Entry& place = members[one.member];
    if (place.active.phase == AlertPhase::firing) continue;
    if (one.flapping && one.phase == AlertPhase::firing) entry.unsure_until = now + kCalmWindow;
    entry.active = std::move(one);
    place = std::move(entry);
  }
  drop_removed();
}

void Engine::restore_ended(const std::vector<EndedAlert>& ended, Instant now, WallTime wall) {
  for (const EndedAlert& one : ended) {
    const auto state = std::find_if(rules_.begin(), rules_.end(), [&](const RuleState& s) {
      return s.rule.alert == one.alert && s.rule.on == one.kind;
    });
    if (state == rules_.end()) {
      ends_.over.push_back(one);
      continue;
    }
    // Ended again in this life: that is the later one.
    state->ended.try_emplace({one.group, one.member},
                             now - std::max(Duration::zero(), wall - one.at));
  }
}

std::set<std::pair<std::string, std::string>> Engine::calm(Instant now) const {
  std::set<std::pair<std::string, std::string>> calm;
  for (const RuleState& state : rules_) {
    for (const auto& [group, members] : state.groups) {
      for (const auto& [member, entry] : members) {
        const ActiveAlert& active = entry.active;
        if (!active.flapping || active.phase != AlertPhase::firing) continue;
        const bool unsure = entry.unsure_until && now < *entry.unsure_until;
        if (entry.clear_since || unsure) calm.emplace(active.alert.alert, active.alert.subject);
      }
    }
  }
  return calm;
}

std::vector<const ActiveAlert*> Engine::active() const {
  std::vector<const ActiveAlert*> all;
  for (const RuleState& state : rules_) {
    for (const auto& [group, members] : state.groups) {
      for (const auto& [member, entry] : members) all.push_back(&entry.active);
    }
  }
  std::sort(all.begin(), all.end(), [](const ActiveAlert* a, const ActiveAlert* b) {
    return std::tie(a->alert.alert, a->alert.subject) < std::tie(b->alert.alert, b->alert.subject);
  });
  return all;
}

}  // namespace itnxt
