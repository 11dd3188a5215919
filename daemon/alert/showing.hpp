// What the Alertmanagers of one channel are to show, and for how long. Pure; one thread.
//
// Alertmanager knows an alert by its labels alone, and of two with equal labels what came last
// counts. So of each label set only the newest incident is said: an older one is over as soon as a
// newer is there, and for Alertmanager the page goes on with that.
// Source: prometheus/alertmanager provider/mem (Put) and types (Alert.Merge), 0.25.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/outbox.hpp"

namespace itnxt {

class Showing {
 public:
  static constexpr Duration kTellEnded = 5min;  // how long an ended alert is sent again

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
  Taken taken(const std::string& incident);

  // What was told long enough.
  std::vector<Over> turn(Instant now);
  [[nodiscard]] std::optional<Instant> next() const;  // when turn() has something

  [[nodiscard]] bool known(const std::string& incident) const { return shown_.contains(incident); }
  // What is to be said of a known incident at `wall`.
  [[nodiscard]] Statement statement(const std::string& incident, WallTime wall) const;

  [[nodiscard]] std::vector<std::string> incidents() const;  // known ones

 private:
  struct Shown {
    Delivery delivery;
    std::optional<Instant> until;  // of an ended one: forgotten then
    bool page_counted = false;     // taken by at least one Alertmanager
    bool close_counted = false;
  };
  using All = std::map<std::string, Shown>;
  [[nodiscard]] static bool is_newer(const Delivery& a, const Delivery& b);
  [[nodiscard]] Over drop(All::iterator one, Progress progress);
  [[nodiscard]] std::optional<Over> supersede(const Delivery& delivery);

  All shown_;                             // by incident
  std::map<Labels, std::string> newest_;  // the incident of a label set
};

}  // namespace itnxt
