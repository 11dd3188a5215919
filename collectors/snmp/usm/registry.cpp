#include "collectors/snmp/usm/registry.hpp"

namespace itnxt::snmp::usm {

std::optional<SharedEngine> EngineRegistry::learn(const DeviceName& device,
                                                  const EngineId& engine) {
  if (const auto known = engines_.find(device); known != engines_.end()) {
    if (known->second == engine) return std::nullopt;
    forget(device);
  }
  if (engine.empty()) return std::nullopt;
  std::vector<DeviceName>& sharing = devices_[engine];
  sharing.push_back(device);
  engines_.emplace(device, engine);
  if (sharing.size() == 1) return std::nullopt;
  return SharedEngine{sharing.front(), device, engine};
}

void EngineRegistry::forget(const DeviceName& device) {
  const auto known = engines_.find(device);
  if (known == engines_.end()) return;
  const auto sharing = devices_.find(known->second);
  std::erase(sharing->second, device);
  if (sharing->second.empty()) devices_.erase(sharing);
  engines_.erase(known);
}

std::vector<DeviceName> EngineRegistry::devices(const EngineId& engine) const {
  const auto sharing = devices_.find(engine);
  return sharing == devices_.end() ? std::vector<DeviceName>{} : sharing->second;
}

std::string to_text(const SharedEngine& shared) {
  return "device " + shared.first.text() + " and device " + shared.second.text() +
         " share engine ID " + to_text(shared.engine) +
         ": one device under two names, or a cloned configuration; give each its own, else other "
         "managers lose one of them";
}

}  // namespace itnxt::snmp::usm
