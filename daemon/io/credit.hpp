// How many batches a connection may have under way. Pure.
#pragma once

#include <cstdint>

#include "daemon/core/time.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt {

// All of it while the loop is at most 10 ms late, half for each doubling, one batch from a second
// on: who is late is asked for less by all, and nobody is shut out.
constexpr std::uint32_t credit_for(Duration lag) {
  constexpr Duration kIdle = 10ms;
  constexpr Duration kLate = 1s;
  if (lag >= kLate) return 1;
  std::uint32_t credit = wire::kCredit;
  for (Duration limit = kIdle; lag > limit && credit > 1; limit *= 2) credit /= 2;
  return credit;
}

}  // namespace itnxt
