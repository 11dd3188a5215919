// Metrics that collectors bring along: who owns a row, when it goes, what is refused.
#include "daemon/state/series.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <set>

#include "tests/state/world.hpp"

namespace itnxt {
namespace {

using test::Poller;

SeriesFamily celsius(std::vector<SeriesRow> rows) {
  return {"itnxt_sensor_celsius", SeriesType::gauge, "Temperature.", {"sensor"}, std::move(rows)};
}

SeriesSample sample_of(const Poller& poller, std::vector<SeriesFamily> families,
                       const char* device = "r1", const char* source = "sensors") {
  SeriesSample sample;
  sample.device = DeviceName(device);
  sample.source = source;
  sample.at = source_time(poller.now);
  sample.interval = 60s;
  sample.families = std::move(families);
  return sample;
}

// "name{labels} value" of everything, in order.
std::string lines(const Snapshot& snapshot) {
  std::string text;
  for (const SeriesFamilyView& family : *snapshot.series_families) {
    for (const auto& subject : snapshot.series_of) {
      for (const auto& block : subject->blocks) {
        if (block->family != family.id) continue;
        for (const SeriesRowView& row : block->rows) {
          text += family.name + row.labels + ' ';
          if (const auto* histogram = std::get_if<Histogram>(&row.value)) {
            for (const std::uint64_t count : histogram->counts()) {
              text += std::to_string(count) + '/';
            }
            text += std::to_string(static_cast<long long>(histogram->sum()));
          } else if (const auto* whole = std::get_if<std::uint64_t>(&row.value)) {
            text += std::to_string(*whole);
          } else {
            text += std::to_string(static_cast<long long>(std::get<double>(row.value)));
          }
          text += '\n';
        }
      }
    }
  }
  return text;
}

std::string problems(Table& table, const Poller& poller) {
  std::string text;
  for (const SeriesRefused& one : table.take_series_refused(poller.now)) text += one.problem + '\n';
  return text;
}

class SeriesOfATable : public ::testing::Test {
 protected:
  Poller poller;
  Table table{test::two_routers()};
  std::string shown() { return lines(*poller.look(table)); }
  std::uint64_t refused() { return poller.look(table)->samples_refused; }
};

TEST_F(SeriesOfATable, ASampleReplacesWhatItsSourceSaidBefore) {
  const auto before = poller.look(table)->series;
  poller.send(table, {sample_of(poller, {celsius({{{"in"}, 20.0}, {{"out"}, 30.0}})})});
  EXPECT_EQ(shown(),
            "itnxt_sensor_celsius{device=\"r1\",sensor=\"in\"} 20\n"
            "itnxt_sensor_celsius{device=\"r1\",sensor=\"out\"} 30\n");
  EXPECT_EQ(poller.look(table)->series - before, 2U + kSeriesOfCollector);
  poller.pass(60s);
  poller.send(table, {sample_of(poller, {celsius({{{"out"}, 31.0}})})});
  EXPECT_EQ(shown(), "itnxt_sensor_celsius{device=\"r1\",sensor=\"out\"} 31\n");
  poller.pass(60s);
  poller.send(table, {sample_of(poller, {celsius({})})});
  EXPECT_EQ(shown(), "");
  EXPECT_EQ(poller.look(table)->series - before, 0U + kSeriesOfCollector);
  EXPECT_TRUE(poller.look(table)->series_families->empty());
}

TEST_F(SeriesOfATable, OfTheCollectorItselfTheyBearItsNames) {
  SeriesSample sample = sample_of(poller, {celsius({{{"rack"}, 20.0}})}, "");
  poller.send(table, {sample});
  EXPECT_EQ(shown(), "itnxt_sensor_celsius{node=\"md\",collector=\"snmp\",sensor=\"rack\"} 20\n");
}

TEST_F(SeriesOfATable, OfAProbeTheyBearItsNameAlone) {
  SeriesSample sample = sample_of(poller, {celsius({{{"rack"}, 20.0}})}, "");
  sample.owner = SeriesOwner::probe;
  poller.send(table, {sample});
  EXPECT_EQ(shown(), "itnxt_sensor_celsius{probe=\"snmp\",sensor=\"rack\"} 20\n");
}

TEST_F(SeriesOfATable, OfACaptureTheyBearItsNameAlone) {
  SeriesSample probe = sample_of(poller, {celsius({{{"rack"}, 20.0}})}, "");
  probe.owner = SeriesOwner::probe;
  SeriesSample capture = sample_of(poller, {celsius({{{"rack"}, 21.0}})}, "");
  capture.owner = SeriesOwner::capture;
  poller.send(table, {probe, capture});
  EXPECT_EQ(shown(),
            "itnxt_sensor_celsius{probe=\"snmp\",sensor=\"rack\"} 20\n"
            "itnxt_sensor_celsius{capture=\"snmp\",sensor=\"rack\"} 21\n");
  EXPECT_EQ(refused(), 0U);
}

SeriesFamily round_trips(std::vector<double> bounds, std::vector<SeriesRow> rows) {
  return {"itnxt_rtt_seconds", SeriesType::histogram, "Round trips.", {"side"},
          std::move(rows),     std::move(bounds)};
}

// Each line of /metrics is one of those that aggregator.limits allow.
TEST_F(SeriesOfATable, AHistogramCountsAsItsLines) {
  const auto before = poller.look(table)->series + kSeriesOfCollector;
  poller.send(table,
              {sample_of(poller, {round_trips({0.5, 1}, {{{"lan"}, Histogram({1, 2, 3}, 9)},
                                                         {{"wan"}, Histogram({0, 0, 1}, 7)}})})});
  EXPECT_EQ(shown(),
            "itnxt_rtt_seconds{device=\"r1\",side=\"lan\"} 1/2/3/9\n"
            "itnxt_rtt_seconds{device=\"r1\",side=\"wan\"} 0/0/1/7\n");
  EXPECT_EQ(poller.look(table)->series - before, 2U * 5U);
  EXPECT_EQ(poller.look(table)->series_families->at(0).bounds,
            (std::vector<std::string>{"0.5", "1.0"}));
  poller.pass(60s);
  poller.send(table,
              {sample_of(poller, {round_trips({0.5, 1}, {{{"lan"}, Histogram({1, 2, 4}, 9)}})})});
  EXPECT_EQ(poller.look(table)->series - before, 5U);
  poller.pass(60s);
  poller.send(table, {sample_of(poller, {round_trips({0.5, 1}, {})})});
  EXPECT_EQ(poller.look(table)->series - before, 0U);
}

TEST_F(SeriesOfATable, OtherBoundsAreAnotherFamily) {
  poller.send(table, {sample_of(poller, {round_trips({1}, {{{"lan"}, Histogram({1, 2}, 9)}})})});
  poller.send(table,
              {sample_of(poller, {round_trips({2}, {{{"lan"}, Histogram({1, 2}, 9)}})}, "r2")});
  EXPECT_EQ(shown(), "itnxt_rtt_seconds{device=\"r1\",side=\"lan\"} 1/2/9\n");
  EXPECT_EQ(refused(), 1U);
}

// Two values for one series would cost the whole scrape.
TEST_F(SeriesOfATable, ARowOfAProbeBelongsToTheNodeThatToldItFirst) {
  SeriesSample sample = sample_of(poller, {celsius({{{"rack"}, 20.0}})}, "");
  sample.owner = SeriesOwner::probe;
  poller.send(table, {sample});
  Poller other;
  other.node = NodeName("hal");
  other.now = poller.now;
  SeriesSample twin = sample_of(other, {celsius({{{"rack"}, 99.0}, {{"roof"}, 1.0}})}, "");
  twin.owner = SeriesOwner::probe;
  other.send(table, {twin});
  EXPECT_EQ(shown(),
            "itnxt_sensor_celsius{probe=\"snmp\",sensor=\"roof\"} 1\n"
            "itnxt_sensor_celsius{probe=\"snmp\",sensor=\"rack\"} 20\n");
  EXPECT_EQ(refused(), 1U);
}

TEST_F(SeriesOfATable, WhatIsStaleIsGone) {
  poller.send(table, {sample_of(poller, {celsius({{{"in"}, 20.0}})})});
  poller.pass(210s);  // three and a half intervals
  table.tick(poller.now);
  EXPECT_NE(shown(), "");
  poller.pass(1s);
  table.tick(poller.now);
  EXPECT_EQ(shown(), "");
  EXPECT_TRUE(table.changed() || poller.look(table)->series_of.empty());
}

TEST_F(SeriesOfATable, WithoutAnIntervalThatOfTheBatchCounts) {
  SeriesSample sample = sample_of(poller, {celsius({{{"in"}, 20.0}})});
  sample.interval = {};
  poller.send(table, {sample});
  poller.pass(200s);
  table.tick(poller.now);
  EXPECT_NE(shown(), "");
}

TEST_F(SeriesOfATable, APartialSampleKeepsTheOtherRowsUntilTheyAreStale) {
  poller.send(table, {sample_of(poller, {celsius({{{"a"}, 1.0}, {{"b"}, 2.0}, {{"d"}, 4.0}})})});
  for (int i = 0; i < 3; ++i) {
    poller.pass(60s);
    SeriesSample sample = sample_of(poller, {celsius({{{"b"}, 7.0}, {{"c"}, 3.0}})});
    sample.partial = true;
    poller.send(table, {sample});
    table.tick(poller.now);
    EXPECT_EQ(shown(),
              "itnxt_sensor_celsius{device=\"r1\",sensor=\"a\"} 1\n"
              "itnxt_sensor_celsius{device=\"r1\",sensor=\"b\"} 7\n"
              "itnxt_sensor_celsius{device=\"r1\",sensor=\"c\"} 3\n"
              "itnxt_sensor_celsius{device=\"r1\",sensor=\"d\"} 4\n");
  }
  poller.pass(31s);
  table.tick(poller.now);
  EXPECT_EQ(shown(),
            "itnxt_sensor_celsius{device=\"r1\",sensor=\"b\"} 7\n"
            "itnxt_sensor_celsius{device=\"r1\",sensor=\"c\"} 3\n");
}

TEST_F(SeriesOfATable, AFamilyStaysAsItCameFirstWhileItIsAlive) {
  poller.send(table, {sample_of(poller, {celsius({{{"in"}, 20.0}})})});
  SeriesFamily other = celsius({{{"in"}, 21.0}});
  other.help = "Heat.";
  poller.send(table, {sample_of(poller, {other}, "r2")});
  EXPECT_EQ(shown(), "itnxt_sensor_celsius{device=\"r1\",sensor=\"in\"} 20\n");
  EXPECT_EQ(refused(), 1U);
  EXPECT_EQ(
      problems(table, poller),
      "itnxt_sensor_celsius: differs from itnxt_sensor_celsius, which came first and is "
      "alive, in name, type, help, bounds or label names; give it the same or another name\n");
  poller.send(table, {sample_of(poller, {celsius({})})});  // the last of the old kind
  poller.send(table, {sample_of(poller, {other}, "r2")});
  EXPECT_EQ(shown(), "itnxt_sensor_celsius{device=\"r2\",sensor=\"in\"} 21\n");
}

TEST_F(SeriesOfATable, NamesThatClashInOpenMetricsAreOneName) {
  poller.send(table,
              {sample_of(poller, {{"itnxt_x_total", SeriesType::counter, "X.", {}, {{{}, 1.0}}},
                                  {"itnxt_x", SeriesType::gauge, "X.", {}, {{{}, 2.0}}}})});
  EXPECT_EQ(shown(), "itnxt_x_total{device=\"r1\"} 1\n");
  EXPECT_EQ(refused(), 1U);
}

TEST_F(SeriesOfATable, TheAggregatorsOwnNamesAndBadOnesAreRefusedAndTheRestIsTaken) {
  constexpr std::array<std::string_view, 1> kOwn = {"itnxt_device_up"};
  table.reserve(kOwn);
  poller.send(table,
              {sample_of(poller, {{"itnxt_device_up", SeriesType::gauge, "Up.", {}, {{{}, 1.0}}},
                                  {"up", SeriesType::gauge, "Up.", {}, {{{}, 1.0}}},
                                  celsius({{{"in"}, 20.0}})})});
  EXPECT_EQ(shown(), "itnxt_sensor_celsius{device=\"r1\",sensor=\"in\"} 20\n");
  EXPECT_EQ(refused(), 2U);
  EXPECT_EQ(problems(table, poller),
            "itnxt_device_up: is one of the aggregator's own metrics; choose another name\n"
            "up: expected itnxt_ and words of a-z and 0-9 with one _ between them, at most 128 "
            "bytes\n");
}

TEST_F(SeriesOfATable, AProblemIsToldOnceInTenMinutes) {
  const auto spoil = [&] {
    poller.send(table, {sample_of(poller, {{"up", SeriesType::gauge, "U.", {}, {{{}, 1.0}}}})});
    return problems(table, poller);
  };
  EXPECT_NE(spoil(), "");
  poller.pass(9min);
  EXPECT_EQ(spoil(), "");
  poller.pass(1min);
  EXPECT_NE(spoil(), "");
}

TEST_F(SeriesOfATable, ARowBelongsToTheSourceThatToldItFirst) {
  poller.send(table, {sample_of(poller, {celsius({{{"in"}, 20.0}})}, "r1", "a")});
  poller.send(table, {sample_of(poller, {celsius({{{"in"}, 99.0}, {{"out"}, 30.0}})}, "r1", "b")});
  EXPECT_EQ(shown(),
            "itnxt_sensor_celsius{device=\"r1\",sensor=\"in\"} 20\n"
            "itnxt_sensor_celsius{device=\"r1\",sensor=\"out\"} 30\n");
  EXPECT_EQ(refused(), 1U);
  poller.send(table, {sample_of(poller, {celsius({})}, "r1", "a")});
  poller.send(table, {sample_of(poller, {celsius({{{"in"}, 99.0}})}, "r1", "b")});
  EXPECT_EQ(shown(), "itnxt_sensor_celsius{device=\"r1\",sensor=\"in\"} 99\n");
}

TEST_F(SeriesOfATable, ADeviceOutsideTheInventoryIsAStranger) {
  poller.send(table, {sample_of(poller, {celsius({{{"in"}, 20.0}})}, "nobody")});
  EXPECT_EQ(shown(), "");
  EXPECT_EQ(refused(), 1U);
  EXPECT_EQ(table.take_stranger()->device, "nobody");
}

TEST_F(SeriesOfATable, ADeviceThatLeavesTheInventoryTakesItsSeriesAlong) {
  const auto before = poller.look(table)->series;
  poller.send(table, {sample_of(poller, {celsius({{{"in"}, 20.0}})})});
  Config less = test::two_routers();
  less.inventory.links.clear();
  less.inventory.devices.erase(less.inventory.devices.begin());
  table.reconfigure(less);
  EXPECT_EQ(shown(), "");
  EXPECT_LT(poller.look(table)->series, before);
}

TEST_F(SeriesOfATable, AnInfoIsOne) {
  poller.send(table,
              {sample_of(poller, {{"itnxt_x_info", SeriesType::gauge, "X.", {}, {{{}, 7.0}}}})});
  EXPECT_EQ(shown(), "itnxt_x_info{device=\"r1\"} 1\n");
}

TEST_F(SeriesOfATable, ALateSampleOfTheSameProcessIsNotTaken) {
  const SeriesSample early = sample_of(poller, {celsius({{{"in"}, 20.0}})});
  poller.pass(60s);
  poller.send(table, {sample_of(poller, {celsius({{{"in"}, 30.0}})})});
  poller.send(table, {early});
  EXPECT_EQ(shown(), "itnxt_sensor_celsius{device=\"r1\",sensor=\"in\"} 30\n");
}

TEST(SeriesLimits, RowsBeyondTheLimitsAreRefusedCountedAndGivenBack) {
  Config config = test::two_routers();
  config.aggregator.limits = {1000, 200};
  Table table(config);
  Poller poller;
  poller.send(table, {sample_of(poller, {celsius({})})});
  const std::uint64_t without = poller.look(table)->series;
  std::vector<SeriesRow> rows;
  for (int i = 0; i < 500; ++i) rows.push_back({{"s" + std::to_string(i)}, 1.0});
  poller.send(table, {sample_of(poller, {celsius(rows)})});
  const auto full = poller.look(table);
  EXPECT_LE(full->series, 200U + without);
  EXPECT_GT(full->series_rejected, 300U);
  EXPECT_EQ(problems(table, poller),
            "itnxt_sensor_celsius: series are refused by aggregator.limits.series_per_node; raise "
            "it if there really are so many\n");
  poller.send(table, {sample_of(poller, {celsius({})})});
  EXPECT_EQ(poller.look(table)->series, without);
}

TEST(SeriesLimits, OneNodeDoesNotTakeAllFamilies) {
  Table table(test::two_routers());
  Poller poller;
  for (int batch = 0; batch < 3; ++batch) {
    std::vector<SeriesFamily> families;
    for (int i = 0; i < 200; ++i) {
      families.push_back({"itnxt_f" + std::to_string(batch) + "x" + std::to_string(i),
                          SeriesType::gauge,
                          "F.",
                          {},
                          {{{}, 1.0}}});
    }
    poller.send(table, {sample_of(poller, std::move(families))});
  }
  EXPECT_EQ(poller.look(table)->series_families->size(), 500U);
  EXPECT_EQ(poller.look(table)->samples_refused, 100U);
  EXPECT_EQ(problems(table, poller),
            "more than 500 families of one node, or 2000 of all; those that come after are "
            "refused\n");
  Poller other;
  other.node = NodeName("hal");
  other.send(table, {sample_of(other, {celsius({{{"in"}, 20.0}})}, "r2")});
  EXPECT_EQ(other.look(table)->series_families->size(), 501U);
}

// Whatever comes from whom: no line twice, what is admitted is what is shown, and all of it goes.
RC_GTEST_PROP(SeriesProperty, EachSeriesStandsOnceAndIsGivenBack, ()) {
  Config config = test::two_routers();
  config.aggregator.limits = {*rc::gen::inRange<std::uint64_t>(60, 400), 200};
  Table table(config);
  Poller poller;
  const auto before = poller.look(table)->series;
  const int steps = *rc::gen::inRange(1, 40);
  for (int step = 0; step < steps; ++step) {
    poller.pass(std::chrono::seconds(*rc::gen::inRange(0, 90)));
    std::vector<SeriesRow> rows;
    const int count = *rc::gen::inRange(0, 30);
    for (int i = 0; i < count; ++i) {
      rows.push_back({{std::to_string(*rc::gen::inRange(0, 40))}, 1.0});
    }
    SeriesFamily family = celsius(std::move(rows));
    if (*rc::gen::inRange(0, 4) == 0) family.help = "Another.";
    SeriesSample sample =
        sample_of(poller, {family}, *rc::gen::element("r1", "r2", ""), *rc::gen::element("a", "b"));
    sample.partial = *rc::gen::arbitrary<bool>();
    poller.send(table, {sample});
    if (*rc::gen::arbitrary<bool>()) table.tick(poller.now);
    const auto snapshot = poller.look(table);
    std::set<std::string> seen;
    std::size_t shown = 0;
    for (const auto& subject : snapshot->series_of) {
      for (const auto& block : subject->blocks) {
        for (const SeriesRowView& row : block->rows) {
          RC_ASSERT(seen.insert(row.labels).second);
          ++shown;
        }
      }
    }
    RC_ASSERT(snapshot->series == before + kSeriesOfCollector + shown);
  }
  poller.pass(1h);
  table.tick(poller.now);
  const auto after = poller.look(table);
  RC_ASSERT(after->series_of.empty());
  RC_ASSERT(after->series_families->empty());
  RC_ASSERT(after->series == before + kSeriesOfCollector);
}

}  // namespace
}  // namespace itnxt
