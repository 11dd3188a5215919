// While a collector that was cut off sends the oldest first, the table passes through the past at
// speed. Alerts must not judge that: what failed and returned during an outage would page now. One
// that sends the newest first, as ours do, needs none of this: its backlog passes by the table.
// Pure.
#pragma once

#include "daemon/core/sample.hpp"
#include "daemon/core/time.hpp"

namespace itnxt {

class CatchUp {
 public:
  // A batch that waited longer than this at its collector is backlog.
  static constexpr Duration kOld = 2s;
  // After the last old batch: what is younger follows at once.
  static constexpr Duration kSettle = 500ms;
  // A collector that is always late must not keep alerts from being judged: after this long they
  // are, and no new hold begins for as long again.
  static constexpr Duration kLongest = 10s;

  void took(const Batch& batch, Instant now);
  // Whether alerts are better judged later.
  [[nodiscard]] bool holds(Instant now) const { return now < until_; }

 private:
  Instant began_{-kLongest * 2};
  Instant until_{-kLongest};
};

}  // namespace itnxt
