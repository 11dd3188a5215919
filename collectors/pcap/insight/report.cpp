#include "collectors/pcap/insight/report.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace itnxt::pcap {
namespace {

const std::string kOther = "other";

NetworkLengths lengths_of(const TalkersConfig& talkers) {
  return {96 + talkers.ipv4, talkers.ipv6};
}

IpAddress address_of(const std::array<std::uint8_t, 16>& bytes) {
  IpAddress address;
  for (std::size_t i = 0; i < 8; ++i) {
    address.high = address.high << 8U | bytes[i];
    address.low = address.low << 8U | bytes[8 + i];
  }
  return address;
}

// The sites that have prefixes, in the order in which they come, behind those that are `known`.
std::vector<SiteName> sites_of(const std::vector<SitePrefixConfig>& prefixes,
                               std::vector<SiteName> known = {}) {
  std::set<SiteName> seen(known.begin(), known.end());
  for (const SitePrefixConfig& prefix : prefixes) {
    if (seen.insert(prefix.site).second) known.push_back(prefix.site);
  }
  return known;
}

SiteMap map_of(const std::vector<SitePrefixConfig>& prefixes, const std::vector<SiteName>& sites) {
  std::map<SiteName, SiteNumber> numbers;
  SiteNumber next = 0;
  for (const SiteName& site : sites) numbers[site] = ++next;
  std::vector<SitePrefix> made;
  made.reserve(prefixes.size());
  for (const SitePrefixConfig& prefix : prefixes) {
    made.push_back({address_of(prefix.cidr.address), prefix.cidr.length, numbers.at(prefix.site)});
  }
  return SiteMap(made);
}

InsightLimits limits_of(const PcapCollectorConfig& config) {
  InsightLimits limits;
  limits.flows = config.flows;
  limits.pairs = config.site_pairs;
  limits.networks = lengths_of(config.talkers);
  limits.floods.kinds = {FloodLimit{config.floods.syn, config.floods.syn_ratio},
                         FloodLimit{config.floods.udp.count(), config.floods.udp_ratio},
                         FloodLimit{config.floods.icmp, config.floods.icmp_ratio}};
  limits.floods.needed = config.floods.seconds;
  limits.floods.of = config.floods.within;
  return limits;
}

SeriesFamily counter(const char* name, const char* help, std::vector<std::string> labels) {
  return {name, SeriesType::counter, help, std::move(labels), {}};
}

SeriesRow row_of(std::vector<std::string> labels, SeriesValue value) {
  return {std::move(labels), std::move(value)};
}

Histogram histogram_of(const RoundTrips& trips) {
  std::vector<std::uint64_t> counts(trips.buckets.begin(), trips.buckets.end());
  for (std::size_t i = 1; i < counts.size(); ++i) counts[i] += counts[i - 1];
  return Histogram(std::move(counts), static_cast<double>(trips.micros) / 1e6);
}

std::string unit_of(FloodKind kind) {
  switch (kind) {
    case FloodKind::syn:
      return "connections asked for";
    case FloodKind::udp_amplification:
      return "bytes by UDP from ports that amplify";
    case FloodKind::icmp:
      return "ICMP packets";
  }
  return {};
}

std::string excuse_of(FloodKind kind) {
  switch (kind) {
    case FloodKind::syn:
      return "completed";
    case FloodKind::udp_amplification:
      return "asked of such ports";
    case FloodKind::icmp:
      return "echo requests of its own";
  }
  return {};
}

}  // namespace

std::unique_ptr<Insight> make_insight(const PcapCollectorConfig& config) {
  SiteMap sites = map_of(config.prefixes, sites_of(config.prefixes));
  return std::make_unique<Insight>(limits_of(config), std::move(sites), random_secret());
}

Report::Report(const PcapCollectorConfig& config, Instant now)
    : config_(config.talkers),
      lengths_(lengths_of(config.talkers)),
      sites_(sites_of(config.prefixes)),
      pseudonyms_(lengths_, config.talkers.rotate, now) {}

bool Report::can_update(const PcapCollectorConfig& config) const {
  return sites_of(config.prefixes, sites_).size() <= std::numeric_limits<SiteNumber>::max();
}

void Report::update(const PcapCollectorConfig& config, Insight& insight) {
  config_ = config.talkers;
  lengths_ = lengths_of(config.talkers);
  sites_ = sites_of(config.prefixes, std::move(sites_));
  pseudonyms_.set(lengths_, config.talkers.rotate);
  insight.set(limits_of(config), map_of(config.prefixes, sites_));
}

const std::string& Report::label(SiteNumber site) const {
  return site == 0 ? kOther : sites_[site - 1U].text();
}
SiteName Report::name(SiteNumber site) const {
  return site == 0 ? SiteName() : sites_[site - 1U];
}

