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
