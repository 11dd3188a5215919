#include "daemon/config/name_table.hpp"

#include <fmt/format.h>

#include "daemon/config/reader.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {

bool NameTable::add(Problems& problems, const std::string& name, const Value& at,
                    std::size_t index) {
  const auto [entry, is_new] = entries_.try_emplace(name, Entry{index, &at});
  if (is_new) {
    names_.push_back(name);
    return true;
  }
  if (problems.full()) {  // only counted: spare the words
    problems.error(at, {});
    return false;
  }
  const Value& first = *entry->second.at;
  problems.error(at, fmt::format("{} name '{}' is given twice; it stands first at {}", what_, name,
                                 first.source->where(first.at)));
  return false;
}

const std::size_t* NameTable::look_up(const std::string& name) const {
  const auto entry = entries_.find(name);
  return entry == entries_.end() ? nullptr : &entry->second.index;
}

std::string NameTable::unknown(const Problems& problems, const std::string& name) {
  std::string message = fmt::format("no {} is named {}", what_, in_quotes(name));
  if (names_.empty()) return message + fmt::format("; {} has none", home_);
  if (comparisons_left_ < names_.size()) return message;
  comparisons_left_ -= names_.size();
  return message + hint(problems, name, names_);
}

std::optional<std::size_t> NameTable::find(Problems& problems, const std::string& name,
                                           const Value& at) {
  if (const std::size_t* index = look_up(name)) return *index;
  problems.error(at, unknown(problems, name));
  return std::nullopt;
}

}  // namespace itnxt
