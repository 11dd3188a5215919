#include "collectors/trap/limits.hpp"

#include <algorithm>
#include <utility>

namespace itnxt::trap {

void StormLimit::fill(Bucket& bucket, Instant now) const {
  const double most = per_second_ * kBurst;
  bucket.tokens = std::min(most, bucket.tokens + per_second_ * seconds(now - bucket.at));
  bucket.at = now;
}

bool StormLimit::admits(const std::string& sender, Instant now) {
  const bool known = buckets_.contains(sender) || buckets_.size() < kMostSenders;
  const auto [at, fresh] = buckets_.try_emplace(known ? sender : std::string());
  Bucket& bucket = at->second;
  if (fresh) bucket = {per_second_ * kBurst, now, 0};
  fill(bucket, now);
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return true;
  }
  ++bucket.withheld;
  ++withheld_;
  return false;
}

std::vector<StormLimit::Withheld> StormLimit::take(Instant now) {
  std::vector<Withheld> found;
  for (auto at = buckets_.begin(); at != buckets_.end();) {
    Bucket& bucket = at->second;
    fill(bucket, now);
    if (const std::uint64_t count = std::exchange(bucket.withheld, 0); count > 0) {
      found.push_back({at->first, count});
    }
    at = bucket.tokens >= per_second_ * kBurst ? buckets_.erase(at) : std::next(at);
  }
  return found;
}

// Of a device without anything paid for: at the end of its quiet time.
Instant PollPace::Polled::opens() const {
  return paid > 0 ? spent_until - (kAtOnce - 1) * kApart : quiet_until;
}

void PollPace::spend(Polled& polled, Instant now) {
  polled.paid = std::max(0, polled.paid - 1);
  polled.spent_until = std::max(polled.spent_until, now) + kApart;
  polled.quiet_until = now + kQuiet;
}

bool PollPace::ask(const DeviceName& device, const PollReason& reason, Instant now) {
  expire(now, nullptr);
  const auto [at, fresh] = devices_.try_emplace(device);
  Polled& polled = at->second;
  if (fresh || (!polled.waiting && polled.opens() <= now)) {
    if (!fresh) order_.erase({polled.next(), device});
    spend(polled, now);
    order_.emplace(polled.next(), device);
    return true;
  }
  if (!polled.waiting) {
    order_.erase({polled.next(), device});
    polled.waiting.emplace();
    order_.emplace(polled.next(), device);
    ++waiting_;
  }
  PollReason& waiting = *polled.waiting;
  if (reason.if_index != 0) {
    waiting.if_index = reason.if_index;
    waiting.up = reason.up;
  }
  waiting.tables = waiting.tables || reason.tables;
  return false;
}

void PollPace::confirmed(const DeviceName& device, Instant now) {
  expire(now, nullptr);
  const auto at = devices_.find(device);
  if (at == devices_.end()) return;  // it may be polled at once
  order_.erase({at->second.next(), device});
  at->second.paid = std::min(at->second.paid + kPaid, kMostPaid);
  order_.emplace(at->second.next(), device);
}

// Whose quiet time is over; who waits for its turn, only where it can be told.
void PollPace::expire(Instant now, std::vector<Due>* due) {
  for (auto first = order_.begin(); first != order_.end() && first->first <= now;) {
    const auto at = devices_.find(first->second);
    Polled& polled = at->second;
    if (!polled.waiting) {
      devices_.erase(at);
    } else if (due == nullptr) {
      ++first;
      continue;
    } else {
      due->push_back({at->first, *std::exchange(polled.waiting, std::nullopt)});
      --waiting_;
      spend(polled, now);
      order_.emplace(polled.next(), at->first);
    }
    first = order_.erase(first);
  }
}

std::vector<PollPace::Due> PollPace::take_due(Instant now) {
  std::vector<Due> due;
  expire(now, &due);
  return due;
}

std::optional<Instant> PollPace::next_due() const {
  return waiting_ == 0 ? std::nullopt : std::optional(order_.begin()->first);
}

void Seen::forget(Instant now) {
  while (!order_.empty() && (order_.front().at + kWindow <= now || order_.size() > kMost)) {
    const auto known = hashes_.find(order_.front().hash);
    if (known != hashes_.end() && known->second == order_.front().at) hashes_.erase(known);
    order_.pop_front();
  }
}

bool Seen::contains(std::uint64_t hash, Instant now) {
  forget(now);
  return hashes_.contains(hash);
}

bool Seen::insert(std::uint64_t hash, Instant now) {
  forget(now);
  if (!hashes_.emplace(hash, now).second) return false;
  order_.push_back({now, hash});
  forget(now);
  return true;
}

void MissingTraps::heard(const DeviceName& device, std::optional<std::uint32_t> lost, Instant now) {
  counts_.try_emplace(device, 0);
  if (!lost) return;
  Marks& marks = marks_[device];
  std::erase_if(marks.losses,
                [&](const Mark& mark) { return *lost == 0 || mark.if_index == *lost; });
  std::erase_if(marks.traps, [&](const Mark& mark) { return mark.if_index == *lost; });
  marks.traps.push_back({*lost, now});
  if (marks.traps.size() <= kMostOfDevice) return;
  marks.crowded = marks.traps.front().at;
  marks.traps.pop_front();
}

void MissingTraps::lost(const DeviceName& device, std::uint32_t if_index, Instant now) {
  if (!counts_.contains(device)) return;  // it has never sent one
  Marks& marks = marks_[device];
  const bool crowded = marks.crowded && now - *marks.crowded <= kBefore;
  const bool told =
      crowded || std::ranges::any_of(marks.traps, [&](const Mark& mark) {
        return now - mark.at <= kBefore && (mark.if_index == 0 || mark.if_index == if_index);
      });
  if (told || marks.losses.size() >= kMostOfDevice) return;
  marks.losses.push_back({if_index, now});
}

std::vector<MissingTraps::Missing> MissingTraps::take_due(Instant now) {
  std::vector<Missing> found;
  for (auto at = marks_.begin(); at != marks_.end();) {
    Marks& marks = at->second;
    while (!marks.losses.empty() && marks.losses.front().at + kGrace <= now) {
      found.push_back({at->first, marks.losses.front().if_index});
      ++counts_[at->first];
      marks.losses.pop_front();
    }
    while (!marks.traps.empty() && now - marks.traps.front().at > kBefore) marks.traps.pop_front();
    at = marks.losses.empty() && marks.traps.empty() ? marks_.erase(at) : std::next(at);
  }
  return found;
}

void MissingTraps::forget(const DeviceName& device) {
  counts_.erase(device);
  marks_.erase(device);
}

}  // namespace itnxt::trap
