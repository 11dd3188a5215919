// The ledger of one device's ports: what each row of a poll continues, what of the ports it did not
// tell, under which names, and what changed. Pure.
//
// Which row is which port: match.hpp. What is in doubt is kept apart: the port keeps its name and
// what was counted of it, shows nothing, and its rates are withheld; the row is not shown. A whole
// walk that puts the same question again decides it, by the better match; what is still tied is
// taken for gone, and the rows for new ports. A port in doubt whose ifIndex another port has by now
// is gone too. A new port is not shown as long as the name that it would bear rests (identity.hpp).
//
// A port is gone when a walk that can be believed (completeness.hpp) lacks it, or when another port
// has its ifIndex; else it stays until it is stale.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/state/completeness.hpp"
#include "daemon/state/interface_change.hpp"
#include "daemon/state/interface_state.hpp"
#include "daemon/state/match.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// A row of the table to come: told by this poll, or kept because the poll did not tell it.
struct WantedRow {
  const InterfaceSample* sample = nullptr;  // null: kept
  std::uint32_t if_index = 0;
  std::string called;              // what the device calls it, "ifIndex N" if nothing
  std::string name;                // of its series
  std::optional<std::size_t> old;  // which of the present rows it continues
  bool comparable = true;          // the counters of the two are surely of one life of one port
  bool in_doubt = false;           // kept: what became of it cannot be told
};

// The name of a port that was let go. Of one that could not be told, it is nobody else's until its
// series are stale.
struct RestingName {
  std::string name;
  Instant until;
};

struct LedgerTerms {
  DeviceName device;
  Instant now;
  bool restarted = false;            // the device, since its rows were told; or it cannot be known
  Duration stale{};                  // how long a port may stay untold
  std::uint64_t question = 0;        // that the last whole walk left open
  std::span<const Stranger> hidden;  // rows told since the last whole walk and not shown; sorted
  std::span<const RestingName> resting;
};

struct Ledger {
  std::vector<WantedRow> rows;  // by ifIndex
  std::size_t told = 0;         // by this poll, each ifIndex once
  InterfaceChanges changes;     // all but what appeared: that has to be admitted first
  std::uint64_t question = 0;   // left open by this poll
  std::vector<RestingName> resting;
  std::vector<Stranger> hidden;  // rows that are there and not among `rows`; sorted
  bool settled = false;          // every port was told, or is believed to be gone
};

// `old` and `states` are the present rows, side by side.
Ledger make_ledger(const DeviceSample& sample, const std::vector<InterfaceView>& old,
                   const std::vector<InterfaceState>& states, const Completeness& completeness,
                   const LedgerTerms& terms);

}  // namespace itnxt
