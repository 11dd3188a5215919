// The lines of one family in either exposition format, appended to a string: header before the
// first line, none without lines. One family at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "daemon/core/series.hpp"
#include "daemon/metrics/catalogue.hpp"
#include "daemon/metrics/value_sink.hpp"

namespace itnxt {

class FamilyText final : public ValueSink {
 public:
  FamilyText(std::string& out, bool open_metrics) : out_(out), open_metrics_(open_metrics) {}

  // What follows belongs to `metric`, which outlives it. `goes_on`: lines of it stand already.
  void begin(const MetricInfo& metric, bool goes_on = false) {
    metric_ = &metric;
    has_header_ = goes_on;
  }

  // Whether a line of the family stands already.
  [[nodiscard]] bool has_lines() const { return has_header_; }

  // A line with labels of any list of pairs.
  template <class List>
  void foreign_line(const List& labels, double value) {
    name();
    append_labels(out_, labels);
    number(value);
  }

  // The lines of one row of a histogram; `bounds` as the label le says them.
  void histogram(std::string_view rendered, std::span<const std::string> bounds,
                 const Histogram& value);

 private:
  void put(std::string_view rendered, Labels more, double value) override;
  void put(std::string_view rendered, Labels more, std::uint64_t value) override;
  void name() {
    if (!has_header_) header();
    out_ += metric_->name;
  }
  void header();
  void number(double value);
  void number(std::uint64_t value);

  std::string& out_;
  const bool open_metrics_;
  const MetricInfo* metric_ = nullptr;
  bool has_header_ = false;
};

}  // namespace itnxt
