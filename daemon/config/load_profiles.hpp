// Profiles from a directory of YAML files: internal to this folder.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "daemon/config/files.hpp"
#include "daemon/config/profile.hpp"
#include "daemon/config/reader.hpp"

namespace itnxt {

// A profile while it is being read.
struct ProfileDraft {
  Problems& problems;
  Profile profile;
  // Heads of the families of all profiles, with the place where each stands first.
  std::map<std::string, std::pair<SeriesFamily, const Value*>, std::less<>>& families;
  std::span<const std::string_view> reserved;  // names of metrics that are others'

  // "column" of `table`, or "table.column"; reports what is none. Without a table, because it was
  // reported, only what names another one can be held against anything.
  [[nodiscard]] std::optional<ColumnRef> column(const Value& at, std::string_view what,
                                                std::optional<std::size_t> table) const;
};

// The profiles of every *.yaml in `directory`, by file name; what is wrong is reported, in the
// files and, for the directory itself, at `at`. At most 64 files. No metric may be one of
// `reserved`.
std::vector<Profile> load_profiles(Files& files, Problems& problems, const Value& at,
                                   const std::string& directory,
                                   std::span<const std::string_view> reserved);

// load_profile_metrics.cpp
void read_metric(ProfileDraft& draft, const Value& value);
// A whole number of the document; reports anything else.
std::optional<std::int64_t> whole_number(Problems& problems, const Value& value,
                                         std::string_view what);

}  // namespace itnxt
