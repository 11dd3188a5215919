#include "daemon/wire/series.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/text.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt::wire {
namespace {

void put(const SeriesRow& from, v1::Series::Row& to) {
  for (const std::string& label : from.labels) to.add_labels(label);
  if (const auto* whole = std::get_if<std::uint64_t>(&from.value)) {
    to.set_whole(*whole);
  } else if (const auto* real = std::get_if<double>(&from.value)) {
    to.set_real(*real);
  }
}

void put(const SeriesRow& from, v1::Series::HistogramRow& to) {
  for (const std::string& label : from.labels) to.add_labels(label);
  const auto* histogram = std::get_if<Histogram>(&from.value);
  if (histogram == nullptr) return;
  to.mutable_counts()->Add(histogram->counts().begin(), histogram->counts().end());
  to.set_sum(histogram->sum());
}

void put(const SeriesFamily& from, v1::Series::Family& to) {
  to.set_name(from.name);
  to.set_type(from.type == SeriesType::counter ? v1::SERIES_TYPE_COUNTER : v1::SERIES_TYPE_GAUGE);
  to.set_summary(from.type == SeriesType::summary);
  to.set_help(from.help);
  for (const std::string& label : from.labels) to.add_labels(label);
  for (const SeriesRow& row : from.rows) put(row, *to.add_rows());
}

void put(const SeriesFamily& from, v1::Series::HistogramFamily& to) {
  to.set_name(from.name);
  to.set_help(from.help);
  for (const std::string& label : from.labels) to.add_labels(label);
  to.mutable_bounds()->Add(from.bounds.begin(), from.bounds.end());
  for (const SeriesRow& row : from.rows) put(row, *to.add_rows());
}

// Names a family or a row of it: "batch.samples[3].series.families[0].rows[7].".
class Where {
 public:
  Where(Problem& problem, std::size_t sample, const char* list, std::size_t family)
      : problem_(problem), sample_(sample), list_(list), family_(family) {}
  void wrong(const std::string& what) {
    problem_.say(of_sample("series", sample_) + list_ + '[' + std::to_string(family_) + ']' + what);
  }
  void wrong(std::size_t row, const std::string& what) {
    wrong(".rows[" + std::to_string(row) + "]" + what);
  }

