#include "collectors/snmp/collector.hpp"

#include <utility>

#include "daemon/core/host_port.hpp"

namespace itnxt {
namespace {

std::string where(const snmp::Session& session) {
  if (session.address) return to_text(*session.address);
  return host_port_text(session.target.device.host, session.target.device.port);
}

constexpr std::string_view kMemories = "device ";  // of what was seen of each

std::string memory_name(const DeviceName& device) {
  return std::string(kMemories) + device.text();
}

// Of a device that answers.
std::string_view what_is_wrong(PollResult result) {
  switch (result) {
    case PollResult::auth:
      return "device refuses our credentials";
    case PollResult::error:
      return "device answers, but with errors only";
    case PollResult::ok:
    case PollResult::partial:
    case PollResult::timeout:
      return "device was polled in part";
  }
  return "";
}

}  // namespace

void SnmpCollector::arm() {
  const std::optional<Instant> first = schedule_.first();
  if (!first || (timer_ && armed_for_ <= *first)) return;
  armed_for_ = *first;
  const Duration wait = *first - context_.loop.now();
  timer_ = context_.loop.after(std::max(wait, Duration::zero()), [this] { on_timer(); });
}

void SnmpCollector::on_timer() {
  timer_.cancel();
  const Instant now = context_.loop.now();
  while (const std::optional<std::uint32_t> device = schedule_.pop(now)) due(*device);
  flush();
  tell_ignored();
  tell_shared_engines();
  arm();
}

void SnmpCollector::due(std::uint32_t device) {
  Session& session = at(device);
  const Instant now = context_.loop.now();
  if (session.working()) {
    if (now >= session.next_poll) {
      suspect_silence(session);
      if (queue_.is_waiting(device)) {
        const std::string why =
            "not asked: the host takes no more datagrams, or too many requests (" +
            std::to_string(queue_.in_flight()) + ") are under way";
        session.with_work([&](auto& work) { work.not_sent(why); });
      }
      session.with_work([&](auto& work) { work.expire(config_.interval); });
    } else {
      unanswered(session);
    }
    proceed(device);
    return;
  }
  begin_poll(device);
}

void SnmpCollector::begin_poll(std::uint32_t device) {
  Session& session = at(device);
  const Instant now = context_.loop.now();
  const bool waited = std::exchange(session.waiting, false);
  // The next place in the schedule; what a stalled loop has missed is not made up for.
  while (session.next_poll <= now) session.next_poll += config_.interval;
  if (session.named && (!session.address || now - session.resolved_at >= kResolveEvery)) {
    lookup(device);
  }
  if (sockets_.empty() || !session.address || !session.unusable.empty()) {
    if (!sockets_.empty() && session.lookup != 0 && session.unresolved.empty() && !waited) {
      session.waiting = true;  // the first lookup is under way: begin with its answer
      schedule_.set(device, session.next_poll);
      return;
    }
    DeviceSample sample;
    sample.at = source_time(now);
    sample.result = PollResult::error;
    sample.problem = why_not(session);
    (void)publish(device, std::move(sample));
    return;
  }
  begin_walk(device);
}

void SnmpCollector::begin_walk(std::uint32_t device) {
  Session& session = at(device);
  choose_socket(session);
  session.walk.emplace(session.memory, policy_of(session), context_.loop.now());
  session.exchange = {};  // the first request of this poll bears the number of the last one's
  proceed(device);
}

snmp::WalkPolicy SnmpCollector::policy_of(const Session& session) const {
  const auto version = session.target.credentials.version == SnmpVersion::v1 ? snmp::Version::v1
                                                                             : snmp::Version::v2c;
  return {config_.timeout, config_.retries, version, session.silence.retries(config_.retries),
          session.endless.walks_next()};
}

std::string SnmpCollector::why_not(const Session& session) const {
  if (sockets_.empty()) return "no UDP socket: " + socket_problem_;
  if (!session.unusable.empty()) return session.unusable;
  return "cannot resolve " + session.target.device.host + ": " +
         (session.unresolved.empty() ? "no answer yet" : session.unresolved) +
         "; correct 'address' or mend the name service";
}

// Sends what is asked next, or ends the poll, or what followed it.
void SnmpCollector::proceed(std::uint32_t device) {
  Session& session = at(device);
  if (session.check && session.check->done()) return end_check(device);
  if (session.check) return ask(device);
  if (session.walk && session.walk->done()) return end_poll(device);
  if (!session.working()) return end_profiles(device);
  ask(device);
}

void SnmpCollector::end_poll(std::uint32_t device) {
  Session& session = at(device);
  forget_request(session);
  queue_.finish(device);
  broken_rules_.add(session.walk->broken_rules());
  const bool answered = session.walk->answered();
  const bool endless = session.walk->endless();
  DeviceSample sample = session.walk->finish(context_.loop.now());
  session.walk.reset();
  note_learned(session);
  if (session.endless.walks_next()) {
    session.endless.walked(endless, sample.complete);
  } else {
    session.endless.rested();
  }
  if (sample.answered) {
    session.silence.answered();
  } else {
    session.silence.poll_lost();
    if (session.named) lookup(device);
  }
  // Whether it is there must be found out anew each time, unless it says itself what it refuses.
  if (session.security && !answered && !session.exchange.refusal) session.security->rediscover();
  const bool usable = sample.result == PollResult::ok || sample.result == PollResult::partial;
  correct(session, sample);
  const bool more = usable && begin_profiles(session, sample);
  const bool asked_for = session.urgent;
  const bool changed = publish(device, std::move(sample));
  more ? proceed(device) : rest(device);
  // Last: who hears it may ask for a poll at once.
  if (asked_for && changed && context_.polls != nullptr) {
    context_.polls->confirmed(at(device).target.device.name);
  }
}

// The tables besides the interfaces, in what is left of the interval. False: there are none.
bool SnmpCollector::begin_profiles(Session& session, const DeviceSample& poll) {
  if (config_.profiles.empty()) return false;
  if (!session.profiles) {
    session.profiles = std::make_unique<snmp::ProfilePolls>(config_.profiles, config_.interval);
  }
  session.exchange = {};
  session.profiles->begin(poll, {config_.timeout, config_.retries}, session.memory.max_varbinds,
                          context_.loop.now(), std::exchange(session.tables, false));
  return true;
}

void SnmpCollector::end_profiles(std::uint32_t device) {
  Session& session = at(device);
  forget_request(session);
  queue_.finish(device);
  snmp::ProfilePolls::Finished finished = session.profiles->finish();
  schedule_.set(device, session.next_poll);
  for (SeriesSample& sample : finished.samples) {
    sample.device = session.target.device.name;
    context_.sink.publish(std::move(sample));
  }
  if (session.profiles_told.wants(finished.problem, context_.loop.now())) {
    context_.log.warning("profiles of a device were read in part",
                         {{"device", session.target.device.name.text()},
                          {"address", where(session)},
                          {"problem", finished.problem}});
  }
  rest(device);
}

bool SnmpCollector::publish(std::uint32_t device, DeviceSample sample) {
  Session& session = at(device);
  sample.device = session.target.device.name;
  sample.interval = config_.interval;
  add_totals(sample);
  tell(session, sample);
  schedule_.set(device, session.next_poll);
  if (session.changes.knows_nothing()) recall_changes(session);
  std::vector<Event> events = session.changes.see(sample, context_.loop.wall_now());
  keep_changes(session);
  const bool changed = !events.empty();
  thin_out(session, sample, events);
  for (Event& event : events) {
    const bool lost = event.kind == "interface_down" && context_.polls != nullptr;
    if (lost) context_.polls->lost(event.device, *event.interface);
    context_.sink.report(std::move(event));
  }
  context_.sink.publish(std::move(sample));
  return changed;
}

// Before the event: on the disk they are there together, and a later process tells each change
// once.
void SnmpCollector::keep_changes(Session& session) {
  if (auto memory = session.changes.take_memory()) {
    context_.sink.remember(memory_name(session.target.device.name), std::move(*memory));
  }
}

void SnmpCollector::recall_changes(Session& session) {
  const std::string name = memory_name(session.target.device.name);
  const Memories found = context_.sink.recall(name, Recall::of_name);
  if (!found.empty()) session.changes.recall(found.front().second);
}

void SnmpCollector::forget_changes(const DeviceName& device) {
  context_.sink.remember(memory_name(device), "");
}

void SnmpCollector::forget_changes_of_others() {
  for (const auto& [name, changes] : context_.sink.recall(kMemories, Recall::of_prefix)) {
    const DeviceName device(name.substr(kMemories.size()));
    if (!by_name_.contains(device)) forget_changes(device);
  }
}

// Once when a device falls silent and once when it is back; other problems when they change or come
// back.
void SnmpCollector::tell(Session& session, const DeviceSample& sample) {
  const Instant now = context_.loop.now();
  const std::string& name = session.target.device.name.text();
  if (!sample.answered) {
    if (session.silent) return;
    session.silent = true;
    session.silent_since = now;
    context_.log.warning(
        sample.result == PollResult::timeout
            ? "device does not answer; check that it is up, its address, its credentials and whom "
              "it lets ask"
            : "device cannot be polled",
        {{"device", name}, {"address", where(session)}, {"problem", sample.problem}});
    return;
  }
  if (session.silent) {
    session.silent = false;
    context_.log.notice(
        "device answers again",
        {{"device", name},
         {"address", where(session)},
         {"after", to_text(std::chrono::floor<std::chrono::seconds>(now - session.silent_since))}});
  }
  if (!session.told.wants(sample.problem, now)) return;
  context_.log.warning(
      what_is_wrong(sample.result),
      {{"device", name}, {"address", where(session)}, {"problem", sample.problem}});
}

void SnmpCollector::lookup(std::uint32_t device) {
  Session& session = at(device);
  if (session.lookup != 0) return;
  session.lookup = ++lookups_made_;
  lookups_.emplace(session.lookup, device);
  resolver_.ask(session.lookup, session.target.device.host, session.target.device.port);
}

// A name that no longer resolves keeps its last address: the device may well be there.
void SnmpCollector::resolved(std::size_t lookup, Result<Address> address) {
  const auto asked = lookups_.find(lookup);
  if (asked == lookups_.end()) return;  // the device is gone
  const std::uint32_t device = asked->second;
  lookups_.erase(asked);
  Session& session = at(device);
  session.lookup = 0;
  session.resolved_at = context_.loop.now();
  session.unresolved = address ? "" : address.error();
  if (address && (!session.address || !(*session.address == *address))) {
    if (session.address) {
      const auto old = by_address_.find(*session.address);
      if (old != by_address_.end() && old->second == device) by_address_.erase(old);
      context_.log.notice(
          "device has a new address",
          {{"device", session.target.device.name.text()}, {"address", to_text(*address)}});
    }
    session.address = *address;
    by_address_.emplace(*address, device);
  }
  if (session.waiting) {
    begin_poll(device);
    flush();
    arm();
  }
}

}  // namespace itnxt
