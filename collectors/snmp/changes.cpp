#include "collectors/snmp/changes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
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

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kHashDigits = 6;  // of 6 bits

void append_hash(std::string& text, std::uint32_t hash) {
  for (std::size_t i = kHashDigits; i-- > 0;) text += kDigits[std::uint64_t{hash} >> 6 * i & 63U];
}

// Takes it off the front of `text`.
std::optional<std::uint32_t> take_hash(std::string_view& text) {
  if (text.size() < kHashDigits) return std::nullopt;
  std::uint64_t hash = 0;
  for (const char digit : text.substr(0, kHashDigits)) {
    const std::size_t value = kDigits.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    hash = hash << 6U | value;
  }
  text.remove_prefix(kHashDigits);
  if (hash >> 32U != 0) return std::nullopt;
  return static_cast<std::uint32_t>(hash);
}

// The same. How far an ifIndex is from the one before: one, if nothing is said.
std::optional<std::uint32_t> take_distance(std::string_view& text) {
  if (!text.starts_with(' ')) return 1;
  std::uint32_t distance = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + 1, end, distance, 16);
  if (read.ec != std::errc() || read.ptr == end || *read.ptr != ':') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr + 1 - text.data()));
  return distance;
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

// "+" or "-" (answers or not), then of each port its hash and the digit of its ifOperStatus; before
// them, where ifIndex skips some, how many it goes on: "+B/3k5x1AAQ7z02 1f:Bn0yT51".
std::optional<std::string> Changes::take_memory() {
  if (!std::exchange(is_news_, false) || !answers_) return std::nullopt;
  std::string memory(1, *answers_ ? '+' : '-');
  std::uint32_t before = 0;
  for (const Port& port : ports_) {
    const std::uint32_t distance = port.if_index - std::exchange(before, port.if_index);
    if (distance != 1) {
      std::array<char, 8> text{};
      memory += ' ';
      memory.append(text.data(),
                    std::to_chars(text.data(), text.data() + text.size(), distance, 16).ptr);
      memory += ':';
    }
    append_hash(memory, port.name);
    memory += static_cast<char>('0' + static_cast<int>(port.oper));
  }
  return memory;
}

bool Changes::recall(std::string_view memory) {
  if (memory.empty() || (memory.front() != '+' && memory.front() != '-')) return false;
  const bool answers = memory.front() == '+';
  std::vector<Port> ports;
  std::uint32_t before = 0;
  for (std::string_view text = memory.substr(1); !text.empty(); text.remove_prefix(1)) {
    const auto distance = take_distance(text);
    if (!distance || *distance > std::numeric_limits<std::uint32_t>::max() - before) return false;
    if (*distance == 0 && !ports.empty()) return false;
    const auto name = take_hash(text);
    if (!name || text.empty() || text.front() < '0' || text.front() > '7') return false;
    before += *distance;
    ports.push_back({before, *name, static_cast<OperStatus>(text.front() - '0')});
  }
  answers_ = answers;
  ports_ = std::move(ports);
  return true;
}

}  // namespace itnxt::snmp
