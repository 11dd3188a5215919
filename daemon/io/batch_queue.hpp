// What is on its way to the aggregators: a queue of encoded batches, in memory or on the disk, and
// for each endpoint which of them it still needs, which are in flight, and how many it will never
// get. Values and instants only: the sockets and the disk are the Outlet's.
//
// Every endpoint gets every batch, at its own pace. What is new goes first, in order. When an
// endpoint comes back after a while, new is what was closed within the last interval of its
// collector, so that the present is complete; what is older, its backlog, follows behind, oldest
// first, at most backlog_rate, and never waits before anything new but for one batch in
// kBacklogTurn. So too when an endpoint takes less than there is: what has become old is backlog.
//
// At most `window` batches are unacknowledged at a time, and of no more bytes than an endpoint
// answers within about half a second (one batch, where that takes longer): what stands in the
// buffers of a slow link cannot be overtaken.
//
// A batch leaves when all have acknowledged it. What waits longer than store_after, or is beyond
// half of `memory`, is for the disk. Beyond max_size, max_age or most_batches, or beyond `memory`
// without a disk, the oldest is dropped and counts as lost for the endpoints that still needed it.
//
// Never one that was sent to an endpoint and not answered: it may stand in the buffers of a peer
// that is stopped, and come after all, though the connection is gone. It stays, also over a
// restart, and is sent again until it is answered: what counts as lost never arrives. Their number
// is bounded by the window and by max_size: beyond that nothing else is sent.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/io/batch_files.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt {

struct BatchQueueLimits {
  Bytes max_size{1ULL << 30U};
  Duration max_age = std::chrono::hours(72);
  std::size_t most_batches = 500'000;  // about 90 bytes of memory each when they are on the disk
  std::size_t window = wire::kCredit;  // batches in flight to one endpoint until its ack says more
  Duration patience = 10s;             // without any ack while something waits
  Bytes memory{8ULL << 20U};
  Duration store_after = 2s;
  BytesPerSecond backlog_rate{4e6};  // to each endpoint
  Bytes first_flight{16ULL << 10U};  // under way until an endpoint has shown that it takes more
};

class BatchQueue {
 public:
  static constexpr std::size_t kMaxEndpoints = BatchFiles::kMaxEndpoints;
  static constexpr std::size_t kBacklogTurn = 16;
  using Source = std::uint32_t;  // one collector in one epoch
  using Id = std::uint64_t;      // of a batch: counts up, never re-used
  using Place = BatchFiles::Place;
  using Who = BatchFiles::Who;
  using Body = std::shared_ptr<const wire::Parts>;
  using Endpoints = std::uint32_t;  // a set, by bit
  static constexpr Endpoints bit(std::size_t endpoint) { return Endpoints{1} << endpoint; }

  // Precondition: 1 <= endpoints <= kMaxEndpoints.
  BatchQueue(BatchQueueLimits limits, std::size_t endpoints);

  Source add_source(CollectorName collector, std::uint64_t epoch);
  // The batches of an epoch that is over, from the disk: what is dropped of them is counted and
  // announced by its `heir`, for no later batch of the old epoch could.
  Source add_old_source(Source heir, std::uint64_t epoch);
  void set_interval(Source source, Duration interval) { sources_[source].interval = interval; }

  void push(Source source, std::uint64_t sequence, wire::Parts parts, Instant closed, Instant now);
  // One that is on the disk, from an earlier process.
  void restore(Source source, const BatchFiles::Batch& batch, Instant closed, Instant now);
  void expire(Instant now);  // drops what is over max_age
  // A batch that never came to be (it could not be encoded): lost for every endpoint.
  void lose(Source source);

  // The batch to send to an endpoint now; nothing when it has all, the window is full, or the
  // batch has to be read first.
  struct Next {
    const wire::Parts* parts;  // until the next call that is not const
    std::uint64_t lost;
    Bytes waiting;  // besides it, of its collector, for this endpoint
    bool backlog;
  };
  [[nodiscard]] std::optional<Next> next(std::size_t endpoint, Instant now);
  void sent(std::size_t endpoint, Instant now);  // what next() gave went out

  // False when it acknowledges nothing that is in flight.
  bool acknowledge(std::size_t endpoint, const wire::Ack& ack, Instant now);
  // It will never be taken: lost. False as above.
  bool refuse(std::size_t endpoint, const wire::BatchName& batch, Instant now);
  // The connection is gone: what was in flight is to be sent again.
  void reset(std::size_t endpoint);
  // Something waits and no ack has come for longer than patience, which doubles each time, up to
  // 16 times: a batch may be large and the link slow.
  [[nodiscard]] bool stalled(std::size_t endpoint, Instant now) const;
  void be_patient_again(std::size_t endpoint, Instant now);

