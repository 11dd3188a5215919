#include <fmt/format.h>

#include "daemon/ctl/human.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {
namespace {

Tone tone_of(const std::string& severity, const std::string& state) {
  if (state != "firing") return Tone::faint;
  if (severity == "critical") return Tone::bad;
  return severity == "warning" ? Tone::warning : Tone::plain;
}

}  // namespace

std::string alerts_table(const Json& alerts, std::optional<WallTime> now, const Style& style) {
  if (alerts.empty()) return "no alerts\n";
  Table table({{"SEVERITY"},
               {"STATE"},
               {"ALERT"},
               {"SUBJECT"},
               {"FOR", Align::right},
               {"SINCE (UTC)"},
               {"SUMMARY"}});
  for (const Json& alert : alerts) {
    const std::string severity = text_of(alert, "severity");
    const std::string state = text_of(alert, "state");
    const auto since = time_of(alert, "since");
    // "2026-12-01T21:00:00.123Z" → "2026-12-01 21:00:00"
    std::string when = since ? to_rfc3339(*since).substr(0, 19).replace(10, 1, " ") : "-";
    table.add({Cell{severity, tone_of(severity, state)}, state, text_of(alert, "alert"),
               text_of(alert, "subject", 128), age(between(since, now)), std::move(when),
               text_of(child_of(alert, "annotations"), "summary", 200)});
  }
  return table.render(style);
}

void run_alerts(Invocation& call) {
  answer(call, {"alerts", "status"}, [](const std::vector<Json>& data, const Style& style) {
    return alerts_table(data[0], time_of(data[1], "now"), style);
  });
}

}  // namespace itnxt::ctl
