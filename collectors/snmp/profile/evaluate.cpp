#include "collectors/snmp/profile/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "collectors/snmp/profile/row.hpp"
#include "daemon/core/text.hpp"

namespace itnxt::snmp {
namespace {

double as_double(const Cell& cell) {
  if (const auto* number = std::get_if<std::uint64_t>(&cell)) return static_cast<double>(*number);
  return static_cast<double>(std::get<std::int64_t>(cell));
}

bool is_number(const Cell& cell) {
  return std::holds_alternative<std::int64_t>(cell) || std::holds_alternative<std::uint64_t>(cell);
}

// By division where the factor is a whole fraction: 229 * 0.1 is not 22.9.
double scaled(double value, double factor) {
  const double inverse = std::round(1 / factor);
  if (std::abs(factor) < 1 && factor == 1 / inverse) return value / inverse;
  return value * factor;
}

// Powers of ten of scale and precision (RFC 3433 §2); absent when they are none.
std::optional<int> exponent_of(const ProfileMetric& metric, const Row& row) {
  std::int64_t exponent = 0;
  if (metric.scale) {
    const auto scale = whole(row.at(*metric.scale));
    if (!scale || *scale < 1 || *scale > 17) return std::nullopt;
    exponent += 3 * (*scale - 9);
  }
  if (metric.precision) {
    const auto precision = whole(row.at(*metric.precision));
    if (!precision || *precision < -8 || *precision > 9) return std::nullopt;
    exponent -= std::max<std::int64_t>(0, *precision);  // below zero: accurate digits, no scale
  }
  return static_cast<int>(exponent);
}

bool is_plain(const ProfileMetric& metric) {
  return metric.map.empty() && metric.factor == 1 && !metric.times && !metric.scale &&
         !metric.precision && metric.convert == Conversion::none;
}

std::optional<double> mapped(const ProfileMetric& metric, const Cell& cell) {
  if (metric.map.empty()) return as_double(cell);
  const auto number = whole(cell);
  const auto found = number ? metric.map.find(*number) : metric.map.end();
  if (found != metric.map.end()) return found->second;
  return metric.otherwise;
}

std::optional<SeriesValue> value_of(const ProfileMetric& metric, const Row& row) {
  if (!metric.value) return 1.0;
  const Cell cell = row.at(*metric.value);
  if (!is_number(cell)) return std::nullopt;
  const auto* whole_number = std::get_if<std::uint64_t>(&cell);
  if (whole_number != nullptr && is_plain(metric)) return *whole_number;
  const std::optional<double> raw = mapped(metric, cell);
  const std::optional<int> exponent = exponent_of(metric, row);
  if (!raw || !exponent) return std::nullopt;
  double value = scaled(*raw, metric.factor);
  if (metric.times) {
    const Cell times = row.at(*metric.times);
    if (!is_number(times)) return std::nullopt;
    value *= as_double(times);
  }
  const double power = std::pow(10.0, std::abs(*exponent));
  value = *exponent < 0 ? value / power : value * power;
  switch (metric.convert) {
    case Conversion::none:
      break;
    case Conversion::watts_to_dbm:
      if (value <= 0) return std::nullopt;
      value = 10 * std::log10(value) + 30;
      break;
  }
  if (!std::isfinite(value)) return std::nullopt;
  if (metric.family.type == SeriesType::counter && value < 0) return std::nullopt;
  return value;
}

bool counts(const ProfileMetric& metric, const Row& row) {
  return std::ranges::all_of(metric.where, [&](const ProfileMetric::Condition& condition) {
    const auto number = whole(row.at(condition.column));
    return number && std::ranges::find(condition.any_of, *number) != condition.any_of.end();
  });
}

std::string cell_text(const Profile& profile, const ProfileLabel& label, const ColumnRef& ref,
                      const Cell& cell) {
  if (const auto number = whole(cell)) {
    const auto name = label.values.find(*number);
    return name == label.values.end() ? std::to_string(*number) : name->second;
  }
  if (const auto* number = std::get_if<std::uint64_t>(&cell)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* octets = std::get_if<Octets>(&cell)) {
    return text_of(*octets, profile.tables[ref.table].columns[ref.column].format);
  }
  return {};
}

std::string expanded(const std::string& suffix, const Row& row) {
  std::string text = suffix;
  for (std::size_t i = 0; i < row.types().size(); ++i) {
    const std::string mark = '{' + row.types()[i].name + '}';
    const std::size_t at = text.find(mark);
    if (at != std::string::npos) text.replace(at, mark.size(), row.part(i));
  }
  return text;
}

std::string label_of(const Profile& profile, const ProfileLabel& label, const Row& row) {
  std::string text = label.text;
  for (std::size_t i = 0; i < label.from.size() && text.empty(); ++i) {
    const ProfileLabel::Source& source = label.from[i];
    if (source.column) {
      text = sanitize(cell_text(profile, label, *source.column, row.at(*source.column)));
    } else {
      text = (i == 0 ? "" : row.types()[source.index].name + ' ') + row.part(source.index);
    }
  }
  return sanitize(text + expanded(label.suffix, row), kMostLabelValue);
}

// Columns without which rows would get other labels or values than they should.
bool stands_on_broken(const ProfileMetric& metric, const ProfileCells& cells) {
  const auto broken = [&](const ColumnRef& ref) { return cells[ref.table].broken[ref.column]; };
  for (const ProfileLabel& label : metric.labels) {
    for (const auto& source : label.from) {
      if (source.column && broken(*source.column)) return true;
    }
  }
  return std::ranges::any_of(metric.where, [&](const auto& one) { return broken(one.column); }) ||
         (metric.times && broken(*metric.times)) || (metric.scale && broken(*metric.scale)) ||
         (metric.precision && broken(*metric.precision));
}

// Families as they fill.
class Families {
 public:
  explicit Families(std::vector<SeriesFamily>& families) : families_(families) {}

