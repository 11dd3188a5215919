// Byte strings that outlive the process: what is appended survives kill -9 of it at once, and a
// power cut a quarter of a second later. In files DIRECTORY/NUMBER.queue of one size, each mapped
// while it is appended to, and cut off behind its last entry then: an append is a copy into memory
// that the kernel owns. Files are made, written back and removed by a Worker, so that no disk,
// however slow, holds the loop.
//
// Only on a file system that writes in place (ext4, xfs, tmpfs): one that copies may find no room
// for a page that is mapped, and one on the network no server; both would end the process.
//
// While the disk is full, broken or too slow nothing is kept, told as problem(); it is tried again.
// Bounded: beyond `most` bytes the oldest file goes.
//
//   file:  "itnxtq1\n", then entries, then zeros
//   entry: size, checksum, state (0: waits, 1: done), each 4 bytes, native order; size bytes;
//          padded to 4. The size is written last.
//
// On the loop's thread. One process at a time uses a directory (who opens it has a lock).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/fd.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/worker.hpp"

namespace itnxt {

class DiskLog {
 public:
  using Id = std::uint64_t;  // in order; 0: it is not kept
  struct Options {
    std::string directory;
    std::size_t file_size = std::size_t{2} << 20U;
    std::size_t most = std::size_t{128} << 20U;    // bytes of files
    Duration try_again = std::chrono::seconds(5);  // after a failure
  };
  struct Entry {
    Id id = 0;
    std::string body;
  };
  struct Opened {
    std::unique_ptr<DiskLog> log;
    std::vector<Entry> waiting;  // what a former process left, in order
  };

  // By statfs(2)'s f_type.
  static bool writes_in_place(std::int64_t file_system);

  // The error says which directory cannot be used and why. Reads all that waits.
  static Result<Opened> open(Loop& loop, Options options);
  ~DiskLog();
  DiskLog(const DiskLog&) = delete;
  DiskLog& operator=(const DiskLog&) = delete;

  Id append(std::string_view body);
  // It waits no more. Known after a kill -9 too, but for the last quarter of a second's.
  void done(Id id);

  // Why nothing is kept; empty: all is fine.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] std::size_t file_bytes() const;
  // Its readiness brings completions: for tests that move a FakeLoop.
  [[nodiscard]] int completion_fd() const { return worker_.completion_fd(); }

 private:
  struct File;
  using FilePtr = std::shared_ptr<File>;
  using Number = std::uint32_t;
  explicit DiskLog(Loop& loop, Options options);
  Status read_back(std::vector<Entry>& waiting);
  // Where they end.
  static std::size_t read_entries(std::string_view bytes, File& file, std::vector<Entry>& waiting);
  [[nodiscard]] std::string path_of(Number number) const;
  bool next_file();
  void make_spare();
  void made(const FilePtr& file, const std::string& problem);
  void remove(Number number);
  void tick();
  void tick_later();

  Loop& loop_;
  const Options options_;
  std::map<Number, FilePtr> files_;  // all that hold entries that wait, and the current one
  FilePtr current_;                  // null: none could be made
  FilePtr spare_;
  std::size_t at_ = 0;  // where in the current one the next entry goes
  Number next_number_ = 1;
  FilePtr making_;         // the Worker's
  bool is_dirty_ = false;  // something was appended since the last tick
  std::string problem_;
  std::vector<std::pair<FilePtr, std::size_t>> done_;  // whose state is not in the file yet
  Timer again_;
  Timer tick_;
  Worker worker_;  // last: its jobs end first
};

}  // namespace itnxt
