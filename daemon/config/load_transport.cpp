// How collectors reach aggregators, and the aggregator itself.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/config/addresses.hpp"
#include "daemon/config/draft.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostAggregators = 32;

// An endpoint's text as ZeroMQ takes it; empty when it is wrong.
EndpointNote read_endpoint(Problems& problems, const Value& value, std::string_view what,
                           bool listening) {
  const auto text = scalar_text(problems, value, what);
  if (!text) return {&value, {}, false};
  const auto endpoint = parse_endpoint(*text, listening);
  if (!endpoint) {
    problems.error(value, fmt::format("{}: {}", what, endpoint.error()));
    return {&value, {}, false};
  }
  if (endpoint->ipc && endpoint->path.front() != '@') {
    const auto path = value.source->directory() / endpoint->path;
    return {&value, "ipc://" + path.lexically_normal().string(), false};
  }
  return {&value, std::string(*text), !endpoint->ipc && !is_loopback(endpoint->tcp.host)};
}

// Of the aggregator: what other hosts can reach has CURVE.
void read_door(Draft& draft, const Value& value, std::string_view what, bool has_curve,
               std::string& endpoint) {
  EndpointNote note = read_endpoint(draft.problems, value, what, true);
  if (note.elsewhere && !has_curve) {
    draft.problems.error(
        value,
        fmt::format("{}: {} is open to other hosts; expected aggregator.curve with the "
                    "public keys of those that may come, or ipc://PATH or a loopback address",
                    what, in_quotes(note.endpoint)));
  }
  endpoint = std::move(note.endpoint);
}

void read_backlog_rate(Draft& draft, const Value& value) {
  const auto text = scalar_text(draft.problems, value, "backlog_rate");
  if (!text) return;
  const auto rate = parse_rate(*text);
  if (!rate) {
    draft.problems.error(value, "backlog_rate: " + rate.error());
  } else if (*rate < bits_per_second(8e3) || *rate > bits_per_second(100e9)) {
    draft.problems.error(value,
                         "backlog_rate: expected 8kbit/s to 100Gbit/s, not " + in_quotes(*text));
  } else {
    draft.config.transport.spool.backlog_rate = *rate;
  }
}

void read_spool(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::spool);
  SpoolConfig& spool = draft.config.transport.spool;
  object.path("directory", spool.directory);
  object.size("max_size", spool.max_size, Bytes(1U << 20U), Bytes(64ULL << 30U));
  object.duration("max_age", spool.max_age, 1s, 24h * 365);
  if (const Value* rate = object.find("backlog_rate")) read_backlog_rate(draft, *rate);
}

void read_external_url(Draft& draft, const Value& value) {
  const auto text = scalar_text(draft.problems, value, "external_url");
  if (!text) return;
  if (const auto url = parse_http_url(*text); !url) {
    draft.problems.error(value, "external_url: " + url.error());
    return;
  }
  if (text->find('?') != std::string_view::npos) {
    draft.problems.error(value,
                         "external_url: expected a URL without '?', not " + in_quotes(*text));
    return;
  }
  std::string& url = draft.config.aggregator.http.external_url;
  url = *text;
  while (url.ends_with('/')) url.pop_back();
}

void read_http(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::http);
  if (!object.is_map()) return;
  if (const Value* url = object.find("external_url")) read_external_url(draft, *url);
  const Value* listen = object.find("listen");
  const auto text =
      listen == nullptr ? std::nullopt : scalar_text(draft.problems, *listen, "listen");
  if (!text) return;
  const auto address = parse_listen(*text);
  if (!address) {
    draft.problems.error(*listen, "listen: " + address.error());
    return;
  }
  draft.config.aggregator.http.host = address->host;
  draft.config.aggregator.http.port = address->port;
  if (!is_loopback(address->host)) {
    draft.problems.warning(*listen, fmt::format("listen: {} is open to other hosts, without TLS "
                                                "and without passwords; put a proxy before it, or "
                                                "listen on 127.0.0.1",
                                                in_quotes(*text)));
  }
}

void read_limits(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::limits);
  Limits& limits = draft.config.aggregator.limits;
  object.integer("series", limits.series, 1, 1'000'000'000);
  object.integer("series_per_node", limits.series_per_node, 1, 1'000'000'000);
  object.size("bytes_per_node", limits.bytes_per_node, Bytes(64U << 10U), Bytes(16ULL << 30U));
}

// Without anyone who gets the bulk nothing is left to look at.
void read_expose(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::expose);
  const AggregatorConfig& config = draft.config.aggregator;
  if (!object.boolean("series", draft.config.aggregator.expose.series)) return;
  if (!config.expose.series && config.remote_write.empty()) {
    draft.problems.warning(*object.find("series"),
                           "series: false without remote_write: no Prometheus gets interfaces, "
                           "devices and links");
  }
}

}  // namespace

void read_transport(Draft& draft, const Value& transport) {
  const Object object(draft.problems, transport, schema::transport);
  if (!object.is_map()) return;
  std::vector<std::string>& endpoints = draft.config.transport.aggregators;
  std::vector<EndpointNote> notes;
  if (const Value* list = object.find("aggregators")) {
    for (const Value* item : list_items(draft.problems, *list, "aggregators", "endpoints")) {
      EndpointNote note = read_endpoint(draft.problems, *item, "aggregators", false);
      const std::string& endpoint = note.endpoint;
      if (endpoint.empty()) continue;
      if (std::find(endpoints.begin(), endpoints.end(), endpoint) != endpoints.end()) {
        draft.problems.error(
            *item, fmt::format("aggregators: {} stands twice in this list", in_quotes(endpoint)));
        continue;
      }
      if (endpoints.size() == kMostAggregators) {
        draft.problems.error(
            *item, fmt::format("aggregators: expected at most {} endpoints", kMostAggregators));
        break;
      }
      endpoints.push_back(endpoint);
      notes.push_back(std::move(note));
    }
  }
  read_transport_curve(draft, object.find("curve"), notes);
  if (const Value* spool = object.find("spool")) read_spool(draft, *spool);
}

void read_aggregator(Draft& draft, const Value& aggregator) {
  const Object object(draft.problems, aggregator, schema::aggregator);
  if (!object.is_map()) return;
  AggregatorConfig& config = draft.config.aggregator;
  const Value* curve = object.find("curve");
  if (curve != nullptr) read_aggregator_curve(draft, *curve);
  if (const Value* listen = object.find("listen")) {
    read_door(draft, *listen, "listen", curve != nullptr, config.listen);
  }
  if (const Value* publish = object.find("publish")) {
    read_door(draft, *publish, "publish", curve != nullptr, config.publish);
    if (!config.publish.empty() && config.publish == config.listen) {
      draft.problems.error(*publish, "publish: expected another endpoint than that of listen");
    }
  }
  if (const Value* http = object.find("http")) read_http(draft, *http);
  object.path("state", config.state);
  object.integer("stale_after", config.stale_after, 1, 1000);
  if (const Value* limits = object.find("limits")) read_limits(draft, *limits);
  if (const Value* targets = object.find("remote_write")) read_remote_write(draft, *targets);
  if (const Value* expose = object.find("expose")) read_expose(draft, *expose);
}

}  // namespace itnxt
