// GET /api/v1/events: the latest events as JSON. Pure.
//
//   ?limit=N            the N newest, the newest first
//   ?since=ID&limit=N   the N oldest behind ID, the oldest first, and behind `data`
//                         "next"    the id to go on from: the last one here, else ID
//                         "more"    whether there are others behind it now
//                         "missed"  whether memory may lack some behind ID: the file has them
//
// So who asks with `next` each time misses none, also over a restart: ids grow for ever, by order
// of arrival. An event that a kill caught before it was on the disk may come a second time, under
// another id and the same node, collector, epoch and sequence.
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
  std::optional<std::uint64_t> since;
};

// Absent: not given. The error is a sentence for people.
Result<EventQuery> parse_event_query(const std::optional<std::string>& limit,
                                     const std::optional<std::string>& since);

BodyReader events_body(const RecentEvents& events, const EventQuery& query);

}  // namespace itnxt
