#include "collectors/pcap/analysis.hpp"

namespace itnxt::pcap {

void Analysis::tell(CaptureSample& sample, std::vector<SeriesFamily>& families) {
  tally_.copy_to(sample);
  (void)families;
}

}  // namespace itnxt::pcap
