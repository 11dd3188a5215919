#include "daemon/core/counter.hpp"

#include <gtest/gtest.h>

#include "daemon/core/subject.hpp"

namespace itnxt {
namespace {

TEST(CounterSet, AbsentIsNotZero) {
  CounterSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.get(Column::in_octets), std::nullopt);
  set.set(Column::in_octets, {0, CounterWidth::bits32});
  EXPECT_EQ(set.get(Column::in_octets), (Counter{0, CounterWidth::bits32}));
  EXPECT_EQ(set.get(Column::out_octets), std::nullopt);
  EXPECT_FALSE(set.empty());
}

TEST(CounterSet, KeepsWidthPerColumn) {
  CounterSet set;
  set.set(Column::out_discards, {7, CounterWidth::bits32});
  set.set(Column::out_octets, {~0ULL, CounterWidth::bits64});
  EXPECT_EQ(set.get(Column::out_discards)->width, CounterWidth::bits32);
  EXPECT_EQ(set.get(Column::out_octets), (Counter{~0ULL, CounterWidth::bits64}));
  set.set(Column::out_octets, {1, CounterWidth::bits32});
  EXPECT_EQ(set.get(Column::out_octets), (Counter{1, CounterWidth::bits32}));
}

TEST(Subject, EveryMetricIsFoundByItsName) {
  for (const MetricOfSubject& m : kSubjectMetrics) {
    EXPECT_EQ(subject_metric(m.kind, m.name), m.metric) << m.name;
  }
  EXPECT_EQ(subject_metric(SubjectKind::link, "uptime_seconds"), std::nullopt);
  EXPECT_EQ(metric_names(SubjectKind::link), (std::vector<std::string>{"up", "utilization_ratio"}));
}

}  // namespace
}  // namespace itnxt
