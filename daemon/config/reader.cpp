#include "daemon/config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <filesystem>
#include <utility>

#include "daemon/config/scalars.hpp"
#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMaxName = 64;

std::string join(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

// Reports `error` under the key's name.
void wrong(Problems& problems, const Value& value, std::string_view what,
           const std::string& error) {
  problems.error(value, fmt::format("{}: {}", what, error));
}

std::string in_words(std::int64_t number) {
  return std::to_string(number);
}
std::string in_words(bool value) {
  return value ? "true" : "false";
}
template <class T>
std::string in_words(T value) {
  return to_text(value);
}

template <class T>
bool take(const std::optional<T>& value, T& out) {
  if (value) out = *value;
  return value.has_value();
}

}  // namespace

std::string_view kind_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return "nothing";
    case Value::Kind::scalar:
      return "a single value";
    case Value::Kind::list:
      return "a list";
    case Value::Kind::map:
      return "a map";
  }
  return "";
}

std::string hint(const Problems& problems, std::string_view word,
                 const std::vector<std::string>& known) {
  if (problems.full()) return "";
  constexpr std::size_t kMostListed = 16;
  if (word.size() >= 3 && word.size() <= kMaxName) {
    if (const auto near = did_you_mean(word, known))
      return fmt::format("; did you mean '{}'?", *near);
  }
  if (known.empty() || known.size() > kMostListed) return "";
  return "; known: " + join(known);
}

std::optional<std::string_view> scalar_text(Problems& problems, const Value& value,
                                            std::string_view what) {
  if (value.is_scalar()) return value.text;
  wrong(problems, value, what, fmt::format("expected a single value, not {}", kind_of(value)));
  return std::nullopt;
}

std::optional<std::string> clean_name(Problems& problems, const Value& value,
                                      std::string_view what) {
  const auto text = scalar_text(problems, value, what);
  if (!text) return std::nullopt;
  if (!text->empty() && text->size() <= kMaxName && sanitize(*text) == *text) {
    return std::string(*text);
  }
  wrong(problems, value, what,
        fmt::format("expected a name of 1 to {} bytes without control characters, double spaces "
                    "or white space at its ends, not {}",
                    kMaxName, in_quotes(*text)));
  return std::nullopt;
}

std::span<const Value* const> list_items(Problems& problems, const Value& value,
                                         std::string_view what, std::string_view of) {
  if (value.is_list()) return value.items;
  if (!value.is_null()) {
    wrong(problems, value, what, fmt::format("expected a list of {}, not {}", of, kind_of(value)));
  }
  return {};
}

Object::Object(Problems& problems, const Value& value, const ObjectSpec& spec)
    : problems_(problems), value_(value), spec_(spec) {
  assert(spec.keys.size() <= kMostKeys);
  if (!is_map()) {
    problems_.error(value_, fmt::format("expected a map with the keys of {}, not {}", spec_.what,
                                        kind_of(value_)));
    return;
  }
  check_keys();
}

void Object::check_keys() {
  // A key inside a secret's value may be the secret itself, and so may one without a value in a map
  // that bears one: it is not repeated.
  const bool is_secret = spec_.id == schema::secret.id;
  const bool bears_secret =
      spec_.id == schema::community_credentials.id || spec_.id == schema::user_credentials.id ||
      spec_.id == schema::webhook_channel.id || spec_.id == schema::alertmanager_channel.id;
  for (std::size_t i = 0; i < value_.entries(); ++i) {
    const Value& key = value_.key(i);
    if (!key.is_scalar()) continue;  // reported with the document
    const auto known = std::find_if(spec_.keys.begin(), spec_.keys.end(),
                                    [&](const KeySpec& k) { return k.name == key.text; });
    if (known != spec_.keys.end()) {
      std::size_t& at = at_[static_cast<std::size_t>(known - spec_.keys.begin())];
      if (at == 0) at = i + 1;  // a duplicate is reported with the document
      continue;
    }
    const bool may_quote = !is_secret && !(bears_secret && value_.value(i).is_null());
    std::vector<std::string> names;
    for (const KeySpec& k : spec_.keys) names.emplace_back(k.name);
    problems_.error(
        key, may_quote ? fmt::format("unknown key {} in {}{}", in_quotes(key.text), spec_.what,
                                     hint(problems_, key.text, names))
                       : fmt::format("unknown key in {}; known: {}", spec_.what, join(names)));
  }
  for (const KeySpec& k : spec_.keys) {
    if (!k.required.empty() && this->key(k.name) == nullptr) {
      problems_.error(value_,
                      fmt::format("{} lacks '{}'; expected {}", spec_.what, k.name, k.required));
    }
  }
}

