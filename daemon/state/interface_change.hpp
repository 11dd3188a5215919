// What became of a device's ports from poll to poll, as the ledger (match.hpp, interface_rows.hpp)
// sees it: for the log, and counted in itnxt_device_interface_changes_total.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/ids.hpp"
#include "daemon/core/time.hpp"

namespace itnxt {

enum class PortChange : std::uint8_t {
  renumbered,   // the same port under another ifIndex
  swapped,      // two ports exchanged ifIndex or name: one change for both
  moved,        // the same card or line under another name
  replaced,     // other hardware under the same name
  appeared,     // on a device whose ports were known
  disappeared,  // a walk that can be believed lacks it, or none has told it for too long
  ambiguous,    // what became of it cannot be told: no rates until a later walk decides
};
inline constexpr std::size_t kPortChanges = 7;
inline constexpr std::array<std::string_view, kPortChanges> kPortChangeNames = {
    "renumbered", "swapped", "moved", "replaced", "appeared", "disappeared", "ambiguous"};
constexpr std::string_view name(PortChange change) {
  return kPortChangeNames[static_cast<std::size_t>(change)];
}

struct InterfaceChange {
  PortChange change = PortChange::appeared;
  DeviceName device;
  InterfaceName port;  // as its series are called now; as they were, for one that went
  std::string from;    // ifIndex, name or address, by what changed; may be empty
  std::string to;
  Instant at;
};
// For people: what happened, what it means for the figures; without the fields above.
std::string_view describe(PortChange change);

// Counts all, keeps the first few: a device may exchange thousands of ports at once.
struct InterfaceChanges {
  static constexpr std::size_t kMostKept = 8;
  std::array<std::uint64_t, kPortChanges> counts{};
  std::vector<InterfaceChange> kept;
  std::uint64_t untold = 0;  // of those counted, not kept

  // Whether details of one more would be kept: they cost memory to make.
  [[nodiscard]] bool has_room() const { return kept.size() < kMostKept; }
  void add(InterfaceChange change);
  void add_untold(PortChange change);
};

}  // namespace itnxt
