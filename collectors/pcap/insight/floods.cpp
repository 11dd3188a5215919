#include "collectors/pcap/insight/floods.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace itnxt::pcap {

std::uint64_t Floods::worth(const Counts& counts) {
  std::uint64_t sum = 1;
  for (std::size_t k = 0; k < kFloodKinds; ++k) {
    if (counts.courses[k].told) return std::numeric_limits<std::uint64_t>::max();
    if (counts.courses[k].history != 0) sum |= std::uint64_t{1} << 62U;
    sum += std::min<std::uint64_t>(counts.sums[0][k], 1ULL << 40U);
  }
  return sum;
}

Floods::Counts* Floods::search(const IpAddress& network, std::uint64_t hash, bool make) {
  const std::uint32_t tag = tag_of(hash);
  Tags& tags = tags_[set_of(hash)];
  Counts* const set = &table_[set_of(hash) * kWays];
  const std::size_t home = home_of(hash);
  for (std::size_t i = 0; i < kWays; ++i) {
    const std::size_t way = (home + i) % kWays;
    if (tags[way] == tag && set[way].network == network) return &set[way];
  }
  if (!make) return nullptr;
  std::size_t least = 0;
  std::uint64_t least_worth = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t i = 0; i < kWays; ++i) {
    const std::size_t way = (home + i) % kWays;
    const std::uint64_t mine = tags[way] == 0 ? 0 : worth(set[way]);
    if (mine >= least_worth) continue;
    least = way;
    least_worth = mine;
  }
  if (least_worth >= std::uint64_t{1} << 62U) return nullptr;  // all have come to notice
  tags[least] = tag;
  set[least] = {};
  set[least].network = network;
  return &set[least];
}

// After a gap every history is empty, so no more windows need be closed one by one.
void Floods::close_windows(std::int64_t second) {
  const std::int64_t windows =
      std::min<std::int64_t>(second - second_, std::int64_t{limits_.of} + 1);
  for (std::int64_t i = 0; i < windows; ++i) {
    for (std::size_t at = 0; at < table_.size(); ++at) {
      std::uint32_t& tag = tags_[at / kWays][at % kWays];
      if (tag != 0 && !close_window(table_[at])) tag = 0;
    }
    ++second_;
  }
  second_ = second;
}

void Floods::set_back(std::int64_t seconds) {
  second_ -= seconds;
  for (Counts& counts : table_) {
    for (Course& course : counts.courses) {
      course.first -= seconds;
      course.last -= seconds;
    }
  }
}

void Floods::end_all() {
  for (Counts& counts : table_) {
    for (std::size_t k = 0; k < kFloodKinds; ++k) {
      if (counts.courses[k].told) tell(counts, static_cast<FloodKind>(k), false);
    }
    counts = {};
  }
  std::ranges::fill(tags_, Tags{});
}

bool Floods::close_window(Counts& counts) {
  for (std::size_t i = 0; i < counts.fragments.size(); ++i) {
    const Fragments fragments = std::exchange(counts.fragments[i], {});
    counts.sums[i][index(FloodKind::udp_amplification)] +=
        std::min(fragments.announced, fragments.came);
  }
  bool quiet = true;
  for (std::size_t k = 0; k < kFloodKinds; ++k) {
    quiet = quiet && counts.sums[0][k] == 0 && counts.courses[k].history == 0;
    judge(counts, static_cast<FloodKind>(k));
  }
  counts.sums = {};
  return !quiet;
}

void Floods::judge(Counts& counts, FloodKind kind) {
  const std::size_t k = index(kind);
  const FloodLimit& limit = limits_.kinds[k];
  Course& course = counts.courses[k];
  const auto came = static_cast<double>(counts.sums[0][k]);
  const bool evidence = limit.limit > 0 && came >= limit.limit &&
                        came >= limit.ratio * static_cast<double>(counts.sums[1][k]);
  const std::uint32_t mask = limits_.of >= 32 ? ~0U : (1U << limits_.of) - 1;
  course.history = (course.history << 1U | (evidence ? 1U : 0U)) & mask;
  if (evidence) {
    if (course.windows == 0) course.first = second_;
    course.last = second_;
    ++course.windows;
    course.total += counts.sums[0][k];
    course.excused += counts.sums[1][k];
    course.peak = std::max(course.peak, counts.sums[0][k]);
  }
  if (!course.told && static_cast<unsigned>(std::popcount(course.history)) >= limits_.needed) {
    course.told = true;
    tell(counts, kind, true);
  }
  if (course.history != 0) return;
  if (course.told) tell(counts, kind, false);
  course = {};
}

void Floods::tell(const Counts& counts, FloodKind kind, bool begins) {
  if (changes_.size() >= kMostChanges) return;
  const Course& course = counts.courses[index(kind)];
  changes_.push_back({begins, kind, counts.network, course.first, course.last, course.windows,
                      course.total, course.excused, course.peak});
}

}  // namespace itnxt::pcap
