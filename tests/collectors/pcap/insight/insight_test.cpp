// All of it together, packet by packet.
#include "collectors/pcap/insight/insight.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cmath>
#include <random>
#include <set>

namespace itnxt::pcap {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000'000'000;
constexpr std::int64_t kMs = 1'000'000;
constexpr HashSecret kSecret = {11, 0x9e3779b97f4a7c15U, 33, 44, 0x1234567890abcdefU, 66};

InsightLimits small() {
  InsightLimits limits;
  limits.flows = 1024;
  limits.floods.kinds[0] = {100, 3};
  limits.floods.kinds[1] = {100'000, 10};
  limits.floods.kinds[2] = {100, 3};
  return limits;
}

SiteMap two_sites() {
  const std::vector<SitePrefix> prefixes = {{v4(0x0a010000), 112, 1}, {v4(0x0a020000), 112, 2}};
  return SiteMap(prefixes);
}

Datagram between(std::uint32_t source, std::uint32_t destination, Upper upper) {
  Datagram d;
  d.there = true;
  d.version = 4;
  d.source = v4(source);
  d.destination = v4(destination);
  d.upper = upper;
  d.protocol = upper == Upper::tcp ? 6 : upper == Upper::udp ? 17 : 1;
  return d;
}
Datagram tcp(std::uint32_t source, std::uint16_t from, std::uint32_t destination, std::uint16_t to,
             std::uint8_t flags, std::uint32_t sequence, std::uint32_t acknowledgement) {
  Datagram d = between(source, destination, Upper::tcp);
  d.source_port = from;
  d.destination_port = to;
  d.flags = flags;
  d.window = 1000;
  d.sequence = sequence;
  d.acknowledgement = acknowledgement;
  return d;
}

TEST(Insight, TellsTheHealthOfAPairOfSites) {
  Insight insight(small(), two_sites(), kSecret);
  const std::uint32_t client = 0x0a010005, server = 0x0a020007;
  insight.observe(tcp(client, 40'000, server, 443, tcp_flag::syn, 1, 0), 60, kStart);
  insight.observe(tcp(server, 443, client, 40'000, tcp_flag::syn | tcp_flag::ack, 9, 2), 60,
                  kStart + 20 * kMs);
  insight.observe(tcp(client, 40'000, server, 443, tcp_flag::ack, 2, 10), 60, kStart + 23 * kMs);
  insight.settle(std::nullopt);
  ASSERT_EQ(insight.pairs().all().size(), 2U);
  const TcpPair& pair = insight.pairs().all()[1];
  EXPECT_EQ(pair.client, 1);
  EXPECT_EQ(pair.server, 2);
  EXPECT_EQ(pair.sides[1].round_trips.micros, 20'000U);
  EXPECT_EQ(pair.sides[0].round_trips.micros, 3'000U);
}

TEST(Insight, OtherLimitsLeaveWhatWasCounted) {
  InsightLimits limits = small();
  Insight insight(limits, two_sites(), kSecret);
  const std::uint32_t client = 0x0a010005, server = 0x0a020007;
  const auto shake = [&](std::uint16_t port, std::int64_t at) {
    insight.observe(tcp(client, port, server, 443, tcp_flag::syn, 1, 0), 60, at);
    insight.observe(tcp(server, 443, client, port, tcp_flag::syn | tcp_flag::ack, 9, 2), 60,
                    at + 20 * kMs);
  };
  shake(40'000, kStart);
  limits.flows = 4096;
  limits.pairs = 500;
  limits.networks.v4 = 112;
  const std::vector<SitePrefix> prefixes = {{v4(0x0a010000), 112, 3}, {v4(0x0a020000), 112, 2}};
  insight.set(limits, SiteMap(prefixes));
  shake(40'001, kStart + 100 * kMs);
  insight.settle(std::nullopt);
  ASSERT_EQ(insight.pairs().all().size(), 3U);
  for (const std::size_t pair : {std::size_t{1}, std::size_t{2}}) {
    const RoundTrips& trips = insight.pairs().all()[pair].sides[1].round_trips;
    EXPECT_EQ(trips.micros, 20'000U);
  }
  EXPECT_EQ(insight.pairs().all()[2].client, 3U);
  limits.pairs = 1;  // what has a place keeps it
  insight.set(limits, SiteMap(prefixes));
  shake(40'002, kStart + 200 * kMs);
  insight.settle(std::nullopt);
  EXPECT_EQ(insight.pairs().all().size(), 3U);
  EXPECT_EQ(insight.pairs().all()[2].sides[1].round_trips.micros, 40'000U);
  ASSERT_EQ(insight.talkers().networks().top(2).size(), 2U);
  EXPECT_EQ(insight.talkers().networks().top(2)[0].key.low & 0xffffU, 0U);  // a /16
}

TEST(Insight, AFloodIsOverWhenNetworksAreOthers) {
  InsightLimits limits = small();
  Insight insight(limits, two_sites(), kSecret);
  const auto flood = [&](std::int64_t second) {
    for (std::uint32_t i = 0; i < 200; ++i) {
      insight.observe(tcp(0x0b000000 + i, 1000, 0x0a010005, 80, tcp_flag::syn, 1, 0), 60,
                      kStart + second * 1000 * kMs);
    }
  };
  for (std::int64_t s = 0; s < 7; ++s) flood(s);
  ASSERT_EQ(insight.take_flood_changes().size(), 1U);
  limits.floods.kinds[0].limit = 1000;  // of another limit, what goes on goes on
  insight.set(limits, two_sites());
  EXPECT_TRUE(insight.take_flood_changes().empty());
  limits.networks.v4 = 112;
  insight.set(limits, two_sites());
  const auto over = insight.take_flood_changes();
  ASSERT_EQ(over.size(), 1U);
  EXPECT_FALSE(over[0].begins);
}

TEST(Insight, CountsAnUnansweredAttemptWhenTimeHasPassed) {
  Insight insight(small(), two_sites(), kSecret);
  insight.observe(tcp(0x0a010005, 40'000, 0x0a020007, 443, tcp_flag::syn, 1, 0), 60, kStart);
  insight.settle(kStart + 2'999 * kMs);
  EXPECT_EQ(insight.pairs().all()[1].unanswered, 0U);
  insight.settle(kStart + 3'000 * kMs);
  insight.settle(kStart + 9'000 * kMs);
  EXPECT_EQ(insight.pairs().all()[1].unanswered, 1U);
}

// A ring hands its packets over a block at a time, with the stamps they got when they came.
TEST(Insight, PacketsThatComeBehindASettlementKeepTheirTimes) {
  Insight insight(small(), two_sites(), kSecret);
  const std::uint32_t client = 0x0a010005, server = 0x0a020007;
  const auto syn = [&](std::uint16_t port, std::int64_t at) {
    insight.observe(tcp(client, port, server, 443, tcp_flag::syn, 1, 0), 60, at);
  };
  const auto answer = [&](std::uint16_t port, std::int64_t at) {
    insight.observe(tcp(server, 443, client, port, tcp_flag::syn | tcp_flag::ack, 9, 2), 60, at);
  };
  syn(40'000, kStart);
  insight.settle(kStart + 90 * kMs);
  answer(40'000, kStart + 20 * kMs);
  syn(40'001, kStart + 30 * kMs);
  answer(40'001, kStart + 50 * kMs);
  syn(40'002, kStart + 80 * kMs);
  answer(40'002, kStart + 100 * kMs);
  insight.settle(kStart + 190 * kMs);
  const RoundTrips& round_trips = insight.pairs().all()[1].sides[1].round_trips;
  EXPECT_EQ(round_trips.buckets[5], 3U);  // 10 to 20 ms
  EXPECT_EQ(round_trips.micros, 60'000U);
}

TEST(Insight, SumsBytesByNetworkAndFlowInBothDirections) {
  Insight insight(small(), two_sites(), kSecret);
  Datagram there = between(0x0a010005, 0x0a020007, Upper::udp);
  there.source_port = 5000;
  there.destination_port = 6000;
  Datagram back = between(0x0a020007, 0x0a010005, Upper::udp);
  back.source_port = 6000;
  back.destination_port = 5000;
  for (int i = 0; i < 10; ++i) insight.observe(there, 100, kStart + i);
  for (int i = 0; i < 5; ++i) insight.observe(back, 1000, kStart + i);
  Datagram within = between(0x0a010006, 0x0a010007, Upper::icmp);
  insight.observe(within, 77, kStart);
  insight.settle(std::nullopt);
  const Talkers& talkers = insight.talkers();
  EXPECT_EQ(talkers.bytes(), 6077U);
  EXPECT_EQ(talkers.packets(), 16U);
  const auto networks = talkers.networks().top(10);
  ASSERT_EQ(networks.size(), 2U);
  EXPECT_EQ(networks[0].key, v4(0x0a010000));
  EXPECT_EQ(networks[0].weight, 6077U);
  EXPECT_EQ(networks[0].extra.sent, 1077U);
  EXPECT_EQ(networks[0].extra.received, 5077U);
  EXPECT_EQ(networks[0].extra.packets, 16U);
  EXPECT_EQ(networks[1].key, v4(0x0a020000));
  EXPECT_EQ(networks[1].extra.sent, 5000U);
  const auto flows = talkers.flows().top(10);
  ASSERT_EQ(flows.size(), 2U);
  EXPECT_EQ(flows[0].key.port(0), 5000);
  EXPECT_EQ(flows[0].key.port(1), 6000);
  EXPECT_EQ(flows[0].extra.bytes[0], 1000U);
  EXPECT_EQ(flows[0].extra.bytes[1], 5000U);
  EXPECT_EQ(flows[0].error, 0U);
  EXPECT_EQ(std::lround(talkers.sources().estimate()), 3);
  EXPECT_EQ(std::lround(talkers.destinations().estimate()), 3);
  EXPECT_EQ(std::lround(talkers.different_flows().estimate()), 2);
}

TEST(Insight, AnIntervalsTalkersAreItsOwn) {
  Insight insight(small(), two_sites(), kSecret);
  const Datagram one = between(0x0a010005, 0x0a020007, Upper::udp);
  insight.observe(one, 100, kStart);
  insight.settle(std::nullopt);
  insight.clear_talkers();
  insight.observe(one, 30, kStart + 1);
  insight.settle(std::nullopt);
  EXPECT_EQ(insight.talkers().bytes(), 30U);
  EXPECT_EQ(insight.talkers().flows().top(9).size(), 1U);
}

// Lengths of 32 bits in a hostile file: nothing wraps.
TEST(Insight, HugePacketsAddUp) {
  Insight insight(small(), two_sites(), kSecret);
  const Datagram one = between(0x0a010005, 0x0a020007, Upper::udp);
  for (int i = 0; i < 5; ++i) insight.observe(one, 0xffff'ffffU, kStart);
  insight.settle(std::nullopt);
  EXPECT_EQ(insight.talkers().bytes(), 5ULL * 0xffff'ffffU);
}

TEST(Insight, AnyTimesAreTaken) {
  Insight insight(small(), two_sites(), kSecret);
  const Datagram one = tcp(0x0a010005, 1, 0x0a020007, 2, tcp_flag::syn, 1, 0);
  constexpr std::int64_t kLast = std::int64_t{1} << 62U;
  for (const std::int64_t time : {kStart, std::int64_t{0}, kStart - 1, kLast, kStart, -kLast}) {
    insight.observe(one, 60, time);
  }
  insight.settle(kStart);
  EXPECT_EQ(insight.talkers().packets(), 6U);
}

TEST(Insight, SeesASynFloodAndNotARushOfConnections) {
  for (const bool completed : {false, true}) {
    Insight insight(small(), two_sites(), kSecret);
    std::vector<FloodChange> changes;
    for (std::uint32_t i = 0; i < 20'000; ++i) {
      const std::int64_t time = kStart + i * kMs;  // 1000 a second
      const std::uint32_t client = 0x0b000000 + i;
      const auto port = static_cast<std::uint16_t>(1024 + i);
      insight.observe(tcp(client, port, 0x0a020007, 443, tcp_flag::syn, i, 0), 60, time);
      if (completed) {
        insight.observe(tcp(0x0a020007, 443, client, port, tcp_flag::syn | tcp_flag::ack, 5, i + 1),
                        60, time);
        insight.observe(tcp(client, port, 0x0a020007, 443, tcp_flag::ack, i + 1, 6), 60, time);
      }
    }
    changes = insight.take_flood_changes();
    EXPECT_EQ(changes.size(), completed ? 0U : 1U);
    if (completed) continue;
    EXPECT_EQ(changes[0].network, v4(0x0a020000));
    EXPECT_EQ(changes[0].windows, 5U);
    EXPECT_EQ(changes[0].total, 5000U);
    insight.settle(kStart + 40'000 * kMs);
    changes = insight.take_flood_changes();
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_FALSE(changes[0].begins);
    EXPECT_EQ(changes[0].total, 20'000U);
  }
}

TEST(Insight, SeesAmplificationAndPings) {
  Insight insight(small(), two_sites(), kSecret);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    Datagram answer = between(0x08000000 + i, 0x0a010005, Upper::udp);
    answer.source_port = 53;
    answer.destination_port = 9999;
    insight.observe(answer, 1400, kStart + i * kMs);
    Datagram ping = between(0x09000000 + i, 0x0a020005, Upper::icmp);
    ping.icmp_type = 8;
    insight.observe(ping, 84, kStart + i * kMs);
  }
  const auto changes = insight.take_flood_changes();
  ASSERT_EQ(changes.size(), 2U);
  std::set<FloodKind> kinds = {changes[0].kind, changes[1].kind};
  EXPECT_EQ(kinds, (std::set<FloodKind>{FloodKind::udp_amplification, FloodKind::icmp}));
}

std::size_t memory_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Two seconds of a million packets, each of a flow of its own, among ten talkers of about 1 % each,
// one percent apart from the next, and ten more right behind them.
// 3 fragments a datagram, `count` of them a second for 10 s.
void send_in_fragments(Insight& insight, std::uint16_t port, std::uint32_t count,
                       std::uint32_t to = 0x0a010005) {
  for (std::uint32_t i = 0; i < 10 * count; ++i) {
    const std::int64_t at = kStart + std::int64_t{i} * 1000 * kMs / count;
    Datagram first = between(0x08000000 + i % 1000, to, Upper::udp);
    first.fragment = true;
    first.source_port = port;
    first.destination_port = 9999;
    first.payload = 1472;
    first.whole = 4000;
    insight.observe(first, 1514, at);
    Datagram later = between(0x08000000 + i % 1000, to, Upper::none);
    later.protocol = 17;
    later.fragment = true;
    insight.observe(later, 1514, at);
    insight.observe(later, 1074, at);
  }
}

TEST(Insight, SeesAmplificationInFragments) {
  InsightLimits limits = small();
  limits.floods.kinds[1].limit = 4e6;  // 1000 datagrams are 4.1 MB, their first fragments 1.5 MB
  Insight insight(limits, two_sites(), kSecret);
  send_in_fragments(insight, 53, 1000);
  const auto changes = insight.take_flood_changes();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].kind, FloodKind::udp_amplification);
  EXPECT_EQ(changes[0].peak, 1000U * (1514 + 4000 - 1480));
}

TEST(Insight, OrdinaryFragmentsAreNoAmplification) {
  InsightLimits limits = small();
  limits.floods.kinds[1].limit = 1e6;
  Insight insight(limits, two_sites(), kSecret);
  send_in_fragments(insight, 2049, 10'000);  // NFS
  EXPECT_TRUE(insight.take_flood_changes().empty());
  Insight mixed(limits, two_sites(), kSecret);  // beside some answers of a name server
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    Datagram later = between(0x08000001, 0x0a010006, Upper::none);
    later.protocol = 17;
    later.fragment = true;
    mixed.observe(later, 1514, kStart);
  }
  send_in_fragments(mixed, 53, 100);
  EXPECT_TRUE(mixed.take_flood_changes().empty());
}

TEST(Insight, AnnouncedFragmentsThatDoNotComeAreNoEvidence) {
  InsightLimits limits = small();
  limits.floods.kinds[1].limit = 10e6;
  Insight insight(limits, two_sites(), kSecret);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    Datagram first = between(0x08000000, 0x0a010005, Upper::udp);
    first.fragment = true;
    first.source_port = 53;
    first.whole = 65535;
    insight.observe(first, 60, kStart + i * kMs);
  }
  EXPECT_TRUE(insight.take_flood_changes().empty());
}

TEST(Insight, FragmentsBetweenServersExcuseEachOther) {
  InsightLimits limits = small();
  limits.floods.kinds[1] = {100'000, 2};
  Insight insight(limits, two_sites(), kSecret);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    for (const bool back : {false, true}) {
      Datagram first =
          between(back ? 0x0a020005 : 0x0a010005, back ? 0x0a010005 : 0x0a020005, Upper::udp);
      first.fragment = true;
      first.source_port = first.destination_port = 53;
      first.payload = 100;
      first.whole = 4000;
      insight.observe(first, 142, kStart + i * kMs);
      Datagram later = first;
      later.upper = Upper::none;
      insight.observe(later, 3926, kStart + i * kMs);
    }
  }
  EXPECT_TRUE(insight.take_flood_changes().empty());
}

TEST(Insight, FindsTheTopTenInAMillionRandomFlowsASecondWithinFixedMemory) {
  const auto insight = std::make_unique<Insight>(InsightLimits{}, SiteMap(), kSecret);
  std::mt19937_64 random(7);
  std::vector<double> share;
  for (int rank = 0; rank < 20; ++rank) share.push_back(0.0125 * std::pow(0.99, rank));
  std::vector<std::uint64_t> due(20);
  std::size_t settled = 0;
  constexpr std::uint32_t kPackets = 2'000'000;
  for (std::uint32_t i = 0; i < kPackets; ++i) {
    double dice = static_cast<double>(random() >> 11U) * 0x1p-53;
    std::uint32_t talker = 0;
    while (talker < 20 && dice >= share[talker]) dice -= share[talker++];
    Datagram d = between(static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random()),
                         Upper::udp);
    d.source_port = static_cast<std::uint16_t>(random());
    d.destination_port = static_cast<std::uint16_t>(random() | 0x8000U);
    if (talker < 20) {
      d = between(0x0a000000 + talker * 0x10000, 0x0b000000 + talker * 0x10000, Upper::udp);
      d.source_port = 7777;
      ++due[talker];
    }
    insight->observe(d, 1000, kStart + i * std::int64_t{1000});
    if (i == kPackets / 2) settled = memory_in_use();
  }
  EXPECT_EQ(memory_in_use(), settled);  // not a byte a packet
  insight->settle(std::nullopt);
  // By chance a talker's packets are not what its share is: the truth is what was sent.
  std::vector<std::uint64_t> order = due;
  std::sort(order.rbegin(), order.rend());
  const std::uint64_t tenth = order[9];
  const auto flows = insight->talkers().flows().top(10);
  ASSERT_EQ(flows.size(), 10U);
  for (const auto& row : flows) {
    const auto talker = static_cast<std::uint32_t>(row.key.address[0].low >> 16U) & 0xffU;
    ASSERT_LT(talker, 20U);
    EXPECT_GE(due[talker], tenth);
    EXPECT_LE(row.weight - row.error, due[talker] * 1000);
    EXPECT_GE(row.weight, due[talker] * 1000);
  }
  std::set<IpAddress> networks;
  for (const auto& row : insight->talkers().networks().top(40)) networks.insert(row.key);
  for (std::uint32_t talker = 0; talker < 10; ++talker) {
    EXPECT_TRUE(networks.contains(v4(0x0a000000 + talker * 0x10000))) << talker;
    EXPECT_TRUE(networks.contains(v4(0x0b000000 + talker * 0x10000))) << talker;
  }
  EXPECT_NEAR(insight->talkers().different_flows().estimate(), kPackets * 0.773, kPackets * 0.06);
}

}  // namespace
}  // namespace itnxt::pcap
