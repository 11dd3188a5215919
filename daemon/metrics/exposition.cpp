#include "daemon/metrics/exposition.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "daemon/core/labels.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10U;
constexpr std::size_t kLongestNumber = 32;

// Above 2^53 a double loses the low bits; Prometheus takes the wrap for a reset and stays right.
constexpr std::uint64_t kExactDoubles = 1ULL << 53U;

// An interface's counter families: the sum of those columns that the device offers.
struct CounterFamily {
  Metric metric;
  std::array<std::optional<Column>, 3> columns;
};
constexpr std::array<CounterFamily, 8> kCounters = {{
    {Metric::interface_receive_bytes, {Column::in_octets}},
    {Metric::interface_transmit_bytes, {Column::out_octets}},
    {Metric::interface_receive_packets,
     {Column::in_unicast_packets, Column::in_multicast_packets, Column::in_broadcast_packets}},
    {Metric::interface_transmit_packets,
     {Column::out_unicast_packets, Column::out_multicast_packets, Column::out_broadcast_packets}},
    {Metric::interface_receive_errors, {Column::in_errors}},
    {Metric::interface_transmit_errors, {Column::out_errors}},
    {Metric::interface_receive_discards, {Column::in_discards}},
    {Metric::interface_transmit_discards, {Column::out_discards}},
}};

// Absent: the device offers none of its columns, or `metric` is no counter family.
std::optional<std::uint64_t> counter_of(Metric metric, const CounterSet& counters) {
  std::optional<std::uint64_t> total;
  for (const CounterFamily& family : kCounters) {
    if (family.metric != metric) continue;
    for (const std::optional<Column>& column : family.columns) {
      const std::optional<Counter> counter = column ? counters.get(*column) : std::nullopt;
      if (counter) total = total.value_or(0) + counter->value;
    }
  }
  if (total) *total %= kExactDoubles;
  return total;
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, kLongestNumber> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
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
                       BuildInfo build, std::vector<ForeignFamily> foreign, MetricsFormat format)
    : snapshot_(std::move(snapshot)),
      board_(std::move(board)),
      build_(std::move(build)),
      foreign_(std::move(foreign)),
      open_metrics_(format == MetricsFormat::open_metrics_1_0) {}

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
      if (!write_family(static_cast<Metric>(family_))) return;
    } else if (family_ < kOwn + foreign_.size()) {
      write_foreign(foreign_[family_ - kOwn]);
    } else {
      if (open_metrics_ && !ended_) piece_ += "# EOF\n";
      ended_ = true;
      return;
    }
    ++family_;
    outer_ = inner_ = 0;
    has_header_ = false;
  }
}

template <class List, class Write>
bool Exposition::write_each(const List& list, Write write) {
  for (; outer_ < list.size(); ++outer_) {
    if (piece_.size() >= kPiece) return false;
    write(list[outer_]);
  }
  return true;
}

bool Exposition::write_family(Metric metric) {
  const Snapshot& now = *snapshot_;
  switch (info(metric).subject) {
    case MetricSubject::interface:
      return write_interfaces(metric);
    case MetricSubject::device:
      return write_each(now.devices, [&](const auto& d) { write_device(metric, *d); });
    case MetricSubject::link:
      return write_each(now.links, [&](const LinkView& l) { write_link(metric, l); });
    case MetricSubject::site:
      return write_each(now.sites, [&](const Site& s) { write_site(metric, s); });
    case MetricSubject::capture:
      return write_each(now.captures, [&](const CaptureView& c) { write_capture(metric, c); });
    case MetricSubject::rule:
      write_rules(metric);
      return true;
    case MetricSubject::alert:
      return write_each(board_->alerts, [&](const BoardAlert& a) { write_alert(metric, a); });
    case MetricSubject::channel:
      return write_each(board_->channels, [&](const BoardChannel& c) { write_channel(metric, c); });
    case MetricSubject::collector:
      return write_each(now.collectors,
                        [&](const CollectorView& c) { write_collector(metric, c); });
    case MetricSubject::aggregator:
      write_aggregator(metric);
      return true;
    case MetricSubject::process:
      return true;  // among foreign_
  }
  return true;
}

