#include "collectors/probe/collector.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "collectors/probe/dialer.hpp"
#include "collectors/probe/dns.hpp"
#include "collectors/probe/echo_room.hpp"
#include "collectors/probe/events.hpp"
#include "collectors/probe/http.hpp"
#include "collectors/probe/names.hpp"
#include "collectors/probe/pace.hpp"
#include "collectors/probe/report.hpp"

namespace itnxt {
namespace probe {
namespace {

constexpr std::size_t kGroup = 200;     // targets; their series fit into one message
constexpr Duration kTick = 5ms;         // what is due within it leaves together
constexpr Duration kHeadStart = 200ms;  // of names before the first train
constexpr Duration kGrace = 20ms;       // an answer at its last moment is still to be read

class ProbeCollector final : public Collector {
 public:
  ProbeCollector(const ProbeCollectorConfig& config, CollectorContext context,
                 Resolver::Lookup lookup)
      : config_(config),
        context_(context),
        names_(context.loop, std::move(lookup)),
        done_([this](const Errand& e, Outcome o, Instant at) { settle(e, o, at); }) {}

  void start() override {
    take_targets();
    begin();
  }

  bool update(const CollectorConfig& changed) override {
    const std::size_t groups_before = groups_.size();
    stop();
    config_ = std::get<ProbeCollectorConfig>(changed);
    take_targets();
    begin();
    // A series belongs to the source that told it first: the old groups let go of theirs.
    for (std::size_t i = 0; i < groups_before; ++i) publish({}, i);
    for (const Group& group : groups_) publish(group);
    return true;
  }

 private:
  struct Target {
    Target(const ProbeTarget& c, std::uint32_t count) : config(c), train(count) {}
    ProbeTarget config;
    Train train;
    std::uint32_t number = 0;      // of the train
    bool sits_out = false;         // its name is not known yet, or not at all
    std::uint32_t late_words = 0;  // "unreachable" of trains that are over, since the last one
    std::uint16_t http_status = 0;
    std::optional<std::uint8_t> dns_rcode;
    std::string problem;  // of a probe of this train, for people
    Standing standing;
    ToldReason reason;
  };
  struct Group {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    Instant next;  // its train
    std::optional<Instant> ends;
    Pace pace;
    Timer timer;
  };

  void take_targets() {
    std::deque<Target> before = std::exchange(targets_, {});
    std::ranges::sort(before, {}, [](const Target& one) { return one.config.name; });
    for (const ProbeTarget& config : config_.targets) {
      Target& target = targets_.emplace_back(config, config_.count);
      const auto old = std::ranges::lower_bound(
          before, config.name, {},
          [](const Target& one) -> const TargetName& { return one.config.name; });
      if (old == before.end() || old->config.name != config.name) continue;
      target.number = old->number;
      if (old->config.type == config.type && address_text(old->config) == address_text(config)) {
        target.standing = old->standing;
        target.reason = old->reason;
      }
    }
    names_.begin(config_.targets);
  }

  void stop() {
    groups_.clear();
    batch_.clear();
    echoes_.reset();
    dialer_.reset();
    http_.clear();
  }

  void begin() {
    const std::size_t groups = (targets_.size() + kGroup - 1) / kGroup;
    const Instant now = context_.loop.now();
    for (std::size_t i = 0; i < targets_.size(); ++i) names_.look_up(i, now);
    const Duration head_start = names_.waiting() ? kHeadStart : Duration::zero();
    echoes_ = std::make_unique<EchoRoom>(context_.loop, context_.log, context_.privileged,
                                         config_.name, done_);
    dialer_ = std::make_unique<Dialer>(
        context_.loop, done_,
        [this](const Errand& errand, const DnsAnswer& answer) { note(errand, answer); });
    groups_.resize(groups);
    for (std::size_t i = 0; i < groups; ++i) {
      Group& group = groups_[i];
      group.first = static_cast<std::uint32_t>(i * kGroup);
      group.count = static_cast<std::uint32_t>(std::min(kGroup, targets_.size() - i * kGroup));
      group.next =
          now + head_start +
          config_.interval * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(groups);
      wait(group, group.next, &ProbeCollector::begin_train);
    }
  }

  void wait(Group& group, Instant until, void (ProbeCollector::*then)(Group&)) {
    const Duration delay = std::max(until - context_.loop.now(), Duration::zero());
    group.timer = context_.loop.after(delay, [this, &group, then] { (this->*then)(group); });
  }

