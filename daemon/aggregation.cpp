#include "daemon/aggregation.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "daemon/config/addresses.hpp"
#include "daemon/core/host_port.hpp"
#include "daemon/core/version.hpp"
#include "daemon/io/credit.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostKinds = 64;  // of events, as a label
constexpr std::string_view kOtherKind = "other";

// Where a person who got a page can look. A wildcard address is nothing to open on a phone.
std::string external_url(const HttpConfig& http) {
  if (!http.external_url.empty()) return http.external_url;
  const bool wildcard = http.host == "0.0.0.0" || http.host == "::";
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (wildcard && gethostname(name.data(), name.size() - 1) == 0) {
    return "http://" + host_port_text(name.data(), http.port);
  }
  return "http://" + host_port_text(http.host, http.port);
}

}  // namespace

Aggregation::Aggregation(const Shell& shell, const Config& config)
    : shell_(shell),
      table_(config),
      lag_(figures_.gauge(Metric::loop_lag)),
      reload_ok_(figures_.gauge(Metric::config_reload_successful)),
      reload_time_(figures_.gauge(Metric::config_reload_time)) {
  for (std::size_t i = 0; i < wire::kRefusals; ++i) {
    refused_.push_back(figures_.counter(Metric::messages_refused,
                                        {{"reason", std::string(wire::kRefusalNames[i])}}));
  }
  for (const std::string_view reason : kDenialNames) {
    denied_.push_back(
        figures_.counter(Metric::messages_refused, {{"reason", std::string(reason)}}));
  }
  for (const std::string_view reason : kHandshakeFaultNames) {
    handshakes_.push_back(
        figures_.counter(Metric::handshakes_refused, {{"reason", std::string(reason)}}));
  }
  std::vector<std::string_view> names;
  for (const MetricInfo& metric : catalogue()) names.push_back(metric.name);
  table_.reserve(names);
  count_reload(true);
}

Result<std::unique_ptr<Aggregation>> Aggregation::open(const Shell& shell, const Config& config) {
  auto self = std::unique_ptr<Aggregation>(new Aggregation(shell, config));
  // exchange → GET /metrics, /api/v1, /: first, so that a second aggregator ends at its port and
  // touches nothing
  auto http = HttpServer::start(
      config.aggregator.http, self->exchange_, self->figures_,
      {{std::string(kVersion), std::string(kRevision)}, config.node, shell.loop.wall_now()});
  if (!http) return Error{http.error()};
  self->http_ = std::move(*http);
  // state directory → alerts as they were before the restart
  auto desk = AlertDesk::open(shell.loop, shell.log, config, external_url(config.aggregator.http));
  if (!desk) return Error{desk.error()};
  self->desk_ = std::move(*desk);
  if (auto opened = self->open_remote_write(config); !opened) return Error{opened.error()};
  // state directory → the latest events → GET /api/v1/events
  EventFile::Options journal;
  journal.directory = config.aggregator.state;
  auto events = EventIntake::open(
      shell.loop, shell.log, self->exchange_.events(), config.node, std::move(journal),
      {.seen = [&aggregation =
                    *self](const StoredEvent& e) { aggregation.count_kind(e.event.kind); },
       .problem_changed = [&aggregation = *self] { aggregation.publish_soon(false); }});
  if (!events) return Error{events.error()};
  self->events_ = std::move(*events);
  if (auto listening = self->listen(config); !listening) return Error{listening.error()};
  if (auto stream = self->open_stream(config.aggregator); !stream) return Error{stream.error()};
  self->publish();
  self->tick();
  self->exchange_.set_ready(true);
  return self;
}

// ROUTERs → table, journal
Status Aggregation::listen(const Config& config) {
  const auto open = [&](const std::string& endpoint, const InletRules& rules) {
    return Inlet::open(
        shell_.loop, shell_.log, shell_.zmq, endpoint, [this](const Batch& batch) { take(batch); },
        rules);
  };
  auto own = open(kInproc, {});
  if (!own) return Error{own.error()};
  own_ = std::move(*own);
  serve(*own_);
  // who may come → before anybody can
  if (config.aggregator.curve) {
    auto gate = Gate::open(shell_.loop, shell_.log, shell_.zmq, *config.aggregator.curve);
    if (!gate) return Error{gate.error()};
    gate_ = std::move(*gate);
  }
  const std::string& endpoint = config.aggregator.listen;
  if (endpoint.empty()) return {};
  const bool tcp = endpoint.starts_with("tcp://");  // ipc has file permissions
  auto inlet =
      open(endpoint, {tcp ? gate_.get() : nullptr, config.aggregator.limits.bytes_per_node});
  if (!inlet) return Error{inlet.error()};
  inlet_ = std::move(*inlet);
  serve(*inlet_);
  return {};
}

