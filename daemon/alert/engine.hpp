// Threshold rules over snapshots: inactive → pending → firing → resolved. Pure; one thread.
//
// Unknown is neither good nor bad. A value that is missing (a link whose ends are silent, a stale
// device, a subject that vanished) changes no state: nothing fires on it and nothing resolves on
// it. `for` counts from the first bad value; only a known good value ends it, so it survives values
// that are missing in between, but the alert fires only on an evaluation whose value is known and
// bad. A firing alert resolves on a value beyond its clear threshold, when its rule or subject
// leaves the configuration, or when its subject is gone for good.
//
// A subject that only the snapshot names (interface, capture, collector) is gone, and its alert
// ends, after kGone without a break of
//   interface: its device answers, and does not show it;
//   capture:   its collector is gone, or sends and does not show it;
//   collector: the state let go of it: removed from the configuration, or silent for a day.
// After a restart a collector is absent until it sends, a dead one like one that was taken away: of
// a collector or capture not seen since, absence counts for nothing before kGoneAfterRestart, the
// day after which the state lets go of one that is silent. Another restart begins that day anew.
//
// When it began and ended is what was told of it (Reading::since), which may be before we heard:
// that is what people read. `for`, calm and identity go by when we saw it, so that no time from
// outside fires an alert earlier, ends one earlier, or makes two of them the same. What fires keeps
// its beginning.
//
// Flapping: an alert that fires again within kCalmWindow of its end resolves only after kCalm
// without a bad value, so that a port flapping at 10 Hz costs one more page, not one a second. Both
// survive a restart; only the calm is then counted anew.
//
// Cost: one comparison per subject and rule of its kind; a look-up only where something is bad or
// active. 100,000 healthy interfaces and four rules: see tests/alert/engine_test.cpp.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/reading.hpp"
#include "daemon/alert/texts.hpp"

namespace itnxt {

class Engine {
 public:
  static constexpr Duration kCalmWindow = 5min;
  static constexpr Duration kCalm = 1min;
  static constexpr Duration kGone = 15min;  // longer than a reload or a reboot of a node
  static constexpr Duration kGoneAfterRestart = 24h;

  explicit Engine(const Config& config);

  // Keeps the state of every rule (by name) and subject that stays; what left the configuration is
  // told as resolved by the next evaluate().
  void reconfigure(const Config& config);

  // Takes back what was active before a restart, without a transition; an alert that fires already
  // stays as it is. Times before `wall` count for `for`. What the configuration no longer names is
  // told by the next evaluate().
  void restore(std::vector<ActiveAlert> active, Instant now, WallTime wall);
  // … and what ended within kCalmWindow before it.
  void restore_ended(const std::vector<EndedAlert>& ended, Instant now, WallTime wall);

  // In order: removals, then by rule and subject.
  std::vector<Transition> evaluate(const Snapshot& snapshot, Instant now, WallTime wall);

  // What became of the memory of ended alerts since the last call, to be stored.
  struct Ends {
    std::vector<EndedAlert> begun;  // remember
    std::vector<EndedAlert> over;   // forget; `at` means nothing
  };
  Ends take_ends() { return std::exchange(ends_, {}); }

  // (alert, subject) of those that fire only because their close waits for calm: the last value was
  // good, or none is known since a restart that is less than kCalmWindow ago.
  [[nodiscard]] std::set<std::pair<std::string, std::string>> calm(Instant now) const;

  // Every pending and firing alert, by alert and subject. Valid until the next call.
  [[nodiscard]] std::vector<const ActiveAlert*> active() const;

 private:
  struct Entry {
    ActiveAlert active;
    Instant bad_since;
    std::optional<Instant> clear_since;   // of a flapping alert
    std::optional<Instant> unsure_until;  // … restored, until a value of this life is known
    std::uint64_t seen_in = 0;            // the last round that had it; 0: none in this life
    std::optional<Instant> absent_since;  // and its absence means something
  };
  using Members = std::map<std::string, Entry, std::less<>>;
  struct RuleState {
    Rule rule;
    std::unordered_map<std::string, Members> groups;               // active ones only
    std::map<std::pair<std::string, std::string>, Instant> ended;  // within kCalmWindow
  };
  struct Round;
  struct Subject;

  void evaluate_rule(RuleState& state, Round& round);
  void step(RuleState& state, const Subject& subject, const std::optional<Reading>& reading,
            Round& round);
  static void begin(RuleState& state, const Subject& subject, const Reading& reading, Round& round);
  static void on_bad(RuleState& state, Entry& entry, const Subject& subject, const Reading& reading,
                     Round& round);
  void remember_end(RuleState& state, const Subject& subject, const Round& round);
  void forget_ends(RuleState& state, Instant now);
  static bool may_end(Entry& entry, const Round& round);
  struct Absence {
    Duration gone_after;
    std::string_view reason;  // the duration follows
  };
  static std::optional<Absence> absence(const Entry& entry, const Round& round);
  static bool is_gone(Entry& entry, Round& round);  // then it is told
  static void end_gone(RuleState& state, Round& round);
  [[nodiscard]] bool names(const ActiveAlert& active) const;
  void drop_removed();

  std::vector<RuleState> rules_;
  Ends ends_;
  std::uint64_t rounds_ = 0;
  std::set<std::string, std::less<>> links_, devices_, collectors_;  // named by the configuration
  std::vector<std::pair<ActiveAlert, std::string>> removed_;         // with why
};

}  // namespace itnxt
