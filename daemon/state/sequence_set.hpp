// Which numbers came, as intervals of a bounded number. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace itnxt {

class SequenceSet {
 public:
  // Each outage whose backlog was not whole leaves a hole. Beyond so many intervals the lowest two
  // are taken for one: what was dropped there long ago would not be new if it came after all.
  static constexpr std::size_t kMost = 64;

  // False: it is in it.
  bool add(std::uint64_t number) {
    const auto next =
        std::upper_bound(spans_.begin(), spans_.end(), number,
                         [](std::uint64_t value, const Span& span) { return value < span.first; });
    const bool has_before = next != spans_.begin();
    if (has_before && number <= (next - 1)->last) return false;
    const bool joins_before = has_before && (next - 1)->last + 1 == number;
    const bool joins_next = next != spans_.end() && number + 1 == next->first;
    if (joins_before && joins_next) {
      (next - 1)->last = next->last;
      spans_.erase(next);
    } else if (joins_before) {
      (next - 1)->last = number;
    } else if (joins_next) {
      next->first = number;
    } else {
      spans_.insert(next, Span{number, number});
    }
    if (spans_.size() > kMost) {
      spans_[1].first = spans_[0].first;
      spans_.erase(spans_.begin());
    }
    return true;
  }
  // 0: none came.
  [[nodiscard]] std::uint64_t highest() const { return spans_.empty() ? 0 : spans_.back().last; }

 private:
  struct Span {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  std::vector<Span> spans_;  // in order, none touching the next
};

}  // namespace itnxt
