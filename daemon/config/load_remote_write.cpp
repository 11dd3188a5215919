// Stores that get what the aggregator knows by remote write.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "daemon/config/addresses.hpp"
#include "daemon/config/draft.hpp"
#include "daemon/config/scalars.hpp"
#include "daemon/core/host_port.hpp"
#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostTargets = 16;
constexpr std::size_t kMostPairs = 32;  // of labels or headers of one target
constexpr std::size_t kMostText = 256;

bool is_label_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && name.size() <= 64 && !name.starts_with("__") && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool is_header_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool is_header_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; });
}

// What remote write and HTTP set by themselves, and what only a secret may say.
bool is_taken_header(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kTaken = {
      "authorization",     "connection", "content-encoding", "content-length",
      "content-type",      "cookie",     "expect",           "host",
      "transfer-encoding", "user-agent"};
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kTaken, lower) != kTaken.end() ||
         lower == "x-prometheus-remote-write-version" || lower.starts_with("proxy-");
}

// A map of names to texts; `objection` says what is wrong with one, or nothing.
template <class Objection>
void read_pairs(Draft& draft, const Value& value, std::string_view what, Objection objection,
                std::map<std::string, std::string>& out) {
  if (value.is_null()) return;
  if (!value.is_map()) {
    draft.problems.error(value,
                         fmt::format("{}: expected a map of names, not {}", what, kind_of(value)));
    return;
  }
  if (value.entries() > kMostPairs) {
    draft.problems.error(value, fmt::format("{}: expected at most {}", what, kMostPairs));
    return;
  }
  for (std::size_t i = 0; i < value.entries(); ++i) {
    const Value& key = value.key(i);
    if (!key.is_scalar()) continue;  // reported with the document
    const auto text = scalar_text(draft.problems, value.value(i), what);
    if (!text) continue;
    const std::string problem = objection(key.text, *text);
    if (problem.empty()) {
      out.emplace(key.text, *text);
    } else {
      draft.problems.error(key, fmt::format("{}: {}", what, problem));
    }
  }
}

std::string label_objection(std::string_view name, std::string_view text) {
  if (!is_label_name(name)) {
    return fmt::format("{} is no label's name; expected letters, digits and _, not two _ first",
                       in_quotes(name));
  }
  if (text.empty() || text.size() > kMostText || sanitize(text) != text) {
    return fmt::format("the value of {} is no clean text of 1 to {} bytes", name, kMostText);
  }
  return {};
}

std::string header_objection(std::string_view name, std::string_view text) {
  if (!is_header_name(name)) {
    return fmt::format("{} is no header's name; expected letters, digits and -", in_quotes(name));
  }
  if (is_taken_header(name)) {
    return fmt::format(
        "{} cannot be set here; for credentials there are bearer_token and "
        "basic_auth",
        in_quotes(name));
  }
  if (text.empty() || text.size() > kMostText || !is_header_value(text)) {
    return fmt::format("the value of {} is no ASCII text of 1 to {} bytes", name, kMostText);
  }
  return {};
}

void read_secret_of(Draft& draft, const Value& value, std::string_view what, Secret& secret) {
  if (read_secret_reference(draft.problems, value, what, secret) &&
      draft.purpose != Purpose::collect) {
    resolve_secret(draft, value, secret);
  }
}

void read_basic_auth(Draft& draft, const Value& value, RemoteWriteConfig& target) {
  const Object object(draft.problems, value, schema::basic_auth);
  if (object.text("user", target.user) && target.user.find(':') != std::string::npos) {
    draft.problems.error(*object.find("user"), "user: expected a name without ':' (RFC 7617 §2)");
  }
  if (const Value* password = object.find("password")) {
    read_secret_of(draft, *password, "password", target.password);
  }
}

void read_queue(Draft& draft, const Value& value, RemoteWriteQueue& queue) {
  const Object object(draft.problems, value, schema::queue);
  object.size("max_size", queue.max_size, Bytes(1U << 20U), Bytes(16ULL << 30U));
  object.integer("shards", queue.shards, 1, 64);
  object.integer("batch", queue.batch, 1, 100'000);
}

// HOST:PORT/PATH: without what follows '?', which may be a secret.
std::string default_name(std::string_view text, const HttpUrl& url) {
  const std::string_view rest = text.substr(text.find("://") + 3);
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view tail = rest.substr(path);
  return host_port_text(url.to.host, url.to.port) + std::string(tail.substr(0, tail.find('?')));
}

void read_target_url(Draft& draft, const Value& value, bool has_credentials,
                     RemoteWriteConfig& target) {
  const auto text = scalar_text(draft.problems, value, "url");
  if (!text) return;
  const auto url = parse_http_url(*text);
  if (!url) {
    draft.problems.error(value, "url: " + url.error());
    return;
  }
  target.url = *text;
  if (target.name.empty()) target.name = default_name(*text, *url);
  if (url->tls || is_loopback(url->to.host)) return;
  if (has_credentials) {
    draft.problems.error(value,
                         "url: credentials would leave this host unencrypted; expected https://");
  } else {
    draft.problems.warning(value, "url: samples leave this host unencrypted; expected https://");
  }
}

void read_target(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::remote_write);
  if (!object.is_map()) return;
  RemoteWriteConfig target;
  if (const Value* name = object.find("name")) {
    if (const auto text = clean_name(draft.problems, *name, "name")) target.name = *text;
  }
  if (const Value* labels = object.find("external_labels")) {
    read_pairs(draft, *labels, "external_labels", label_objection, target.external_labels);
  }
  if (const Value* headers = object.find("headers")) {
    read_pairs(draft, *headers, "headers", header_objection, target.headers);
  }
  const Value* token = object.find("bearer_token");
  const Value* basic = object.find("basic_auth");
  if (token != nullptr) read_secret_of(draft, *token, "bearer_token", target.bearer_token);
  if (basic != nullptr) read_basic_auth(draft, *basic, target);
  if (token != nullptr && basic != nullptr) {
    draft.problems.error(*object.key("basic_auth"),
                         "basic_auth: expected at most one of bearer_token and basic_auth");
  }
  if (const Value* queue = object.find("queue")) read_queue(draft, *queue, target.queue);
  if (const Value* url = object.find("url")) {
    read_target_url(draft, *url, token != nullptr || basic != nullptr, target);
  }
  std::vector<RemoteWriteConfig>& targets = draft.config.aggregator.remote_write;
  const auto same = std::ranges::find(targets, target.name, &RemoteWriteConfig::name);
  if (same != targets.end() && !target.name.empty()) {
    draft.problems.error(value, fmt::format("remote_write: two targets are called {}; give one "
                                            "another name",
                                            in_quotes(target.name)));
    return;
  }
  targets.push_back(std::move(target));
}

}  // namespace

void read_remote_write(Draft& draft, const Value& remote_write) {
  for (const Value* item : list_items(draft.problems, remote_write, "remote_write", "maps")) {
    if (draft.config.aggregator.remote_write.size() == kMostTargets) {
      draft.problems.error(*item,
                           fmt::format("remote_write: expected at most {} targets", kMostTargets));
      return;
    }
    read_target(draft, *item);
  }
}

}  // namespace itnxt
