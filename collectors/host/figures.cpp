#include "collectors/host/figures.hpp"

#include <set>
#include <string_view>
#include <utility>

namespace itnxt::host {
namespace {

SeriesFamily counter(std::string name, std::string help, std::uint64_t value) {
  return {std::move(name), SeriesType::counter, std::move(help), {}, {{{}, value}}};
}

}  // namespace

SeriesSample figures_of(const Totals& totals, SourceTime at, Duration interval) {
  SeriesSample sample;
  sample.at = at;
  sample.interval = interval;
  sample.families = {
      counter("itnxt_rtnetlink_overruns_total",
              "How often the kernel had more news of interfaces than its queue holds; the table "
              "was read anew.",
              totals.overruns),
      counter("itnxt_rtnetlink_malformed_messages_total",
              "Messages of the kernel about interfaces that could not be read.", totals.malformed),
      counter("itnxt_rtnetlink_withheld_events_total",
              "Changes of flapping interfaces that were summed up instead of told one by one.",
              totals.withheld),
  };
  return sample;
}

SeriesSample duplex_of(const LinkTable& table, DeviceName device, SourceTime at,
                       Duration interval) {
  SeriesFamily family{"itnxt_ethernet_full_duplex",
                      SeriesType::gauge,
                      "1 if the port is full duplex, 0 if half (dot3StatsDuplexStatus); absent if "
                      "the device does not say.",
                      {"interface"},
                      {}};
  std::set<std::string_view> told;  // sanitised names may be equal
  for (const auto& [if_index, link] : table.links()) {
    if (!link.line.full_duplex || family.rows.size() >= kMostSeriesRows) continue;
    if (!told.insert(link.name).second) continue;
    family.rows.push_back({{link.name}, *link.line.full_duplex ? 1.0 : 0.0});
  }
  SeriesSample sample;
  sample.device = std::move(device);
  sample.source = "host";
  sample.at = at;
  sample.interval = interval;
  sample.families.push_back(std::move(family));
  return sample;
}

}  // namespace itnxt::host
