#include "daemon/io/store.hpp"

#include <set>
#include <system_error>
#include <utility>

#include "daemon/io/directory.hpp"

namespace itnxt {
namespace {

constexpr DiskProblem::Words kProblem = {
    .broken =
        "the alert state cannot be written: pages go out from memory, a restart forgets them; make "
        "room or mend the disk",
    .mended = "the alert state is written again"};

}  // namespace

// The file, and every record as it should be on it: what a damaged or replaced file is written anew
// from.
struct Store::Disk {
  std::unique_ptr<StoreFile> file;
  std::map<StoreKey, std::string> records;
  std::set<StoreKey> on_disk;
  StoreChanges unsaved;
  bool replace = false;  // what the file holds is not what `on_disk` says
  bool loaded = false;   // what the file held before is known

  // Found by the last Save, for the loop.
  std::string quarantined;
  std::vector<StoreRow> late;

  void take(const StoreChanges& changes) {
    for (const auto& [key, body] : changes) {
      if (body) {
        records[key] = *body;
        unsaved[key] = body;
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

  std::string save(const std::string& now) {
    if (!file->attached()) {
      auto attached = file->attach(now);
      if (const auto* trouble = std::get_if<StoreTrouble>(&attached)) return trouble->message;
      auto& read = std::get<StoreFile::Loaded>(attached);
      quarantined = std::move(read.quarantined);
      if (loaded) {
        replace = true;
      } else {
        merge(read.rows);
        late = std::move(read.rows);
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
  try {
    opened.store =
        std::unique_ptr<Store>(new Store(loop, log, std::move(file), opened.rows, problem, loaded));
  } catch (const std::system_error& e) {
    return Error{"cannot make an eventfd: " + e.code().message()};
  }
  return opened;
}

Store::Store(Loop& loop, Log& log, std::unique_ptr<StoreFile> file,
             const std::vector<StoreRow>& rows, const std::string& problem, bool loaded)
    : loop_(loop),
      log_(log),
      problem_(log, file->path(), kProblem),
      disk_(std::make_shared<Disk>()),
      saver_(loop,
             {.take = [this](bool last) { return take(last); },
              .saved = [this](const std::string& trouble) { saved(trouble); }},
             !problem.empty(), kCloseLimit) {
  disk_->file = std::move(file);
  disk_->loaded = loaded;
  for (const StoreRow& row : rows) {
    disk_->records[{row.shelf, row.key}] = row.body;
    disk_->on_disk.insert({row.shelf, row.key});
  }
  problem_.note(problem);
}

Store::~Store() = default;

void Store::commit(StoreChanges changes, Done done) {
  waiting_.emplace_back(++next_, std::move(done));
  changes.merge(queued_);  // of two changes to a record the newer stays
  queued_ = std::move(changes);
  saver_.want();
}

Saver::Save Store::take(bool last) {
  taken_ = next_;
  return [disk = disk_, changes = std::exchange(queued_, {}), now = file_time(loop_.wall_now()),
          last] {
    disk->take(changes);
    std::string problem = disk->save(now);
    if (last) disk->file.reset();
    return problem;
  };
}

void Store::saved(const std::string& problem) {
  if (const std::string moved_to = std::exchange(disk_->quarantined, {}); !moved_to.empty()) {
    log_.error("the alert state was damaged and is written anew from memory",
               {{"moved_to", moved_to}});
  }
  problem_.note(problem);
  std::vector<StoreRow> late = std::exchange(disk_->late, {});
  std::vector<Done> ready;
  while (!waiting_.empty() && waiting_.front().first <= taken_) {
    ready.push_back(std::move(waiting_.front().second));
    waiting_.pop_front();
  }
  if (!late.empty() && late_) late_(std::move(late));
  for (const Done& done : ready) {
    if (done) done(problem.empty());
  }
}

}  // namespace itnxt
