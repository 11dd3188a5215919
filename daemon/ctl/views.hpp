// What operators see: the API's `data` as text. Pure; written in the file of the verb that shows
// it. `now` is the server's own time, which its other times are held against; absent: ages are "-".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/time.hpp"
#include "daemon/ctl/api.hpp"
#include "daemon/ctl/table.hpp"

namespace itnxt::ctl {

// `status` with `devices.unknown`, counted in the data of /api/v1/devices.
Json with_unknown_devices(Json status, const Json& devices);

std::string status_text(const Json& status, const Json& alerts, const Style& style);
std::string status_head(const Json& status, const Style& style);  // two lines, for `watch`
std::string links_table(const Json& links, const Style& style);
std::string devices_table(const Json& devices, std::optional<WallTime> now, const Style& style);
std::string alerts_table(const Json& alerts, std::optional<WallTime> now, const Style& style);
std::string talkers_table(const Json& talkers, const Style& style);
// Of one capture.
std::string talkers_text(const std::string& title, const Json& capture, const Style& style);
enum class EventOrder : std::uint8_t { newest_first, oldest_first };  // by when they happened
std::string events_table(const Json& events, EventOrder order, const Style& style);

// The links, worst first: down, not known, then the busiest.
Json worst_first(const Json& links);

// What `watch` shows: head and as many links as `rows` lines hold.
std::string watch_frame(const Json& status, const Json& links, std::size_t rows,
                        const Style& style);

}  // namespace itnxt::ctl
