// One event, one line, key=value. Thread: the loop's.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "daemon/core/time.hpp"

namespace itnxt {

// RFC 5424 severities, the ones a daemon has a use for.
enum class Severity { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

struct LogField {
  std::string_view key;
  std::string value;
};

class Log {
 public:
  virtual ~Log() = default;

  // `message` is a sentence for people (what, where, what to do); fields are for machines.
  // Values are quoted and escaped as needed. Never pass a secret.
  void write(Severity severity, std::string_view message,
             std::initializer_list<LogField> fields = {});
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(Severity::error, message, fields);
  }
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(Severity::warning, message, fields);
  }
  void notice(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(Severity::notice, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(Severity::info, message, fields);
  }

 private:
  // `line`: `level=… msg=… key=value…`, without prefix, time or line end.
  virtual void emit(Severity severity, std::string_view line) = 0;
};

// Standard error: with journald's level prefix (`<3>`) under the journal, else with `time=…`.
class StderrLog final : public Log {
 public:
  StderrLog(bool under_journal, std::function<WallTime()> wall_now)
      : under_journal_(under_journal), wall_now_(std::move(wall_now)) {}

 private:
  void emit(Severity severity, std::string_view line) override;
  const bool under_journal_;
  const std::function<WallTime()> wall_now_;
};

}  // namespace itnxt
