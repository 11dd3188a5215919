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
std::string read_endpoint(Problems& problems, const Value& value, std::string_view what,
                          bool listening) {
  const auto text = scalar_text(problems, value, what);
  if (!text) return {};
  const auto endpoint = parse_endpoint(*text, listening);
  if (!endpoint) {
    problems.error(value, fmt::format("{}: {}", what, endpoint.error()));
    return {};
  }
  if (endpoint->ipc) {
    if (endpoint->path.front() == '@') return std::string(*text);
    return "ipc://" + (value.source->directory() / endpoint->path).lexically_normal().string();
  }
  if (!is_loopback(endpoint->tcp.host)) {
    problems.error(value,
                   fmt::format("{}: {} leaves this host unencrypted; expected ipc://PATH, or a "
                               "loopback tcp address at the end of an encrypted tunnel",
                               what, in_quotes(*text)));
    return {};
  }
  return std::string(*text);
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
}

}  // namespace

void read_transport(Draft& draft, const Value& transport) {
  const Object object(draft.problems, transport, schema::transport);
  if (!object.is_map()) return;
  if (const Value* list = object.find("aggregators")) {
    std::vector<std::string>& endpoints = draft.config.transport.aggregators;
    for (const Value* item : list_items(draft.problems, *list, "aggregators", "endpoints")) {
      std::string endpoint = read_endpoint(draft.problems, *item, "aggregators", false);
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
      endpoints.push_back(std::move(endpoint));
    }
  }
  if (const Value* spool = object.find("spool")) read_spool(draft, *spool);
}

void read_aggregator(Draft& draft, const Value& aggregator) {
  const Object object(draft.problems, aggregator, schema::aggregator);
  if (!object.is_map()) return;
  AggregatorConfig& config = draft.config.aggregator;
  if (const Value* listen = object.find("listen")) {
    config.listen = read_endpoint(draft.problems, *listen, "listen", true);
  }
  if (const Value* http = object.find("http")) read_http(draft, *http);
  object.path("state", config.state);
  object.integer("stale_after", config.stale_after, 1, 1000);
  if (const Value* limits = object.find("limits")) read_limits(draft, *limits);
}

}  // namespace itnxt
