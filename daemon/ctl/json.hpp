// The whole of Json, for the files that look into it; headers get by with api.hpp.
#pragma once

#include <nlohmann/json.hpp>

#include "daemon/ctl/api.hpp"