void Report::tell_tcp(const SitePairs& pairs, std::vector<SeriesFamily>& families) const {
  const std::vector<std::string> by_side = {"site_a", "site_b", "side"};
  SeriesFamily round_trips{"itnxt_capture_tcp_rtt_seconds",
                           SeriesType::histogram,
                           "Round trips of TCP between the capture and one side of a connection.",
                           by_side,
                           {}};
  for (const std::uint32_t bound : kRoundTripBounds) round_trips.bounds.push_back(bound / 1e6);
  SeriesFamily again = counter("itnxt_capture_tcp_retransmissions_total",
                               "TCP segments that a side sent again.", by_side);
  SeriesFamily late = counter("itnxt_capture_tcp_out_of_order_total",
                              "TCP segments of a side that came late, but in time.", by_side);
  SeriesFamily closed = counter("itnxt_capture_tcp_zero_windows_total",
                                "Times a side could take no more data.", by_side);
  SeriesFamily resets =
      counter("itnxt_capture_tcp_resets_total", "TCP connections that a side has reset.", by_side);
  SeriesFamily unanswered =
      counter("itnxt_capture_tcp_unanswered_total",
              "Attempts to connect by TCP that nobody answered.", {"site_a", "site_b"});
  for (const TcpPair& pair : pairs.all()) {
    const std::string& a = label(pair.client);
    const std::string& b = label(pair.server);
    for (std::size_t s = 0; s < kSides; ++s) {
      const TcpSide& side = pair.sides[s];
      const std::vector<std::string> labels = {a, b, std::string(kSideNames[s])};
      round_trips.rows.push_back(row_of(labels, histogram_of(side.round_trips)));
      again.rows.push_back(row_of(labels, side.retransmissions));
      late.rows.push_back(row_of(labels, side.out_of_order));
      closed.rows.push_back(row_of(labels, side.zero_windows));
      resets.rows.push_back(row_of(labels, side.resets));
    }
    unanswered.rows.push_back(row_of({a, b}, pair.unanswered));
  }
  for (SeriesFamily* family : {&round_trips, &again, &late, &closed, &resets, &unanswered}) {
    families.push_back(std::move(*family));
  }
}

std::string Report::host(const IpAddress& address) const {
  return config_.addresses == TalkerAddresses::plain ? address_text(address)
                                                     : pseudonyms_.name(address);
}

TalkerFlow Report::flow(const Talkers::Flows::Row& row, const SiteMap& sites) const {
  TalkerFlow told;
  for (unsigned end = 0; end < 2; ++end) {
    const IpAddress& address = row.key.address[end];
    told.ends[end] = {host(address), name(sites.site_of(address)), row.key.port(end),
                      row.extra.bytes[end]};
  }
  told.protocol = row.key.protocol;
  told.packets = row.extra.packets;
  told.missed = row.error;
  return told;
}

TalkersSample Report::talkers(const Insight& insight, Instant now) {
  pseudonyms_.rotate(now);
  const Talkers& all = insight.talkers();
  TalkersSample sample;
  sample.packets = all.packets();
  sample.bytes = all.bytes();
  sample.sources = static_cast<std::uint64_t>(std::llround(all.sources().estimate()));
  sample.destinations = static_cast<std::uint64_t>(std::llround(all.destinations().estimate()));
  sample.flows = static_cast<std::uint64_t>(std::llround(all.different_flows().estimate()));
  const std::size_t most = std::min<std::size_t>(config_.top, kMostTalkers);
  for (const Talkers::HeavyNetworks::Row& row : all.networks().top(most)) {
    sample.networks.push_back({network_text(row.key, lengths_),
                               name(insight.sites().site_of(row.key)), row.extra.sent,
                               row.extra.received, row.extra.packets, row.error});
  }
  for (const Talkers::Flows::Row& row : all.flows().top(most)) {
    sample.heaviest.push_back(flow(row, insight.sites()));
  }
  return sample;
}

Event Report::flood(const FloodChange& change, const SiteMap& sites) const {
  const std::string network = network_text(change.network, lengths_);
  const std::string kind(kFloodKindNames[static_cast<std::size_t>(change.kind)]);
  const std::int64_t seconds = change.last_second - change.first_second + 1;
  Event event;
  event.wall = WallTime(std::chrono::seconds(std::max<std::int64_t>(0, change.last_second + 1)));
  event.kind = change.begins ? "flood_started" : "flood_ended";
  event.text = kind + " flood towards " + network + (change.begins ? " has begun" : " is over") +
               ": " + std::to_string(change.total) + " " + unit_of(change.kind) + " in " +
               std::to_string(change.windows) + " s of " + std::to_string(seconds) + ", at most " +
               std::to_string(change.peak) + " in one, against " + std::to_string(change.excused) +
               " " + excuse_of(change.kind);
  const SiteNumber site = sites.site_of(change.network);
  event.details = {{"kind", kind},
                   {"network", network},
                   {"site", label(site)},
                   {"total", std::to_string(change.total)},
                   {"excused", std::to_string(change.excused)},
                   {"peak_per_second", std::to_string(change.peak)},
                   {"evidence_seconds", std::to_string(change.windows)},
                   {"seconds", std::to_string(seconds)}};
  return event;
}

}  // namespace itnxt::pcap
