#include "daemon/alert/outbox.hpp"

#include <algorithm>

#include "daemon/core/hash.hpp"

namespace itnxt {
namespace {

std::string delivery_id(const Delivery& delivery, DeliveryStep step) {
  // The channel by its hash: the id travels in an HTTP header.
  return delivery.incident + '-' + stable_id(delivery.channel.text()).substr(0, 8) +
         (step == DeliveryStep::page ? "-page" : "-close");
}

DeliveryStep step_of(const Delivery& delivery) {
  return delivery.page_delivered ? DeliveryStep::close : DeliveryStep::page;
}

}  // namespace

Duration back_off(std::uint32_t failures, Duration most, std::string_view jitter_of) {
  const std::uint32_t doublings = std::min<std::uint32_t>(failures == 0 ? 0 : failures - 1, 30);
  const Duration plain = std::min<Duration>(most, std::chrono::seconds(1) * (1LL << doublings));
  const std::uint64_t hash = stable_hash(std::string(jitter_of) + '#' + std::to_string(failures));
  const double factor = 0.75 + 0.5 * static_cast<double>(hash % 1024) / 1023.0;
  return std::min(most, std::chrono::duration_cast<Duration>(plain * factor));
}

bool Outbox::owes(const Item& item) {
  return !item.delivery.page_delivered || item.delivery.close.has_value();
}

Outbox::SubjectKey Outbox::subject_of(const Item& item) {
  return {item.delivery.page.alert, item.delivery.page.subject};
}

void Outbox::enqueue(Item& item, Instant due) {
  item.due = due;
  const bool first = chains_.at(subject_of(item)).begin()->first == item.order;
  if (first && owes(item) && !item.in_flight) {
    queue_.emplace(due, item.order, item.delivery.incident);
  }
}

void Outbox::erase(Items::iterator item, Instant now) {
  queue_.erase({item->second.due, item->second.order, item->first});
  const auto chain = chains_.find(subject_of(item->second));
  chain->second.erase(item->second.order);
  items_.erase(item);
  if (chain->second.empty()) {
    chains_.erase(chain);
  } else {
    enqueue(items_.at(chain->second.begin()->second), now);
  }
}

std::vector<std::string> Outbox::put(const Delivery& delivery, Instant now) {
  const auto [place, is_new] = items_.try_emplace(delivery.incident);
  Item& item = place->second;
  if (is_new) {
    item.order = next_order_++;
    item.delivery = delivery;
    chains_[subject_of(item)][item.order] = delivery.incident;
    enqueue(item, now);
    return make_room(now);
  }
  // Only the close is news: a page on its way is not rewritten, each attempt repeats it.
  if (delivery.close && !item.delivery.close) {
    const bool owed = owes(item);
    item.delivery.close = delivery.close;
    item.delivery.ended = delivery.ended;
    if (!owed) enqueue(item, now);
  }
  return {};
}

std::vector<std::string> Outbox::make_room(Instant now) {
  std::vector<std::string> given_up;
  if (items_.size() <= kMaxOwed) return given_up;
  const auto owed = [&] {
    return static_cast<std::size_t>(std::count_if(
        items_.begin(), items_.end(), [](const auto& one) { return owes(one.second); }));
  };
  for (std::size_t count = owed(); count > kMaxOwed; --count) {
    auto oldest = items_.end();
    for (auto one = items_.begin(); one != items_.end(); ++one) {
      const Item& item = one->second;
      if (item.in_flight || item.delivery.page_delivered || !item.delivery.close) continue;
      if (oldest == items_.end() || item.order < oldest->second.order) oldest = one;
    }
    if (oldest == items_.end()) break;  // all of it still fires: bounded by what is monitored
    given_up.push_back(oldest->first);
    erase(oldest, now);
  }
  return given_up;
}

std::vector<Outbox::Attempt> Outbox::due(Instant now) {
  std::vector<Attempt> attempts;
  while (now >= held_until_ && in_flight_ < kParallel && !queue_.empty() &&
         std::get<0>(*queue_.begin()) <= now) {
    Item& item = items_.at(std::get<2>(*queue_.begin()));
    queue_.erase(queue_.begin());
    item.in_flight = true;
    ++in_flight_;
    const DeliveryStep step = step_of(item.delivery);
    Attempt attempt;
    attempt.incident = item.delivery.incident;
    attempt.step = step;
    attempt.id = delivery_id(item.delivery, step);
    attempt.alert = step == DeliveryStep::page ? item.delivery.page : *item.delivery.close;
    if (step == DeliveryStep::close) attempt.ended = item.delivery.ended;
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

void Outbox::all_due(Instant now) {
  failing_ = false;
  queue_.clear();
  for (auto& [id, item] : items_) {
    enqueue(item, now);
  }
}

void Outbox::fail(Item& item, const Answer& answer, Instant now, Settled& settled) {
  failing_ = true;
  ++item.failures;
  Duration wait = back_off(item.failures, kMaxBackOff, delivery_id(item.delivery, settled.step));
  if (answer.retry_after) {
    const Duration asked = std::clamp<Duration>(*answer.retry_after, Duration::zero(), kMaxBackOff);
    held_until_ = std::max(held_until_, now + asked);
    wait = std::max(wait, asked);
  }
  settled.failures = item.failures;
  settled.retry_in = wait;
  enqueue(item, now + wait);
}

Outbox::Settled Outbox::settle(const std::string& incident, const Answer& answer, Instant now) {
  Settled settled;
  const auto found = items_.find(incident);
  if (found == items_.end() || !found->second.in_flight) return settled;
  Item& item = found->second;
  item.in_flight = false;
  --in_flight_;
  settled.step = step_of(item.delivery);
  switch (answer.kind) {
    case Answer::Kind::retry:
      fail(item, answer, now, settled);
      return settled;
    case Answer::Kind::refused:
      settled.progress = Progress::refused;
      erase(found, now);
      break;
    case Answer::Kind::delivered:
      item.failures = 0;
      if (settled.step == DeliveryStep::close) {
        settled.progress = Progress::closed;
        erase(found, now);
        break;
      }
      settled.progress = Progress::page_delivered;
      item.delivery.page_delivered = true;
      enqueue(item, now);
      break;
  }
  if (failing_ && answer.kind == Answer::Kind::delivered) all_due(now);
  return settled;
}

std::optional<Instant> Outbox::next() const {
  if (queue_.empty() || in_flight_ >= kParallel) return std::nullopt;
  return std::max(held_until_, std::get<0>(*queue_.begin()));
}

std::size_t Outbox::waiting() const {
  std::size_t count = 0;
  for (const auto& [id, item] : items_) {
    count += (item.delivery.page_delivered ? 0U : 1U) + (item.delivery.close ? 1U : 0U);
  }
  return count;
}

}  // namespace itnxt
