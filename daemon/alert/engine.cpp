#include "daemon/alert/engine.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace itnxt {

// One subject as a rule sees it: names and view stay in the snapshot.
struct Engine::Subject {
  const std::string& group;
  const std::string& member;
  const LinkView* link = nullptr;
  const DeviceView* device = nullptr;
  const InterfaceView* interface = nullptr;
  const CaptureView* capture = nullptr;
  const CollectorView* collector = nullptr;

  [[nodiscard]] bool covered_by(const Rule& rule) const {
    if (rule.where.empty()) return true;
    if (link != nullptr) return matches(rule, *link);
    if (interface != nullptr) return matches(rule, *device, *interface);
    if (device != nullptr) return matches(rule, *device);
    if (capture != nullptr) return matches(rule, *capture);
    return matches(rule, *collector);
  }
  [[nodiscard]] SubjectText text() const {
    if (link != nullptr) return describe(*link);
    if (interface != nullptr) return describe(*device, *interface);
    if (device != nullptr) return describe(*device);
    if (capture != nullptr) return describe(*capture);
    return describe(*collector);
  }
};

struct Engine::Round {
  const Snapshot& snapshot;
  Instant now;
  WallTime wall;
  std::uint64_t number;
  const std::set<std::string, std::less<>>& collectors;
  std::vector<Transition> transitions;
};

namespace {

const CollectorView* find_collector(const Snapshot& snapshot, const std::string& node,
                                    const std::string& name) {
  const auto& all = snapshot.collectors;
  const auto key = [](const CollectorView& c) {
    return std::tie(c.node.text(), c.collector.text());
  };
  const auto wanted = std::tie(node, name);
  const auto at =
      std::lower_bound(all.begin(), all.end(), wanted,
                       [&](const CollectorView& c, const auto& w) { return key(c) < w; });
  return at != all.end() && key(*at) == wanted ? &*at : nullptr;
}

}  // namespace

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
    entry.bad_since = now - std::max(Duration::zero(), wall - one.alert.since);
    Members& members = state->groups[one.group];
    Entry& place = members[one.member];
    if (place.active.phase == AlertPhase::firing) continue;
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

void Engine::remember_end(RuleState& state, const Subject& subject, const Round& round) {
  state.ended[{subject.group, subject.member}] = round.now;
  ends_.begun.push_back(
      {state.rule.alert, state.rule.on, subject.group, subject.member, round.wall});
}

void Engine::forget_ends(RuleState& state, Instant now) {
  std::erase_if(state.ended, [&](const auto& end) {
    if (now - end.second <= kCalmWindow) return false;
    const auto& [group, member] = end.first;
    ends_.over.push_back({state.rule.alert, state.rule.on, group, member, {}});
    return true;
  });
}

std::vector<Transition> Engine::evaluate(const Snapshot& snapshot, Instant now, WallTime wall) {
  Round round{snapshot, now, wall, ++rounds_, collectors_, {}};
  for (auto& [active, reason] : removed_) {
    const bool told = active.phase == AlertPhase::firing;
    write_removed(active.alert, reason, wall);
    round.transitions.push_back(
        {told ? AlertChange::resolved : AlertChange::dropped, std::move(active)});
  }
  removed_.clear();
  for (RuleState& state : rules_) {
    forget_ends(state, now);
    evaluate_rule(state, round);
    if (!state.groups.empty()) end_gone(state, round);
  }
  return std::move(round.transitions);
}

void Engine::evaluate_rule(RuleState& state, Round& round) {
  static const std::string kNone;
  const SubjectMetric metric = state.rule.metric;
  const Snapshot& snapshot = round.snapshot;
  switch (state.rule.on) {
    case SubjectKind::link:
      for (const LinkView& link : snapshot.links) {
        const Subject subject{.group = link.name.text(), .member = kNone, .link = &link};
        step(state, subject, read(link, metric), round);
      }
      return;
    case SubjectKind::device:
      for (const auto& device : snapshot.devices) {
        const Subject subject{
            .group = device->name.text(), .member = kNone, .device = device.get()};
        step(state, subject, read(*device, metric), round);
      }
      return;
    case SubjectKind::interface:
      for (const auto& device : snapshot.devices) {
        for (const InterfaceView& interface : device->interfaces) {
          const Subject subject{.group = device->name.text(),
                                .member = interface.identity->name.text(),
                                .device = device.get(),
                                .interface = &interface};
          step(state, subject, read(interface, metric), round);
        }
      }
      return;
    case SubjectKind::capture:
      for (const CaptureView& capture : snapshot.captures) {
        const Subject subject{.group = capture.node.text(),
                              .member = capture.sample.capture.text(),
                              .capture = &capture};
        step(state, subject, read(capture, metric), round);
      }
      return;
    case SubjectKind::collector:
      for (const CollectorView& collector : snapshot.collectors) {
        const Subject subject{.group = collector.node.text(),
                              .member = collector.collector.text(),
                              .collector = &collector};
        step(state, subject, read(collector, metric, round.now), round);
      }
      return;
  }
}

