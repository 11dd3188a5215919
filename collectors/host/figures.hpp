// The collector's metrics that are no row of the interface table. Pure.
#pragma once

#include <cstdint>

#include "collectors/host/link_table.hpp"
#include "daemon/core/series.hpp"

namespace itnxt::host {

struct Totals {
  std::uint64_t overruns = 0;
  std::uint64_t malformed = 0;  // messages
  std::uint64_t withheld = 0;   // events
};

// Of the collector itself.
SeriesSample figures_of(const Totals& totals, SourceTime at, Duration interval);
// Of the device: the family of the SNMP profile etherlike, so that dashboards show both.
SeriesSample duplex_of(const LinkTable& table, DeviceName device, SourceTime at, Duration interval);

}  // namespace itnxt::host
