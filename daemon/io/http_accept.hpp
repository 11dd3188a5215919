// What a client can take, from its Accept and Accept-Encoding headers (RFC 9110 §12.4, §12.5).
// Pure; reads hostile text: bounded by the header's length, never fails.
#pragma once

#include <string_view>

#include "daemon/metrics/exposition.hpp"

namespace itnxt {

// OpenMetrics 1.0 if the client prefers it to the text format, else the text format: also when it
// asks for nothing we have, since every scraper reads it.
MetricsFormat metrics_format(std::string_view accept);

bool takes_gzip(std::string_view accept_encoding);

}  // namespace itnxt
