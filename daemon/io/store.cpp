#include "daemon/io/store.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "daemon/core/fd.hpp"
#include "daemon/io/directory.hpp"
#include "daemon/io/signals.hpp"

namespace itnxt {

// Between the loop and the writer; everything but `file` and `records` is under the mutex.
struct Store::Shared {
  std::mutex mutex;
  std::condition_variable work;
  StoreChanges queued;
  std::uint64_t queued_to = 0;  // number of the last commit in `queued`
  std::string time;             // wall time of the last commit, for the name of a quarantined file
  bool stop = false;
  bool ended = false;  // the writer touches nothing any more
  std::condition_variable end;

  std::uint64_t done_to = 0;
  bool durable = true;
  std::string problem;
  std::string quarantined;
  std::vector<StoreRow> late;
  Fd fd;

  // The writer's own. Every record as it should be on the disk: what a damaged or replaced file is
  // written anew from.
  std::unique_ptr<StoreFile> file;
  std::map<StoreKey, std::string> records;
  std::set<StoreKey> on_disk;
  StoreChanges unsaved;
  bool replace = false;  // what the file holds is not what `on_disk` says
  bool loaded = false;   // what the file held before is known

  struct Found {
    std::string quarantined;
    std::vector<StoreRow> late;
  };

  void take(StoreChanges&& changes) {
    for (auto& [key, body] : changes) {
      if (body) {
        records[key] = *body;
        unsaved[key] = std::move(body);
      } else {
        records.erase(key);
        // A record that never reached the disk needs no deletion there.
        if (on_disk.contains(key)) {
          unsaved[key] = std::nullopt;
        } else {
          unsaved.erase(key);
        }
      }
    }
  }

  // The first sight of the file: what it holds is kept, and told.
  void merge(const std::vector<StoreRow>& rows) {
    for (const StoreRow& row : rows) {
      records.try_emplace({row.shelf, row.key}, row.body);
      on_disk.insert({row.shelf, row.key});
    }
    loaded = true;
  }

  std::string save(const std::string& now, Found& found) {
    if (!file->attached()) {
      auto attached = file->attach(now);
      if (const auto* trouble = std::get_if<StoreTrouble>(&attached)) return trouble->message;
      auto& read = std::get<StoreFile::Loaded>(attached);
      found.quarantined = std::move(read.quarantined);
      if (loaded) {
        replace = true;
      } else {
        merge(read.rows);
        found.late = std::move(read.rows);
      }
    }
    if (replace) {
      StoreChanges all;
      for (const auto& [key, body] : records) all[key] = body;
      if (auto trouble = file->write(all, true)) return trouble->message;
      on_disk.clear();
      for (const auto& [key, body] : records) on_disk.insert(key);
      replace = false;
    } else {
      if (unsaved.empty()) return {};
      if (auto trouble = file->write(unsaved, false)) return trouble->message;
      for (const auto& [key, body] : unsaved) {
        if (body) {
          on_disk.insert(key);
        } else {
          on_disk.erase(key);
        }
      }
    }
    unsaved.clear();
    return {};
  }