bool Exposition::write_interfaces(Metric metric) {
  const auto& devices = snapshot_->devices;
  for (; outer_ < devices.size(); ++outer_, inner_ = 0) {
    const DeviceView& device = *devices[outer_];
    for (; inner_ < device.interfaces.size(); ++inner_) {
      if (piece_.size() >= kPiece) return false;
      write_interface(metric, device, device.interfaces[inner_]);
    }
  }
  return true;
}

void Exposition::write_interface(Metric metric, const DeviceView& device,
                                 const InterfaceView& one) {
  const std::string& labels = one.identity->labels;
  const auto plain = [&](std::uint64_t number) {
    header(metric);
    piece_ += info(metric).name;
    piece_ += labels;
    piece_ += ' ';
    append_number(piece_, number);
    piece_ += '\n';
  };
  if (const auto counter = counter_of(metric, one.counters)) {
    plain(*counter);
  } else if (metric == Metric::interface_up) {
    if (one.up) plain(*one.up ? 1 : 0);
  } else if (metric == Metric::interface_admin_up) {
    if (one.admin_up) plain(*one.admin_up ? 1 : 0);
  } else if (metric == Metric::interface_speed) {
    if (!one.speed) return;
    header(metric);
    piece_ += info(metric).name;
    piece_ += labels;
    value(one.speed->count());
  } else if (metric == Metric::interface_info) {
    header(metric);
    piece_ += info(metric).name;
    piece_.append(labels, 0, labels.size() - 1);
    append_label(piece_, ',', "alias", one.alias);
    append_label(piece_, ',', "site", device.site.text());
    append_label(piece_, ',', "link", one.link.text());
    piece_ += "} 1\n";
  } else if (metric == Metric::interface_gaps) {
    for (std::size_t i = 0; i < kGaps; ++i) {
      header(metric);
      piece_ += info(metric).name;
      piece_.append(labels, 0, labels.size() - 1);
      append_label(piece_, ',', "reason", kGapNames[i]);
      piece_ += "} ";
      append_number(piece_, one.gaps[i] % kExactDoubles);
      piece_ += '\n';
    }
  }
}

void Exposition::header(Metric metric) {
  if (!has_header_) header(info(metric));
}

void Exposition::header(const MetricInfo& metric) {
  has_header_ = true;
  const std::string_view family = open_metrics_ ? open_metrics_family(metric) : metric.name;
  piece_ += "# HELP ";
  piece_ += family;
  piece_ += ' ';
  for (const char c : metric.help) {
    if (c == '\n') {
      piece_ += "\\n";
    } else if (c == '\\' || (c == '"' && open_metrics_)) {
      piece_ += '\\';
      piece_ += c;
    } else {
      piece_ += c;
    }
  }
  piece_ += "\n# TYPE ";
  piece_ += family;
  piece_ += ' ';
  piece_ += type_name(metric.type, open_metrics_);
  piece_ += '\n';
  if (open_metrics_ && !unit(metric).empty()) {
    piece_ += "# UNIT ";
    piece_ += family;
    piece_ += ' ';
    piece_ += unit(metric);
    piece_ += '\n';
  }
}

void Exposition::line(Metric metric, double number) {
  header(metric);
  piece_ += info(metric).name;
  value(number);
}

void Exposition::line(Metric metric,
                      std::initializer_list<std::pair<std::string_view, std::string_view>> labels,
                      double number) {
  header(metric);
  piece_ += info(metric).name;
  append_labels(piece_, labels);
  value(number);
}

void Exposition::value(double number) {
  piece_ += ' ';
  std::array<char, kLongestNumber> text;
  if (std::isnan(number)) {
    piece_ += "NaN";
  } else if (std::isinf(number)) {
    piece_ += number > 0 ? "+Inf" : "-Inf";
  } else if (number == std::trunc(number) && std::abs(number) < 1e15) {
    const auto whole = static_cast<std::int64_t>(number);
    const auto end = std::to_chars(text.data(), text.data() + text.size(), whole).ptr;
    piece_.append(text.data(), end);
  } else {
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    piece_.append(text.data(), end);
  }
  piece_ += '\n';
}

}  // namespace itnxt
