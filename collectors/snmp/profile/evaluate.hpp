// Cells of a profile → families of metrics. Pure.
#pragma once

#include <vector>

#include "collectors/snmp/profile/cells.hpp"
#include "daemon/core/series.hpp"

namespace itnxt::snmp {

struct Evaluated {
  std::vector<SeriesFamily> families;  // each of the profile's once, also without rows
  bool partial = false;                // a column that some of it is made of did not end
};

[[nodiscard]] Evaluated evaluate(const Profile& profile, const ProfileCells& cells);

// The families in samples of at most `most` bytes on the wire, but for device and times; what one
// sample cannot hold of a family is cut, which makes it partial.
[[nodiscard]] std::vector<SeriesSample> pack(Evaluated evaluated, std::size_t most);

}  // namespace itnxt::snmp
