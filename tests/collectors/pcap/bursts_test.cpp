// Microbursts against generated patterns.
#include "collectors/pcap/bursts.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

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

// The most in any window [at, at + length), wherever it begins; in order.
std::uint64_t most_within(const Arrivals& packets, std::int64_t length) {
  std::uint64_t most = 0;
  std::uint64_t sum = 0;
  std::size_t oldest = 0;
  for (const Arrival& one : packets) {
    sum += one.bytes;
    while (packets[oldest].at <= one.at - length) sum -= packets[oldest++].bytes;
    most = std::max(most, sum);
  }
  return most;
}

// The most in any window that begins at an eighth, of those that the packets from `first` on end.
Peaks by_definition(const Arrivals& packets, std::size_t first) {
  Peaks peaks{};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::int64_t slot = Bursts::kWindows[i] / Bursts::kSlots;
    std::map<std::int64_t, std::uint64_t> slots;
    for (std::size_t at = 0; at < packets.size(); ++at) {
      const std::int64_t last = packets[at].at / slot;
      slots[last] += packets[at].bytes;
      if (at < first) continue;
      std::uint64_t sum = 0;
      for (auto one = slots.upper_bound(last - Bursts::kSlots); one != slots.end(); ++one)
        sum += one->second;
      peaks[i] = std::max(peaks[i], sum);
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

// Wherever a burst begins: what lasts no longer than seven eighths of the window is told in full.
TEST(Bursts, ABurstAcrossABorderIsToldInFull) {
  for (std::size_t i = 0; i < 3; ++i) {
    const std::int64_t window = Bursts::kWindows[i];
    for (std::int64_t begin = 0; begin < window; begin += window / 64 + 1) {
      Bursts bursts;
      const std::int64_t burst = kStart.time_since_epoch().count() + begin;
      bursts.count(7, wall(burst - 2 * window));
      for (int packet = 0; packet < 30; ++packet) {
        bursts.count(1500, wall(burst + packet * (window * 7 / 8) / 30));
      }
      bursts.count(7, wall(burst + 3 * window));
      EXPECT_EQ(bursts.peaks()[i], 45'000U) << i << " " << begin;
    }
  }
}

TEST(Bursts, AreWithinAnEighthOfAnyWindow) {
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
    for (std::size_t i = 0; i < 3; ++i) {
      const std::int64_t window = Bursts::kWindows[i];
      RC_ASSERT(bursts.peaks()[i] <= most_within(packets, window));
      RC_ASSERT(bursts.peaks()[i] >= most_within(packets, window - window / 8));
    }
  });
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

TEST(Bursts, APacketALittleOutOfOrderCountsInTheSlotUnderWay) {
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
