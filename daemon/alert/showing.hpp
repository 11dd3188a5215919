// What the Alertmanagers of one channel are to show, and for how long. Pure; one thread.
//
// Alertmanager knows an alert by its labels alone, and of two with equal labels what came last
// counts. So of each label set only the newest incident is said: an older one is over as soon as a
// newer is there, and for Alertmanager the page goes on with that.
//
// It notifies nobody of an alert that comes as ended. One that ended before any Alertmanager of the
// channel took its page is shown as firing first, with a text that says that it is over, for
// kShowLate after one took it, longer than the usual group_wait of 30 s; then it is ended. So it is
// after a restart too (Delivery::shown_until). The Alertmanagers of a channel are one cluster: what
// one of them took is delivered.
//
// A close is told until one took it, and kTellEnded longer, since Alertmanager keeps no alerts over
// a restart. What was refused is forgotten after kTellEnded.
//
// Bound: kMaxOwed incidents that ended and of which nobody took the close; beyond it the oldest is
// given up.
// Source: prometheus/alertmanager provider/mem (Put) and types (Alert.Merge), 0.25.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/outbox.hpp"

namespace itnxt {

class Showing {
 public:
  static constexpr Duration kShowLate = 1min;
  static constexpr Duration kTellEnded = 5min;
  static constexpr std::size_t kMaxOwed = 10'000;

  struct Statement {
    Alert alert;
    WallTime starts_at, ends_at;
  };
  // An incident that is said no more. To be taken from the queues and reported.
  struct Over {
    std::string incident;
    Progress progress = Progress::closed;
    bool counts = false;  // as a message delivered: its page was taken, its close is superseded
  };

  // A delivery that is new, restored or changed. It is to be sent if it is known() then.
  std::vector<Over> put(const Delivery& delivery, Instant now, WallTime wall);

  // An Alertmanager took the incident as it is now. True: the first one that did.
  struct Taken {
    bool first = false;
    Progress progress = Progress::none;  // to be reported
  };
  Taken taken(const std::string& incident, Instant now);
  // An Alertmanager does not want the incident as it is now.
  void refused(const std::string& incident, Instant now);

  // What became due: incidents that were shown long enough, as they are or at all.
  struct Turned {
    std::vector<std::string> changed;  // to be sent as they are now
    std::vector<Over> over;
  };
  Turned turn(Instant now);
  [[nodiscard]] std::optional<Instant> next() const;  // when turn() has something

  [[nodiscard]] bool known(const std::string& incident) const { return shown_.contains(incident); }
  // What is to be said of a known incident at `wall`.
  [[nodiscard]] Statement statement(const std::string& incident, WallTime wall) const;

  [[nodiscard]] std::vector<std::string> incidents() const;  // known ones

 private:
  enum class Form : std::uint8_t { firing, late, ended };
  struct Shown {
    Delivery delivery;  // page_delivered: also as of this life
    Form form = Form::firing;
    std::optional<Instant> until;  // late: ended then; ended, or refused: forgotten then
    bool page_counted = false;     // taken by at least one Alertmanager, in this life
    bool close_counted = false;
  };
  using All = std::map<std::string, Shown>;
  [[nodiscard]] static bool is_newer(const Delivery& a, const Delivery& b);
  static void end(Shown& shown, Instant now, WallTime wall);
  [[nodiscard]] Over drop(All::iterator one, Progress progress);
  [[nodiscard]] std::optional<Over> supersede(const Delivery& delivery);

  std::vector<Over> make_room();

  std::set<std::pair<WallTime, std::string>> owed_;  // ended, and no close taken; oldest first
  All shown_;                                        // by incident
  std::map<Labels, std::string> newest_;             // the incident of a label set
};

}  // namespace itnxt
