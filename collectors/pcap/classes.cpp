#include "collectors/pcap/classes.hpp"

namespace itnxt::pcap {

SeriesFamily Classes::family() const {
  SeriesFamily family{"itnxt_capture_dscp_bytes_total",
                      SeriesType::counter,
                      "Bytes on the wire by the DSCP class of the outermost IP header.",
                      {"dscp"},
                      {}};
  for (std::size_t dscp = 0; dscp < bytes_.size(); ++dscp) {
    if (bytes_[dscp] != 0) family.rows.push_back({{std::to_string(dscp)}, bytes_[dscp]});
  }
  return family;
}

}  // namespace itnxt::pcap
