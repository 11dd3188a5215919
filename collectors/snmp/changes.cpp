#include "collectors/snmp/changes.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "daemon/core/hash.hpp"

namespace itnxt::snmp {
namespace {

// A device's clock may be off by a tenth, and a poll takes its time.
constexpr Duration kSlack = 30s;

// As ifOperStatus calls them (RFC 2863 §6).
constexpr std::array<std::string_view, 8> kOperNames = {
    "unknown", "up", "down", "testing", "unknown", "dormant", "notPresent", "lowerLayerDown"};

bool restarted(TimeTicks before, TimeTicks now, Duration passed) {
  const Duration ticked = elapsed(before, now);  // nearly 497 days when it went back
  return ticked + kSlack < passed - passed / 10 ||
         (now < before && ticked > passed + passed / 10 + kSlack);
}

std::uint32_t short_hash(const std::string& name) {
  return static_cast<std::uint32_t>(stable_hash(name));
}

Event interface_event(const Event& form, InterfaceStatus now) {
  Event event = form;
  event.kind = now.oper == OperStatus::up ? "interface_up" : "interface_down";
  event.text = "interface " + (now.if_name.empty() ? std::to_string(now.if_index) : now.if_name) +
               " of " + form.device.text() + " is " +
               std::string(kOperNames[static_cast<std::size_t>(now.oper)]);
  if (now.admin == AdminStatus::down) event.text += " (shut down)";
  event.interface = std::move(now);
  return event;
}

Event interface_event(const Event& form, const InterfaceSample& row) {
  Event event = interface_event(form, {row.if_index, row.if_name, row.admin, row.oper});
  if (!row.if_alias.empty()) event.details.emplace_back("alias", row.if_alias);
  return event;
}

}  // namespace

std::vector<Event> Changes::see(const DeviceSample& sample, WallTime wall) {
  Event form;
  form.wall = wall;
  form.at = sample.at;
  form.device = sample.device;
  std::vector<Event> events;
  see_device(sample, form, events);
  see_ports(sample, form, events);
  return events;
}

std::optional<Event> Changes::see(const DeviceName& device, const InterfaceStatus& now,
                                  SourceTime at, WallTime wall) {
  const auto port = std::ranges::lower_bound(ports_, now.if_index, {}, &Port::if_index);
  if (port == ports_.end() || port->if_index != now.if_index) return std::nullopt;
  // Version 1 is not asked for the name.
  if (!now.if_name.empty() && port->name != short_hash(now.if_name)) return std::nullopt;
  const OperStatus before = std::exchange(port->oper, now.oper);
  if (before == OperStatus::unknown) return std::nullopt;
  if ((before == OperStatus::up) == (now.oper == OperStatus::up)) return std::nullopt;
  Event form;
  form.wall = wall;
  form.at = at;
  form.device = device;
  return interface_event(form, now);
}

std::optional<bool> Changes::is_up(std::uint32_t if_index) const {
  const auto port = std::ranges::lower_bound(ports_, if_index, {}, &Port::if_index);
  if (port == ports_.end() || port->if_index != if_index) return std::nullopt;
  if (port->oper == OperStatus::unknown) return std::nullopt;
  return port->oper == OperStatus::up;
}

void Changes::see_device(const DeviceSample& sample, const Event& form,
                         std::vector<Event>& events) {
  // An error is ours: it tells nothing of the device.
  if (sample.result == PollResult::error) return;
  const bool answers = sample.result != PollResult::timeout;
  if (answers_.value_or(answers) != answers) {
    Event event = form;
    event.kind = answers ? "device_up" : "device_down";
    event.answers = answers;
    event.text = "device " + form.device.text() + (answers ? " answers again" : " does not answer");
    events.push_back(std::move(event));
  }
  answers_ = answers;
  if (!sample.uptime) return;
  if (clock_ && restarted(clock_->uptime, *sample.uptime, sample.at - clock_->at)) {
    Event event = form;
    event.kind = "device_restarted";
    event.text = "device " + form.device.text() + " has restarted";
    event.details.emplace_back("uptime_seconds", std::to_string(sample.uptime->hundredths / 100));
    events.push_back(std::move(event));
  }
  clock_ = Clock{*sample.uptime, sample.at};
}

// Both lists are by ifIndex. A row that a walk lacks is forgotten only when the walk was whole.
void Changes::see_ports(const DeviceSample& sample, const Event& form, std::vector<Event>& events) {
  if (sample.interfaces.empty() && !sample.complete) return;
  std::vector<Port> ports;
  ports.reserve(sample.interfaces.size());
  auto before = ports_.begin();
  for (const InterfaceSample& row : sample.interfaces) {
    for (; before != ports_.end() && before->if_index < row.if_index; ++before) {
      if (!sample.complete) ports.push_back(*before);
    }
    Port port{row.if_index, short_hash(row.if_name), row.oper};
    if (before != ports_.end() && before->if_index == row.if_index) {
      const bool same = before->name == port.name;
      if (same && port.oper == OperStatus::unknown) port.oper = before->oper;  // it did not say
      if (same && before->oper != OperStatus::unknown &&
          (before->oper == OperStatus::up) != (port.oper == OperStatus::up)) {
        events.push_back(interface_event(form, row));
      }
      ++before;
    }
    ports.push_back(port);
  }
  if (!sample.complete) ports.insert(ports.end(), before, ports_.end());
  ports_ = std::move(ports);
}

}  // namespace itnxt::snmp
