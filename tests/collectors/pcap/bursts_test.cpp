// Microbursts against generated patterns.
#include "collectors/pcap/bursts.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>
#include <vector>

namespace itnxt::pcap {
namespace {

using namespace std::chrono_literals;
constexpr WallTime kStart = WallTime(1'700'000'000s);
using Peaks = std::array<std::uint64_t, 3>;

struct Arrival {
  std::int64_t at = 0;  // nanoseconds since 1970
  std::uint32_t bytes = 0;
};
using Arrivals = std::vector<Arrival>;

WallTime wall(std::int64_t at) {
  return WallTime(Duration(at));
}

// The most in any window (at - length, at], wherever it lies, of those that the packets from
// `first` on end.
Peaks by_definition(const Arrivals& packets, std::size_t first, std::int64_t shorter_by = 0) {
  Peaks peaks{};
  for (std::size_t i = 0; i < peaks.size(); ++i) {
    const std::int64_t length =
        Bursts::kWindows[i] - (shorter_by > 0 ? Bursts::kWindows[i] / shorter_by : 0);
    std::uint64_t sum = 0;
    std::size_t oldest = 0;
    for (std::size_t at = 0; at < packets.size(); ++at) {
      sum += packets[at].bytes;
      while (packets[oldest].at <= packets[at].at - length) {
        sum -= packets[oldest++].bytes;
      }
      if (at >= first) peaks[i] = std::max(peaks[i], sum);
    }
  }
  return peaks;
}

TEST(Bursts, APatternHasExactlyItsPeaks) {
  Bursts bursts;
  EXPECT_EQ(bursts.peaks(), (Peaks{0, 0, 0}));
  // A packet of 100 bytes each ms; in ms 250 a burst of 50, in ms 333 to 336 one of 10 each.
  for (int ms = 0; ms < 1000; ++ms) {
    const int packets = ms == 250 ? 50 : ms >= 333 && ms <= 336 ? 10 : 1;
    for (int i = 0; i < packets; ++i) bursts.count(100, kStart + ms * 1ms + i * 10us);
  }
  EXPECT_EQ(bursts.peaks(), (Peaks{5000, 5900, 18500}));  // 87 ms hold both bursts
  const SeriesFamily family = bursts.family();
  EXPECT_EQ(family_objection(family), std::nullopt);
  ASSERT_EQ(family.rows.size(), 3U);
  EXPECT_EQ(family.rows[0].labels, std::vector<std::string>{"1ms"});
  EXPECT_EQ(family.rows[1].labels, std::vector<std::string>{"10ms"});
  EXPECT_EQ(family.rows[2].labels, std::vector<std::string>{"100ms"});
  EXPECT_EQ(std::get<double>(family.rows[2].value), 18500);
}

// Wherever a burst begins, and also when it is as long as the window.
TEST(Bursts, ABurstIsToldInFull) {
  for (std::size_t i = 0; i < 3; ++i) {
    const std::int64_t window = Bursts::kWindows[i];
    for (std::int64_t begin = 0; begin < window; begin += window / 64 + 1) {
      Bursts bursts;
      const std::int64_t burst = kStart.time_since_epoch().count() + begin;
      bursts.count(7, wall(burst - 2 * window));
      for (int packet = 0; packet < 30; ++packet) {
        bursts.count(1500, wall(burst + packet * (window - 1) / 29));
      }
      bursts.count(7, wall(burst + 3 * window));
      EXPECT_EQ(bursts.peaks()[i], 45'000U) << i << " " << begin;
    }
  }
}

TEST(Bursts, AreExactlyTheMostOfAnyWindow) {
  rc::check("any packets in time", [] {
    const auto longest = *rc::gen::element<std::uint32_t>(1'000, 100'000, 3'000'000, 40'000'000);
    const auto steps = *rc::gen::container<std::vector<std::uint32_t>>(
        rc::gen::inRange<std::uint32_t>(0, longest));
    Bursts bursts;
    Arrivals packets;
    std::int64_t at = kStart.time_since_epoch().count();
    for (const std::uint32_t step : steps) {
      packets.push_back({at += step, step % 9000});
      bursts.count(step % 9000, wall(at));
    }
    RC_ASSERT(bursts.peaks() == by_definition(packets, 0));
  });
}

// Packets of any length, in bursts and pauses of any length, around so many nanoseconds apart.
Arrivals rough_traffic(std::size_t count, std::int64_t apart) {
  std::mt19937_64 random(1);
  const auto below = [&](std::int64_t limit) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
  };
  Arrivals packets;
  std::int64_t at = kStart.time_since_epoch().count();
  std::int64_t pace = apart;
  for (std::size_t i = 0; i < count; ++i) {
    if (below(1'000) == 0) pace = apart / 8 + below(apart * 2);
    if (below(10'000) == 0) at += below(apart * 2'000);
    packets.push_back({at += below(pace * 2), static_cast<std::uint32_t>(64 + below(1'455))});
  }
  return packets;
}

Peaks counted(const Arrivals& packets) {
  Bursts bursts;
  for (const Arrival& one : packets) bursts.count(one.bytes, wall(one.at));
  return bursts.peaks();
}

TEST(Bursts, AreExactForAsManyPacketsAsThereIsRoomFor) {
  for (const std::int64_t apart : {10'000, 100'000, 3'000'000}) {
    const Arrivals packets = rough_traffic(500'000, apart);
    EXPECT_EQ(counted(packets), by_definition(packets, 0)) << apart << " ns apart";
  }
}

TEST(Bursts, OfMorePacketsThanThereIsRoomForAreHardlyLess) {
  for (const std::int64_t apart : {20, 100, 1'000}) {
    const Arrivals packets = rough_traffic(2'000'000, apart);
    const Peaks told = counted(packets);
    const Peaks exact = by_definition(packets, 0);
    const Peaks least = by_definition(packets, 0, 4096);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      EXPECT_LE(told[i], exact[i]) << apart << " ns apart, window " << i;
      EXPECT_GE(told[i], least[i]) << apart << " ns apart, window " << i;
    }
  }
}

TEST(Bursts, PacketsOfAnyLengthAreCounted) {
  constexpr std::uint32_t kLongest = 0xffff'ffff;  // a savefile may say so
  Arrivals packets;
  std::int64_t at = kStart.time_since_epoch().count();
  for (int i = 0; i < 200'000; ++i) packets.push_back({at += 100, kLongest});
  const Peaks told = counted(packets);
  const Peaks exact = by_definition(packets, 0);
  const Peaks least = by_definition(packets, 0, 4096);
  for (std::size_t i = 0; i < told.size(); ++i) {
    EXPECT_LE(told[i], exact[i]);
    EXPECT_GE(told[i], least[i]);
  }
}

TEST(Bursts, BelongToTheIntervalInWhichTheyEnd) {
  rc::check("any packets, any intervals", [] {
    const auto longest = *rc::gen::element<std::uint32_t>(100'000, 3'000'000, 40'000'000);
    const auto intervals = *rc::gen::container<std::vector<std::vector<std::uint32_t>>>(
        rc::gen::container<std::vector<std::uint32_t>>(
            rc::gen::inRange<std::uint32_t>(0, longest)));
    Bursts bursts;
    Arrivals packets;
    std::int64_t at = kStart.time_since_epoch().count();
    for (const std::vector<std::uint32_t>& steps : intervals) {
      const std::size_t first = packets.size();
      for (const std::uint32_t step : steps) {
        packets.push_back({at += step, step % 9000 + 1});
        bursts.count(step % 9000 + 1, wall(at));
      }
      RC_ASSERT(bursts.peaks() == by_definition(packets, first));
      bursts.forget();
    }
  });
}

TEST(Bursts, AnIntervalWithoutAPacketHasNone) {
  Bursts bursts;
  for (int ms = 0; ms < 200; ++ms) bursts.count(100, kStart + ms * 1ms);
  bursts.forget();
  EXPECT_EQ(bursts.peaks(), (Peaks{0, 0, 0}));
  bursts.count(7, kStart + 199ms);  // the window that it ends began before
  EXPECT_EQ(bursts.peaks(), (Peaks{107, 1007, 10007}));
  bursts.forget();
  bursts.count(7, kStart + 5s);
  EXPECT_EQ(bursts.peaks(), (Peaks{7, 7, 7}));
  bursts.forget();
  EXPECT_EQ(bursts.peaks(), (Peaks{0, 0, 0}));
}

TEST(Bursts, APacketALittleOutOfOrderCountsAsIfItCameNow) {
  Bursts bursts;
  bursts.count(100, kStart + 5ms);
  bursts.count(100, kStart + 4ms);
  EXPECT_EQ(bursts.peaks(), (Peaks{200, 200, 200}));
  bursts.count(100, kStart + 3ms);  // of windows that are over
  EXPECT_EQ(bursts.peaks(), (Peaks{200, 200, 200}));
}

TEST(Bursts, AClockThatIsSetBackBeginsAnew) {
  for (const Duration step : {Duration(2ms), Duration(1h), Duration(20 * 365 * 24h)}) {
    Bursts bursts;
    bursts.count(100, kStart + 5ms);
    bursts.set_back(kStart + 5ms - step);
    bursts.count(90, kStart + 5ms - step);
    EXPECT_EQ(bursts.peaks(), (Peaks{100, 100, 100}));
    bursts.count(50, kStart + 6ms - step);
    EXPECT_EQ(bursts.peaks(), (Peaks{100, 140, 140}));
    bursts.forget();
    bursts.count(1, kStart + 6ms - step);
    EXPECT_EQ(bursts.peaks(), (Peaks{51, 141, 141}));
  }
}

TEST(Bursts, AnyTimesAreTaken) {
  rc::check("any time stamps", [] {
    Bursts bursts;
    std::uint64_t sum = 0;
    for (const std::uint64_t stamp : *rc::gen::arbitrary<std::vector<std::uint64_t>>()) {
      bursts.count(static_cast<std::uint32_t>(stamp % 2000),
                   wall(static_cast<std::int64_t>(stamp >> 1U)));
      sum += stamp % 2000;
    }
    const Peaks peaks = bursts.peaks();
    RC_ASSERT(peaks[0] <= peaks[1] && peaks[1] <= peaks[2] && peaks[2] <= sum);
  });
}

}  // namespace
}  // namespace itnxt::pcap
