#include "daemon/app.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>

#include "collectors/kinds.hpp"
#include "daemon/core/version.hpp"
#include "daemon/io/api.hpp"
#include "daemon/io/exchange.hpp"
#include "daemon/io/http.hpp"
#include "daemon/io/inlet.hpp"
#include "daemon/io/outlet.hpp"
#include "daemon/io/poll_loop.hpp"
#include "daemon/io/process_figures.hpp"
#include "daemon/io/signals.hpp"
#include "daemon/io/supervisor.hpp"
#include "daemon/io/zmq_socket.hpp"
#include "daemon/notify/alert_desk.hpp"
#include "daemon/state/table.hpp"

namespace itnxt {
namespace {

constexpr const char* kInproc = "inproc://itnxt";
constexpr Duration kPublishEvery =
    100ms;  // at most; a batch waits this long for its alert at worst
constexpr Duration kTellStrangerEvery = 1min;
constexpr Duration kDrainLimit = 2s;  // each half; SIGTERM gives 5 s for both

std::string listen_text(const HttpConfig& http) {
  const bool ipv6 = http.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(ipv6 ? "[{}]:{}" : "{}:{}"), http.host, http.port);
}

// What both halves stand on.
struct Shell {
  PollLoop& loop;
  Log& log;
  ZmqContext& zmq;
};

// The central half: batches in; metrics, API and pages out.
class Aggregation {
 public:
  static Result<std::unique_ptr<Aggregation>> open(const Shell& shell, const Config& config) {
    auto self = std::unique_ptr<Aggregation>(new Aggregation(shell, config));
    // exchange → GET /metrics, /api/v1, /: first, so that a second aggregator ends at its port and
    // touches nothing
    auto http = HttpServer::start(
        config.aggregator.http, self->exchange_, self->figures_,
        {{std::string(kVersion), std::string(kRevision)}, config.node, shell.loop.wall_now()});
    if (!http) return Error{http.error()};
    self->http_ = std::move(*http);
    // state directory → alerts as they were before the restart
    auto desk = AlertDesk::open(shell.loop, shell.log, config, self->external_url_);
    if (!desk) return Error{desk.error()};
    self->desk_ = std::move(*desk);
    // ROUTER → table
    auto inlet = Inlet::open(shell.loop, shell.log, shell.zmq, endpoint(config),
                             [a = self.get()](const Batch& batch, std::size_t) { a->take(batch); });
    if (!inlet) return Error{inlet.error()};
    self->inlet_ = std::move(*inlet);
    self->tick();
    self->exchange_.set_ready(true);
    return self;
  }

  void reconfigure(const Config& config) {
    table_.reconfigure(config);
    desk_->reconfigure(config);
    publish();
  }

  void count_reload(bool accepted) const {
    reload_ok_.set(accepted ? 1 : 0);
    if (accepted) reload_time_.set(unix_seconds(shell_.loop.wall_now()));
  }

  // Whether the last round of publishing is recent: what the watchdog is told.
  [[nodiscard]] bool progressing() const { return shell_.loop.now() - published_at_ < 10s; }

  void drain(Loop::Callback done) {
    exchange_.set_ready(false);
    publish();
    desk_->drain(kDrainLimit, std::move(done));
  }

  [[nodiscard]] std::string summary() const {
    const auto up = std::ranges::count_if(last_->devices, [](const auto& d) { return d->up; });
    const auto down =
        std::ranges::count_if(last_->links, [](const LinkView& l) { return l.up == false; });
    return fmt::format("{}/{} devices up, {}/{} links down, {} series", up, last_->devices.size(),
                       down, last_->links.size(), last_->series);
  }

 private:
  Aggregation(const Shell& shell, const Config& config)
      : shell_(shell),
        table_(config),
        external_url_("http://" + listen_text(config.aggregator.http)),
        lag_(figures_.gauge(Metric::loop_lag)),
        reload_ok_(figures_.gauge(Metric::config_reload_successful)),
        reload_time_(figures_.gauge(Metric::config_reload_time)) {
    for (std::size_t i = 0; i < wire::kRefusals; ++i) {
      refused_.push_back(figures_.counter(Metric::messages_refused,
                                          {{"reason", std::string(wire::kRefusalNames[i])}}));
    }
    count_reload(true);
  }

  static std::string endpoint(const Config& config) {
    return config.aggregator.listen.empty() ? kInproc : config.aggregator.listen;
  }

  // Batch → table; the alerts and the readers of HTTP see it a moment later, many batches at once.
  void take(const Batch& batch) {
    table_.apply(batch, shell_.loop.now(), shell_.loop.wall_now());
    if (publish_) return;
    const Duration since = shell_.loop.now() - published_at_;
    publish_ =
        shell_.loop.after(std::max(Duration::zero(), kPublishEvery - since), [this] { publish(); });
  }

