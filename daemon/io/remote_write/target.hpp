// One store that is written to: its queue, its requests, its retries. On the loop's thread;
// nothing waits for it, and it waits for no other.
//
// 2xx: taken. What may pass (answers.hpp) is sent again, after 1 s, 2 s … 10 s with a jitter of a
// quarter either way, or what Retry-After asks (5 min at most). What is final is counted and never
// sent again.
//
// A sample waits a quarter of a second for others, and as long as its shard has a request under way
// or to be sent again: what gathers for a store that is slow or away goes in whole requests.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/core/log.hpp"
#include "daemon/io/http_client.hpp"
#include "daemon/io/process_figures.hpp"
#include "daemon/io/remote_write/target_log.hpp"
#include "daemon/io/remote_write/write_queue.hpp"

namespace itnxt {

class RemoteTarget {
 public:
  // All outlive it. `directory`: where what waits outlives the process; empty: nowhere. Sends what
  // a former process left there.
  RemoteTarget(Loop& loop, Log& log, HttpPoster& http, ProcessFigures& figures,
               RemoteWriteConfig config, const std::string& directory);
  ~RemoteTarget() { size_.set(0); }
  RemoteTarget(const RemoteTarget&) = delete;
  RemoteTarget& operator=(const RemoteTarget&) = delete;

  void add(const FedSample& sample, bool late, std::uint64_t source);
  void count_ahead() { ahead_.add(); }
  // What was added outlives the process from here on, as far as there is a disk.
  void commit();
  // Sends what is there, however little.
  void flush();
  [[nodiscard]] bool idle() const { return queue_->empty(); }
  // What waits outlives it.
  [[nodiscard]] bool is_kept() const { return disk_ != nullptr; }
  [[nodiscard]] const RemoteWriteConfig& config() const { return config_; }
  [[nodiscard]] std::size_t bytes() const { return queue_->bytes(); }

 private:
  struct Shard {
    Registration call;  // under way
    Timer retry;
    std::uint32_t failures = 0;  // in a row
    std::size_t samples = 0;     // of the request under way
    std::int64_t newest = 0;
    bool is_due = false;  // what is open has waited long enough
  };
  void send(std::size_t index);
  void answered(std::size_t index, const HttpAnswer& answer);
  void delivered(Shard& shard);
  void failed(std::size_t index, const HttpAnswer& answer);
  void count_dropped(std::size_t samples);
  void open_queue(const std::string& directory);
  void show_size() { size_.set(static_cast<double>(queue_->bytes())); }
  [[nodiscard]] HttpRequest request(const std::string& body) const;

  Loop& loop_;
  HttpPoster& http_;
  const RemoteWriteConfig config_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::unique_ptr<DiskLog> disk_;  // null: none
  std::unique_ptr<WriteQueue> queue_;
  std::vector<Shard> shards_;
  Timer flush_;
  TargetLog told_;
  std::int64_t newest_ = 0;
  OwnCounter sent_, refused_, dropped_, ahead_, ok_, failed_, rejected_;
  std::vector<OwnCounter> faults_;  // by WriteFault
  OwnGauge size_, newest_sent_;
};

}  // namespace itnxt
