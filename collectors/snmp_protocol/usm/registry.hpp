// Who has which engine ID. It must be one device's own (RFC 3411 §3.1.1.1); a cloned configuration,
// a stack or a pair of firewalls breaks that. Here it is only found and named: the security state
// is each device's own (engine.hpp), so nothing of theirs is mixed. Pure; the loop's thread.
//
// What is told, however many devices share: a line an engine ID, when its set has had time to grow
// whole; again when the set is another one, not before kTellAgain; kMostLines a minute in all, the
// others afterwards.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "collectors/snmp_protocol/usm/engine_id.hpp"
#include "daemon/core/ids.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::snmp::usm {

struct SharedEngine {
  EngineId engine;
  std::vector<DeviceName> devices;  // who came first, at most kNamed and one
  std::size_t others = 0;
  static constexpr std::size_t kNamed = 3;
};
// "device hal-1 and hal-2 share engine ID 0x80…: …", "device a, b, c and 37 more share …"
[[nodiscard]] std::string to_text(const SharedEngine& shared);

class EngineRegistry {
 public:
  static constexpr Duration kTellAgain = 10min;  // of one engine ID
  static constexpr std::size_t kMostLines = 10;  // in a minute

  // `settle`: how long a set grows before it is told; a poll of all devices.
  explicit EngineRegistry(Duration settle) : settle_(settle) {}

  // `device` answers as `engine`. Holds one entry a device.
  void learn(const DeviceName& device, const EngineId& engine, Instant now);
  void forget(const DeviceName& device, Instant now);
  // Who has it, if that is one device.
  [[nodiscard]] const DeviceName* owner_of(const EngineId& engine) const;
  // What is to be told now; each once.
  [[nodiscard]] std::vector<SharedEngine> take(Instant now);

 private:
  struct Sharing {
    std::vector<DeviceName> devices;  // in the order in which they came
    std::uint64_t set = 0;            // a hash of them, in any order
    std::uint64_t told = 0;           // of the set that was told last
    std::optional<Instant> told_at;
    bool waiting = false;  // stands in due_
  };
  void changed(const EngineId& engine, Sharing& sharing, Instant now);

  const Duration settle_;
  std::unordered_map<EngineId, Sharing, EngineIdHash> engines_;
  std::unordered_map<DeviceName, EngineId> devices_;
  std::multimap<Instant, EngineId> due_;
  Instant minute_ = Instant::min();  // began then
  std::size_t lines_ = 0;            // in it
};

}  // namespace itnxt::snmp::usm
