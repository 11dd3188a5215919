// What is on its way to the aggregators: a queue of encoded batches, and for each endpoint which of
// them it still needs, which are in flight, and how many it will never get. Values and instants
// only: the sockets are the Outlet's.
//
// Every endpoint gets every batch, in order, at most `window` unacknowledged at a time, at its own
// pace. A batch leaves when all have acknowledged it. Beyond max_size or max_age the oldest that is
// not in flight is dropped (one in flight may have arrived), and counts as lost for the endpoints
// that still needed it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt {

struct BatchQueueLimits {
  Bytes max_size{64U << 20U};
  Duration max_age = std::chrono::hours(72);
  std::size_t window = 64;  // batches in flight to one endpoint
  Duration patience = 10s;  // without any ack while something waits
};

class BatchQueue {
 public:
  static constexpr std::size_t kMaxEndpoints = 64;
  using Source = std::size_t;  // one collector in one epoch

  // Precondition: 1 <= endpoints <= kMaxEndpoints.
  BatchQueue(BatchQueueLimits limits, std::size_t endpoints);

  // `lost`: what each endpoint has missed of it so far.
  Source add_source(CollectorName collector, std::uint64_t epoch, std::vector<std::uint64_t> lost);
  // The batches of an epoch that is over, from the spool: what is dropped of them is counted and
  // announced by its `heir`, for no later batch of the old epoch could.
  Source add_old_source(Source heir, std::uint64_t epoch, std::vector<std::uint64_t> lost);

  void push(Source source, std::uint64_t sequence, wire::Parts parts, Instant born, Instant now);
  void expire(Instant now);  // drops what is over max_age

  // A batch that never came to be (it could not be encoded, or stored): lost for every endpoint.
  void lose(Source source);

  // The batch to send to an endpoint now; nothing when it has all, or the window is full.
  struct Next {
    const wire::Parts* parts;  // until the next call that is not const
    std::uint64_t lost;
    Bytes waiting;  // besides it, of its collector, for this endpoint
  };
  [[nodiscard]] std::optional<Next> next(std::size_t endpoint);
  void sent(std::size_t endpoint);  // what next() gave went out

  // False when it acknowledges nothing that is in flight.
  bool acknowledge(std::size_t endpoint, const wire::Ack& ack, Instant now);
  // The connection is gone: what was in flight is to be sent again.
  void reset(std::size_t endpoint);
  // Something waits and no ack has come for longer than patience.
  [[nodiscard]] bool stalled(std::size_t endpoint, Instant now) const;
  void be_patient_again(std::size_t endpoint, Instant now);

  [[nodiscard]] bool empty() const { return waiting_ == 0; }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }  // batches
  [[nodiscard]] Bytes size() const { return Bytes(bytes_); }
  [[nodiscard]] std::size_t waiting_of(Source source) const { return sources_[source].waiting; }
  [[nodiscard]] std::size_t waiting_for(std::size_t endpoint) const {
    return endpoints_[endpoint].waiting;
  }
  // An endpoint that has everything of this source so far.
  [[nodiscard]] bool somebody_is_idle(Source source) const;
  [[nodiscard]] std::uint64_t lost(Source source, std::size_t endpoint) const {
    return sources_[source].lost[endpoint];
  }
  [[nodiscard]] std::uint64_t lost(Source source) const;  // the most any endpoint has missed

  // What waits, in order: the first at or behind `at`, which moves behind it. Begin with 0.
  using Id = std::uint64_t;  // of a batch: counts up, never re-used
  struct Waiting {
    Id id;
    Source source;
    const CollectorName& collector;
    const wire::Parts& parts;
    const std::vector<std::uint64_t>& lost;  // by endpoint
  };
  [[nodiscard]] std::optional<Waiting> waiting_from(Id& at) const;
  // Dropped, and lost for those who still needed it. Nothing may be in flight.
  void give_up(Id id);
  // What an epoch is known to have lost is at least this much, by endpoint.
  void raise_lost(Source source, const std::vector<std::uint64_t>& lost);

 private:
  using Endpoints = std::uint64_t;  // a set, by bit
  struct Origin {
    CollectorName collector;
    std::uint64_t epoch;
    std::vector<std::uint64_t> lost;  // by endpoint
    std::vector<std::size_t> needed;  // by endpoint: batches it still needs
    // By endpoint: bytes it still needs, those of the epochs it is heir of included.
    std::vector<std::uint64_t> needed_bytes;
    Source heir;
    std::size_t waiting = 0;
  };
  struct Entry {
    Source source = 0;
    std::uint64_t sequence = 0;
    wire::Parts parts;
    std::size_t bytes = 0;
    Instant born;
    Endpoints needed = 0;  // 0: done or dropped
    Endpoints in_flight = 0;
  };
  struct Endpoint {
    Id next = 0;               // nothing before it is to be sent
    std::deque<Id> in_flight;  // ascending but for what was dropped; at most `window`
    std::size_t waiting = 0;
    Instant progress;  // of the latest ack, or of when the first batch began to wait
  };

  Entry& entry(Id id) { return queue_[id - first_]; }
  void settle(Entry& entry, std::size_t endpoint);
  void discard(Entry& entry);
  void drop(Entry& entry);
  void shrink();
  void pop_done();
  Entry* oldest_droppable();

  const BatchQueueLimits limits_;
  std::vector<Origin> sources_;
  std::vector<Endpoint> endpoints_;
  std::deque<Entry> queue_;
  Id first_ = 0;      // id of queue_.front()
  Id drop_from_ = 0;  // nothing before it can be dropped until an endpoint is reset
  std::size_t waiting_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace itnxt
