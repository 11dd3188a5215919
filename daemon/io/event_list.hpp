// GET /api/v1/events: the latest events as JSON, the newest first. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/result.hpp"
#include "daemon/io/http_body.hpp"
#include "daemon/io/recent_events.hpp"

namespace itnxt {

struct EventQuery {
  static constexpr std::size_t kDefaultLimit = 100;
  std::size_t limit = kDefaultLimit;  // 1 … RecentEvents::kMost
  std::uint64_t since = 0;            // only those with a greater id
};

// Absent: not given. The error is a sentence for people.
Result<EventQuery> parse_event_query(const std::optional<std::string>& limit,
                                     const std::optional<std::string>& since);

BodyReader events_body(const RecentEvents& events, const EventQuery& query);

}  // namespace itnxt
