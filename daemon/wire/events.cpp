#include "daemon/wire/events.hpp"

#include <algorithm>
#include <limits>

#include "daemon/core/text.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt::wire {
namespace {

void put(const Event& from, v1::Event& to) {
  to.set_at_unix_ns(from.wall.time_since_epoch().count());
  to.set_run(from.run);
  to.set_at_ns(from.at.time_since_epoch().count());
  to.set_kind(from.kind);
  to.set_device(from.device.text());
  if (from.interface) {
    v1::Event::InterfaceStatus& status = *to.mutable_interface();
    status.set_if_index(from.interface->if_index);
    status.set_if_name(from.interface->if_name);
    status.set_admin(static_cast<v1::AdminStatus>(from.interface->admin));
    status.set_oper(static_cast<v1::OperStatus>(from.interface->oper));
  }
  if (from.answers) to.set_answers(*from.answers);
  to.set_text(from.text);
  for (const auto& [name, value] : from.details) {
    v1::Event::Detail& detail = *to.add_details();
    detail.set_name(name);
    detail.set_value(value);
  }
}

bool is_word(const std::string& text) {
  return !text.empty() && text.size() <= kEventName && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// The reader of one event: knows how to name its fields.
class Reader {
 public:
  Reader(Problem& problem, std::size_t number) : problem_(problem), number_(number) {}

  void wrong(const char* field, const std::string& what) {
    problem_.say("events[" + std::to_string(number_) + "]." + field + ": " + what);
  }
  Duration time(std::int64_t nanoseconds, const char* field) {
    if (nanoseconds >= 0 && nanoseconds <= kLatest) return Duration(nanoseconds);
    wrong(field, std::to_string(nanoseconds) + kNoTime);
    return {};
  }
  std::string word(const std::string& from, const char* field) {
    if (is_word(from)) return from;
    wrong(field, "is no word of a-z, 0-9 and _, 1 to 64 long");
    return {};
  }
  template <class Enum>
  Enum closed(int value, Enum last, const char* field, const char* type) {
    if (value >= 0 && value <= static_cast<int>(last)) return static_cast<Enum>(value);
    wrong(field, std::to_string(value) + " is no " + type);
    return Enum{};
  }

 private:
  Problem& problem_;
  std::size_t number_;
};

InterfaceStatus take(const v1::Event::InterfaceStatus& from, Reader& reader) {
  InterfaceStatus status;
  status.if_index = from.if_index();
  sanitize_into(status.if_name, from.if_name(), kName);
  if (status.if_index == 0 && status.if_name.empty()) {
    reader.wrong("interface", "has neither if_index nor if_name");
  }
  status.admin =
      reader.closed(from.admin(), AdminStatus::testing, "interface.admin", "AdminStatus");
  status.oper =
      reader.closed(from.oper(), OperStatus::lower_layer_down, "interface.oper", "OperStatus");
  return status;
}

void take(const v1::Event& from, Reader& reader, Event& to) {
  to.wall = WallTime(reader.time(from.at_unix_ns(), "at_unix_ns"));
  to.run = from.run();
  to.at = SourceTime(reader.time(from.at_ns(), "at_ns"));
  to.kind = reader.word(from.kind(), "kind");
  std::string device;
  sanitize_into(device, from.device(), kName);
  to.device = DeviceName(std::move(device));
  to.interface.reset();
  if (from.has_interface()) to.interface = take(from.interface(), reader);
  to.answers.reset();
  if (from.has_answers()) to.answers = from.answers();
  if (to.device.empty() && (to.interface || to.answers)) {
    reader.wrong("device", "is empty, but the event tells a device's state");
  }
  sanitize_into(to.text, from.text(), kEventText);
  const auto details = static_cast<std::size_t>(from.details_size());
  if (details > kMostEventDetails) {
    return reader.wrong("details",
                        std::to_string(details) + ", at most " + std::to_string(kMostEventDetails));
  }
  to.details.resize(details);
  for (std::size_t i = 0; i < details; ++i) {
    const auto& detail = from.details(static_cast<int>(i));
    to.details[i].first = reader.word(detail.name(), "details.name");
    sanitize_into(to.details[i].second, detail.value(), kName);
  }
}

}  // namespace

void put_events(const EventBatch& from, v1::EventBatch& to) {
  to.set_node(from.node.text());
  to.set_collector(from.collector.text());
  to.set_epoch(from.epoch);
  to.set_first_sequence(from.events.empty() ? 0 : from.events.front().sequence);
  to.set_sent_at_unix_ns(from.sent_wall.time_since_epoch().count());
  for (const Event& event : from.events) put(event, *to.add_events());
}

void take_events(const v1::EventBatch& from, Problem& problem, EventBatch& to) {
  take_name(from.node(), "events.node", problem, to.node);
  take_exact_name(from.collector(), "events.collector", problem, to.collector);
  to.epoch = from.epoch();
  const std::int64_t sent = from.sent_at_unix_ns();
  if (sent < 0 || sent > kLatest) {
    problem.say("events.sent_at_unix_ns: " + std::to_string(sent) + kNoTime);
  }
  to.sent_wall = WallTime(Duration(problem.any() ? 0 : sent));
  const auto count = static_cast<std::size_t>(from.events_size());
  if (count == 0 || count > kMaxEvents) {
    return problem.say("events: " + std::to_string(count) + ", expected 1 to " +
                       std::to_string(kMaxEvents));
  }
  const std::uint64_t first = from.first_sequence();
  if (first == 0 || first > std::numeric_limits<std::uint64_t>::max() - count) {
    return problem.say("events.first_sequence: " + std::to_string(first) +
                       ", expected to count from 1");
  }
  to.events.resize(count);
  for (std::size_t i = 0; i < count && !problem.any(); ++i) {
    Reader reader(problem, i);
    take(from.events(static_cast<int>(i)), reader, to.events[i]);
    to.events[i].sequence = first + i;
  }
}

}  // namespace itnxt::wire
