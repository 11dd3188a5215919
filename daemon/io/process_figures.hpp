// The process's own figures, kept in a prometheus-cpp registry and written by our exposition.
// Thread: figures may be changed and collected on any thread; add them before the server starts.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/metrics/exposition.hpp"

namespace prometheus {
class Counter;
class Gauge;
}  // namespace prometheus

namespace itnxt {

using FigureLabels = std::vector<std::pair<std::string, std::string>>;

// Handles; valid as long as their ProcessFigures.
class OwnCounter {
 public:
  explicit OwnCounter(prometheus::Counter& counter) : counter_(&counter) {}
  void add(double amount = 1) const;

 private:
  prometheus::Counter* counter_;
};
class OwnGauge {
 public:
  explicit OwnGauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
  void set(double value) const;

 private:
  prometheus::Gauge* gauge_;
};

class ProcessFigures {
 public:
  ProcessFigures();
  ~ProcessFigures();
  ProcessFigures(const ProcessFigures&) = delete;
  ProcessFigures& operator=(const ProcessFigures&) = delete;

  // A figure of the catalogue (daemon/metrics/catalogue.hpp: add a line there for a new one). Twice
  // with the same labels is one figure. The labels' values are ours, never a client's or device's.
  OwnCounter counter(Metric metric, const FigureLabels& labels = {});
  OwnGauge gauge(Metric metric, const FigureLabels& labels = {});

  // One answered request; `path` is one of the server's own, so that clients cannot make series.
  void count_request(std::string_view path, unsigned code);

  // Everything at this moment; reads /proc.
  [[nodiscard]] std::vector<ForeignFamily> collect();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace itnxt
