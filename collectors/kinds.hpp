// The one table of plugins. To add a collector: its folder, its struct in daemon/config/config.hpp
// (a further alternative of CollectorConfig), its line in kinds.cpp.
#pragma once

#include <memory>
#include <string_view>

#include "collectors/collector.hpp"
#include "daemon/config/config.hpp"

namespace itnxt {

std::string_view kind_of(const CollectorConfig& config);
std::unique_ptr<Collector> make_collector(const CollectorConfig& config, CollectorContext context);

}  // namespace itnxt
