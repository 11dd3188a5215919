#include "daemon/state/coverage.hpp"

#include <algorithm>

namespace itnxt {

void Coverage::see_capture(WallTime at, Bytes total) {
  const auto now = static_cast<double>(total.count());
  if (!points_.empty() && (at <= points_.back().at || now < points_.back().total)) {
    points_.clear();
    spans_.clear();
    last_poll_.reset();
  }
  if (points_.size() == kPoints) points_.pop_front();
  points_.push_back({at, now});
  settle();
}

void Coverage::see_port(WallTime at, std::optional<BytesPerSecond> rate) {
  if (last_poll_ == at) return;  // the port was not in that poll
  const auto begin = std::exchange(last_poll_, at);
  if (!rate || !begin || at <= *begin) {
    spans_.clear();
    return;
  }
  spans_.push_back({*begin, at, rate->count() * seconds(at - *begin), std::nullopt});
  if (spans_.size() > kSpans) spans_.pop_front();
  settle();
}

std::optional<double> Coverage::ratio() const {
  double counted = 0;
  double seen = 0;
  for (const Span& span : spans_) {
    if (!span.seen) continue;
    counted += span.counted;
    seen += *span.seen;
  }
  if (counted <= 0) return std::nullopt;
  return seen / counted;
}

// Spans whose end the capture has passed get what it saw; points before all that may still be asked
// for go.
void Coverage::settle() {
  for (Span& span : spans_) {
    if (span.seen) continue;
    const auto begin = total_at(span.begin);
    const auto end = total_at(span.end);
    if (begin && end) span.seen = *end - *begin;
  }
  if (!last_poll_) return;
  const auto open = std::ranges::find_if(spans_, [](const Span& span) { return !span.seen; });
  const WallTime needed = open == spans_.end() ? *last_poll_ : open->begin;
  while (points_.size() > 2 && points_[1].at <= needed) points_.pop_front();
}

std::optional<double> Coverage::total_at(WallTime at) const {
  const auto after =
      std::ranges::lower_bound(points_, at, {}, [](const Point& point) { return point.at; });
  if (after == points_.end()) return std::nullopt;
  if (after->at == at) return after->total;
  if (after == points_.begin()) return std::nullopt;
  const Point& before = *std::prev(after);
  const double share = seconds(at - before.at) / seconds(after->at - before.at);
  return before.total + share * (after->total - before.total);
}

}  // namespace itnxt
