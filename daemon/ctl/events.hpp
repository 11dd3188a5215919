// `itnxtctl events --since ID`: all that came behind an event, the oldest first. Pure but for
// `page_of`, which asks the aggregator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/core/result.hpp"
#include "daemon/ctl/api.hpp"
#include "daemon/ctl/json.hpp"

namespace itnxt::ctl {

struct EventsBehind {
  std::vector<Json> events;
  std::uint64_t next = 0;  // to ask with the next time
  bool missed = false;     // the aggregator's memory may lack some
};

// The whole answer of GET /api/v1/NAME.
using PageOf = std::function<Result<Json>(const std::string& name)>;

Result<EventsBehind> events_behind(const PageOf& page_of, std::uint64_t since, std::size_t most);

}  // namespace itnxt::ctl
