// GET /api/v1/…: JSON from what was published. Pure; lists are made element by element while they
// are sent. All: {"status":"success","data":…}; errors {"status":"error","error":"…"}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/io/exchange.hpp"
#include "daemon/io/http_body.hpp"
#include "daemon/metrics/exposition.hpp"

namespace itnxt {

// What does not change while the aggregator runs.
struct ServerInfo {
  BuildInfo build;
  NodeName node;
  WallTime started;
};

// `endpoint`: what stands after /api/v1/ ("links", …). `device`: the query's filter, for
// "interfaces". Absent: no such endpoint.
std::optional<BodyReader> api_body(std::string_view endpoint, const Published& published,
                                   const ServerInfo& server, std::optional<std::string> device);

// The endpoints, as people are told of them.
std::string_view api_endpoints();

std::string api_error(std::string_view message);

}  // namespace itnxt
