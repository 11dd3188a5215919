// When something was so, told by collectors whose clocks do not compare. Pure.
#pragma once

#include <cstdint>

#include "daemon/core/time.hpp"

namespace itnxt {

struct Moment {
  std::uint64_t run = 0;          // whose clock `at` is: the epoch of its batches
  SourceTime at;                  // by that clock
  Instant ours = Instant::min();  // by ours, late by what it was on its way
  [[nodiscard]] bool is_known() const { return ours != Instant::min(); }
};

// Exact for moments of one run; of two runs as good as the way of both took equally long. What was
// never told is before all.
inline bool is_later(const Moment& a, const Moment& b) {
  if (!a.is_known() || !b.is_known()) return a.is_known();
  return a.run == b.run ? a.at > b.at : a.ours > b.ours;
}

}  // namespace itnxt