  void begin(const SeriesFamily& head) {
    const auto [found, is_new] = index_.try_emplace(head.name, families_.size());
    if (is_new) {
      families_.push_back(head);
      taken_.emplace_back();
    }
    at_ = found->second;
  }
  // Equal labels get "#2" … behind the first one; in an info there is nothing to tell apart.
  void add(SeriesRow row) {
    SeriesFamily& family = families_[at_];
    if (!taken_[at_].insert(row.labels).second) {
      if (row.labels.empty() || is_info(family)) return;
      const std::string first = sanitize(row.labels[0], kMostLabelValue - 8);  // room for "#2"
      for (int n = 2; !taken_[at_].insert(row.labels).second; ++n) {
        row.labels[0] = first + '#' + std::to_string(n);
      }
    }
    family.rows.push_back(std::move(row));
  }

 private:
  std::vector<SeriesFamily>& families_;
  std::vector<std::set<std::vector<std::string>>> taken_;
  std::map<std::string, std::size_t> index_;
  std::size_t at_ = 0;
};

}  // namespace

Evaluated evaluate(const Profile& profile, const ProfileCells& cells) {
  Evaluated evaluated;
  Families families(evaluated.families);
  for (const ProfileMetric& metric : profile.metrics) {
    families.begin(metric.family);
    const bool broken = metric.value && cells[metric.value->table].broken[metric.value->column];
    if (stands_on_broken(metric, cells)) {
      evaluated.partial = true;
      continue;
    }
    evaluated.partial = evaluated.partial || broken;
    for (const auto& [index, own] : cells[metric.table].rows) {
      auto parts = parts_of(index, profile.tables[metric.table].index);
      if (!parts) continue;
      const Row row(profile, cells, metric.table, own, std::move(*parts));
      if (!counts(metric, row)) continue;
      const std::optional<SeriesValue> value = value_of(metric, row);
      if (!value) continue;
      SeriesRow made;
      for (const ProfileLabel& label : metric.labels) {
        made.labels.push_back(label_of(profile, label, row));
      }
      made.value = *value;
      families.add(std::move(made));
    }
  }
  return evaluated;
}

std::vector<SeriesSample> pack(Evaluated evaluated, std::size_t most) {
  std::vector<SeriesSample> samples;
  std::size_t size = most;
  std::size_t rows = 0;
  for (SeriesFamily& family : evaluated.families) {
    bool cut = false;
    std::size_t own = wire_size(family);
    while (own > most || family.rows.size() > kMostSeriesRows) {
      own -= wire_size(family.rows.back());
      family.rows.pop_back();
      cut = true;
    }
    if (samples.empty() || size + own > most || samples.back().families.size() == kMostFamilies ||
        rows + family.rows.size() > kMostSeriesRows) {
      samples.emplace_back();
      size = rows = 0;
    }
    size += own;
    rows += family.rows.size();
    samples.back().partial = samples.back().partial || cut || evaluated.partial;
    samples.back().families.push_back(std::move(family));
  }
  return samples;
}

}  // namespace itnxt::snmp
