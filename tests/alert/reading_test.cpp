#include "daemon/alert/reading.hpp"

#include <gtest/gtest.h>

#include "tests/alert/engine_world.hpp"

namespace itnxt::test {
namespace {

// A view of each kind of which everything is known.
struct Known {
  LinkView link;
  std::shared_ptr<DeviceView> of = device(1);
  CaptureView capture;
  CollectorView collector;

  Known() {
    link.up = true;
    link.utilization_a_to_b = link.utilization_b_to_a = Ratio(0.5);
    of->uptime = 1h;
    InterfaceView& port = of->interfaces[0];
    port.speed = BytesPerSecond(100);
    port.receive = port.transmit = BytesPerSecond(50);
    port.errors = port.discards = PacketsPerSecond(1);
    capture.dropped_packets_per_second = 1;
  }
  [[nodiscard]] std::optional<Reading> read_of(SubjectKind kind, SubjectMetric metric) const {
    switch (kind) {
      case SubjectKind::link:
        return read(link, metric);
      case SubjectKind::device:
        return read(*of, metric);
      case SubjectKind::interface:
        return read(of->interfaces[0], metric);
      case SubjectKind::capture:
        return read(capture, metric);
      case SubjectKind::collector:
        return read(collector, metric, Instant(1s));
    }
    return std::nullopt;
  }
};

TEST(Reading, EveryMetricThatARuleCanNameIsReadAndNoOther) {
  const Known known;
  for (std::size_t k = 0; k < kSubjectKinds; ++k) {
    const auto kind = static_cast<SubjectKind>(k);
    for (const MetricOfSubject& one : kSubjectMetrics) {
      const std::vector<std::string> names = metric_names(kind);
      const bool its_own = std::find(names.begin(), names.end(), one.name) != names.end();
      EXPECT_EQ(known.read_of(kind, one.metric).has_value(), its_own)
          << name(kind) << ' ' << one.name;
    }
  }
}

TEST(Reading, NobodyPollsADeviceThatTellsOfItself) {
  const Known known;
  known.of->own = true;
  EXPECT_EQ(known.read_of(SubjectKind::device, SubjectMetric::poll_seconds), std::nullopt);
  EXPECT_NE(known.read_of(SubjectKind::device, SubjectMetric::up), std::nullopt);
}

}  // namespace
}  // namespace itnxt::test
