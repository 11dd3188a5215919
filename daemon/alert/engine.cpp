#include "daemon/alert/engine.hpp"

#include <utility>

#include "daemon/alert/engine_round.hpp"

namespace itnxt {

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
  const auto group = state.groups.find(subject.group);
  const auto none = group == state.groups.end();
  const auto found = none ? Members::iterator{} : group->second.find(subject.member);
  if (none || found == group->second.end()) {
    if (evidence == Evidence::bad && subject.covered_by(state.rule)) {
      begin(state, subject, *reading, round);
    }
    return;
  }

  Entry& entry = found->second;
  entry.seen_in = round.number;
  entry.absent_since.reset();
  const bool firing = entry.active.phase == AlertPhase::firing;
  std::optional<WallTime> ended;
  if (!subject.covered_by(state.rule)) {
    write_removed(entry.active.alert, "the rule no longer applies to it", round.wall);
  } else if (evidence == Evidence::bad) {
    on_bad(state, entry, subject, *reading, round);
    return;
  } else if (evidence != Evidence::clear) {
    if (evidence == Evidence::between) {
      entry.clear_since.reset();
      entry.unsure_until.reset();
    }
    return;
  } else if (!may_end(entry, round)) {
    return;
  } else if (firing) {
    ended = std::max(entry.active.alert.since, round.time_of(*reading));
    write_resolved(entry.active.alert, state.rule, subject.text(), reading->value, *ended);
  }
  if (firing) remember_end(state, subject, round);
  round.transitions.push_back(
      {firing ? AlertChange::resolved : AlertChange::dropped, std::move(entry.active), ended});
  group->second.erase(found);
  if (group->second.empty()) state.groups.erase(group);
}

void Engine::begin(RuleState& state, const Subject& subject, const Reading& reading, Round& round) {
  Entry entry;
  entry.bad_since = round.now;
  entry.seen_in = round.number;
  const WallTime since = round.time_of(reading);
  entry.active.alert = make_alert(state.rule, subject.text(), since);
  if (since != round.wall) entry.active.alert.seen = round.wall;
  entry.active.kind = state.rule.on;
  entry.active.group = subject.group;
  entry.active.member = subject.member;
  entry.active.configured = subject.collector == nullptr && subject.capture == nullptr
                                ? true
                                : round.collectors.contains(subject.member);
  const auto placed = state.groups[subject.group].emplace(subject.member, std::move(entry)).first;
  if (state.rule.hold > Duration::zero()) {
    write_firing(placed->second.active.alert, state.rule, subject.text(), reading.value, round.wall,
                 false);
    round.transitions.push_back({AlertChange::pending, placed->second.active});
    return;
  }
  on_bad(state, placed->second, subject, reading, round);
}

void Engine::on_bad(RuleState& state, Entry& entry, const Subject& subject, const Reading& reading,
                    Round& round) {
  entry.clear_since.reset();
  entry.unsure_until.reset();
  if (entry.active.phase == AlertPhase::firing) return;
  if (round.now - entry.bad_since < state.rule.hold) return;
  entry.active.flapping = state.ended.contains({subject.group, subject.member});
  entry.active.phase = AlertPhase::firing;
  // The page says what is true now, not what was when the condition began.
  Alert& alert = entry.active.alert;
  const WallTime seen = alert.first_seen();
  alert = make_alert(state.rule, subject.text(), std::min(alert.since, round.time_of(reading)));
  if (alert.since != seen) alert.seen = seen;
  write_firing(alert, state.rule, subject.text(), reading.value, round.wall, entry.active.flapping);
  round.transitions.push_back({AlertChange::firing, entry.active});
}

bool Engine::may_end(Entry& entry, const Round& round) {
  if (!entry.active.flapping || entry.active.phase == AlertPhase::pending) return true;
  if (!entry.clear_since) entry.clear_since = round.now;
  return round.now - *entry.clear_since >= kCalm;
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

}  // namespace itnxt
