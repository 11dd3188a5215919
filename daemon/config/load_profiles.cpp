#include "daemon/config/load_profiles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostFiles = 64;
constexpr std::size_t kMostTables = 16;    // of a profile
constexpr std::size_t kMostColumns = 64;   // of a table
constexpr std::size_t kMostMetrics = 256;  // of a profile
constexpr std::size_t kMostIndexParts = 8;
constexpr std::size_t kMostTableArcs = 20;
constexpr std::string_view kNumericOid = "a numeric OID such as 1.3.6.1.2.1.99.1.1.1";

constexpr KeySpec kProfile[] = {{"name", "a name of its own"},
                                {"interval", {}},
                                {"match", "sys_object_id, present or absent"},
                                {"scalars", {}},
                                {"tables", {}},
                                {"metrics", "a list of metrics"}};
constexpr KeySpec kMatch[] = {{"sys_object_id", {}}, {"present", {}}, {"absent", {}}};
constexpr KeySpec kScalar[] = {
    {"name", "a name"}, {"oid", kNumericOid}, {"format", {}}, {"drop", {}}};
constexpr KeySpec kTable[] = {{"name", "a name"},
                              {"oid", kNumericOid},
                              {"index", "a list of names, or of {name: …, type: …}"},
                              {"columns", "a list of {name: …, id: NUMBER}"}};
constexpr KeySpec kIndex[] = {{"name", "a name"}, {"type", {}}};
constexpr KeySpec kColumn[] = {
    {"name", "a name"}, {"id", "its number below the table's oid"}, {"format", {}}, {"drop", {}}};
constexpr ObjectSpec kProfileSpec{"profile", "a profile", kProfile};
constexpr ObjectSpec kMatchSpec{"profile_match", "match", kMatch};
constexpr ObjectSpec kScalarSpec{"profile_scalar", "a scalar", kScalar};
constexpr ObjectSpec kTableSpec{"profile_table", "a table", kTable};
constexpr ObjectSpec kIndexSpec{"profile_index", "a part of an index", kIndex};
constexpr ObjectSpec kColumnSpec{"profile_column", "a column", kColumn};

// a-z, A-Z, 0-9 and _: no dot, which parts table and column.
std::optional<std::string> identifier(Problems& problems, const Value& value,
                                      std::string_view what) {
  const auto text = scalar_text(problems, value, what);
  if (!text) return std::nullopt;
  const bool good = !text->empty() && text->size() <= 64 && std::ranges::all_of(*text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (good) return std::string(*text);
  problems.error(value, fmt::format("{}: expected a name of 1 to 64 letters, digits and _, not {}",
                                    what, in_quotes(*text)));
  return std::nullopt;
}

// How many numbers an OID may have.
struct OidLength {
  std::size_t least;
  std::size_t most;
};
constexpr OidLength kAnyOid{2, kMostOidArcs};
// Below 1.3.6.1 (internet) stand at least a branch and the table's entry; what is shorter is no
// table but all that a device has.
constexpr OidLength kTableOid{6, kMostTableArcs};

std::optional<OidArcs> parse_oid(std::string_view text, OidLength length) {
  OidArcs arcs;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    std::uint32_t arc = 0;
    const auto [next, error] = std::from_chars(at, end, arc);
    if (error != std::errc{} || next == at || arcs.size() == length.most) return std::nullopt;
    arcs.push_back(arc);
    at = next;
    if (at == end) break;
    if (*at++ != '.' || at == end) return std::nullopt;
  }
  if (arcs.size() < length.least || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39))
    return std::nullopt;
  return arcs;
}

std::optional<OidArcs> read_oid(Problems& problems, const Value& value, std::string_view what,
                                OidLength length) {
  const auto text = scalar_text(problems, value, what);
  if (!text) return std::nullopt;
  auto oid = parse_oid(*text, length);
  if (!oid) {
    problems.error(value, fmt::format("{}: expected {} with {} to {} numbers, not {}", what,
                                      kNumericOid, length.least, length.most, in_quotes(*text)));
  }
  return oid;
}