// snapshots, board → XPUB
Status Aggregation::open_stream(const AggregatorConfig& config) {
  if (config.publish.empty()) return {};
  const auto epoch = static_cast<std::uint64_t>(shell_.loop.wall_now().time_since_epoch().count());
  const Gate* gate = leaves_this_host(config.publish) ? gate_.get() : nullptr;
  auto opened = Publisher::open(shell_.loop, shell_.log, shell_.zmq, config.publish, gate, epoch);
  if (!opened) return Error{opened.error()};
  publisher_ = std::move(*opened);
  return {};
}

// table → stores
Status Aggregation::open_remote_write(const Config& config) {
  exchange_.expose_series(config.aggregator.expose.series);
  if (config.aggregator.remote_write.empty()) {
    remote_write_.reset();
    return {};
  }
  if (remote_write_) {
    remote_write_->reconfigure(config);
    return {};
  }
  if (!stores_) {
    auto client = HttpClient::start(shell_.loop);
    if (!client) return Error{client.error()};
    stores_ = std::move(*client);
  }
  remote_write_ =
      std::make_unique<RemoteWrite>(shell_.loop, shell_.log, *stores_, figures_, table_, config);
  return {};
}

void Aggregation::serve(Inlet& inlet) {
  inlet.set_hooks(
      {.events = [this](const EventBatch& batch,
                        EventReply reply) { return take(batch, std::move(reply)); },
       .credit = [this] { return credit_for(shell_.loop.lag()); },
       .refused = [this](const std::string& peer,
                         const wire::Refused& refused) { note_refused(peer, refused); }});
}

void Aggregation::reconfigure(const Config& config) {
  table_.reconfigure(config);
  if (auto opened = open_remote_write(config); !opened) {
    shell_.log.error("remote write cannot begin: " + opened.error());
  }
  desk_->reconfigure(config);
  if (inlet_) inlet_->set_budget(config.aggregator.limits.bytes_per_node);
  if (gate_ && config.aggregator.curve && gate_->reconfigure(*config.aggregator.curve)) {
    if (inlet_) inlet_->rebind();
    if (publisher_) publisher_->rebind();
  }
  publish();
}

void Aggregation::count_reload(bool accepted) const {
  reload_ok_.set(accepted ? 1 : 0);
  if (accepted) reload_time_.set(unix_seconds(shell_.loop.wall_now()));
}

bool Aggregation::progressing() const {
  return shell_.loop.now() - pace_.last() < 10s;
}

std::string Aggregation::summary() const {
  const auto up = std::ranges::count_if(last_->devices, [](const auto& d) { return d->up; });
  const auto down =
      std::ranges::count_if(last_->links, [](const LinkView& l) { return l.up == false; });
  return fmt::format("{}/{} devices up, {}/{} links down, {} series", up, last_->devices.size(),
                     down, last_->links.size(), last_->series);
}

void Aggregation::drain(Loop::Callback done) {
  exchange_.set_ready(false);
  draining_ = true;
  publish();
  // Both at once: what one waits for does not delay the other.
  if (!remote_write_) return desk_->drain(kDrainLimit, std::move(done));
  auto left = std::make_shared<int>(2);
  const auto part = [left, done = std::move(done)] {
    if (--*left == 0) done();
  };
  remote_write_->drain(kDrainLimit, part);
  desk_->drain(kDrainLimit, part);
}

// Batch → table. Alerts and HTTP see it a moment later, many batches at once.
void Aggregation::take(const Batch& batch) {
  const Arrival how = table_.apply(batch, shell_.loop.now(), shell_.loop.wall_now(),
                                   remote_write_ ? remote_write_->present() : nullptr);
  if (how == Arrival::fresh) catch_up_.took(batch, shell_.loop.now());
  if (how == Arrival::backlog && remote_write_) remote_write_->backlog(batch);
  if (remote_write_) remote_write_->commit();
  if (table_.changed()) publish_soon(false);
}

