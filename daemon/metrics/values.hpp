// The value of every metric: one table a subject, one entry a metric, naming what it is made of.
// A metric that the catalogue lists and no table has fails a test.
#pragma once

#include <span>
#include <string>

#include "daemon/alert/board.hpp"
#include "daemon/metrics/catalogue.hpp"
#include "daemon/metrics/value_sink.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

struct BuildInfo {
  std::string version;
  std::string revision;
};

// Subjects that are no single object.
struct PortOfDevice {
  const DeviceView& device;
  const InterfaceView& port;
};
struct WholeAggregator {
  const Snapshot& snapshot;
  const Board& board;
  const BuildInfo& build;
};

// Appends the lines that `subject` has in the family; none when the value is not known.
template <class Subject>
using WriteValue = void (*)(ValueSink& out, const Subject& subject);

template <class Subject>
struct MetricValue {
  Metric metric;
  WriteValue<Subject> write;
};

// Defined for PortOfDevice, DeviceView, LinkView, Site, CaptureView, CollectorView, BoardAlert,
// BoardChannel and WholeAggregator (its own metrics, and those of rules).
template <class Subject>
std::span<const MetricValue<Subject>> values_of();

// Null: `metric` is told of something else.
template <class Subject>
WriteValue<Subject> value_of(Metric metric) {
  for (const MetricValue<Subject>& one : values_of<Subject>()) {
    if (one.metric == metric) return one.write;
  }
  return nullptr;
}

}  // namespace itnxt
