#include "daemon/config/load.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "daemon/config/draft.hpp"
#include "daemon/config/files.hpp"
#include "daemon/config/scalars.hpp"
#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

NodeName host_name() {
  std::array<char, 65> name{};  // HOST_NAME_MAX and a NUL
  if (gethostname(name.data(), name.size() - 1) != 0) return NodeName("localhost");
  std::string clean = sanitize(name.data(), 64);
  return NodeName(clean.empty() ? "localhost" : std::move(clean));
}

// What no key by itself gets wrong.
void check_whole(const Draft& draft, const Object& root) {
  Problems& problems = draft.problems;
  const auto place = [&](std::string_view key) -> const Value& {
    const Value* at = root.key(key);
    return at == nullptr ? root.value() : *at;
  };
  if (draft.purpose == Purpose::collect && draft.config.transport.aggregators.empty()) {
    problems.error(place("transport"),
                   "transport lacks 'aggregators'; `collect` needs the endpoints it delivers to");
  }
  if (draft.purpose == Purpose::aggregate && draft.config.aggregator.listen.empty()) {
    problems.error(place("aggregator"),
                   "aggregator lacks 'listen'; `aggregate` needs the endpoint collectors come to");
  }
  if (!draft.config.rules.empty() && draft.config.notify.routes.empty()) {
    problems.warning(place("rules"),
                     "rules without a route in notify.routes: alerts are shown, nobody is told");
  }
}

std::optional<Config> interpret(Problems& problems, Files& files, const Value& document,
                                Purpose purpose, const Checks& checks) {
  Draft draft(problems, files, document.source->directory(), purpose, checks);
  const Object root(problems, document, schema::configuration);
  if (!root.is_map()) return std::nullopt;
  if (!root.name("node", draft.config.node)) draft.config.node = host_name();
  const auto section = [&](std::string_view key, void (*read)(Draft&, const Value&)) {
    const Value* value = root.find(key);
    if (value != nullptr && !value->is_null()) read(draft, *value);
  };
  section("inventory", read_inventory);
  section("credentials", read_credentials);
  check_devices(draft);
  section("collectors", read_collectors);
  resolve_credentials(draft);
  make_targets(draft);
  section("transport", read_transport);
  section("aggregator", read_aggregator);
  check_device_nodes(draft);
  section("rules", read_rules);
  section("crisis", read_crisis);
  section("notify", read_notify);
  check_whole(draft, root);
  return std::move(draft.config);
}

template <class Read>
Loaded load(Purpose purpose, const Checks& checks, Read read) {
  Problems problems;
  Files files(problems);
  Loaded loaded;
  if (const Value* document = read(files)) {
    loaded.config = interpret(problems, files, *document, purpose, checks);
  }
  if (problems.errors() > 0) loaded.config.reset();
  loaded.issues = problems.finish();
  return loaded;
}

}  // namespace

std::optional<std::size_t> read_kind(const Draft& draft, const Value& map, std::string_view what,
                                     const KeySpec& key, std::span<const std::string_view> names) {
  Problems& problems = draft.problems;
  const Value* value = peek(map, key.name);
  if (value == nullptr) {
    problems.error(map, fmt::format("{} lacks '{}'; expected {}", what, key.name, key.required));
    return std::nullopt;
  }
  const auto text = scalar_text(problems, *value, key.name);
  if (!text) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), *text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  problems.error(*value, fmt::format("{}: unknown {}{}", key.name, in_quotes(*text),
                                     hint(problems, *text, {names.begin(), names.end()})));
  return std::nullopt;
}

Loaded load_config(const std::filesystem::path& file, Purpose purpose, const Checks& checks) {
  return load(purpose, checks, [&](Files& files) { return files.load(file); });
}

Loaded load_config_text(std::string_view name, std::string_view text, Purpose purpose,
                        const Checks& checks) {
  return load(purpose, checks,
              [&](Files& files) { return files.load_text(std::string(name), std::string(text)); });
}

}  // namespace itnxt
