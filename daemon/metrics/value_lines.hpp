// The values of one subject as a list, for comparing and for sending. What is rendered already is
// referred to, not copied: the subject outlives the lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/metrics/catalogue.hpp"
#include "daemon/metrics/value_sink.hpp"

namespace itnxt {

class ValueLines final : public ValueSink {
 public:
  struct Line {
    std::string_view metric;
    double value = 0;
    std::string_view rendered;  // the labels, or …
    std::size_t begin = 0;      // … where they are in the text, if there is an end
    std::size_t end = 0;
  };

  void clear() {
    lines_.clear();
    text_.clear();
  }
  void begin(const MetricInfo& metric) { metric_ = metric.name; }

  [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
  [[nodiscard]] std::string_view labels(const Line& line) const {
    if (line.end == 0) return line.rendered;
    return std::string_view(text_).substr(line.begin, line.end - line.begin);
  }

 private:
  void put(std::string_view rendered, Labels more, double value) override {
    Line line{metric_, value, rendered, 0, 0};
    if (more.size() > 0) {
      line.begin = text_.size();
      append_labels(text_, rendered, more);
      line.end = text_.size();
    }
    lines_.push_back(line);
  }
  void put(std::string_view rendered, Labels more, std::uint64_t value) override {
    put(rendered, more, static_cast<double>(value));
  }

  std::string_view metric_;
  std::vector<Line> lines_;
  std::string text_;
};

}  // namespace itnxt
