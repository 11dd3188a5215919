#include "daemon/ctl/events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "daemon/ctl/human.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {
namespace {

constexpr std::size_t kPage = 1000;
constexpr std::size_t kMostPages = 1000;
constexpr std::size_t kMostEvents = 1'000'000;

// "eth0 down", "does not answer": what the event says of a state.
std::string told_state(const Json& event) {
  const Json& interface = child_of(event, "interface");
  if (!interface.is_null()) {
    std::string name = text_of(interface, "name", 128);
    if (name.empty()) {
      const auto index = number_of(interface, "if_index");
      name = index ? fmt::format("ifIndex {:.0f}", *index) : "-";
    }
    const std::string oper = text_of(interface, "oper");
    return oper.empty() ? name : name + ' ' + oper;
  }
  const auto answers = flag_of(event, "answers");
  if (!answers) return "-";
  return *answers ? "answers" : "does not answer";
}

std::vector<const Json*> sorted(const Json& events, EventOrder order) {
  struct Keyed {
    WallTime time;
    double id;
    const Json* event;
  };
  std::vector<Keyed> rows;
  rows.reserve(events.size());
  for (const Json& event : events) {
    rows.push_back(
        {time_of(event, "time").value_or(WallTime{}), number_of(event, "id").value_or(0), &event});
  }
  std::ranges::stable_sort(rows, [order](const Keyed& a, const Keyed& b) {
    const auto key = [](const Keyed& row) { return std::tie(row.time, row.id); };
    return order == EventOrder::oldest_first ? key(a) < key(b) : key(b) < key(a);
  });
  std::vector<const Json*> in_order;
  in_order.reserve(rows.size());
  for (const Keyed& row : rows) in_order.push_back(row.event);
  return in_order;
}

// Told by who may not tell of the device: it is not so.
std::string state_text(const Json& event) {
  const std::string state = told_state(event);
  if (!flag_of(event, "refused").value_or(false)) return state;
  return state == "-" ? "refused" : state + " (refused)";
}

}  // namespace

// By when they happened, which is the time that is shown: events come late and out of order. Of the
// same moment, or without one, by id.
std::string events_table(const Json& events, EventOrder order, const Style& style) {
  if (events.empty()) return "no events\n";
  Table table({{"TIME (UTC)"},
               {"NODE", Align::left, 2},
               {"COLLECTOR", Align::left, 1},
               {"KIND"},
               {"DEVICE"},
               {"STATE"},
               {"TEXT"}});
  for (const Json* one : sorted(events, order)) {
    const Json& event = *one;
    const auto time = time_of(event, "time");
    // "2026-12-01T21:00:00.123Z" → "2026-12-01 21:00:00"
    std::string when = time ? to_rfc3339(*time).substr(0, 19).replace(10, 1, " ") : "-";
    const auto or_dash = [](std::string text) { return text.empty() ? "-" : std::move(text); };
    table.add({std::move(when), text_of(event, "node"), or_dash(text_of(event, "collector")),
               text_of(event, "kind"), or_dash(text_of(event, "device", 128)), state_text(event),
               text_of(event, "text", 200)});
  }
  return table.render(style);
}

// Page after page of what came behind the id, until there is no more. The server is not trusted:
// one whose pages do not go on, or never end, ends it.
Result<EventsBehind> events_behind(const PageOf& page_of, std::uint64_t since, std::size_t most) {
  EventsBehind all;
  all.next = since;
  bool more = true;
  for (std::size_t pages = 0; more && all.events.size() < most; ++pages) {
    const std::size_t limit = std::min(kPage, most - all.events.size());
    auto answer = page_of(fmt::format("events?since={}&limit={}", all.next, limit));
    if (!answer) return Error{answer.error()};
    const auto next = number_of(*answer, "next");
    const bool goes_on = next && *next > static_cast<double>(all.next);
    more = flag_of(*answer, "more").value_or(false);
    if (!next || (more && !goes_on) || pages == kMostPages) {
      return Error{fmt::format(
          "the pages of events do not go on behind id {}: an aggregator of another version? Ask "
          "without --since",
          all.next)};
    }
    all.missed = all.missed || flag_of(*answer, "missed").value_or(false);
    if (goes_on) all.next = static_cast<std::uint64_t>(*next);
    Json& page = (*answer)["data"];
    if (!page.is_array()) continue;
    for (Json& event : page) all.events.push_back(std::move(event));
  }
  return all;
}

void run_events(Invocation& call) {
  const EventsOptions& options = call.events;
  const EventOrder order = options.since < 0 ? EventOrder::newest_first : EventOrder::oldest_first;
  const Render render = [order](const std::vector<Json>& data, const Style& style) {
    return events_table(data[0], order, style);
  };
  if (options.since < 0) {
    const std::string name =
        options.limit == 0 ? "events" : fmt::format("events?limit={}", options.limit);
    return answer(call, {name}, render);
  }
  auto url = parse_url(call.url);
  if (!url) return fail(call, kWrongUsage, "--url: " + url.error());
  const Api api(std::move(*url));
  auto all =
      events_behind([&](const std::string& name) { return api.get_answer(name); },
                    static_cast<std::uint64_t>(options.since),
                    options.limit == 0 ? kMostEvents : static_cast<std::size_t>(options.limit));
  if (!all) return fail(call, kFailed, all.error());
  if (all->missed) {
    fmt::print(stderr,
               "itnxtctl: some of the events behind id {} may be older than what the aggregator "
               "shows; they are in its aggregator.state/events.db (sqlite3 reads it)\n",
               options.since);
  }
  show(call, {Json(std::move(all->events))}, render);
  if (!call.json) fmt::print(stderr, "itnxtctl: next time: --since {}\n", all->next);
}

}  // namespace itnxt::ctl
