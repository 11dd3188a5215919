#include "daemon/notify/webhook.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/notify/http_answer.hpp"

namespace itnxt {
namespace {

using Json = nlohmann::ordered_json;

std::string label(const Labels& labels, const std::string& key) {
  const auto found = labels.find(key);
  return found == labels.end() ? std::string() : found->second;
}

// As Prometheus and Alertmanager fingerprint a label set, so that theirs and ours are the same.
std::string fingerprint(const Labels& labels) {
  std::string all;
  for (const auto& [key, value] : labels) {
    all.append(key).push_back('\xFF');
    all.append(value).push_back('\xFF');
  }
  return stable_id(all);
}

}  // namespace

std::string webhook_body(const Outbox::Attempt& attempt, const std::string& receiver,
                         const std::string& external_url) {
  const bool ended = attempt.step == DeliveryStep::close;
  const Alert& alert = attempt.alert;
  const char* status = ended ? "resolved" : "firing";
  const Json group = {{"alertname", label(alert.labels, "alertname")},
                      {"subject", label(alert.labels, "subject")}};
  const WallTime until = std::max(attempt.ended.value_or(alert.since), alert.since);
  const Json one = {{"status", status},
                    {"labels", labels_json<Json>(alert.labels)},
                    {"annotations", labels_json<Json>(alert.annotations)},
                    {"startsAt", to_rfc3339(alert.since)},
                    {"endsAt", ended ? to_rfc3339(until) : "0001-01-01T00:00:00Z"},
                    {"generatorURL", external_url},
                    {"fingerprint", fingerprint(alert.labels)}};
  const Json message = {{"version", "4"},
                        {"groupKey", "{}:" + json_text(group)},
                        {"truncatedAlerts", 0},
                        {"status", status},
                        {"receiver", receiver},
                        {"groupLabels", group},
                        {"commonLabels", labels_json<Json>(alert.labels)},
                        {"commonAnnotations", labels_json<Json>(alert.annotations)},
                        {"externalURL", external_url},
                        {"alerts", Json::array({one})},
                        {"itnxt",
                         {{"id", attempt.incident + (ended ? "-close" : "-page")},
                          {"incident", attempt.incident},
                          {"delivery", attempt.id}}}};
  return json_text(message);
}

std::string webhook_signature(const std::string& secret, const std::string& body) {
  const auto bytes = [](const std::string& text) {
    return std::vector<unsigned char>(text.begin(), text.end());
  };
  static const int ready = sodium_init();  // picks the fastest code; the slow one is right too
  (void)ready;
  const auto key = bytes(secret);
  const auto data = bytes(body);
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  crypto_auth_hmacsha256_update(&state, data.data(), data.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  std::array<char, crypto_auth_hmacsha256_BYTES * 2 + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), mac.data(), mac.size());
  return std::string("sha256=") + hex.data();
}

WebhookNotifier::WebhookNotifier(WebhookChannel config, NotifierContext context, BoardChannel start)
    : config_(std::move(config)), context_(std::move(context)), counts_(std::move(start)) {}

void WebhookNotifier::put(const Delivery& delivery) {
  for (std::string& incident : outbox_.put(delivery, context_.loop.now())) {
    ++counts_.refused;
    context_.log.error("a page was given up: the channel owes more than fits",
                       {{"channel", counts_.name.text()}, {"incident", incident}});
    given_up_.push_back(std::move(incident));
  }
  // Never from within put(): the owner may be in the middle of something.
  timer_ = context_.loop.after(Duration::zero(), [this] { pump(); });
}

void WebhookNotifier::stop() {
  stopped_ = true;
  timer_.cancel();
}

void WebhookNotifier::pump() {
  if (stopped_) return;
  for (const std::string& incident : std::exchange(given_up_, {})) {
    context_.report(incident, Progress::given_up);
  }
  const Instant now = context_.loop.now();
  for (const Outbox::Attempt& attempt : outbox_.due(now)) send(attempt);
  const auto next = outbox_.next();
  timer_ = next ? context_.loop.after(std::max(Duration::zero(), *next - now), [this] { pump(); })
                : Timer();
}

void WebhookNotifier::send(const Outbox::Attempt& attempt) {
  HttpRequest request;
  request.url = config_.url;
  request.body = webhook_body(attempt, counts_.name.text(), context_.external_url);
  request.headers = {{"Content-Type", "application/json"},
                     {"User-Agent", "itnxt"},
                     {"Idempotency-Key", attempt.id}};
  if (config_.secret.source() != Secret::Source::none) {
    request.headers.emplace_back("X-Itnxt-Signature",
                                 webhook_signature(config_.secret.reveal(), request.body));
  }
  calls_[attempt.incident] = context_.http.post(
      std::move(request), [this, incident = attempt.incident](const HttpAnswer& response) {
        answered(incident, response);
      });
}

void WebhookNotifier::answered(const std::string& incident, const HttpAnswer& response) {
  const Registration ended = std::move(calls_[incident]);
  calls_.erase(incident);
  const Answer answer = answer_of(response);
  const Outbox::Settled settled = outbox_.settle(incident, answer, context_.loop.now());
  const std::string step = settled.step == DeliveryStep::page ? "page" : "close";
  const std::string channel = counts_.name.text();
  switch (answer.kind) {
    case Answer::Kind::delivered:
      ++counts_.delivered;
      counts_.last_seconds = seconds(response.took);
      if (failing_) context_.log.notice("the channel delivers again", {{"channel", channel}});
      failing_ = false;
      break;
    case Answer::Kind::retry:
      ++counts_.failed;
      if (!failing_) {
        context_.log.warning("the channel does not deliver; it is tried again until it does",
                             {{"channel", channel},
                              {"receiver", origin_of(config_.url)},
                              {"problem", answer.problem},
                              {"incident", incident}});
      }
      failing_ = true;
      break;
    case Answer::Kind::refused:
      ++counts_.refused;
      context_.log.error("the receiver refused a message; it is not sent again",
                         {{"channel", channel},
                          {"receiver", origin_of(config_.url)},
                          {"problem", answer.problem},
                          {"incident", incident},
                          {"step", step}});
      break;
  }
  if (settled.progress != Progress::none) context_.report(incident, settled.progress);
  pump();
}

BoardChannel WebhookNotifier::board() const {
  BoardChannel board = counts_;
  board.waiting = outbox_.waiting();
  return board;
}

}  // namespace itnxt