void Engine::step(RuleState& state, const Subject& subject, const std::optional<Reading>& reading,
                  Round& round) {
  const Evidence evidence = judge(state.rule, reading);
  if (evidence != Evidence::bad && state.groups.empty()) return;  // the usual case, kept cheap
  const double value = reading ? reading->value : 0;
  const auto group = state.groups.find(subject.group);
  const auto none = group == state.groups.end();
  const auto found = none ? Members::iterator{} : group->second.find(subject.member);
  if (none || found == group->second.end()) {
    if (evidence == Evidence::bad && subject.covered_by(state.rule)) {
      begin(state, subject, value, round);
    }
    return;
  }

  Entry& entry = found->second;
  entry.seen_in = round.number;
  entry.absent_since.reset();
  const bool firing = entry.active.phase == AlertPhase::firing;
  if (!subject.covered_by(state.rule)) {
    write_removed(entry.active.alert, "the rule no longer applies to it", round.wall);
  } else if (evidence == Evidence::bad) {
    on_bad(state, entry, subject, value, round);
    return;
  } else if (evidence != Evidence::clear) {
    if (evidence == Evidence::between) entry.clear_since.reset();
    return;
  } else if (!may_end(entry, round)) {
    return;
  } else if (firing) {
    write_resolved(entry.active.alert, state.rule, subject.text(), value, round.wall);
  }
  if (firing) remember_end(state, subject, round);
  round.transitions.push_back(
      {firing ? AlertChange::resolved : AlertChange::dropped, std::move(entry.active)});
  group->second.erase(found);
  if (group->second.empty()) state.groups.erase(group);
}

void Engine::begin(RuleState& state, const Subject& subject, double value, Round& round) {
  Entry entry;
  entry.bad_since = round.now;
  entry.seen_in = round.number;
  entry.active.alert = make_alert(state.rule, subject.text(), round.wall);
  entry.active.kind = state.rule.on;
  entry.active.group = subject.group;
  entry.active.member = subject.member;
  entry.active.configured = subject.collector == nullptr && subject.capture == nullptr
                                ? true
                                : round.collectors.contains(subject.member);
  const auto placed = state.groups[subject.group].emplace(subject.member, std::move(entry)).first;
  if (state.rule.hold > Duration::zero()) {
    write_firing(placed->second.active.alert, state.rule, subject.text(), value, round.wall, false);
    round.transitions.push_back({AlertChange::pending, placed->second.active});
    return;
  }
  on_bad(state, placed->second, subject, value, round);
}

void Engine::on_bad(RuleState& state, Entry& entry, const Subject& subject, double value,
                    Round& round) {
  entry.clear_since.reset();
  if (entry.active.phase == AlertPhase::firing) return;
  if (round.now - entry.bad_since < state.rule.hold) return;
  entry.active.flapping = state.ended.contains({subject.group, subject.member});
  entry.active.phase = AlertPhase::firing;
  // The page says what is true now, not what was when the condition began.
  const WallTime since = entry.active.alert.since;
  entry.active.alert = make_alert(state.rule, subject.text(), since);
  write_firing(entry.active.alert, state.rule, subject.text(), value, round.wall,
               entry.active.flapping);
  round.transitions.push_back({AlertChange::firing, entry.active});
}

bool Engine::may_end(Entry& entry, const Round& round) {
  if (!entry.active.flapping || entry.active.phase == AlertPhase::pending) return true;
  if (!entry.clear_since) entry.clear_since = round.now;
  return round.now - *entry.clear_since >= kCalm;
}

// What it means that this round did not have the subject; absent: nothing.
std::optional<Engine::Absence> Engine::absence(const Entry& entry, const Round& round) {
  const ActiveAlert& active = entry.active;
  switch (active.kind) {
    case SubjectKind::link:
    case SubjectKind::device:
      return std::nullopt;  // the configuration says when they go
    case SubjectKind::interface: {
      const DeviceView* device = find_device(round.snapshot, active.group);
      const bool answers = device != nullptr && device->up && device->polled && device->fresh;
      if (!answers) return std::nullopt;
      return Absence{kGone, "it is gone, its device answers without it for "};
    }
    case SubjectKind::capture: {
      const CollectorView* collector = find_collector(round.snapshot, active.group, active.member);
      if (collector == nullptr) break;
      if (round.now - collector->last_batch_at >= kGone) return std::nullopt;
      return Absence{kGone, "it is gone, its collector sends without it for "};
    }
    case SubjectKind::collector:
      break;
  }
  if (entry.seen_in > 0) {
    return Absence{kGone, "it was removed or silent for a day, and is gone for "};
  }
  return Absence{kGoneAfterRestart, "it is gone, since the restart nothing was heard of it for "};
}

bool Engine::is_gone(Entry& entry, Round& round) {
  if (entry.seen_in == round.number) return false;
  const std::optional<Absence> absent = absence(entry, round);
  if (!absent) {
    entry.absent_since.reset();
    return false;
  }
  if (!entry.absent_since) entry.absent_since = round.now;
  if (round.now - *entry.absent_since < absent->gone_after) return false;
  const bool firing = entry.active.phase == AlertPhase::firing;
  write_removed(entry.active.alert, std::string(absent->reason) + to_text(absent->gone_after),
                round.wall);
  round.transitions.push_back(
      {firing ? AlertChange::resolved : AlertChange::dropped, std::move(entry.active)});
  return true;
}

void Engine::end_gone(RuleState& state, Round& round) {
  for (auto group = state.groups.begin(); group != state.groups.end();) {
    Members& members = group->second;
    for (auto member = members.begin(); member != members.end();) {
      member = is_gone(member->second, round) ? members.erase(member) : std::next(member);
    }
    group = members.empty() ? state.groups.erase(group) : std::next(group);
  }
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
