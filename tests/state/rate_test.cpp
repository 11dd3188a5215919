#include "daemon/state/rate.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "daemon/state/device_clock.hpp"
#include "tests/state/reading.hpp"
#include "tests/state/world.hpp"

namespace itnxt {
namespace {

constexpr std::uint64_t k32 = 1ULL << 32U;

// One reading, written the way a table is read: seconds, hundredths, the counter.
struct At {
  double ours;           // collector's clock, seconds
  std::uint32_t uptime;  // hundredths
  std::uint64_t value;
  CounterWidth width = CounterWidth::bits64;
  std::optional<std::uint32_t> discontinuity = 0;
  std::optional<double> mbit = 1000.0;
};

test::Reading reading(const At& at) {
  test::Reading r;
  r.counter = {at.value, at.width};
  r.clocks.uptime = TimeTicks{at.uptime};
  if (at.discontinuity) r.clocks.discontinuity = TimeTicks{*at.discontinuity};
  r.clocks.at =
      SourceTime(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(at.ours)));
  if (at.mbit) r.clocks.speed = bits_per_second(*at.mbit * 1e6);
  return r;
}

std::string text(const Rate<BytesPerSecond>& rate) {
  if (const Gap* gap = std::get_if<Gap>(&rate)) return std::string(name(*gap));
  return std::to_string(std::get<BytesPerSecond>(rate).count());
}

struct Row {
  const char* what;
  At earlier;
  At later;
  const char* expected;
};

constexpr auto k32bit = CounterWidth::bits32;

TEST(Rate, TwoReadingsOfOneCounter) {
  const std::vector<Row> rows = {
      {"plain", {0, 100000, 1000}, {10, 101000, 2001000}, "200000.000000"},
      {"idle is zero, not unknown", {0, 100000, 7}, {10, 101000, 7}, "0.000000"},
      {"the device's clock divides, not ours",
       {0, 100000, 0},
       {10.4, 101000, 2000000},
       "200000.000000"},
      // T2
      {"a narrow counter wraps once",
       {0, 100000, k32 - 1000, k32bit},
       {10, 101000, 1000, k32bit},
       "200.000000"},
      {"it may have wrapped twice",
       {0, 100000, k32 - 1000, k32bit},
       {60, 106000, 1000, k32bit},
       "wrap"},
      {"or unseen, going forward", {0, 100000, 1000, k32bit}, {60, 106000, 2000, k32bit}, "wrap"},
      {"34 s at 1 Gbit/s are 343 s at 100",
       {0, 100000, k32 - 1000, k32bit, 0, 100.0},
       {60, 106000, 5000, k32bit, 0, 100.0},
       "100.000000"},
      {"the faster of two speeds counts",
       {0, 100000, 1000, k32bit, 0, 1000.0},
       {60, 106000, 2000, k32bit, 0, 100.0},
       "wrap"},
      {"no speed, narrow: 100 Mbit/s are assumed",
       {0, 100000, k32 - 1000, k32bit, 0, std::nullopt},
       {60, 106000, 5000, k32bit, 0, std::nullopt},
       "100.000000"},
      {"a narrow reset of a young counter is no wrap",
       {0, 100000, 5000, k32bit, 0, 10.0},
       {60, 106000, 1000, k32bit, 0, 10.0},
       "implausible"},
      // T3
      {"a wide counter goes back", {0, 100000, 5000}, {10, 101000, 4999}, "discontinuity"},
      {"near 2^64 too", {0, 100000, ~0ULL}, {10, 101000, 5}, "discontinuity"},
      // T4
      {"reboot", {0, 100000, 5000}, {10, 300, 100}, "reset"},
      {"reboot, the counter already beyond", {0, 100000, 5000}, {10, 300, 900000}, "reset"},
      {"497 days are no reboot", {0, 4294967000U, 1000}, {10, 704, 2001000}, "200000.000000"},
      {"a reboot after 497 days is one", {0, 4294900000U, 1000}, {10, 704, 2001000}, "reset"},
      {"reboot during a long silence, uptime already beyond",
       {0, 100000, 1000},
       {7200, 500000, 2000},
       "reset"},
      {"just booted, and in step since: no second reboot",
       {0, 150, 1000},
       {60, 6150, 61000},
       "1000.000000"},
      {"an agent that counts its seconds", {0, 0, 1000}, {60, 5900, 60000}, "1000.000000"},
      {"just booted, and again a little later", {0, 150, 1000}, {60, 5750, 2000}, "reset"},
      {"just booted, and again during a long silence: within what clocks drift",
       {0, 150, 1000},
       {12000, 1199000, 2000},
       "reset"},
      // T5
      {"discontinuity time moved",
       {0, 100000, 1000},
       {10, 101000, 9000, CounterWidth::bits64, 100500},
       "discontinuity"},
      {"first told, before",
       {0, 100000, 1000, CounterWidth::bits64, std::nullopt},
       {10, 101000, 11000, CounterWidth::bits64, 99000},
       "1000.000000"},
      {"first told, in between",
       {0, 100000, 1000, CounterWidth::bits64, std::nullopt},
       {10, 101000, 11000, CounterWidth::bits64, 100500},
       "discontinuity"},
      {"first told, none since boot",
       {0, 100000, 1000, CounterWidth::bits64, std::nullopt},
       {10, 101000, 11000, CounterWidth::bits64, 0},
       "1000.000000"},
      {"no longer told",
       {0, 100000, 1000, CounterWidth::bits64, 5},
       {10, 101000, 11000, CounterWidth::bits64, std::nullopt},
       "1000.000000"},
      // Widths
      {"32 to 64 bit", {0, 100000, 1000, k32bit}, {10, 101000, 2000}, "discontinuity"},
      {"64 to 32 bit", {0, 100000, 1000}, {10, 101000, 2000, k32bit}, "discontinuity"},
      // T24
      {"the same poll twice", {0, 100000, 1000}, {0, 100000, 1000}, "late"},
      {"double poll", {0, 100000, 1000}, {0.3, 100030, 2000}, "late"},
      {"out of order", {10, 101000, 2000}, {0, 100000, 1000}, "late"},
      {"sysUpTime stands still", {0, 1000000, 1000}, {60, 1000000, 2000}, "late"},
      {"sysUpTime leaps", {0, 1000000, 1000}, {60, 1100000, 2000}, "late"},
      {"sysUpTime lags, but no reboot fits", {0, 1000000, 1000}, {60, 1003000, 2000}, "late"},
      {"a delayed answer", {0, 1000000, 1000}, {61.9, 1006000, 61000}, "1000.000000"},
      // Plausibility
      {"line rate", {0, 100000, 0}, {10, 101000, 1250000000}, "125000000.000000"},
      {"within the tolerance", {0, 100000, 0}, {10, 101000, 1375000000}, "137500000.000000"},
      {"beyond the line", {0, 100000, 0}, {10, 101000, 1376000000}, "implausible"},
      {"a tenth of ifHighSpeed's own rounding",
       {0, 100000, 0, CounterWidth::bits64, 0, 1.0},
       {10, 101000, 1900000, CounterWidth::bits64, 0, 1.0},
       "190000.000000"},
      {"no speed: 400 Gbit/s pass",
       {0, 100000, 0, CounterWidth::bits64, 0, std::nullopt},
       {10, 101000, 500000000000, CounterWidth::bits64, 0, std::nullopt},
       "50000000000.000000"},
      {"no speed: 4 Tbit/s do not",
       {0, 100000, 0, CounterWidth::bits64, 0, std::nullopt},
       {10, 101000, 5000000000000, CounterWidth::bits64, 0, std::nullopt},
       "implausible"},
      {"speed 0 is no speed",
       {0, 100000, 0, CounterWidth::bits64, 0, 0.0},
       {10, 101000, 5000000, CounterWidth::bits64, 0, 0.0},
       "500000.000000"},
      {"the spike of a port that was shut",
       {0, 100000, 0, CounterWidth::bits64, 0, 10.0},
       {10, 101000, 1ULL << 50U, CounterWidth::bits64, 0, 10.0},
       "implausible"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(text(test::byte_rate(reading(row.earlier), reading(row.later), 5s)), row.expected)
        << row.what;
  }
}

// A device without sysUpTime, or with one that stands still: our clock stands for it.
TEST(Rate, WithoutADeviceClock) {
  constexpr std::uint32_t kStill = 12345;
  const std::vector<Row> rows = {
      {"our clock divides", {0, kStill, 0}, {10, kStill, 2000000}, "200000.000000"},
      {"also with 0", {0, 0, 0}, {10, 0, 2000000}, "200000.000000"},
      {"too early", {0, kStill, 0}, {4, kStill, 2000000}, "late"},
      {"out of order", {10, kStill, 0}, {0, kStill, 2000000}, "late"},
      {"a wide counter that went back began anew",
       {0, kStill, 5000},
       {10, kStill, 4999},
       "discontinuity"},
      {"a narrow one wrapped",
       {0, kStill, k32 - 1000, k32bit},
       {10, kStill, 1000, k32bit},
       "200.000000"},
      {"if that is plausible",
       {0, kStill, 5000, k32bit, 0, 10.0},
       {60, kStill, 1000, k32bit, 0, 10.0},
       "implausible"},
      {"and cannot have been twice",
       {0, kStill, k32 - 1000, k32bit},
       {60, kStill, 1000, k32bit},
       "wrap"},
      {"what the line cannot carry",
       {0, kStill, 0, CounterWidth::bits64, 0, 10.0},
       {10, kStill, 1ULL << 40U, CounterWidth::bits64, 0, 10.0},
       "implausible"},
      {"discontinuity time moved",
       {0, kStill, 1000},
       {10, kStill, 9000, CounterWidth::bits64, 100500},
       "discontinuity"},
      {"first told, whenever that was",
       {0, kStill, 1000, CounterWidth::bits64, std::nullopt},
       {10, kStill, 9000, CounterWidth::bits64, 100500},
       "discontinuity"},
      {"first told, none since boot",
       {0, kStill, 1000, CounterWidth::bits64, std::nullopt},
       {10, kStill, 11000, CounterWidth::bits64, 0},
       "1000.000000"},
  };
  for (const Row& row : rows) {
    // Both without, or one of them: it began to run, or stopped.
    for (const int without : {1, 2, 3}) {
      test::Reading earlier = reading(row.earlier);
      test::Reading later = reading(row.later);
      earlier.clocks.runs = (without & 1) == 0;
      later.clocks.runs = (without & 2) == 0;
      EXPECT_EQ(text(test::byte_rate(earlier, later, 5s)), row.expected) << row.what;
    }
  }
}

TEST(DeviceClock, StandsStillAfterThreePollsAndRunsAfterThreeInStep) {
  struct Poll {
    double ours;
    std::optional<std::uint32_t> uptime;
    std::string_view expected;
  };
  struct Life {
    const char* what;
    std::vector<Poll> polls;
  };
  const std::vector<Life> lives = {
      {"plain", {{0, 500, ""}, {10, 1500, ""}, {20, 2500, ""}}},
      {"none", {{0, std::nullopt, "none"}, {10, std::nullopt, "none"}, {20, 2500, ""}}},
      {"always the same",
       {{0, 12345, ""},
        {10, 12345, ""},
        {20, 12345, ""},
        {30, 12345, "still"},
        {40, 12345, "still"}}},
      {"always 0", {{0, 0, ""}, {10, 0, ""}, {20, 0, ""}, {30, 0, "still"}}},
      {"polls in between say nothing",
       {{0, 500, ""}, {1, 500, ""}, {2, 500, ""}, {3, 500, ""}, {10, 500, ""}, {5, 500, ""}}},
      {"renewed now and then",
       {{0, 0, ""}, {10, 0, ""}, {20, 0, ""}, {25, 2500, ""}, {35, 2500, ""}, {45, 2500, ""}}},
      {"it runs again",
       {{0, 7, ""},
        {10, 7, ""},
        {20, 7, ""},
        {30, 7, "still"},
        {40, 1000, "still"},
        {50, 2000, "still"},
        {60, 3000, ""},
        {70, 4000, ""}}},
      {"renewed now and then, and seldom",
       {{0, 0, ""},
        {10, 0, ""},
        {20, 0, ""},
        {30, 0, "still"},
        {40, 4000, "still"},
        {50, 4000, "still"},
        {60, 4000, "still"},
        {70, 7000, "still"}}},
      {"a reboot is no step", {{0, 90000, ""}, {10, 100, ""}, {20, 1100, ""}}},
  };
  for (const Life& life : lives) {
    DeviceClock clock;
    for (const Poll& poll : life.polls) {
      std::optional<TimeTicks> uptime;
      if (poll.uptime) uptime = TimeTicks{*poll.uptime};
      clock.take(uptime, reading({poll.ours, 0, 0}).clocks.at, 5s);
      const std::string_view found = clock.runs()                                         ? ""
                                     : clock.problem().starts_with("it has no sysUpTime") ? "none"
                                                                                          : "still";
      EXPECT_EQ(found, poll.expected) << life.what << " at " << poll.ours;
    }
  }
  DeviceClock often;  // an agent that renews it by the second, polled ten times in it
  for (int i = 0; i < 40; ++i) {
    const auto uptime = TimeTicks{static_cast<std::uint32_t>(i / 10) * 100};
    often.take(uptime, SourceTime(i * 100ms), 50ms);
    EXPECT_TRUE(often.runs()) << i;
  }
}

// T4, from poll to poll: 1,000 bytes a second.
TEST(Rate, TheWrapOfSysUpTimeCostsNoPoll) {
  struct Life {
    const char* what;
    std::vector<At> polls;
    const char* expected;
  };
  const std::vector<Life> lives = {
      {"every second",
       {{0, 4294967196U, 0}, {1, 0, 1000}, {2, 100, 2000}, {3, 200, 3000}, {4, 300, 4000}},
       "first 1000 1000 1000 1000"},
      {"every 2 s",
       {{0, 4294967246U, 0}, {2, 150, 2000}, {4, 350, 4000}, {6, 550, 6000}},
       "first 1000 1000 1000"},
      {"every 3 s", {{0, 4294967196U, 0}, {3, 200, 3000}, {6, 500, 6000}}, "first 1000 1000"},
      {"every minute",
       {{0, 4294961496U, 0}, {60, 200, 60000}, {120, 6200, 120000}},
       "first 1000 1000"},
      {"every 5 minutes",
       {{0, 4294937546U, 0}, {300, 250, 300000}, {600, 30250, 600000}},
       "first 1000 1000"},
      {"a poll too early in between",
       {{0, 4294967196U, 0}, {2, 100, 2000}, {2.3, 130, 2300}, {4, 300, 4000}},
       "first 1000 late 1000"},
      {"counters cleared just then",
       {{0, 4294967196U, 5000},
        {2, 100, 6, CounterWidth::bits64, 50},
        {4, 300, 2006, CounterWidth::bits64, 50}},
       "first discontinuity 1000"},
      {"a reboot seconds after",
       {{0, 4294967196U, 0}, {2, 100, 2000}, {8, 300, 9000}, {10, 500, 11000}},
       "first 1000 reset 1000"},
      {"the first poll ever was just after a boot",
       {{0, 100, 0}, {2, 300, 2000}, {4, 500, 4000}},
       "first 1000 1000"},
      {"a reboot a second before a poll withholds one rate",
       {{0, 100000, 0}, {60, 100, 1000}, {120, 6100, 61000}, {180, 12100, 121000}},
       "first reset 1000 1000"},
      {"and one more seconds after that poll is told",
       {{0, 100000, 0}, {60, 100, 1000}, {120, 5700, 57000}, {180, 11700, 117000}},
       "first reset reset 1000"},
      {"a reboot before the wrap is no wrap",
       {{0, 4294900000U, 0}, {2, 100, 2000}, {4, 300, 4000}, {6, 500, 6000}},
       "first reset 1000 1000"},
  };
  for (const Life& life : lives) {
    std::vector<test::Reading> readings;
    for (const At& at : life.polls) readings.push_back(reading(at));
    const Duration interval = readings[1].clocks.at - readings[0].clocks.at;
    std::string rates;
    for (const InterfaceView& view : views_after(readings, interval / 2, Column::in_octets)) {
      rates += (rates.empty() ? "" : " ") + test::rate_text(view.receive);
    }
    EXPECT_EQ(rates, life.expected) << life.what;
  }
}

TEST(Rate, PacketsOfANarrowCounter) {
  const auto rate = [](const At& a, const At& b) {
    const Rate<PacketsPerSecond> r = test::packet_rate(reading(a), reading(b), 5s);
    if (const Gap* gap = std::get_if<Gap>(&r)) return std::string(name(*gap));
    return std::to_string(std::get<PacketsPerSecond>(r).count());
  };
  // Errors at 100 Gbit/s have no wider counter: a rise is taken as it is, a fall is not.
  EXPECT_EQ(rate({0, 100000, 10, k32bit, 0, 1e5}, {60, 106000, 70, k32bit, 0, 1e5}), "1.000000");
  EXPECT_EQ(rate({0, 100000, 70, k32bit, 0, 1e5}, {60, 106000, 10, k32bit, 0, 1e5}), "wrap");
  EXPECT_EQ(rate({0, 100000, k32 - 30, k32bit, 0, 1e3}, {60, 106000, 30, k32bit, 0, 1e3}),
            "1.000000");
  EXPECT_EQ(rate({0, 100000, 0, k32bit, 0, 10.0}, {10, 101000, 1000000, k32bit, 0, 10.0}),
            "implausible");
  EXPECT_EQ(rate({0, 100000, 0}, {1, 100100, 5}), "late");
}

TEST(Rate, OnlyTheEarlyOneIsNoBase) {
  const At base{0, 100000, 1000};
  EXPECT_TRUE(too_early(reading(base).clocks, reading({1, 100100, 2000}).clocks, 5s));
  EXPECT_TRUE(too_early(reading(base).clocks, reading({-1, 99900, 500}).clocks, 5s));
  EXPECT_FALSE(too_early(reading(base).clocks, reading({10, 300, 2000}).clocks, 5s));
}

}  // namespace
}  // namespace itnxt
