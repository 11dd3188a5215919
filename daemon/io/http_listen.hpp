// The listening socket of the HTTP server.
#pragma once

#include <cstdint>

#include "daemon/config/config.hpp"
#include "daemon/core/fd.hpp"
#include "daemon/core/result.hpp"

namespace itnxt {

struct Listening {
  Fd socket;  // bound, listening, non-blocking
  std::uint16_t port = 0;
};

// Fails with "aggregator.http.listen HOST:PORT: cannot be bound: REASON: what to do".
Result<Listening> listen_on(const HttpConfig& config);

}  // namespace itnxt
