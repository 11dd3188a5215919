// The metrics of a profile: what they are made of.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/config/load_profiles.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

constexpr std::array<std::string_view, 2> kTypes = {"gauge", "counter"};
constexpr KeySpec kMetric[] = {{"name", "itnxt_…"},
                               {"type", "gauge or counter"},
                               {"help", "one line that says what it is"},
                               {"table", {}},
                               {"value", {}},
                               {"where", {}},
                               {"map", {}},
                               {"otherwise", {}},
                               {"factor", {}},
                               {"times", {}},
                               {"scale", {}},
                               {"precision", {}},
                               {"convert", {}},
                               {"labels", {}}};
constexpr KeySpec kLabel[] = {
    {"name", "a label's name"}, {"text", {}}, {"from", {}}, {"values", {}}, {"suffix", {}}};
constexpr ObjectSpec kMetricSpec{"profile_metric", "a metric", kMetric};
constexpr ObjectSpec kLabelSpec{"profile_label", "a label", kLabel};

// Those that have one: the scalars' table has none.
template <class Items>
std::vector<std::string> names_of(const Items& items) {
  std::vector<std::string> names;
  names.reserve(items.size());
  for (const auto& item : items) {
    if (!item.name.empty()) names.push_back(item.name);
  }
  return names;
}

// A map of whole numbers to something; `read` reports what is wrong with a value.
template <class T, class Read>
std::map<std::int64_t, T> numbered(Problems& problems, const Value& value, std::string_view what,
                                   Read read) {
  std::map<std::int64_t, T> map;
  if (!value.is_map()) {
    problems.error(value,
                   fmt::format("{}: expected a map of numbers, not {}", what, kind_of(value)));
    return map;
  }
  for (std::size_t i = 0; i < value.entries(); ++i) {
    const auto key = whole_number(problems, value.key(i), what);
    auto one = read(value.value(i));
    if (key && one) map.emplace(*key, std::move(*one));
  }
  return map;
}

std::optional<double> read_number(Problems& problems, const Value& value, std::string_view what) {
  const auto text = scalar_text(problems, value, what);
  if (!text) return std::nullopt;
  const auto number = parse_number(*text);
  if (number) return *number;
  problems.error(value, fmt::format("{}: {}", what, number.error()));
  return std::nullopt;
}

std::optional<ProfileLabel::Source> read_source(const ProfileDraft& draft, const Value& value,
                                                std::optional<std::size_t> table) {
  const auto text = scalar_text(draft.problems, value, "from");
  if (!text) return std::nullopt;
  if (table) {
    const auto& index = draft.profile.tables[*table].index;
    const auto part = std::ranges::find(index, *text, &ProfileIndex::name);
    if (part != index.end()) {
      return ProfileLabel::Source{std::nullopt, static_cast<std::size_t>(part - index.begin())};
    }
  }
  const auto column = draft.column(value, "from", table);
  if (!column) return std::nullopt;
  return ProfileLabel::Source{column, 0};
}

// What stands in braces is a part of the index.
void check_suffix(const ProfileDraft& draft, const Value& at, std::string_view suffix,
                  std::size_t table) {
  const auto& index = draft.profile.tables[table].index;
  while (true) {
    const std::size_t open = suffix.find('{');
    if (open == std::string_view::npos) return;
    const std::size_t close = suffix.find('}', open);
    const std::string_view part = suffix.substr(open + 1, close - open - 1);
    if (close == std::string_view::npos ||
        std::ranges::find(index, part, &ProfileIndex::name) == index.end()) {
      draft.problems.error(at, fmt::format("suffix: expected {{PART OF THE INDEX}}, not {}",
                                           in_quotes(suffix.substr(open))));
      return;
    }
    suffix.remove_prefix(close + 1);
  }
}

