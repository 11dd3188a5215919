// The values that travel from the engine to the on-call: alerts, their changes, and what one
// channel owes about one incident. Plain data; every string of a device in it was sanitised at
// ingest.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/core/ids.hpp"
#include "daemon/core/subject.hpp"
#include "daemon/core/time.hpp"

namespace itnxt {

using Labels = std::map<std::string, std::string>;

// One alert as people see it. Identity: (alert, subject, first_seen()).
struct Alert {
  std::string alert;    // the rule's name, or kCrisisAlert
  std::string subject;  // "link md-hal-1", unique with `alert`
  AlertSeverity severity = AlertSeverity::warning;
  std::vector<SiteName> sites;  // whom it hits: the sites of the subject, each once
  Labels labels;
  Labels annotations;
  WallTime since;  // when the condition began to hold, as far as it was told
  // When we saw that it holds; absent: then. Two alerts may be of one time, never seen at one.
  std::optional<WallTime> seen{};
  [[nodiscard]] WallTime first_seen() const { return seen.value_or(since); }
  bool operator==(const Alert&) const = default;
};

enum class AlertPhase : std::uint8_t { pending, firing };

// What the engine remembers of one alert that is not inactive.
struct ActiveAlert {
  Alert alert;
  SubjectKind kind = SubjectKind::link;
  std::string group;   // device of an interface, node of a capture or collector, else the name
  std::string member;  // interface, capture or collector; else empty
  AlertPhase phase = AlertPhase::pending;
  bool configured = false;  // the configuration names the subject: it can be removed from there
  bool flapping = false;    // it fired again soon after its end: its close waits for calm
  bool operator==(const ActiveAlert&) const = default;
};

// An alert that ended a moment ago: should it fire again soon, it flaps.
struct EndedAlert {
  std::string alert;  // the rule's name
  SubjectKind kind = SubjectKind::link;
  std::string group, member;  // as in ActiveAlert
  WallTime at;
  bool operator==(const EndedAlert&) const = default;
};

enum class AlertChange : std::uint8_t {
  pending,   // the condition began to hold
  dropped,   // it ceased before `for` was over: nobody is told
  firing,    // it held for `for`
  resolved,  // positive evidence that it is over, or the rule or subject left the configuration
};

// `active` as it is after the change; for dropped and resolved as it last was, with the
// annotations of the end.
struct Transition {
  AlertChange change = AlertChange::pending;
  ActiveAlert active;
  std::optional<WallTime> ended{};  // resolved: when, as it was told; absent: now
};

// One alert that began and is or was told to people.
struct Incident {
  std::string id;  // 16 hex digits, the same after a restart
  Alert alert;
  bool suppressed = false;               // listed in the crisis page instead of its own
  std::optional<WallTime> held_until{};  // its page waits: a crisis that follows at once folds it
  [[nodiscard]] bool is_told() const { return !suppressed && !held_until; }
  bool operator==(const Incident&) const = default;
};

// What one channel owes its receiver about one incident: the page, then its close.
struct Delivery {
  std::string incident;  // Incident::id
  ChannelName channel;
  Alert page;
  bool page_delivered = false;
  std::optional<Alert> close;  // the alert as it ended; absent while it fires
  std::optional<WallTime> ended;
  // The page was delivered only after the end, to a receiver that shows a state: as firing until
  // then (showing.hpp).
  std::optional<WallTime> shown_until{};
  bool operator==(const Delivery&) const = default;
};

enum class DeliveryStep : std::uint8_t { page, close };

// The stable hash as 16 hex digits.
std::string stable_id(std::string_view text);

}  // namespace itnxt
