#include <fmt/format.h>

#include "daemon/ctl/human.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {
namespace {

Cell state(const Json& device) {
  const auto up = flag_of(device, "up");
  if (!up) return {"unknown", Tone::warning};
  if (!*up) return {"down", Tone::bad};
  if (flag_of(device, "fresh") == false) return {"stale", Tone::warning};
  return {"up", Tone::good};
}

std::string uptime(const Json& device) {
  const auto count = number_of(device, "uptime_seconds");
  if (!count || !(*count >= 0) || *count > 1e9) return "-";
  return age(std::chrono::seconds(static_cast<std::int64_t>(*count)));
}

std::string interfaces(const Json& device) {
  const auto all = number_of(device, "interfaces");
  const auto up = number_of(device, "interfaces_up");
  return all && up && *all > 0 ? fmt::format("{:.0f} of {:.0f}", *up, *all) : "-";  // none known
}

std::string poll(const Json& device) {
  const auto took = number_of(device, "poll_seconds");
  return took ? fmt::format("{:.0f} ms", *took * 1000) : "-";
}

}  // namespace

std::string devices_table(const Json& devices, std::optional<WallTime> now, const Style& style) {
  if (devices.empty()) return "no devices are configured\n";
  Table table({{"DEVICE"},
               {"STATE"},
               {"SITE"},
               {"UPTIME", Align::right},
               {"IF UP", Align::right},
               {"POLL", Align::right},
               {"LAST ANSWER", Align::right},
               {"PROBLEM"}});
  for (const Json& device : devices) {
    const auto quiet = between(time_of(device, "last_success"), now);
    table.add({text_of(device, "name"), state(device), text_of(device, "site"), uptime(device),
               interfaces(device), poll(device), quiet ? age(quiet) + " ago" : "never",
               Cell{text_of(device, "problem", 200), Tone::warning}});
  }
  return table.render(style);
}

void run_devices(Invocation& call) {
  answer(call, {"devices", "status"}, [](const std::vector<Json>& data, const Style& style) {
    return devices_table(data[0], time_of(data[1], "now"), style);
  });
}

}  // namespace itnxt::ctl
