#include "daemon/alert/board.hpp"

#include <algorithm>
#include <tuple>

#include "daemon/alert/engine.hpp"
#include "daemon/alert/incidents.hpp"

namespace itnxt {
namespace {

AlertState state_of(const ActiveAlert& active, const Incidents& incidents) {
  if (active.phase == AlertPhase::pending) return AlertState::pending;
  const auto incident = incidents.open().find({active.alert.alert, active.alert.subject});
  const bool suppressed = incident != incidents.open().end() && incident->second.suppressed;
  return suppressed ? AlertState::suppressed : AlertState::firing;
}

}  // namespace

std::vector<BoardAlert> board_alerts(const Engine& engine, const Incidents& incidents) {
  std::vector<BoardAlert> alerts;
  for (const ActiveAlert* active : engine.active()) {
    alerts.push_back({active->alert, state_of(*active, incidents)});
  }
  if (const Incident* crisis = incidents.crisis()) {
    alerts.push_back({crisis->alert, AlertState::firing});
  }
  std::sort(alerts.begin(), alerts.end(), [](const BoardAlert& a, const BoardAlert& b) {
    return std::tie(a.alert, a.subject) < std::tie(b.alert, b.subject);
  });
  return alerts;
}

bool shows_the_same(const BoardChannel& a, const BoardChannel& b) {
  return a.name == b.name && a.delivered == b.delivered && a.failed == b.failed &&
         a.refused == b.refused && a.waiting == b.waiting;
}

}  // namespace itnxt
