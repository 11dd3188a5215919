#include "daemon/core/series.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

constexpr std::string_view kPrefix = "itnxt_";

bool is_word(std::string_view text) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && is_lower(text.front()) && std::ranges::all_of(text, [&](char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || c == '_';
  });
}

bool has_empty_part(std::string_view name) {
  return name.find("__") != std::string_view::npos || name.ends_with('_');
}

// What a part of a name must not be, and what to say instead.
struct Banned {
  std::string_view part;
  std::string_view instead;
};
constexpr std::string_view kNoWord = "nothing: the type stands in TYPE";
constexpr std::array kBanned = {
    Banned{"gauge", kNoWord},     Banned{"counter", kNoWord},
    Banned{"histogram", kNoWord}, Banned{"summary", kNoWord},
    Banned{"minutes", "seconds"}, Banned{"hours", "seconds"},
    Banned{"days", "seconds"},    Banned{"weeks", "seconds"},
    Banned{"s", "seconds"},       Banned{"sec", "seconds"},
    Banned{"ms", "seconds"},      Banned{"us", "seconds"},
    Banned{"ns", "seconds"},      Banned{"m", "seconds"},
    Banned{"h", "seconds"},       Banned{"d", "seconds"},
    Banned{"bits", "bytes"},      Banned{"b", "bytes"},
    Banned{"kb", "bytes"},        Banned{"mb", "bytes"},
    Banned{"gb", "bytes"},        Banned{"tb", "bytes"},
    Banned{"pb", "bytes"},        Banned{"percent", "ratio, from 0 to 1"},
    Banned{"kelvins", "kelvin"},  Banned{"fahrenheit", "celsius"},
    Banned{"rankine", "celsius"}, Banned{"inches", "meters"},
    Banned{"yards", "meters"},    Banned{"miles", "meters"},
    Banned{"calories", "joules"}, Banned{"pounds", "grams"},
    Banned{"ounces", "grams"},
};
constexpr std::array<std::string_view, 12> kBaseUnits = {"amperes", "bytes",   "celsius", "grams",
                                                         "hertz",   "joules",  "kelvin",  "meters",
                                                         "metres",  "seconds", "volts",   "watts"};
constexpr std::array<std::string_view, 14> kMultiples = {"pico", "nano", "micro", "milli", "centi",
                                                         "deci", "deca", "hecto", "kilo",  "kibi",
                                                         "mega", "mebi", "giga",  "tera"};
// What other lines of the formats mean something by.
constexpr std::array<std::string_view, 6> kReservedEnds = {"_bucket",  "_count",  "_sum",
                                                           "_created", "_gcount", "_gsum"};
constexpr std::array<std::string_view, 8> kReservedLabels = {
    "device", "node", "collector", "probe", "capture", "le", "quantile", "job"};
constexpr std::string_view kQuantile = "quantile";

std::optional<std::string> part_objection(std::string_view part) {
  for (const Banned& banned : kBanned) {
    if (part == banned.part) {
      return "holds '" + std::string(part) + "', expected " + std::string(banned.instead);
    }
  }
  for (const std::string_view unit : kBaseUnits) {
    if (!part.ends_with(unit) || part == unit) continue;
    const std::string_view multiple = part.substr(0, part.size() - unit.size());
    if (std::ranges::find(kMultiples, multiple) != kMultiples.end()) {
      return "holds '" + std::string(part) + "', expected the base unit " + std::string(unit);
    }
  }
  return std::nullopt;
}

void judge_name(const SeriesFamily& family, std::vector<std::string>& found) {
  const std::string_view name = family.name;
  if (name.size() > kMostSeriesName || !name.starts_with(kPrefix) || !is_word(name) ||
      name.size() == kPrefix.size() || has_empty_part(name)) {
    found.push_back("expected itnxt_ and words of a-z and 0-9 with one _ between them, at most " +
                    std::to_string(kMostSeriesName) + " bytes");
    return;
  }
  if ((family.type == SeriesType::counter) != name.ends_with("_total")) {
    found.emplace_back(family.type == SeriesType::counter ? "a counter's name ends with _total"
                                                          : "only a counter's name ends with "
                                                            "_total");
  }
  for (const std::string_view end : kReservedEnds) {
    if (family_base(name).ends_with(end)) {
      found.push_back("ends with " + std::string(end) + ", which the formats keep for themselves");
    }
  }
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t end = std::min(name.find('_', at), name.size());
    if (auto objection = part_objection(name.substr(at, end - at))) {
      found.push_back(std::move(*objection));
    }
    at = end + 1;
  }
}

