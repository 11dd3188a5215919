// What can be known to be wrong with a capture's configuration before it runs.
#include <filesystem>
#include <system_error>

#include "collectors/pcap/capture.hpp"
#include "collectors/pcap/collector.hpp"

namespace itnxt {

std::vector<Objection> check_pcap(const PcapCollectorConfig& config) {
  std::vector<Objection> found;
  std::error_code unknown;  // missing, or not to be looked at: met when it is read
  const auto status = std::filesystem::status(config.file, unknown);
  if (!config.file.empty() && std::filesystem::exists(status) &&
      !std::filesystem::is_regular_file(status)) {
    found.push_back(
        {"file", "file: " + config.file +
                     " is no regular file; expected a savefile of tcpdump or its like"});
  }
  if (!config.file.empty() && config.local_prefixes.empty() && !config.prefixes.empty()) {
    found.push_back({"file",
                     "file: without local_prefixes the direction of a savefile's packets is "
                     "unknown, but of Linux cooked ones; name the networks on this side there",
                     true});
  }
  const auto fault = pcap::filter_fault(config.filter, config.snaplen);
  if (!fault) return found;
  if (fault->name_is_unknown) {
    found.push_back({"filter",
                     "filter: " + fault->reason +
                         " now; a capture does not begin without: write addresses, not names",
                     true});
  } else {
    found.push_back(
        {"filter", "filter: " + fault->reason + "; expected a BPF expression, see pcap-filter(7)"});
  }
  return found;
}

}  // namespace itnxt
