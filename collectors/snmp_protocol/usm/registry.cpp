#include "collectors/snmp_protocol/usm/registry.hpp"

#include <algorithm>

#include "daemon/core/hash.hpp"

namespace itnxt::snmp::usm {

void EngineRegistry::learn(const DeviceName& device, const EngineId& engine, Instant now) {
  if (const auto known = devices_.find(device); known != devices_.end()) {
    if (known->second == engine) return;
    forget(device, now);
  }
  if (engine.empty()) return;
  Sharing& sharing = engines_[engine];
  sharing.devices.push_back(device);
  sharing.set += stable_hash(device.text());
  devices_.emplace(device, engine);
  changed(engine, sharing, now);
}

void EngineRegistry::forget(const DeviceName& device, Instant now) {
  const auto known = devices_.find(device);
  if (known == devices_.end()) return;
  const auto at = engines_.find(known->second);
  Sharing& sharing = at->second;
  std::erase(sharing.devices, device);
  sharing.set -= stable_hash(device.text());
  if (sharing.devices.empty()) {
    engines_.erase(at);
  } else {
    changed(at->first, sharing, now);
  }
  devices_.erase(known);
}

const DeviceName* EngineRegistry::owner_of(const EngineId& engine) const {
  const auto at = engines_.find(engine);
  return at == engines_.end() || at->second.devices.size() != 1 ? nullptr
                                                                : &at->second.devices.front();
}

void EngineRegistry::changed(const EngineId& engine, Sharing& sharing, Instant now) {
  if (sharing.devices.size() < 2 || sharing.waiting) return;
  Instant due = now + settle_;
  if (sharing.told_at) due = std::max(due, *sharing.told_at + kTellAgain);
  due_.emplace(due, engine);
  sharing.waiting = true;
}

std::vector<SharedEngine> EngineRegistry::take(Instant now) {
  std::vector<SharedEngine> found;
  while (!due_.empty() && due_.begin()->first <= now) {
    if (minute_ == Instant::min() || now - minute_ >= 1min) {
      minute_ = now;
      lines_ = 0;
    }
    if (lines_ == kMostLines) break;
    const EngineId engine = due_.begin()->second;
    due_.erase(due_.begin());
    const auto at = engines_.find(engine);
    if (at == engines_.end()) continue;
    Sharing& sharing = at->second;
    sharing.waiting = false;
    if (sharing.devices.size() < 2 || sharing.set == sharing.told) continue;
    sharing.told = sharing.set;
    sharing.told_at = now;
    ++lines_;
    const std::size_t count = sharing.devices.size();
    // "and 1 more" would take the room of the name.
    const std::size_t named = count <= SharedEngine::kNamed + 1 ? count : SharedEngine::kNamed;
    const auto first = sharing.devices.begin();
    found.push_back({engine, {first, first + static_cast<std::ptrdiff_t>(named)}, count - named});
  }
  return found;
}

std::string to_text(const SharedEngine& shared) {
  std::string text = "device ";
  for (std::size_t i = 0; i < shared.devices.size(); ++i) {
    const bool last = i + 1 == shared.devices.size() && shared.others == 0;
    if (i > 0) text += last ? " and " : ", ";
    text += shared.devices[i].text();
  }
  if (shared.others > 0) text += " and " + std::to_string(shared.others) + " more";
  return text + " share engine ID " + to_text(shared.engine) +
         ": one device under several names or addresses (its IPv4 and its IPv6, for one), or a "
         "cloned configuration; keep one name of a device, and give each device an engine ID of "
         "its "
         "own, else other managers lose all but one";
}

}  // namespace itnxt::snmp::usm