std::size_t Object::entry(std::string_view key) const {
  const auto known = std::find_if(spec_.keys.begin(), spec_.keys.end(),
                                  [&](const KeySpec& k) { return k.name == key; });
  assert(known != spec_.keys.end());  // else the table lacks it
  return at_[static_cast<std::size_t>(known - spec_.keys.begin())];
}

const Value* Object::key(std::string_view key) const {
  const std::size_t at = entry(key);
  return at == 0 ? nullptr : &value_.key(at - 1);
}

const Value* Object::find(std::string_view key) const {
  const std::size_t at = entry(key);
  return at == 0 ? nullptr : &value_.value(at - 1);
}

std::optional<Object::Given> Object::given(std::string_view key) const {
  const Value* at = find(key);
  const auto text = at == nullptr ? std::nullopt : scalar_text(problems_, *at, key);
  if (!text) return std::nullopt;
  return Given{at, *text};
}

bool Object::text(std::string_view key, std::string& out, std::size_t most) const {
  const auto value = given(key);
  if (!value) return false;
  if (value->text.empty() || value->text.size() > most ||
      sanitize(value->text, most) != value->text) {
    wrong(problems_, *value->at, key,
          fmt::format("expected text of 1 to {} bytes on one line, without double spaces or white "
                      "space at its ends, not {}",
                      most, in_quotes(value->text)));
    return false;
  }
  out = value->text;
  return true;
}

bool Object::path(std::string_view key, std::string& out) const {
  constexpr std::size_t kMostPath = 4095;  // PATH_MAX without its NUL
  const auto value = given(key);
  if (!value) return false;
  if (value->text.empty() || value->text.size() > kMostPath ||
      value->text.find('\0') != std::string_view::npos) {
    wrong(
        problems_, *value->at, key,
        fmt::format("expected a path of 1 to {} bytes, not {}", kMostPath, in_quotes(value->text)));
    return false;
  }
  out = (value->at->source->directory() / value->text).lexically_normal().string();
  return true;
}

// `unquoted`: what it is called when it may not stand in quotes; empty when it may.
template <class T>
std::optional<T> Object::parsed(std::string_view key, Result<T> (*parse)(std::string_view),
                                const Range<T>& range, std::string_view unquoted) const {
  const auto value = given(key);
  if (!value) return std::nullopt;
  const Result<T> got = parse(value->text);
  if (!got) {
    wrong(problems_, *value->at, key, got.error());
  } else if (value->at->quoted && !unquoted.empty()) {
    wrong(problems_, *value->at, key, fmt::format("expected {} without quotes", unquoted));
  } else if (!(*got >= range.least && *got <= range.most)) {  // so that a NaN fails too
    wrong(problems_, *value->at, key,
          fmt::format("expected {} to {}, not {}", in_words(range.least), in_words(range.most),
                      in_quotes(value->text)));
  } else {
    return *got;
  }
  return std::nullopt;
}

bool Object::boolean(std::string_view key, bool& out) const {
  return take(parsed<bool>(key, parse_boolean, {false, true}, "true or false"), out);
}

bool Object::duration(std::string_view key, Duration& out, Duration least, Duration most) const {
  return take(parsed<Duration>(key, parse_duration, {least, most}, {}), out);
}

bool Object::size(std::string_view key, Bytes& out, Bytes least, Bytes most) const {
  return take(parsed<Bytes>(key, parse_size, {least, most}, {}), out);
}

bool Object::number(std::string_view key, double& out, double least, double most) const {
  return take(parsed<double>(key, parse_number, {least, most}, "a number"), out);
}

std::optional<std::int64_t> Object::whole(std::string_view key, std::int64_t least,
                                          std::int64_t most) const {
  return parsed<std::int64_t>(key, parse_integer, {least, most}, "a whole number");
}

std::optional<std::size_t> Object::choose(std::string_view key,
                                          std::span<const std::string_view> names) const {
  const auto value = given(key);
  if (!value) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), value->text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  wrong(problems_, *value->at, key,
        fmt::format("unknown {}{}", in_quotes(value->text),
                    hint(problems_, value->text, {names.begin(), names.end()})));
  return std::nullopt;
}

}  // namespace itnxt