 private:
  Problem& problem_;
  std::size_t sample_;
  const char* list_;
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

// Name, help and label names: false when something is wrong.
template <class Family>
bool take_head(const Family& from, Where& where, SeriesFamily& to) {
  sanitize_into(to.name, from.name(), kMostSeriesName + 1);  // one more, to be seen as too long
  sanitize_into(to.help, from.help(), kMostSeriesHelp);
  if (to.name.empty()) {
    where.wrong(".name: is empty");
  } else if (static_cast<std::size_t>(from.labels_size()) > kMostSeriesLabels) {
    where.wrong(".labels: " + std::to_string(from.labels_size()) + ", at most " +
                std::to_string(kMostSeriesLabels));
  } else {
    take_texts(from.labels(), kMostLabelName + 1, to.labels);
    return true;
  }
  return false;
}

template <class Row>
bool take_labels(const Row& from, std::size_t number, std::size_t labels, Where& where,
                 SeriesRow& to) {
  if (static_cast<std::size_t>(from.labels_size()) != labels) {
    where.wrong(number, ".labels: " + std::to_string(from.labels_size()) + " values for " +
                            std::to_string(labels) + " names");
    return false;
  }
  take_texts(from.labels(), kMostLabelValue, to.labels);
  return true;
}

void take(const v1::Series::Row& from, std::size_t number, SeriesType type, std::size_t labels,
          Where& where, SeriesRow& to) {
  if (!take_labels(from, number, labels, where, to)) return;
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
  if (!take_head(from, where, to)) return;
  if (from.type() != v1::SERIES_TYPE_GAUGE && from.type() != v1::SERIES_TYPE_COUNTER) {
    return where.wrong(".type: " + std::to_string(from.type()) + " is no SeriesType");
  }
  to.type = static_cast<SeriesType>(from.type());
  if (from.summary()) {
    if (to.type != SeriesType::gauge) return where.wrong(".summary: of a counter");
    to.type = SeriesType::summary;
  }
  to.bounds.clear();
  to.rows.resize(static_cast<std::size_t>(from.rows_size()));
  for (std::size_t i = 0; i < to.rows.size() && !problem.any(); ++i) {
    take(from.rows(static_cast<int>(i)), i, to.type, to.labels.size(), where, to.rows[i]);
  }
}

void take(const v1::Series::HistogramRow& from, std::size_t number, const SeriesFamily& family,
          Where& where, SeriesRow& to) {
  if (!take_labels(from, number, family.labels.size(), where, to)) return;
  const auto counts = static_cast<std::size_t>(from.counts_size());
  if (counts != family.bounds.size() + 1) {
    return where.wrong(number, ".counts: " + std::to_string(counts) + " for " +
                                   std::to_string(family.bounds.size()) +
                                   " bounds, expected one more than bounds");
  }
  if (!std::is_sorted(from.counts().begin(), from.counts().end())) {
    return where.wrong(number, ".counts: fall, expected each with those before it");
  }
  if (!std::isfinite(from.sum())) return where.wrong(number, ".sum: is not finite");
  to.value = Histogram({from.counts().begin(), from.counts().end()}, from.sum());
}

// What the bounds must be is known to whom refuses a family (family_objection).
void take(const v1::Series::HistogramFamily& from, Where& where, Problem& problem,
          SeriesFamily& to) {
  if (!take_head(from, where, to)) return;
  to.type = SeriesType::histogram;
  if (static_cast<std::size_t>(from.bounds_size()) > kMostBounds) {
    return where.wrong(".bounds: " + std::to_string(from.bounds_size()) + ", at most " +
                       std::to_string(kMostBounds));
  }
  to.bounds.assign(from.bounds().begin(), from.bounds().end());
  to.rows.resize(static_cast<std::size_t>(from.rows_size()));
  for (std::size_t i = 0; i < to.rows.size() && !problem.any(); ++i) {
    take(from.rows(static_cast<int>(i)), i, to, where, to.rows[i]);
  }
}

// Lines of /metrics that the sample asks for, before anything is made of them.
std::size_t rows_of(const v1::Series& from) {
  std::size_t rows = 0;
  for (const auto& family : from.families()) rows += static_cast<std::size_t>(family.rows_size());
  for (const auto& family : from.histograms()) {
    rows += static_cast<std::size_t>(family.rows_size()) *
            (static_cast<std::size_t>(family.bounds_size()) + 3);
  }
  return rows;
}

}  // namespace

void put_series(const SeriesSample& from, v1::Series& to) {
  to.set_device(from.device.text());
  to.set_source(from.source);
  to.set_at_ns(from.at.time_since_epoch().count());
  to.set_interval_ns(from.interval.count());
  to.set_partial(from.partial);
  to.set_probe(from.owner == SeriesOwner::probe);
  to.set_capture(from.owner == SeriesOwner::capture);
  for (const SeriesFamily& family : from.families) {
    if (family.type == SeriesType::histogram) {
      put(family, *to.add_histograms());
    } else {
      put(family, *to.add_families());
    }
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
  if (from.probe() && from.capture()) return fields.wrong("capture", "is a probe's, too");
  to.owner = from.probe()     ? SeriesOwner::probe
             : from.capture() ? SeriesOwner::capture
                              : SeriesOwner::collector;
  const auto plain = static_cast<std::size_t>(from.families_size());
  const std::size_t count = plain + static_cast<std::size_t>(from.histograms_size());
  if (count > kMostFamilies) {
    return fields.wrong("families",
                        std::to_string(count) + ", at most " + std::to_string(kMostFamilies));
  }
  const std::size_t own = rows_of(from);
  rows += own;
  if (own > kMostSeriesRows || rows > kMaxSeriesRows) {
    return fields.wrong("families", std::to_string(own) + " rows, at most " +
                                        std::to_string(kMostSeriesRows) + " in a sample and " +
                                        std::to_string(kMaxSeriesRows) + " in a batch");
  }
  to.families.resize(count);
  for (std::size_t i = 0; i < count && !problem.any(); ++i) {
    if (i < plain) {
      Where where(problem, number, "families", i);
      take(from.families(static_cast<int>(i)), where, problem, to.families[i]);
    } else {
      Where where(problem, number, "histograms", i - plain);
      take(from.histograms(static_cast<int>(i - plain)), where, problem, to.families[i]);
    }
  }
}

}  // namespace itnxt::wire
