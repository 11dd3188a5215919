// The one table of plugins; how to add one stands in collector.hpp.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "collectors/collector.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/objection.hpp"

namespace itnxt {

std::string_view kind_of(const CollectorConfig& config);
// What can be known to be wrong before it runs, without any privilege.
std::vector<Objection> check_collector(const CollectorConfig& config);
std::unique_ptr<Collector> make_collector(const CollectorConfig& config, CollectorContext context);

}  // namespace itnxt
