#include "daemon/core/loss_report.hpp"

#include <algorithm>
#include <utility>

namespace itnxt {

std::optional<LossReport::Due> LossReport::due(std::uint64_t lost, Instant now) {
  if (lost != seen_) {
    if (!std::exchange(going_on_, true)) {
      before_ = seen_;
      next_ = now;
      wait_ = kFirstWait;
    }
    seen_ = lost;
    seen_at_ = now;
  }
  if (!going_on_) return std::nullopt;
  if (now - seen_at_ >= kQuiet) {
    going_on_ = false;
    said_ = lost;
    return Due{lost - before_, true};
  }
  if (lost == said_ || now < next_) return std::nullopt;
  next_ = now + wait_;
  wait_ = std::min(2 * wait_, kLongestWait);
  return Due{lost - std::exchange(said_, lost), false};
}

}  // namespace itnxt