  // table → snapshot → alerts → board; both → exchange
  void publish() {
    publish_.cancel();
    published_at_ = shell_.loop.now();
    last_ = table_.snapshot(shell_.loop.now(), shell_.loop.wall_now());
    desk_->observe(last_);
    exchange_.publish(last_, desk_->board());
  }

  // Staleness and the `for` of rules go on when no batch comes.
  void tick() {
    tick_ = shell_.loop.after(1s, [this] { tick(); });
    table_.tick(shell_.loop.now());
    publish();
    lag_.set(seconds(shell_.loop.lag()));
    const auto& refused = inlet_->counts().refused;
    for (std::size_t i = 0; i < wire::kRefusals; ++i) {
      refused_[i].add(static_cast<double>(refused[i] - refused_told_[i]));
    }
    refused_told_ = refused;
    tell_stranger();
  }

  void tell_stranger() {
    const Instant now = shell_.loop.now();
    if (now < tell_stranger_at_) return;
    const auto stranger = table_.take_stranger();
    if (!stranger) return;
    tell_stranger_at_ = now + kTellStrangerEvery;
    shell_.log.warning(
        "samples of a device that the inventory does not name are ignored; add it to "
        "inventory.devices of the aggregator",
        {{"device", stranger->device}, {"node", stranger->node}});
  }

  const Shell shell_;
  Table table_;
  const std::string external_url_;
  Exchange exchange_;
  ProcessFigures figures_;
  OwnGauge lag_, reload_ok_, reload_time_;
  std::vector<OwnCounter> refused_;  // by wire::Refusal
  decltype(InletCounts::refused) refused_told_{};
  std::shared_ptr<const Snapshot> last_;
  std::unique_ptr<AlertDesk> desk_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<Inlet> inlet_;
  Instant published_at_{};
  Instant tell_stranger_at_{};
  Timer publish_;
  Timer tick_;
};

// The outer half: collectors → outlet → DEALER.
class Collection {
 public:
  Collection(const Shell& shell, const Config& config, std::uint64_t epoch,
             std::vector<std::string> only)
      : shell_(shell),
        only_(std::move(only)),
        outlet_(shell.loop, shell.log, shell.zmq, outlet_config(config, epoch)) {
    reconfigure(config);
  }

  // A collector whose settings are as they were goes on undisturbed.
  void reconfigure(const Config& config) {
    std::map<CollectorName, const CollectorConfig*> wanted;
    for (const CollectorConfig& c : config.collectors) {
      if (selected(name_of(c))) wanted[name_of(c)] = &c;
    }
    std::erase_if(running_, [&](const auto& entry) {
      const auto same = wanted.find(entry.first);
      if (same != wanted.end() && *same->second == entry.second.config) return false;
      if (same == wanted.end()) outlet_.end_stream(entry.first);
      return true;
    });
    for (const auto& [name, collector] : wanted) {
      if (running_.contains(name)) continue;
      Sink& sink = outlet_.stream(name, interval_of(*collector));
      auto made = make_collector(*collector, {shell_.loop, sink, shell_.log});
      made->start();
      running_.emplace(name, Running{*collector, std::move(made)});
    }
  }

  void drain(Loop::Callback done) {
    running_.clear();
    outlet_.drain(kDrainLimit, std::move(done));
  }

  [[nodiscard]] std::size_t size() const { return running_.size(); }

 private:
  struct Running {
    CollectorConfig config;
    std::unique_ptr<Collector> collector;
  };

  static OutletConfig outlet_config(const Config& config, std::uint64_t epoch) {
    OutletConfig out;
    out.node = config.node;
    out.endpoints = config.transport.aggregators;
    if (out.endpoints.empty()) out.endpoints = {kInproc};
    out.spool = config.transport.spool;
    out.epoch = epoch;
    return out;
  }
  [[nodiscard]] bool selected(const CollectorName& name) const {
    return only_.empty() || std::ranges::find(only_, name.text()) != only_.end();
  }

  const Shell shell_;
  const std::vector<std::string> only_;
  Outlet outlet_;
  std::map<CollectorName, Running> running_;  // after outlet_: its streams outlive the collectors
};

// Settings that take effect at the next start: sockets and directories that are in use.
std::string restart_needed(const Config& before, const Config& after) {
  std::string keys;
  const auto note = [&](bool same, const char* key) {
    if (!same) keys += (keys.empty() ? "" : ", ") + std::string(key);
  };
  note(before.node == after.node, "node");
  note(before.transport == after.transport, "transport");
  note(before.aggregator.listen == after.aggregator.listen, "aggregator.listen");
  note(before.aggregator.http == after.aggregator.http, "aggregator.http");
  note(before.aggregator.state == after.aggregator.state, "aggregator.state");
  return keys;
}

std::uint64_t random_epoch() {
  std::uint64_t epoch = 0;
  while (epoch == 0) {
    if (getrandom(&epoch, sizeof epoch, 0) != sizeof epoch) epoch = 0;
  }
  return epoch;
}

// One process: config file → halves; signals → reload and end; state → systemd.
class App {
 public:
  App(const AppOptions& options, Config config)
      : options_(options),
        config_(std::move(config)),
        log_(std::getenv("JOURNAL_STREAM") != nullptr, [this] { return loop_.wall_now(); }),
        supervisor_(loop_, [this] { return !aggregation_ || aggregation_->progressing(); }) {}

