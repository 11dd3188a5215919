// What leaves the node of a capture's insight: names of sites, networks, pseudonyms.
#include "collectors/pcap/insight/report.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace itnxt::pcap {
namespace {

constexpr NetworkLengths kLengths{120, 48};
const IpAddress kHost = v4(0x0a010203);

TEST(Pseudonyms, KeepTheNetworkAndHideTheHost) {
  const Pseudonyms names(kLengths, 24h, Instant(0s));
  const std::string name = names.name(kHost);
  EXPECT_EQ(name.substr(0, 12), "10.1.2.0/24 ");
  EXPECT_EQ(name.size(), 24U);
  EXPECT_EQ(names.name(kHost), name);
  EXPECT_NE(names.name(v4(0x0a010204)), name);
  EXPECT_EQ(names.name({0x20010db8'00010002U, 3}).find("2001:db8:1::/48 "), 0U);
}

TEST(Pseudonyms, AreOfOneProcessAndOnePeriodOnly) {
  Pseudonyms names(kLengths, 24h, Instant(0s));
  const Pseudonyms others(kLengths, 24h, Instant(0s));
  const std::string name = names.name(kHost);
  EXPECT_NE(others.name(kHost), name);
  names.rotate(Instant(24h) - 1ns);
  EXPECT_EQ(names.name(kHost), name);
  names.rotate(Instant(24h));
  EXPECT_NE(names.name(kHost), name);
}

TEST(Pseudonyms, StayWhenTheirPeriodIsAnother) {
  Pseudonyms names(kLengths, 24h, Instant(0s));
  const std::string name = names.name(kHost);
  names.set(kLengths, 12h);
  names.rotate(Instant(12h) - 1ns);
  EXPECT_EQ(names.name(kHost), name);
  names.set({112, 48}, 12h);
  EXPECT_EQ(names.name(kHost).find("10.1.0.0/16 "), 0U);
  names.rotate(Instant(12h));
  EXPECT_NE(names.name(kHost), name);
}

PcapCollectorConfig two_sites() {
  PcapCollectorConfig config;
  config.flows = 1024;
  config.prefixes = {
      {SiteName("halle"), {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1}, 112}},
      {SiteName("school"), {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 2}, 112}}};
  return config;
}

void shake_hands(Insight& insight) {
  Datagram d;
  d.there = true;
  d.upper = Upper::tcp;
  d.protocol = 6;
  d.window = 100;
  d.source = v4(0x0a020305);
  d.destination = kHost;
  d.source_port = 50'000;
  d.destination_port = 443;
  d.flags = tcp_flag::syn;
  insight.observe(d, 60, 1'000'000'000);
  std::swap(d.source, d.destination);
  std::swap(d.source_port, d.destination_port);
  d.flags = tcp_flag::syn | tcp_flag::ack;
  d.acknowledgement = 1;
  insight.observe(d, 60, 1'004'000'000);
  insight.settle(std::nullopt);
}

TEST(Report, TellsTcpByPairOfSites) {
  const auto insight = make_insight(two_sites());
  shake_hands(*insight);
  const Report report(two_sites(), Instant(0s));
  std::vector<SeriesFamily> families;
  report.tell_tcp(insight->pairs(), families);
  ASSERT_EQ(families.size(), 6U);
  for (const SeriesFamily& family : families) {
    EXPECT_EQ(family_objection(family), std::nullopt);
    EXPECT_EQ(family.rows[0].labels[0], "other");
    EXPECT_EQ(family.rows[0].labels[1], "other");
  }
  const SeriesFamily& round_trips = families[0];
  EXPECT_EQ(round_trips.name, "itnxt_capture_tcp_rtt_seconds");
  ASSERT_EQ(round_trips.rows.size(), 4U);
  EXPECT_EQ(round_trips.rows[3].labels, (std::vector<std::string>{"school", "halle", "server"}));
  const auto& histogram = std::get<Histogram>(round_trips.rows[3].value);
  EXPECT_EQ(histogram.sum(), 0.004);
  EXPECT_EQ(histogram.counts()[2], 0U);  // of at most 2 ms
  EXPECT_EQ(histogram.counts()[3], 1U);  // of at most 5 ms, …
  EXPECT_EQ(histogram.counts().back(), 1U);
}

TEST(Report, SitesKeepTheirCountsWhenTheInventoryIsAnother) {
  PcapCollectorConfig config = two_sites();
  const auto insight = make_insight(config);
  Report report(config, Instant(0s));
  shake_hands(*insight);
  config.prefixes.erase(config.prefixes.begin());
  config.prefixes.insert(
      config.prefixes.begin(),
      {SiteName("police"), {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1}, 112}});
  ASSERT_TRUE(report.can_update(config));
  report.update(config, *insight);
  insight->settle(std::nullopt);
  std::vector<SeriesFamily> families;
  report.tell_tcp(insight->pairs(), families);
  const auto& rows = families.front().rows;
  ASSERT_EQ(rows.size(), 4U);  // the rest, and the pair of before
  EXPECT_EQ(rows[2].labels, (std::vector<std::string>{"school", "halle", "client"}));
}

TEST(Report, NamesTalkersWithoutTheirAddresses) {
  const auto insight = make_insight(two_sites());
  shake_hands(*insight);
  Report report(two_sites(), Instant(0s));
  const TalkersSample talkers = report.talkers(*insight, Instant(0s));
  EXPECT_EQ(talkers.packets, 2U);
  EXPECT_EQ(talkers.bytes, 120U);
  EXPECT_EQ(talkers.sources, 2U);
  EXPECT_EQ(talkers.flows, 1U);
  ASSERT_EQ(talkers.networks.size(), 2U);
  EXPECT_EQ(talkers.networks[0].network.find("10."), 0U);
  ASSERT_EQ(talkers.heaviest.size(), 1U);
  const TalkerFlow& flow = talkers.heaviest[0];
  EXPECT_EQ(flow.ends[0].host.find("10.1.2.0/24 "), 0U);
  EXPECT_EQ(flow.ends[0].site, SiteName("halle"));
  EXPECT_EQ(flow.ends[0].port, 443);
  EXPECT_EQ(flow.ends[1].host.find("10.2.3.0/24 "), 0U);
  EXPECT_EQ(flow.ends[1].sent, 60U);
  for (const TalkerEnd& end : flow.ends) {
    EXPECT_EQ(end.host.find("10.1.2.3"), std::string::npos);
    EXPECT_EQ(end.host.find("10.2.3.5"), std::string::npos);
  }
}

TEST(Report, NamesAddressesWhereItIsTold) {
  PcapCollectorConfig config = two_sites();
  config.talkers.addresses = TalkerAddresses::plain;
  const auto insight = make_insight(config);
  shake_hands(*insight);
  Report report(config, Instant(0s));
  EXPECT_EQ(report.talkers(*insight, Instant(0s)).heaviest[0].ends[0].host, "10.1.2.3");
}

TEST(Report, NamesAsManyAsItShould) {
  PcapCollectorConfig config = two_sites();
  config.talkers.top = 1;
  const auto insight = make_insight(config);
  shake_hands(*insight);
  Report report(config, Instant(0s));
  EXPECT_EQ(report.talkers(*insight, Instant(0s)).networks.size(), 1U);
}

TEST(Report, AFloodIsAnEventWithItsNumbers) {
  const Report report(two_sites(), Instant(0s));
  const auto insight = make_insight(two_sites());
  const FloodChange change{true, FloodKind::syn, v4(0x0a010200), 100, 106, 5, 7000, 12, 2000};
  const Event event = report.flood(change, insight->sites());
  EXPECT_EQ(event.kind, "flood_started");
  EXPECT_EQ(event.wall, WallTime(107s));
  EXPECT_EQ(event.text,
            "syn flood towards 10.1.2.0/24 has begun: 7000 connections asked for in 5 s of 7, at "
            "most 2000 in one, against 12 completed");
  const std::vector<std::pair<std::string, std::string>> details = {
      {"kind", "syn"},   {"network", "10.1.2.0/24"},  {"site", "halle"},         {"total", "7000"},
      {"excused", "12"}, {"peak_per_second", "2000"}, {"evidence_seconds", "5"}, {"seconds", "7"}};
  EXPECT_EQ(event.details, details);
}

}  // namespace
}  // namespace itnxt::pcap
