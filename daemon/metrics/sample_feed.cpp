#include "daemon/metrics/sample_feed.hpp"

#include <algorithm>
#include <bit>
#include <unordered_set>
#include <utility>

#include "daemon/metrics/family_text.hpp"
#include "daemon/metrics/histogram_lines.hpp"

namespace itnxt {
namespace {

std::int64_t to_ms(WallTime t) {
  return std::chrono::floor<std::chrono::milliseconds>(t).time_since_epoch().count();
}

// How long a subject is remembered for its stale markers' sake.
constexpr std::int64_t kRememberMs = 3'600'000;

// Counted by the aggregator, not told by a collector.
bool is_own_tally(Metric metric) {
  return metric == Metric::interface_gaps || metric == Metric::device_interface_changes ||
         metric == Metric::snmp_polls || metric == Metric::snmp_last_success;
}

bool holds(const ValueLines& in, const ValueLines& of, const ValueLines::Line& line) {
  return std::ranges::any_of(in.lines(), [&](const ValueLines::Line& one) {
    return one.metric == line.metric && in.labels(one) == of.labels(line);
  });
}

bool holds(const SubjectSeriesView& view, const std::shared_ptr<const SeriesBlockView>& block) {
  return std::ranges::find(view.blocks, block) != view.blocks.end();
}

std::string text_of(const SeriesSubject& subject) {
  const auto& [device, node, collector, owner] = subject;
  return device.text() + '\n' + node.text() + '\n' + collector.text() + '\n' +
         std::to_string(static_cast<unsigned>(owner));
}

std::string_view name_of(const SeriesSubject& subject) {
  const auto& [device, node, collector, owner] = subject;
  return device.empty() ? node.text() : device.text();
}

}  // namespace

SampleFeed::SampleFeed(Of of, FeedSink& sink) : of_(of), sink_(sink) {}

void SampleFeed::tell(std::string_view metric, std::string_view labels, double value,
                      std::int64_t at) {
  sink_.fed({metric, labels, value, at, scope_.name, at <= scope_.floor});
}

void SampleFeed::mark(std::string_view metric, std::string_view labels, std::int64_t at) {
  tell(metric, labels, std::bit_cast<double>(kStaleMarker), at);
  if (at <= horizon_) *scope_.marked = std::max(*scope_.marked, at);
}

// line(metric, labels, value) for what the row is on /metrics.
template <class Line>
void SampleFeed::each_line(const Family& family, const SeriesRowView& row, Line line) {
  if (const auto* whole = std::get_if<std::uint64_t>(&row.value)) {
    return line(family.name, row.labels, static_cast<double>(wrapped(*whole)));
  }
  if (const auto* real = std::get_if<double>(&row.value)) {
    return line(family.name, row.labels, *real);
  }
  std::string labels;
  for_each_line(family.bounds, std::get<Histogram>(row.value),
                [&](std::string_view end, std::string_view bound, auto value) {
                  labels.clear();
                  if (bound.empty()) {
                    labels = row.labels;
                  } else {
                    append_labels(labels, row.labels, {{"le", bound}});
                  }
                  line(family.name + std::string(end), labels, static_cast<double>(value));
                });
}

void SampleFeed::tell_row(std::uint32_t family, const SeriesRowView& row, std::int64_t at) {
  each_line(family_of_[family], row,
            [&](std::string_view metric, std::string_view labels, double value) {
              tell(metric, labels, value, at);
            });
}

void SampleFeed::mark_row(std::uint32_t family, const SeriesRowView& row, std::int64_t at) {
  each_line(family_of_[family], row, [&](std::string_view metric, std::string_view labels, double) {
    mark(metric, labels, at);
  });
}

// The same time: it was told. An earlier one: a clock was set back, or batches overtook each other.
bool SampleFeed::goes_on(WallTime told_at, WallTime at) {
  const std::int64_t told = to_ms(told_at);
  if (to_ms(at) < told && told <= horizon_) {
    *scope_.marked = std::max(*scope_.marked, told);
    scope_.floor = std::max(scope_.floor, told);
  }
  return to_ms(at) != told;
}

template <class Subject>
void SampleFeed::read(ValueLines& lines, const Subject& subject, bool with_tallies) const {
  lines.clear();
  for (const MetricValue<Subject>& one : values_of<Subject>()) {
    if (!with_tallies && is_own_tally(one.metric)) continue;
    lines.begin(info(one.metric));
    one.write(lines, subject);
  }
}

template <class Subject>
void SampleFeed::step(const Subject* before, const Subject& now, WallTime told_at, WallTime at,
                      std::int64_t ends_at) {
  read(now_, now, before != nullptr && of_ == Of::present);
  if (before != nullptr && of_ == Of::present) {
    read(before_, *before, true);
    const std::int64_t end = std::max(ends_at, to_ms(told_at) + 1);
    std::size_t next = 0;  // mostly they are the same, in the same order
    for (const ValueLines::Line& line : before_.lines()) {
      const auto& lines = now_.lines();
      if (next < lines.size() && lines[next].metric == line.metric &&
          now_.labels(lines[next]) == before_.labels(line)) {
        ++next;
      } else if (!holds(now_, before_, line)) {
        mark(line.metric, before_.labels(line), end);
      }
    }
  }
  if (before != nullptr && !goes_on(told_at, at)) return;
  for (const ValueLines::Line& line : now_.lines()) {
    tell(line.metric, now_.labels(line), line.value, to_ms(at));
  }
}

template <class Subject>
void SampleFeed::end(const Subject& gone, WallTime told_at, std::int64_t ends_at) {
  if (of_ == Of::past) return;
  read(before_, gone, true);
  const std::int64_t end = std::max(ends_at, to_ms(told_at) + 1);
  for (const ValueLines::Line& line : before_.lines()) {
    mark(line.metric, before_.labels(line), end);
  }
}

void SampleFeed::took(const Sample& sample, const SampleSource& source, Table& table) {
  if (const auto* device = std::get_if<DeviceSample>(&sample)) {
    took_device(device->device, table);
  } else if (const auto* series = std::get_if<SeriesSample>(&sample)) {
    took_series(subject_of(*series, source), table);
  }
}

void SampleFeed::took_device(const DeviceName& name, Table& table) {
  std::shared_ptr<const DeviceView> now = table.device(name);
  if (!now) return;
  const auto entry = devices_.try_emplace(name).first;
  const auto before = std::exchange(entry->second.view, now);
  scope_ = {entry->first.text(), &entry->second.marked, entry->second.marked};
  step_device(before.get(), *now, to_ms(now->at));
  for (LinkView& link : table.links_of(name)) took_link(std::move(link), now->at);
}

void SampleFeed::step_device(const DeviceView* before, const DeviceView& now,
                             std::int64_t ends_at) {
  static const DeviceView kNothing;
  step(before, now, before == nullptr ? WallTime{} : before->at, now.at, ends_at);
  step_ports(before == nullptr ? kNothing : *before, now, ends_at);
}

void SampleFeed::step_ports(const DeviceView& before, const DeviceView& now, std::int64_t ends_at) {
  const auto same = [](const InterfaceView& a, const InterfaceView& b) {
    return a.identity == b.identity || a.identity->labels == b.identity->labels;
  };
  const auto go_on = [&](const InterfaceView& old, const InterfaceView& port) {
    const PortOfDevice was{before, old};
    step(&was, PortOfDevice{now, port}, old.at, port.at, ends_at);
  };
  if (std::ranges::equal(before.interfaces, now.interfaces, same)) {
    for (std::size_t i = 0; i < now.interfaces.size(); ++i) {
      go_on(before.interfaces[i], now.interfaces[i]);
    }
    return;
  }
  std::unordered_map<std::string_view, const InterfaceView*> left;
  for (const InterfaceView& one : before.interfaces) left[one.identity->labels] = &one;
  for (const InterfaceView& one : now.interfaces) {
    const auto found = left.find(one.identity->labels);
    if (found == left.end()) {
      step<PortOfDevice>(nullptr, {now, one}, {}, one.at, ends_at);
    } else {
      go_on(*found->second, one);
      left.erase(found);
    }
  }
  for (const InterfaceView& one : before.interfaces) {
    if (left.contains(one.identity->labels)) end(PortOfDevice{before, one}, one.at, ends_at);
  }
}

// `at`: of the sample of a device that it ends at. Without a known end nothing new can be said of
// it, but that what was known is known no more.
void SampleFeed::took_link(LinkView link, WallTime at) {
  const bool is_known = link.at != WallTime{};
  const auto [entry, is_new] = links_.try_emplace(link.name);
  if (is_new && !is_known) {
    links_.erase(entry);
    return;
  }
  scope_ = {entry->first.text(), &entry->second.marked, entry->second.marked};
  const LinkView& before = entry->second.view;
  if (!is_known || (link.at < before.at && link.at > before.at - kClockSetBack)) {
    link.at = before.at;
  }
  step(is_new ? nullptr : &before, link, before.at, link.at, to_ms(at));
  entry->second.view = std::move(link);
}

void SampleFeed::name_families(Table& table) {
  auto families = table.series_families();
  if (families == families_) return;
  families_ = std::move(families);
  // Names of those that went stay for a while: their series have to be ended.
  if (family_of_.size() > 2 * families_->size() + 1000) family_of_.clear();
  for (const SeriesFamilyView& one : *families_) family_of_[one.id] = {one.name, one.bounds};
}

void SampleFeed::took_series(const SeriesSubject& subject, Table& table) {
  static const SubjectSeriesView kNothing;
  name_families(table);
  KnownSeries& known = series_[text_of(subject)];
  known.key = subject;
  const auto now = table.series_of(subject);
  const auto before = std::exchange(known.view, now);
  scope_ = {name_of(known.key), &known.marked, known.marked};
  std::int64_t at = 0;
  if (now) {
    for (const auto& block : now->blocks) at = std::max(at, to_ms(block->at));
  }
  step_series(before ? *before : kNothing, now ? *now : kNothing, at);
}

// What is missing of it in `now`.
void SampleFeed::end_rows(const SeriesBlockView& gone, const SubjectSeriesView& now,
                          std::int64_t ends_at) {
  std::unordered_set<std::string_view> there;
  for (const auto& one : now.blocks) {
    if (one->family != gone.family) continue;
    for (const SeriesRowView& row : one->rows) there.insert(row.labels);
  }
  const std::int64_t end = std::max(ends_at, to_ms(gone.at) + 1);
  for (const SeriesRowView& row : gone.rows) {
    if (!there.contains(row.labels)) mark_row(gone.family, row, end);
  }
}

void SampleFeed::step_series(const SubjectSeriesView& before, const SubjectSeriesView& now,
                             std::int64_t ends_at) {
  std::unordered_map<std::uint32_t, WallTime> told;  // by family, of blocks that were replaced
  for (const auto& block : before.blocks) {
    if (holds(now, block)) continue;
    WallTime& last = told[block->family];
    last = std::max(last, block->at);
    if (of_ == Of::present) end_rows(*block, now, ends_at);
  }
  for (const auto& block : now.blocks) {
    if (holds(before, block)) continue;
    const auto last = told.find(block->family);
    if (last != told.end() && !goes_on(last->second, block->at)) continue;
    for (const SeriesRowView& row : block->rows) {
      tell_row(block->family, row, to_ms(block->at));
    }
  }
}

void SampleFeed::look(Table& table, WallTime wall) {
  if (look_at_devices(table, to_ms(wall))) look_at_links(table, to_ms(wall));
  look_at_series(table, to_ms(wall));
}

bool SampleFeed::look_at_devices(Table& table, std::int64_t at) {
  bool changed = false;
  for (auto it = devices_.begin(); it != devices_.end();) {
    const std::shared_ptr<const DeviceView> now = table.device(it->first);
    if (now == it->second.view) {
      ++it;
      continue;
    }
    changed = true;
    const auto before = std::exchange(it->second.view, now);
    scope_ = {it->first.text(), &it->second.marked, it->second.marked};
    if (now) {
      step_device(before.get(), *now, at);
      ++it;
      continue;
    }
    end(*before, before->at, at);
    for (const InterfaceView& one : before->interfaces) {
      end(PortOfDevice{*before, one}, one.at, at);
    }
    it = devices_.erase(it);
  }
  return changed;
}

void SampleFeed::look_at_links(Table& table, std::int64_t at) {
  for (auto it = links_.begin(); it != links_.end();) {
    LinkView& view = it->second.view;
    scope_ = {it->first.text(), &it->second.marked, it->second.marked};
    if (std::optional<LinkView> now = table.link(it->first)) {
      now->at = view.at;  // nothing was told since
      step(&view, *now, view.at, now->at, at);
      view = std::move(*now);
      ++it;
    } else {
      end(view, view.at, at);
      it = links_.erase(it);
    }
  }
}

void SampleFeed::look_at_series(Table& table, std::int64_t at) {
  static const SubjectSeriesView kNothing;
  for (auto it = series_.begin(); it != series_.end();) {
    KnownSeries& known = it->second;
    const auto now = table.series_of(known.key);
    if (now != known.view) {
      scope_ = {name_of(known.key), &known.marked, known.marked};
      const auto before = std::exchange(known.view, now);
      step_series(before ? *before : kNothing, now ? *now : kNothing, at);
    }
    const bool forgotten = !now && known.marked < at - kRememberMs;
    it = forgotten ? series_.erase(it) : std::next(it);
  }
}

}  // namespace itnxt
