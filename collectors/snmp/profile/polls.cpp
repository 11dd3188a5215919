#include "collectors/snmp/profile/polls.hpp"

#include <algorithm>
#include <utility>

#include "collectors/snmp/profile/evaluate.hpp"
#include "collectors/snmp/walk_detail.hpp"

namespace itnxt::snmp {
namespace {

constexpr Duration kAskAgain = 1h;       // whether a profile belongs to the device
constexpr std::size_t kMostProbes = 12;  // of one request
constexpr std::size_t kSampleBytes = std::size_t{256} << 10U;
constexpr std::size_t kMostProblem = 500;

bool begins_with(const std::string& dotted, const OidArcs& prefix) {
  std::string text;
  for (const std::uint32_t arc : prefix) text += std::to_string(arc) + '.';
  return (dotted + '.').starts_with(text);
}

}  // namespace

ProfilePolls::ProfilePolls(const std::vector<Profile>& profiles, Duration interval)
    : profiles_(profiles), interval_(interval), states_(profiles.size()) {}

void ProfilePolls::begin(const DeviceSample& poll, const WalkPolicy& policy,
                         std::uint16_t max_varbinds, Instant now, bool all) {
  policy_ = policy;
  max_varbinds_ = std::max<std::uint16_t>(1, max_varbinds);
  finished_ = {};
  tries_ = 0;
  last_problem_.clear();
  ++request_number_;
  forget_after_restart(poll);
  plan(poll, now, all);
  if (!plan_.empty()) poll_ = poll;
  next(now);
}

void ProfilePolls::forget_after_restart(const DeviceSample& poll) {
  if (uptime_ && poll.uptime && went_back(*uptime_, *poll.uptime)) {
    for (State& state : states_) state.asked.reset();
  }
  if (poll.uptime) uptime_ = poll.uptime;
}

// Half an interval early is not early: polls wander.
bool ProfilePolls::is_due(std::size_t profile, Instant now) const {
  const State& state = states_[profile];
  if (!state.polled) return true;
  const Duration every = std::max(profiles_[profile].interval, interval_);
  return now - *state.polled >= every - interval_ / 2;
}

void ProfilePolls::plan(const DeviceSample& poll, Instant now, bool all) {
  probes_.clear();
  plan_.clear();
  for (std::size_t i = 0; i < profiles_.size(); ++i) {
    const ProfileMatch& match = profiles_[i].match;
    State& state = states_[i];
    const bool named = match.sys_object_id.empty() ||
                       std::ranges::any_of(match.sys_object_id, [&](const OidArcs& prefix) {
                         return begins_with(poll.sys_object_id, prefix);
                       });
    if (!named || !(all || is_due(i, now))) continue;
    plan_.push_back(i);
    if (state.asked && now - *state.asked < kAskAgain) continue;
    state.present = match.present.empty() ? Answer::yes : Answer::unknown;
    state.absent = match.absent.empty() ? Answer::yes : Answer::unknown;
    if (!match.present.empty()) probes_.push_back({i, false, encode_oid(match.present)});
    if (!match.absent.empty()) probes_.push_back({i, true, encode_oid(match.absent)});
    state.asked = now;
  }
}

bool ProfilePolls::belongs(std::size_t profile) const {
  return states_[profile].present == Answer::yes && states_[profile].absent == Answer::yes;
}

void ProfilePolls::settle_probe(const Probe& probe, bool found) {
  State& state = states_[probe.profile];
  (probe.absent ? state.absent : state.present) = found != probe.absent ? Answer::yes : Answer::no;
}

Request ProfilePolls::request() const {
  if (stage_ == Stage::walking) return walk_->request();
  Request request;
  request.type = RequestType::get_bulk;
  request.max_repetitions = 1;
  const std::size_t most = std::min<std::size_t>(kMostProbes, max_varbinds_);
  for (std::size_t i = 0; i < probes_.size() && i < most; ++i) {
    const Probe& probe = probes_[i];
    const ProfileMatch& match = profiles_[probe.profile].match;
    request.add(request_oid(probe.absent ? match.absent : match.present));
  }
  return request;
}

Duration ProfilePolls::patience() const {
  Duration wait = policy_.timeout;
  for (std::uint32_t i = 0; i < tries_ && i < 8; ++i) wait += wait / 2;
  return wait;
}

void ProfilePolls::read_probe(const Message& reply) {
  const std::size_t asked = request().count;
  std::size_t count = 0;
  if (reply.error_status == kTooBig && asked > 1) {
    max_varbinds_ = static_cast<std::uint16_t>(asked / 2);
    return;
  }
  Varbinds varbinds = reply.begin();
  while (count < asked) {
    // An error, or less than one varbind: this one is not there.
    const std::optional<Varbind> varbind =
        reply.error_status == kNoError ? varbinds.next() : std::nullopt;
    if (!varbind && count > 0) break;
    const bool found =
        varbind && !is_absent(varbind->type) && is_below(varbind->oid, probes_[count].prefix);
    settle_probe(probes_[count++], found);
    if (!varbind) break;
  }
  probes_.erase(probes_.begin(), probes_.begin() + static_cast<std::ptrdiff_t>(count));
}

void ProfilePolls::answer(const Message& reply, Instant now) {
  tries_ = 0;
  ++request_number_;
  if (stage_ == Stage::probing) {
    read_probe(reply);
  } else {
    walk_->answer(reply);
    if (walk_->done()) end_walk(now);
  }
  next(now);
}

// What comes now: the next probe, the next profile, or nothing more.
void ProfilePolls::next(Instant now) {
  if (walk_) return;
  if (!probes_.empty()) {
    stage_ = Stage::probing;
    return;
  }
  stage_ = Stage::idle;
  while (!plan_.empty() && !walk_) {
    const std::size_t profile = plan_.front();
    if (!belongs(profile)) {
      plan_.erase(plan_.begin());
      continue;
    }
    states_[profile].polled = now;
    walk_.emplace(profiles_[profile], poll_, max_varbinds_);
    stage_ = Stage::walking;
    if (walk_->done()) {
      end_walk(now);
      stage_ = Stage::idle;
    }
  }
}

// Takes over what the walk has brought. A walk that did not end says nothing: rows without their
// names would be other series.
void ProfilePolls::end_walk(Instant now) {
  const std::size_t profile = plan_.front();
  plan_.erase(plan_.begin());
  if (!walk_->problem().empty()) say(profile, walk_->problem());
  if (walk_->finished()) {
    for (SeriesSample& sample : pack(evaluate(profiles_[profile], walk_->cells()), kSampleBytes)) {
      sample.source = profiles_[profile].name;
      sample.at = source_time(now);
      sample.interval = std::max(profiles_[profile].interval, interval_);
      finished_.samples.push_back(std::move(sample));
    }
  }
  walk_.reset();
}

void ProfilePolls::say(std::size_t profile, const std::string& problem) {
  if (finished_.problem.size() > kMostProblem) return;
  if (!finished_.problem.empty()) finished_.problem += "; ";
  finished_.problem += profiles_[profile].name + ": " + problem;
}

// The device is silent, or time is up: the rest of the plan waits for the next poll.
void ProfilePolls::give_up(const std::string& problem) {
  const std::string why = problem + (last_problem_.empty() ? "" : "; " + last_problem_);
  if (stage_ == Stage::probing) {
    for (const Probe& probe : probes_) states_[probe.profile].asked.reset();
    say(probes_.front().profile, why);
  } else {
    states_[plan_.front()].polled.reset();
    say(plan_.front(), why);
  }
  walk_.reset();
  probes_.clear();
  plan_.clear();
  stage_ = Stage::idle;
}

void ProfilePolls::timed_out() {
  ++tries_;
  if (tries_ > policy_.retries) {
    give_up("stopped answering: " + std::to_string(policy_.retries + 1) +
            (policy_.retries == 0 ? " try" : " tries") + " without a reply");
    return;
  }
  ++request_number_;
  if (stage_ == Stage::walking) {
    walk_->shrink();
  } else {
    max_varbinds_ = std::max<std::uint16_t>(1, max_varbinds_ / 2);
  }
}

void ProfilePolls::malformed(Fault fault) {
  last_problem_ = "a reply was malformed (" + std::string(name(fault)) + ")";
}

// The next poll of the interfaces finds out, and says, whether it was the credentials.
void ProfilePolls::denied(const std::string& reason, bool) {
  give_up(reason);
}

void ProfilePolls::not_sent(std::string reason) {
  last_problem_ = std::move(reason);
}

void ProfilePolls::expire(Duration interval) {
  give_up("did not end within the interval of " + to_text(interval) +
          "; raise 'interval' of the collector");
}

ProfilePolls::Finished ProfilePolls::finish() {
  poll_ = {};
  return std::exchange(finished_, {});
}

}  // namespace itnxt::snmp
