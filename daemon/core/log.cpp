#include "daemon/core/log.hpp"

#include <cstdio>

#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

const char* level_name(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::notice:
      return "notice";
    case Severity::info:
      return "info";
    case Severity::debug:
      return "debug";
  }
  return "error";
}

// logfmt: bare where that is unambiguous, else quoted with \" and \\ escaped.
void append_value(std::string& line, std::string_view raw) {
  const std::string value = sanitize(raw, 4096);
  const bool bare = !value.empty() && value.find_first_of(" \"=\\") == std::string::npos;
  if (bare) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  line += '"';
}

}  // namespace

void Log::write(Severity severity, std::string_view message,
                std::initializer_list<LogField> fields) {
  std::string line = std::string("level=") + level_name(severity) + " msg=";
  append_value(line, message);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  emit(severity, line);
}

void StderrLog::emit(Severity severity, std::string_view line) {
  std::string text;
  if (under_journal_) {
    text = '<' + std::to_string(static_cast<int>(severity)) + '>';
  } else {
    text = "time=" + to_rfc3339(wall_now_()) + ' ';
  }
  text += line;
  text += '\n';
  // One write per line keeps lines whole; a log that cannot be written has nowhere to complain.
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace itnxt
