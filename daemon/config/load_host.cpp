// The collector of this node's own interfaces, and the device that they are told as.
#include <fmt/format.h>

#include <utility>

#include "daemon/config/draft.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {

void note_own_device(Draft& draft, const Value& collector) {
  const Value* kind = peek(collector, "kind");
  if (kind == nullptr || !kind->is_scalar() || kind->text != "host") return;
  const Value* device = peek(collector, "device");
  if (device != nullptr && !device->is_scalar()) return;
  const std::size_t* index = draft.devices.look_up(device == nullptr ? draft.config.node.text()
                                                                     : std::string(device->text));
  if (index != nullptr) draft.device_notes[*index].own = true;
}

void read_host(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::host_collector);
  HostCollectorConfig collector;
  object.name("name", collector.name);
  object.duration("interval", collector.interval, 100ms, 24h);
  const std::size_t* device = nullptr;
  if (object.name("device", collector.device)) {
    draft.devices.find(draft.problems, collector.device.text(), *object.find("device"));
    device = draft.devices.look_up(collector.device.text());
  } else if (!object.has("device")) {
    collector.device = DeviceName(draft.config.node.text());
    device = draft.devices.look_up(collector.device.text());
    // An aggregator may read the file of its collectors: their nodes are others.
    if (device == nullptr && draft.purpose != Purpose::aggregate) {
      const std::string& node = draft.config.node.text();
      draft.problems.error(
          value, fmt::format("collector '{}' tells of this node, and no device of "
                             "inventory.devices is named {} as the node is; add {{name: {}}} "
                             "there, or name a device by 'device'",
                             collector.name.text(), in_quotes(node), node));
    }
  }
  if (device != nullptr) claim_devices(draft, value, collector.name, {*device});
  draft.config.collectors.emplace_back(std::move(collector));
}

}  // namespace itnxt
