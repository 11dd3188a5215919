#include "daemon/io/event_journal.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "daemon/core/fd.hpp"
#include "daemon/io/signals.hpp"

namespace itnxt {
namespace {

constexpr std::string_view kDamaged =
    "the journal of events was damaged and is begun anew: what it held is in the file beside it";

}  // namespace

// Between the loop and the writer; all but the writer's own is under the mutex.
struct EventJournal::Shared {
  std::mutex mutex;
  std::condition_variable work;
  std::vector<StoredEventPtr> queued;
  WallTime wall;  // of the last append
  bool stop = false;
  bool ended = false;  // the writer touches nothing any more
  std::condition_variable end;

  std::uint64_t stored_to = 0;
  std::string problem;
  std::string quarantined;
  std::unique_ptr<EventFile::Loaded> late;
  Fd fd;

  // The writer's own.
  std::unique_ptr<EventFile> file;
  std::vector<StoredEventPtr> unsaved;
  bool whole = false;  // what the file held at the start is known

  struct Found {
    std::string quarantined;
    std::unique_ptr<EventFile::Loaded> late;
  };

  std::string save(WallTime now, Found& found) {
    if (!file->attached()) {
      auto attached = file->attach(now);
      if (const auto* trouble = std::get_if<StoreTrouble>(&attached)) return trouble->message;
      auto& loaded = std::get<EventFile::Loaded>(attached);
      found.quarantined = loaded.quarantined;
      if (!whole) found.late = std::make_unique<EventFile::Loaded>(std::move(loaded));
      whole = true;
    }
    if (auto trouble = file->write(unsaved)) return trouble->message;
    unsaved.clear();
    return {};
  }

  void run() {
    std::unique_lock lock(mutex);
    int failures = problem.empty() ? 0 : 1;
    std::uint64_t taken_to = 0;
    while (true) {
      const auto ready = [&] { return stop || !queued.empty(); };
      if (failures > 0) {
        work.wait_for(lock, std::chrono::seconds(std::min(1 << std::min(failures - 1, 4), 5)),
                      ready);
      } else {
        work.wait(lock, ready);
      }
      const bool last = stop;
      std::vector<StoredEventPtr> events = std::move(queued);
      queued.clear();
      const WallTime now = wall;
      lock.unlock();

      if (!events.empty()) taken_to = events.back()->id;
      unsaved.insert(unsaved.end(), std::make_move_iterator(events.begin()),
                     std::make_move_iterator(events.end()));
      Found found;
      std::string trouble = save(now, found);
      if (last) file.reset();

      lock.lock();
      failures = trouble.empty() ? 0 : failures + 1;
      if (trouble.empty()) stored_to = taken_to;
      problem = std::move(trouble);
      if (!found.quarantined.empty()) quarantined = std::move(found.quarantined);
      if (found.late) late = std::move(found.late);
      const std::uint64_t one = 1;
      (void)!::write(fd.get(), &one, sizeof one);
      if (!last) continue;
      ended = true;
      end.notify_all();
      return;
    }
  }
};

Result<EventJournal::Opened> EventJournal::open(Loop& loop, Log& log, EventFile::Options options) {
  auto file = std::make_unique<EventFile>(std::move(options));
  auto attached = file->attach(loop.wall_now());
  Opened opened;
  std::string problem;
  if (const auto* trouble = std::get_if<StoreTrouble>(&attached)) {
    if (trouble->kind == StoreTrouble::Kind::configuration) return Error{trouble->message};
    problem = trouble->message;
    auto read = file->read_only();
    opened.whole = read.has_value();
    if (read) opened.loaded = *std::move(read);
  } else {
    opened.loaded = std::get<EventFile::Loaded>(std::move(attached));
    if (!opened.loaded.quarantined.empty()) {
      log.error(kDamaged, {{"moved_to", opened.loaded.quarantined}});
    }
  }
  opened.journal = std::unique_ptr<EventJournal>(
      new EventJournal(loop, log, std::move(file), std::move(problem), opened.whole));
  if (opened.journal->completion_fd() < 0) {
    return Error{"cannot make an eventfd: " + errno_text(errno)};
  }
  return opened;
}

EventJournal::EventJournal(Loop& loop, Log& log, std::unique_ptr<EventFile> file,
                           std::string problem, bool whole)
    : loop_(loop), log_(log), path_(file->path()), shared_(std::make_shared<Shared>()) {
  shared_->fd.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!shared_->fd.is_open()) return;
  shared_->file = std::move(file);
  shared_->problem = std::move(problem);
  shared_->whole = whole;
  shared_->wall = loop.wall_now();
  note_problem(shared_->problem);
  completions_ = loop_.watch(shared_->fd.get(), Interest::readable, [this] { on_completion(); });
  const BlockedSignals guard;
  writer_ = std::thread([shared = shared_] { shared->run(); });
}

EventJournal::~EventJournal() {
  if (!writer_.joinable()) return;
  bool ended = false;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->stop = true;
    shared_->work.notify_one();
    ended = shared_->end.wait_for(lock, kCloseLimit, [&] { return shared_->ended; });
  }
  // A thread that hangs in fsync cannot be ended. It owns what it touches, with the loop's side
  // gone: it goes with the process, or ends by itself.
  ended ? writer_.join() : writer_.detach();
}

int EventJournal::completion_fd() const {
  return shared_->fd.get();
}

void EventJournal::append(std::vector<StoredEventPtr> events) {
  if (events.empty()) return;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->queued.insert(shared_->queued.end(), std::make_move_iterator(events.begin()),
                           std::make_move_iterator(events.end()));
    shared_->wall = loop_.wall_now();
  }
  shared_->work.notify_one();
}

void EventJournal::note_problem(const std::string& problem) {
  if (problem == problem_) return;
  if (problem.empty()) {
    log_.notice("the journal of events is written again", {{"path", path_}});
  } else {
    log_.error(
        "the journal of events cannot be written: they take effect, but their collectors must keep "
        "them until it can; make room or mend the disk",
        {{"problem", problem}});
  }
  problem_ = problem;
  if (hooks_.problem_changed) hooks_.problem_changed();
}

void EventJournal::on_completion() {
  std::uint64_t count = 0;
  (void)!::read(shared_->fd.get(), &count, sizeof count);
  std::uint64_t stored_to = 0;
  std::string problem;
  std::string quarantined;
  std::unique_ptr<EventFile::Loaded> late;
  {
    const std::lock_guard lock(shared_->mutex);
    stored_to = shared_->stored_to;
    problem = shared_->problem;
    quarantined.swap(shared_->quarantined);
    late.swap(shared_->late);
  }
  if (!quarantined.empty()) log_.error(kDamaged, {{"moved_to", quarantined}});
  note_problem(problem);
  if (late && hooks_.late) hooks_.late(*late);
  if (hooks_.stored) hooks_.stored(stored_to);
}

}  // namespace itnxt
