// The aggregator's journal of events: what is in it survives kill -9 and power loss. Written by a
// Saver's thread, all that waits in one transaction, so that many events cost one fsync.
//
// While the disk is full, read-only or broken, what was appended waits in memory and is tried
// again, 1 s … 5 s apart and at each append; how much may wait is up to who appends. problem() says
// what is wrong. A file that cannot be opened at the start is read if that is possible; if not,
// on_late() hands over what it held when it can be.
//
// Every call and callback on the loop's thread. Destroying it writes what it has, once; a disk that
// does not answer for kCloseLimit is left to itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/core/log.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/stored_event.hpp"
#include "daemon/io/disk_problem.hpp"
#include "daemon/io/event_file.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/saver.hpp"

namespace itnxt {

class EventJournal {
 public:
  static constexpr Duration kCloseLimit = 1s;
  struct Opened {
    std::unique_ptr<EventJournal> journal;
    EventFile::Loaded loaded;
    bool whole = true;  // false: what the file holds could not be read
  };

  // An unusable directory, one in use by another process, or a newer format is an Error. A disk
  // that cannot be written now is not.
  static Result<Opened> open(Loop& loop, Log& log, EventFile::Options options);
  ~EventJournal();
  EventJournal(const EventJournal&) = delete;
  EventJournal& operator=(const EventJournal&) = delete;

  // In order of their ids.
  void append(std::vector<StoredEventPtr> events);

  struct Hooks {
    std::function<void(std::uint64_t id)> stored;          // all that were appended up to this one
    std::function<void(const EventFile::Loaded&)> late{};  // at most once
    std::function<void()> problem_changed{};
  };
  void set_hooks(Hooks hooks) { hooks_ = std::move(hooks); }

  [[nodiscard]] const std::string& problem() const { return problem_.text(); }
  // The fd whose readiness brings completions: for tests that move a FakeLoop.
  [[nodiscard]] int completion_fd() const { return saver_.completion_fd(); }

 private:
  struct Disk;
  EventJournal(Loop& loop, Log& log, std::unique_ptr<EventFile> file, const std::string& problem,
               bool whole);
  Saver::Save take(bool last);
  void saved(const std::string& problem);

  Loop& loop_;
  Log& log_;
  Hooks hooks_;
  DiskProblem problem_;
  std::vector<StoredEventPtr> queued_;
  std::shared_ptr<Disk> disk_;  // a Save's while one is under way
  Saver saver_;                 // last: it takes
};

}  // namespace itnxt
