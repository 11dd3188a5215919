// GET /metrics as text, read piece by piece: nothing is ever built whole. One reader per request;
// several may read one snapshot at a time.
//
// Formats: text 0.0.4 (prometheus.io "Exposition formats") and OpenMetrics 1.0. No time stamps:
// what is stale is absent. Label values are made valid UTF-8 at ingest, here they are only escaped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/alert/board.hpp"
#include "daemon/metrics/catalogue.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

enum class MetricsFormat : std::uint8_t { text_0_0_4, open_metrics_1_0 };
std::string_view content_type(MetricsFormat format);

struct BuildInfo {
  std::string version;
  std::string revision;
};

// A family that is kept elsewhere (the process's own figures).
struct ForeignSample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};
struct ForeignFamily {
  std::string name;
  MetricType type = MetricType::gauge;
  std::string help;
  std::vector<ForeignSample> samples;
};

class Exposition {
 public:
  // Both pointers set.
  Exposition(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const Board> board,
             BuildInfo build, std::vector<ForeignFamily> foreign, MetricsFormat format);

  // Fills up to `size` bytes; 0 only at the end.
  std::size_t read(char* buffer, std::size_t size);

 private:
  void fill();
  bool write_family(Metric metric);  // false: the piece is full, go on here
  bool write_interfaces(Metric metric);
  void write_interface(Metric metric, const DeviceView& device, const InterfaceView& one);
  void write_device(Metric metric, const DeviceView& device);
  void write_link(Metric metric, const LinkView& link);
  void write_site(Metric metric, const Site& site);
  void write_capture(Metric metric, const CaptureView& capture);
  void write_collector(Metric metric, const CollectorView& collector);
  void write_rules(Metric metric);
  void write_alert(Metric metric, const BoardAlert& alert);
  void write_channel(Metric metric, const BoardChannel& channel);
  void write_aggregator(Metric metric);
  void write_foreign(const ForeignFamily& family);
  template <class List, class Write>
  bool write_each(const List& list, Write write);

  void header(Metric metric);
  void header(const MetricInfo& metric);
  void line(Metric metric, double value);
  void line(Metric metric,
            std::initializer_list<std::pair<std::string_view, std::string_view>> labels,
            double value);
  void value(double number);

  const std::shared_ptr<const Snapshot> snapshot_;
  const std::shared_ptr<const Board> board_;
  const BuildInfo build_;
  const std::vector<ForeignFamily> foreign_;
  const bool open_metrics_;
  std::string piece_;        // whole lines, not yet read
  std::size_t read_ = 0;     // of piece_
  std::size_t family_ = 0;   // where to go on
  std::size_t outer_ = 0;    // within the family
  std::size_t inner_ = 0;    // within the device
  bool has_header_ = false;  // of the family at hand
  bool ended_ = false;
};

}  // namespace itnxt