std::optional<ProfileLabel> read_label(const ProfileDraft& draft, const Value& value,
                                       std::optional<std::size_t> table) {
  Problems& problems = draft.problems;
  const Object object(problems, value, kLabelSpec);
  if (!object.is_map() || !object.has("name")) return std::nullopt;
  ProfileLabel label;
  if (!object.text("name", label.name, kMostLabelName)) return std::nullopt;
  object.text("text", label.text, kMostLabelValue);
  if (object.has("text") == object.has("from")) {
    problems.error(value, "a label has one value; expected exactly one of text and from");
  }
  if (const Value* from = object.find("from")) {
    const Value* const single[] = {from};
    for (const Value* item : from->is_list() ? from->items : std::span(single)) {
      if (auto source = read_source(draft, *item, table)) label.from.push_back(*source);
    }
  }
  if (const Value* values = object.find("values")) {
    label.values = numbered<std::string>(problems, *values, "values", [&](const Value& one) {
      return clean_name(problems, one, "values");
    });
  }
  // Its white space is meant: " receive power".
  if (const Value* suffix = object.find("suffix")) {
    if (const auto text = scalar_text(problems, *suffix, "suffix")) {
      label.suffix = text->substr(0, kMostLabelName);
      if (table) check_suffix(draft, *suffix, label.suffix, *table);
    }
  }
  return label;
}

void read_where(const ProfileDraft& draft, const Value& value, std::optional<std::size_t> table,
                ProfileMetric& metric) {
  if (!value.is_map()) {
    draft.problems.error(
        value, fmt::format("where: expected {{COLUMN: [NUMBER, …]}}, not {}", kind_of(value)));
    return;
  }
  for (std::size_t i = 0; i < value.entries(); ++i) {
    const auto column = draft.column(value.key(i), "where", table);
    const Value& given = value.value(i);
    const Value* const single[] = {&given};
    ProfileMetric::Condition condition;
    for (const Value* item : given.is_list() ? given.items : std::span(single)) {
      if (auto number = whole_number(draft.problems, *item, "where")) {
        condition.any_of.push_back(*number);
      }
    }
    if (!column) continue;
    condition.column = *column;
    metric.where.push_back(std::move(condition));
  }
}

// Which table its rows are those of; the scalars when it names none.
std::optional<std::size_t> read_table_of(const ProfileDraft& draft, const Object& object) {
  const auto& tables = draft.profile.tables;
  const Value* given = object.find("table");
  const auto text = given == nullptr ? std::optional<std::string_view>("")
                                     : scalar_text(draft.problems, *given, "table");
  if (!text) return std::nullopt;
  const auto found = std::ranges::find(tables, *text, &ProfileTable::name);
  if (found != tables.end()) return static_cast<std::size_t>(found - tables.begin());
  if (given == nullptr) {
    draft.problems.error(object.value(), "a metric lacks 'table', and the profile has no scalars");
  } else {
    draft.problems.error(*given, fmt::format("no table is named {}{}", in_quotes(*text),
                                             hint(draft.problems, *text, names_of(tables))));
  }
  return std::nullopt;
}

// The family as a whole: by the conventions, nobody else's, and the same wherever it is given.
void check_family(ProfileDraft& draft, const Value& at, const SeriesFamily& family) {
  const std::vector<std::string> objections = family_objections(family);
  for (const std::string& objection : objections) draft.problems.error(at, objection);
  const std::string base(family_base(family.name));
  const auto own = std::ranges::find(draft.reserved, base, family_base);
  if (own != draft.reserved.end()) {
    draft.problems.error(
        at, fmt::format("{}: is one of the aggregator's own metrics{}; choose another name",
                        family.name, *own == family.name ? "" : fmt::format(" ({})", *own)));
    return;
  }
  if (!objections.empty()) return;
  const auto [first, is_new] = draft.families.try_emplace(base, family, &at);
  if (is_new || first->second.first == family) return;
  const Value& there = *first->second.second;
  draft.problems.error(
      at, fmt::format("{}: differs in name, type, help or label names from {} at "
                      "{}; make them the same",
                      family.name, first->second.first.name, there.source->where(there.at)));
}

// False: not all of it is there.
bool read_head(const Object& object, ProfileMetric& metric) {
  const bool named = object.text("name", metric.family.name, kMostSeriesName);
  const bool typed = object.choice("type", metric.family.type, kTypes);
  const bool helped = object.text("help", metric.family.help, kMostSeriesHelp);
  return named && typed && helped;
}

