// The collector of SNMP notifications: where it listens. Whom it believes is the whole inventory.
#include <fmt/format.h>

#include <utility>

#include "daemon/config/addresses.hpp"
#include "daemon/config/draft.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

constexpr std::string_view kScheme = "udp:";

void read_listen(Draft& draft, const Object& object, TrapCollectorConfig& collector) {
  const Value* const listen = object.find("listen");
  const auto text =
      listen == nullptr ? std::nullopt : scalar_text(draft.problems, *listen, "listen");
  if (!text) return;
  if (text->starts_with(kScheme)) {
    const Result<HostPort> at = parse_listen(text->substr(kScheme.size()));
    if (at && is_numeric(at->host)) {
      collector.host = at->host;
      collector.port = at->port;
      return;
    }
  }
  draft.problems.error(*listen,
                       fmt::format("listen: expected udp:ADDRESS:PORT such as udp:0.0.0.0:162 or "
                                   "\"udp:[::]:162\", not {}",
                                   in_quotes(*text)));
}

}  // namespace

void read_trap(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::trap_collector);
  TrapCollectorConfig collector;
  object.name("name", collector.name);
  object.duration("interval", collector.interval, 100ms, 24h);
  object.integer("storm_limit", collector.storm_limit, 1, 10'000);
  read_listen(draft, object, collector);
  std::vector<std::size_t> devices;
  for (std::size_t i = 0; i < draft.device_notes.size(); ++i) {
    if (!draft.device_notes[i].usable) continue;
    const Device& device = draft.config.inventory.devices[i];
    draft.credentials_notes[*draft.credentials.look_up(device.credentials)].used_by_collector =
        true;
    devices.push_back(i);
  }
  if (devices.empty()) {
    draft.problems.warning(value, fmt::format("collector '{}' would believe nobody: no device of "
                                              "inventory.devices has credentials",
                                              collector.name.text()));
  }
  draft.polls.push_back({draft.config.collectors.size(), std::move(devices)});
  draft.config.collectors.emplace_back(std::move(collector));
}

}  // namespace itnxt