void read_match(ProfileDraft& draft, const Value& value) {
  const Object object(draft.problems, value, kMatchSpec);
  if (!object.is_map()) return;
  ProfileMatch& match = draft.profile.match;
  if (const Value* prefixes = object.find("sys_object_id")) {
    for (const Value* item : list_items(draft.problems, *prefixes, "sys_object_id", "OIDs")) {
      if (auto oid = read_oid(draft.problems, *item, "sys_object_id", kAnyOid)) {
        match.sys_object_id.push_back(std::move(*oid));
      }
    }
  }
  const auto oid = [&](std::string_view key, OidArcs& to) {
    const Value* given = object.find(key);
    if (given == nullptr) return;
    if (auto read = read_oid(draft.problems, *given, key, kAnyOid)) to = std::move(*read);
  };
  oid("present", match.present);
  oid("absent", match.absent);
  if (!object.has("sys_object_id") && !object.has("present")) {
    draft.problems.error(value, "match: expected sys_object_id, present or both");
  }
}

void read_column_rest(Problems& problems, const Object& object, ProfileColumn& column) {
  object.choice("format", column.format, kColumnFormatNames);
  if (const Value* drop = object.find("drop")) {
    for (const Value* item : list_items(problems, *drop, "drop", "whole numbers")) {
      if (auto number = whole_number(problems, *item, "drop")) column.drop.push_back(*number);
    }
  }
}

// Adds to `table` unless its name is taken.
void add_column(Problems& problems, const Value& at, ProfileTable& table, ProfileColumn column) {
  if (table.columns.size() >= kMostColumns) {
    problems.error(at, fmt::format("more than {} columns in one table", kMostColumns));
    return;
  }
  const auto taken = [&](const auto& one) { return one.name == column.name; };
  if (std::ranges::any_of(table.columns, taken) || std::ranges::any_of(table.index, taken)) {
    problems.error(at, fmt::format("'{}' is given twice in this table", column.name));
    return;
  }
  table.columns.push_back(std::move(column));
}

void read_scalars(ProfileDraft& draft, const Value& scalars) {
  ProfileTable table;
  for (const Value* item : list_items(draft.problems, scalars, "scalars", "maps")) {
    const Object object(draft.problems, *item, kScalarSpec);
    if (!object.is_map()) continue;
    const Value* name = object.find("name");
    const Value* oid = object.find("oid");
    if (name == nullptr || oid == nullptr) continue;
    auto text = identifier(draft.problems, *name, "name");
    auto arcs = read_oid(draft.problems, *oid, "oid", kAnyOid);
    if (!text || !arcs) continue;
    ProfileColumn column{std::move(*text), std::move(*arcs), {}, {}};
    read_column_rest(draft.problems, object, column);
    add_column(draft.problems, *name, table, std::move(column));
  }
  draft.profile.tables.push_back(std::move(table));
}

void read_index(ProfileDraft& draft, const Value& list, ProfileTable& table) {
  for (const Value* item : list_items(draft.problems, list, "index", "names")) {
    ProfileIndex part;
    const Value* name = item;
    if (item->is_map()) {
      const Object object(draft.problems, *item, kIndexSpec);
      object.choice("type", part.type, kIndexTypeNames);
      name = object.find("name");
      if (name == nullptr) continue;
    }
    auto text = identifier(draft.problems, *name, "index");
    if (!text) continue;
    part.name = std::move(*text);
    if (std::ranges::any_of(table.index, [&](const auto& p) { return p.name == part.name; })) {
      draft.problems.error(*name, fmt::format("'{}' is given twice in this index", part.name));
      continue;
    }
    table.index.push_back(std::move(part));
  }
  if (table.index.empty() || table.index.size() > kMostIndexParts) {
    draft.problems.error(list, fmt::format("index: expected 1 to {} parts", kMostIndexParts));
  }
}

