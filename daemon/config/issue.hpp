// One problem of a configuration file, ready to print.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace itnxt {

struct Issue {
  std::string file;
  std::uint32_t line = 1;    // 1-based
  std::uint32_t column = 1;  // 1-based, counts characters, not bytes
  std::string message;       // what is wrong, what was expected
  std::string source_line;   // as it may be printed: secrets masked, cut when long; may be empty
  std::uint32_t caret = 1;   // 1-based character of source_line that `column` points at
  bool warning = false;
  bool operator==(const Issue&) const = default;
};

// "FILE:LINE:COLUMN: what is wrong, what was expected\n<source line>\n   ^\n"; a warning has
// "warning: " before its message. Without a source line only the first line.
std::string to_text(const Issue& issue);

// Of `now` what was not said `before` about the same file, wherever it stands in it; errors always.
std::vector<Issue> what_is_new(const std::vector<Issue>& before, const std::vector<Issue>& now);

}  // namespace itnxt
