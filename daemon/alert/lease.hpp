// When one Alertmanager is told what it must know (showing.hpp): every firing alert under a lease
// that never expires, every ended one for a while. Alertmanager keeps no alerts over a restart, so
// all of it is sent again every 30 s; one queue per Alertmanager, so that a hung one delays no
// other. Pure; one thread.
//
// A change is sent at once, by itself. A failure backs off (1 s … 30 s) and then sends everything.
// A batch refused with 400 is halved until the alert that it is about stands alone; that one is not
// sent again until its text changes. Source: prometheus/alertmanager docs/alerts_api.md.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/outbox.hpp"

namespace itnxt {

class LeaseQueue {
 public:
  static constexpr Duration kResend = 30s;
  static constexpr Duration kLease = 4min;      // endsAt of a firing alert: now + kLease
  static constexpr Duration kMaxBackOff = 30s;  // visible within 35 s of its return
  static constexpr std::size_t kMaxBatch = 64;
  static_assert(kLease > 3 * (kResend + kMaxBackOff), "a lease must outlive two lost rounds");

  struct Settled {
    std::vector<std::string> first_accepted;  // incidents whose page or close it took just now
    std::optional<std::string> refused;       // the one alert it does not want
    std::uint32_t failures = 0;               // in a row; 0 after a success
    Duration retry_in{};                      // when failures > 0
  };

  // `jitter_of`: tells this queue from others, e.g. its URL.
  explicit LeaseQueue(std::string jitter_of) : jitter_of_(std::move(jitter_of)) {}

  void changed(const std::string& incident, Instant now);
  void forget(const std::string& incident);

  // The next batch to send, empty when nothing is due or one is in flight.
  std::vector<std::string> due(Instant now);
  // `kind` refused: the receiver says that the batch itself is wrong (400).
  Settled settle(const Answer& answer, Instant now);

  [[nodiscard]] std::optional<Instant> next() const;
  [[nodiscard]] bool in_flight() const { return !flying_.empty(); }
  // Whether it took this incident as it is now.
  [[nodiscard]] bool accepted(const std::string& incident) const;

 private:
  struct Known {
    bool accepted = false;
    bool refused = false;
  };
  void plan(const std::set<std::string>& incidents);

  std::string jitter_of_;
  std::map<std::string, Known> known_;
  std::set<std::string> changed_;                 // to be sent before the next round
  std::deque<std::vector<std::string>> batches_;  // planned
  std::vector<std::string> flying_;
  Instant next_round_ = Instant::min();
  Instant held_until_ = Instant::min();
  std::uint32_t failures_ = 0;
};

}  // namespace itnxt
