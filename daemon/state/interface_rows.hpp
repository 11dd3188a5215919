// Which row of a poll continues which interface: by name, since ifIndex may be given anew at each
// re-initialisation (RFC 2863 §3.1.5). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/state/interface_state.hpp"
#include "daemon/state/ports.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// A row of the table to come: told by this poll, or kept because the poll did not get so far.
struct WantedRow {
  const InterfaceSample* sample = nullptr;  // null: kept
  std::uint32_t if_index = 0;
  std::string base;                // name without "#2"
  std::string name;                // with it; empty where all names are as before
  std::optional<std::size_t> old;  // which of the present rows it continues
  bool comparable = true;          // the counters of the two are surely of one interface
};

// The rows after `sample`, by ifIndex. A complete poll is the whole truth; a partial one leaves
// what it did not tell as it is. `old` and `states` are the present rows, side by side.
std::vector<WantedRow> wanted_rows(const DeviceSample& sample,
                                   const std::vector<InterfaceView>& old,
                                   const std::vector<InterfaceState>& states);

// Gives each row its past, or a name. True: the same names, ifDescr and ifAlias in the same order
// as before.
bool continue_rows(std::vector<WantedRow>& rows, const std::vector<InterfaceView>& old,
                   const std::vector<InterfaceState>& states);

// What ports are found by.
RowTexts texts_of(const InterfaceView& view);
std::vector<RowTexts> texts_of(const std::vector<WantedRow>& rows,
                               const std::vector<InterfaceView>& old);

}  // namespace itnxt