void read_table(ProfileDraft& draft, const Value& value) {
  const Object object(draft.problems, value, kTableSpec);
  const Value* name = object.find("name");
  const Value* oid = object.find("oid");
  const Value* index = object.find("index");
  const Value* columns = object.find("columns");
  if (name == nullptr || oid == nullptr || index == nullptr || columns == nullptr) return;
  ProfileTable table;
  const auto text = identifier(draft.problems, *name, "name");
  const auto entry = read_oid(draft.problems, *oid, "oid", kTableOid);
  read_index(draft, *index, table);
  for (const Value* item : list_items(draft.problems, *columns, "columns", "maps")) {
    const Object column(draft.problems, *item, kColumnSpec);
    const Value* column_name = column.find("name");
    std::uint32_t id = 0;
    if (!column.integer("id", id, 1, 0xFFFFFFFF) || column_name == nullptr) continue;
    auto column_text = identifier(draft.problems, *column_name, "name");
    if (!column_text || !entry) continue;
    ProfileColumn one{std::move(*column_text), *entry, {}, {}};
    one.oid.push_back(id);
    read_column_rest(draft.problems, column, one);
    add_column(draft.problems, *column_name, table, std::move(one));
  }
  if (!text) return;
  table.name = *text;
  if (std::ranges::any_of(draft.profile.tables,
                          [&](const ProfileTable& t) { return t.name == table.name; })) {
    draft.problems.error(*name, fmt::format("table '{}' is given twice", table.name));
    return;
  }
  draft.profile.tables.push_back(std::move(table));
}

void read_profile(ProfileDraft& draft, const Value& root) {
  Problems& problems = draft.problems;
  const Object object(problems, root, kProfileSpec);
  if (!object.is_map()) return;
  if (const Value* name = object.find("name")) {
    if (auto text = identifier(problems, *name, "name")) draft.profile.name = std::move(*text);
  }
  object.duration("interval", draft.profile.interval, 1s, 24h);
  if (const Value* match = object.find("match")) read_match(draft, *match);
  if (const Value* scalars = object.find("scalars")) read_scalars(draft, *scalars);
  if (const Value* tables = object.find("tables")) {
    for (const Value* item : list_items(problems, *tables, "tables", "maps")) {
      if (draft.profile.tables.size() == kMostTables) {
        problems.error(*item, fmt::format("more than {} tables in one profile", kMostTables));
        break;
      }
      read_table(draft, *item);
    }
  }
  if (const Value* metrics = object.find("metrics")) {
    for (const Value* item : list_items(problems, *metrics, "metrics", "maps")) {
      if (draft.profile.metrics.size() == kMostMetrics) {
        problems.error(*item, fmt::format("more than {} metrics in one profile", kMostMetrics));
        break;
      }
      read_metric(draft, *item);
    }
  }
}

std::vector<std::filesystem::path> yaml_files(Problems& problems, const Value& at,
                                              const std::string& directory) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".yaml") found.push_back(it->path());
  }
  if (error) {
    problems.error(at, fmt::format("profiles: {} cannot be read: {}; name a directory of profiles",
                                   in_quotes(directory, 256), error.message()));
    return {};
  }
  std::ranges::sort(found);
  if (found.size() > kMostFiles) {
    problems.error(at, fmt::format("profiles: {} holds {} files, at most {}",
                                   in_quotes(directory, 256), found.size(), kMostFiles));
    found.clear();
  }
  return found;
}

}  // namespace

std::optional<std::int64_t> whole_number(Problems& problems, const Value& value,
                                         std::string_view what) {
  const auto text = scalar_text(problems, value, what);
  if (!text) return std::nullopt;
  const auto number = parse_integer(*text);
  if (number) return *number;
  problems.error(value, fmt::format("{}: {}", what, number.error()));
  return std::nullopt;
}

std::vector<Profile> load_profiles(Files& files, Problems& problems, const Value& at,
                                   const std::string& directory,
                                   std::span<const std::string_view> reserved) {
  std::map<std::string, std::pair<SeriesFamily, const Value*>, std::less<>> families;
  std::map<std::string, const Value*> names;
  std::vector<Profile> profiles;
  for (const auto& file : yaml_files(problems, at, directory)) {
    const Value* root = files.load_more(at, file);
    if (root == nullptr) continue;
    ProfileDraft draft{problems, {}, families, reserved};
    read_profile(draft, *root);
    if (draft.profile.name.empty()) continue;
    const auto [first, is_new] = names.try_emplace(draft.profile.name, root);
    if (!is_new) {
      problems.error(
          *root, fmt::format("profile '{}' is given twice; it stands first at {}",
                             draft.profile.name, first->second->source->where(first->second->at)));
      continue;
    }
    profiles.push_back(std::move(draft.profile));
  }
  return profiles;
}

}  // namespace itnxt
