// Each part of the analysis on its own, by tables and generated patterns.
#include <gtest/gtest.h>
#include <net/if.h>
#include <rapidcheck.h>
#include <sys/resource.h>

#include <map>

#include "collectors/pcap/analysis.hpp"
#include "collectors/pcap/interface.hpp"
#include "tests/collectors/pcap/lines.hpp"

namespace itnxt::pcap {
namespace {

using namespace std::chrono_literals;
constexpr WallTime kStart = WallTime(1'700'000'000s);

TEST(Interface, ThereIsNoneAndCannotAskAreTwo) {
  EXPECT_EQ(interface_index("lo"), if_nametoindex("lo"));
  EXPECT_EQ(interface_index("none of it"), 0U);
  EXPECT_EQ(interface_index("longer than any name is"), 0U);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{1, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto index = interface_index("lo");
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(index, std::nullopt);
}

TEST(Classes, BytesByTheClassOfTheOutermostHeader) {
  Classes classes;
  Packet packet;
  classes.count(packet, 60);  // no IP header, no class
  packet.outer.there = true;
  classes.count(packet, 100);
  packet.outer.dscp = 46;
  packet.inner.there = true;
  packet.inner.dscp = 8;
  classes.count(packet, 200);
  classes.count(packet, 0xffff'ffff);
  EXPECT_EQ(lines(classes.family()),
            "itnxt_capture_dscp_bytes_total{dscp=0} 100\n"
            "itnxt_capture_dscp_bytes_total{dscp=46} 4294967495\n");
}

TEST(Sizes, EachLengthIsInItsBucket) {
  Sizes sizes;
  for (const std::uint32_t length : {0U, 1U, 64U, 65U, 128U, 129U, 1024U, 1025U, 1518U, 1519U,
                                     2048U, 2049U, 65536U, 65537U, 0xffff'ffffU}) {
    sizes.count(length);
  }
  const SeriesFamily family = sizes.family();
  EXPECT_EQ(family_objection(family), std::nullopt);
  EXPECT_EQ(family.bounds, (std::vector<double>{64, 128, 256, 512, 1024, 1518, 2048, 4096, 8192,
                                                16384, 32768, 65536}));
  const auto& histogram = std::get<Histogram>(family.rows.at(0).value);
  EXPECT_EQ(std::vector<std::uint64_t>(histogram.counts().begin(), histogram.counts().end()),
            (std::vector<std::uint64_t>{3, 5, 6, 6, 7, 9, 11, 12, 12, 12, 12, 13, 15}));
  EXPECT_EQ(histogram.sum(), 0 + 1 + 64 + 65 + 128 + 129 + 1024 + 1025 + 1518 + 1519 + 2048 + 2049 +
                                 65536 + 65537 + 4294967295.0);
}

Packet tagged(std::uint16_t vlan) {
  Packet packet;
  packet.tags = 1;
  packet.vlan = vlan;
  return packet;
}

TEST(Vlans, NothingIsToldWhereNoFrameHasATag) {
  Vlans vlans;
  vlans.count({}, 60);
  vlans.settle();
  std::vector<SeriesFamily> families;
  vlans.add_families(families);
  EXPECT_TRUE(families.empty());
}

TEST(Vlans, PacketsAndBytesByTheOutermostTag) {
  Vlans vlans;
  vlans.count(tagged(7), 60);
  vlans.count(tagged(4095), 100);
  vlans.count(tagged(4095), 100);
  vlans.count({}, 64);
  vlans.settle();
  std::vector<SeriesFamily> families;
  vlans.add_families(families);
  EXPECT_EQ(lines(families),
            "itnxt_capture_vlan_packets_total{vlan=4095} 2\n"
            "itnxt_capture_vlan_packets_total{vlan=7} 1\n"
            "itnxt_capture_vlan_packets_total{vlan=untagged} 1\n"
            "itnxt_capture_vlan_bytes_total{vlan=4095} 200\n"
            "itnxt_capture_vlan_bytes_total{vlan=7} 60\n"
            "itnxt_capture_vlan_bytes_total{vlan=untagged} 64\n");
}

// Whoever forges tags: 34 series at most, and none of them ever falls.
TEST(Vlans, AreBoundedAndNeverFall) {
  rc::check("random tags", [] {
    Vlans vlans;
    std::map<std::string, std::uint64_t> before;
    std::uint64_t sent = 0;
    for (int interval = 0; interval < 4; ++interval) {
      const auto picks =
          *rc::gen::container<std::vector<std::uint16_t>>(rc::gen::inRange<std::uint16_t>(0, 4096));
      for (const std::uint16_t vlan : picks) vlans.count(tagged(vlan), 100);
      sent += picks.size();
      vlans.settle();
      std::vector<SeriesFamily> families;
      vlans.add_families(families);
      if (families.empty()) continue;
      RC_ASSERT(families[0].rows.size() <= Vlans::kMost + 2);
      std::uint64_t sum = 0;
      for (const SeriesRow& row : families[0].rows) {
        const std::uint64_t count = std::get<std::uint64_t>(row.value);
        RC_ASSERT(count >= before[row.labels[0]]);
        before[row.labels[0]] = count;
        sum += count;
      }
      RC_ASSERT(sum == sent);
    }
  });
}

TEST(Vlans, TheLargestOfTheFirstIntervalGetThePlaces) {
  Vlans vlans;
  for (std::uint16_t vlan = 0; vlan < 100; ++vlan) vlans.count(tagged(vlan), 100U + vlan);
  vlans.settle();
  vlans.count(tagged(0), 1'000'000);
  vlans.settle();
  std::vector<SeriesFamily> families;
  vlans.add_families(families);
  const std::string text = lines(families[1]);
  EXPECT_NE(text.find("{vlan=99} 199\n"), std::string::npos);
  EXPECT_NE(text.find("{vlan=68} 168\n"), std::string::npos);
  EXPECT_EQ(text.find("{vlan=67}"), std::string::npos);
  EXPECT_NE(text.find("{vlan=other} 1009078\n"), std::string::npos) << text;
}

TEST(Tunnels, WhatTheyCarryIsCountedApart) {
  Tunnels tunnels;
  Packet packet;
  tunnels.count(packet);
  std::vector<SeriesFamily> families;
  tunnels.add_families(families);
  EXPECT_TRUE(families.empty());
  packet.tunnel = Tunnel::vxlan;
  packet.inner_protocol = Protocol::tcp;
  packet.inner_bytes = 1000;
  tunnels.count(packet);
  tunnels.count(packet);
  packet.tunnel = Tunnel::gre;
  packet.inner_protocol = Protocol::other;
  tunnels.count(packet);
  tunnels.add_families(families);
  EXPECT_EQ(lines(families),
            "itnxt_capture_tunnelled_packets_total{tunnel=gre,protocol=other} 1\n"
            "itnxt_capture_tunnelled_packets_total{tunnel=vxlan,protocol=tcp} 2\n"
            "itnxt_capture_tunnelled_bytes_total{tunnel=gre,protocol=other} 1000\n"
            "itnxt_capture_tunnelled_bytes_total{tunnel=vxlan,protocol=tcp} 2000\n");
}

std::string told(Storms& storms) {
  std::string text;
  for (const StormChange& one : storms.take()) {
    text += std::string(one.cast == Cast::broadcast ? "broadcast" : "multicast") +
            (one.begins ? " began at " : " ended at ") + std::to_string((one.at - kStart) / 1s) +
            " after " + std::to_string(one.seconds) + " s, " + std::to_string(one.packets) +
            " packets, peak " + std::to_string(one.peak) + "\n";
  }
  return text;
}
void rain(Storms& storms, int second, int packets, Cast cast = Cast::broadcast) {
  for (int i = 0; i < packets; ++i) storms.count(cast, kStart + second * 1s + i * 1ms);
}

TEST(Storms, OneIsToldWhenItLastsAndWhenItIsOver) {
  Storms storms(10);
  for (int second = 0; second < 4; ++second) rain(storms, second, 11);
  rain(storms, 4, 10);  // not above: four seconds are none
  for (int second = 5; second < 10; ++second) rain(storms, second, 20 + second);
  EXPECT_EQ(told(storms), "");
  rain(storms, 10, 100);
  EXPECT_EQ(told(storms), "broadcast began at 5 after 5 s, 135 packets, peak 29\n");
  rain(storms, 11, 6);                                                   // less, but not calm
  for (int second = 12; second < 22; ++second) rain(storms, second, 5);  // calm
  EXPECT_EQ(told(storms), "");
  rain(storms, 22, 1);
  EXPECT_EQ(told(storms), "broadcast ended at 12 after 7 s, 291 packets, peak 100\n");
  EXPECT_EQ(storms.packets(Cast::broadcast), 44U + 10U + 135U + 100U + 6U + 50U + 1U);
}

TEST(Storms, AnotherThresholdJudgesWhatGoesOn) {
  Storms storms(10);
  for (int second = 0; second < 6; ++second) rain(storms, second, 20);
  EXPECT_EQ(told(storms), "broadcast began at 0 after 5 s, 100 packets, peak 20\n");
  storms.set_threshold(100);
  for (int second = 6; second < 17; ++second) rain(storms, second, 20);
  EXPECT_EQ(told(storms), "broadcast ended at 5 after 5 s, 300 packets, peak 20\n");
  storms.set_threshold(10);
  for (int second = 17; second < 23; ++second) rain(storms, second, 20);
  (void)told(storms);
  storms.set_threshold(0);
  EXPECT_EQ(told(storms).find("broadcast ended at 22 after 6 s"), 0U);
}

TEST(Storms, SilenceEndsOne) {
  Storms storms(10);
  for (int second = 0; second < 6; ++second) rain(storms, second, 20, Cast::multicast);
  EXPECT_EQ(told(storms), "multicast began at 0 after 5 s, 100 packets, peak 20\n");
  storms.tick(kStart + 15s);
  EXPECT_EQ(told(storms), "");
  storms.tick(kStart + 16s);
  EXPECT_EQ(told(storms), "multicast ended at 6 after 6 s, 120 packets, peak 20\n");
  storms.tick(kStart + 100s);
  EXPECT_EQ(told(storms), "");
}

TEST(Storms, UnicastAndAThresholdOfNothingAreNone) {
  Storms off(0);
  Storms storms(10);
  for (int second = 0; second < 20; ++second) {
    rain(off, second, 1000);
    rain(storms, second, 1000, Cast::unicast);
    rain(storms, second, 1000, Cast::unsaid);
  }
  EXPECT_EQ(told(off) + told(storms), "");
}

TEST(Storms, SecondsOutOfOrderAreOne) {
  Storms storms(10);
  for (int second = 0; second < 6; ++second) {
    rain(storms, second, 6);
    rain(storms, second - 1, 6);
  }
  EXPECT_EQ(told(storms), "broadcast began at 0 after 5 s, 60 packets, peak 12\n");
}

TEST(Storms, OneThatRagesGoesOnWhenTheClockIsSetBack) {
  Storms storms(10);
  for (int second = 0; second < 7; ++second) rain(storms, second, 20);
  EXPECT_EQ(told(storms), "broadcast began at 0 after 5 s, 100 packets, peak 20\n");
  storms.set_back(999'500ms);
  for (int second = -993; second < -990; ++second) rain(storms, second, 20);
  storms.tick(kStart - 960s);
  EXPECT_EQ(told(storms), "broadcast ended at -990 after 10 s, 200 packets, peak 20\n");
}

using Stamps = std::vector<Duration>;

Stamps steps_of(const Stamps& stamps) {
  Timeline timeline;
  Stamps steps;
  for (const Duration at : stamps) {
    if (const Duration step = timeline.see(kStart + at); step != 0ms) steps.push_back(step);
  }
  return steps;
}

TEST(Timeline, GoesBackByASecondAtOnceAndByLessWhenNothingGoesOn) {
  EXPECT_EQ(steps_of({0ms, 5ms, 5ms, 4ms, 9ms, 8ms, 10ms}), Stamps());  // several CPUs
  EXPECT_EQ(steps_of({5s, 4s, 4s, 5s, 3s}), (Stamps{1s, 2s}));
  EXPECT_EQ(steps_of({5s, 4001ms, 6s}), Stamps());  // a stray one
  Stamps back{5s};
  for (int i = 0; i < 40; ++i) back.push_back(4900ms + i * 1ms);
  EXPECT_EQ(steps_of(back), (Stamps{69ms}));  // 100 ms, noticed after 31 packets
  Stamps two_streams;                         // one lags behind the other
  for (int i = 0; i < 100; ++i) {
    two_streams.push_back(i * 1ms);
    two_streams.push_back(i * 1ms - 500ms);
  }
  EXPECT_EQ(steps_of(two_streams), Stamps());
  Stamps little{5s};
  for (int i = 0; i < 100; ++i) little.push_back(4999ms);
  EXPECT_EQ(steps_of(little), Stamps());
}

TEST(PrefixSet, HoldsWhatItsNetworksHold) {
  const PrefixSet::Prefix prefixes[] = {{v4(0x0a010203), 112}, {{0x20010db8'00000000, 5}, 32}};
  const PrefixSet set(prefixes);
  EXPECT_TRUE(set.holds(v4(0x0a010000)));
  EXPECT_TRUE(set.holds(v4(0x0a01ffff)));
  EXPECT_FALSE(set.holds(v4(0x0a020000)));
  EXPECT_TRUE(set.holds({0x20010db8'ffffffff, 0}));
  EXPECT_FALSE(set.holds({0x20010db9'00000000, 0}));
  EXPECT_FALSE(PrefixSet().holds(v4(1)));
  const PrefixSet::Prefix all[] = {{{}, 0}};
  EXPECT_TRUE(PrefixSet(all).holds(v4(1)));
  const PrefixSet::Prefix one[] = {{{1, 2}, 128}, {{7, 7}, 64}};
  EXPECT_TRUE(PrefixSet(one).holds({1, 2}));
  EXPECT_FALSE(PrefixSet(one).holds({1, 3}));
  EXPECT_TRUE(PrefixSet(one).holds({7, 3}));
}

TEST(Direction, BetweenOurNetworksAndTheOthers) {
  const PrefixSet::Prefix ours[] = {{v4(0x0a000000), 104}};
  const PrefixSet local(ours);
  const auto direction = [&](std::uint32_t from, std::uint32_t to, const Vantage& vantage) {
    Packet packet;
    packet.outer.there = true;
    packet.outer.source = v4(from);
    packet.outer.destination = v4(to);
    packet.sender = Sender::address;
    packet.source = {1};
    return direction_of(packet, vantage, local);
  };
  const Vantage own{MacAddress{1}, false};
  EXPECT_EQ(direction(0x0a000001, 0x08080808, {}), Direction::transmit);
  EXPECT_EQ(direction(0x08080808, 0x0a000001, own), Direction::receive);
  EXPECT_EQ(direction(0x0a000001, 0x0a000002, own), Direction::transmit);  // by the address then
  EXPECT_EQ(direction(0x08080808, 0x09090909, {}), Direction::unknown);
  Packet arp;
  arp.sender = Sender::peer;
  EXPECT_EQ(direction_of(arp, {}, local), Direction::receive);
}

TEST(Loss, OfTheLastMinute) {
  Loss loss;
  const auto at = [](int s) { return SourceTime(std::chrono::seconds(1000 + s)); };
  EXPECT_EQ(loss.of_window(at(0), 0), std::nullopt);
  EXPECT_EQ(loss.of_window(at(10), 100), 0);
  loss.drop(100);  // told while what was kept still lies in the ring
  EXPECT_EQ(loss.of_window(at(20), 100), 0.5);
  EXPECT_EQ(loss.of_window(at(30), 300), 0.25);
  EXPECT_EQ(loss.of_window(at(70), 300), 1.0 / 3);  // the window begins with 10
  EXPECT_EQ(loss.of_window(at(80), 300), 0);
  EXPECT_EQ(loss.of_window(at(150), 300), std::nullopt);
}

TEST(Loss, AnIntervalOfHoursIsAWindowOfItsOwn) {
  Loss loss;
  loss.drop(1);
  EXPECT_EQ(loss.of_window(SourceTime(std::chrono::hours(1)), 3), 0.25);
  loss.drop(1);
  EXPECT_EQ(loss.of_window(SourceTime(std::chrono::hours(2)), 4), 0.5);
}

}  // namespace
}  // namespace itnxt::pcap