void judge_labels(const SeriesFamily& family, std::vector<std::string>& found) {
  if (family.labels.size() > kMostSeriesLabels) {
    found.push_back(std::to_string(family.labels.size()) + " labels, at most " +
                    std::to_string(kMostSeriesLabels));
    return;
  }
  const bool summary = family.type == SeriesType::summary;
  if (summary && (family.labels.empty() || family.labels.back() != kQuantile)) {
    found.emplace_back("the last label of a summary is 'quantile'");
    return;
  }
  for (std::size_t i = 0; i + (summary ? 1 : 0) < family.labels.size(); ++i) {
    const std::string& label = family.labels[i];
    const auto here = family.labels.begin() + static_cast<std::ptrdiff_t>(i);
    const std::string which = "label " + std::to_string(i + 1);
    if (label.size() > kMostLabelName || !is_word(label) || has_empty_part(label)) {
      found.push_back(which + " is no name: expected a-z, 0-9 and single _, at most " +
                      std::to_string(kMostLabelName) + " bytes");
    } else if (std::ranges::find(kReservedLabels, label) != kReservedLabels.end()) {
      found.push_back(which + " is '" + label + "', which is set by itnxt or by Prometheus");
    } else if (std::find(family.labels.begin(), here, label) != here) {
      found.push_back("two labels are named '" + label + "'");
    }
  }
}

void judge_bounds(const SeriesFamily& family, std::vector<std::string>& found) {
  if (family.type != SeriesType::histogram) {
    if (!family.bounds.empty()) found.emplace_back("has bounds of buckets, but is no histogram");
    return;
  }
  const auto falls = [](double one, double next) { return !(one < next); };
  if (family.bounds.empty() || family.bounds.size() > kMostBounds ||
      !std::ranges::all_of(family.bounds, [](double bound) { return std::isfinite(bound); }) ||
      std::ranges::adjacent_find(family.bounds, falls) != family.bounds.end()) {
    found.push_back("a histogram has 1 to " + std::to_string(kMostBounds) +
                    " bounds, finite and ascending");
  }
}

}  // namespace

Histogram::Histogram(std::vector<std::uint64_t> counts, double sum)
    : content_(std::make_unique<const Content>(Content{std::move(counts), sum})) {}
Histogram::Histogram(const Histogram& other)
    : content_(other.content_ ? std::make_unique<const Content>(*other.content_) : nullptr) {}
Histogram& Histogram::operator=(Histogram other) noexcept {
  content_ = std::move(other.content_);
  return *this;
}

std::size_t lines_per_row(const SeriesFamily& family) {
  if (family.type != SeriesType::histogram) return 1;
  return family.bounds.size() + 3;  // the bucket without bound, the sum and the count
}

std::string bound_text(double bound) {
  std::array<char, 32> text{};
  const double size = std::abs(bound);
  const bool is_plain = size == 0 || (size >= 1e-4 && size < 1e6);
  char* const room = text.data() + text.size();
  const auto end = is_plain ? std::to_chars(text.data(), room, bound, std::chars_format::fixed).ptr
                            : std::to_chars(text.data(), room, bound).ptr;
  std::string made(text.data(), end);
  if (made.find_first_of(".e") == std::string::npos) made += ".0";
  return made;
}

std::string_view family_base(std::string_view name) {
  for (const std::string_view end : {std::string_view("_total"), std::string_view("_info")}) {
    if (name.ends_with(end)) return name.substr(0, name.size() - end.size());
  }
  return name;
}

bool is_info(const SeriesFamily& family) {
  return family.type == SeriesType::gauge && std::string_view(family.name).ends_with("_info");
}

bool is_quantile(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (read.ec != std::errc() || read.ptr != end || !(number > 0 && number < 1)) return false;
  std::array<char, 32> shortest{};
  const auto written = std::to_chars(shortest.data(), shortest.data() + shortest.size(), number);
  return text ==
         std::string_view(shortest.data(), static_cast<std::size_t>(written.ptr - shortest.data()));
}

std::size_t wire_size(const SeriesRow& row) {
  std::size_t size = 16;  // tag and length of the row, the value at its widest
  if (const auto* histogram = std::get_if<Histogram>(&row.value)) {
    size += 16 + 10 * histogram->counts().size();
  }
  for (const std::string& label : row.labels) size += 4 + label.size();
  return size;
}

std::size_t wire_size(const SeriesFamily& family) {
  std::size_t size = 24 + family.name.size() + family.help.size();
  for (const std::string& label : family.labels) size += 4 + label.size();
  size += 8 * family.bounds.size();
  for (const SeriesRow& row : family.rows) size += wire_size(row);
  return size;
}

std::size_t wire_size(const SeriesSample& sample) {
  std::size_t size = 48 + sample.device.text().size() + sample.source.size();
  for (const SeriesFamily& family : sample.families) size += wire_size(family);
  return size;
}

std::vector<std::string> family_objections(const SeriesFamily& family) {
  std::vector<std::string> found;
  judge_name(family, found);
  judge_labels(family, found);
  judge_bounds(family, found);
  if (family.help.empty() || family.help.size() > kMostSeriesHelp ||
      sanitize(family.help, kMostSeriesHelp) != family.help) {
    found.push_back("help is no line of 1 to " + std::to_string(kMostSeriesHelp) + " bytes");
  }
  for (std::string& objection : found) {
    objection.insert(0, sanitize(family.name, kMostSeriesName) + ": ");
  }
  return found;
}

std::optional<std::string> family_objection(const SeriesFamily& family) {
  std::vector<std::string> found = family_objections(family);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

}  // namespace itnxt