  int run() {
    loop_.on_slow([this](const SlowCallback& slow) {
      log_.warning("a callback kept the loop waiting",
                   {{"took", to_text(slow.took)},
                    {"kind", slow.kind == SlowCallback::Kind::timer ? "timer" : "fd"}});
    });
    const Status started = start();
    if (!started) {
      log_.error(started.error());
      return 1;
    }
    signals_.deliver(loop_, [this](Signal signal) {
      switch (signal) {
        case Signal::reload:
          return reload();
        case Signal::terminate:
          return stop();
      }
    });
    supervisor_.ready();
    tell_status();
    loop_.run();
    return 0;
  }

 private:
  Status start() {
    const Shell shell{loop_, log_, zmq_};
    if (options_.purpose != Purpose::collect) {
      auto opened = Aggregation::open(shell, config_);
      if (!opened) return Error{opened.error()};
      aggregation_ = std::move(*opened);
      log_.info("serving", {{"http", listen_text(config_.aggregator.http)},
                            {"version", std::string(kVersion)}});
    }
    if (options_.purpose != Purpose::aggregate) {
      collection_ = std::make_unique<Collection>(shell, config_, random_epoch(), options_.only);
      log_.info("collecting", {{"node", config_.node.text()},
                               {"collectors", std::to_string(collection_->size())}});
    }
    return {};
  }

  // An invalid file changes nothing.
  void reload() {
    supervisor_.reloading();
    Loaded loaded = load_config(options_.config_file, options_.purpose);
    for (const Issue& issue : loaded.issues) {
      const std::string place = fmt::format("{}:{}:{}", issue.file, issue.line, issue.column);
      log_.write(issue.warning ? Severity::warning : Severity::error, issue.message,
                 {{"at", place}});
    }
    if (loaded.config) {
      apply(std::move(*loaded.config));
      log_.notice("configuration reloaded", {{"file", options_.config_file.string()}});
    } else {
      log_.error("configuration refused; the one before stays in force: mend the file and reload",
                 {{"file", options_.config_file.string()}});
    }
    if (aggregation_) aggregation_->count_reload(loaded.config.has_value());
    supervisor_.ready();
  }

  void apply(Config fresh) {
    if (const std::string keys = restart_needed(config_, fresh); !keys.empty()) {
      log_.warning("these settings changed and take effect at the next start", {{"keys", keys}});
      fresh.node = config_.node;
      fresh.transport = config_.transport;
      fresh.aggregator.listen = config_.aggregator.listen;
      fresh.aggregator.http = config_.aggregator.http;
      fresh.aggregator.state = config_.aggregator.state;
    }
    config_ = std::move(fresh);
    if (aggregation_) aggregation_->reconfigure(config_);
    if (collection_) collection_->reconfigure(config_);
  }

  // Collectors first: what they saw last still reaches the aggregator of the same process.
  void stop() {
    if (stopping_) return;
    stopping_ = true;
    supervisor_.stopping();
    log_.notice("stopping");
    const auto end_aggregation = [this] {
      if (!aggregation_) return loop_.stop();
      aggregation_->drain([this] { loop_.stop(); });
    };
    if (!collection_) return end_aggregation();
    collection_->drain(end_aggregation);
  }

  // What `systemctl status` shows.
  void tell_status() {
    status_ = loop_.after(10s, [this] { tell_status(); });
    if (stopping_) return;
    supervisor_.status(aggregation_ ? aggregation_->summary()
                                    : fmt::format("{} collectors", collection_->size()));
  }

  const AppOptions options_;
  Config config_;
  Signals signals_;  // before any thread
  PollLoop loop_;
  StderrLog log_;
  Supervisor supervisor_;
  ZmqContext zmq_;
  std::unique_ptr<Aggregation> aggregation_;
  std::unique_ptr<Collection> collection_;
  Timer status_;
  bool stopping_ = false;
};

}  // namespace

bool has_collector(const Config& config, std::string_view name) {
  return std::ranges::any_of(config.collectors,
                             [&](const CollectorConfig& c) { return name_of(c).text() == name; });
}

int run_app(const AppOptions& options, Config config) {
  return App(options, std::move(config)).run();
}

}  // namespace itnxt
