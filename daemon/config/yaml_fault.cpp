#include "daemon/config/yaml_fault.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "daemon/config/redact.hpp"

namespace itnxt {
namespace {

// Theirs: the constants of yaml-cpp/exceptions.h; tests compare what comes out for each.
struct Wording {
  std::string_view theirs;
  std::string_view ours;
};
constexpr std::array kWordings = {
    Wording{
        "illegal map value",
        "a ':' that does not belong here; check the indentation, and quote text that holds ': '"},
    Wording{"illegal map key", "a key does not belong here; check the indentation"},
    Wording{"end of map not found", "expected KEY: VALUE here; check the indentation"},
    Wording{"end of sequence not found", "expected '- ' here; check the indentation"},
    Wording{"illegal block entry", "a '- ' does not belong here; check the indentation"},
    Wording{"illegal flow end", "this bracket closes nothing; expected a value"},
    Wording{"illegal tab when looking for indentation",
            "a tab in the indentation; YAML allows only spaces there"},
    Wording{"unknown token", "text cannot begin with this character; quote it"},
    Wording{"the referenced anchor is not defined", "this alias names no anchor above it"},
    Wording{"unknown escape character",
            "an escape that YAML does not know; write \\\\ for a backslash, or use single quotes"},
    Wording{"illegal document indicator in scalar",
            "a document marker inside quoted text; close the quote"},
};

// The first quote from `from` on that nothing closes. A quote opens only where a value can begin.
std::size_t open_quote(std::string_view text, std::size_t from, std::size_t otherwise) {
  for (std::size_t at = text.find_first_of("\"'", from); at != std::string_view::npos;
       at = text.find_first_of("\"'", at + 1)) {
    const bool opens =
        at == 0 || std::string_view(" \t\n[{,").find(text[at - 1]) != std::string_view::npos;
    if (!opens) continue;
    const std::size_t close = closing_quote(text, at, text.size());
    if (close == std::string_view::npos) return at;
    at = close;
  }
  return otherwise;
}

// The tab before the first word of the line of `at`.
std::optional<std::size_t> tab_in_indentation(std::string_view text, std::size_t at) {
  const std::size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
  const std::size_t word = text.find_first_not_of(" \t", line);
  if (word == std::string_view::npos) return std::nullopt;
  const std::size_t tab = text.substr(line, word - line).find('\t');
  return tab == std::string_view::npos ? std::nullopt : std::optional(line + tab);
}

}  // namespace

TextFault explain_yaml_fault(std::string_view theirs, std::size_t at, std::string_view text,
                             std::size_t last, std::optional<std::size_t> bracket) {
  at = std::min(at, text.size());
  if (theirs.starts_with("illegal EOF in scalar")) {
    return {open_quote(text, last, at), kOpenQuote};
  }
  if (theirs.starts_with("end of map flow not found") ||
      theirs.starts_with("end of sequence flow not found")) {
    const bool at_end = text.find_first_not_of(" \t\r\n", at) == std::string_view::npos;
    if (at_end) return {bracket.value_or(at), "this bracket is never closed"};
    return {at, "expected ',' or a closing bracket"};
  }
  if (const auto tab = tab_in_indentation(text, at)) {
    return {*tab, "a tab in the indentation; YAML allows only spaces there"};
  }
  for (const Wording& w : kWordings) {
    if (theirs.starts_with(w.theirs)) return {at, std::string(w.ours)};
  }
  return {at, "this is not valid YAML: " + std::string(theirs.substr(0, theirs.find(':')))};
}

}  // namespace itnxt
