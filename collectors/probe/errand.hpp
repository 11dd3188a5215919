// Where the shells tell how a probe went. The loop's thread.
#pragma once

#include <cstdint>
#include <functional>

#include "collectors/probe/train.hpp"

namespace itnxt::probe {

// Which probe of which train of which target.
struct Errand {
  std::uint32_t target = 0;
  std::uint32_t train = 0;
  std::uint32_t probe = 0;
  bool operator==(const Errand&) const = default;
};

// `at`: when the answer came, or the end was known. Called once for each errand unless its shell
// ends before; from within the call that sets out only by EchoRoom.
using Done = std::function<void(const Errand& errand, Outcome outcome, Instant at)>;

// So many descriptors may one kind of probe hold at a time; what is beyond fails as `local`.
inline constexpr std::size_t kMostAtOnce = 2048;

}  // namespace itnxt::probe
