#include "daemon/config/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace itnxt {

void Problems::add(Found found) {
  if (full()) {
    ++dropped_;
    return;
  }
  found_.push_back(std::move(found));
}

void Problems::error(const SourceText& source, std::size_t offset, std::string message) {
  ++errors_;
  add({&source, offset, std::move(message), false});
}

void Problems::warning(const SourceText& source, std::size_t offset, std::string message) {
  add({&source, offset, std::move(message), true});
}

std::vector<Issue> Problems::finish() {
  const auto key = [](const Found& f) {
    return std::tuple(f.source->order(), f.offset, f.warning, std::string_view(f.message));
  };
  std::stable_sort(found_.begin(), found_.end(),
                   [&](const Found& a, const Found& b) { return key(a) < key(b); });
  found_.erase(std::unique(found_.begin(), found_.end(),
                           [&](const Found& a, const Found& b) { return key(a) == key(b); }),
               found_.end());
  std::vector<Issue> issues;
  issues.reserve(found_.size() + 1);
  for (Found& f : found_) {
    issues.push_back(f.source->issue(f.offset, std::move(f.message), f.warning));
  }
  if (dropped_ > 0) {
    const Found& last = found_.back();
    issues.push_back(last.source->issue(
        last.offset, fmt::format("{} more problems are not shown; correct these first", dropped_),
        errors_ == 0));
  }
  return issues;
}

std::vector<Issue> what_is_new(const std::vector<Issue>& before, const std::vector<Issue>& now) {
  std::set<std::pair<std::string_view, std::string_view>> said;
  for (const Issue& issue : before) said.emplace(issue.file, issue.message);
  std::vector<Issue> found;
  for (const Issue& issue : now) {
    if (!issue.warning || !said.contains({issue.file, issue.message})) found.push_back(issue);
  }
  return found;
}

}  // namespace itnxt
