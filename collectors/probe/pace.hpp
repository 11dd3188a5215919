// When which probe of which target leaves: probe k of target i of n at begin + spacing · (k + i/n).
// So each target's probes are `spacing` apart, and the targets do not all speak at once. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/time.hpp"

namespace itnxt::probe {

class Pace {
 public:
  struct Turn {
    std::uint32_t target;
    std::uint32_t probe;
  };
  Pace() = default;  // of nothing
  Pace(Instant begin, Duration spacing, std::uint32_t targets, std::uint32_t count)
      : begin_(begin),
        spacing_(spacing),
        targets_(targets),
        turns_(std::uint64_t{targets} * count) {}

  // When the next leaves; nothing once all have left.
  [[nodiscard]] std::optional<Instant> next_at() const {
    if (next_ == turns_) return std::nullopt;
    return begin_ + spacing_ * static_cast<std::int64_t>(next_ / targets_) +
           spacing_ * static_cast<std::int64_t>(next_ % targets_) / targets_;
  }
  // The next if it is due.
  std::optional<Turn> take(Instant now) {
    const auto at = next_at();
    if (!at || *at > now) return std::nullopt;
    const std::uint64_t turn = next_++;
    return Turn{static_cast<std::uint32_t>(turn % targets_),
                static_cast<std::uint32_t>(turn / targets_)};
  }

 private:
  Instant begin_;
  Duration spacing_{};
  std::uint32_t targets_ = 1;
  std::uint64_t turns_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace itnxt::probe
