#include "daemon/alert/lease.hpp"

#include <algorithm>

namespace itnxt {

void LeaseQueue::changed(const std::string& incident, Instant now) {
  if (known_.empty()) next_round_ = now + kResend;  // nothing was due before
  known_[incident] = Known{};
  changed_.insert(incident);
}

void LeaseQueue::forget(const std::string& incident) {
  known_.erase(incident);
  changed_.erase(incident);
}

void LeaseQueue::plan(const std::set<std::string>& incidents) {
  std::vector<std::string> batch;
  for (const std::string& incident : incidents) {
    batch.push_back(incident);
    if (batch.size() < kMaxBatch) continue;
    batches_.push_back(std::move(batch));
    batch.clear();
  }
  if (!batch.empty()) batches_.push_back(std::move(batch));
}

std::vector<std::string> LeaseQueue::due(Instant now) {
  if (in_flight() || now < held_until_) return {};
  if (!changed_.empty()) {
    plan(changed_);
    changed_.clear();
  }
  if (batches_.empty() && now >= next_round_ && !known_.empty()) {
    std::set<std::string> all;
    for (const auto& [incident, state] : known_) {
      if (!state.refused) all.insert(incident);
    }
    plan(all);
    next_round_ = now + kResend;
  }
  while (!batches_.empty() && flying_.empty()) {
    flying_ = std::move(batches_.front());
    batches_.pop_front();
    std::erase_if(flying_, [&](const std::string& incident) { return !known_.contains(incident); });
  }
  return flying_;
}

LeaseQueue::Settled LeaseQueue::settle(const Answer& answer, Instant now) {
  Settled settled;
  const std::vector<std::string> batch = std::move(flying_);
  flying_.clear();
  switch (answer.kind) {
    case Answer::Kind::delivered:
      failures_ = 0;
      for (const std::string& incident : batch) {
        const auto found = known_.find(incident);
        // Changed while it flew: what was accepted is not what is true now.
        if (found == known_.end() || changed_.contains(incident)) continue;
        if (!found->second.accepted) settled.first_accepted.push_back(incident);
        found->second.accepted = true;
      }
      break;
    case Answer::Kind::refused:
      failures_ = 0;  // it answers, and what is left of the batches goes on
      if (batch.size() == 1) {
        const auto found = known_.find(batch.front());
        if (found != known_.end() && !changed_.contains(batch.front())) {
          found->second.refused = true;
          settled.refused = batch.front();
        }
        break;
      }
      {
        const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
        batches_.emplace_front(middle, batch.end());
        batches_.emplace_front(batch.begin(), middle);
      }
      break;
    case Answer::Kind::retry: {
      ++failures_;
      batches_.clear();
      changed_.clear();
      Duration wait = back_off(failures_, kMaxBackOff, jitter_of_);
      if (answer.retry_after) {
        wait = std::max(wait, std::clamp<Duration>(*answer.retry_after, 0s, kMaxBackOff));
      }
      held_until_ = now + wait;
      next_round_ = held_until_;  // everything again: it may have restarted
      settled.retry_in = wait;
      break;
    }
  }
  settled.failures = failures_;
  return settled;
}

std::optional<Instant> LeaseQueue::next() const {
  if (in_flight() || known_.empty()) return std::nullopt;
  if (!changed_.empty() || !batches_.empty()) return held_until_;
  return std::max(held_until_, next_round_);
}

bool LeaseQueue::accepted(const std::string& incident) const {
  const auto found = known_.find(incident);
  return found != known_.end() && found->second.accepted;
}

}  // namespace itnxt
