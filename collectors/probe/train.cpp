#include "collectors/probe/train.hpp"

#include <algorithm>
#include <cmath>

namespace itnxt::probe {

void take_late_words(TrainFigures& figures, std::uint32_t unreachable) {
  if (figures.received > 0) return;
  std::uint32_t& lost = figures.by_outcome[static_cast<std::size_t>(Outcome::lost)];
  const std::uint32_t told = std::min(lost, unreachable);
  lost -= told;
  figures.by_outcome[static_cast<std::size_t>(Outcome::unreachable)] += told;
}

void Train::begin() {
  std::fill(probes_.begin(), probes_.end(), Probe{});
  under_way_ = next_expected_ = reordered_ = duplicates_ = 0;
}

void Train::sent(std::uint32_t probe, Instant at) {
  probes_[probe] = {at, {}, Outcome::pending, true};
  ++under_way_;
}

bool Train::answered(std::uint32_t probe, Instant at, Duration timeout) {
  if (probe >= probes_.size() || !probes_[probe].left) return false;
  Probe& one = probes_[probe];
  if (one.outcome == Outcome::answered) ++duplicates_;
  if (one.outcome != Outcome::pending) return false;
  --under_way_;
  one.rtt = std::max(at - one.sent, Duration::zero());
  one.outcome = one.rtt <= timeout ? Outcome::answered : Outcome::lost;
  if (one.outcome == Outcome::lost) return true;
  if (probe < next_expected_) {
    ++reordered_;
  } else {
    next_expected_ = probe + 1;
  }
  return true;
}

bool Train::failed(std::uint32_t probe, Outcome outcome) {
  if (probe >= probes_.size() || probes_[probe].outcome != Outcome::pending) return false;
  Probe& one = probes_[probe];
  if (one.left) --under_way_;
  one.outcome = outcome;
  if (outcome == Outcome::local) one.left = false;
  return true;
}

void Train::close() {
  for (Probe& probe : probes_) {
    if (probe.left && probe.outcome == Outcome::pending) probe.outcome = Outcome::lost;
  }
  under_way_ = 0;
}

TrainFigures Train::figures() const {
  TrainFigures figures;
  figures.reordered = reordered_;
  figures.duplicates = duplicates_;
  rtts_.clear();
  Duration differences{};
  std::int64_t neighbours = 0;
  const Probe* before = nullptr;
  for (const Probe& probe : probes_) {
    ++figures.by_outcome[static_cast<std::size_t>(probe.outcome)];
    if (probe.left) ++figures.sent;
    const bool good = probe.outcome == Outcome::answered;
    if (good) {
      rtts_.push_back(probe.rtt);
      if (before != nullptr) {
        differences += std::chrono::abs(probe.rtt - before->rtt);
        ++neighbours;
      }
    }
    before = good ? &probe : nullptr;
  }
  figures.received = static_cast<std::uint32_t>(rtts_.size());
  if (figures.sent > 0) {
    figures.loss = static_cast<double>(figures.sent - figures.received) / figures.sent;
  }
  if (neighbours > 0) figures.jitter = differences / neighbours;
  if (rtts_.empty()) return figures;
  std::sort(rtts_.begin(), rtts_.end());
  figures.rtt.emplace();
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) {
    const double rank = std::ceil(kQuantiles[i] * static_cast<double>(rtts_.size()));
    (*figures.rtt)[i] = rtts_[static_cast<std::size_t>(rank) - 1];
  }
  return figures;
}

}  // namespace itnxt::probe
