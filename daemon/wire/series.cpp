#include "daemon/wire/series.hpp"

#include <cmath>

#include "daemon/core/text.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt::wire {
namespace {

void put(const SeriesRow& from, v1::Series::Row& to) {
  for (const std::string& label : from.labels) to.add_labels(label);
  if (const auto* whole = std::get_if<std::uint64_t>(&from.value)) {
    to.set_whole(*whole);
  } else {
    to.set_real(std::get<double>(from.value));
  }
}

// Names a family or a row of it: "batch.samples[3].series.families[0].rows[7].".
class Where {
 public:
  Where(Problem& problem, std::size_t sample, std::size_t family)
      : problem_(problem), sample_(sample), family_(family) {}
  void wrong(const std::string& what) {
    problem_.say(of_sample("series", sample_) + "families[" + std::to_string(family_) + "]" + what);
  }
  void wrong(std::size_t row, const std::string& what) {
    wrong(".rows[" + std::to_string(row) + "]" + what);
  }

 private:
  Problem& problem_;
  std::size_t sample_;
  std::size_t family_;
};

// A name is refused by who knows what it must be; here it only becomes harmless.
template <class Texts>
void take_texts(const Texts& from, std::size_t most, std::vector<std::string>& to) {
  to.resize(static_cast<std::size_t>(from.size()));
  for (std::size_t i = 0; i < to.size(); ++i) {
    sanitize_into(to[i], from.Get(static_cast<int>(i)), most);
  }
}

void take(const v1::Series::Row& from, std::size_t number, SeriesType type, std::size_t labels,
          Where& where, SeriesRow& to) {
  if (static_cast<std::size_t>(from.labels_size()) != labels) {
    return where.wrong(number, ".labels: " + std::to_string(from.labels_size()) + " values for " +
                                   std::to_string(labels) + " names");
  }
  take_texts(from.labels(), kMostLabelValue, to.labels);
  if (type == SeriesType::summary && (labels == 0 || !is_quantile(to.labels.back()))) {
    return where.wrong(number, ".labels: the last is no quantile of a summary");
  }
  switch (from.value_case()) {
    case v1::Series::Row::kWhole:
      to.value = from.whole();
      return;
    case v1::Series::Row::kReal:
      if (!std::isfinite(from.real())) return where.wrong(number, ".real: is not finite");
      if (type == SeriesType::counter && from.real() < 0) {
        return where.wrong(number, ".real: is below zero in a counter");
      }
      to.value = from.real();
      return;
    case v1::Series::Row::VALUE_NOT_SET:
      return where.wrong(number, ": has no value");
  }
}

void take(const v1::Series::Family& from, Where& where, Problem& problem, SeriesFamily& to) {
  sanitize_into(to.name, from.name(), kMostSeriesName + 1);  // one more, to be seen as too long
  if (to.name.empty()) where.wrong(".name: is empty");
  if (from.type() != v1::SERIES_TYPE_GAUGE && from.type() != v1::SERIES_TYPE_COUNTER) {
    return where.wrong(".type: " + std::to_string(from.type()) + " is no SeriesType");
  }
  to.type = static_cast<SeriesType>(from.type());
  if (from.summary()) {
    if (to.type != SeriesType::gauge) return where.wrong(".summary: of a counter");
    to.type = SeriesType::summary;
  }
  sanitize_into(to.help, from.help(), kMostSeriesHelp);
  if (static_cast<std::size_t>(from.labels_size()) > kMostSeriesLabels) {
    return where.wrong(".labels: " + std::to_string(from.labels_size()) + ", at most " +
                       std::to_string(kMostSeriesLabels));
  }
  take_texts(from.labels(), kMostLabelName + 1, to.labels);
  to.rows.resize(static_cast<std::size_t>(from.rows_size()));
  for (std::size_t i = 0; i < to.rows.size() && !problem.any(); ++i) {
    take(from.rows(static_cast<int>(i)), i, to.type, to.labels.size(), where, to.rows[i]);
  }
}

}  // namespace

void put_series(const SeriesSample& from, v1::Series& to) {
  to.set_device(from.device.text());
  to.set_source(from.source);
  to.set_at_ns(from.at.time_since_epoch().count());
  to.set_interval_ns(from.interval.count());
  to.set_partial(from.partial);
  to.set_probe(from.probe);
  for (const SeriesFamily& family : from.families) {
    v1::Series::Family& one = *to.add_families();
    one.set_name(family.name);
    one.set_type(family.type == SeriesType::counter ? v1::SERIES_TYPE_COUNTER
                                                    : v1::SERIES_TYPE_GAUGE);
    one.set_summary(family.type == SeriesType::summary);
    one.set_help(family.help);
    for (const std::string& label : family.labels) one.add_labels(label);
    for (const SeriesRow& row : family.rows) put(row, *one.add_rows());
  }
}

void take_series(const v1::Series& from, std::size_t number, std::size_t& rows, Problem& problem,
                 SeriesSample& to) {
  Fields fields(problem, "series", number);
  std::string text;
  sanitize_into(text, from.device(), kMostLabelValue);
  to.device = DeviceName(std::move(text));
  sanitize_into(to.source, from.source(), kMostLabelValue);
  to.at = fields.source_time(from.at_ns(), "at_ns");
  to.interval = fields.duration(from.interval_ns(), "interval_ns");
  to.partial = from.partial();
  to.probe = from.probe();
  const auto count = static_cast<std::size_t>(from.families_size());
  if (count > kMostFamilies) {
    return fields.wrong("families",
                        std::to_string(count) + ", at most " + std::to_string(kMostFamilies));
  }
  std::size_t own = 0;  // counted before anything is made of them
  for (const auto& family : from.families()) own += static_cast<std::size_t>(family.rows_size());
  rows += own;
  if (own > kMostSeriesRows || rows > kMaxSeriesRows) {
    return fields.wrong("families", std::to_string(own) + " rows, at most " +
                                        std::to_string(kMostSeriesRows) + " in a sample and " +
                                        std::to_string(kMaxSeriesRows) + " in a batch");
  }
  to.families.resize(count);
  for (std::size_t i = 0; i < count && !problem.any(); ++i) {
    Where where(problem, number, i);
    take(from.families(static_cast<int>(i)), where, problem, to.families[i]);
  }
}

}  // namespace itnxt::wire