// Events → table at once; what they change is published at once, and then they are stored.
std::optional<wire::Refusing> Aggregation::take(const EventBatch& batch, EventReply reply) {
  if (draining_) return std::nullopt;  // not acknowledged: it is sent to our successor
  Table::Effect effect;
  const auto result = events_->take(batch, std::move(reply), [&](std::size_t first) {
    effect = table_.apply(batch, first, shell_.loop.now(), shell_.loop.wall_now());
    return effect.refused;
  });
  if (const auto* refusing = std::get_if<wire::Refusing>(&result)) return *refusing;
  const auto& taken = std::get<EventIntake::Taken>(result);
  if (taken.missing > 0) table_.count_lost_events(batch, taken.missing);
  if (effect.changed || events_->has_unstored()) publish_soon(true);
  return std::nullopt;
}

void Aggregation::publish_soon(bool event) {
  if (publish_ && (!event || event_came_)) return;
  event_came_ = event_came_ || event;
  publish_ = shell_.loop.after(pace_.wait(event, shell_.loop.now()), [this] { publish(); });
}

// table → snapshot → alerts → board; snapshot and board → exchange, stream; what events caused is
// on the disk → they go to the journal, and are acknowledged when they are in it
void Aggregation::publish() {
  publish_.cancel();
  const Instant now = shell_.loop.now();
  pace_.published(now);
  event_came_ = false;
  published_ = shell_.loop.after(Duration::zero(), [this] {  // the next round has its own time
    pace_.took(shell_.loop.now() - pace_.last());
  });
  last_ = table_.snapshot(now, shell_.loop.wall_now());
  const bool judged = !catch_up_.holds(now);
  if (judged) desk_->observe(last_);
  const auto board = this->board();
  exchange_.publish(last_, board);
  if (publisher_) publisher_->publish(last_, board);
  if (judged && events_ && events_->has_unstored()) {
    desk_->when_stored([this, up_to = events_->latest()] { events_->store(up_to); });
  }
}

std::shared_ptr<const Board> Aggregation::board() const {
  auto board = desk_->board();
  if (!events_ || events_->problem().empty()) return board;
  auto made = std::make_shared<Board>(*board);
  made->journal_problem = events_->problem();
  return made;
}

// The kinds are the collectors' words: a label takes so many.
void Aggregation::count_kind(const std::string& kind) {
  auto found = kinds_.find(kind);
  if (found == kinds_.end()) {
    const std::string label = kinds_.size() < kMostKinds ? kind : std::string(kOtherKind);
    found = kinds_.try_emplace(label, figures_.counter(Metric::events, {{"kind", label}})).first;
  }
  found->second.add();
}

void Aggregation::note_refused(const std::string& peer, const wire::Refused& refused) {
  Event event;
  event.kind = "collector_refused";
  event.text = "a message of a collector was refused: " + refused.message;
  event.details = {{"peer", peer}, {"reason", std::string(wire::name(refused.reason))}};
  if (!refused.node.empty()) event.details.emplace_back("node", refused.node.text());
  events_->note(std::move(event));
  publish_soon(false);
}

// Staleness and the `for` of rules go on when no batch comes.
void Aggregation::tick() {
  tick_ = shell_.loop.after(1s, [this] { tick(); });
  table_.tick(shell_.loop.now());
  if (remote_write_) remote_write_->tick();
  http_->sweep(shell_.loop.now());
  if (shell_.loop.now() - pace_.last() >= 1s || table_.changed()) publish();
  lag_.set(seconds(shell_.loop.lag()));
  count_refused();
  tell();
}

void Aggregation::count_refused() {
  if (publisher_) {
    const HandshakeCounts& now = publisher_->handshakes();
    for (std::size_t i = 0; i < kHandshakeFaults; ++i) {
      handshakes_[i].add(static_cast<double>(now[i] - stream_told_[i]));
    }
    stream_told_ = now;
  }
  const auto count = [&](auto counts, const std::vector<OwnCounter>& counters) {
    for (std::size_t i = 0; i < counters.size(); ++i) {
      std::uint64_t now = (own_->counts().*counts)[i];
      if (inlet_) now += (inlet_->counts().*counts)[i];
      counters[i].add(static_cast<double>(now - (told_.*counts)[i]));
      (told_.*counts)[i] = now;
    }
  };
  count(&InletCounts::refused, refused_);
  count(&InletCounts::denied, denied_);
  count(&InletCounts::handshakes, handshakes_);
}

}  // namespace itnxt
