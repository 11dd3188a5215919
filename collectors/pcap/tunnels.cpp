#include "collectors/pcap/tunnels.hpp"

#include <string>

namespace itnxt::pcap {

void Tunnels::add_families(std::vector<SeriesFamily>& families) const {
  SeriesFamily packets{"itnxt_capture_tunnelled_packets_total",
                       SeriesType::counter,
                       "Packets that a tunnel carried, by the tunnel and by what they are; the "
                       "frames around them are counted on their own.",
                       {"tunnel", "protocol"},
                       {}};
  SeriesFamily bytes{"itnxt_capture_tunnelled_bytes_total",
                     SeriesType::counter,
                     "Bytes of packets that a tunnel carried, without the tunnel's own headers.",
                     {"tunnel", "protocol"},
                     {}};
  for (std::size_t tunnel = 1; tunnel < kTunnels; ++tunnel) {
    for (std::size_t protocol = 0; protocol < kProtocols; ++protocol) {
      const TrafficCount& count = carried_[tunnel][protocol];
      if (count == TrafficCount{}) continue;
      const std::vector<std::string> labels = {std::string(kTunnelNames[tunnel]),
                                               std::string(kProtocolNames[protocol])};
      packets.rows.push_back({labels, count.packets.count()});
      bytes.rows.push_back({labels, count.bytes.count()});
    }
  }
  if (packets.rows.empty()) return;
  families.push_back(std::move(packets));
  families.push_back(std::move(bytes));
}

}  // namespace itnxt::pcap
