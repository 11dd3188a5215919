#include <fmt/format.h>

#include <algorithm>

#include "daemon/ctl/human.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {
namespace {

constexpr std::size_t kShownAlerts = 10;  // one screen

std::string count(const Json& object, const char* key) {
  return grouped(number_of(object, key));
}

bool any(const Json& object, const char* key) {
  return number_of(object, key).value_or(0) > 0;
}

std::string title(const Json& status, const Style& style) {
  const auto up = between(time_of(status, "started"), time_of(status, "now"));
  const bool ready = flag_of(status, "ready") == true;
  return fmt::format(
      "{} {} ({}) on {}, up {}, {}\n", paint("itnxt", Tone::strong, style),
      text_of(status, "version"), text_of(status, "revision"), text_of(status, "node"), age(up),
      ready ? paint("ready", Tone::good, style) : paint("not ready", Tone::bad, style));
}

std::string crisis(const Json& status, const Style& style) {
  const std::string state = text_of(status, "crisis");
  const Tone tone = state == "normal" ? Tone::good : state == "crisis" ? Tone::bad : Tone::warning;
  return paint(state.empty() ? "unknown" : state, tone, style);
}

std::string devices(const Json& status, const Style& style) {
  const Json& d = child_of(status, "devices");
  const auto up = number_of(d, "up");
  const auto total = number_of(d, "total");
  if (total == 0) return "none configured";
  const bool all = up && total && *up + number_of(d, "unknown").value_or(0) >= *total;
  std::string text = paint(fmt::format("{} of {} up", count(d, "up"), count(d, "total")),
                           all ? Tone::plain : Tone::bad, style);
  if (any(d, "unknown")) {  // not polled yet: neither up nor down
    text += ", " + paint(count(d, "unknown") + " unknown", Tone::warning, style);
  }
  return text;
}

std::string links(const Json& status, const Style& style) {
  const Json& l = child_of(status, "links");
  if (number_of(l, "total") == 0) return "none configured";
  std::string text = fmt::format("{} of {} up", count(l, "up"), count(l, "total"));
  if (any(l, "down")) text += ", " + paint(count(l, "down") + " down", Tone::bad, style);
  if (any(l, "unknown")) {
    text += ", " + paint(count(l, "unknown") + " unknown", Tone::warning, style);
  }
  return text;
}

std::string alert_counts(const Json& status, const Style& style) {
  const Json& a = child_of(status, "alerts");
  return fmt::format(
      "{}, {} pending, {} suppressed",
      paint(count(a, "firing") + " firing", any(a, "firing") ? Tone::bad : Tone::plain, style),
      count(a, "pending"), count(a, "suppressed"));
}

std::string channels(const Json& status, const Style& style) {
  std::string text;
  const Json& list = child_of(status, "channels");
  if (!list.is_array()) return text;
  for (const Json& channel : list) {
    const bool bad = any(channel, "failed") || any(channel, "refused");
    text += fmt::format("{:<9} {}: {} delivered, {}, {} waiting\n", text.empty() ? "channels" : "",
                        text_of(channel, "name"), count(channel, "delivered"),
                        paint(fmt::format("{} failed, {} refused", count(channel, "failed"),
                                          count(channel, "refused")),
                              bad ? Tone::warning : Tone::plain, style),
                        count(channel, "waiting"));
  }
  return text;
}

}  // namespace

Json with_unknown_devices(Json status, const Json& devices) {
  if (!child_of(status, "devices").is_object() || !devices.is_array()) return status;
  status["devices"]["unknown"] =
      std::count_if(devices.begin(), devices.end(),
                    [](const Json& device) { return !flag_of(device, "up").has_value(); });
  return status;
}

std::string status_head(const Json& status, const Style& style) {
  return title(status, style) + fmt::format("crisis {} · devices {} · links {} · alerts {}\n",
                                            crisis(status, style), devices(status, style),
                                            links(status, style), alert_counts(status, style));
}

std::string status_text(const Json& status, const Json& alerts, const Style& style) {
  std::string text = title(status, style);
  text += fmt::format("{:<9} {}\n", "crisis", crisis(status, style));
  text += fmt::format("{:<9} {}\n", "devices", devices(status, style));
  text += fmt::format("{:<9} {}\n", "links", links(status, style));
  text += fmt::format("{:<9} {}\n", "alerts", alert_counts(status, style));
  text += fmt::format("{:<9} {}, {} refused\n", "series", count(status, "series"),
                      paint(count(status, "series_rejected"),
                            any(status, "series_rejected") ? Tone::warning : Tone::plain, style));
  text += channels(status, style);
  if (const std::string problem = text_of(status, "storage_problem", 200); !problem.empty()) {
    text += fmt::format("{:<9} {}\n", "storage", paint(problem, Tone::bad, style));
  }
  if (!alerts.is_array() || alerts.empty()) return text;
  Json shown = Json::array();
  for (const Json& alert : alerts) {
    if (text_of(alert, "state") == "firing" && shown.size() < kShownAlerts) shown.push_back(alert);
  }
  if (!shown.empty()) text += "\n" + alerts_table(shown, time_of(status, "now"), style);
  if (shown.size() < alerts.size()) {
    text += fmt::format("… {} more: itnxtctl alerts\n", alerts.size() - shown.size());
  }
  return text;
}

void run_status(Invocation& call) {
  answer(call, {"status", "alerts"}, [](const std::vector<Json>& data, const Style& style) {
    return status_text(data[0], data[1], style);
  });
}

}  // namespace itnxt::ctl
