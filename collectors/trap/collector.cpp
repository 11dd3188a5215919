#include "collectors/trap/collector.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <utility>

#include "collectors/trap/receiver.hpp"
#include "daemon/core/host_port.hpp"
#include "daemon/core/text.hpp"

namespace itnxt {
namespace trap {
namespace {

constexpr int kBatchesAtOnce = 8;  // then others of the loop have their turn
constexpr Duration kReopenAtMost = 30s;
constexpr Duration kTick = 1s;
constexpr Duration kResolveEvery = 5min;
constexpr Duration kTellIgnoredEvery = 60s;
constexpr Duration kTellStormsEvery = 10s;
constexpr std::uint32_t kReportsPerSecond = 50;  // to one address
constexpr std::size_t kLargest = 65'507;         // of what goes back

std::uint64_t random_number() {
  std::uint64_t number = 0;
  while (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) {
  }
  return number;
}

std::string place(const TrapCollectorConfig& config) {
  return "udp:" + host_port_text(config.host, config.port);
}

}  // namespace

TrapCollector::TrapCollector(TrapCollectorConfig config, CollectorContext context,
                             Resolver::Lookup lookup)
    : config_(std::move(config)),
      context_(std::move(context)),
      salts_(random_number()),
      hash_key_(random_number()),
      resolver_(
          context_.loop,
          [this](std::size_t token, Result<Address> address) {
            resolved(token, std::move(address));
          },
          std::move(lookup)),
      storm_(config_.storm_limit),
      reports_limit_(kReportsPerSecond),
      plain_(kLargest),
      answer_room_(kLargest),
      pdu_room_(kLargest) {}

TrapCollector::~TrapCollector() {
  report_aside();
}

void TrapCollector::start() {
  const std::string& files = context_.files;
  const OpenedEngine engine = open_engine(files.empty() ? "" : files + ".engine");
  if (!engine.problem.empty() && !files.empty()) {
    context_.log.warning(
        "this collector's SNMP engine ID is a new one, and senders of informs must learn it; make "
        "the directory writable",
        {{"collector", config_.name.text()},
         {"file", files + ".engine"},
         {"problem", engine.problem}});
  }
  if (!files.empty()) ignored_file_.emplace(files + ".ignored");
  security_.emplace(OwnEngine(engine.state, context_.loop.now()), salts_);
  take_inventory();
  if (context_.polls != nullptr) listening_ = context_.polls->watch(*this);
  open();
  tick();
}

bool TrapCollector::update(const CollectorConfig& config) {
  const auto* fresh = std::get_if<TrapCollectorConfig>(&config);
  if (fresh == nullptr) return false;
  const bool moves = fresh->host != config_.host || fresh->port != config_.port;
  storm_.set(fresh->storm_limit);
  config_ = *fresh;
  take_inventory();
  if (moves) {
    close();
    listen_problem_.clear();
    reopen_after_ = 1s;
    open();
  }
  return true;
}

void TrapCollector::take_inventory() {
  for (const std::string& problem : security_->set_users(config_.targets)) {
    context_.log.error(problem, {{"collector", config_.name.text()}});
  }
  senders_.set(config_.targets);
  config_.targets = {};
  ++generation_;
  names_asked_at_.reset();
  port_names_.forget_all();
  std::vector<DeviceName> gone;
  for (const auto& [device, count] : missing_.counts()) {
    if (!senders_.find(device)) gone.push_back(device);
  }
  for (const DeviceName& device : gone) missing_.forget(device);
  std::erase_if(not_polled_told_, [&](const auto& told) { return !senders_.find(told.first); });
  look_up_names();
}

void TrapCollector::look_up_names() {
  const Instant now = context_.loop.now();
  if (names_asked_at_ && now - *names_asked_at_ < kResolveEvery) return;
  names_asked_at_ = now;
  for (const auto& [device, host] : senders_.names()) {
    resolver_.ask((generation_ << 32U) | device, host, 0);
  }
}

void TrapCollector::resolved(std::size_t token, Result<Address> address) {
  // Who does not resolve keeps the address of before; the one who polls it says so.
  if (token >> 32U != generation_ || !address) return;
  senders_.resolved(token & 0xFFFFFFFFU, *address);
}

void TrapCollector::open() {
  reopen_.cancel();
  auto opened = Listener::open(config_.host, config_.port);
  if (!opened) {
    if (listen_problem_ != opened.error()) {
      context_.log.error("cannot listen for traps; trying again, free the port or correct 'listen'",
                         {{"collector", config_.name.text()},
                          {"listen", place(config_)},
                          {"problem", opened.error()}});
    }
    listen_problem_ = opened.error();
    reopen_ = context_.loop.after(reopen_after_, [this] { open(); });
    reopen_after_ = std::min(reopen_after_ * 2, kReopenAtMost);
    return;
  }
  reopen_after_ = 1s;
  listener_ = std::move(*opened);
  totals_.listening = true;
  context_.log.notice(listen_problem_.empty() ? "listening for traps" : "listening for traps again",
                      {{"collector", config_.name.text()}, {"listen", place(config_)}});
  listen_problem_.clear();
  watch_ = context_.loop.watch(listener_->fd(), Interest::readable, [this] { on_readable(); });
}

void TrapCollector::close() {
  watch_.cancel();
  if (listener_) drops_before_ += listener_->drops();
  listener_.reset();
  totals_.listening = false;
}

void TrapCollector::on_readable() {
  for (int i = 0; i < kBatchesAtOnce; ++i) {
    const int n =
        listener_->receive([this](const Listener::Datagram& datagram) { receive(datagram); });
    if (n == -EAGAIN || n == -EINTR) break;
    if (n < 0) {
      context_.log.error("lost the port for traps; opening it anew",
                         {{"collector", config_.name.text()}, {"problem", errno_text(-n)}});
      close();
      listen_problem_ = errno_text(-n);
      reopen_ = context_.loop.after(reopen_after_, [this] { open(); });
      return;
    }
    if (static_cast<std::size_t>(n) < Listener::kBatch) break;
  }
}

void TrapCollector::tick() {
  tick_ = context_.loop.after(kTick, [this] { tick(); });
  const Instant now = context_.loop.now();
  look_up_names();
  keep_ignored();
  tell_ignored();
  tell_missing();
  if (!storms_told_at_ || now - *storms_told_at_ >= kTellStormsEvery) {
    storms_told_at_ = now;
    for (const StormLimit::Withheld& one : storm_.take(now)) {
      const DeviceName device(one.sender);
      const bool known = !one.sender.empty() && senders_.find(device).has_value();
      report(storm_event(one.sender, known ? device : DeviceName(), one.count));
    }
    (void)reports_limit_.take(now);
  }
  if (!published_at_ || now - *published_at_ >= config_.interval) {
    published_at_ = now;
    publish();
  }
}

void TrapCollector::tell_ignored() {
  const Instant now = context_.loop.now();
  if (ignored_told_at_ && now - *ignored_told_at_ < kTellIgnoredEvery) return;
  for (std::size_t i = 0; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    Ignored::Count& count = ignored_.count(reason);
    if (count.datagrams == count.told) continue;
    ignored_told_at_ = now;
    std::string text = "traps were ignored: " + std::string(advice_on(reason));
    if (!count.last_user.empty()) text += "; the last user was '" + sanitize(count.last_user) + "'";
    if (ignored_file_ && file_error_ == 0) {
      text += "; the last ones are kept as they came in " + ignored_file_->path();
    }
    context_.log.warning(
        text, {{"collector", config_.name.text()},
               {"reason", std::string(name(reason))},
               {"datagrams",
                std::to_string(count.datagrams - std::exchange(count.told, count.datagrams))},
               {"last_from", to_text(count.last_from)}});
  }
}

void TrapCollector::keep_ignored() {
  if (!ignored_file_ || ignored_kept_ == ignored_.changes()) return;
  ignored_kept_ = ignored_.changes();
  const int error = ignored_file_->save([kept = ignored_.kept()] { return trap::to_text(kept); });
  if (error != 0 && error != file_error_) {
    context_.log.warning("ignored traps cannot be kept as they came; make the directory writable",
                         {{"collector", config_.name.text()},
                          {"file", ignored_file_->path()},
                          {"problem", errno_text(error)}});
  }
  file_error_ = error;
}

void TrapCollector::tell_missing() {
  for (const MissingTraps::Missing& one : missing_.take_due(context_.loop.now())) {
    report(missing_event(one.device, one.if_index, port_names_.of(one.device, one.if_index)));
  }
}

void TrapCollector::publish() {
  for (std::size_t i = 0; i < kReasons; ++i) {
    totals_.ignored[i] = ignored_.datagrams(static_cast<Reason>(i));
  }
  totals_.withheld = storm_.withheld();
  totals_.kernel_drops = drops_before_ + (listener_ ? listener_->drops() : 0);
  const auto send = [this](SeriesSample sample) {
    sample.at = source_time(context_.loop.now());
    sample.interval = config_.interval;
    context_.sink.publish(std::move(sample));
  };
  send(figures_of(totals_));
  for (const auto& [device, missing] : missing_.counts()) send(missing_of(device, missing));
}

}  // namespace trap

std::unique_ptr<Collector> make_trap_collector(const TrapCollectorConfig& config,
                                               CollectorContext context) {
  return std::make_unique<trap::TrapCollector>(config, std::move(context), system_lookup);
}

std::vector<Objection> check_trap(const TrapCollectorConfig& config) {
  constexpr std::uint64_t kNetBindService = 1U << 10U;  // linux/capability.h
  std::uint32_t first = 1024;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> first;
  if (config.port == 0 || config.port >= first) return {};
  std::ifstream status("/proc/self/status");
  std::uint64_t effective = 0;
  for (std::string word; status >> word;) {
    if (word == "CapEff:") status >> std::hex >> effective;
  }
  if ((effective & kNetBindService) != 0) return {};
  return {{"listen",
           "listen: port " + std::to_string(config.port) +
               " needs CAP_NET_BIND_SERVICE, which this process lacks: give it by systemd's "
               "AmbientCapabilities=CAP_NET_BIND_SERVICE, or take a port from " +
               std::to_string(first) + " on",
           true}};
}

}  // namespace itnxt
