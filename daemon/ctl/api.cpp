#include "daemon/ctl/api.hpp"

#include <fmt/format.h>

#include "daemon/core/text.hpp"
#include "daemon/ctl/http_get.hpp"
#include "daemon/ctl/human.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/views.hpp"

namespace itnxt::ctl {
namespace {

constexpr int kMaxDepth = 32;  // deeper than the API is, far less than a stack holds

constexpr std::string_view kIsError = "is an error";

const Json kNull;

}  // namespace

Result<Json> parse_answer(std::string_view body) {
  bool too_deep = false;
  Json answer;
  try {
    answer = Json::parse(body, [&](int depth, Json::parse_event_t, const Json&) {
      too_deep = too_deep || depth > kMaxDepth;
      return !too_deep;  // what is discarded is not stored
    });
  } catch (const Json::exception& e) {
    // "[json.exception.parse_error.101] parse error at line 1, …": the bracket tells people
    // nothing.
    const std::string_view what = e.what();
    const std::size_t bracket = what.find("] ");
    return Error{
        fmt::format("is no JSON: {}",
                    sanitize(bracket == std::string_view::npos ? what : what.substr(bracket + 2)))};
  }
  if (too_deep) return Error{fmt::format("is nested deeper than {} levels", kMaxDepth)};
  if (text_of(answer, "status") == "error") {
    return Error{fmt::format("{}: {}", kIsError, text_of(answer, "error", 256))};
  }
  if (text_of(answer, "status") != "success" || !answer.contains("data")) {
    return Error{"is not one of itnxt's API: no \"status\":\"success\" with \"data\""};
  }
  return answer;
}

Result<Json> Api::get_answer(std::string_view name) const {
  const std::string path = fmt::format("/api/v1/{}", name);
  const auto at = [&](std::string_view what) {
    return Error{fmt::format("{}{}: {}", url_.text(), path, what)};
  };
  auto response = http_get(url_, path, {}, cancel_);
  if (!response) return Error{response.error()};
  auto answer = parse_answer(response->body);
  constexpr std::string_view kElsewhere = "is that an itnxt aggregator? (--url names another)";
  const bool is_ours = answer || answer.error().starts_with(kIsError);
  if (response->status != 200) {
    return at(fmt::format("the server refuses with status {}{}", response->status,
                          answer    ? ""
                          : is_ours ? fmt::format(": the answer {}", answer.error())
                                    : fmt::format("; {}", kElsewhere)));
  }
  if (!is_ours) return at(fmt::format("the answer {}; {}", answer.error(), kElsewhere));
  if (!answer) return at(fmt::format("the answer {}", answer.error()));
  return answer;
}

Result<Json> Api::get(std::string_view name) const {
  auto answer = get_answer(name);
  if (!answer) return answer;
  return std::move((*answer)["data"]);
}

Result<Json> Api::status() const {
  auto status = get("status");
  if (!status || number_of(child_of(*status, "devices"), "unknown")) return status;
  const auto devices = get("devices");
  if (!devices) return Error{devices.error()};
  return with_unknown_devices(std::move(*status), *devices);
}

std::string text_of(const Json& object, const char* key, std::size_t max_bytes) {
  const Json& member = child_of(object, key);
  return member.is_string() ? sanitize(member.get_ref<const std::string&>(), max_bytes) : "";
}

std::optional<double> number_of(const Json& object, const char* key) {
  const Json& member = child_of(object, key);
  if (!member.is_number()) return std::nullopt;
  return member.get<double>();
}

std::optional<bool> flag_of(const Json& object, const char* key) {
  const Json& member = child_of(object, key);
  if (!member.is_boolean()) return std::nullopt;
  return member.get<bool>();
}

std::optional<WallTime> time_of(const Json& object, const char* key) {
  return parse_rfc3339(text_of(object, key));
}

const Json& child_of(const Json& object, const char* key) {
  if (!object.is_object()) return kNull;
  const auto member = object.find(key);
  return member == object.end() ? kNull : *member;
}

std::optional<Duration> between(std::optional<WallTime> earlier, std::optional<WallTime> later) {
  if (!earlier || !later) return std::nullopt;
  return *later - *earlier;
}

}  // namespace itnxt::ctl
