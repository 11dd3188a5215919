// The way out of a process: samples and events of its collectors, delivered to every aggregator
// until each has acknowledged them. One for each process; on the loop's thread.
//
// Samples are gathered into numbered batches, closed at about 32 KiB or 100 ms after the first,
// encoded once, and kept until every aggregator has them (BatchQueue): in memory for two seconds,
// then on the disk (BatchFiles), where a later process finds them. A collector that is silent sends
// an empty batch each interval. An event is on the disk before it is sent (EventLog), and goes out
// before any batch. A dead aggregator costs the others nothing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/core/log.hpp"
#include "daemon/core/loss_report.hpp"
#include "daemon/io/batch_queue.hpp"
#include "daemon/io/event_log.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/sink.hpp"
#include "daemon/io/spool.hpp"
#include "daemon/io/worker.hpp"
#include "daemon/io/zmq_socket.hpp"

namespace itnxt {

struct OutletConfig {
  NodeName node;
  std::vector<std::string> endpoints;      // 1 to 64
  std::optional<CurveClientConfig> curve;  // for those that it has a key of
  SpoolConfig spool;
  std::uint64_t epoch = 0;                          // random at the start of the process
  std::size_t batch_bytes = std::size_t{32} << 10;  // a batch is closed at about this size …
  Duration batch_delay = 100ms;                     // … or this long after its first sample
  Duration patience = 10s;      // without an ack for what waits: then the connection is made anew
  Duration refused_again = 2s;  // after a refused key the connection is tried again, give or take
  Duration save_limit = 1s;     // of the orderly stop, for writing to the spool
};

class Outlet {
 public:
  // All outlive it. An endpoint that cannot be connected is logged and tried again.
  Outlet(Loop& loop, Log& log, ZmqContext& zmq, OutletConfig config);
  ~Outlet();
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  // Takes what the spool keeps of a collector for this process. Fails only when another process has
  // it: to go on would be to go on without it.
  Status claim(const CollectorName& collector);
  // Where a collector publishes; the same object for the same name. Takes over what an earlier
  // process left in the spool. `interval`: how often it reports; a later call changes it.
  Sink& stream(const CollectorName& collector, Duration interval);
  // The collector is gone: what it published is delivered, signs of life end. It may come back by
  // stream() and then goes on counting.
  void end_stream(const CollectorName& collector);
  // Where a collector with a stream may keep files of its own beside the spool's: a path but for
  // its ending. Empty: the spool is of no use to this process.
  [[nodiscard]] std::string files_of(const CollectorName& collector) const;

  // The orderly stop: sends what is gathered, waits for the acknowledgements at most `limit`, puts
  // the rest on the disk (what does not get there within save_limit is lost, and said so), then
  // calls `done`, once. Nothing is published, sent or received afterwards.
  void drain(Duration limit, std::function<void()> done);

  // For the process's own figures.
  [[nodiscard]] std::size_t waiting_batches() const { return queue_.waiting(); }
  [[nodiscard]] Bytes waiting_bytes() const { return queue_.size(); }
  [[nodiscard]] Bytes memory_bytes() const { return queue_.in_memory(); }
  [[nodiscard]] std::size_t waiting_events() const;
  [[nodiscard]] std::uint64_t lost_batches() const;  // the sum over the streams

 private:
  class Stream;
  struct Errand;
  struct Saving;
  struct Endpoint {
    std::string name;
    std::unique_ptr<ZmqSocket> socket;
    std::optional<HandshakeFault> refused{};  // said so in the log
    Timer again{};                            // its key was refused …
    int refusals = 0;                         // … so often since it answered
    bool silent = false;                      // said so in the log
    bool other_version = false;               // said so in an event
    Instant answered_at{};                    // latest ack of any kind
    std::optional<Instant> complained_at =
        std::nullopt;  // of answers that are refusals, or none of ours
    std::size_t unsaid = 0;
  };

  void close_batch(Stream& stream);
  [[nodiscard]] std::size_t batch_bytes() const;
  void connect(std::size_t endpoint);
  void pump(std::size_t endpoint);
  bool pump_events(std::size_t endpoint);
  void pump_all();
  void take_refusal(std::size_t endpoint, HandshakeFault fault);
  void finish_drain();
  void end_drain();

  // outlet_answers.cpp: what aggregators say, and what they do not
  void take_answer(std::size_t endpoint, const ZmqMessage& message);
  void take_ack(std::size_t endpoint, const wire::Ack& ack);
  void take_ack(std::size_t endpoint, const wire::EventAck& ack);
  void tell_of_version(std::size_t endpoint, const std::string& why);
  void answered(std::size_t endpoint);
  void complain(std::size_t endpoint, std::string_view what, const std::string& reason,
                const std::string& message);
  void lose_connection(std::size_t endpoint);
  void reset(std::size_t endpoint);  // what was in flight is to be sent again
  void look_after_endpoints();
  void report_loss();
  void say_loss(std::uint64_t dropped, std::uint64_t lost);
  bool events_stall(std::size_t endpoint);
  [[nodiscard]] bool all_is_delivered() const;

  // outlet_spool.cpp: the disk
  void load(Stream& stream);
  std::size_t load_first_format(const Stream& stream,
                                const std::function<BatchQueue::Source(std::uint64_t)>& source_of);
  BatchQueue::Source add_old_source(Stream& stream, std::uint64_t epoch);
  [[nodiscard]] std::vector<std::uint64_t> lost_of(const wire::SpoolRecord& record) const;
  void tick_later();
  bool use_disk(bool everything);
  void take_errands(const std::vector<Errand>& errands);
  void read_for(std::size_t endpoint);
  void begin_saving();
  void save_more(const std::string& problem);
  void end_saving();

  Loop& loop_;
  Log& log_;
  ZmqContext& zmq_;
  const OutletConfig config_;
  Spool spool_;
  bool spool_is_usable_ = false;
  BatchQueue queue_;
  std::vector<Endpoint> endpoints_;
  std::map<CollectorName, std::unique_ptr<Stream>> streams_;
  std::vector<Stream*> stream_of_;  // by BatchQueue::Source
  LossReport loss_report_;
  Timer every_second_;
  Timer draining_;
  std::function<void()> drained_;
  std::unique_ptr<Saving> saving_;
  bool over_ = false;                    // drained: nothing more is done
  std::optional<Instant> errand_since_;  // the disk is at work on what it was asked then
  Instant disk_again_;                   // before, it is not asked to write
  bool disk_failed_ = false;             // said so in the log
  Timer tick_;
  // Last, so that they end first: what they are at refers to the above.
  Worker event_disk_;
  Worker batch_disk_;
};

}  // namespace itnxt
