// What endpoints answer, and what it means when they do not.
#include <algorithm>
#include <utility>

#include "daemon/io/batch_queue.hpp"

namespace itnxt {
namespace {

// An answer within this widens the window: a link by satellite takes 600 ms for nothing.
constexpr Duration kPrompt = 700ms;
constexpr Duration kWanted = 500ms;                  // narrowed to what came through in this
constexpr std::uint64_t kMostWindow = 64ULL << 20U;  // bytes
constexpr Duration kCalm = 60s;  // without a late answer: the link is slow no more
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
    to_land(from, flight);
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

void BatchQueue::to_land(Endpoint& from, const Flight& flight) {
  const std::uint64_t bytes = entry(flight.id).bytes;
  from.under_way -= bytes;
  if (!flight.backlog) return;
  --from.backlog_in_flight;
  from.backlog_under_way -= bytes;
}

// Up to twice what was shown to come through, so that a link that has had little to carry is not
// flooded when there is much.
void BatchQueue::adapt(Endpoint& from, const Flight& flight, Instant now) {
  const Duration took = now - flight.sent;
  if (took <= kPrompt) {
    const std::uint64_t wider = from.window + entry(flight.id).bytes;
    from.window = std::max(from.window, std::min({wider, 2 * from.most_under_way, kMostWindow}));
  } else if (took > kLate && flight.sent >= from.narrowed) {
    const double share = seconds(kWanted) / seconds(took);
    const auto through = static_cast<double>(flight.under_way) * share;
    from.window = std::min(from.window, static_cast<std::uint64_t>(through));
    from.pace = Pace::slow;
    from.narrowed = now;
    from.most_under_way = from.under_way;
  }
  if (took <= kPrompt && (from.pace == Pace::unknown || now - from.narrowed >= kCalm)) {
    from.pace = Pace::prompt;
  }
  if (from.in_flight.empty()) from.most_under_way = 0;
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
  to.under_way = to.most_under_way = to.backlog_under_way = 0;
  to.window = std::min(to.window, limits_.first_flight.count());
  to.credit = limits_.window;
  to.pace = Pace::unknown;
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
