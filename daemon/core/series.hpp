// Metrics that are no interface's or capture's counters: what a profile reads off a device, or what
// a collector in any language measures. Names follow the conventions of Prometheus, which
// family_objection() holds them against. Thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/ids.hpp"
#include "daemon/core/time.hpp"

namespace itnxt {

inline constexpr std::size_t kMostSeriesName = 128;     // bytes
inline constexpr std::size_t kMostSeriesHelp = 512;     // bytes
inline constexpr std::size_t kMostSeriesLabels = 16;    // of one family
inline constexpr std::size_t kMostLabelName = 64;       // bytes
inline constexpr std::size_t kMostLabelValue = 256;     // bytes
inline constexpr std::size_t kMostFamilies = 256;       // of one sample
inline constexpr std::size_t kMostSeriesRows = 16'384;  // of one sample
inline constexpr std::size_t kMostBounds = 64;          // of a histogram

// A summary holds quantiles that its collector has made, each row with its own as its last label;
// it has neither count nor sum. A histogram is a counter of observations by buckets.
enum class SeriesType : std::uint8_t { gauge, counter, summary, histogram };

// What one row of a histogram counted. One pointer: rows that are none stay small. Never changed
// once made; what was moved from may only be destroyed or assigned to.
class Histogram {
 public:
  // `counts`: for each of the family's bounds how many observations were at most that, and at the
  // end how many there were in all: none less than the one before it. `sum` of them: finite.
  Histogram(std::vector<std::uint64_t> counts, double sum);
  Histogram(const Histogram& other);
  Histogram(Histogram&& other) noexcept = default;
  Histogram& operator=(Histogram other) noexcept;
  ~Histogram() = default;

  [[nodiscard]] std::span<const std::uint64_t> counts() const { return content_->counts; }
  [[nodiscard]] double sum() const { return content_->sum; }
  bool operator==(const Histogram& other) const { return *content_ == *other.content_; }

 private:
  struct Content {
    std::vector<std::uint64_t> counts;
    double sum = 0;
    bool operator==(const Content&) const = default;
  };
  std::unique_ptr<const Content> content_;
};

// A counter never falls but when its owner restarts; it is shown modulo 2^53.
using SeriesValue = std::variant<double, std::uint64_t, Histogram>;

struct SeriesRow {
  std::vector<std::string> labels;  // values, in the order of the family's label names
  SeriesValue value = 0.0;          // finite; a Histogram in a histogram and nowhere else
  bool operator==(const SeriesRow&) const = default;
};

// Its unit is what its name ends with (_bytes, _seconds, _celsius …). A gauge whose name ends with
// _info is always 1 and tells by its labels.
struct SeriesFamily {
  std::string name;
  SeriesType type = SeriesType::gauge;
  std::string help;
  // Names, without the subject's own (device, probe, capture, or node and collector); quantile is
  // the last of a summary, le is none of a histogram's.
  std::vector<std::string> labels;
  std::vector<SeriesRow> rows;
  std::vector<double> bounds{};  // of a histogram: finite and ascending; the last bucket has none
  bool operator==(const SeriesFamily&) const = default;
};

// Whose series they are that are no device's, and so the labels they bear.
enum class SeriesOwner : std::uint8_t {
  collector,  // node and collector
  probe,      // probe: the collector's name, without its node
  capture,    // capture: the same
};

// What one source within a collector knows of one subject now. It replaces, family by family, what
// the same source said of that subject before; a family without rows takes its rows away.
struct SeriesSample {
  DeviceName device;                           // the subject; empty: …
  SeriesOwner owner = SeriesOwner::collector;  // … this
  std::string source;  // tells parts of one collector apart (a profile's name); may be empty
  SourceTime at;
  Duration interval{};   // how often it comes: staleness counts in it; zero: the batch's own
  bool partial = false;  // rows that are missing may still be there: they stay until they are stale
  std::vector<SeriesFamily> families;
  bool operator==(const SeriesSample&) const = default;
};

// What the family would be called in OpenMetrics: without _total and _info. Two families whose
// bases are equal cannot stand in one exposition.
std::string_view family_base(std::string_view name);
// Lines of /metrics that a row of the family takes.
std::size_t lines_per_row(const SeriesFamily& family);
// A bound as the label `le` says it: shortest, from 0.0001 to below a million without an exponent
// as Prometheus's own libraries write it, and with .0 behind a whole number as OpenMetrics does, so
// that both formats name the same series.
std::string bound_text(double bound);
bool is_info(const SeriesFamily& family);

// What the last label of a summary's row may be: a number between 0 and 1, both excluded, in its
// shortest form. Another would cost a scrape.
[[nodiscard]] bool is_quantile(std::string_view text);

// About what it takes on the wire, in bytes; never less.
std::size_t wire_size(const SeriesRow& row);
std::size_t wire_size(const SeriesFamily& family);  // its rows included
std::size_t wire_size(const SeriesSample& sample);

// Each reason why the family's head (all but its rows) breaks the conventions of CONTRACT.md §3 and
// prometheus.io "Metric and label naming"; nothing when it is fine. "NAME: what is wrong, what was
// expected".
std::vector<std::string> family_objections(const SeriesFamily& family);
// The first of them.
std::optional<std::string> family_objection(const SeriesFamily& family);

}  // namespace itnxt
