// Recordings of real devices: every shipped profile that matches gives series that make sense.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "daemon/metrics/exposition.hpp"
#include "daemon/state/table.hpp"
#include "tests/collectors/snmp/profile_agent.hpp"
#include "tests/support/promtool.hpp"
#include "tests/support/recorded_devices.hpp"

namespace itnxt::snmp {
namespace {

using itnxt::test::Recording;

struct Polled {
  DeviceSample poll;
  std::vector<SeriesSample> samples;
};

// Both polls, by replies of at most `most` varbinds.
Polled poll(const Recording& recording, std::size_t most) {
  DeviceMemory memory;
  Polled polled;
  polled.poll = test::drive(memory, test::serve(recording, most)).sample;
  ProfilePolls polls(test::shipped(), 60s);
  auto driven = test::drive(polls, polled.poll, test::serve(recording, most));
  EXPECT_EQ(driven.problem, "");
  EXPECT_LE(driven.largest, 1024U);
  polled.samples = std::move(driven.samples);
  return polled;
}

std::map<std::string, std::size_t> rows_by_profile(const std::vector<SeriesSample>& samples) {
  std::map<std::string, std::size_t> rows;
  for (const SeriesSample& sample : samples) {
    EXPECT_FALSE(sample.partial) << sample.source;
    rows[sample.source];
    for (const SeriesFamily& family : sample.families) {
      EXPECT_EQ(family_objection(family), std::nullopt);
      rows[sample.source] += family.rows.size();
    }
  }
  return rows;
}

class ProfilesOfRecordings : public ::testing::Test {
 protected:
  void SetUp() override {
    if (itnxt::test::recorded_devices().empty()) {
      GTEST_SKIP() << itnxt::test::recordings_folder() << " holds no recordings to serve";
    }
  }
  static std::map<std::string, Recording> all() {
    std::map<std::string, Recording> found;
    for (const auto& [name, file] : itnxt::test::recorded_devices()) {
      found.emplace(name, Recording::load(file));
    }
    return found;
  }
};

TEST_F(ProfilesOfRecordings, EachThatMatchesGivesTheSameSeriesHoweverTheyAreAsked) {
  std::map<std::string, std::size_t> devices;
  std::map<std::string, std::size_t> series;
  for (const auto& [name, recording] : all()) {
    SCOPED_TRACE(name);
    const Polled polled = poll(recording, 100);
    for (const std::size_t most : {30U, 7U, 1U}) {
      EXPECT_EQ(test::lines(poll(recording, most).samples), test::lines(polled.samples));
    }
    for (const auto& [profile, rows] : rows_by_profile(polled.samples)) {
      EXPECT_GT(rows, 0U) << profile;
      ++devices[profile];
      series[profile] += rows;
      std::printf("%-28s %-20s %zu series\n", name.c_str(), profile.c_str(), rows);
    }
  }
  for (const auto& [profile, count] : devices) {
    std::printf("%-20s %zu devices, %zu series\n", profile.c_str(), count, series[profile]);
  }
  for (const char* profile : {"etherlike", "entity_sensor", "ospf", "lldp"}) {
    EXPECT_GE(devices[profile], 1U) << profile;
  }
}

// All devices in one aggregator: nothing is refused, promtool has nothing to say.
TEST_F(ProfilesOfRecordings, TheWholeFleetIsExposed) {
  Config config;
  config.node = NodeName("center");
  std::vector<Sample> samples;
  for (const auto& [name, recording] : all()) {
    Device device;
    device.name = DeviceName(name);
    config.inventory.devices.push_back(device);
    for (SeriesSample& sample : poll(recording, 100).samples) {
      sample.device = device.name;
      samples.emplace_back(std::move(sample));
    }
  }
  Table table(config);
  std::vector<std::string_view> own;
  for (const MetricInfo& metric : catalogue()) own.push_back(metric.name);
  table.reserve(own);
  Batch batch;
  batch.node = config.node;
  batch.collector = CollectorName("snmp");
  batch.sequence = 1;
  batch.interval = 60s;
  batch.samples = std::move(samples);
  table.apply(batch, Instant(1h), WallTime(1h));
  for (const SeriesRefused& one : table.take_series_refused(Instant(1h))) {
    ADD_FAILURE() << one.device << ": " << one.problem;
  }
  const auto snapshot = table.snapshot(Instant(1h), WallTime(1h));
  EXPECT_EQ(snapshot->samples_refused, 0U);
  EXPECT_GT(snapshot->series_families->size(), 20U);
  Exposition exposition(snapshot, std::make_shared<Board>(), {"1", "r"}, {},
                        MetricsFormat::text_0_0_4);
  std::string text;
  std::array<char, 65536> buffer;
  while (const std::size_t n = exposition.read(buffer.data(), buffer.size())) {
    text.append(buffer.data(), n);
  }
  if (!itnxt::test::has_promtool()) GTEST_SKIP() << "promtool is not installed";
  EXPECT_EQ(itnxt::test::promtool_says(text), "");
}

TEST_F(ProfilesOfRecordings, SensorsOfAnAristaAreInTheirUnits) {
  const auto recorded = all();
  const auto arista = recorded.find("arista-dcs-7150s-52-cl");
  if (arista == recorded.end()) GTEST_SKIP() << "that recording is not there";
  const std::string text = test::lines(poll(arista->second, 100).samples, "entity_sensor");
  // entPhySensorTable 100305201 … 100305213: 22.9 degrees, 3.30 V, 5.09 mA, 0.6015 and 0.4025 mW.
  for (const char* expected : {"} 22.9\n", "} 3.3\n", "} 0.00509\n", "} 0.0006015\n",
                               "} -2.20764\n", "} 0.0004025\n", "} -3.95234\n"}) {
    EXPECT_NE(text.find(expected), std::string::npos) << expected << text;
  }
}

}  // namespace
}  // namespace itnxt::snmp
