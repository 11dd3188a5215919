#include "daemon/state/catch_up.hpp"

#include <algorithm>

namespace itnxt {

void CatchUp::took(const Batch& batch, Instant now) {
  // Both by the collector's own wall clock.
  if (batch.sent_wall - batch.closed_wall <= std::max(kOld, batch.interval)) return;
  if (now >= began_ + kLongest * 2) began_ = now;
  until_ = std::min(now + kSettle, began_ + kLongest);
}

}  // namespace itnxt
