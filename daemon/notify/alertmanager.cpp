#include "daemon/notify/alertmanager.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/notify/http_answer.hpp"

namespace itnxt {

std::string alertmanager_body(const std::vector<const Delivery*>& deliveries, WallTime wall,
                              const std::string& external_url) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const Delivery* delivery : deliveries) {
    const Alert& alert = delivery->close ? *delivery->close : delivery->page;
    // The wall clock may have stepped back since: a start in the future, or an end before the
    // start, is refused.
    const WallTime start = std::min(alert.since, wall);
    const WallTime end = delivery->close ? std::clamp(delivery->ended.value_or(wall), start, wall)
                                         : wall + LeaseQueue::kLease;
    Json one = {{"labels", labels_json<Json>(alert.labels)},
                {"annotations", labels_json<Json>(alert.annotations)},
                {"startsAt", to_rfc3339(start)},
                {"endsAt", to_rfc3339(end)}};
    if (!external_url.empty()) one["generatorURL"] = external_url;
    list.push_back(std::move(one));
  }
  return json_text(list);
}

AlertmanagerNotifier::AlertmanagerNotifier(AlertmanagerChannel config, NotifierContext context,
                                           BoardChannel start)
    : context_(std::move(context)), counts_(std::move(start)) {
  for (std::string& url : config.urls) {
    while (!url.empty() && url.back() == '/') url.pop_back();
    const std::string jitter_of = url;
    peers_.push_back({url + "/api/v2/alerts", LeaseQueue(jitter_of), {}, false});
  }
}

void AlertmanagerNotifier::put(const Delivery& delivery) {
  const Instant now = context_.loop.now();
  waiting_.reset();
  Shown& shown = shown_[delivery.incident];
  shown.delivery = delivery;
  if (delivery.close && !shown.expires) {
    const Duration gone = context_.loop.wall_now() - delivery.ended.value_or(WallTime());
    shown.expires =
        now + LeaseQueue::kTellEnded - std::clamp(gone, Duration::zero(), LeaseQueue::kTellEnded);
  }
  for (Peer& peer : peers_) {
    peer.queue.changed(delivery.incident, delivery.close.has_value(), now);
  }
  timer_ = context_.loop.after(Duration::zero(), [this] { pump(); });
}

void AlertmanagerNotifier::stop() {
  stopped_ = true;
  timer_.cancel();
}

bool AlertmanagerNotifier::busy() const {
  return std::any_of(peers_.begin(), peers_.end(),
                     [](const Peer& peer) { return peer.queue.in_flight(); });
}

void AlertmanagerNotifier::pump() {
  if (stopped_) return;
  const Instant now = context_.loop.now();
  for (std::size_t at = 0; at < peers_.size(); ++at) pump_peer(at, now);
  expire(now);
  arm(now);
}

void AlertmanagerNotifier::pump_peer(std::size_t at, Instant now) {
  Peer& peer = peers_[at];
  if (stopped_ || peer.queue.in_flight()) return;
  std::vector<const Delivery*> batch;
  for (const std::string& incident : peer.queue.due(now)) {
    const auto found = shown_.find(incident);
    if (found != shown_.end()) batch.push_back(&found->second.delivery);
  }
  if (batch.empty()) return;
  HttpRequest request;
  request.url = peer.url;
  request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "itnxt"}};
  request.body = alertmanager_body(batch, context_.loop.wall_now(), context_.external_url);
  peer.call = context_.http.post(
      std::move(request), [this, at](const HttpAnswer& response) { answered(at, response); });
}

void AlertmanagerNotifier::expire(Instant now) {
  std::vector<std::string> over;
  for (const auto& [incident, shown] : shown_) {
    if (shown.expires && *shown.expires <= now) over.push_back(incident);
  }
  for (const std::string& incident : over) {
    waiting_.reset();
    shown_.erase(incident);
    for (Peer& peer : peers_) peer.queue.forget(incident);
    context_.report(incident, Progress::closed);
  }
}

void AlertmanagerNotifier::arm(Instant now) {
  std::optional<Instant> next;
  const auto consider = [&](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const Peer& peer : peers_) consider(peer.queue.next());
  for (const auto& [incident, shown] : shown_) consider(shown.expires);
  timer_ =
      next ? context_.loop.after(*next > now ? *next - now : Duration::zero(), [this] { pump(); })
           : Timer();
}

void AlertmanagerNotifier::answered(std::size_t at, const HttpAnswer& response) {
  waiting_.reset();
  Peer& peer = peers_[at];
  const Registration ended = std::move(peer.call);
  const Answer answer = answer_of(response);
  const LeaseQueue::Settled settled = peer.queue.settle(answer, context_.loop.now());
  if (answer.kind == Answer::Kind::retry) ++counts_.failed;
  if (answer.kind == Answer::Kind::delivered) counts_.last_seconds = seconds(response.took);
  log_outcome(peer, answer, settled);
  count(settled);
  pump();
}

void AlertmanagerNotifier::count(const LeaseQueue::Settled& settled) {
  if (settled.refused) ++counts_.refused;
  for (const std::string& incident : settled.first_accepted) {
    const auto found = shown_.find(incident);
    if (found == shown_.end()) continue;
    Shown& shown = found->second;
    bool& counted = shown.delivery.close ? shown.close_counted : shown.page_counted;
    if (!counted) ++counts_.delivered;
    const bool is_page = !counted && !shown.delivery.close;
    counted = true;
    if (is_page) context_.report(incident, Progress::page_delivered);
  }
}

void AlertmanagerNotifier::log_outcome(Peer& peer, const Answer& answer,
                                       const LeaseQueue::Settled& settled) const {
  const std::string channel = counts_.name.text();
  if (settled.refused) {
    context_.log.error("Alertmanager refused an alert; it is not sent again as it is",
                       {{"channel", channel},
                        {"receiver", origin_of(peer.url)},
                        {"problem", answer.problem},
                        {"incident", *settled.refused}});
  }
  const bool failing = answer.kind == Answer::Kind::retry;
  if (failing && !peer.failing) {
    context_.log.warning(
        "Alertmanager does not take alerts; it is tried again until it does",
        {{"channel", channel}, {"receiver", origin_of(peer.url)}, {"problem", answer.problem}});
  }
  if (!failing && peer.failing) {
    context_.log.notice("Alertmanager takes alerts again",
                        {{"channel", channel}, {"receiver", origin_of(peer.url)}});
  }
  peer.failing = failing;
}

BoardChannel AlertmanagerNotifier::board() const {
  BoardChannel board = counts_;
  if (!waiting_) {
    const auto waits = [&](const auto& shown) {
      return std::none_of(peers_.begin(), peers_.end(),
                          [&](const Peer& peer) { return peer.queue.accepted(shown.first); });
    };
    waiting_ = static_cast<std::uint64_t>(std::count_if(shown_.begin(), shown_.end(), waits));
  }
  board.waiting = *waiting_;
  return board;
}

}  // namespace itnxt
