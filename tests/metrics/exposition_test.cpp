#include "daemon/metrics/exposition.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "daemon/state/admission.hpp"
#include "tests/metrics/sample_state.hpp"
#include "tests/support/promtool.hpp"

namespace itnxt {
namespace {

std::string file(const std::string& name) {
  std::ifstream in(std::string(ITNXT_SOURCE_DIR) + "/tests/metrics/" + name);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Exposition sample(MetricsFormat format) {
  return Exposition(
      test::sample_snapshot(), test::sample_board(), {"0.1.0", "abc"},
      {{"process_open_fds", MetricType::gauge, "File \"descriptors\"\nin use.", {{{}, 12}}},
       {"itnxt_http_requests_total",
        MetricType::counter,
        "Requests.",
        {{{{"path", "/metrics"}, {"code", "200"}}, 3}}},
       {"itnxt_empty", MetricType::gauge, "Nothing.", {}}},
      format);
}

// aggregator.expose: {series: false}.
TEST(Exposition, WithoutTheBulkTheRestIsAsItWas) {
  const std::string whole =
      test::read_all(Exposition(test::sample_snapshot(), test::sample_board(), {"1", "r"}, {}, {}));
  const std::string rest = test::read_all(
      Exposition(test::sample_snapshot(), test::sample_board(), {"1", "r"}, {}, {}, false));
  std::istringstream lines(whole);
  std::string expected;
  for (std::string line; std::getline(lines, line);) {
    bool is_bulk = false;
    for (const char* bulk : {"interface_", "device_", "link_", "snmp_poll", "snmp_last_success"}) {
      is_bulk = is_bulk || line.starts_with("itnxt_" + std::string(bulk)) ||
                line.find(" itnxt_" + std::string(bulk)) != std::string::npos;
    }
    if (!is_bulk) expected += line + '\n';
  }
  EXPECT_EQ(rest, expected);
  EXPECT_LT(rest.size(), whole.size());
}

TEST(Exposition, TextFormatIsAsWritten) {
  EXPECT_EQ(test::read_all(sample(MetricsFormat::text_0_0_4)), file("golden_0.0.4.txt"));
}

TEST(Exposition, OpenMetricsIsAsWritten) {
  EXPECT_EQ(test::read_all(sample(MetricsFormat::open_metrics_1_0)),
            file("golden_openmetrics.txt"));
}

TEST(Exposition, PiecesOfAnySizeAreTheSameText) {
  const std::string whole = test::read_all(sample(MetricsFormat::open_metrics_1_0));
  for (const std::size_t step : {1U, 7U, 4096U}) {
    EXPECT_EQ(test::read_all(sample(MetricsFormat::open_metrics_1_0), step), whole);
  }
}

TEST(Exposition, GoesOnWherePiecesEnd) {
  const auto snapshot = test::sample_snapshot();
  auto device = std::make_shared<DeviceView>(*snapshot->devices[0]);
  device->interfaces.clear();
  for (int i = 0; i < 3000; ++i) {
    device->interfaces.push_back(test::full_interface("r1", ("eth" + std::to_string(i)).c_str()));
  }
  snapshot->devices = {device, snapshot->devices[1], std::make_shared<DeviceView>(*device)};
  const std::string text = test::read_all(
      Exposition(snapshot, test::sample_board(), {}, {}, MetricsFormat::text_0_0_4), 1000);
  std::istringstream lines(text);
  std::uint64_t samples = 0;
  for (std::string line; std::getline(lines, line);) samples += line.starts_with('#') ? 0U : 1U;
  constexpr std::uint64_t kSilentDevice = 13;
  constexpr std::uint64_t kAggregator = 15;
  constexpr std::uint64_t kSites = 2;
  EXPECT_EQ(samples, 6000 * kSeriesOfInterface + 2 * kSeriesOfDevice + kSilentDevice +
                         kSeriesOfLink + kSeriesOfCapture + kSeriesOfCollector +
                         kSeriesOfSnmpTotals + kSites * kSeriesOfSite + kAggregator);
}

// Nothing known, no rules, no channels: still valid, and what is always known is there.
TEST(Exposition, AnEmptyStateIsValid) {
  EXPECT_EQ(test::read_all(Exposition(std::make_shared<Snapshot>(), std::make_shared<Board>(),
                                      {"0.1.0", "abc"}, {}, MetricsFormat::open_metrics_1_0)),
            R"(# HELP itnxt_crisis_state 0 normal, 1 watch, 2 crisis, 3 recovery.
# TYPE itnxt_crisis_state gauge
itnxt_crisis_state 0
# HELP itnxt_series Series that count against aggregator.limits.
# TYPE itnxt_series gauge
itnxt_series 0
# HELP itnxt_series_rejected Series refused by aggregator.limits, counted each time they came.
# TYPE itnxt_series_rejected counter
itnxt_series_rejected_total 0
# HELP itnxt_samples_refused Samples refused: of a device that the inventory does not name or that another collector polls, of a capture whose name another node has, or of a collector that is one too many; families of collectors' own metrics that break a rule; and events of such a device.
# TYPE itnxt_samples_refused counter
itnxt_samples_refused_total 0
# HELP itnxt_state_writable 1 if the state directory can be written.
# TYPE itnxt_state_writable gauge
itnxt_state_writable 1
# HELP itnxt_build What runs; always 1.
# TYPE itnxt_build info
itnxt_build_info{version="0.1.0",revision="abc"} 1
# EOF
)");
}

// What is stale or not told is absent, never zero.
TEST(Exposition, UnknownIsAbsent) {
  const auto snapshot = std::make_shared<Snapshot>();
  auto device = std::make_shared<DeviceView>();
  device->name = DeviceName("r1");
  InterfaceView bare;
  bare.identity = make_identity(device->name, "eth0");
  device->interfaces = {bare};
  snapshot->devices = {device};
  LinkView link;
  link.name = LinkName("l");
  snapshot->links = {link};
  const std::string text = test::read_all(Exposition(
      snapshot, std::make_shared<Board>(), {"0.1.0", "abc"}, {}, MetricsFormat::text_0_0_4));
  for (const char* absent :
       {"itnxt_device_up", "itnxt_device_uptime_seconds", "itnxt_interface_up",
        "itnxt_interface_receive_bytes_total", "itnxt_interface_speed_bytes", "itnxt_link_up",
        "itnxt_link_utilization_ratio", "itnxt_link_capacity_bytes", "itnxt_alerts",
        "itnxt_snmp_last_success_timestamp_seconds", "itnxt_snmp_poll_seconds"}) {
    EXPECT_EQ(text.find(absent), std::string::npos) << absent;
  }
  EXPECT_NE(text.find("itnxt_link_info{link=\"l\",class=\"access\",site_a=\"\",site_b=\"\"} 1\n"),
            std::string::npos);
  EXPECT_NE(text.find("itnxt_snmp_polls_total{device=\"r1\",result=\"ok\"} 0\n"),
            std::string::npos);
}

// Nobody polled it by SNMP: nothing may say that somebody did.
TEST(Exposition, ADeviceThatTellsOfItselfHasNoFiguresOfSnmp) {
  auto snapshot = test::sample_snapshot();
  auto own = std::make_shared<DeviceView>(*snapshot->devices[0]);
  own->own = true;
  snapshot->devices[0] = own;
  const std::string text = test::read_all(Exposition(
      snapshot, std::make_shared<Board>(), {"0.1.0", "abc"}, {}, MetricsFormat::text_0_0_4));
  for (const char* absent : {"itnxt_snmp_polls_total{device=\"r1\"", "itnxt_snmp_poll_seconds{",
                             "itnxt_snmp_last_success_timestamp_seconds{"}) {
    EXPECT_EQ(text.find(absent), std::string::npos) << absent;
  }
  EXPECT_NE(text.find("itnxt_snmp_polls_total{device=\"r2\""), std::string::npos);
  EXPECT_NE(text.find("itnxt_device_up{device=\"r1\"} 1\n"), std::string::npos);
}

TEST(Exposition, ASubjectExposesAsManySeriesAsItWasAdmittedWith) {
  const std::string text = test::read_all(sample(MetricsFormat::text_0_0_4));
  const auto lines = [&](std::string_view start, std::string_view within) {
    std::istringstream in(text);
    std::uint64_t count = 0;
    for (std::string line; std::getline(in, line);) {
      count += line.starts_with(start) && line.find(within) != std::string::npos ? 1U : 0U;
    }
    return count;
  };
  EXPECT_EQ(lines("itnxt_interface_", "{"), kSeriesOfInterface);
  EXPECT_EQ(lines("itnxt_device_", "{device=\"r1\"") + lines("itnxt_snmp_", "{device=\"r1\""),
            kSeriesOfDevice);
  EXPECT_EQ(lines("itnxt_link_", "{"), kSeriesOfLink);
  EXPECT_EQ(lines("itnxt_site_", "{site=\"stendal\""), kSeriesOfSite);
  EXPECT_EQ(lines("itnxt_capture_", "{"), kSeriesOfCapture);
  EXPECT_EQ(lines("itnxt_collector_", "{"), kSeriesOfCollector);
  EXPECT_EQ(lines("itnxt_snmp_", "{node"), kSeriesOfSnmpTotals);
}

TEST(Catalogue, NamesAreUniqueAndByTheConventions) {
  std::set<std::string_view> names;
  for (const MetricInfo& metric : catalogue()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_EQ(metric.name.ends_with("_total"), metric.type == MetricType::counter) << metric.name;
    EXPECT_EQ(metric.name.ends_with("_info"), metric.type == MetricType::info) << metric.name;
    EXPECT_FALSE(metric.help.empty());
    EXPECT_EQ(metric.subject == MetricSubject::process,
              &metric >= &info(Metric::process_cpu_seconds))
        << metric.name;
    EXPECT_EQ(metric.help.find_first_of("\n\\\""), std::string_view::npos) << metric.name;
  }
  EXPECT_EQ(info(Metric::interface_gaps).name, "itnxt_interface_gaps_total");
  EXPECT_EQ(info(Metric::snmp_last_success).name, "itnxt_snmp_last_success_timestamp_seconds");
  EXPECT_EQ(info(Metric::link_info).name, "itnxt_link_info");
  EXPECT_EQ(info(Metric::alerts).name, "itnxt_alerts");
  EXPECT_EQ(info(Metric::build_info).name, "itnxt_build_info");
  EXPECT_EQ(info(Metric::process_cpu_seconds).name, "process_cpu_seconds_total");
  EXPECT_EQ(info(Metric::http_requests).name, "itnxt_http_requests_total");
}

// Each line of the exposition has the labels that the catalogue names.
TEST(Catalogue, LabelsAreThoseOfTheExposition) {
  std::istringstream text(test::read_all(sample(MetricsFormat::text_0_0_4)));
  std::set<std::string> seen;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with('#')) continue;
    const std::string name = line.substr(0, line.find_first_of("{ "));
    const auto metric = std::find_if(catalogue().begin(), catalogue().end(),
                                     [&](const MetricInfo& m) { return m.name == name; });
    ASSERT_NE(metric, catalogue().end()) << name;
    std::string labels;
    bool quoted = false;
    for (std::size_t i = name.size(); i < line.size() && (quoted || line[i] != ' '); ++i) {
      if (quoted && line[i] == '\\') {
        ++i;
      } else if (line[i] == '"') {
        quoted = !quoted;
      } else if (!quoted && line[i] != '{' && line[i] != '}' && line[i] != '=') {
        labels += line[i] == ',' ? ' ' : line[i];
      }
    }
    EXPECT_EQ(labels, metric->labels) << name;
    seen.insert(name);
  }
  // Every one of the state's; the process's own are collected elsewhere.
  EXPECT_GE(seen.size(), static_cast<std::size_t>(Metric::process_cpu_seconds));
}

TEST(Exposition, PromtoolHasNothingToSay) {
  if (!test::has_promtool()) {
    GTEST_SKIP() << "promtool (Debian package prometheus) is not installed";
  }
  EXPECT_EQ(test::promtool_says(test::read_all(sample(MetricsFormat::text_0_0_4))), "");
}

}  // namespace
}  // namespace itnxt
