// What endpoints answer, and what it means when they do not.
#include <algorithm>
#include <utility>

#include "daemon/io/batch_queue.hpp"

namespace itnxt {
namespace {

constexpr Duration kPrompt = 500ms;  // an answer within this widens the window
constexpr unsigned kMostStalls = 4;

}  // namespace

bool BatchQueue::acknowledge(std::size_t endpoint, const wire::Ack& ack, Instant now) {
  const auto answered = take_answer(endpoint, {ack.collector, ack.epoch, ack.sequence}, now);
  if (!answered) return false;
  const auto [id, announced] = *answered;
  endpoints_[endpoint].credit = std::clamp<std::size_t>(ack.credit, 1, wire::kMaxCredit);
  std::uint64_t& told = sources_[entry(id).source].told[endpoint];
  told = std::max(told, announced);
  conclude(id, endpoint);
  return true;
}

bool BatchQueue::refuse(std::size_t endpoint, const wire::BatchName& batch, Instant now) {
  const auto answered = take_answer(endpoint, batch, now);
  if (!answered) return false;
  ++sources_[sources_[entry(answered->first).source].heir].lost[endpoint];
  conclude(answered->first, endpoint);
  return true;
}

std::optional<std::pair<BatchQueue::Id, std::uint64_t>> BatchQueue::take_answer(
    std::size_t endpoint, const wire::BatchName& batch, Instant now) {
  Endpoint& from = endpoints_[endpoint];
  const auto is_it = [&](Id id) {
    const Entry& candidate = entry(id);
    const Origin& origin = sources_[candidate.source];
    return candidate.sequence == batch.sequence && origin.epoch == batch.epoch &&
           origin.collector == batch.collector;
  };
  std::optional<std::pair<Id, std::uint64_t>> answered;
  if (const auto found = std::ranges::find_if(from.in_flight, is_it, &Flight::id);
      found != from.in_flight.end()) {
    const Flight flight = *found;
    answered.emplace(flight.id, flight.lost);
    from.in_flight.erase(found);
    if (flight.backlog) --from.backlog_in_flight;
    adapt(from, flight, now);
  } else if (const auto late = std::ranges::find_if(from.adrift, is_it, &Flight::id);
             late != from.adrift.end()) {
    answered.emplace(late->id, late->lost);
    from.adrift.erase(late);
  } else {
    return std::nullopt;
  }
  from.progress = now;
  from.stalls = 0;
  return answered;
}

void BatchQueue::conclude(Id id, std::size_t endpoint) {
  Entry& done = entry(id);
  done.in_flight &= ~bit(endpoint);
  settle(done, endpoint);
  if (done.who.needed == 0) discard(done);
  mark(done);
  drop_from_ = std::min(drop_from_, id);  // others may need it, and now it can be dropped
  pop_done();
}

void BatchQueue::adapt(Endpoint& from, const Flight& flight, Instant now) {
  const Duration took = now - flight.sent;
  if (took <= kPrompt) {
    from.window = std::min(from.window + 1, wire::kMaxCredit * std::size_t{1});
  } else if (took > kLate && flight.sent >= from.narrowed) {
    // To what came through in that time, a second's worth of it.
    const double share = std::min(0.5, seconds(kLate) / seconds(took));
    const auto sent = static_cast<double>(std::min(from.window, from.in_flight.size() + 1));
    from.window = std::max<std::size_t>(1, static_cast<std::size_t>(sent * share));
    from.narrowed = now;
  }
}

void BatchQueue::reset(std::size_t endpoint) {
  Endpoint& to = endpoints_[endpoint];
  for (const Flight& flight : to.in_flight) {
    entry(flight.id).in_flight &= ~bit(endpoint);
    to.adrift.push_back(flight);
    to.live = std::min(to.live, flight.id);
  }
  to.in_flight.clear();
  to.backlog_in_flight = 0;
  to.window = std::min(to.window, kFirstWindow);
  to.credit = limits_.window;
  to.away = true;
  to.back = first_;
  to.offer.reset();
  for (const Id id : std::exchange(to.read, {})) {
    if (id >= first_) release(entry(id));
  }
}

bool BatchQueue::stalled(std::size_t endpoint, Instant now) const {
  const Endpoint& to = endpoints_[endpoint];
  return to.waiting > 0 && now - to.progress >= limits_.patience * (1U << to.stalls);
}

void BatchQueue::be_patient_again(std::size_t endpoint, Instant now) {
  Endpoint& to = endpoints_[endpoint];
  to.progress = now;
  // Nothing under way: it is not the link that is slow.
  to.stalls = to.in_flight.empty() ? 0 : std::min(to.stalls + 1, kMostStalls);
}

std::vector<BatchQueue::Debt> BatchQueue::debts(Source heir) const {
  std::vector<Debt> all;
  for (std::size_t e = 0; e < endpoints_.size(); ++e) {
    for (const Origin& one : sources_) {
      if (one.heir != heir || one.said[e] <= one.told[e]) continue;
      all.push_back({e, one.said[e] - one.told[e], one.epoch, one.said[e]});
    }
    const Origin& own = sources_[heir];
    const std::uint64_t known = std::max(own.said[e], own.told[e]);
    if (own.lost[e] > known) all.push_back({e, own.lost[e] - known, 0, 0});
  }
  return all;
}

void BatchQueue::take_over(Source heir, const Debt& debt) {
  const auto says_it = [&](const Entry& one) {
    const Origin& origin = sources_[one.source];
    return (one.who.sent & bit(debt.endpoint)) != 0 && origin.heir == heir &&
           origin.epoch == debt.epoch;
  };
  const auto carrier = debt.epoch == 0 ? queue_.end() : std::ranges::find_if(queue_, says_it);
  if (carrier == queue_.end()) {
    sources_[heir].lost[debt.endpoint] += debt.batches;
    return;
  }
  Origin& origin = sources_[carrier->source];
  origin.lost[debt.endpoint] = std::max(origin.lost[debt.endpoint], debt.said);
  origin.said[debt.endpoint] = std::max(origin.said[debt.endpoint], debt.said);
}

}  // namespace itnxt
