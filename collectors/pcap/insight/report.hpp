// What is told of a capture's insight, and how it is called: sites by name, addresses by pseudonym.
// No payload, and no address unless configured, leaves this file. Loop's thread.
#pragma once

#include <string>
#include <vector>

#include "collectors/pcap/insight/insight.hpp"
#include "collectors/pcap/insight/pseudonyms.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/event.hpp"
#include "daemon/core/series.hpp"
#include "daemon/core/talkers.hpp"

namespace itnxt::pcap {

// Ready to observe.
std::unique_ptr<Insight> make_insight(const PcapCollectorConfig& config);

class Report {
 public:
  Report(const PcapCollectorConfig& config, Instant now);

  // Whether update() can: sites that were ever told keep their numbers, and those are 16 bits.
  [[nodiscard]] bool can_update(const PcapCollectorConfig& config) const;
  // Goes on by another configuration, and `insight`, whose sites are this one's, with it.
  void update(const PcapCollectorConfig& config, Insight& insight);

  // itnxt_capture_tcp_*: by pair of sites; site_a opened the connections, site_b was asked. What
  // belongs to no site of ours, or found no place, is `other`.
  void tell_tcp(const SitePairs& pairs, std::vector<SeriesFamily>& families) const;

  // Without capture, time and interval.
  [[nodiscard]] TalkersSample talkers(const Insight& insight, Instant now);

  // flood_started, flood_ended: kind, text, details and wall time are set.
  [[nodiscard]] Event flood(const FloodChange& change, const SiteMap& sites) const;

 private:
  [[nodiscard]] const std::string& label(SiteNumber site) const;
  [[nodiscard]] SiteName name(SiteNumber site) const;
  [[nodiscard]] TalkerFlow flow(const Talkers::Flows::Row& row, const SiteMap& sites) const;
  [[nodiscard]] std::string host(const IpAddress& address) const;

  TalkersConfig config_;
  NetworkLengths lengths_;
  std::vector<SiteName> sites_;  // by number - 1
  Pseudonyms pseudonyms_;
};

}  // namespace itnxt::pcap
