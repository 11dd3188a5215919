// Checked reading of names and numbers from the wire, for the decode files only: what is wrong is
// said with the field's name, and something harmless is returned.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "daemon/core/text.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::wire {

inline constexpr std::size_t kName = 256;  // bytes of text, see itnxt.proto
inline constexpr const char* kNotPlain =
    ": is no plain text: it has control characters, needless spaces, invalid UTF-8 or more than "
    "256 bytes; choose another name";
inline constexpr std::int64_t kLatest = std::int64_t{1}
                                        << 62;  // so that differences cannot overflow
inline constexpr std::int64_t kLongest = Duration(std::chrono::hours(24 * 31)).count();
inline constexpr const char* kNoTime = " is no time, expected 0 to 2^62 nanoseconds";

// The first thing that is wrong; what comes after is not of interest.
class Problem {
 public:
  void say(std::string message) {
    if (message_.empty()) message_ = std::move(message);
  }
  [[nodiscard]] bool any() const { return !message_.empty(); }
  [[nodiscard]] std::string take() { return std::move(message_); }

 private:
  std::string message_;
};

template <class Name>
void take_name(const std::string& from, const std::string& field, Problem& problem, Name& to) {
  if (to.text() == from && !from.empty()) return;  // the same as in the batch before, and checked
  std::string text;
  sanitize_into(text, from, kName);
  if (text.empty()) problem.say(field + ": is empty");
  to = Name(std::move(text));
}

// A name that is to come back as it was: what cleaning would change is refused.
template <class Name>
void take_exact_name(const std::string& from, const std::string& field, Problem& problem,
                     Name& to) {
  take_name(from, field, problem, to);
  if (to.text() != from) problem.say(field + kNotPlain);
}

inline std::string of_sample(const char* kind, std::size_t sample) {
  return "batch.samples[" + std::to_string(sample) + "]." + kind + '.';
}

// A reader of one sample's fields: knows how to name them.
class Fields {
 public:
  Fields(Problem& problem, const char* kind, std::size_t sample)
      : problem_(problem), kind_(kind), sample_(sample) {}
  void row(std::size_t row) { row_ = row; }

  [[nodiscard]] std::string name(const char* field) const {
    std::string text = kind_ == nullptr ? std::string("batch.") : of_sample(kind_, sample_);
    if (row_ != kNoRow) text += "interfaces[" + std::to_string(row_) + "].";
    return text + field;
  }
  void wrong(const char* field, const std::string& what) {
    problem_.say(name(field) + ": " + what);
  }

  std::int64_t time(std::int64_t nanoseconds, const char* field) {
    if (nanoseconds < 0 || nanoseconds > kLatest) {
      wrong(field, std::to_string(nanoseconds) + kNoTime);
      return 0;
    }
    return nanoseconds;
  }
  SourceTime source_time(std::int64_t nanoseconds, const char* field) {
    return SourceTime(Duration(time(nanoseconds, field)));
  }
  Duration duration(std::int64_t nanoseconds, const char* field) {
    if (nanoseconds < 0 || nanoseconds > kLongest) {
      wrong(field, std::to_string(nanoseconds) + " ns is out of range, expected 0 to 31 days");
      return Duration::zero();
    }
    return Duration(nanoseconds);
  }
  template <class Enum>
  Enum closed(int value, Enum last, const char* field, const char* type) {
    if (value < 0 || value > static_cast<int>(last)) {
      wrong(field, std::to_string(value) + " is no " + type);
      return Enum{};
    }
    return static_cast<Enum>(value);
  }

 private:
  static constexpr std::size_t kNoRow = std::numeric_limits<std::size_t>::max();
  Problem& problem_;
  const char* kind_;  // nullptr: the batch itself
  std::size_t sample_;
  std::size_t row_ = kNoRow;
};

}  // namespace itnxt::wire