  void begin_train(Group& group) {
    const Instant now = context_.loop.now();
    while (group.next <= now) group.next += config_.interval;
    group.pace = Pace(now, config_.spacing, group.count, config_.count);
    for (std::uint32_t i = group.first; i < group.first + group.count; ++i) {
      Target& target = targets_[i];
      target.train.begin();
      ++target.number;
      target.http_status = 0;
      target.dns_rcode.reset();
      target.problem.clear();
      target.sits_out = !names_.address(i);
    }
    send_due(group);
  }

  void send_due(Group& group) {
    const Instant now = context_.loop.now();
    while (const auto turn = group.pace.take(now)) {
      const std::uint32_t index = group.first + turn->target;
      Target& target = targets_[index];
      if (!target.sits_out) send({index, target.number, turn->probe}, target);
    }
    flush();
    if (const auto next = group.pace.next_at()) {
      const Instant tick = now + std::min(kTick, config_.spacing);
      return wait(group, std::max(*next, tick), &ProbeCollector::send_due);
    }
    Duration patience{};
    for (std::uint32_t i = group.first; i < group.first + group.count; ++i) {
      if (targets_[i].train.under_way() > 0) {
        patience = std::max(patience, targets_[i].config.timeout + kGrace);
      }
    }
    group.ends = now + patience;
    wait(group, *group.ends, &ProbeCollector::end_train);
  }

  void send(const Errand& errand, Target& target) {
    const Address& to = *names_.address(errand.target);
    switch (target.config.type) {
      case ProbeType::icmp:
        batch_.push_back({errand, to, target.config.dscp});
        if (batch_.size() == EchoSocket::kBatch) flush();
        return;
      case ProbeType::tcp:
        target.train.sent(errand.probe, context_.loop.fresh_now());
        return dialer_->connect(errand, to, target.config);
      case ProbeType::dns:
        target.train.sent(errand.probe, context_.loop.fresh_now());
        return dialer_->ask(errand, to, target.config);
      case ProbeType::http:
        target.train.sent(errand.probe, context_.loop.fresh_now());
        return get(errand, to, target);
    }
  }

  void flush() {
    if (batch_.empty()) return;
    const Instant now = context_.loop.fresh_now();
    for (const EchoRoom::Request& one : batch_) {
      targets_[one.errand.target].train.sent(one.errand.probe, now);
    }
    echoes_->send(batch_);
    batch_.clear();
  }

  void get(const Errand& errand, const Address& to, Target& target) {
    std::unique_ptr<HttpGetter>& getter = http_[target.config.ca];
    if (!getter) {
      auto opened = HttpGetter::open(
          context_.loop, done_,
          [this](const Errand& e, HttpGetter::Remark remark) { note(e, std::move(remark)); });
      if (!opened) {
        target.train.failed(errand.probe, Outcome::local);
        return;
      }
      getter = std::move(opened).value();
    }
    getter->get(errand, to, target.config);
  }

  void note(const Errand& errand, HttpGetter::Remark remark) {
    Target& target = targets_[errand.target];
    if (target.number != errand.train) return;
    if (remark.status != 0) target.http_status = remark.status;
    if (!remark.problem.empty()) target.problem = std::move(remark.problem);
  }

  void note(const Errand& errand, const DnsAnswer& answer) {
    Target& target = targets_[errand.target];
    if (target.number != errand.train) return;
    target.dns_rcode = answer.rcode;
    if (!is_good(answer)) target.problem = to_text(answer);
  }

  // Called by the shells.
  void settle(const Errand& errand, Outcome outcome, Instant at) {
    Target& target = targets_[errand.target];
    const bool mine = target.number == errand.train;
    if (outcome == Outcome::answered) {
      if (mine) (void)target.train.answered(errand.probe, at, target.config.timeout);
    } else if (!mine || !target.train.failed(errand.probe, outcome)) {
      if (outcome == Outcome::unreachable) ++target.late_words;
    }
    if (!mine) return;
    end_early(errand.target);
  }

  // When the group waits for its last answers only, and this was the last.
  void end_early(std::uint32_t index) {
    Group& group = groups_[index / kGroup];
    if (!group.ends || targets_[index].train.under_way() > 0) return;
    const auto first = targets_.begin() + group.first;
    if (std::any_of(first, first + group.count,
                    [](const Target& one) { return one.train.under_way() > 0; })) {
      return;
    }
    group.ends.reset();
    wait(group, context_.loop.now(), &ProbeCollector::end_train);
  }

