#include "collectors/snmp/changes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <system_error>
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
  is_news_ = is_news_ || before != now.oper;
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
  is_news_ = is_news_ || answers_ != answers;
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
  is_news_ = is_news_ || ports != ports_;
  ports_ = std::move(ports);
}

// "+" or "-" (answers or not), then of each port its ifIndex and hash, hexadecimal, and the digit
// of its ifOperStatus: "+1:89abcdef:1 2:1234:2 ".
std::optional<std::string> Changes::take_memory() {
  if (!std::exchange(is_news_, false) || !answers_) return std::nullopt;
  std::string memory(1, *answers_ ? '+' : '-');
  for (const Port& port : ports_) {
    std::array<char, 32> text{};
    char* at = std::to_chars(text.data(), text.data() + 8, port.if_index, 16).ptr;
    *at++ = ':';
    at = std::to_chars(at, at + 8, port.name, 16).ptr;
    *at++ = ':';
    *at++ = static_cast<char>('0' + static_cast<int>(port.oper));
    *at++ = ' ';
    memory.append(text.data(), at);
  }
  return memory;
}

bool Changes::recall(std::string_view memory) {
  if (memory.empty() || (memory.front() != '+' && memory.front() != '-')) return false;
  const bool answers = memory.front() == '+';
  std::vector<Port> ports;
  const char* at = memory.data() + 1;
  const char* const end = memory.data() + memory.size();
  while (at != end) {
    Port port{};
    const auto index = std::from_chars(at, end, port.if_index, 16);
    if (index.ec != std::errc() || index.ptr == end || *index.ptr != ':') return false;
    const auto name = std::from_chars(index.ptr + 1, end, port.name, 16);
    if (name.ec != std::errc() || end - name.ptr < 3 || *name.ptr != ':') return false;
    const char oper = name.ptr[1];
    if (oper < '0' || oper > '7' || name.ptr[2] != ' ') return false;
    if (!ports.empty() && ports.back().if_index >= port.if_index) return false;
    port.oper = static_cast<OperStatus>(oper - '0');
    ports.push_back(port);
    at = name.ptr + 3;
  }
  answers_ = answers;
  ports_ = std::move(ports);
  return true;
}

}  // namespace itnxt::snmp
