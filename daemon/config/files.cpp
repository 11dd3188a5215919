#include "daemon/config/files.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <set>
#include <system_error>
#include <unordered_map>

#include "daemon/config/read_file.hpp"
#include "daemon/config/reader.hpp"
#include "daemon/config/scalars.hpp"
#include "daemon/core/result.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostIncluded = 1000;

// What to do about it, where that is plain.
std::string advice(int error) {
  if (error == ENOENT) return "; correct the path";
  if (error == EACCES) return "; give this user the right to read it";
  return {};
}

Result<std::string> read_text(const std::filesystem::path& path) {
  FileText file = read_file(path, kMaxFileBytes);
  switch (file.fault) {
    case FileText::Fault::none:
      return std::move(file.text);
    case FileText::Fault::unreadable:
      return Error{"cannot be read: " + file.why + advice(file.error)};
    case FileText::Fault::directory:
      return Error{"cannot be read: it is a directory; name a file"};
    case FileText::Fault::irregular:
      return Error{"cannot be read: it is no regular file"};
    case FileText::Fault::too_large:
      break;
  }
  return Error{fmt::format("cannot be read: it is larger than {}", to_text(Bytes(kMaxFileBytes)))};
}

bool is_pattern(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

// A folder's name may hold what glob(3) takes for a pattern.
std::string escape_glob(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  return std::filesystem::equivalent(a, b, error);
}

}  // namespace

const Value* Files::parse_main(SourceText& source) {
  const ParsedDocument document = parse_document(source, arena_, problems_);
  if (!document.complete) return nullptr;
  if (document.root == nullptr || document.root->is_null()) {
    problems_.error(source, 0, "the file is empty; expected keys such as inventory and collectors");
    return nullptr;
  }
  return document.root;
}

const Value* Files::load_text(std::string name, std::string text) {
  const Value* root = parse_main(sources_.emplace_back(std::move(name), std::move(text)));
  if (root != nullptr) patterns(*root);
  return root;
}

const Value* Files::load(const std::filesystem::path& file) {
  auto text = read_text(file);
  if (!text) {
    problems_.error(sources_.emplace_back(file.string(), std::string{}), 0, text.error());
    return nullptr;
  }
  bytes_ = text->size();
  const Value* root = parse_main(sources_.emplace_back(file.string(), std::move(*text)));
  if (root == nullptr) return nullptr;
  std::vector<const Value*> roots = {root};
  std::set<std::filesystem::path> taken;
  bool complete = true;
  for (const Value* pattern : patterns(*root)) {
    std::vector<std::filesystem::path> files;
    expand(*pattern, files);
    for (const auto& included : files) {
      if (same_file(included, file)) {
        problems_.error(
            *pattern, fmt::format("include: {} takes in this very file", in_quotes(pattern->text)));
        complete = false;
      } else if (taken.insert(included).second) {  // named twice is taken once
        complete = include(*pattern, included, roots) && complete;
      }
      if (taken.size() <= kMostIncluded) continue;
      problems_.error(*pattern, fmt::format("include: more than {} files", kMostIncluded));
      return nullptr;
    }
  }
  if (!complete) return nullptr;
  return roots.size() == 1 ? root : merge(roots);
}

const Value* Files::load_more(const Value& at, const std::filesystem::path& file) {
  auto text = read_text(file);
  if (!text) {
    problems_.error(at, fmt::format("{} {}", in_quotes(file.string(), 256), text.error()));
    return nullptr;
  }
  bytes_ += text->size();
  if (bytes_ > kMaxTotalBytes) {
    problems_.error(
        at, fmt::format("the files together are larger than {}", to_text(Bytes(kMaxTotalBytes))));
    return nullptr;
  }
  SourceText& source = sources_.emplace_back(file.string(), std::move(*text), sources_.size());
  const ParsedDocument document = parse_document(source, arena_, problems_);
  if (!document.complete) return nullptr;
  if (document.root != nullptr && !document.root->is_null()) return document.root;
  problems_.error(source, 0, "the file is empty; expected keys such as name, match and metrics");
  return nullptr;
}

std::vector<const Value*> Files::patterns(const Value& root) {
  std::vector<const Value*> found;
  if (!root.is_map()) return found;
  for (std::size_t i = 0; i < root.entries(); ++i) {
    if (!root.key(i).is_scalar() || root.key(i).text != "include") continue;
    for (const Value* item : list_items(problems_, root.value(i), "include", "paths")) {
      const auto text = scalar_text(problems_, *item, "include");
      if (!text) continue;
      if (text->empty() || text->size() > 4095 || text->find('\0') != std::string_view::npos) {
        problems_.error(*item, "include: expected a path or a pattern such as conf.d/*.yaml");
        continue;
      }
      found.push_back(item);
    }
    break;
  }
  return found;
}

