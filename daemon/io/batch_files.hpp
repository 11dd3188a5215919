// Undelivered batches of one collector on the disk, for as long as they are undelivered: files
// `STEM.batches-NUMBER` of about segment_bytes each, mode 0600, written one after the other and
// removed when nobody needs anything in them any more. Blocking; used by one thread at a time. Who
// uses them has claimed the collector (Spool::claim).
//
// File: the line "itnxt batches 2\n"; the names of the endpoints (a record whose payload is a
// SpoolRecord without parts); then batches. A record is a head of 48 bytes, little-endian, and its
// payload (SpoolRecord):
//    0  length of the payload (u32), CRC-32 of the payload (u32)
//    8  epoch (u64), sequence (u64), time it was closed (i64, nanoseconds since 1970 UTC)
//   32  CRC-32 of the 32 bytes before (u32), zero (u32)
//   40  who still needs it (u32), whom of those it was sent to (u32): bit n is the n-th of the
//   names;
//       changed in place
// What follows a broken head is not trusted; a broken payload costs that batch. A process that is
// killed leaves what it has written; after a power cut what the kernel had not yet written is gone.
//
// `STEM.lost` says how many batches were dropped that aggregators have not been told of: by
// endpoint, overwritten in place, so that it works on a full disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/core/fd.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/time.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt {

class BatchFiles {
 public:
  struct Place {
    std::uint32_t file = 0;
    std::uint32_t at = 0;
  };
  // Sets of the endpoints given to the constructor, by bit.
  struct Who {
    std::uint32_t needed = 0;  // did not acknowledge it
    std::uint32_t sent = 0;    // of those: it may be there already
    bool operator==(const Who&) const = default;
  };
  struct Batch {
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;
    WallTime closed;
    Who who;
    std::size_t bytes = 0;  // of its payload
    Place place;
  };
  using Owed = std::vector<wire::SpoolRecord::Lost>;

  static constexpr std::size_t kMaxEndpoints = 32;

  // Precondition: 1 <= endpoints <= kMaxEndpoints.
  BatchFiles(std::string stem, std::vector<std::string> endpoints, std::size_t segment_bytes);
  BatchFiles(const BatchFiles&) = delete;
  BatchFiles& operator=(const BatchFiles&) = delete;

  struct Loaded {
    std::vector<Batch> batches;  // in the order in which they were written
    Owed owed;
    std::vector<std::string> problems;  // files that cannot be read or are damaged: what, where
  };
  // Once, at the start. An endpoint whose name the files do not know needs everything in them.
  Loaded load();

  Result<Place> append(const Batch& batch, const wire::Parts& parts);
  // Nobody needs it: the batch is done, and its file goes with the last of them.
  Status mark(Place place, Who who);
  Result<wire::Parts> read(Place place);
  Status owe(const Owed& owed);
  void sync();

  [[nodiscard]] std::string path_of(std::uint32_t file) const;

 private:
  struct File {
    std::size_t live = 0;    // batches somebody needs
    bool same_names = true;  // its bits are ours
  };
  Result<std::uint32_t> begin();
  void load_file(std::uint32_t number, Loaded& loaded);
  Result<int> open_for(std::uint32_t file);
  void settle(std::uint32_t file);
  [[nodiscard]] static Error trouble(const std::string& path, const char* what);

  const std::string stem_;
  const std::vector<std::string> endpoints_;
  const std::size_t segment_bytes_;
  std::map<std::uint32_t, File> files_;
  std::uint32_t next_ = 1;
  std::uint32_t current_ = 0;  // 0: none is being written
  std::uint64_t size_ = 0;     // of the current one
  Fd current_fd_;
  std::uint32_t opened_ = 0;  // the one of opened_fd_
  Fd opened_fd_;
  Fd owed_fd_;
};

}  // namespace itnxt
