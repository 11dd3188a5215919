#include "collectors/pcap/bursts.hpp"

#include <string>
#include <utility>

namespace itnxt::pcap {
namespace {

constexpr std::int64_t kNested = 10;  // slots of one length in a slot of the next

}  // namespace

std::array<std::uint64_t, 3> Bursts::peaks() const {
  std::array<std::uint64_t, 3> peaks{};
  std::uint64_t below = fresh_;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const Level& level = levels_[i];
    below += level.under_way;
    peaks[i] = any_ || fresh_ > 0 ? std::max(level.peak, level.before + below) : 0;
  }
  return peaks;
}

void Bursts::forget() {
  levels_[0].under_way += std::exchange(fresh_, 0);
  any_ = false;
  for (Level& level : levels_) level.peak = 0;
}

std::uint64_t Bursts::Level::move_to(std::int64_t next) {
  const auto place = [](std::int64_t slot) { return static_cast<std::size_t>(slot % kSlots); };
  slots[place(number)] = under_way;
  before += under_way;
  // Where the new slots will stand are those that leave the window for them.
  const std::int64_t last = std::min(next, number + kSlots);
  for (std::int64_t slot = number + 1; slot <= last; ++slot) {
    before -= std::exchange(slots[place(slot)], 0);
  }
  number = next;
  return std::exchange(under_way, 0);
}

bool Bursts::turn(std::int64_t at) {
  if (at < begin_) return begin_ - at <= kDisorder;
  any_ = any_ || fresh_ > 0;
  std::uint64_t over = std::exchange(fresh_, 0);
  std::int64_t next = at / kSlot;
  begin_ = next * kSlot;
  for (Level& level : levels_) {
    level.under_way += over;
    if (next == level.number) return true;
    // What a window holds is most when its last slot is over.
    if (any_) level.peak = std::max(level.peak, level.before + level.under_way);
    over = level.move_to(next);
    next /= kNested;
  }
  return true;
}

void Bursts::set_back(WallTime time) {
  const std::array<std::uint64_t, 3> peaks = this->peaks();
  any_ = any_ || fresh_ > 0;
  fresh_ = 0;
  std::int64_t next = time.time_since_epoch().count() / kSlot;
  begin_ = next * kSlot;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    levels_[i] = Level{.number = next, .peak = peaks[i]};
    next /= kNested;
  }
}

SeriesFamily Bursts::family() const {
  const std::array<std::uint64_t, 3> peaks = this->peaks();
  SeriesFamily family{"itnxt_capture_peak_bytes",
                      SeriesType::gauge,
                      "Most bytes on the wire within a window of this length that ended in the "
                      "last interval; windows slide by an eighth of it.",
                      {"window"},
                      {}};
  for (std::size_t i = 0; i < kWindows.size(); ++i) {
    family.rows.push_back(
        {{std::to_string(kWindows[i] / 1'000'000) + "ms"}, static_cast<double>(peaks[i])});
  }
  return family;
}

}  // namespace itnxt::pcap
