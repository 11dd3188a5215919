#include "daemon/io/event_list.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace itnxt {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMostId = std::uint64_t{1} << 53U;  // a number that JSON's readers keep

constexpr std::string_view name(AdminStatus status) {
  switch (status) {
    case AdminStatus::unknown:
      break;
    case AdminStatus::up:
      return "up";
    case AdminStatus::down:
      return "down";
    case AdminStatus::testing:
      return "testing";
  }
  return {};
}

// As IF-MIB spells them.
constexpr std::string_view name(OperStatus status) {
  switch (status) {
    case OperStatus::unknown:
      break;
    case OperStatus::up:
      return "up";
    case OperStatus::down:
      return "down";
    case OperStatus::testing:
      return "testing";
    case OperStatus::not_known:
      return "unknown";
    case OperStatus::dormant:
      return "dormant";
    case OperStatus::not_present:
      return "notPresent";
    case OperStatus::lower_layer_down:
      return "lowerLayerDown";
  }
  return {};
}

Json text_or_null(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json event_json(const StoredEvent& stored) {
  const Event& event = stored.event;
  Json interface = nullptr;
  if (event.interface) {
    const InterfaceStatus& status = *event.interface;
    interface = {{"name", text_or_null(status.if_name)},
                 {"if_index", status.if_index == 0 ? Json(nullptr) : Json(status.if_index)},
                 {"admin", text_or_null(name(status.admin))},
                 {"oper", text_or_null(name(status.oper))}};
  }
  Json details = Json::object();
  for (const auto& [key, value] : event.details) details[key] = value;
  return {{"id", stored.id},
          {"time", to_rfc3339(event.wall)},
          {"taken", to_rfc3339(stored.taken)},
          {"node", stored.node.text()},
          {"collector", text_or_null(stored.collector.text())},
          {"epoch", std::to_string(stored.epoch)},  // 64 bits: more than a number holds
          {"sequence", event.sequence},
          {"kind", event.kind},
          {"device", text_or_null(event.device.text())},
          {"interface", std::move(interface)},
          {"answers", event.answers ? Json(*event.answers) : Json(nullptr)},
          {"text", event.text},
          {"details", std::move(details)},
          {"refused", stored.refused}};
}

std::optional<std::uint64_t> whole(const std::string& text, std::uint64_t least,
                                   std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < least || value > most) return std::nullopt;
  return value;
}

}  // namespace

Result<EventQuery> parse_event_query(const std::optional<std::string>& limit,
                                     const std::optional<std::string>& since) {
  EventQuery query;
  if (limit) {
    const auto value = whole(*limit, 1, RecentEvents::kMost);
    if (!value) {
      return Error{"limit: a number from 1 to " + std::to_string(RecentEvents::kMost) +
                   " is expected"};
    }
    query.limit = *value;
  }
  if (since) {
    const auto value = whole(*since, 0, kMostId);
    if (!value) return Error{"since: the id of an event is expected"};
    query.since = *value;
  }
  return query;
}

BodyReader events_body(const RecentEvents& events, const EventQuery& query) {
  std::vector<StoredEventPtr> found;
  std::string tail;
  if (query.since) {
    RecentEvents::Page page = events.after(*query.since, query.limit);
    found = std::move(page.events);
    const Json members = {{"next", found.empty() ? *query.since : found.back()->id},
                          {"more", page.more},
                          {"missed", page.missed}};
    tail = ',' + members.dump().substr(1);
    tail.pop_back();
  } else {
    found = events.newest(query.limit);
  }
  return list_body(
      [found = std::move(found), i = std::size_t{0}](std::string& out) mutable {
        if (i == found.size()) return false;
        out += event_json(*found[i++]).dump(-1, ' ', false, Json::error_handler_t::replace);
        return true;
      },
      std::move(tail));
}

}  // namespace itnxt