  void end_train(Group& group) {
    group.ends.reset();
    for (std::uint32_t i = group.first; i < group.first + group.count; ++i) {
      Target& target = targets_[i];
      target.train.close();
      judge_train(i, target);
      names_.after_train(i, target.standing.verdict == Verdict::reachable, context_.loop.now());
    }
    publish(group);
    wait(group, group.next, &ProbeCollector::begin_train);
  }

  void publish(const Group& group) {
    std::vector<Told> told;
    told.reserve(group.count);
    for (std::uint32_t i = group.first; i < group.first + group.count; ++i) {
      told.push_back({&targets_[i].config, &targets_[i].standing});
    }
    publish(told, group.first / kGroup);
  }

  void publish(std::span<const Told> told, std::size_t group) {
    context_.sink.publish(to_sample(told, "group " + std::to_string(group + 1),
                                    source_time(context_.loop.now()), config_.interval));
  }

  void judge_train(std::uint32_t index, Target& target) {
    const Verdict before = target.standing.verdict;
    TrainFigures figures = target.train.figures();
    figures.by_outcome[static_cast<std::size_t>(Outcome::pending)] = 0;
    take_late_words(figures, std::exchange(target.late_words, 0));
    std::string problem;
    if (target.sits_out) {
      if (names_.problem(index).empty()) return;  // still looked up
      problem = names_.problem(index);
      figures.by_outcome[static_cast<std::size_t>(Outcome::unresolved)] = config_.count;
    }
    judge(target.standing, figures);
    target.standing.http_status = target.http_status;
    target.standing.dns_rcode = target.dns_rcode;
    const Outcome why = target.standing.why;
    if (why == Outcome::wrong || why == Outcome::insecure || why == Outcome::local) {
      problem = target.problem;
    }
    tell(target, before, problem);
  }

  void tell(Target& target, Verdict before, const std::string& problem) {
    const Outcome why = target.standing.why;
    std::optional<Outcome> why_before;
    if (target.standing.verdict != before) {
      target.reason.begin(why);
    } else {
      if (before != Verdict::unreachable) return;
      why_before = target.reason.changed(why, context_.loop.now());
      if (!why_before) return;
    }
    context_.sink.report(to_event(config_.name, target.config, target.standing, problem,
                                  context_.loop.wall_now(), source_time(context_.loop.now()),
                                  why_before));
    if (target.sits_out) {
      context_.log.warning(
          "a target's name does not resolve: correct its address, or look at this host's resolver",
          {{"probe", config_.name.text()},
           {"target", target.config.name.text()},
           {"name", target.config.host},
           {"reason", problem}});
    }
  }

  ProbeCollectorConfig config_;
  const CollectorContext context_;
  std::deque<Target> targets_;  // stay where they are: transfers refer to them
  Names names_;
  Done done_;
  std::vector<EchoRoom::Request> batch_;
  std::unique_ptr<EchoRoom> echoes_;
  std::unique_ptr<Dialer> dialer_;
  std::map<std::string, std::unique_ptr<HttpGetter>> http_;  // by `ca`: it reads certificates once
  std::vector<Group> groups_;
};

}  // namespace

std::unique_ptr<Collector> make_collector(const ProbeCollectorConfig& config,
                                          CollectorContext context, Resolver::Lookup lookup) {
  return std::make_unique<ProbeCollector>(config, std::move(context), std::move(lookup));
}

}  // namespace probe

std::vector<Objection> check_probe(const ProbeCollectorConfig& config) {
  std::vector<Objection> found;
  for (const ProbeTarget& target : config.targets) {
    if (target.ca.empty() || ::access(target.ca.c_str(), R_OK) == 0) continue;
    found.push_back({"targets",
                     "targets: target '" + target.name.text() + "': ca: " + target.ca +
                         " cannot be read now: " + errno_text(errno) +
                         "; without it every probe of the target fails as local",
                     true});
  }
  return found;
}

std::unique_ptr<Collector> make_probe_collector(const ProbeCollectorConfig& config,
                                                CollectorContext context) {
  return probe::make_collector(config, std::move(context), {});
}

}  // namespace itnxt
