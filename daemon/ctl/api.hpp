// The aggregator's /api/v1 as the verbs read it. The server is not trusted and may be of another
// version: what is absent or of another type reads as unknown, and text comes out sanitised.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/result.hpp"
#include "daemon/core/time.hpp"
#include "daemon/ctl/url.hpp"

namespace itnxt::ctl {

using Json = nlohmann::json;

class Api {
 public:
  // `cancel`: an fd whose readability ends a wait; -1 for none.
  explicit Api(Url url, int cancel = -1) : url_(std::move(url)), cancel_(cancel) {}

  // `data` of GET /api/v1/NAME. Errors are whole sentences for people.
  [[nodiscard]] Result<Json> get(std::string_view name) const;

  // The whole answer, where `data` is not all of it.
  [[nodiscard]] Result<Json> get_answer(std::string_view name) const;

  // The same for "status", with `devices.unknown` also where the aggregator does not count it.
  [[nodiscard]] Result<Json> status() const;

 private:
  const Url url_;
  const int cancel_;
};

// An answer's body, which has `data`. Errors are half a sentence, to stand after "the answer".
// Pure.
Result<Json> parse_answer(std::string_view body);

// Members of `object`, which may be anything.
std::string text_of(const Json& object, const char* key, std::size_t max_bytes = 64);
std::optional<double> number_of(const Json& object, const char* key);
std::optional<bool> flag_of(const Json& object, const char* key);
std::optional<WallTime> time_of(const Json& object, const char* key);
const Json& child_of(const Json& object, const char* key);  // null when there is none

// From `earlier` to `later`, if both are known.
std::optional<Duration> between(std::optional<WallTime> earlier, std::optional<WallTime> later);

}  // namespace itnxt::ctl
