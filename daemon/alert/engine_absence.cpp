// Subjects that a round does not have: gone for good, or only not seen.
#include <algorithm>
#include <tuple>
#include <utility>

#include "daemon/alert/engine_round.hpp"

namespace itnxt {
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

}  // namespace itnxt
