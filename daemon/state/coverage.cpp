#include "daemon/state/coverage.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace itnxt {
namespace {

// Absent: it went back, so it did not go on after all.
std::optional<double> growth(const Counter& earlier, const Counter& later) {
  if (earlier.width != later.width) return std::nullopt;
  if (later.width == CounterWidth::bits32) {
    return static_cast<double>((later.value - earlier.value) & 0xFFFF'FFFFU);
  }
  if (later.value < earlier.value) return std::nullopt;
  return static_cast<double>(later.value - earlier.value);
}

// Within its uncertainty of 1 it is 1, beyond twice that it is what it is, and steady between.
double without_lag(double middle, double half) {
  const double away = std::abs(middle - 1);
  if (away >= 2 * half) return middle;
  return 1 + std::copysign(2 * std::max(0.0, away - half), middle - 1);
}

}  // namespace

void Coverage::begin_anew() {
  waiting_.clear();
  answers_.clear();
  ratio_.reset();
}

void Coverage::see_capture(WallTime at, Bytes total) {
  const auto now = static_cast<double>(total.count());
  if (!points_.empty() && (at <= points_.back().at || now < points_.back().total)) {
    points_.clear();
    begin_anew();
    last_poll_.reset();
  }
  if (points_.size() == kPoints) points_.pop_front();
  points_.push_back({at, now});
  settle();
}

void Coverage::see_port(const PortPoll& poll) {
  if (last_poll_ && last_poll_->at == poll.at) return;
  const std::optional<PortPoll> before = std::exchange(last_poll_, poll);
  if (!poll.receive || !poll.transmit) return begin_anew();
  std::optional<double> received;
  std::optional<double> sent;
  if (poll.continues && before && before->at < poll.at && before->receive && before->transmit) {
    received = growth(*before->receive, *poll.receive);
    sent = growth(*before->transmit, *poll.transmit);
  }
  if (!received || !sent) begin_anew();
  counted_ = received && sent ? counted_ + *received + *sent : 0;
  // What another answer was fresher than, it came after.
  const bool is_next = received && sent && *received + *sent > 0;
  const WallTime oldest = poll.at - poll.lag;
  waiting_.push_back(
      {poll.at, is_next ? std::max(oldest, before->at) : oldest, counted_, poll.lag});
  if (waiting_.size() > kPolls) waiting_.pop_front();
  settle();
}

// Polls that the capture has passed get what it may have seen.
void Coverage::settle() {
  bool settled = false;
  while (!waiting_.empty()) {
    const Waiting poll = waiting_.front();
    const auto most = first_total(poll.at + kSlack);
    if (!most) break;
    const auto least = last_total(poll.oldest - kSlack);
    waiting_.pop_front();
    if (!least) continue;  // the capture began later
    take(poll, *least, *most);
    settled = true;
  }
  if (settled) ratio_ = newest();
  forget();
}

// The same count again is the same answer, held by the agent, or nothing happened: then what had
// been seen by the first poll is not too little, nor what had been by the last one too much.
void Coverage::take(const Waiting& poll, double least, double most) {
  if (!answers_.empty() && answers_.back().counted == poll.counted) {
    Answer& same = answers_.back();
    if (least - same.most <= kLeast) {
      same.last = poll.at;
      same.least = std::max(same.least, std::min(least, same.most));
      return forget_answers();
    }
    answers_.clear();  // held for longer than any agent is to
  }
  answers_.push_back({poll.at, poll.counted, least, most, poll.lag});
  forget_answers();
}

void Coverage::forget_answers() {
  while (answers_.size() > kPolls || answers_.back().last - answers_.front().last > kLongest) {
    answers_.pop_front();
  }
}

// Points before all that may still be asked for.
void Coverage::forget() {
  if (!last_poll_) return;
  const WallTime oldest = waiting_.empty() ? last_poll_->at : waiting_.front().at;
  const WallTime needed = oldest - std::max(last_poll_->lag, kAgentLag) - kSlack;
  while (points_.size() > 2 && points_[1].at <= needed) points_.pop_front();
}

std::optional<double> Coverage::last_total(WallTime until) const {
  const auto behind =
      std::ranges::upper_bound(points_, until, {}, [](const Point& point) { return point.at; });
  if (behind == points_.begin()) return std::nullopt;
  return std::prev(behind)->total;
}

std::optional<double> Coverage::first_total(WallTime from) const {
  const auto found =
      std::ranges::lower_bound(points_, from, {}, [](const Point& point) { return point.at; });
  if (found == points_.end()) return std::nullopt;
  return found->total;
}

std::optional<Coverage::Range> Coverage::between(const Answer& begin, const Answer& end) {
  const double counted = end.counted - begin.counted;
  if (counted < kLeast || end.last - begin.last < kLagsInWindow * end.lag) return std::nullopt;
  const Range range{std::max(0.0, end.least - begin.most) / counted,
                    (end.most - begin.least) / counted};
  // Of next to nothing a tenth need not be known.
  if (range.half() > kLoosest * std::max(range.middle(), 0.1)) return std::nullopt;
  return range;
}

// The shortest window that tells it, and what longer ones add to that.
std::optional<Coverage::Range> Coverage::ending_at(std::size_t end) const {
  std::optional<Range> latest;
  std::optional<Range> finest;
  for (std::size_t begin = end; begin-- > 0;) {
    const auto range = between(answers_[begin], answers_[end]);
    if (!range) continue;
    if (!latest) {
      latest = finest = range;
    } else if (range->half() < finest->half() && range->meets(*latest)) {
      finest = range;
    }
  }
  return finest;
}

std::optional<double> Coverage::newest() const {
  for (std::size_t end = answers_.size(); end-- > 0;) {
    if (answers_.back().last - answers_[end].last > kRecent) break;
    if (const auto range = ending_at(end)) return without_lag(range->middle(), range->half());
  }
  return std::nullopt;
}

}  // namespace itnxt
