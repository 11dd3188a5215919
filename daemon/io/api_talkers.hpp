// GET /api/v1/talkers: who talks most on the wire of each capture. Pure.
#pragma once

#include "daemon/io/json.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// One capture's; it has talkers.
Json talkers_json(const CaptureView& capture);

}  // namespace itnxt
