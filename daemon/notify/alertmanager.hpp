// Alerts to Alertmanager, POST /api/v2/alerts: every firing alert under a lease, to every URL by a
// queue of its own (alert/lease.hpp); what of it, alert/showing.hpp decides. Source:
// prometheus/alertmanager docs/alerts_api.md; tried against 0.25.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/alert/lease.hpp"
#include "daemon/alert/showing.hpp"
#include "daemon/notify/notifier.hpp"

namespace itnxt {

class AlertmanagerNotifier final : public Notifier {
 public:
  AlertmanagerNotifier(AlertmanagerChannel config, NotifierContext context, BoardChannel start);
  void put(const Delivery& delivery) override;
  void stop() override;
  [[nodiscard]] bool busy() const override;
  [[nodiscard]] BoardChannel board() const override;

 private:
  struct Peer {
    std::string url;
    LeaseQueue queue;
    Registration call;
    bool failing = false;
  };
  void pump();
  void let_go(Showing::Over over);
  void pump_peer(std::size_t at, Instant now);
  void answered(std::size_t at, const HttpAnswer& response);
  void count(const LeaseQueue::Settled& settled);
  void log_outcome(Peer& peer, const Answer& answer, const LeaseQueue::Settled& settled) const;
  void arm(Instant now);

  const NotifierContext context_;
  BoardChannel counts_;
  Showing showing_;
  std::vector<Showing::Over> over_;  // to be reported, never from within put()
  std::vector<Peer> peers_;
  mutable std::optional<std::uint64_t> waiting_;  // counted anew after a change only
  bool stopped_ = false;
  Timer timer_;
};

// The JSON array of the API.
std::string alertmanager_body(const std::vector<Showing::Statement>& statements,
                              const std::string& external_url);

}  // namespace itnxt
