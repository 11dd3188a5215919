// Which metrics a collector may bring along.
#include "daemon/core/series.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

namespace itnxt {
namespace {

std::string objection(std::string name, SeriesType type = SeriesType::gauge,
                      std::vector<std::string> labels = {}, std::string help = "Help.") {
  return family_objection({std::move(name), type, std::move(help), std::move(labels), {}})
      .value_or("");
}

TEST(Families, WhatFollowsTheConventionsIsTaken) {
  EXPECT_EQ(objection("itnxt_sensor_celsius", SeriesType::gauge, {"sensor"}), "");
  EXPECT_EQ(objection("itnxt_sensor_dbm"), "");
  EXPECT_EQ(objection("itnxt_sensor_hertz"), "");
  EXPECT_EQ(objection("itnxt_bgp_peer_established_transitions_total", SeriesType::counter), "");
  EXPECT_EQ(objection("itnxt_lldp_neighbor_info"), "");
  EXPECT_EQ(objection("itnxt_rtt_seconds", SeriesType::summary, {"target", "quantile"}), "");
}

SeriesFamily histogram(std::vector<double> bounds) {
  return {"itnxt_rtt_seconds", SeriesType::histogram, "Round trips.", {"site"}, {},
          std::move(bounds)};
}

TEST(Families, AHistogramHasBoundsThatRise) {
  const std::string expected =
      "itnxt_rtt_seconds: a histogram has 1 to 64 bounds, finite and ascending";
  EXPECT_EQ(family_objection(histogram({0.001, 0.01, 1})), std::nullopt);
  EXPECT_EQ(family_objection(histogram({})), expected);
  EXPECT_EQ(family_objection(histogram({1, 1})), expected);
  EXPECT_EQ(family_objection(histogram({2, 1})), expected);
  EXPECT_EQ(family_objection(histogram({std::numeric_limits<double>::infinity()})), expected);
  EXPECT_EQ(family_objection(histogram({std::numeric_limits<double>::quiet_NaN()})), expected);
  std::vector<double> many(65);
  std::iota(many.begin(), many.end(), 0);
  EXPECT_EQ(family_objection(histogram(many)), expected);
  many.pop_back();
  EXPECT_EQ(family_objection(histogram(many)), std::nullopt);
  SeriesFamily gauge = histogram({1});
  gauge.type = SeriesType::gauge;
  EXPECT_EQ(family_objection(gauge),
            "itnxt_rtt_seconds: has bounds of buckets, but is no histogram");
  SeriesFamily le = histogram({1});
  le.labels = {"le"};
  EXPECT_EQ(family_objection(le),
            "itnxt_rtt_seconds: label 1 is 'le', which is set by itnxt or by Prometheus");
}

TEST(Families, AHistogramsRowTakesALineForEachBucketTheSumAndTheCount) {
  EXPECT_EQ(lines_per_row(histogram({1, 2, 4})), 6U);
  EXPECT_EQ(lines_per_row({"itnxt_x", SeriesType::gauge, "X.", {}, {}}), 1U);
}

TEST(Families, BoundsAreWrittenAsOpenMetricsWritesThem) {
  EXPECT_EQ(bound_text(1), "1.0");
  EXPECT_EQ(bound_text(65535), "65535.0");
  EXPECT_EQ(bound_text(0.005), "0.005");
  EXPECT_EQ(bound_text(0.0005), "0.0005");
  EXPECT_EQ(bound_text(0.0001), "0.0001");
  EXPECT_EQ(bound_text(0.00001), "1e-05");
  EXPECT_EQ(bound_text(100'000), "100000.0");
  EXPECT_EQ(bound_text(1'000'000), "1e+06");
  EXPECT_EQ(bound_text(1e300), "1e+300");
}

TEST(Histograms, AreValues) {
  Histogram one({1, 2, 2}, 0.5);
  Histogram two = one;
  EXPECT_EQ(one, two);
  two = Histogram({1, 2, 3}, 0.5);
  EXPECT_NE(one, two);
  one = two;
  EXPECT_EQ(one, two);
  EXPECT_NE(Histogram({1}, 1), Histogram({1}, 2));
}

TEST(Families, NamesThatBreakTheConventionsAreRefusedWithTheReason) {
  const std::string expected =
      "expected itnxt_ and words of a-z and 0-9 with one _ between them, at most 128 bytes";
  EXPECT_EQ(objection("temperature_celsius"), "temperature_celsius: " + expected);
  EXPECT_EQ(objection("itnxt_"), "itnxt_: " + expected);
  EXPECT_EQ(objection("itnxt__x"), "itnxt__x: " + expected);
  EXPECT_EQ(objection("itnxt_tempC"), "itnxt_tempC: " + expected);
  EXPECT_EQ(objection("itnxt_x:rate"), "itnxt_x:rate: " + expected);
  EXPECT_EQ(objection("itnxt_x" + std::string(122, 'x')).substr(130), expected);
  EXPECT_EQ(objection("itnxt_x", SeriesType::counter),
            "itnxt_x: a counter's name ends with _total");
  EXPECT_EQ(objection("itnxt_x_total"), "itnxt_x_total: only a counter's name ends with _total");
  EXPECT_EQ(objection("itnxt_x_count"),
            "itnxt_x_count: ends with _count, which the formats keep for themselves");
  EXPECT_EQ(objection("itnxt_x_sum_total", SeriesType::counter),
            "itnxt_x_sum_total: ends with _sum, which the formats keep for themselves");
  EXPECT_EQ(objection("itnxt_link_bits"), "itnxt_link_bits: holds 'bits', expected bytes");
  EXPECT_EQ(objection("itnxt_rtt_ms"), "itnxt_rtt_ms: holds 'ms', expected seconds");
  EXPECT_EQ(objection("itnxt_rtt_milliseconds"),
            "itnxt_rtt_milliseconds: holds 'milliseconds', expected the base unit seconds");
  EXPECT_EQ(objection("itnxt_load_percent"),
            "itnxt_load_percent: holds 'percent', expected ratio, from 0 to 1");
  EXPECT_EQ(objection("itnxt_x_gauge"),
            "itnxt_x_gauge: holds 'gauge', expected nothing: the type stands in TYPE");
}

TEST(Families, EachFaultIsTold) {
  EXPECT_EQ(family_objections({"itnxt_x_ms", SeriesType::counter, "", {"Port", "job"}, {}}),
            (std::vector<std::string>{
                "itnxt_x_ms: a counter's name ends with _total",
                "itnxt_x_ms: holds 'ms', expected seconds",
                "itnxt_x_ms: label 1 is no name: expected a-z, 0-9 and single _, at most 64 bytes",
                "itnxt_x_ms: label 2 is 'job', which is set by itnxt or by Prometheus",
                "itnxt_x_ms: help is no line of 1 to 512 bytes"}));
}

TEST(Families, LabelsAndHelpAreHeldToTheirRules) {
  EXPECT_EQ(objection("itnxt_x", SeriesType::gauge, {"a", "Port"}),
            "itnxt_x: label 2 is no name: expected a-z, 0-9 and single _, at most 64 bytes");
  EXPECT_EQ(objection("itnxt_x", SeriesType::gauge, {"device"}),
            "itnxt_x: label 1 is 'device', which is set by itnxt or by Prometheus");
  EXPECT_EQ(objection("itnxt_x", SeriesType::gauge, {"probe"}),
            "itnxt_x: label 1 is 'probe', which is set by itnxt or by Prometheus");
  EXPECT_EQ(objection("itnxt_x", SeriesType::gauge, {"capture"}),
            "itnxt_x: label 1 is 'capture', which is set by itnxt or by Prometheus");
  EXPECT_EQ(objection("itnxt_x", SeriesType::gauge, {"a", "quantile"}),
            "itnxt_x: label 2 is 'quantile', which is set by itnxt or by Prometheus");
  EXPECT_EQ(objection("itnxt_x", SeriesType::summary, {"quantile", "a"}),
            "itnxt_x: the last label of a summary is 'quantile'");
  EXPECT_EQ(objection("itnxt_x", SeriesType::summary),
            "itnxt_x: the last label of a summary is 'quantile'");
  EXPECT_EQ(objection("itnxt_x", SeriesType::gauge, {"a", "a"}),
            "itnxt_x: two labels are named 'a'");
  EXPECT_EQ(objection("itnxt_x", SeriesType::gauge, std::vector<std::string>(17, "a")),
            "itnxt_x: 17 labels, at most 16");
  EXPECT_EQ(objection("itnxt_x", SeriesType::gauge, {}, ""),
            "itnxt_x: help is no line of 1 to 512 bytes");
  EXPECT_EQ(objection("itnxt_x", SeriesType::gauge, {}, "two\nlines"),
            "itnxt_x: help is no line of 1 to 512 bytes");
}

TEST(Families, AQuantileIsANumberInItsShortestForm) {
  for (const char* good : {"0.5", "0.9", "0.99", "0.999"}) EXPECT_TRUE(is_quantile(good)) << good;
  for (const char* bad :
       {"", "0", "1", "0.50", "1.5", "-0.5", ".5", "5e-1", "nan", "inf", "0.5 "}) {
    EXPECT_FALSE(is_quantile(bad)) << bad;
  }
}

TEST(Families, BasesAreWhatOpenMetricsCallsThem) {
  EXPECT_EQ(family_base("itnxt_x_total"), "itnxt_x");
  EXPECT_EQ(family_base("itnxt_x_info"), "itnxt_x");
  EXPECT_EQ(family_base("itnxt_x"), "itnxt_x");
}

}  // namespace
}  // namespace itnxt