  [[nodiscard]] Endpoints everybody() const {
    return static_cast<Endpoints>((std::uint64_t{1} << endpoints_.size()) - 1);
  }
  [[nodiscard]] bool empty() const { return waiting_ == 0; }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }  // batches
  // Batches of this size let something else through twice in what the slowest link may have under
  // way; nothing: all have answered promptly. A link that nobody knows may be a slow one: once.
  [[nodiscard]] std::optional<Bytes> fitting_batch() const;
  [[nodiscard]] Bytes size() const { return Bytes(bytes_); }
  [[nodiscard]] Bytes in_memory() const { return Bytes(memory_); }
  [[nodiscard]] std::size_t waiting_for(std::size_t endpoint) const {
    return endpoints_[endpoint].waiting;
  }
  // An endpoint that has everything of this source so far.
  [[nodiscard]] bool somebody_is_idle(Source source) const;
  [[nodiscard]] std::uint64_t lost(Source source, std::size_t endpoint) const {
    return sources_[source].lost[endpoint];
  }
  [[nodiscard]] std::uint64_t lost(Source source) const;  // the most any endpoint has missed
  // What an endpoint has not been told of, as far as its acks say. Where batches have said it, and
  // are not answered, it may know: they will say it again, under their epoch and in a later process
  // too, and nobody else may.
  struct Debt {
    std::size_t endpoint = 0;
    std::uint64_t batches = 0;
    std::uint64_t epoch = 0;  // 0: nobody has said it
    std::uint64_t said = 0;   // by that epoch in all
  };
  [[nodiscard]] std::vector<Debt> debts(Source heir) const;
  // Those of an earlier process, when all it left is restored.
  void take_over(Source heir, const Debt& debt);

  // For the disk. Each that is given out is answered by stored() or not_stored(), or the like.
  struct ToStore {
    Id id;
    Source source;
    std::uint64_t epoch, sequence;
    Who who;
    Instant closed;
    Body body;
  };
  [[nodiscard]] std::vector<ToStore> to_store(Instant now, std::size_t bytes, bool everything);
  void stored(Id id, Place place, Who who);  // as it was written
  // The disk takes nothing now: from here on the bound of the memory is kept by dropping. `full`:
  // and when that is near, the oldest on the disk makes room there.
  void not_stored(Id id);
  void disk_fails(bool full);
  void disk_works() { disk_fails_ = false; }

  struct ToRead {
    Id id;
    Source source;
    Place place;
  };
  // What next() would give if it were in memory, and what follows; nothing while that is awaited.
  [[nodiscard]] std::vector<ToRead> to_read(std::size_t endpoint, Instant now);
  void loaded(std::size_t endpoint, Id id, wire::Parts parts);
  void unreadable(Id id);  // as give_up_memory() does
  void all_loaded(std::size_t endpoint) { endpoints_[endpoint].reading = false; }

  // What the disk says of its batches has changed since the last call.
  struct Mark {
    Source source;
    Place place;
    Who who;
  };
  [[nodiscard]] std::vector<Mark> take_marks() { return std::exchange(marks_, {}); }
  [[nodiscard]] bool has_marks() const { return !marks_.empty(); }

  // Dropped: whatever is only in memory. Lost for those who needed it, but what became of those
  // that were sent nobody will know. Nothing may be in flight. How many.
  std::size_t give_up_memory(Source source);
  [[nodiscard]] std::size_t waiting_of(const CollectorName& collector) const;
  // What an epoch has announced as lost is at least this much, by endpoint.
  void raise_lost(Source source, const std::vector<std::uint64_t>& lost);

 private:
  static constexpr Duration kLate = 1s;  // an answer beyond this narrows the window
  enum class Disk : std::uint8_t { none, storing, stored };
  enum class Pace : std::uint8_t { unknown, prompt, slow };  // of a connection's answers
  struct Origin {
    CollectorName collector;
    std::uint64_t epoch;
    Source heir;
    Duration interval{};
    std::vector<std::uint64_t> lost;  // by endpoint
    std::vector<std::uint64_t> said;  // by endpoint, in what was sent
    std::vector<std::uint64_t> told;  // by endpoint, as acknowledged
    std::vector<std::size_t> needed;  // by endpoint: batches it still needs
    // By endpoint: bytes it still needs, those of the epochs it is heir of included.
    std::vector<std::uint64_t> needed_bytes;
  };
  struct Entry {
    Source source = 0;
    std::uint32_t bytes = 0;
    std::uint64_t sequence = 0;
    Body body;  // null: on the disk only
    Instant closed;
    Who who;  // nobody needs it: done or dropped
    Endpoints in_flight = 0;
    Place place;
    Disk disk = Disk::none;
  };
  struct Flight {
    Id id;
    Instant sent;
    std::uint64_t lost;  // announced with it
    bool backlog;
    std::uint64_t under_way;  // bytes, with it, when it was sent
  };
  struct Endpoint {
    std::deque<Flight> in_flight;
    std::vector<Flight> adrift;        // sent over connections that are gone, not answered
    std::uint64_t sent_bytes = 0;      // of both
    std::uint64_t under_way = 0;       // bytes of in_flight
    std::uint64_t most_under_way = 0;  // since it was nothing, or since the window was narrowed
    std::uint64_t backlog_under_way = 0;
    std::size_t backlog_in_flight = 0;
    std::size_t credit = 0;
    std::uint64_t window = 0;  // bytes: what it answers within about half a second
    Pace pace = Pace::unknown;
    Instant narrowed;  // what was sent before says nothing more about the window
    std::size_t waiting = 0;
    Instant progress;  // of the latest ack, or of when the first batch began to wait
    unsigned stalls = 0;
    bool away = true;
    Instant since;  // came back then, or is away still
    Id live = 0;    // nothing new before it is to be sent
    Id back = 0;    // nothing at all
    Id back_end = 0;
    std::size_t live_in_a_row = 0;
    double tokens = 0;  // bytes of backlog it may be sent
    Instant filled;
    bool reading = false;
    std::vector<Id> read;  // in memory for it alone
    std::optional<std::pair<Id, bool>> offer;
  };

  Entry& entry(Id id) { return queue_[id - first_]; }
  [[nodiscard]] const Entry& entry(Id id) const { return queue_[id - first_]; }
  [[nodiscard]] Id end() const { return first_ + queue_.size(); }
  [[nodiscard]] bool wants(const Entry& one, std::size_t endpoint) const;
  [[nodiscard]] bool is_new(const Entry& one, const Endpoint& to) const;
  void add(Entry entry, Instant now);
  Id next_new(std::size_t endpoint);
  Id next_old(std::size_t endpoint);
  std::optional<std::pair<Id, bool>> choose(std::size_t endpoint, Instant now);
  void refill(Endpoint& to, Instant now);
  [[nodiscard]] bool may_send_more(const Endpoint& to) const;
  [[nodiscard]] bool fits(const Endpoint& to, Id id) const {
    return to.in_flight.empty() || to.under_way + entry(id).bytes <= to.window;
  }
  Id next_adrift(std::size_t endpoint);
  static void forget_adrift(Endpoint& to, Id id) {
    std::erase_if(to.adrift, [id](const Flight& one) { return one.id == id; });
  }
  void came_back(Endpoint& to, Instant now);
  // What it answers, which is under way no more, and the `lost` that went with it.
  std::optional<std::pair<Id, std::uint64_t>> take_answer(std::size_t endpoint,
                                                          const wire::BatchName& batch,
                                                          Instant now);
  void conclude(Id id, std::size_t endpoint);
  void to_land(Endpoint& from, const Flight& flight);  // it is under way no more
  void adapt(Endpoint& from, const Flight& flight, Instant now);
  void settle(Entry& entry, std::size_t endpoint);
  void discard(Entry& entry);
  void mark(const Entry& entry);
  [[nodiscard]] static bool may_drop(const Entry& one) {
    return one.who.needed != 0 && one.who.sent == 0;
  }
  void drop(Id id);
  void shrink();
  void pop_done();
  void release(Entry& entry);
  Id oldest_droppable();  // end(): none

  const BatchQueueLimits limits_;
  std::vector<Origin> sources_;
  std::vector<Endpoint> endpoints_;
  std::deque<Entry> queue_;
  std::vector<Mark> marks_;
  Id first_ = 0;       // id of queue_.front()
  Id drop_from_ = 0;   // nothing before it can be dropped
  Id store_from_ = 0;  // nothing before it is for the disk
  std::size_t waiting_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t memory_ = 0;  // of bodies that are not on the disk, or about to be
  bool disk_fails_ = false;
};

}  // namespace itnxt
