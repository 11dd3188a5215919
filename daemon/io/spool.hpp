// Undelivered batches over a restart: one file for each collector, `DIRECTORY/COLLECTOR.batches`,
// mode 0600 in a directory of mode 0700 (make_directory()). Written whole at an orderly stop (new
// file, fsync, rename), read at the next start, removed once everything in it is delivered.
//
// File: the line "itnxt batches 1\n", then records of: length (u32), CRC-32 of the payload (u32),
// both little-endian, payload (SpoolRecord of itnxt.proto). What follows a broken record is not
// trusted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/core/fd.hpp"
#include "daemon/core/ids.hpp"
#include "daemon/core/log.hpp"
#include "daemon/core/result.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt {

class Spool {
 public:
  Spool(std::string directory, Log& log) : directory_(std::move(directory)), log_(log) {}
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Makes the directory; logs when it is open to others. The error says what will be lost for want
  // of it.
  Status prepare();
  // Takes the collector's files for this process; nothing when it has them. `in_use`: by another
  // process, and to write over its files would lose what is in them. Otherwise they cannot be used,
  // and what is undelivered at a stop will be lost. The calls below are for who has claimed.
  struct Unclaimed {
    bool in_use = false;
    std::string message;
  };
  [[nodiscard]] std::optional<Unclaimed> claim(const CollectorName& collector);

  // Calls `take` with each whole record, in order; false from it: the record is broken all the
  // same. What is broken is moved to `….batches.corrupt-TIME` (of `now`) and logged. True when
  // there is a file.
  bool load(const CollectorName& collector, WallTime now,
            const std::function<bool(wire::SpoolRecord&&)>& take);

  // One file in the making; nothing is seen of it until commit().
  class Writer {
   public:
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    Status add(const wire::SpoolRecord& record);
    Status sync();  // waits until what was added is on the disk
    Status commit();

   private:
    friend class Spool;
    Writer(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    Status failure(const char* what) const;
    Fd fd_;
    const std::string path_;
  };
  Result<std::unique_ptr<Writer>> write(const CollectorName& collector);

  void remove(const CollectorName& collector);

  // A name is no path: what is not a letter, digit, '-', '_' or inner '.' becomes %XX.
  [[nodiscard]] std::string path_of(const CollectorName& collector) const;
  [[nodiscard]] std::string stem_of(const CollectorName& collector) const;  // without ".batches"

 private:
  bool set_aside(int fd, const std::string& path, const std::string& aside, std::uint64_t good,
                 std::uint64_t size);

  const std::string directory_;
  Log& log_;
  std::map<CollectorName, Fd> locks_;
};

}  // namespace itnxt
