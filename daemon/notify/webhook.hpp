// Pages as Alertmanager's webhook sends them (JSON version "4", one alert each), so that receivers
// written for it work unchanged, plus `itnxt: {id, incident, delivery}`. Delivery:
// alert/outbox.hpp.
//
// Headers: Idempotency-Key (the delivery; the same in every attempt, also after a restart) and,
// with a secret, X-Itnxt-Signature: sha256=HEX, the HMAC-SHA256 of the body.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/notify/notifier.hpp"

namespace itnxt {

class WebhookNotifier final : public Notifier {
 public:
  // `start`: name and counts so far.
  WebhookNotifier(WebhookChannel config, NotifierContext context, BoardChannel start);
  void put(const Delivery& delivery) override;
  void stop() override;
  [[nodiscard]] bool busy() const override { return outbox_.in_flight() > 0; }
  [[nodiscard]] BoardChannel board() const override;

 private:
  void pump();
  void send(const Outbox::Attempt& attempt);
  void answered(const std::string& incident, const HttpAnswer& response);

  const WebhookChannel config_;
  const NotifierContext context_;
  BoardChannel counts_;
  Outbox outbox_;
  std::vector<std::string> given_up_;  // not reported yet
  bool stopped_ = false;
  bool failing_ = false;
  std::map<std::string, Registration> calls_;  // by incident
  Timer timer_;
};

// What is posted. `receiver`: the channel's name.
std::string webhook_body(const Outbox::Attempt& attempt, const std::string& receiver,
                         const std::string& external_url);
std::string webhook_signature(const std::string& secret, const std::string& body);

}  // namespace itnxt