void Files::expand(const Value& pattern, std::vector<std::filesystem::path>& files) {
  const std::filesystem::path directory = pattern.source->directory();
  if (!is_pattern(pattern.text)) {
    files.push_back((directory / pattern.text).lexically_normal());
    return;
  }
  std::string whole(pattern.text);
  if (pattern.text.front() != '/' && !directory.empty()) {
    whole = escape_glob(directory.string()) + "/" + whole;
  }
  glob_t matches{};
  if (glob(whole.c_str(), GLOB_NOSORT, nullptr, &matches) == 0) {
    for (std::size_t i = 0; i < matches.gl_pathc; ++i) {
      files.push_back(std::filesystem::path(matches.gl_pathv[i]).lexically_normal());
    }
  }
  globfree(&matches);
  std::sort(files.begin(), files.end());  // by bytes, whatever the locale
}

bool Files::include(const Value& pattern, const std::filesystem::path& file,
                    std::vector<const Value*>& roots) {
  auto text = read_text(file);
  if (!text) {
    problems_.error(pattern,
                    fmt::format("include: {} {}", in_quotes(file.string(), 256), text.error()));
    return false;
  }
  bytes_ += text->size();
  if (bytes_ > kMaxTotalBytes) {
    problems_.error(pattern, fmt::format("include: the files together are larger than {}",
                                         to_text(Bytes(kMaxTotalBytes))));
    return false;
  }
  SourceText& source = sources_.emplace_back(file.string(), std::move(*text), sources_.size());
  const ParsedDocument document = parse_document(source, arena_, problems_);
  if (!document.complete) return false;
  if (document.root == nullptr || document.root->is_null()) return true;  // all commented out
  if (!document.root->is_map()) {
    problems_.error(*document.root, fmt::format("expected a map with the keys of the "
                                                "configuration, not {}",
                                                kind_of(*document.root)));
    return false;
  }
  for (std::size_t i = 0; i < document.root->entries(); ++i) {
    const Value& key = document.root->key(i);
    if (!key.is_scalar() || key.text != "include") continue;
    problems_.error(key, fmt::format("an included file may not include; name the files in {}",
                                     pattern.source->file()));
    return false;
  }
  roots.push_back(document.root);
  return true;
}

Value* Files::create(const Value& like) {
  return new (arena_.memory.allocate(sizeof(Value), alignof(Value))) Value(like);
}

const Value* Files::merge(const std::vector<const Value*>& same) {
  const Value& first = *same.front();
  if (same.size() == 1) return &first;
  if (first.is_map()) return merge_maps(same);
  std::vector<const Value*> items;
  for (const Value* list : same) items.insert(items.end(), list->items.begin(), list->items.end());
  Value* merged = create(first);
  merged->items = keep(arena_, items);
  return merged;
}

const Value* Files::merge_maps(const std::vector<const Value*>& maps) {
  struct Group {
    const Value* key;
    std::vector<const Value*> values;
  };
  std::vector<Group> groups;  // in the order of their first key
  std::unordered_map<std::string_view, std::size_t> index;
  for (const Value* map : maps) {
    for (std::size_t i = 0; i < map->entries(); ++i) {
      const Value& key = map->key(i);
      const Value& value = map->value(i);
      if (!key.is_scalar()) continue;  // reported with its document
      const auto [entry, is_new] = index.try_emplace(key.text, groups.size());
      if (is_new) {
        groups.push_back({&key, {&value}});
        continue;
      }
      Group& group = groups[entry->second];
      const Value& before = *group.values.front();
      if (before.is_null() || value.is_null()) {  // nothing merges with everything
        if (before.is_null()) group = {&key, {&value}};
      } else if (before.kind != value.kind) {
        problems_.error(
            key, fmt::format("{} is {} here, and {} at {}", in_quotes(key.text), kind_of(value),
                             kind_of(before), group.key->source->where(group.key->at)));
      } else if (value.is_scalar()) {
        if (group.key->source == key.source) continue;  // reported with its document
        problems_.error(key,
                        fmt::format("{} is given twice; it stands first at {}", in_quotes(key.text),
                                    group.key->source->where(group.key->at)));
      } else {
        group.values.push_back(&value);
      }
    }
  }
  std::vector<const Value*> items;
  for (const Group& group : groups) {
    items.push_back(group.key);
    items.push_back(merge(group.values));
  }
  Value* merged = create(*maps.front());
  merged->items = keep(arena_, items);
  return merged;
}

}  // namespace itnxt
