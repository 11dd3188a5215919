// The analysis of a savefile as tables and as data.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "daemon/core/text.hpp"
#include "daemon/ctl/capture.hpp"
#include "daemon/ctl/human.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/views.hpp"
#include "daemon/io/api_talkers.hpp"

namespace itnxt::ctl {
namespace {

constexpr std::string_view kPrefix = "itnxt_capture_";

// "dscp bytes" of itnxt_capture_dscp_bytes_total.
std::string title_of(const SeriesFamily& family) {
  std::string_view name = family.name;
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  std::string title(name.substr(0, name.size() - (name.ends_with("_total") ? 6 : 0)));
  std::ranges::replace(title, '_', ' ');
  return title;
}

std::string number(const SeriesValue& value) {
  if (const auto* whole = std::get_if<std::uint64_t>(&value)) {
    return grouped(static_cast<double>(*whole));
  }
  const double real = std::get<double>(value);
  if (real == static_cast<double>(static_cast<std::int64_t>(real))) return grouped(real);
  return fmt::format("{:.6g}", real);
}

// Whether there is anything in it: what a file has not need not be read.
bool row_tells(const SeriesRow& row) {
  if (const auto* histogram = std::get_if<Histogram>(&row.value)) {
    return !histogram->counts().empty() && histogram->counts().back() != 0;
  }
  const auto* whole = std::get_if<std::uint64_t>(&row.value);
  return whole != nullptr ? *whole != 0 : std::get<double>(row.value) != 0;
}

bool tells(const SeriesFamily& family) {
  return std::ranges::any_of(family.rows, row_tells);
}

std::string traffic_text(const CaptureSample& sample, const Style& style) {
  const double all = static_cast<double>(sample.total().bytes.count());
  Table table({{"DIRECTION"},
               {"PROTOCOL"},
               {"PACKETS", Align::right},
               {"BYTES", Align::right},
               {"SHARE", Align::right}});
  bool any = false;
  for (std::size_t d = 0; d < kDirections; ++d) {
    for (std::size_t p = 0; p < kProtocols; ++p) {
      const TrafficCount& cell = sample.traffic[d][p];
      if (cell == TrafficCount{}) continue;
      const auto bytes = static_cast<double>(cell.bytes.count());
      any = true;
      table.add({std::string(kDirectionNames[d]), std::string(kProtocolNames[p]),
                 grouped(static_cast<double>(cell.packets.count())), grouped(bytes),
                 all > 0 ? percent(bytes / all) : "-"});
    }
  }
  return any ? '\n' + table.render(style) : std::string();
}

std::string malformed_text(const CaptureSample& sample, const Style& style) {
  Table table({{"MALFORMED"}, {"PACKETS", Align::right}});
  bool any = false;
  for (std::size_t i = 0; i < kMalformed; ++i) {
    if (sample.malformed[i].count() == 0) continue;
    any = true;
    table.add({{std::string(kMalformedNames[i]), Tone::warning},
               grouped(static_cast<double>(sample.malformed[i].count()))});
  }
  return any ? '\n' + table.render(style) : std::string();
}

// Families with the same labels in the same rows stand side by side.
bool goes_beside(const SeriesFamily& one, const SeriesFamily& next) {
  return next.type != SeriesType::histogram && one.labels == next.labels &&
         std::ranges::equal(one.rows, next.rows, {}, &SeriesRow::labels, &SeriesRow::labels);
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return text;
}

std::string family_text(std::span<const SeriesFamily> beside, const Style& style) {
  std::vector<Column> columns;
  for (const std::string& label : beside[0].labels) columns.push_back({upper(label)});
  for (const SeriesFamily& one : beside) {
    columns.push_back({upper(title_of(one)), Align::right});
  }
  Table table(std::move(columns));
  for (std::size_t row = 0; row < beside[0].rows.size(); ++row) {
    std::vector<Cell> cells;
    for (const std::string& label : beside[0].rows[row].labels) cells.emplace_back(label);
    for (const SeriesFamily& one : beside) cells.emplace_back(number(one.rows[row].value));
    table.add(std::move(cells));
  }
  return '\n' + table.render(style);
}

// One row of a histogram, each bucket with what is in it alone; empty buckets are left out.
std::string histogram_text(const SeriesFamily& family, const SeriesRow& row, const Style& style) {
  std::string title = title_of(family);
  for (std::size_t i = 0; i < row.labels.size(); ++i) {
    title += fmt::format(" {}={}", family.labels[i], row.labels[i]);
  }
  Table table({{upper(title)}, {"COUNT", Align::right}});
  const auto& histogram = std::get<Histogram>(row.value);
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < histogram.counts().size(); ++i) {
    const std::uint64_t count = histogram.counts()[i] - before;
    before = histogram.counts()[i];
    if (count == 0) continue;
    table.add({i < family.bounds.size() ? fmt::format("to {:g}", family.bounds[i])
                                        : fmt::format("above {:g}", family.bounds.back()),
               grouped(static_cast<double>(count))});
  }
  return '\n' + table.render(style);
}

Json series_json(const SeriesFamily& family) {
  Json list = Json::array();
  for (const SeriesRow& row : family.rows) {
    Json one = {{"name", family.name}, {"labels", Json::object()}};
    for (std::size_t i = 0; i < row.labels.size(); ++i) {
      one["labels"][family.labels[i]] = row.labels[i];
    }
    if (const auto* histogram = std::get_if<Histogram>(&row.value)) {
      one["bounds"] = family.bounds;
      one["counts"] =
          std::vector<std::uint64_t>(histogram->counts().begin(), histogram->counts().end());
      one["sum"] = histogram->sum();
    } else if (const auto* whole = std::get_if<std::uint64_t>(&row.value)) {
      one["value"] = *whole;
    } else {
      one["value"] = std::get<double>(row.value);
    }
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace

std::string capture_text(const Captured& captured, const Style& style) {
  const TrafficCount sum = captured.sample.total();
  const auto packets = static_cast<double>(sum.packets.count());
  std::string text = fmt::format("{}: {} {}, {} bytes", sanitize(captured.file, 4096),
                                 grouped(packets), sum.packets.count() == 1 ? "packet" : "packets",
                                 grouped(static_cast<double>(sum.bytes.count())));
  if (sum.packets.count() > 0) {
    text += fmt::format(" from {} to {}", to_rfc3339(captured.first), to_rfc3339(captured.last));
  }
  text += '\n' + traffic_text(captured.sample, style) + malformed_text(captured.sample, style);
  std::vector<SeriesFamily> all;
  std::ranges::copy_if(captured.families, std::back_inserter(all), tells);
  for (std::size_t at = 0; at < all.size();) {
    std::size_t end = at + 1;
    if (all[at].type == SeriesType::histogram) {
      for (const SeriesRow& row : all[at].rows) {
        if (row_tells(row)) text += histogram_text(all[at], row, style);
      }
    } else {
      while (end < all.size() && goes_beside(all[at], all[end])) ++end;
      text += family_text(std::span(all).subspan(at, end - at), style);
    }
    at = end;
  }
  if (captured.talkers.packets > 0) {
    text += '\n' + talkers_text("talkers", Json(talkers_json(captured.talkers)), style);
  }
  for (const Event& event : captured.events) {
    text += fmt::format("\n{} {}\n", to_rfc3339(event.wall), event.text);
  }
  return text;
}

Json capture_json(const Captured& captured) {
  const TrafficCount sum = captured.sample.total();
  Json data = {{"file", sanitize(captured.file, 4096)},
               {"packets", sum.packets.count()},
               {"bytes", sum.bytes.count()},
               {"traffic", Json::array()},
               {"malformed", Json::object()},
               {"series", Json::array()},
               {"events", Json::array()},
               {"talkers", Json(talkers_json(captured.talkers))}};
  if (sum.packets.count() > 0) {
    data["first"] = to_rfc3339(captured.first);
    data["last"] = to_rfc3339(captured.last);
  }
  for (std::size_t d = 0; d < kDirections; ++d) {
    for (std::size_t p = 0; p < kProtocols; ++p) {
      const TrafficCount& cell = captured.sample.traffic[d][p];
      if (cell == TrafficCount{}) continue;
      data["traffic"].push_back({{"direction", kDirectionNames[d]},
                                 {"protocol", kProtocolNames[p]},
                                 {"packets", cell.packets.count()},
                                 {"bytes", cell.bytes.count()}});
    }
  }
  for (std::size_t i = 0; i < kMalformed; ++i) {
    data["malformed"][std::string(kMalformedNames[i])] = captured.sample.malformed[i].count();
  }
  for (const SeriesFamily& family : captured.families) {
    for (Json& row : series_json(family)) data["series"].push_back(std::move(row));
  }
  for (const Event& event : captured.events) {
    data["events"].push_back(
        {{"at", to_rfc3339(event.wall)}, {"kind", event.kind}, {"text", event.text}});
  }
  return data;
}

}  // namespace itnxt::ctl
