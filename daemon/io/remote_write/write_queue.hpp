// What waits for one target of remote write: samples on their way into requests, requests on their
// way out. Pure but for the disk's log; the loop's thread.
//
// A series stays in one shard, and a shard has one request under way at a time: its samples arrive
// in order. Each shard has two lanes. `live` goes first. In `late` no request holds samples of two
// sources (node and collector): what a store may refuse for its time costs nobody else anything.
//
// A request is closed, and compressed, when it has `batch` samples, and when close() says that it
// must go as it is.
//
// With a DiskLog everything is on it, too, as soon as commit() returns, until it is over: restore()
// brings back what a former process had, in the same lanes and order.
//
// Bounded: beyond `max_size` bytes the oldest requests that are not under way are dropped; what is
// open takes an eighth of it at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/io/remote_write/disk_log.hpp"
#include "daemon/io/remote_write/write_request.hpp"

namespace itnxt {

struct WriteBatch {
  std::string body;  // compressed
  std::size_t samples = 0;
  std::int64_t newest = 0;   // time stamp, milliseconds
  std::uint64_t number = 0;  // in the order in which they were closed
  std::vector<DiskLog::Id> kept;
};

class WriteQueue {
 public:
  // How much room in the log, for each byte of max_size, keeps what the queue keeps: an entry is
  // what one commit() found, a sample alone at the least, which takes a hundred bytes there and 14
  // in a whole request.
  static constexpr std::size_t kLogRoom = 8;

  // `log` outlives it; null: all is in memory only.
  WriteQueue(const RemoteWriteQueue& limits, const std::map<std::string, std::string>& external,
             DiskLog* log = nullptr);

  // Takes a sample of `source` over; how many samples had to be dropped to make room.
  std::size_t add(const FedSample& sample, bool late, std::uint64_t source);
  // What was added since the last time goes to the log.
  void commit();
  // How many samples had to be dropped to make room.
  std::size_t restore(const std::vector<DiskLog::Entry>& entries);
  // Closes what a shard has open, so that it can go; how many samples had to be dropped.
  std::size_t close(std::size_t shard);
  [[nodiscard]] std::size_t open_bytes() const { return open_bytes_; }

  // The next request of a shard; null: none. It is under way until done() or again().
  const WriteBatch* begin(std::size_t shard);
  void done(std::size_t shard);  // it is over: taken, or refused
  void again(
      std::size_t shard);  // it has to be sent again; a younger one that is live may go first

  [[nodiscard]] std::size_t shards() const { return shards_.size(); }
  // Compressed and not, under way too.
  [[nodiscard]] std::size_t bytes() const { return open_bytes_ + closed_bytes_; }
  [[nodiscard]] bool empty() const { return bytes() == 0; }

 private:
  struct Open {
    std::string bytes;
    std::size_t samples = 0;
    std::int64_t newest = 0;
    // Of these so much is in the log.
    std::size_t kept_bytes = 0;
    std::size_t kept_samples = 0;
    std::vector<DiskLog::Id> kept;
  };
  using Lane = std::deque<WriteBatch>;
  struct Shard {
    Open live_open;
    std::map<std::uint64_t, Open> late_open;  // by source
    Lane live, late;
    Lane* under_way = nullptr;  // whose first one is
  };
  struct Place {
    std::uint32_t shard = 0;
    bool late = false;
    std::uint64_t source = 0;
  };
  Open& open_at(const Place& place);
  std::size_t make_room_in(const Place& place, const Open& open);
  void keep(Open& open, const Place& place);
  void close(Open& open, const Place& place);
  void close_shard(std::uint32_t shard);
  void over(const WriteBatch& batch);
  std::size_t make_room();

  const RemoteWriteQueue limits_;
  DiskLog* const log_;
  SeriesEncoder encoder_;
  std::vector<Shard> shards_;
  std::string room_;  // for compress()
  std::size_t open_bytes_ = 0;
  std::size_t closed_bytes_ = 0;
  std::uint64_t next_number_ = 0;
};

}  // namespace itnxt
