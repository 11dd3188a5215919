#include "daemon/app.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "collectors/kinds.hpp"
#include "daemon/aggregation.hpp"
#include "daemon/collection.hpp"
#include "daemon/core/host_port.hpp"
#include "daemon/core/version.hpp"
#include "daemon/io/privilege_drop.hpp"
#include "daemon/io/signals.hpp"
#include "daemon/io/supervisor.hpp"
#include "daemon/metrics/catalogue.hpp"

namespace itnxt {
namespace {

// Settings of sockets and directories that are in use: a reload puts the old value back into
// `fresh`. Returns the keys of those that differ.
std::string keep_until_restart(const Config& now, Config& fresh) {
  std::string keys;
  const auto keep = [&](const auto& old_value, auto& new_value, const char* key) {
    if (old_value == new_value) return;
    keys += (keys.empty() ? "" : ", ") + std::string(key);
    new_value = old_value;
  };
  keep(now.node, fresh.node, "node");
  keep(now.transport, fresh.transport, "transport");
  keep(now.aggregator.listen, fresh.aggregator.listen, "aggregator.listen");
  if (now.aggregator.curve && fresh.aggregator.curve) {  // its nodes are taken over at once
    keep(now.aggregator.curve->secret_key, fresh.aggregator.curve->secret_key,
         "aggregator.curve.secret_key");
  } else {
    keep(now.aggregator.curve, fresh.aggregator.curve, "aggregator.curve");
  }
  keep(now.aggregator.publish, fresh.aggregator.publish, "aggregator.publish");
  keep(now.aggregator.http, fresh.aggregator.http, "aggregator.http");
  keep(now.aggregator.state, fresh.aggregator.state, "aggregator.state");
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
  App(const AppOptions& options, Loaded loaded)
      : options_(options),
        config_(std::move(*loaded.config)),
        said_(std::move(loaded.issues)),
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
    for (const std::string& remark : privileges_.remarks()) log_.warning(remark);
    const Shell shell{loop_, log_, zmq_, privileges_};
    if (options_.purpose != Purpose::collect) {
      auto opened = Aggregation::open(shell, config_);
      if (!opened) return Error{opened.error()};
      aggregation_ = std::move(*opened);
      log_.info(
          "serving",
          {{"http", host_port_text(config_.aggregator.http.host, config_.aggregator.http.port)},
           {"version", std::string(kVersion)}});
    }
    if (options_.purpose != Purpose::aggregate) {
      auto opened = Collection::open(shell, config_,
                                     {random_epoch(), options_.only, aggregation_ != nullptr});
      if (!opened) return Error{opened.error()};
      collection_ = std::move(*opened);
      log_.info("collecting", {{"node", config_.node.text()},
                               {"collectors", std::to_string(collection_->size())}});
    }
    return {};
  }

  // An invalid file changes nothing.
  void reload() {
    if (stopping_) return;
    supervisor_.reloading();
    Loaded loaded = load_config(options_.config_file, options_.purpose, checks());
    log_issues(log_, what_is_new(said_, loaded.issues));
    if (loaded.config) {
      said_ = std::move(loaded.issues);
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
    if (const std::string keys = keep_until_restart(config_, fresh); !keys.empty()) {
      log_.warning("these settings changed and take effect at the next start", {{"keys", keys}});
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
  std::vector<Issue> said_;  // of the configuration in force
  Signals signals_;          // before any thread
  PrivilegeDrop privileges_{options_.purpose != Purpose::aggregate};  // before any other one
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

Checks checks() {
  Checks made{check_collector, {}};
  for (const MetricInfo& metric : catalogue()) made.reserved_metrics.push_back(metric.name);
  return made;
}

bool has_collector(const Config& config, std::string_view name) {
  return std::ranges::any_of(config.collectors,
                             [&](const CollectorConfig& c) { return name_of(c).text() == name; });
}

void log_issues(Log& log, const std::vector<Issue>& issues) {
  for (const Issue& issue : issues) {
    log.write(issue.warning ? Severity::warning : Severity::error, issue.message,
              {{"at", fmt::format("{}:{}:{}", issue.file, issue.line, issue.column)}});
  }
}

int run_app(const AppOptions& options, Loaded loaded) {
  const rlimit no_core{0, 0};  // it would hold every secret
  (void)setrlimit(RLIMIT_CORE, &no_core);
  return App(options, std::move(loaded)).run();
}

}  // namespace itnxt
