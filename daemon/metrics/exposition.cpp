#include "daemon/metrics/exposition.hpp"

#include <algorithm>
#include <cstring>

namespace itnxt {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10U;

bool is_bulk(MetricSubject subject) {
  return subject == MetricSubject::interface || subject == MetricSubject::device ||
         subject == MetricSubject::link;
}

MetricType type_of(const SeriesFamilyView& family) {
  switch (family.type) {
    case SeriesType::gauge:
      return family.info ? MetricType::info : MetricType::gauge;
    case SeriesType::counter:
      return MetricType::counter;
    case SeriesType::summary:
      return MetricType::summary;
    case SeriesType::histogram:
      return MetricType::histogram;
  }
  return MetricType::gauge;
}

void write_row(FamilyText& text, const SeriesRowView& row, const std::vector<std::string>& bounds) {
  if (const auto* whole = std::get_if<std::uint64_t>(&row.value)) {
    text.line(row.labels, wrapped(*whole));
  } else if (const auto* histogram = std::get_if<Histogram>(&row.value)) {
    text.histogram(row.labels, bounds, *histogram);
  } else {
    text.line(row.labels, std::get<double>(row.value));
  }
}

}  // namespace

std::string_view content_type(MetricsFormat format) {
  switch (format) {
    case MetricsFormat::text_0_0_4:
      return "text/plain; version=0.0.4; charset=utf-8";
    case MetricsFormat::open_metrics_1_0:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
  }
  return {};
}

Exposition::Exposition(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const Board> board,
                       BuildInfo build, std::vector<ForeignFamily> foreign, MetricsFormat format,
                       bool bulk)
    : snapshot_(std::move(snapshot)),
      board_(std::move(board)),
      build_(std::move(build)),
      foreign_(std::move(foreign)),
      open_metrics_(format == MetricsFormat::open_metrics_1_0),
      bulk_(bulk),
      series_(bulk && snapshot_->series_families ? *snapshot_->series_families : none_),
      text_(piece_, open_metrics_) {}

std::size_t Exposition::read(char* buffer, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    if (read_ == piece_.size()) {
      piece_.clear();
      read_ = 0;
      fill();
      if (piece_.empty()) break;
    }
    const std::size_t part = std::min(size - done, piece_.size() - read_);
    std::memcpy(buffer + done, piece_.data() + read_, part);
    done += part;
    read_ += part;
  }
  return done;
}

void Exposition::fill() {
  piece_.reserve(kPiece + kPiece / 8);
  constexpr std::size_t kOwn = static_cast<std::size_t>(Metric::process_cpu_seconds);
  while (piece_.size() < kPiece) {
    if (family_ < kOwn) {
      const auto metric = static_cast<Metric>(family_);
      if (!begun_) text_.begin(info(metric));
      begun_ = true;
      if (!write_family(metric)) return;
    } else if (family_ < kOwn + series_.size()) {
      if (!write_series(series_[family_ - kOwn])) return;
    } else if (family_ < kOwn + series_.size() + foreign_.size()) {
      write_foreign(foreign_[family_ - kOwn - series_.size()]);
    } else {
      if (open_metrics_ && !ended_) piece_ += "# EOF\n";
      ended_ = true;
      return;
    }
    ++family_;
    outer_ = inner_ = 0;
    begun_ = false;
  }
}

template <class Subject, class List, class Find>
bool Exposition::write_each(Metric metric, const List& list, Find subject_of) {
  const WriteValue<Subject> write = value_of<Subject>(metric);
  for (; write != nullptr && outer_ < list.size(); ++outer_) {
    if (piece_.size() >= kPiece) return false;
    write(text_, subject_of(list[outer_]));
  }
  return true;
}

bool Exposition::write_family(Metric metric) {
  const auto itself = [](const auto& one) -> const auto& {
    return one;
  };
  const auto pointed_to = [](const auto& one) -> const auto& {
    return *one;
  };
  if (!bulk_ && is_bulk(info(metric).subject)) return true;
  switch (info(metric).subject) {
    case MetricSubject::interface:
      return write_interfaces(metric);
    case MetricSubject::device:
      return write_each<DeviceView>(metric, snapshot_->devices, pointed_to);
    case MetricSubject::link:
      return write_each<LinkView>(metric, snapshot_->links, itself);
    case MetricSubject::site:
      return write_each<Site>(metric, snapshot_->sites, itself);
    case MetricSubject::capture:
      return write_each<CaptureView>(metric, snapshot_->captures, itself);
    case MetricSubject::alert:
      return write_each<BoardAlert>(metric, board_->alerts, itself);
    case MetricSubject::channel:
      return write_each<BoardChannel>(metric, board_->channels, itself);
    case MetricSubject::collector:
      return write_each<CollectorView>(metric, snapshot_->collectors, itself);
    case MetricSubject::rule:
    case MetricSubject::aggregator:
      return write_aggregator(metric);
    case MetricSubject::process:
      return true;  // among foreign_
  }
  return true;
}

bool Exposition::write_interfaces(Metric metric) {
  const WriteValue<PortOfDevice> write = value_of<PortOfDevice>(metric);
  const auto& devices = snapshot_->devices;
  for (; write != nullptr && outer_ < devices.size(); ++outer_, inner_ = 0) {
    const DeviceView& device = *devices[outer_];
    for (; inner_ < device.interfaces.size(); ++inner_) {
      if (piece_.size() >= kPiece) return false;
      write(text_, {device, device.interfaces[inner_]});
    }
  }
  return true;
}

bool Exposition::write_aggregator(Metric metric) {
  const WriteValue<WholeAggregator> write = value_of<WholeAggregator>(metric);
  if (write != nullptr) write(text_, {*snapshot_, *board_, build_});
  return true;
}

// What collectors brought along, subject after subject.
bool Exposition::write_series(const SeriesFamilyView& family) {
  const MetricInfo metric{family.name, type_of(family), MetricSubject::process, {}, family.help};
  text_.begin(metric, begun_);
  const auto& subjects = snapshot_->series_of;
  for (; outer_ < subjects.size(); ++outer_) {
    begun_ = text_.has_lines();
    if (piece_.size() >= kPiece) return false;
    const auto& blocks = subjects[outer_]->blocks;
    auto block = std::ranges::lower_bound(blocks, family.id, {}, &SeriesBlockView::family);
    for (; block != blocks.end() && (*block)->family == family.id; ++block) {
      for (const SeriesRowView& row : (*block)->rows) {
        write_row(text_, row, family.bounds);
      }
    }
  }
  return true;
}

void Exposition::write_foreign(const ForeignFamily& family) {
  const MetricInfo metric{family.name, family.type, MetricSubject::process, {}, family.help};
  text_.begin(metric);
  for (const ForeignSample& sample : family.samples)
    text_.foreign_line(sample.labels, sample.value);
}

}  // namespace itnxt
