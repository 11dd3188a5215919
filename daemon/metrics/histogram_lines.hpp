// The lines that one row of a histogram is: its buckets by their bound, its sum, its count. The
// order and the names are those of both exposition formats and of remote write.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "daemon/core/series.hpp"
#include "daemon/metrics/value_sink.hpp"

namespace itnxt {

// Calls tell(what stands behind the family's name, the value of le or nothing, the number).
// Precondition: one count more than bounds.
template <class Tell>
void for_each_line(std::span<const std::string> bounds, const Histogram& value, Tell tell) {
  const std::span<const std::uint64_t> counts = value.counts();
  for (std::size_t i = 0; i < bounds.size(); ++i) tell("_bucket", bounds[i], wrapped(counts[i]));
  tell("_bucket", "+Inf", wrapped(counts.back()));
  tell("_sum", "", value.sum());
  tell("_count", "", wrapped(counts.back()));
}

}  // namespace itnxt
