// Typed reading of one map of the document. Every read reports what is wrong with its value and
// leaves the field as it was, so that a default stays and reading goes on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/document.hpp"
#include "daemon/config/problems.hpp"
#include "daemon/config/schema.hpp"
#include "daemon/core/ids.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/time.hpp"
#include "daemon/core/units.hpp"

namespace itnxt {

// "a list", "a map", "nothing": what a value is, without quoting it (it may be a secret).
std::string_view kind_of(const Value& value);

// "; did you mean 'x'?" or "; known: a, b" or "".
// Nothing once `problems` keeps no more messages.
std::string hint(const Problems& problems, std::string_view word,
                 const std::vector<std::string>& known);

// The text of a scalar; reports anything else. `what` begins the message: "address".
std::optional<std::string_view> scalar_text(Problems& problems, const Value& value,
                                            std::string_view what);

// A name: 1 to 64 bytes of clean text (see sanitize()) that does not begin or end with white space.
std::optional<std::string> clean_name(Problems& problems, const Value& value,
                                      std::string_view what);

// A key's items; a single null is an empty list. Reports anything else.
std::span<const Value* const> list_items(Problems& problems, const Value& value,
                                         std::string_view what, std::string_view of);

class Object {
 public:
  // Reports what is no map, unknown keys and missing required keys. A null is an empty map.
  Object(Problems& problems, const Value& value, const ObjectSpec& spec);

  [[nodiscard]] bool is_map() const { return value_.is_map() || value_.is_null(); }
  [[nodiscard]] const Value& value() const { return value_; }
  [[nodiscard]] Problems& problems() const { return problems_; }
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] const Value* find(std::string_view key) const;  // null when not given
  [[nodiscard]] const Value* key(std::string_view key) const;   // the key itself, for its place

  // Each: true when given and right.
  template <class Tag>
  bool name(std::string_view key, Name<Tag>& out) const {
    const Value* v = find(key);
    const auto text = v == nullptr ? std::nullopt : clean_name(problems_, *v, key);
    if (text) out = Name<Tag>(*text);
    return text.has_value();
  }
  // Clean text of at most `most` bytes, not empty.
  bool text(std::string_view key, std::string& out, std::size_t most = 256) const;
  // A path; a relative one is taken from the folder of the file that names it.
  bool path(std::string_view key, std::string& out) const;
  bool boolean(std::string_view key, bool& out) const;
  bool duration(std::string_view key, Duration& out, Duration least, Duration most) const;
  bool size(std::string_view key, Bytes& out, Bytes least, Bytes most) const;
  bool number(std::string_view key, double& out, double least, double most) const;
  template <class Int>
  bool integer(std::string_view key, Int& out, std::int64_t least, std::int64_t most) const {
    const auto value = whole(key, least, most);
    if (value) out = static_cast<Int>(*value);
    return value.has_value();
  }
  // One of `names`; the enum's values are their indices.
  template <class Enum, std::size_t N>
  bool choice(std::string_view key, Enum& out, const std::array<std::string_view, N>& names) const {
    const auto index = choose(key, names);
    if (index) out = static_cast<Enum>(*index);
    return index.has_value();
  }

 private:
  struct Given {
    const Value* at;
    std::string_view text;
  };
  template <class T>
  struct Range {
    T least;
    T most;
  };
  [[nodiscard]] std::size_t entry(std::string_view key) const;  // plus 1; 0: not given
  // What a key says; nothing when it is not given or no scalar, which is reported.
  [[nodiscard]] std::optional<Given> given(std::string_view key) const;
  template <class T>
  [[nodiscard]] std::optional<T> parsed(std::string_view key, Result<T> (*parse)(std::string_view),
                                        const Range<T>& range, std::string_view unquoted) const;
  [[nodiscard]] std::optional<std::int64_t> whole(std::string_view key, std::int64_t least,
                                                  std::int64_t most) const;
  [[nodiscard]] std::optional<std::size_t> choose(std::string_view key,
                                                  std::span<const std::string_view> names) const;
  void check_keys();

  static constexpr std::size_t kMostKeys = 16;
  Problems& problems_;
  const Value& value_;
  const ObjectSpec& spec_;
  std::array<std::size_t, kMostKeys> at_{};  // entry of each key of the table, plus 1
};

}  // namespace itnxt
