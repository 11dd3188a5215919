// What people see of alerts: the same values feed /metrics, /api/v1/alerts and itnxtctl.
// Immutable once published.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/ids.hpp"
#include "daemon/core/time.hpp"

namespace itnxt {

// suppressed: firing, and told in a parent's page instead of its own.
enum class AlertState : std::uint8_t { pending, firing, suppressed };
inline constexpr std::array<std::string_view, 3> kAlertStateNames = {"pending", "firing",
                                                                     "suppressed"};
constexpr std::string_view name(AlertState s) {
  return kAlertStateNames[static_cast<std::size_t>(s)];
}

enum class CrisisState : std::uint8_t { normal, watch, crisis, recovery };
inline constexpr std::array<std::string_view, 4> kCrisisStateNames = {"normal", "watch", "crisis",
                                                                      "recovery"};

struct BoardAlert : Alert {
  AlertState state = AlertState::pending;
};

struct BoardChannel {
  ChannelName name;
  std::uint64_t delivered = 0;  // itnxt_notifications_total{result="ok"}
  std::uint64_t failed = 0;     // attempts that failed; each is tried again
  std::uint64_t refused = 0;    // given up: the receiver said it never wants it (400, 413, 422)
  std::uint64_t waiting = 0;    // in the outbox now
  double last_seconds = 0;      // of the last delivery
};

struct BoardRule {
  std::string alert;
  AlertSeverity severity = AlertSeverity::warning;
};

struct Board {
  std::vector<BoardRule> rules;    // every configured rule, so that a count of 0 is exposed too
  std::vector<BoardAlert> alerts;  // active ones, by alert and subject
  std::vector<BoardChannel> channels;
  CrisisState crisis = CrisisState::normal;
  std::vector<SiteName> crisis_sites;  // told of in the crisis page
  std::string
      storage_problem;  // state directory cannot be written: what and where; empty when fine
  std::string journal_problem;  // the same of the journal of events
};

// What is active, the crisis included, by alert and subject.
class Engine;
class Incidents;
std::vector<BoardAlert> board_alerts(const Engine& engine, const Incidents& incidents);

// The same but for how long the last delivery took.
bool shows_the_same(const BoardChannel& a, const BoardChannel& b);

}  // namespace itnxt