  void run() {
    std::unique_lock lock(mutex);
    int failures = problem.empty() ? 0 : 1;
    std::uint64_t seen = 0;
    while (true) {
      const auto ready = [&] { return stop || queued_to != seen; };
      if (failures > 0) {
        work.wait_for(lock, std::chrono::seconds(std::min(1 << std::min(failures - 1, 4), 5)),
                      ready);
      } else {
        work.wait(lock, ready);
      }
      const bool last = stop;
      StoreChanges changes = std::move(queued);
      queued.clear();
      seen = queued_to;
      const std::string now = time;
      lock.unlock();

      take(std::move(changes));
      Found found;
      std::string trouble = save(now, found);
      if (last) file.reset();

      lock.lock();
      failures = trouble.empty() ? 0 : failures + 1;
      done_to = seen;
      durable = trouble.empty();
      problem = std::move(trouble);
      if (!found.quarantined.empty()) quarantined = std::move(found.quarantined);
      if (!found.late.empty()) late = std::move(found.late);
      const std::uint64_t one = 1;
      (void)!::write(fd.get(), &one, sizeof one);
      if (!last) continue;
      ended = true;
      end.notify_all();
      return;
    }
  }
};

Result<Store::Opened> Store::open(Loop& loop, Log& log, StoreFile::Options options) {
  const std::string key = options.config_key;
  const std::string directory = options.directory;
  auto file = std::make_unique<StoreFile>(std::move(options));
  auto attached = file->attach(file_time(loop.wall_now()));
  Opened opened;
  std::string problem;
  bool loaded = false;
  if (const auto* trouble = std::get_if<StoreTrouble>(&attached)) {
    if (trouble->kind == StoreTrouble::Kind::configuration) return Error{trouble->message};
    problem = trouble->message;
    if (auto rows = file->read_only()) {
      opened.rows = *std::move(rows);
      loaded = true;
    }
  } else {
    loaded = true;
    if (const auto open = open_to_others(key, directory)) log.warning(*open);
    auto& read = std::get<StoreFile::Loaded>(attached);
    if (!read.quarantined.empty()) {
      log.error("the alert state was damaged and is begun anew: alerts may be paged again",
                {{"moved_to", read.quarantined}, {"records_saved", std::to_string(read.saved)}});
    }
    opened.rows = std::move(read.rows);
  }
  opened.store =
      std::unique_ptr<Store>(new Store(loop, log, std::move(file), opened.rows, problem, loaded));
  if (opened.store->completion_fd() < 0) {
    return Error{"cannot make an eventfd: " + errno_text(errno)};
  }
  return opened;
}

Store::Store(Loop& loop, Log& log, std::unique_ptr<StoreFile> file,
             const std::vector<StoreRow>& rows, std::string problem, bool loaded)
    : loop_(loop), log_(log), path_(file->path()), shared_(std::make_shared<Shared>()) {
  shared_->fd.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!shared_->fd.is_open()) return;
  shared_->file = std::move(file);
  shared_->problem = std::move(problem);
  shared_->loaded = loaded;
  shared_->time = file_time(loop.wall_now());
  for (const StoreRow& row : rows) {
    shared_->records[{row.shelf, row.key}] = row.body;
    shared_->on_disk.insert({row.shelf, row.key});
  }
  note_problem(shared_->problem);
  completions_ = loop_.watch(shared_->fd.get(), Interest::readable, [this] { on_completion(); });
  const BlockedSignals guard;
  writer_ = std::thread([shared = shared_] { shared->run(); });
}

Store::~Store() {
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

int Store::completion_fd() const {
  return shared_->fd.get();
}

void Store::commit(StoreChanges changes, Done done) {
  waiting_.emplace_back(++next_, std::move(done));
  {
    const std::lock_guard lock(shared_->mutex);
    changes.merge(shared_->queued);  // of two changes to a record the newer stays
    shared_->queued = std::move(changes);
    shared_->queued_to = next_;
    shared_->time = file_time(loop_.wall_now());
  }
  shared_->work.notify_one();
}

void Store::note_problem(const std::string& problem) {
  if (problem == problem_) return;
  if (problem.empty()) {
    log_.notice("the alert state is written again", {{"path", path_}});
  } else {
    log_.error(
        "the alert state cannot be written: pages go out from memory, a restart forgets them; make "
        "room or mend the disk",
        {{"problem", problem}});
  }
  problem_ = problem;
}

void Store::on_completion() {
  std::uint64_t count = 0;
  (void)!::read(shared_->fd.get(), &count, sizeof count);
  std::uint64_t done_to = 0;
  bool durable = false;
  std::string problem;
  std::string quarantined;
  std::vector<StoreRow> late;
  {
    const std::lock_guard lock(shared_->mutex);
    done_to = shared_->done_to;
    durable = shared_->durable;
    problem = shared_->problem;
    quarantined.swap(shared_->quarantined);
    late.swap(shared_->late);
  }
  if (!quarantined.empty()) {
    log_.error("the alert state was damaged and is written anew from memory",
               {{"moved_to", quarantined}});
  }
  note_problem(problem);
  if (!late.empty() && late_) late_(std::move(late));
  std::vector<Done> ready;
  while (!waiting_.empty() && waiting_.front().first <= done_to) {
    ready.push_back(std::move(waiting_.front().second));
    waiting_.pop_front();
  }
  for (const Done& done : ready) {
    if (done) done(durable);
  }
}

}  // namespace itnxt
