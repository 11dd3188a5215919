// Who has which engine ID. It must be one device's own (RFC 3411 §3.1.1.1); a cloned configuration,
// a stack or a pair of firewalls breaks that. Here it is only found and named: the security state
// is each device's own (engine.hpp), so nothing of theirs is mixed. Pure; the loop's thread.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "collectors/snmp/usm/engine_id.hpp"
#include "daemon/core/ids.hpp"

namespace itnxt::snmp::usm {

struct SharedEngine {
  DeviceName first;  // who had it before
  DeviceName second;
  EngineId engine;
};
// "device hal-1 and device hal-2 share engine ID 0x80…: …"
[[nodiscard]] std::string to_text(const SharedEngine& shared);

class EngineRegistry {
 public:
  // `device` answers as `engine`. A finding when another device does so already, once for each time
  // that `device` takes that name up. Holds one entry a device.
  std::optional<SharedEngine> learn(const DeviceName& device, const EngineId& engine);
  void forget(const DeviceName& device);
  // All that share it, in the order in which they came.
  [[nodiscard]] std::vector<DeviceName> devices(const EngineId& engine) const;

 private:
  std::unordered_map<EngineId, std::vector<DeviceName>, EngineIdHash> devices_;
  std::unordered_map<DeviceName, EngineId> engines_;
};

}  // namespace itnxt::snmp::usm
