// What is asked out of turn: a device of which something was heard. The interface that is meant is
// asked before everything else, in the midst of a walk too, which then goes on where it was; the
// whole device as soon as no poll of it is under way.
#include <algorithm>
#include <utility>

#include "collectors/snmp/collector.hpp"

namespace itnxt {

bool SnmpCollector::poll_now(const DeviceName& device, const PollReason& reason) {
  const auto known = by_name_.find(device);
  if (known == by_name_.end()) return false;
  Session& session = at(known->second);
  // Nothing can be asked, which the regular poll reports; or the first one waits for the address.
  const bool usable = !sockets_.empty() && session.address && session.unusable.empty();
  if (!usable || session.waiting) return true;
  if (!session.again) session.again.emplace();
  session.again->tables = session.again->tables || reason.tables;
  if (reason.if_index != 0 && !session.check) {
    if (!session.polling()) choose_socket(session);
    if (session.request_id != 0) session.dropped_id = session.request_id;
    session.check.emplace(reason.if_index, policy_of(session));
    session.said_up = reason.up;
    session.exchange = {};
    ask(known->second);
  } else if (!session.working()) {
    rest(known->second);
  }
  flush();
  arm();
  return true;
}

bool SnmpCollector::knows(const DeviceName& device, std::uint32_t if_index, bool up) const {
  const auto known = by_name_.find(device);
  return known != by_name_.end() && sessions_[known->second]->changes.is_up(if_index) == up;
}

std::optional<DeviceName> SnmpCollector::device_of(ByteView engine) const {
  const DeviceName* const owner = engines_.owner_of(snmp::usm::EngineId(engine));
  return owner == nullptr ? std::nullopt : std::optional(*owner);
}

void SnmpCollector::end_check(std::uint32_t device) {
  Session& session = at(device);
  forget_request(session);
  queue_.finish(device);
  const std::optional<InterfaceStatus> found = session.check->found();
  session.check.reset();
  bool contradicts = false;
  bool changed = false;
  if (found) {
    const SourceTime now = source_time(context_.loop.now());
    const DeviceName& name = session.target.device.name;
    auto event = session.changes.see(name, *found, now, context_.loop.wall_now());
    keep_changes(session);
    changed = event.has_value();
    if (event) {
      session.told_port = found->if_index;
      context_.sink.report(std::move(*event));
    }
    const bool up = found->oper == OperStatus::up;
    contradicts = session.said_up.value_or(up) != up;
    if (context_.polls != nullptr) context_.polls->seen(name, *found);
    if (session.walk) {
      session.confirmed = found;
      session.confirmed_at = now;
    }
  }
  session.polling() ? proceed(device) : rest(device);
  // Last: who hears it may ask for a poll at once.
  if (changed) context_.polls->confirmed(at(device).target.device.name);
  if (contradicts) context_.polls->contradicted(at(device).target.device.name, found->if_index);
}

// Nothing is under way: what was asked for meanwhile. Where the regular poll is near, this one
// stands for it: a poll that began a moment before would have no time to get its answers.
void SnmpCollector::rest(std::uint32_t device) {
  Session& session = at(device);
  session.urgent = session.again.has_value();
  if (!session.again) return;
  session.tables = session.again->tables;
  session.again.reset();
  while (session.next_poll - context_.loop.now() < config_.interval / 2) {
    session.next_poll += config_.interval;
  }
  begin_walk(device);
}

// A row that was read before its interface was checked is older than what was found then.
void SnmpCollector::correct(Session& session, DeviceSample& sample) {
  const std::optional<InterfaceStatus> confirmed = std::exchange(session.confirmed, std::nullopt);
  if (!confirmed) return;
  for (InterfaceSample& row : sample.interfaces) {
    if (row.if_index != confirmed->if_index || row.at > session.confirmed_at) continue;
    row.admin = confirmed->admin;
    row.oper = confirmed->oper;
  }
}

// A whole table soon after another would withhold every rate of the device as `late`: of a poll out
// of turn only the rows go out that have changed.
void SnmpCollector::thin_out(Session& session, DeviceSample& sample,
                             const std::vector<Event>& events) const {
  const Instant now = context_.loop.now();
  const std::uint32_t told = std::exchange(session.told_port, 0);
  const bool early = session.whole_at && now - *session.whole_at < config_.interval / 2;
  if (!session.urgent || !early) {
    if (sample.answered) session.whole_at = now;
    return;
  }
  sample.complete = false;
  std::erase_if(sample.interfaces, [&](const InterfaceSample& row) {
    return row.if_index != told && std::ranges::none_of(events, [&](const Event& event) {
             return event.interface && event.interface->if_index == row.if_index;
           });
  });
}

}  // namespace itnxt
