// Where the values of metrics go (values.hpp): to the text of /metrics, or to remote write. One
// family at a time; thread: the caller's.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/core/labels.hpp"

namespace itnxt {

// Above 2^53 a double loses the low bits; Prometheus takes the wrap for a reset and stays right.
constexpr std::uint64_t wrapped(std::uint64_t count) {
  return count % (1ULL << 53U);
}

class ValueSink {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  ValueSink() = default;
  ValueSink(const ValueSink&) = delete;
  ValueSink& operator=(const ValueSink&) = delete;

  void line(Labels labels, double value) { put({}, labels, value); }
  void line(double value) { put({}, {}, value); }
  // With labels that are rendered already, "{…}" as core/labels.hpp does.
  void line(std::string_view rendered, std::uint64_t value) { put(rendered, {}, value); }
  void line(std::string_view rendered, double value) { put(rendered, {}, value); }
  // And with more of them behind.
  void line(std::string_view rendered, Labels more, std::uint64_t value) {
    put(rendered, more, value);
  }

 protected:
  ~ValueSink() = default;

 private:
  // One sample of the family; `rendered` and `more` may be empty.
  virtual void put(std::string_view rendered, Labels more, double value) = 0;
  virtual void put(std::string_view rendered, Labels more, std::uint64_t value) = 0;
};

// Appends the whole set as text, "{…}"; nothing when there are no labels.
inline void append_labels(std::string& out, std::string_view rendered, ValueSink::Labels more) {
  if (rendered.empty()) return append_labels(out, more);
  if (more.size() == 0) {
    out += rendered;
    return;
  }
  out.append(rendered, 0, rendered.size() - 1);
  for (const auto& [name, text] : more) append_label(out, ',', name, text);
  out += '}';
}

}  // namespace itnxt
