// Who talks most on the wire, as GET /api/v1/talkers and itnxtctl capture say it. Pure.
#pragma once

#include "daemon/core/talkers.hpp"
#include "daemon/io/json.hpp"

namespace itnxt {

// One capture's, without its name.
Json talkers_json(const TalkersSample& talkers);

}  // namespace itnxt
