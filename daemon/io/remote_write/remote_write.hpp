// Remote write: what the table takes, to every configured store, each sample once and with its
// original time. On the loop's thread; requests on HttpClient's.
//
//   table.apply(batch, …, remote_write.present())  → present feed ─┬▶ target ─▶ its queue ─▶ POST
//   remote_write.backlog(batch) → past table → past feed ──────────┘▶ target …
//
// Which lane (write_queue.hpp): what is as old as kOnTime or older, or comes behind a stale marker,
// is late. What is further ahead of our clock than kMostAhead is not sent: a store would refuse it
// and its whole request.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/core/log.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/http_client.hpp"
#include "daemon/io/process_figures.hpp"
#include "daemon/io/remote_write/target.hpp"
#include "daemon/metrics/sample_feed.hpp"
#include "daemon/state/table.hpp"

namespace itnxt {

class RemoteWrite final : private Taken, private FeedSink {
 public:
  static constexpr Duration kOnTime = std::chrono::minutes(2);
  static constexpr Duration kMostAhead = std::chrono::minutes(5);
  // So long after the last backlog the table of the past is let go.
  static constexpr Duration kPastKept = std::chrono::minutes(10);

  // All outlive it. `table`: the present one.
  RemoteWrite(Loop& loop, Log& log, HttpPoster& http, ProcessFigures& figures, Table& table,
              const Config& config);
  RemoteWrite(const RemoteWrite&) = delete;
  RemoteWrite& operator=(const RemoteWrite&) = delete;
  ~RemoteWrite();

  // What waits for a target stays if its name does.
  void reconfigure(const Config& config);

  // For Table::apply().
  Taken* present() { return this; }
  // A batch that is older than what the table knows, each once, those of one collector in order.
  void backlog(const Batch& batch);
  // What was told so far outlives kill -9 from here on: before it is acknowledged.
  void commit();
  // Every second: ends the series of what went stale.
  void tick();
  // Sends what is left; calls `done` when all is there, or after `most`.
  void drain(Duration most, Loop::Callback done);

 private:
  class Past;
  void took(const Sample& sample, const SampleSource& source) override;
  void fed(const FedSample& sample) override;
  void poll_drained();
  void tell_gone(const RemoteTarget& gone);
  [[nodiscard]] std::string directory_of(const RemoteWriteConfig& target) const;

  Loop& loop_;
  Log& log_;
  HttpPoster& http_;
  ProcessFigures& figures_;
  Table& table_;
  Config config_;
  SampleFeed feed_;
  std::vector<std::unique_ptr<RemoteTarget>> targets_;
  std::unique_ptr<Past> past_;
  Instant past_used_{};
  std::uint64_t source_ = 0;  // of the sample at hand
  bool is_past_ = false;      // the same
  std::int64_t on_time_ = 0;  // milliseconds: what is older is late
  std::int64_t ahead_ = 0;    // what is younger is not sent
  Instant drained_by_{};
  Loop::Callback drained_;
  Timer drain_;
};

}  // namespace itnxt
