#include "daemon/notify/alertmanager.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/notify/http_answer.hpp"

namespace itnxt {

std::string alertmanager_body(const std::vector<Showing::Statement>& statements,
                              const std::string& external_url) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const Showing::Statement& said : statements) {
    Json one = {{"labels", labels_json<Json>(said.alert.labels)},
                {"annotations", labels_json<Json>(said.alert.annotations)},
                {"startsAt", to_rfc3339(said.starts_at)},
                {"endsAt", to_rfc3339(said.ends_at)}};
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
  for (Showing::Over& over : showing_.put(delivery, now, context_.loop.wall_now())) {
    let_go(std::move(over));
  }
  if (showing_.known(delivery.incident)) {
    for (Peer& peer : peers_) peer.queue.changed(delivery.incident, now);
  }
  timer_ = context_.loop.after(Duration::zero(), [this] { pump(); });
}

void AlertmanagerNotifier::let_go(Showing::Over over) {
  waiting_.reset();
  if (over.counts) ++counts_.delivered;
  if (over.progress == Progress::given_up) {
    ++counts_.refused;
    context_.log.error("a page was given up: the channel owes more than fits",
                       {{"channel", counts_.name.text()}, {"incident", over.incident}});
  }
  for (Peer& peer : peers_) peer.queue.forget(over.incident);
  over_.push_back(std::move(over));
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
  Showing::Turned turned = showing_.turn(now);
  for (Showing::Over& over : turned.over) let_go(std::move(over));
  for (const std::string& incident : turned.changed) {
    waiting_.reset();
    for (Peer& peer : peers_) peer.queue.changed(incident, now);
  }
  for (const Showing::Over& over : std::exchange(over_, {})) {
    context_.report(over.incident, over.progress);
  }
  for (std::size_t at = 0; at < peers_.size(); ++at) pump_peer(at, now);
  arm(now);
}

void AlertmanagerNotifier::pump_peer(std::size_t at, Instant now) {
  Peer& peer = peers_[at];
  if (stopped_ || peer.queue.in_flight()) return;
  const WallTime wall = context_.loop.wall_now();
  std::vector<Showing::Statement> batch;
  for (const std::string& incident : peer.queue.due(now)) {
    batch.push_back(showing_.statement(incident, wall));
  }
  if (batch.empty()) return;
  std::sort(batch.begin(), batch.end(),
            [](const auto& a, const auto& b) { return a.starts_at < b.starts_at; });
  HttpRequest request;
  request.url = peer.url;
  request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "itnxt"}};
  request.body = alertmanager_body(batch, context_.external_url);
  peer.call = context_.http.post(
      std::move(request), [this, at](const HttpAnswer& response) { answered(at, response); });
}

void AlertmanagerNotifier::arm(Instant now) {
  std::optional<Instant> next;
  const auto consider = [&](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const Peer& peer : peers_) consider(peer.queue.next());
  consider(showing_.next());
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
  const Instant now = context_.loop.now();
  if (settled.refused) {
    ++counts_.refused;
    showing_.refused(*settled.refused, now);
  }
  for (const std::string& incident : settled.first_accepted) {
    const Showing::Taken taken = showing_.taken(incident, now);
    if (taken.first) ++counts_.delivered;
    if (taken.progress != Progress::none) context_.report(incident, taken.progress);
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
    const auto waits = [&](const std::string& incident) {
      return std::none_of(peers_.begin(), peers_.end(),
                          [&](const Peer& peer) { return peer.queue.accepted(incident); });
    };
    const std::vector<std::string> all = showing_.incidents();
    waiting_ = static_cast<std::uint64_t>(std::count_if(all.begin(), all.end(), waits));
  }
  board.waiting = *waiting_;
  return board;
}

}  // namespace itnxt
