// What aggregators answer, and how an outlet looks after those that do not.
#include <algorithm>
#include <utility>

#include "daemon/core/hash.hpp"
#include "daemon/io/outlet_curve.hpp"
#include "daemon/io/outlet_stream.hpp"

namespace itnxt {
namespace {

constexpr Duration kLookAfter = 1s;
constexpr std::string_view kOtherVersion =
    "is of another version and refuses what it is sent: bring both to one version";
constexpr Duration kComplainEvery = 10s;  // of one endpoint
constexpr int kSoonAgain = 30;            // tries after a refused key: a minute

}  // namespace

void Outlet::take_answer(std::size_t number, const ZmqMessage& message) {
  const auto answer = wire::decode_answer(message.parts.front());
  if (!answer && wire::is_of_other_major(message.parts.front())) {
    return tell_of_version(number, answer.error());
  }
  if (!answer) {
    return complain(number,
                    "an answer of this aggregator is not understood: is it one, and of this "
                    "version?",
                    "answer", answer.error());
  }
  if (const auto* ack = std::get_if<wire::Ack>(&*answer)) return take_ack(number, *ack);
  if (const auto* ack = std::get_if<wire::EventAck>(&*answer)) return take_ack(number, *ack);
  const auto& refusing = std::get<wire::Refusing>(*answer);
  if (refusing.reason == wire::name(wire::Refusal::version)) {
    return tell_of_version(number, refusing.message);
  }
  complain(number, "aggregator refuses what it is sent", refusing.reason, refusing.message);
  if (refusing.batch && queue_.refuse(number, *refusing.batch, loop_.now())) answered(number);
}

// In the log, and once, until it takes something, an event for the aggregators that do understand
// us. Of the collector whose name comes first: each has a lane of its own, all say the same.
void Outlet::tell_of_version(std::size_t number, const std::string& why) {
  const std::string reason(wire::name(wire::Refusal::version));
  complain(number, "aggregator " + std::string(kOtherVersion), reason, why);
  Endpoint& endpoint = endpoints_[number];
  if (streams_.empty() || std::exchange(endpoint.other_version, true)) return;
  Event event;
  event.wall = loop_.wall_now();
  event.at = source_time(loop_.now());
  event.kind = "aggregator_refused";
  event.text = "aggregator " + endpoint.name + ' ' + std::string(kOtherVersion);
  event.details = {{"aggregator", endpoint.name}, {"reason", reason}, {"message", why}};
  streams_.begin()->second->events->report(std::move(event));
}

void Outlet::take_ack(std::size_t number, const wire::Ack& ack) {
  if (!queue_.acknowledge(number, ack, loop_.now())) return;  // late
  answered(number);
}

void Outlet::take_ack(std::size_t number, const wire::EventAck& ack) {
  const auto stream = streams_.find(ack.collector);
  if (stream == streams_.end() || !stream->second->events->acknowledge(number, ack)) return;
  answered(number);
}

void Outlet::answered(std::size_t number) {
  Endpoint& endpoint = endpoints_[number];
  endpoint.answered_at = loop_.now();
  endpoint.refused.reset();
  endpoint.other_version = false;
  endpoint.refusals = 0;
  if (std::exchange(endpoint.silent, false)) {
    log_.notice("aggregator answers again", {{"endpoint", endpoint.name}});
  }
  pump(number);
  tick_later();
  if (drained_ && all_is_delivered()) finish_drain();
}

void Outlet::complain(std::size_t number, std::string_view what, const std::string& reason,
                      const std::string& message) {
  Endpoint& endpoint = endpoints_[number];
  if (endpoint.complained_at && loop_.now() - *endpoint.complained_at < kComplainEvery) {
    ++endpoint.unsaid;
    return;
  }
  endpoint.complained_at = loop_.now();
  log_.error(what, {{"endpoint", endpoint.name},
                    {"reason", reason},
                    {"message", message},
                    {"unsaid", std::to_string(std::exchange(endpoint.unsaid, 0))}});
}

// Where batches are answered the connection is well: then only the events are sent again.
bool Outlet::events_stall(std::size_t number) {
  bool stall = false;
  for (const auto& [name, stream] : streams_) {
    if (!stream->events->stalled(number, config_.patience)) continue;
    stream->events->reset(number);
    stall = true;
  }
  if (!stall) return false;
  if (loop_.now() - endpoints_[number].answered_at >= config_.patience) return true;
  pump(number);
  return false;
}

std::size_t Outlet::waiting_events() const {
  std::size_t waiting = 0;
  for (const auto& [name, stream] : streams_) waiting += stream->events->waiting();
  return waiting;
}

bool Outlet::all_is_delivered() const {
  return queue_.empty() && waiting_events() == 0;
}

// The library connects again by itself; it has thrown away what it had not sent.
void Outlet::lose_connection(std::size_t number) {
  reset(number);
  pump(number);
}

// Said once for each reason, until it answers. The library tries again by itself, but for a refused
// key: soon at first, while somebody is mending the list, then less often, for an attempt costs the
// aggregator half a millisecond. The nodes of a list that lacks them all do not come at once.
void Outlet::take_refusal(std::size_t number, HandshakeFault fault) {
  Endpoint& endpoint = endpoints_[number];
  if (fault == HandshakeFault::key && !endpoint.again) {
    const bool soon = ++endpoint.refusals <= kSoonAgain;
    const Duration wait =
        soon ? config_.refused_again : std::max(config_.refused_again, config_.patience / 2);
    const auto percent = static_cast<int>(75 + stable_hash(config_.node.text()) % 51);
    endpoint.again = loop_.after(wait * percent / 100, [this, number] {
      connect(number);
      pump(number);
    });
  }
  if (std::exchange(endpoint.refused, fault) == fault) return;
  log_.error(refusal_text(config_, endpoint.name, fault),
             {{"endpoint", endpoint.name}, {"reason", std::string(name(fault))}});
}

void Outlet::reset(std::size_t number) {
  queue_.reset(number);
  for (const auto& [name, stream] : streams_) {
    if (stream->events) stream->events->reset(number);
  }
}

void Outlet::look_after_endpoints() {
  const Instant now = loop_.now();
  queue_.expire(now);
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (!queue_.stalled(i, now) && !events_stall(i)) continue;
    if (!std::exchange(endpoints_[i].silent, true)) {
      log_.warning("aggregator does not answer; batches are kept for it",
                   {{"endpoint", endpoints_[i].name},
                    {"waiting_batches", std::to_string(queue_.waiting_for(i))}});
    }
    queue_.be_patient_again(i, now);
    reset(i);
    connect(i);
    pump(i);
  }
  report_loss();
  every_second_ = loop_.after(kLookAfter, [this] { look_after_endpoints(); });
}

std::uint64_t Outlet::lost_batches() const {
  std::uint64_t lost = 0;
  for (const auto& [name, stream] : streams_) lost += queue_.lost(stream->source);
  return lost;
}

void Outlet::report_loss() {
  const std::uint64_t lost = lost_batches();
  const auto due = loss_report_.due(lost, loop_.now());
  if (due && due->over) {
    log_.notice("no more batches are dropped", {{"dropped", std::to_string(due->dropped)},
                                                {"dropped_total", std::to_string(lost)}});
  } else if (due) {
    say_loss(due->dropped, lost);
  }
}

void Outlet::say_loss(std::uint64_t dropped, std::uint64_t lost) {
  log_.warning(
      "undelivered batches were dropped, the oldest first; raise spool.max_size or "
      "spool.max_age, or bring the aggregator back",
      {{"dropped", std::to_string(dropped)},
       {"dropped_total", std::to_string(lost)},
       {"waiting_bytes", std::to_string(queue_.size().count())}});
}

}  // namespace itnxt
