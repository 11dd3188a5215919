// What devices have shown, as a text that outlives the process: how much they bear in a reply, what
// they do not have, and of SNMPv3 the engine ID, never its clock (RFC 3414 §2.3; T15). Pure.
//
//   itnxt snmp memory 1 COLUMNS           of this program's columns, a hash: other ones, other
//   masks MAX CELL CLEAN POLLS ROWS ASKED USELESS ENGINE NAME      a device; masks and engine in
//   hex, or - end DEVICES CHECKSUM                  of all lines above, FNV-1a in hex
//
// A text that is not whole, or that says what cannot be, is refused as a whole: all of it can be
// learned again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collectors/snmp/walk.hpp"
#include "collectors/snmp_protocol/usm/engine_id.hpp"
#include "daemon/core/result.hpp"

namespace itnxt::snmp {

struct Remembered {
  std::string device;
  DeviceMemory memory;  // but for its uptime
  usm::EngineId engine;
};

// A hash of what is dear to learn again: sizes, columns, rows, the engine ID. It stays the same
// while polls go on as they did.
[[nodiscard]] std::uint64_t learned_of(const DeviceMemory& memory, const usm::EngineId& engine);

inline constexpr std::size_t kMostRemembered = 200'000;  // devices
inline constexpr std::size_t kMostMemoryText = std::size_t{64} << 20;

// Of more devices the first ones; no name with a line's end in it.
[[nodiscard]] std::string encode_memory(const std::vector<Remembered>& devices);
// The Error says what is wrong with it: "it is cut off".
[[nodiscard]] Result<std::vector<Remembered>> decode_memory(std::string_view text);

}  // namespace itnxt::snmp
