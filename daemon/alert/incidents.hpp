// From alerts and crisis to pages. Pure; one thread.
//
// While a crisis is on, an alert that begins at one of its sites is suppressed: listed in the
// crisis page, not paged. What was paged before stays paged and gets its own close. When the crisis
// closes, a suppressed alert that still fires is paged; one that ended meanwhile sends nothing, and
// one that is well and only waits for calm (Engine::calm) stays suppressed until it ends, or fails
// again and is paged then.
//
// While none is on, the page of an alert at a site that would count for one is held for a moment
// (crisis.hold): a crisis declared meanwhile suppresses it, as if it had begun within. Without one
// it is opened when the hold is over, or, if its alert ends before, opened and closed: who is on
// call must know that it happened.
//
// Invariant: for each incident at most one open and, when it was opened, exactly one close; no
// subject is opened twice without a close between.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/crisis.hpp"

namespace itnxt {

enum class PageKind : std::uint8_t {
  open,
  update,  // the text changed: for receivers that show a state, no new page
  close,
};
struct PageEvent {
  PageKind kind = PageKind::open;
  Incident incident;                // of a close: the alert as it ended
  std::optional<WallTime> ended{};  // of a close: when; absent: now
};

struct IncidentChanges {
  std::vector<PageEvent> pages;
  std::vector<Incident> kept;     // new or changed: store
  std::vector<std::string> gone;  // ids: forget
};

class Incidents {
 public:
  // Takes over incidents of before a restart. `firing`: the alerts that the engine then has. An
  // incident whose alert no longer fires is closed, an alert without an incident is opened, by the
  // next update(): a state file that lost a part neither loses a page nor a close.
  // Of two incidents of one (alert, subject) one stays: the one known already where people were
  // `told` of it, else the restored one.
  struct Merged {
    std::vector<Incident> outlived;   // restored, with a newer one that people were told of
    std::vector<std::string> unsaid;  // ids known before that nobody was told of: forget them
  };
  using Told = std::function<bool(const std::string& incident)>;
  // What was held waits for the rest of its hold, kMaxHold at most whatever the clock did.
  static constexpr Duration kMaxHold = 1min;
  Merged restore(std::vector<Incident> older, const std::vector<const ActiveAlert*>& active,
                 const Told& told, Instant now, WallTime wall);

  using Key = std::pair<std::string, std::string>;  // alert, subject
  using Calm = std::function<std::set<Key>()>;      // Engine::calm(), asked for only at need
  IncidentChanges update(
      const std::vector<Transition>& transitions, const CrisisVerdict& crisis, Instant now,
      WallTime wall, const Calm& calm = [] { return std::set<Key>(); });
  // Opens the pages whose hold is over; update() does that too.
  IncidentChanges release(Instant now);
  // When release() has something; absent: nothing is held.
  [[nodiscard]] std::optional<Instant> next_release() const;

  using Open = std::map<Key, Incident>;
  [[nodiscard]] const Open& open() const { return open_; }
  [[nodiscard]] const Incident* crisis() const;  // the one of kCrisisAlert; none: nullptr

 private:
  struct Moment {
    const CrisisVerdict& crisis;
    Instant now;
    WallTime wall;
  };
  void begin(const Alert& alert, const Moment& moment, IncidentChanges& changes);
  void settle_held(const CrisisVerdict& crisis, IncidentChanges& changes);
  void open_held(Incident& incident, IncidentChanges& changes);
  void release(Instant now, IncidentChanges& changes);
  void end(const Alert& alert, std::optional<WallTime> ended, IncidentChanges& changes);
  void tell_crisis(const CrisisVerdict& crisis, IncidentChanges& changes);
  bool close_crisis(const CrisisVerdict& crisis, WallTime wall, IncidentChanges& changes);
  void tell_suppressed(const Moment& moment, bool closes, const Calm& calm,
                       IncidentChanges& changes);
  void hold(Incident& incident, const Key& key, const Moment& moment);

  Open open_;
  std::map<Key, Instant> held_;                  // until when
  std::vector<std::pair<bool, Alert>> repairs_;  // begins?, alert
};

}  // namespace itnxt
