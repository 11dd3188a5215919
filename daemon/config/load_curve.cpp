// CURVE: whose keys this host trusts, and its own.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "daemon/config/curve_keys.hpp"
#include "daemon/config/draft.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostNodes = 10'000;

// Its own half of a pair; `needed`: by what the configuration is for.
void read_own_key(Draft& draft, const Object& curve, bool needed, Secret& secret) {
  const Value* value = curve.find("secret_key");
  if (value == nullptr || !read_secret_reference(draft.problems, *value, "secret_key", secret)) {
    return;
  }
  if (needed) resolve_secret_key(draft, *value, secret);
}

// A wrong one is not repeated: it may be the secret half.
std::string read_public_key(Draft& draft, const Value& value, std::string_view what) {
  const auto text = scalar_text(draft.problems, value, what);
  if (!text) return {};
  switch (look_at_curve_key(*text)) {
    case CurveKeyFault::none:
      return std::string(*text);
    case CurveKeyFault::malformed:
      draft.problems.error(value,
                           fmt::format("{}: expected a public key of 40 characters in quotes, "
                                       "as `itnxtctl keygen` prints it",
                                       what));
      break;
    case CurveKeyFault::weak:
      draft.problems.error(value,
                           fmt::format("{}: this key protects nothing, since it is no random "
                                       "one; expected one that `itnxtctl keygen` made",
                                       what));
      break;
  }
  return {};
}

// Who has the public half in the place of the secret one, or gave the secret one away.
void check_not_public(Draft& draft, const Object& curve, const Secret& secret,
                      std::string_view public_key, std::string_view whose) {
  if (secret.reveal().empty() || secret.reveal() != public_key) return;
  draft.problems.error(
      *curve.find("secret_key"),
      fmt::format("secret_key: is the same as the public key of {}; expected the file that "
                  "`itnxtctl keygen` wrote, and anew if it is the public key that is wrong",
                  in_quotes(whose)));
}

// The entries of a map of keys; what is no map is reported.
std::size_t entries_of(Draft& draft, const Value& map, std::string_view what) {
  if (map.is_null()) return 0;
  if (!map.is_map()) {
    draft.problems.error(
        map, fmt::format("{}: expected a map of public keys, not {}", what, kind_of(map)));
    return 0;
  }
  return std::min(map.entries(), kMostNodes);
}

void read_aggregator_keys(Draft& draft, const Value& map, CurveClientConfig& config,
                          const std::vector<EndpointNote>& aggregators,
                          std::vector<std::string>& named) {
  std::vector<std::string> known;
  for (const EndpointNote& one : aggregators) {
    if (one.endpoint.starts_with("tcp://")) known.push_back(one.endpoint);
  }
  const std::size_t entries = entries_of(draft, map, "aggregator_keys");
  for (std::size_t i = 0; i < entries; ++i) {
    const Value& key = map.key(i);
    if (!key.is_scalar()) continue;  // reported with the document
    std::string key_of = read_public_key(draft, map.value(i), "aggregator_keys");
    const std::string endpoint(key.text.substr(0, 512));
    if (std::find(known.begin(), known.end(), endpoint) == known.end()) {
      draft.problems.error(
          key, fmt::format("aggregator_keys: {} is no tcp endpoint of transport.aggregators{}",
                           in_quotes(key.text), hint(draft.problems, endpoint, known)));
      continue;
    }
    named.push_back(endpoint);
    if (!key_of.empty()) config.aggregator_keys.emplace(endpoint, std::move(key_of));
  }
}

}  // namespace

void read_transport_curve(Draft& draft, const Value* curve,
                          const std::vector<EndpointNote>& aggregators) {
  std::vector<std::string> named;  // with a key, be it a wrong one
  if (curve != nullptr) {
    const Object object(draft.problems, *curve, schema::transport_curve);
    CurveClientConfig& config = draft.config.transport.curve.emplace();
    read_own_key(draft, object, draft.purpose != Purpose::aggregate, config.secret_key);
    if (const Value* keys = object.find("aggregator_keys")) {
      read_aggregator_keys(draft, *keys, config, aggregators, named);
    }
    for (const auto& [endpoint, key] : config.aggregator_keys) {
      check_not_public(draft, object, config.secret_key, key, endpoint);
    }
  }
  for (const EndpointNote& one : aggregators) {
    if (!one.elsewhere || std::find(named.begin(), named.end(), one.endpoint) != named.end()) {
      continue;
    }
    draft.problems.error(
        *one.at, fmt::format("aggregators: {} is on another host; expected its public key in "
                             "transport.curve.aggregator_keys, or ipc://PATH or a loopback address",
                             in_quotes(one.endpoint)));
  }
}

void read_aggregator_curve(Draft& draft, const Value& curve) {
  const Object object(draft.problems, curve, schema::aggregator_curve);
  CurveServerConfig& config = draft.config.aggregator.curve.emplace();
  read_own_key(draft, object, draft.purpose != Purpose::collect, config.secret_key);
  const Value* nodes = object.find("nodes");
  if (nodes == nullptr) return;
  const std::size_t entries = entries_of(draft, *nodes, "nodes");
  if (nodes->is_map() && nodes->entries() > kMostNodes) {
    draft.problems.error(*nodes, fmt::format("nodes: expected at most {} nodes", kMostNodes));
  }
  if (entries == 0 && (nodes->is_map() || nodes->is_null())) {
    draft.problems.warning(*nodes, "nodes: is empty: nobody is let in");
  }
  for (std::size_t i = 0; i < entries; ++i) {
    if (!nodes->key(i).is_scalar()) continue;  // reported with the document
    const auto node = clean_name(draft.problems, nodes->key(i), "nodes");
    std::string key = read_public_key(draft, nodes->value(i), "nodes");
    if (!node || key.empty()) continue;
    check_not_public(draft, object, config.secret_key, key, *node);
    const auto [entry, fresh] = config.nodes.emplace(std::move(key), NodeName(*node));
    if (fresh) continue;
    draft.problems.error(nodes->value(i),
                         fmt::format("nodes: '{}' has the key of '{}'; expected a pair of its own "
                                     "for each node: itnxtctl keygen",
                                     *node, entry->second.text()));
  }
}

}  // namespace itnxt
