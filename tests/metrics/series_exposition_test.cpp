// Metrics that collectors bring along, as text.
#include <gtest/gtest.h>

#include "tests/metrics/sample_state.hpp"
#include "tests/support/promtool.hpp"

namespace itnxt {
namespace {

std::shared_ptr<Snapshot> with_series(std::size_t rows = 1) {
  auto snapshot = std::make_shared<Snapshot>();
  auto families = std::make_shared<std::vector<SeriesFamilyView>>();
  *families = {{3, "itnxt_bgp_resets_total", SeriesType::counter, "Sessions \\ lost.", false},
               {7, "itnxt_lldp_info", SeriesType::gauge, "Who.", true},
               {2, "itnxt_sensor_celsius", SeriesType::gauge, "Temperature.", false}};
  snapshot->series_families = families;
  for (const char* device : {"r1", "r2"}) {
    const std::string first = "{device=\"" + std::string(device) + "\",n=\"";
    const auto block = [&](std::uint32_t family, SeriesValue value) {
      SeriesBlockView view{family, {}};
      for (std::size_t i = 0; i < rows; ++i) {
        view.rows.push_back({first + std::to_string(i) + "\"}", value});
      }
      return std::make_shared<const SeriesBlockView>(std::move(view));
    };
    auto subject = std::make_shared<SubjectSeriesView>();
    subject->blocks = {block(2, -22.5), block(3, (std::uint64_t{1} << 53U) + 7), block(7, 1.0)};
    snapshot->series_of.push_back(subject);
  }
  return snapshot;
}

std::string text_of(const std::shared_ptr<const Snapshot>& snapshot, MetricsFormat format,
                    std::size_t step = 4096) {
  const std::string whole =
      test::read_all(Exposition(snapshot, std::make_shared<Board>(), {"1", "r"}, {}, format), step);
  const std::size_t at = whole.find("# HELP itnxt_bgp");
  return at == std::string::npos ? "" : whole.substr(at);
}

TEST(SeriesExposition, Text004) {
  EXPECT_EQ(text_of(with_series(), MetricsFormat::text_0_0_4),
            "# HELP itnxt_bgp_resets_total Sessions \\\\ lost.\n"
            "# TYPE itnxt_bgp_resets_total counter\n"
            "itnxt_bgp_resets_total{device=\"r1\",n=\"0\"} 7\n"
            "itnxt_bgp_resets_total{device=\"r2\",n=\"0\"} 7\n"
            "# HELP itnxt_lldp_info Who.\n"
            "# TYPE itnxt_lldp_info gauge\n"
            "itnxt_lldp_info{device=\"r1\",n=\"0\"} 1\n"
            "itnxt_lldp_info{device=\"r2\",n=\"0\"} 1\n"
            "# HELP itnxt_sensor_celsius Temperature.\n"
            "# TYPE itnxt_sensor_celsius gauge\n"
            "itnxt_sensor_celsius{device=\"r1\",n=\"0\"} -22.5\n"
            "itnxt_sensor_celsius{device=\"r2\",n=\"0\"} -22.5\n");
}

TEST(SeriesExposition, OpenMetrics) {
  EXPECT_EQ(text_of(with_series(), MetricsFormat::open_metrics_1_0),
            "# HELP itnxt_bgp_resets Sessions \\\\ lost.\n"
            "# TYPE itnxt_bgp_resets counter\n"
            "itnxt_bgp_resets_total{device=\"r1\",n=\"0\"} 7\n"
            "itnxt_bgp_resets_total{device=\"r2\",n=\"0\"} 7\n"
            "# HELP itnxt_lldp Who.\n"
            "# TYPE itnxt_lldp info\n"
            "itnxt_lldp_info{device=\"r1\",n=\"0\"} 1\n"
            "itnxt_lldp_info{device=\"r2\",n=\"0\"} 1\n"
            "# HELP itnxt_sensor_celsius Temperature.\n"
            "# TYPE itnxt_sensor_celsius gauge\n"
            "# UNIT itnxt_sensor_celsius celsius\n"
            "itnxt_sensor_celsius{device=\"r1\",n=\"0\"} -22.5\n"
            "itnxt_sensor_celsius{device=\"r2\",n=\"0\"} -22.5\n"
            "# EOF\n");
}

std::shared_ptr<Snapshot> with_summary() {
  auto snapshot = std::make_shared<Snapshot>();
  auto families = std::make_shared<std::vector<SeriesFamilyView>>();
  *families = {{1, "itnxt_bgp_rtt_seconds", SeriesType::summary, "Round trips.", false}};
  snapshot->series_families = families;
  SeriesBlockView view{1, {}};
  view.rows.push_back({"{probe=\"mesh\",quantile=\"0.5\"}", 0.25});
  view.rows.push_back({"{probe=\"mesh\",quantile=\"0.99\"}", 0.5});
  auto subject = std::make_shared<SubjectSeriesView>();
  subject->blocks = {std::make_shared<const SeriesBlockView>(std::move(view))};
  snapshot->series_of.push_back(subject);
  return snapshot;
}

TEST(SeriesExposition, QuantilesAreASummary) {
  const std::string text =
      "# HELP itnxt_bgp_rtt_seconds Round trips.\n"
      "# TYPE itnxt_bgp_rtt_seconds summary\n"
      "itnxt_bgp_rtt_seconds{probe=\"mesh\",quantile=\"0.5\"} 0.25\n"
      "itnxt_bgp_rtt_seconds{probe=\"mesh\",quantile=\"0.99\"} 0.5\n";
  EXPECT_EQ(text_of(with_summary(), MetricsFormat::text_0_0_4), text);
  EXPECT_NE(
      text_of(with_summary(), MetricsFormat::open_metrics_1_0)
          .find("# TYPE itnxt_bgp_rtt_seconds summary\n# UNIT itnxt_bgp_rtt_seconds seconds\n"),
      std::string::npos);
  if (test::has_promtool()) {
    EXPECT_EQ(test::promtool_says(text), "");
  }
}

TEST(SeriesExposition, AHistogramIsItsBucketsItsSumAndItsCount) {
  auto snapshot = std::make_shared<Snapshot>();
  auto families = std::make_shared<std::vector<SeriesFamilyView>>();
  *families = {
      {1, "itnxt_bgp_rtt_seconds", SeriesType::histogram, "Round trips.", false, {"0.005", "1.0"}}};
  snapshot->series_families = families;
  SeriesBlockView view{1, {}};
  view.rows.push_back(
      {"{capture=\"tap\",side=\"lan\"}", Histogram({2, 3, (std::uint64_t{1} << 53U) + 4}, 7.5)});
  auto subject = std::make_shared<SubjectSeriesView>();
  subject->blocks = {std::make_shared<const SeriesBlockView>(std::move(view))};
  snapshot->series_of.push_back(subject);
  const std::string lines =
      "itnxt_bgp_rtt_seconds_bucket{capture=\"tap\",side=\"lan\",le=\"0.005\"} 2\n"
      "itnxt_bgp_rtt_seconds_bucket{capture=\"tap\",side=\"lan\",le=\"1.0\"} 3\n"
      "itnxt_bgp_rtt_seconds_bucket{capture=\"tap\",side=\"lan\",le=\"+Inf\"} 4\n"
      "itnxt_bgp_rtt_seconds_sum{capture=\"tap\",side=\"lan\"} 7.5\n"
      "itnxt_bgp_rtt_seconds_count{capture=\"tap\",side=\"lan\"} 4\n";
  const std::string head =
      "# HELP itnxt_bgp_rtt_seconds Round trips.\n"
      "# TYPE itnxt_bgp_rtt_seconds histogram\n";
  EXPECT_EQ(text_of(snapshot, MetricsFormat::text_0_0_4), head + lines);
  EXPECT_EQ(text_of(snapshot, MetricsFormat::open_metrics_1_0),
            head + "# UNIT itnxt_bgp_rtt_seconds seconds\n" + lines + "# EOF\n");
  if (test::has_promtool()) {
    EXPECT_EQ(test::promtool_says(head + lines), "");
  }
}

TEST(SeriesExposition, ManyPiecesMakeTheSameText) {
  const auto big = with_series(2000);  // several pieces a family
  const std::string whole = text_of(big, MetricsFormat::text_0_0_4);
  std::size_t heads = 0;
  for (std::size_t at = 0; (at = whole.find("# HELP", at)) != std::string::npos; ++at) ++heads;
  EXPECT_EQ(heads, 3U);
  EXPECT_EQ(static_cast<std::size_t>(std::count(whole.begin(), whole.end(), '\n')),
            3U * 2U + 3U * 2U * 2000U);
  EXPECT_EQ(text_of(big, MetricsFormat::text_0_0_4, 777), whole);
}

TEST(SeriesExposition, PromtoolHasNothingToSay) {
  if (!test::has_promtool()) {
    GTEST_SKIP() << "promtool (Debian package prometheus) is not installed";
  }
  EXPECT_EQ(test::promtool_says(text_of(with_series(3), MetricsFormat::text_0_0_4)), "");
}

}  // namespace
}  // namespace itnxt
