#include "daemon/io/event_journal.hpp"

#include <iterator>
#include <system_error>
#include <utility>

namespace itnxt {
namespace {

constexpr DiskProblem::Words kProblem = {
    .broken =
        "the journal of events cannot be written: they take effect, but their collectors must keep "
        "them until it can; make room or mend the disk",
    .mended = "the journal of events is written again"};
constexpr std::string_view kDamaged =
    "the journal of events was damaged and is begun anew: what it held is in the file beside it";

}  // namespace

// The file and what is not in it yet.
struct EventJournal::Disk {
  std::unique_ptr<EventFile> file;
  std::vector<StoredEventPtr> unsaved;
  bool whole = false;          // what the file held at the start is known
  std::uint64_t taken_to = 0;  // the last that was given to a Save

  // Found by the last Save, for the loop.
  std::string quarantined;
  std::unique_ptr<EventFile::Loaded> late;

  std::string save(WallTime now) {
    if (!file->attached()) {
      auto attached = file->attach(now);
      if (const auto* trouble = std::get_if<StoreTrouble>(&attached)) return trouble->message;
      auto& loaded = std::get<EventFile::Loaded>(attached);
      quarantined = loaded.quarantined;
      if (!whole) late = std::make_unique<EventFile::Loaded>(std::move(loaded));
      whole = true;
    }
    if (auto trouble = file->write(unsaved)) return trouble->message;
    unsaved.clear();
    return {};
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
  try {
    opened.journal = std::unique_ptr<EventJournal>(
        new EventJournal(loop, log, std::move(file), problem, opened.whole));
  } catch (const std::system_error& e) {
    return Error{"cannot make an eventfd: " + e.code().message()};
  }
  return opened;
}

EventJournal::EventJournal(Loop& loop, Log& log, std::unique_ptr<EventFile> file,
                           const std::string& problem, bool whole)
    : loop_(loop),
      log_(log),
      problem_(log, file->path(), kProblem),
      disk_(std::make_shared<Disk>()),
      saver_(loop,
             {.take = [this](bool last) { return take(last); },
              .saved = [this](const std::string& trouble) { saved(trouble); }},
             !problem.empty(), kCloseLimit) {
  disk_->file = std::move(file);
  disk_->whole = whole;
  problem_.note(problem);
}

EventJournal::~EventJournal() = default;

void EventJournal::append(std::vector<StoredEventPtr> events) {
  if (events.empty()) return;
  queued_.insert(queued_.end(), std::make_move_iterator(events.begin()),
                 std::make_move_iterator(events.end()));
  saver_.want();
}

Saver::Save EventJournal::take(bool last) {
  return [disk = disk_, events = std::exchange(queued_, {}), now = loop_.wall_now(), last] {
    if (!events.empty()) disk->taken_to = events.back()->id;
    disk->unsaved.insert(disk->unsaved.end(), events.begin(), events.end());
    std::string problem = disk->save(now);
    if (last) disk->file.reset();
    return problem;
  };
}

void EventJournal::saved(const std::string& problem) {
  if (const std::string moved_to = std::exchange(disk_->quarantined, {}); !moved_to.empty()) {
    log_.error(kDamaged, {{"moved_to", moved_to}});
  }
  if (problem_.note(problem) && hooks_.problem_changed) hooks_.problem_changed();
  const auto late = std::exchange(disk_->late, nullptr);
  const std::uint64_t stored_to = problem.empty() ? disk_->taken_to : 0;
  if (late && hooks_.late) hooks_.late(*late);
  if (stored_to > 0 && hooks_.stored) hooks_.stored(stored_to);
}

}  // namespace itnxt
