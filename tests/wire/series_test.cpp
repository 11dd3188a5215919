// Series over the wire: what a collector in another language gets right or wrong.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "daemon/wire/codec.hpp"
#include "daemon/wire/itnxt.pb.h"
#include "tests/wire/equal.hpp"

namespace itnxt {
namespace {

SeriesSample thermometer() {
  SeriesSample sample;
  sample.device = DeviceName("md-core-1");
  sample.source = "entity_sensor";
  sample.at = SourceTime(5s);
  sample.interval = 60s;
  SeriesFamily family{"itnxt_sensor_celsius", SeriesType::gauge, "Temperature.", {"sensor"}, {}};
  family.rows = {{{"inlet"}, 22.5}, {{"outlet"}, std::uint64_t{31}}};
  sample.families = {family};
  return sample;
}

Batch batch_of(SeriesSample sample) {
  Batch batch;
  batch.node = NodeName("md");
  batch.collector = CollectorName("python");
  batch.sequence = 1;
  batch.samples = {std::move(sample)};
  return batch;
}

// What is said of the thermometer after `spoil`; "" when it is taken.
std::string refusal(const std::function<void(v1::Series&)>& spoil) {
  v1::Frame frame;
  EXPECT_TRUE(frame.ParseFromString(wire::encode(batch_of(thermometer()))));
  spoil(*frame.mutable_batch()->mutable_samples(0)->mutable_series());
  const auto batch = wire::decode(frame.SerializeAsString());
  return batch ? "" : batch.error();
}

TEST(SeriesOnTheWire, ComesOutAsItWentIn) {
  const auto batch = wire::decode(wire::encode(batch_of(thermometer())));
  ASSERT_TRUE(batch.ok()) << batch.error();
  EXPECT_EQ(std::get<SeriesSample>(batch->samples.at(0)), thermometer());
}

TEST(SeriesOnTheWire, AProbesSummaryComesOutAsItWentIn) {
  SeriesSample sample = thermometer();
  sample.device = {};
  sample.owner = SeriesOwner::probe;
  sample.families = {{"itnxt_rtt_seconds",
                      SeriesType::summary,
                      "Round trips.",
                      {"target", "quantile"},
                      {{{"a", "0.5"}, 0.25}, {{"a", "0.99"}, 0.5}}}};
  const auto batch = wire::decode(wire::encode(batch_of(sample)));
  ASSERT_TRUE(batch.ok()) << batch.error();
  EXPECT_EQ(std::get<SeriesSample>(batch->samples.at(0)), sample);
  sample.families[0].rows[1].labels[1] = "1e0";
  EXPECT_EQ(wire::decode(wire::encode(batch_of(sample))).error(),
            "batch.samples[0].series.families[0].rows[1].labels: the last is no quantile of a "
            "summary");
}

SeriesSample round_trips() {
  SeriesSample sample = thermometer();
  sample.device = {};
  sample.owner = SeriesOwner::capture;
  sample.families = {
      {"itnxt_rtt_seconds",
       SeriesType::histogram,
       "Round trips.",
       {"side"},
       {{{"lan"}, Histogram({0, 3, 3}, 0.25)}, {{"wan"}, Histogram({1, 2, 1ULL << 60U}, 1e9)}},
       {0.01, 1}}};
  return sample;
}

TEST(SeriesOnTheWire, ACapturesHistogramComesOutAsItWentIn) {
  const auto batch = wire::decode(wire::encode(batch_of(round_trips())));
  ASSERT_TRUE(batch.ok()) << batch.error();
  EXPECT_EQ(std::get<SeriesSample>(batch->samples.at(0)), round_trips());
}

// An aggregator of minor 3 skips what it does not know, and takes the rest.
TEST(SeriesOnTheWire, AHistogramIsAFieldOfItsOwn) {
  SeriesSample sample = round_trips();
  sample.families.push_back(thermometer().families[0]);
  v1::Frame frame;
  ASSERT_TRUE(frame.ParseFromString(wire::encode(batch_of(sample))));
  const v1::Series& series = frame.batch().samples(0).series();
  EXPECT_EQ(frame.minor(), 4U);
  ASSERT_EQ(series.families_size(), 1);
  EXPECT_EQ(series.families(0).name(), "itnxt_sensor_celsius");
  ASSERT_EQ(series.histograms_size(), 1);
}

TEST(SeriesOnTheWire, WhatIsWrongWithAHistogramIsNamed) {
  const auto refusal_of = [](const std::function<void(v1::Series&)>& spoil) {
    v1::Frame frame;
    EXPECT_TRUE(frame.ParseFromString(wire::encode(batch_of(round_trips()))));
    spoil(*frame.mutable_batch()->mutable_samples(0)->mutable_series());
    const auto batch = wire::decode(frame.SerializeAsString());
    return batch ? "" : batch.error();
  };
  const std::string row = "batch.samples[0].series.histograms[0].rows[1]";
  EXPECT_EQ(refusal_of([](v1::Series& s) { s.set_probe(true); }),
            "batch.samples[0].series.capture: is a probe's, too");
  EXPECT_EQ(refusal_of(
                [](v1::Series& s) { s.mutable_histograms(0)->mutable_rows(1)->add_counts(~0ULL); }),
            row + ".counts: 4 for 2 bounds, expected one more than bounds");
  EXPECT_EQ(refusal_of([](v1::Series& s) { s.mutable_histograms(0)->clear_bounds(); }),
            "batch.samples[0].series.histograms[0].rows[0].counts: 3 for 0 bounds, expected one "
            "more than bounds");
  EXPECT_EQ(
      refusal_of([](v1::Series& s) { s.mutable_histograms(0)->mutable_rows(1)->set_counts(0, 3); }),
      row + ".counts: fall, expected each with those before it");
  EXPECT_EQ(refusal_of([](v1::Series& s) {
              s.mutable_histograms(0)->mutable_rows(1)->set_sum(std::nan(""));
            }),
            row + ".sum: is not finite");
  EXPECT_EQ(refusal_of([](v1::Series& s) {
              for (int i = 0; i < 63; ++i) s.mutable_histograms(0)->add_bounds(2 + i);
            }),
            "batch.samples[0].series.histograms[0].bounds: 65, at most 64");
  EXPECT_EQ(refusal_of([](v1::Series& s) { s.mutable_histograms(0)->clear_name(); }),
            "batch.samples[0].series.histograms[0].name: is empty");
  EXPECT_EQ(refusal_of([](v1::Series& s) {
              for (int i = 0; i < 3275; ++i) s.mutable_histograms(0)->add_rows();
            }),
            "batch.samples[0].series.families: 16385 rows, at most 16384 in a sample and 100000 in "
            "a batch");
}

TEST(SeriesOnTheWire, WhatIsWrongIsNamed) {
  EXPECT_EQ(refusal([](v1::Series& s) {
              s.mutable_families(0)->set_type(v1::SERIES_TYPE_COUNTER);
              s.mutable_families(0)->set_summary(true);
            }),
            "batch.samples[0].series.families[0].summary: of a counter");
  EXPECT_EQ(refusal([](v1::Series& s) { s.mutable_families(0)->mutable_rows(1)->clear_value(); }),
            "batch.samples[0].series.families[0].rows[1]: has no value");
  EXPECT_EQ(refusal([](v1::Series& s) {
              s.mutable_families(0)->mutable_rows(0)->set_real(std::nan(""));
            }),
            "batch.samples[0].series.families[0].rows[0].real: is not finite");
  EXPECT_EQ(refusal([](v1::Series& s) { s.mutable_families(0)->mutable_rows(0)->add_labels("x"); }),
            "batch.samples[0].series.families[0].rows[0].labels: 2 values for 1 names");
  EXPECT_EQ(refusal([](v1::Series& s) {
              s.mutable_families(0)->set_type(v1::SERIES_TYPE_COUNTER);
              s.mutable_families(0)->mutable_rows(0)->set_real(-1);
            }),
            "batch.samples[0].series.families[0].rows[0].real: is below zero in a counter");
  EXPECT_EQ(refusal([](v1::Series& s) {
              s.mutable_families(0)->set_type(static_cast<v1::SeriesType>(7));
            }),
            "batch.samples[0].series.families[0].type: 7 is no SeriesType");
  EXPECT_EQ(refusal([](v1::Series& s) { s.mutable_families(0)->clear_name(); }),
            "batch.samples[0].series.families[0].name: is empty");
  EXPECT_EQ(refusal([](v1::Series& s) {
              for (int i = 0; i < 16; ++i) s.mutable_families(0)->add_labels("l");
            }),
            "batch.samples[0].series.families[0].labels: 17, at most 16");
  EXPECT_EQ(refusal([](v1::Series& s) { s.set_interval_ns(-1); }),
            "batch.samples[0].series.interval_ns: -1 ns is out of range, expected 0 to 31 days");
}

TEST(SeriesOnTheWire, IsBounded) {
  EXPECT_EQ(refusal([](v1::Series& s) {
              for (std::size_t i = 0; i < kMostFamilies; ++i) s.add_families()->set_name("itnxt_x");
            }),
            "batch.samples[0].series.families: 257, at most 256");
  EXPECT_EQ(refusal([](v1::Series& s) {
              for (std::size_t i = 0; i < kMostSeriesRows - 1; ++i) {
                s.mutable_families(0)->add_rows()->set_whole(1);
              }
            }),
            "batch.samples[0].series.families: 16385 rows, at most 16384 in a sample and 100000 in "
            "a batch");
}

TEST(SeriesOnTheWire, TextIsMadeHarmless) {
  v1::Frame frame;
  ASSERT_TRUE(frame.ParseFromString(wire::encode(batch_of(thermometer()))));
  auto& row = *frame.mutable_batch()
                   ->mutable_samples(0)
                   ->mutable_series()
                   ->mutable_families(0)
                   ->mutable_rows(0);
  row.set_labels(0, std::string("Stra\xdf") + "e\n" + std::string(300, 'x'));
  const auto batch = wire::decode(frame.SerializeAsString());
  ASSERT_TRUE(batch.ok()) << batch.error();
  const std::string& text = std::get<SeriesSample>(batch->samples[0]).families[0].rows[0].labels[0];
  EXPECT_TRUE(text.starts_with("Straße xxx")) << text;
  EXPECT_EQ(text.size(), kMostLabelValue);
}

TEST(SeriesOnTheWire, TheEstimateIsNeverTooSmall) {
  for (const std::size_t rows : {0U, 1U, 100U, 10'000U}) {
    SeriesSample sample = thermometer();
    sample.families[0].rows.clear();
    for (std::size_t i = 0; i < rows; ++i) {
      sample.families[0].rows.push_back(
          {{"sensor " + std::to_string(i)}, std::numeric_limits<std::uint64_t>::max()});
    }
    v1::Frame frame;
    ASSERT_TRUE(frame.ParseFromString(wire::encode(batch_of(sample))));
    EXPECT_LE(frame.batch().samples(0).ByteSizeLong(), wire_size(sample)) << rows;
    sample.families[0] = round_trips().families[0];
    sample.families[0].bounds.resize(kMostBounds);
    sample.families[0].rows.assign(
        rows, {{"lan"}, Histogram(std::vector<std::uint64_t>(kMostBounds + 1, ~0ULL), 1e300)});
    ASSERT_TRUE(frame.ParseFromString(wire::encode(batch_of(sample))));
    EXPECT_LE(frame.batch().samples(0).ByteSizeLong(), wire_size(sample)) << rows;
  }
}

}  // namespace
}  // namespace itnxt
