// Keeps the state of alerting over restarts: records in DIRECTORY/alerts.db, written by a Saver's
// thread, so that a slow disk never stops the loop.
//
// Fail open: while the disk is full, read-only or broken, commits end with durable = false and the
// store keeps what is not written (the latest state of each record, nothing else: bounded by what
// is alive) and tries again, 1 s … 5 s apart and at each commit. problem() says what is wrong.
//
// A file that cannot be written at the start is read all the same if that is possible. If not, its
// records are handed over by on_late_rows() when it can be; until then nothing of it is deleted.
//
// Every call and callback on the loop's thread. Destroying it writes what it has, once; a disk that
// does not answer for kCloseLimit is left to itself.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/log.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/disk_problem.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/saver.hpp"
#include "daemon/io/store_file.hpp"

namespace itnxt {

class Store {
 public:
  static constexpr Duration kCloseLimit = 1s;
  using Done = std::function<void(bool durable)>;
  struct Opened {
    std::unique_ptr<Store> store;
    std::vector<StoreRow> rows;
  };

  // An unusable directory, one in use by another process, or a newer format is an Error. A disk
  // that cannot be written now is not: the store begins with what can be read, and a problem(). A
  // directory open to others is logged.
  static Result<Opened> open(Loop& loop, Log& log, StoreFile::Options options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Calls `done` when these and all earlier changes are on the disk, or cannot be now.
  void commit(StoreChanges changes, Done done);

  // `taken` is called at most once: with the records of a file that could not be read by open().
  // Where a commit meanwhile named the same record, the commit's stays on the disk.
  using LateRows = std::function<void(std::vector<StoreRow>)>;
  void on_late_rows(LateRows taken) { late_ = std::move(taken); }

  // No commit is under way.
  [[nodiscard]] bool idle() const { return waiting_.empty(); }
  [[nodiscard]] const std::string& problem() const { return problem_.text(); }
  // The fd whose readiness brings completions: for tests that move a FakeLoop.
  [[nodiscard]] int completion_fd() const { return saver_.completion_fd(); }

 private:
  struct Disk;
  Store(Loop& loop, Log& log, std::unique_ptr<StoreFile> file, const std::vector<StoreRow>& rows,
        const std::string& problem, bool loaded);
  Saver::Save take(bool last);
  void saved(const std::string& problem);

  Loop& loop_;
  Log& log_;
  DiskProblem problem_;
  LateRows late_;
  std::uint64_t next_ = 0;   // number of the last commit
  std::uint64_t taken_ = 0;  // of the last one that was given to a Save
  std::deque<std::pair<std::uint64_t, Done>> waiting_;
  StoreChanges queued_;
  std::shared_ptr<Disk> disk_;  // a Save's while one is under way
  Saver saver_;                 // last: it takes
};

}  // namespace itnxt
