#include "collectors/pcap/vlans.hpp"

#include <algorithm>
#include <string>

namespace itnxt::pcap {
namespace {

void add(TrafficCount& to, TrafficCount& from) {
  to.packets += from.packets;
  to.bytes += from.bytes;
  from = {};
}

}  // namespace

void Vlans::settle() {
  for (Place& place : places_) add(place.total, recent_[place.vlan]);
  std::vector<std::uint16_t> fresh;
  add(untagged_, recent_[kUntagged]);
  for (std::size_t vlan = 0; vlan < kUntagged; ++vlan) {
    if (recent_[vlan].packets.count() != 0) fresh.push_back(static_cast<std::uint16_t>(vlan));
  }
  std::ranges::stable_sort(fresh, std::ranges::greater(),
                           [&](std::uint16_t vlan) { return recent_[vlan].bytes.count(); });
  for (const std::uint16_t vlan : fresh) {
    if (places_.size() < kMost) {
      places_.push_back({vlan, {}});
      add(places_.back().total, recent_[vlan]);
    } else {
      add(other_, recent_[vlan]);
    }
  }
}

void Vlans::add_families(std::vector<SeriesFamily>& families) const {
  if (places_.empty()) return;
  SeriesFamily packets{"itnxt_capture_vlan_packets_total",
                       SeriesType::counter,
                       "Packets on the wire by their outermost VLAN tag: a number, untagged, or "
                       "other for those beyond the first 32.",
                       {"vlan"},
                       {}};
  SeriesFamily bytes{"itnxt_capture_vlan_bytes_total",
                     SeriesType::counter,
                     "Bytes on the wire by the outermost VLAN tag: a number, untagged, or other "
                     "for those beyond the first 32.",
                     {"vlan"},
                     {}};
  const auto row = [&](std::string vlan, const TrafficCount& count) {
    if (count == TrafficCount{}) return;
    packets.rows.push_back({{vlan}, count.packets.count()});
    bytes.rows.push_back({{std::move(vlan)}, count.bytes.count()});
  };
  for (const Place& place : places_) row(std::to_string(place.vlan), place.total);
  row("untagged", untagged_);
  row("other", other_);
  families.push_back(std::move(packets));
  families.push_back(std::move(bytes));
}

}  // namespace itnxt::pcap