// The number and the rows that have one.
void read_value(const ProfileDraft& draft, const Object& object, std::optional<std::size_t> table,
                ProfileMetric& metric) {
  Problems& problems = draft.problems;
  const auto column = [&](std::string_view key, std::optional<ColumnRef>& to) {
    if (const Value* given = object.find(key)) to = draft.column(*given, key, table);
  };
  column("value", metric.value);
  column("times", metric.times);
  column("scale", metric.scale);
  column("precision", metric.precision);
  if (const Value* where = object.find("where")) read_where(draft, *where, table, metric);
  if (const Value* map = object.find("map")) {
    metric.map = numbered<double>(
        problems, *map, "map", [&](const Value& one) { return read_number(problems, one, "map"); });
  }
  if (const Value* otherwise = object.find("otherwise")) {
    metric.otherwise = read_number(problems, *otherwise, "otherwise");
  }
  if (object.number("factor", metric.factor, -1e18, 1e18) && metric.factor == 0) {
    const Value& given = *object.find("factor");
    problems.error(given, fmt::format("factor: expected a number other than 0, not {}",
                                      in_quotes(given.text)));
  }
  object.choice("convert", metric.convert, kConversionNames);
}

}  // namespace

std::optional<ColumnRef> ProfileDraft::column(const Value& at, std::string_view what,
                                              std::optional<std::size_t> table) const {
  const auto text = scalar_text(problems, at, what);
  if (!text) return std::nullopt;
  const std::size_t dot = text->find('.');
  if (!table && dot == std::string_view::npos) return std::nullopt;
  std::size_t of = table.value_or(0);
  if (dot != std::string_view::npos) {
    const std::string_view name = text->substr(0, dot);
    const auto found = std::ranges::find(profile.tables, name, &ProfileTable::name);
    if (found == profile.tables.end() || found->name.empty()) {
      problems.error(at, fmt::format("{}: no table is named {}{}", what, in_quotes(name),
                                     hint(problems, name, names_of(profile.tables))));
      return std::nullopt;
    }
    of = static_cast<std::size_t>(found - profile.tables.begin());
    for (const ProfileIndex& part : found->index) {
      if (!table) break;
      const auto& own = profile.tables[*table].index;
      if (std::ranges::find(own, part) != own.end()) continue;
      problems.error(at, fmt::format("{}: table '{}' is found by '{}' ({}), which is no part of "
                                     "the index of '{}'",
                                     what, found->name, part.name,
                                     kIndexTypeNames[static_cast<std::size_t>(part.type)],
                                     profile.tables[*table].name));
      return std::nullopt;
    }
  }
  const std::string_view name = dot == std::string_view::npos ? *text : text->substr(dot + 1);
  const auto& columns = profile.tables[of].columns;
  const auto found = std::ranges::find(columns, name, &ProfileColumn::name);
  if (found != columns.end()) {
    return ColumnRef{of, static_cast<std::size_t>(found - columns.begin())};
  }
  problems.error(at, fmt::format("{}: no column is named {}{}", what, in_quotes(name),
                                 hint(problems, name, names_of(columns))));
  return std::nullopt;
}

void read_metric(ProfileDraft& draft, const Value& value) {
  Problems& problems = draft.problems;
  const std::size_t errors = problems.errors();
  const Object object(problems, value, kMetricSpec);
  if (!object.is_map()) return;
  ProfileMetric metric;
  const bool headed = read_head(object, metric);
  const auto table = read_table_of(draft, object);
  metric.table = table.value_or(0);
  read_value(draft, object, table, metric);
  bool labelled = true;
  if (const Value* labels = object.find("labels")) {
    for (const Value* item : list_items(problems, *labels, "labels", "maps")) {
      auto label = read_label(draft, *item, table);
      labelled = labelled && label;
      if (!label) continue;
      metric.family.labels.push_back(label->name);
      metric.labels.push_back(std::move(*label));
    }
  }
  // Of half a head nothing can be said.
  if (headed && labelled) check_family(draft, *object.find("name"), metric.family);
  if (problems.errors() == errors) draft.profile.metrics.push_back(std::move(metric));
}

}  // namespace itnxt
