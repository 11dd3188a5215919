// The number of a row that is no histogram.
#pragma once

#include "daemon/core/series.hpp"

namespace itnxt::test {

inline double number_of(const SeriesValue& value) {
  if (const auto* whole = std::get_if<std::uint64_t>(&value)) return static_cast<double>(*whole);
  return std::get<double>(value);
}

}  // namespace itnxt::test
