#include "collectors/pcap/tally.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/collectors/pcap/frames.hpp"

namespace itnxt::pcap {
namespace {

constexpr MacAddress kOurs{0x0200'0000'0001};
constexpr MacAddress kTheirs{0x0200'0000'0002};

struct DirectionRow {
  Sender sender;
  MacAddress source;
  Vantage vantage;
  Direction direction;
};

TEST(Tally, DirectionByWhatIsKnown) {
  const Vantage live{kOurs, false};
  const Vantage loopback{std::nullopt, true};
  const Vantage savefile{};
  const DirectionRow rows[] = {
      {Sender::address, kOurs, live, Direction::transmit},
      {Sender::address, kTheirs, live, Direction::receive},
      {Sender::address, kOurs, savefile, Direction::unknown},
      {Sender::address, {}, loopback, Direction::receive},
      {Sender::self, {}, savefile, Direction::transmit},
      {Sender::peer, {}, savefile, Direction::receive},
      {Sender::self, {}, live, Direction::transmit},
      {Sender::unsaid, {}, live, Direction::unknown},  // too short for an address
      {Sender::unsaid, {}, savefile, Direction::unknown},
      {Sender::unsaid, {}, loopback, Direction::receive},
  };
  for (const DirectionRow& row : rows) {
    Packet frame;
    frame.sender = row.sender;
    frame.source = row.source;
    EXPECT_EQ(direction_of(frame, row.vantage), row.direction) << &row - rows;
  }
}

TEST(Tally, SaysWhatTellsTheDirection) {
  const PrefixSet::Prefix ours[] = {{v4(0x0a000000), 104}};
  const PrefixSet local(ours);
  EXPECT_EQ(direction_source({}, {}, false), "as Linux cooked frames say, else not known");
  EXPECT_EQ(direction_source({}, {}, true),
            "as the kernel says of each frame where it does, else not known");
  EXPECT_EQ(direction_source({std::nullopt, true}, {}, true),
            "all is received, by the loopback device");
  EXPECT_EQ(direction_source({MacAddress{1}, false}, {}, true),
            "sent is what bears the interface's own address, all else is received");
  EXPECT_EQ(direction_source({MacAddress{1}, false}, local, true),
            "between local_prefixes and the others; within one side: sent is what bears the "
            "interface's own address, all else is received");
}

TEST(Tally, CountsAPacketOnceAndItsFlawBesides) {
  Tally tally;
  Packet sound;
  sound.protocol = Protocol::tcp;
  Packet flawed = sound;
  flawed.malformed = Malformed::bad_length;
  tally.count(sound, Direction::receive, 1500);
  tally.count(flawed, Direction::receive, 60);
  tally.count(sound, Direction::transmit, 0xffff'ffff);
  tally.count(sound, Direction::transmit, 0xffff'ffff);  // the sum needs 64 bits
  tally.drop(DropPoint::interface, 5);

  CaptureSample sample;
  tally.copy_to(sample);
  CaptureSample expected;
  const auto tcp = static_cast<std::size_t>(Protocol::tcp);
  expected.traffic[static_cast<std::size_t>(Direction::receive)][tcp] = {Packets(2), Bytes(1560)};
  expected.traffic[static_cast<std::size_t>(Direction::transmit)][tcp] = {
      Packets(2), Bytes(2 * std::uint64_t{0xffff'ffff})};
  expected.malformed[static_cast<std::size_t>(Malformed::bad_length)] = Packets(1);
  expected.dropped[static_cast<std::size_t>(DropPoint::interface)] = Packets(5);
  EXPECT_EQ(sample.traffic, expected.traffic);
  EXPECT_EQ(sample.malformed, expected.malformed);
  EXPECT_EQ(sample.dropped, expected.dropped);
}

TEST(Tally, EveryFrameIsCountedExactlyOnce) {
  const std::vector<test::Sample> all = test::samples();
  rc::check("sum of packets and bytes", [&](const std::vector<std::uint16_t>& picks) {
    Tally tally;
    std::uint64_t bytes = 0;
    for (const std::uint16_t pick : picks) {
      const test::Sample& row = all[pick % all.size()];
      const auto size = static_cast<std::uint32_t>(row.bytes.size());
      const Packet frame = decode(row.link, row.bytes, size);
      tally.count(frame, direction_of(frame, Vantage{}), size);
      bytes += size;
    }
    CaptureSample sample;
    tally.copy_to(sample);
    TrafficCount sum;
    for (const auto& direction : sample.traffic) {
      for (const TrafficCount& cell : direction) {
        sum.packets += cell.packets;
        sum.bytes += cell.bytes;
      }
    }
    RC_ASSERT(sum.packets.count() == picks.size());
    RC_ASSERT(sum.bytes.count() == bytes);
  });
}

struct GrowthRow {
  std::uint32_t total;
  std::uint64_t growth;
};

TEST(Growth, FollowsA32BitTotalAcrossItsWrap) {
  const GrowthRow rows[] = {
      {0, 0},           {7, 7}, {7, 0}, {0x7fff'ffff, 0x7fff'fff8}, {0xffff'fff0, 0x7fff'fff1},
      {0x10, 0x20},      // wrapped
      {0x0f, 0},         // went back: the total is another one now
      {0x1f, 0x10},      // and grows from there
      {0x8000'001f, 0},  // half the range: cannot be told from going back
  };
  Growth growth;
  for (const GrowthRow& row : rows)
    EXPECT_EQ(growth.since_last(row.total), row.growth) << row.total;
}

}  // namespace
}  // namespace itnxt::pcap
