#include <fmt/format.h>

#include "daemon/ctl/human.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {
namespace {

// "eth0 down", "device silent": what the event says of a state.
std::string state_text(const Json& event) {
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

}  // namespace

std::string events_table(const Json& events, const Style& style) {
  if (events.empty()) return "no events\n";
  Table table({{"TIME (UTC)"},
               {"NODE", Align::left, 2},
               {"COLLECTOR", Align::left, 1},
               {"KIND"},
               {"DEVICE"},
               {"STATE"},
               {"TEXT"}});
  for (const Json& event : events) {
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

void run_events(Invocation& call) {
  answer(call, {"events"}, [](const std::vector<Json>& data, const Style& style) {
    return events_table(data[0], style);
  });
}

}  // namespace itnxt::ctl
