// The parts of the analysis put together.
#include "collectors/pcap/analysis.hpp"

#include <gtest/gtest.h>

#include "tests/collectors/pcap/frames.hpp"
#include "tests/collectors/pcap/lines.hpp"

namespace itnxt::pcap {
namespace {

using namespace std::chrono_literals;
constexpr WallTime kStart = WallTime(1'700'000'000s);

TEST(Analysis, TellsFamiliesThatMayBeTold) {
  Analysis analysis({false, 1});
  std::uint32_t total = 0;
  for (const test::Sample& row : test::samples()) {
    const auto size = static_cast<std::uint32_t>(row.bytes.size());
    const Packet packet = decode(row.link, row.bytes, size);
    analysis.observe(packet, Direction::receive, size, kStart);
    ++total;
  }
  CaptureSample sample;
  std::vector<SeriesFamily> families;
  analysis.tell(sample, families);
  std::uint64_t packets = 0;
  for (const TrafficCount& cell : sample.traffic[0]) packets += cell.packets.count();
  EXPECT_EQ(packets, total);
  for (const SeriesFamily& family : families) {
    EXPECT_EQ(family_objections(family), std::vector<std::string>()) << family.name;
    for (const SeriesRow& row : family.rows) EXPECT_EQ(row.labels.size(), family.labels.size());
  }
}

TEST(Analysis, WhatIsOfAnIntervalBeginsAnewUnlessItIsAFile) {
  for (const bool whole : {false, true}) {
    Analysis analysis({whole, 0});
    Packet packet;
    analysis.set_longest(1538);
    analysis.observe(packet, Direction::unknown, 1538, kStart);
    analysis.observe(packet, Direction::unknown, 1539, kStart + 10s);
    analysis.drop(DropPoint::kernel, 2);
    CaptureSample sample;
    std::vector<SeriesFamily> families;
    analysis.tell(sample, families);
    const std::string first = lines(families);
    EXPECT_NE(first.find("peak_bytes{window=1ms} 1539\n"), std::string::npos) << first;
    EXPECT_NE(first.find("giant_packets_total{} 1\n"), std::string::npos) << first;
    EXPECT_EQ(first.find("loss_ratio") == std::string::npos, whole) << first;
    analysis.observe(packet, Direction::unknown, 60, kStart + 20s);
    analysis.tell(sample, families = {});
    EXPECT_NE(lines(families).find(whole ? "peak_bytes{window=1ms} 1539\n"
                                         : "peak_bytes{window=1ms} 60\n"),
              std::string::npos);
  }
}

// A handshake of 10.1.0.5 with 10.2.0.7 over 20 ms, as `around` packs each segment.
std::unique_ptr<Analysis> handshake(test::Octets (*around)(const test::Octets&)) {
  using test::operator+;
  const std::vector<SitePrefix> prefixes = {{v4(0x0a010000), 112, 1}, {v4(0x0a020000), 112, 2}};
  InsightLimits limits;
  limits.flows = 1024;
  auto analysis = std::make_unique<Analysis>(
      AnalysisOptions{}, std::make_unique<Insight>(limits, SiteMap(prefixes), HashSecret{1, 2, 3}));
  const auto see = [&](bool back, std::uint8_t flags, std::uint32_t ack, WallTime at) {
    const test::Octets client{10, 1, 0, 5}, server{10, 2, 0, 7};
    const test::Octets segment = test::u16(back ? 443 : 40'000) + test::u16(back ? 40'000 : 443) +
                                 test::u32(1) + test::u32(ack) + test::Octets{0x50, flags} +
                                 test::u16(1000) + test::zeros(4);
    test::Octets frame = test::ipv4(6, segment);
    frame.resize(12);
    frame = around(frame + (back ? server + client : client + server) + segment);
    const auto size = static_cast<std::uint32_t>(frame.size());
    analysis->observe(decode(LinkType::ethernet, frame, size), Direction::receive, size, at);
  };
  see(false, tcp_flag::syn, 0, kStart);
  see(true, tcp_flag::syn | tcp_flag::ack, 2, kStart + 20ms);
  analysis->insight()->settle(std::nullopt);
  return analysis;
}

TEST(Analysis, TcpInATunnelIsTheSitesThatTalkWithinIt) {
  using test::Octets;
  const auto plain = [](const Octets& ip) { return test::ethernet(0x0800, ip); };
  for (const auto& around :
       {+plain,
        +[](const Octets& ip) {
          return test::ethernet(0x0800, test::ipv4(47, test::gre(0x0800, ip)));
        },
        +[](const Octets& ip) {
          return test::ethernet(0x0800, test::ipv4(17, test::vxlan(test::ethernet(0x0800, ip))));
        },
        +[](const Octets& ip) {
          return test::ethernet(0x86dd, test::ipv6(17, test::geneve(0x0800, ip, 1)));
        },
        +[](const Octets& ip) {
          return test::ethernet(0x0800, test::ipv4(4, test::ipv4(47, test::gre(0x0800, ip))));
        }}) {
    const auto analysis = handshake(around);
    const std::vector<TcpPair>& pairs = analysis->insight()->pairs().all();
    ASSERT_EQ(pairs.size(), 2U);
    EXPECT_EQ(pairs[1].client, 1);
    EXPECT_EQ(pairs[1].server, 2);
    EXPECT_EQ(pairs[1].sides[1].round_trips.micros, 20'000U);
    const Talkers& talkers = analysis->insight()->talkers();
    EXPECT_EQ(talkers.packets(), 2U);
    // Once, with the bytes of the whole frame; the link's counters are those of what is around.
    CaptureSample sample;
    std::vector<SeriesFamily> families;
    analysis->tell(sample, families);
    std::uint64_t bytes = 0;
    for (const TrafficCount& cell : sample.traffic[0]) bytes += cell.bytes.count();
    EXPECT_EQ(talkers.bytes(), bytes);
    const auto tcp = static_cast<std::size_t>(Protocol::tcp);
    EXPECT_EQ(sample.traffic[0][tcp].packets.count(), around == +plain ? 2U : 0U);
  }
}

TEST(Analysis, WhatATunnelHidesIsItsOwn) {
  using test::Octets;
  const auto analysis = handshake(+[](const Octets& ip) {
    Octets cut = test::ethernet(0x0800, test::ipv4(47, test::gre(0x0800, ip)));
    cut.resize(14 + 20 + 4 + 10);  // within the inner header
    return cut;
  });
  EXPECT_EQ(analysis->insight()->pairs().all().size(), 1U);
  EXPECT_EQ(analysis->insight()->talkers().packets(), 2U);
}

// Handshakes of 20 ms each, one a second, on a wire of 100 packets a second, with the clock set
// back in the middle of one.
TEST(Analysis, AClockThatIsSetBackStopsAndDistortsNothing) {
  for (const Duration step : {Duration(200ms), Duration(1h), Duration(30 * 365 * 24h)}) {
    const std::vector<SitePrefix> prefixes = {{v4(0x0a010000), 112, 1}, {v4(0x0a020000), 112, 2}};
    InsightLimits limits;
    limits.flows = 1024;
    limits.floods.kinds[2] = {50, 3};
    Analysis analysis({false, 50},
                      std::make_unique<Insight>(limits, SiteMap(prefixes), HashSecret{1, 2, 3}));
    Packet noise;
    noise.cast = Cast::broadcast;
    Packet ping;
    ping.outer.there = true;
    ping.outer.upper = Upper::icmp;
    ping.outer.protocol = 1;
    ping.outer.source = v4(0x0a010005);
    ping.outer.destination = v4(0x0a020007);
    Packet syn;
    syn.outer.there = true;
    syn.outer.upper = Upper::tcp;
    syn.outer.protocol = 6;
    syn.outer.source = v4(0x0a010005);
    syn.outer.destination = v4(0x0a020007);
    for (int tick = 0; tick < 2000; ++tick) {
      const WallTime at = kStart + tick * 10ms - (tick > 1000 ? step : Duration::zero());
      analysis.observe(noise, Direction::unknown, 100, at);
      analysis.observe(ping, Direction::unknown, 100, at);
      Packet one = syn;
      one.outer.source_port = static_cast<std::uint16_t>(30'000 + tick / 100);
      one.outer.destination_port = 443;
      one.outer.flags = tcp_flag::syn;
      if (tick % 100 == 2) {
        std::swap(one.outer.source, one.outer.destination);
        std::swap(one.outer.source_port, one.outer.destination_port);
        one.outer.flags = tcp_flag::syn | tcp_flag::ack;
        one.outer.acknowledgement = 1;
      }
      if (tick % 100 == 0 || tick % 100 == 2) {
        analysis.observe(one, Direction::unknown, 60, at);
      }
    }
    EXPECT_EQ(analysis.set_backs(), 1U);
    EXPECT_NEAR(static_cast<double>(analysis.first_set_back() / 1ms),
                static_cast<double>(step / 1ms), step == 200ms ? 160 : 10);
    EXPECT_EQ(analysis.last(), kStart + 1000 * 10ms + std::max(9990ms - step, Duration::zero()));
    analysis.insight()->settle(std::nullopt);
    const TcpPair& pair = analysis.insight()->pairs().all().at(1);
    const RoundTrips& trips = pair.sides[1].round_trips;
    std::uint64_t samples = 0;
    for (const std::uint64_t count : trips.buckets) samples += count;
    EXPECT_EQ(samples, 20U);
    EXPECT_EQ(pair.unanswered, 0U);
    EXPECT_LE(trips.micros, 20'000U * samples);
    EXPECT_GE(trips.micros, 20'000U * (samples - 1));
    CaptureSample sample;
    std::vector<SeriesFamily> families;
    analysis.tell(sample, families);
    const std::string text = lines(families);
    EXPECT_NE(text.find("peak_bytes{window=1ms} 260\n"), std::string::npos) << text;
    EXPECT_NE(text.find("time_set_back_total{} 1\n"), std::string::npos) << text;
    std::vector<Event> events = analysis.take_events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind, "broadcast_storm_began");
    EXPECT_EQ(analysis.insight()->take_flood_changes().size(), 1U);
    // What is over is told by the new time.
    analysis.tick(analysis.last() - (step > 10s ? step : Duration::zero()) + 30s);
    analysis.insight()->settle((kStart - step + 60s).time_since_epoch().count());
    events = analysis.take_events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind, "broadcast_storm_ended");
    const std::vector<FloodChange> floods = analysis.insight()->take_flood_changes();
    ASSERT_EQ(floods.size(), 1U);
    EXPECT_FALSE(floods[0].begins);
  }
}

TEST(Analysis, AQuietWireFollowsAClockThatIsSetBack) {
  Analysis analysis({false, 10});
  Packet packet;
  packet.cast = Cast::broadcast;
  for (int i = 0; i < 120; ++i) {
    analysis.observe(packet, Direction::receive, 60, kStart + i * 50ms);
  }
  analysis.tick(kStart);  // late news, not a step
  EXPECT_EQ(analysis.set_backs(), 0U);
  analysis.tick(kStart - 1h);
  EXPECT_EQ(analysis.set_backs(), 1U);
  analysis.tick(kStart - 1h + 60s);
  const std::vector<Event> events = analysis.take_events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].kind, "broadcast_storm_ended");
}

TEST(Analysis, AStormIsAnEventWithItsNumbers) {
  Analysis analysis({false, 10});
  Packet packet;
  packet.cast = Cast::broadcast;
  for (int i = 0; i < 120; ++i) {
    analysis.observe(packet, Direction::receive, 60, kStart + i * 50ms);
  }
  analysis.tick(kStart + 7s);
  std::vector<Event> events = analysis.take_events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, "broadcast_storm_began");
  EXPECT_EQ(events[0].text, "a broadcast storm rages for 5 s: 100 packets, at most 20 in a second");
  EXPECT_EQ(events[0].wall, kStart);
  EXPECT_EQ(events[0].details,
            (std::vector<std::pair<std::string, std::string>>{
                {"seconds", "5"}, {"packets", "100"}, {"peak_packets_per_second", "20"}}));
  analysis.tick(kStart + 60s);
  events = analysis.take_events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, "broadcast_storm_ended");
  EXPECT_EQ(events[0].text,
            "the broadcast storm is over after 6 s: 120 packets, at most 20 in a second");
}

}  // namespace
}  // namespace itnxt::pcap
