// What the texts of a row say: what its port is called, what links find it by, and whether a poll
// tells the same rows as before. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/state/interface_state.hpp"
#include "daemon/state/ports.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// What the device calls a port, and how a state remembers it.
std::string_view called(const InterfaceView& view, const InterfaceState& state);
void remember_called(InterfaceState& state, std::string_view name, std::string_view called);

// What links' ports are found by.
RowTexts texts_of(const InterfaceView& view, const InterfaceState& state);

// How a poll's rows stand to the present ones: the hot path, one comparison a row.
enum class Layout : std::uint8_t {
  other,  // ports came, went, moved …: make_ledger()
  same,   // row by row the same ports; an ifDescr or a matter of links changed
  still,  // the same in every text
};
Layout compare_layout(const DeviceSample& sample, const std::vector<InterfaceView>& old,
                      const std::vector<InterfaceState>& states);

}  // namespace itnxt
