// The lines of one family in either exposition format, appended to a string: header before the
// first line, none without lines. One family at a time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/core/labels.hpp"
#include "daemon/metrics/catalogue.hpp"

namespace itnxt {

// Above 2^53 a double loses the low bits; Prometheus takes the wrap for a reset and stays right.
constexpr std::uint64_t wrapped(std::uint64_t count) {
  return count % (1ULL << 53U);
}

class FamilyText {
 public:
  FamilyText(std::string& out, bool open_metrics) : out_(out), open_metrics_(open_metrics) {}

  // What follows belongs to `metric`, which outlives it. `goes_on`: lines of it stand already.
  void begin(const MetricInfo& metric, bool goes_on = false) {
    metric_ = &metric;
    has_header_ = goes_on;
  }

  // Whether a line of the family stands already.
  [[nodiscard]] bool has_lines() const { return has_header_; }

  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  template <class List = Labels>
  void line(const List& labels, double value) {
    name();
    append_labels(out_, labels);
    number(value);
  }
  void line(double value) {
    name();
    number(value);
  }
  // With labels that are rendered already, "{…}", as core/labels.hpp does.
  void line(const std::string& labels, std::uint64_t value);
  void line(const std::string& labels, double value);
  // And with more of them behind.
  void line(const std::string& labels, Labels more, std::uint64_t value);

 private:
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
