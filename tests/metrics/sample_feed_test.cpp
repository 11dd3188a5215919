#include "daemon/metrics/sample_feed.hpp"

#include <gmock/gmock.h>

#include <map>
#include <sstream>

#include "tests/metrics/feed_world.hpp"
#include "tests/metrics/sample_state.hpp"

namespace itnxt::test {
namespace {

const std::string kIn = "itnxt_interface_receive_bytes_total";
const std::string kR1 = "{device=\"r1\",interface=\"eth0\"}";

SeriesSample temperature(const FeedWorld& world, std::vector<std::pair<const char*, double>> rows) {
  SeriesSample sample;
  sample.device = DeviceName("r1");
  sample.source = "sensors";
  sample.at = source_time(world.poller.now);
  sample.interval = 60s;
  SeriesFamily family;
  family.name = "itnxt_sensor_celsius";
  family.help = "Temperature.";
  family.labels = {"sensor"};
  for (const auto& [sensor, value] : rows) family.rows.push_back({{sensor}, value});
  sample.families = {family};
  return sample;
}

SeriesSample round_trips(const FeedWorld& world, std::uint64_t count) {
  SeriesSample sample;
  sample.owner = SeriesOwner::capture;
  sample.at = source_time(world.poller.now);
  sample.interval = 60s;
  sample.families = {{"itnxt_rtt_seconds",
                      SeriesType::histogram,
                      "Round trips.",
                      {"side"},
                      {{{"lan"}, Histogram({1, 2, count}, 8)}},
                      {0.25, 1}}};
  return sample;
}

// The two ways out tell the same, in names, labels and values.
TEST(SampleFeed, TellsWhatMetricsShow) {
  FeedWorld world;
  for (int i = 0; i < 2; ++i) {
    const auto in = static_cast<std::uint64_t>(1000 * i);
    world.send({world.poller.poll("r1", {{1, "eth0", in, 7}, {2, "e\"th\\1", in, 9}}),
                world.poller.poll("r2", {{1, "eth0", 5, in}}),
                temperature(world, {{"a", 20.5}, {"b", 21}}), round_trips(world, 3)});
    world.poller.pass(60s);
  }
  std::map<std::string, double> told;
  for (const auto& one : world.told.all) {
    EXPECT_FALSE(one.is_marker());
    told[one.series] = one.value;
  }
  std::map<std::string, double> shown;
  std::istringstream lines(read_all(Exposition(world.poller.look(world.table), sample_board(), {},
                                               {}, MetricsFormat::text_0_0_4)));
  for (std::string line; std::getline(lines, line);) {
    const std::string_view text = line;
    if (text.starts_with("itnxt_interface") || text.starts_with("itnxt_device") ||
        text.starts_with("itnxt_link") || text.starts_with("itnxt_snmp_poll") ||
        text.starts_with("itnxt_snmp_last") || text.starts_with("itnxt_sensor") ||
        text.starts_with("itnxt_rtt")) {
      shown[line.substr(0, line.rfind(' '))] = std::stod(line.substr(line.rfind(' ')));
    }
  }
  EXPECT_GT(shown.size(), 70U);
  EXPECT_EQ(told, shown);
}

TEST(SampleFeed, TheTimeIsThatOfTheSampleByItsOwnClock) {
  FeedWorld world;
  DeviceSample sample = world.poller.poll("r1", {{1, "eth0", 5, 0}});
  sample.interfaces[0].at -= 1500ms;
  world.poller.pass(10s);  // the batch is closed so much later
  Batch batch = world.poller.batch({sample});
  batch.closed_wall += 1h;  // by a clock that is ahead of ours
  world.poller.pass(3s);
  world.apply(batch);
  EXPECT_EQ(world.told.take(kIn), kIn + kR1 + " 5@3598500\n");
  world.apply(batch);  // a duplicate
  EXPECT_EQ(world.told.take(""), "");
}

TEST(SampleFeed, OfACollectorWithoutWallClockItIsWhenItCame) {
  FeedWorld world;
  Batch batch = world.poller.batch({world.poller.poll("r1", {{1, "eth0", 5, 0}})});
  batch.closed_wall = WallTime{};
  world.poller.pass(3s);
  world.apply(batch);
  EXPECT_EQ(world.told.take(kIn), kIn + kR1 + " 5@3000\n");
}

// What a poll did not bring is not told again.
TEST(SampleFeed, EachSampleOnce) {
  FeedWorld world;
  world.send({world.poller.poll("r1", {{1, "eth0", 1, 0}, {2, "eth1", 1, 0}})});
  world.told.all.clear();
  world.poller.pass(60s);
  DeviceSample half = world.poller.poll("r1", {{1, "eth0", 2, 0}});
  half.complete = false;
  half.result = PollResult::partial;
  world.send({half});
  EXPECT_EQ(world.told.take(kIn), kIn + kR1 + " 2@60000\n");
  world.poller.pass(60s);
  world.send({world.poller.timeout("r1")});
  EXPECT_EQ(world.told.take("itnxt_device_up{"), "itnxt_device_up{device=\"r1\"} 0@120000\n");
}

TEST(SampleFeed, SeveralSamplesOfOneBatchAreAllTold) {
  FeedWorld world;
  const DeviceSample first = world.poller.poll("r1", {{1, "eth0", 1, 0}});
  world.poller.pass(60s);
  world.send({first, world.poller.poll("r1", {{1, "eth0", 2, 0}})});
  EXPECT_EQ(world.told.take(kIn), kIn + kR1 + " 1@0\n" + kIn + kR1 + " 2@60000\n");
}

TEST(SampleFeed, WhatGoesStaleEnds) {
  FeedWorld world;
  world.send({world.poller.poll("r1", {{1, "eth0", 1, 0}})});
  world.told.all.clear();
  world.poller.pass(200s);
  world.look();
  EXPECT_EQ(world.told.take(""), "");
  world.poller.pass(20s);
  world.look();
  EXPECT_EQ(world.told.take(kIn), kIn + kR1 + " stale@220000\n");
  world.look();
  EXPECT_EQ(world.told.take(""), "");
}

// Behind its marker a sample may be refused by a store: it must not travel with others.
TEST(SampleFeed, WhatComesBehindItsMarkerIsLate) {
  FeedWorld world;
  world.send({world.poller.poll("r1", {{1, "eth0", 1, 0}})});
  world.poller.pass(60s);
  Batch delayed = world.poller.batch({world.poller.poll("r1", {{1, "eth0", 2, 0}})});
  world.poller.pass(160s);
  world.look();
  world.told.all.clear();
  world.apply(delayed);
  EXPECT_EQ(world.told.take(kIn), kIn + kR1 + " 2@60000 late\n");
  world.poller.pass(1s);
  world.send({world.poller.poll("r1", {{1, "eth0", 3, 0}})});
  EXPECT_EQ(world.told.take(kIn), kIn + kR1 + " 3@221000\n");
}

TEST(SampleFeed, ALabelThatChangesEndsTheSeriesBefore) {
  FeedWorld world;
  world.send({world.poller.poll("r1", {{1, "eth0", 1, 0, OperStatus::up, "", "old"}})});
  world.told.all.clear();
  world.poller.pass(60s);
  world.send({world.poller.poll("r1", {{1, "eth0", 1, 0, OperStatus::up, "", "new"}})});
  const auto info = [](const char* alias) {
    return std::string("itnxt_interface_info{device=\"r1\",interface=\"eth0\",alias=\"") + alias +
           "\",site=\"magdeburg\",link=\"md-hal\"} ";
  };
  EXPECT_EQ(world.told.take("itnxt_interface_info"),
            info("old") + "stale@60000\n" + info("new") + "1@60000\n");
}

TEST(SampleFeed, APortThatIsGoneEnds) {
  FeedWorld world;
  world.send({world.poller.poll("r1", {{1, "eth0", 1, 0}, {2, "eth1", 2, 0}})});
  world.told.all.clear();
  world.poller.pass(60s);
  world.send({world.poller.poll("r1", {{2, "eth1", 3, 0}})});
  EXPECT_EQ(world.told.take(kIn),
            kIn + "{device=\"r1\",interface=\"eth1\"} 3@60000\n" + kIn + kR1 + " stale@60000\n");
}

TEST(SampleFeed, ADeviceThatIsNoLongerConfiguredEnds) {
  FeedWorld world;
  world.send({world.poller.poll("r2", {{1, "eth0", 1, 0}}), temperature(world, {{"a", 1}})});
  world.told.all.clear();
  Config config = two_routers();
  config.inventory.devices.clear();
  config.inventory.links.clear();
  world.table.reconfigure(config);
  world.poller.pass(1s);
  world.look();
  std::set<std::string> ended;
  for (const auto& one : world.told.all) {
    EXPECT_TRUE(one.is_marker());
    ended.insert(one.series.substr(0, one.series.find('{')));
  }
  EXPECT_TRUE(ended.contains("itnxt_device_up"));
  EXPECT_TRUE(ended.contains(kIn));
  EXPECT_TRUE(ended.contains("itnxt_link_info"));
  EXPECT_TRUE(ended.contains("itnxt_sensor_celsius"));
}

TEST(SampleFeed, ALinkIsToldAtItsEndsTimesAndEndsWithThem) {
  FeedWorld world;
  world.send({world.poller.poll("r1", {{1, "eth0", 0, 0}})});
  world.poller.pass(100ms);
  world.send({world.poller.poll("r2", {{1, "eth0", 0, 0}})});
  const std::string up = "itnxt_link_up{link=\"md-hal\"} ";
  EXPECT_EQ(world.told.take("itnxt_link_up"), up + "1@100\n");
  world.poller.pass(60s);
  DeviceSample down = world.poller.poll("r1", {{1, "eth0", 0, 0}});
  down.interfaces[0].oper = OperStatus::down;
  world.send({down});
  EXPECT_EQ(world.told.take("itnxt_link_up"), up + "0@60100\n");
  world.poller.pass(60s);
  world.send({world.poller.timeout("r1")});
  EXPECT_EQ(world.told.take("itnxt_link_up"), up + "stale@120100\n");
}

TEST(SampleFeed, RowsOfCollectorsEndWhenTheyAreNoLongerTold) {
  FeedWorld world;
  world.send({temperature(world, {{"a", 20}, {"b", 21}})});
  world.poller.pass(60s);
  world.told.all.clear();
  world.send({temperature(world, {{"b", 22}})});
  const std::string name = "itnxt_sensor_celsius{device=\"r1\",sensor=";
  EXPECT_EQ(world.told.take(""), name + "\"a\"} stale@60000\n" + name + "\"b\"} 22@60000\n");
  world.poller.pass(600s);
  world.look();
  EXPECT_EQ(world.told.take("itnxt_sensor"), name + "\"b\"} stale@660000\n");
}

TEST(SampleFeed, EachLineOfAHistogramIsToldAndEnds) {
  FeedWorld world;
  world.send({round_trips(world, 4)});
  EXPECT_EQ(world.told.take("itnxt_rtt"),
            "itnxt_rtt_seconds_bucket{capture=\"snmp\",side=\"lan\",le=\"0.25\"} 1@0\n"
            "itnxt_rtt_seconds_bucket{capture=\"snmp\",side=\"lan\",le=\"1.0\"} 2@0\n"
            "itnxt_rtt_seconds_bucket{capture=\"snmp\",side=\"lan\",le=\"+Inf\"} 4@0\n"
            "itnxt_rtt_seconds_sum{capture=\"snmp\",side=\"lan\"} 8@0\n"
            "itnxt_rtt_seconds_count{capture=\"snmp\",side=\"lan\"} 4@0\n");
  world.poller.pass(60s);
  SeriesSample gone = round_trips(world, 4);
  gone.families[0].rows.clear();
  world.send({gone});
  EXPECT_EQ(world.told.take("itnxt_rtt"),
            "itnxt_rtt_seconds_bucket{capture=\"snmp\",side=\"lan\",le=\"0.25\"} stale@1\n"
            "itnxt_rtt_seconds_bucket{capture=\"snmp\",side=\"lan\",le=\"1.0\"} stale@1\n"
            "itnxt_rtt_seconds_bucket{capture=\"snmp\",side=\"lan\",le=\"+Inf\"} stale@1\n"
            "itnxt_rtt_seconds_sum{capture=\"snmp\",side=\"lan\"} stale@1\n"
            "itnxt_rtt_seconds_count{capture=\"snmp\",side=\"lan\"} stale@1\n");
}

TEST(SampleFeed, WhatAClockThatWasSetBackStampsIsLate) {
  FeedWorld world;
  world.send({world.poller.poll("r1", {{1, "eth0", 1, 0}})});
  world.told.all.clear();
  const auto poll_with_clock = [&](Duration behind, std::uint64_t in) {
    world.poller.pass(60s);
    Batch batch = world.poller.batch({world.poller.poll("r1", {{1, "eth0", in, 0}})});
    batch.closed_wall -= behind;
    world.apply(batch);
    return world.told.take(kIn);
  };
  EXPECT_EQ(poll_with_clock(90s, 2), kIn + kR1 + " 2@-30000 late\n");
  EXPECT_EQ(poll_with_clock(90s, 3), kIn + kR1 + " 3@30000\n");
  EXPECT_EQ(poll_with_clock(600s, 4), kIn + kR1 + " 4@-420000 late\n");
  EXPECT_EQ(poll_with_clock(600s, 5), kIn + kR1 + " 5@-360000 late\n");
  EXPECT_EQ(poll_with_clock(0s, 6), kIn + kR1 + " 6@300000\n");
}

// The aggregator's own tallies are not what they were then, and what ended is told already.
TEST(SampleFeed, OfThePastWithoutTalliesAndMarkers) {
  Table table(two_routers());
  FedSamples told;
  SampleFeed feed(SampleFeed::Of::past, told);
  struct To final : Taken {
    To(SampleFeed& f, Table& t) : feed(f), table(t) {}
    void took(const Sample& sample, const SampleSource& source) override {
      feed.took(sample, source, table);
    }
    SampleFeed& feed;
    Table& table;
  } to(feed, table);
  Poller poller;
  table.replay(poller.batch({poller.poll("r1", {{1, "eth0", 0, 0}, {2, "eth1", 2, 0}}),
                             poller.poll("r2", {{1, "eth0", 0, 0}})}),
               to);
  poller.pass(60s);
  poller.epoch = 9;  // another process, and its numbers in any order: each comes once
  poller.sequence = 0;
  table.replay(poller.batch({poller.poll("r1", {{1, "eth0", 60'000'000, 0}})}), to);
  poller.pass(60s);
  table.replay(poller.batch({poller.poll("r1", {{1, "eth0", 510'000'000, 0}})}), to);
  for (const auto& one : told.all) {
    EXPECT_FALSE(one.is_marker()) << one.series;
    for (const char* tally : {"itnxt_interface_gaps", "itnxt_snmp_polls_total",
                              "itnxt_device_interface_changes", "itnxt_snmp_last_success"}) {
      EXPECT_FALSE(one.series.starts_with(tally)) << one.series;
    }
  }
  auto rates = told;
  EXPECT_EQ(told.take(kIn + kR1), kIn + kR1 + " 0@0\n" + kIn + kR1 + " 60000000@60000\n" + kIn +
                                      kR1 + " 510000000@120000\n");
  EXPECT_THAT(rates.take("itnxt_link_utilization_ratio{link=\"md-hal\",direction=\"b_to_a\"}"),
              ::testing::HasSubstr("0@120000\n"));
}

// It may have been told before a kill of the aggregator, with other tallies at the same time: a
// store would refuse it with all that it came with.
TEST(SampleFeed, TheFirstOfADeviceComesWithoutTallies) {
  constexpr const char* kPolls = "itnxt_snmp_polls_total{device=\"r1\",result=\"ok\"}";
  FeedWorld world;
  world.send({world.poller.poll("r1", {{1, "eth0", 5, 0}})});
  auto first = world.told;
  EXPECT_EQ(first.take(kIn + kR1), kIn + kR1 + " 5@0\n");
  EXPECT_EQ(world.told.take(kPolls), "");
  world.poller.pass(60s);
  world.send({world.poller.poll("r1", {{1, "eth0", 6, 0}})});
  EXPECT_EQ(world.told.take(kPolls), std::string(kPolls) + " 2@60000\n");
}

}  // namespace
}  // namespace itnxt::test
