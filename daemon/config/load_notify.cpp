// Channels and routes: who is told.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "daemon/config/addresses.hpp"
#include "daemon/config/draft.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

// A URL's text; empty when it is wrong.
std::string read_url(Problems& problems, const Value& value, std::string_view what,
                     bool warn_when_open) {
  const auto text = scalar_text(problems, value, what);
  if (!text) return {};
  const auto url = parse_http_url(*text);
  if (!url) {
    problems.error(value, fmt::format("{}: {}", what, url.error()));
    return {};
  }
  if (warn_when_open && !url->tls && !is_loopback(url->to.host)) {
    problems.warning(value,
                     fmt::format("{}: pages leave this host unencrypted; expected https://", what));
  }
  return std::string(*text);
}

ChannelKind read_alertmanager(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::alertmanager_channel);
  AlertmanagerChannel channel;
  const Value* urls = object.find("urls");
  if (urls == nullptr) return channel;
  const auto items = list_items(draft.problems, *urls, "urls", "URLs");
  for (const Value* item : items) {
    std::string url = read_url(draft.problems, *item, "urls", false);
    if (url.empty()) continue;
    if (std::find(channel.urls.begin(), channel.urls.end(), url) != channel.urls.end()) {
      draft.problems.error(*item,
                           fmt::format("urls: {} stands twice in this list", in_quotes(url)));
      continue;
    }
    channel.urls.push_back(std::move(url));
  }
  if (items.empty() && (urls->is_list() || urls->is_null())) {
    draft.problems.error(*urls, "urls: expected at least one URL");
  }
  return channel;
}

ChannelKind read_webhook(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::webhook_channel);
  WebhookChannel channel;
  if (const Value* url = object.find("url")) {
    channel.url = read_url(draft.problems, *url, "url", true);
  }
  const Value* secret = object.find("secret");
  if (secret != nullptr &&
      read_secret_reference(draft.problems, *secret, "secret", channel.secret) &&
      draft.purpose != Purpose::collect) {
    resolve_secret(draft, *secret, channel.secret);
  }
  return channel;
}

void read_channel(Draft& draft, const Value& key, const Value& value) {
  const auto name = clean_name(draft.problems, key, "channels");
  if (!name || draft.channels.look_up(*name) != nullptr) return;
  draft.channels.add(draft.problems, *name, key, draft.config.notify.channels.size());
  Channel channel{ChannelName(*name), {}};
  // In the order of kChannelTypeNames.
  static constexpr std::array kReaders = {read_alertmanager, read_webhook};
  static_assert(kReaders.size() == kChannelTypeNames.size());
  if (!value.is_map()) {
    draft.problems.error(
        value, fmt::format("expected a map with the keys of a channel, not {}", kind_of(value)));
  } else if (const auto type = read_kind(draft, value, "a channel", schema::webhook_channel.keys[0],
                                         kChannelTypeNames)) {
    channel.kind = kReaders[*type](draft, value);
  }
  draft.config.notify.channels.push_back(std::move(channel));
}

// The labels an alert can bear: CONTRACT §5 and the attributes of every kind of subject.
std::vector<std::string> label_names() {
  std::set<std::string> labels = {"alertname", "severity", "subject"};
  for (std::size_t kind = 0; kind < kSubjectKinds; ++kind) {
    const auto names = attribute_names(static_cast<SubjectKind>(kind));
    labels.insert(names.begin(), names.end());
  }
  return {labels.begin(), labels.end()};
}

void read_match(Draft& draft, const Value& match, Route& route) {
  if (match.is_null()) return;
  if (!match.is_map()) {
    draft.problems.error(match,
                         fmt::format("match: expected a map of labels, not {}", kind_of(match)));
    return;
  }
  const std::vector<std::string> known = label_names();
  for (std::size_t i = 0; i < match.entries(); ++i) {
    const Value& key = match.key(i);
    if (!key.is_scalar()) continue;  // reported with the document
    const std::string label(key.text.substr(0, 64));
    if (std::find(known.begin(), known.end(), label) == known.end()) {
      draft.problems.error(key, fmt::format("match: no alert has a label {}{}", in_quotes(key.text),
                                            hint(draft.problems, key.text, known)));
      continue;
    }
    const auto text = scalar_text(draft.problems, match.value(i), label);
    if (!text) continue;
    const auto& severities = kAlertSeverityNames;
    if (label == "severity" &&
        std::find(severities.begin(), severities.end(), *text) == severities.end()) {
      draft.problems.error(
          match.value(i),
          fmt::format("severity: unknown {}{}", in_quotes(*text),
                      hint(draft.problems, *text, {severities.begin(), severities.end()})));
    }
    route.match.emplace(label, *text);
  }
}

void read_route(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::route);
  if (!object.is_map()) return;
  Route route;
  if (const Value* match = object.find("match")) read_match(draft, *match, route);
  if (const Value* channels = object.find("channels")) {
    const auto items = list_items(draft.problems, *channels, "channels", "names");
    for (const Value* item : items) {
      const auto name = clean_name(draft.problems, *item, "channels");
      if (!name || !draft.channels.find(draft.problems, *name, *item)) continue;
      const ChannelName channel(*name);
      if (std::find(route.channels.begin(), route.channels.end(), channel) !=
          route.channels.end()) {
        draft.problems.error(*item, fmt::format("channel '{}' stands twice in this list", *name));
        continue;
      }
      route.channels.push_back(channel);
    }
    if (items.empty() && (channels->is_list() || channels->is_null())) {
      draft.problems.error(*channels, "channels: expected at least one name of notify.channels");
    }
  }
  draft.config.notify.routes.push_back(std::move(route));
}

}  // namespace

void read_notify(Draft& draft, const Value& notify) {
  const Object object(draft.problems, notify, schema::notify);
  if (!object.is_map()) return;
  if (const Value* channels = object.find("channels"); channels && !channels->is_null()) {
    if (!channels->is_map()) {
      draft.problems.error(
          *channels, fmt::format("channels: expected a map of names, not {}", kind_of(*channels)));
    }
    for (std::size_t i = 0; channels->is_map() && i < channels->entries(); ++i) {
      if (channels->key(i).is_scalar()) read_channel(draft, channels->key(i), channels->value(i));
    }
  }
  if (const Value* routes = object.find("routes")) {
    for (const Value* item : list_items(draft.problems, *routes, "routes", "maps")) {
      read_route(draft, *item);
    }
  }
}

}  // namespace itnxt
