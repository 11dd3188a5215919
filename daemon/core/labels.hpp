// Label sets as both exposition formats want them: {name="value",…}, with backslash, quote and line
// end escaped (prometheus.io "Exposition formats", OpenMetrics 1.0 "ABNF"). Values are valid UTF-8
// already. Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace itnxt {

// Appends `before` and name="value".
inline void append_label(std::string& out, char before, std::string_view name,
                         std::string_view value) {
  out += before;
  out += name;
  out += "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  out += '"';
}

// Appends the set of `labels`, pairs of name and value; nothing when there are none.
template <class Labels>
void append_labels(std::string& out, const Labels& labels) {
  char before = '{';
  for (const auto& [name, value] : labels) {
    append_label(out, before, name, value);
    before = ',';
  }
  if (before == ',') out += '}';
}

}  // namespace itnxt
