#include "daemon/metrics/family_text.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "daemon/metrics/histogram_lines.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kLongestNumber = 32;

template <class Number>
void append(std::string& out, Number number) {
  std::array<char, kLongestNumber> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

}  // namespace

void FamilyText::put(std::string_view rendered, Labels more, std::uint64_t value) {
  name();
  append_labels(out_, rendered, more);
  number(value);
}

void FamilyText::put(std::string_view rendered, Labels more, double value) {
  name();
  append_labels(out_, rendered, more);
  number(value);
}

void FamilyText::histogram(std::string_view rendered, std::span<const std::string> bounds,
                           const Histogram& value) {
  for_each_line(bounds, value, [&](std::string_view end, std::string_view bound, auto number_of) {
    name();
    out_ += end;
    if (bound.empty()) {
      out_ += rendered;
    } else {
      append_labels(out_, rendered, {{"le", bound}});
    }
    number(number_of);
  });
}

void FamilyText::header() {
  has_header_ = true;
  const std::string_view family = open_metrics_ ? open_metrics_family(*metric_) : metric_->name;
  out_ += "# HELP ";
  out_ += family;
  out_ += ' ';
  for (const char c : metric_->help) {
    if (c == '\n') {
      out_ += "\\n";
    } else if (c == '\\' || (c == '"' && open_metrics_)) {
      out_ += '\\';
      out_ += c;
    } else {
      out_ += c;
    }
  }
  out_ += "\n# TYPE ";
  out_ += family;
  out_ += ' ';
  out_ += type_name(metric_->type, open_metrics_);
  out_ += '\n';
  if (open_metrics_ && !unit(*metric_).empty()) {
    out_ += "# UNIT ";
    out_ += family;
    out_ += ' ';
    out_ += unit(*metric_);
    out_ += '\n';
  }
}

void FamilyText::number(std::uint64_t value) {
  out_ += ' ';
  append(out_, value);
  out_ += '\n';
}

void FamilyText::number(double value) {
  out_ += ' ';
  if (std::isnan(value)) {
    out_ += "NaN";
  } else if (std::isinf(value)) {
    out_ += value > 0 ? "+Inf" : "-Inf";
  } else if (value == std::trunc(value) && std::abs(value) < 1e15) {
    append(out_, static_cast<std::int64_t>(value));
  } else {
    append(out_, value);
  }
  out_ += '\n';
}

}  // namespace itnxt
