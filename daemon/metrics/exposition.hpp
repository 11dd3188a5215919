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
#include "daemon/metrics/family_text.hpp"
#include "daemon/metrics/values.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

enum class MetricsFormat : std::uint8_t { text_0_0_4, open_metrics_1_0 };
std::string_view content_type(MetricsFormat format);

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
  Exposition(const Exposition&) = delete;
  Exposition& operator=(const Exposition&) = delete;

  // Both pointers set. `bulk`: interfaces, devices, links and metrics of collectors too.
  Exposition(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const Board> board,
             BuildInfo build, std::vector<ForeignFamily> foreign, MetricsFormat format,
             bool bulk = true);

  // Fills up to `size` bytes; 0 only at the end.
  std::size_t read(char* buffer, std::size_t size);

 private:
  void fill();
  bool write_family(Metric metric);  // false: the piece is full, go on here
  bool write_interfaces(Metric metric);
  bool write_aggregator(Metric metric);
  bool write_series(const SeriesFamilyView& family);
  void write_foreign(const ForeignFamily& family);
  // One line or more for each of `list`.
  template <class Subject, class List, class Find>
  bool write_each(Metric metric, const List& list, Find subject_of);

  const std::shared_ptr<const Snapshot> snapshot_;
  const std::shared_ptr<const Board> board_;
  const BuildInfo build_;
  const std::vector<ForeignFamily> foreign_;
  const bool open_metrics_;
  const bool bulk_;
  const std::vector<SeriesFamilyView> none_;
  const std::vector<SeriesFamilyView>& series_;
  std::string piece_;       // whole lines, not yet read
  FamilyText text_;         // writes to piece_
  std::size_t read_ = 0;    // of piece_
  std::size_t family_ = 0;  // where to go on
  std::size_t outer_ = 0;   // within the family
  std::size_t inner_ = 0;   // within the device
  bool begun_ = false;      // the family at hand
  bool ended_ = false;
};

}  // namespace itnxt
