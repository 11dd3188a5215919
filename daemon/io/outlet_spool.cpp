// What an outlet has to do with the disk. The disk's thread writes and reads (BatchFiles); one
// errand for all collectors is under way at a time.
#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "daemon/io/outlet_stream.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kPiece = std::size_t{4} << 20;  // bytes written at once
constexpr std::uint64_t kLeastSegment = 64U << 10U;
constexpr std::uint64_t kMostSegment = 1U << 20U;
constexpr Duration kTick = 100ms;
constexpr Duration kTryAgain = 1s;
constexpr Duration kHangs = 2s;

}  // namespace

Status Outlet::claim(const CollectorName& collector) {
  if (!spool_is_usable_) return {};
  const auto unclaimed = spool_.claim(collector);
  if (unclaimed && unclaimed->in_use) return Error{unclaimed->message};
  return {};
}

// An old batch keeps its epoch, so that the aggregator knows it if it came through after all.
void Outlet::load(Stream& stream) {
  if (!spool_is_usable_) return;
  if (const auto unclaimed = spool_.claim(stream.collector)) {
    return log_.error(unclaimed->in_use
                          ? unclaimed->message + "; what is undelivered at a stop will be lost"
                          : unclaimed->message);
  }
  const std::uint64_t segment =
      std::clamp(config_.spool.max_size.count() / 64, kLeastSegment, kMostSegment);
  stream.files = std::make_shared<BatchFiles>(spool_.stem_of(stream.collector), config_.endpoints,
                                              static_cast<std::size_t>(segment));
  const BatchFiles::Loaded loaded = stream.files->load();
  for (const std::string& problem : loaded.problems) {
    log_.error("spool file is damaged: what is whole is sent; remove it when you have seen it",
               {{"problem", problem}});
  }
  // Now, while there may be room for it: later it is overwritten in place.
  if (stream.files->owe(loaded.owed)) stream.owed = loaded.owed;
  std::map<std::uint64_t, BatchQueue::Source> sources;  // by epoch
  const auto source_of = [&](std::uint64_t epoch) {
    const auto [source, fresh] = sources.try_emplace(epoch);
    if (fresh) source->second = add_old_source(stream, epoch);
    return source->second;
  };
  std::size_t batches = loaded.batches.size();
  for (const BatchFiles::Batch& batch : loaded.batches) {
    const Duration age = std::max(loop_.wall_now() - batch.closed, Duration::zero());
    queue_.restore(source_of(batch.epoch), batch, loop_.now() - age, loop_.now());
  }
  for (const wire::SpoolRecord::Lost& one : loaded.owed) {
    const auto to = std::ranges::find(endpoints_, one.endpoint, &Endpoint::name);
    if (to == endpoints_.end()) continue;
    const auto number = static_cast<std::size_t>(to - endpoints_.begin());
    queue_.take_over(stream.source, {number, one.batches, one.epoch, one.said});
  }
  batches += load_first_format(stream, source_of);
  if (batches > 0) {
    log_.notice("undelivered batches of an earlier process follow behind what is new",
                {{"collector", stream.collector.text()}, {"batches", std::to_string(batches)}});
  }
  queue_.expire(loop_.now());
}

// `COLLECTOR.batches`, which a version before this left at its stop.
std::size_t Outlet::load_first_format(
    const Stream& stream, const std::function<BatchQueue::Source(std::uint64_t)>& source_of) {
  wire::Decoder decoder;
  std::size_t batches = 0;
  bool all_moved = true;
  const auto take = [&](wire::SpoolRecord&& record) {
    const std::vector<std::string_view> parts(record.parts.begin(), record.parts.end());
    if (decoder.decode(parts) || decoder.batch().collector != stream.collector) return false;
    const Batch& batch = decoder.batch();
    const BatchQueue::Source source = source_of(batch.epoch);
    queue_.raise_lost(source, lost_of(record));
    const Duration age = std::max(loop_.wall_now() - batch.closed_wall, Duration::zero());
    BatchFiles::Batch moved;
    moved.epoch = batch.epoch;
    moved.sequence = batch.sequence;
    moved.closed = batch.closed_wall;
    moved.who.needed = queue_.everybody();
    for (const std::string& part : record.parts) moved.bytes += part.size();
    if (const auto place = stream.files->append(moved, record.parts); place) {
      moved.place = *place;
      queue_.restore(source, moved, loop_.now() - age, loop_.now());
    } else {
      all_moved = false;
      queue_.push(source, batch.sequence, std::move(record.parts), loop_.now() - age, loop_.now());
    }
    ++batches;
    return true;
  };
  if (spool_.load(stream.collector, loop_.wall_now(), take) && all_moved) {
    stream.files->sync();
    spool_.remove(stream.collector);
  }
  return batches;
}

BatchQueue::Source Outlet::add_old_source(Stream& stream, std::uint64_t epoch) {
  const BatchQueue::Source source = queue_.add_old_source(stream.source, epoch);
  stream_of_.push_back(&stream);
  return source;
}

// By endpoint, as the record has it by name.
std::vector<std::uint64_t> Outlet::lost_of(const wire::SpoolRecord& record) const {
  std::vector<std::uint64_t> lost;
  for (const Endpoint& endpoint : endpoints_) {
    const auto known =
        std::ranges::find(record.lost, endpoint.name, &wire::SpoolRecord::Lost::endpoint);
    lost.push_back(known == record.lost.end() ? 0 : known->batches);
  }
  return lost;
}

void Outlet::Errand::run() {
  const auto note = [&](const std::string& trouble) {
    const int error = errno;
    if (problem.empty()) problem = trouble;
    full = full || error == ENOSPC || error == EDQUOT;
  };
  if (owed) {
    if (const Status told = files->owe(*owed); !told) note(told.error());
  }
  for (const BatchQueue::Mark& mark : marks) {
    if (const Status marked = files->mark(mark.place, mark.who); !marked) note(marked.error());
  }
  for (Write& write : writes) {
    if (!problem.empty() && full) break;  // the others would not fit either
    BatchFiles::Batch batch;
    batch.epoch = write.what.epoch;
    batch.sequence = write.what.sequence;
    batch.closed = write.closed;
    batch.who = write.what.who;
    write.place = files->append(batch, *write.what.body);
    write.what.body = nullptr;  // gone from memory as soon as it is on the disk
    if (!write.place) note(write.place.error());
  }
}

// Every kTick while there is anything to do.
void Outlet::tick_later() {
  if (tick_ || saving_ || (queue_.empty() && !queue_.has_marks() && !errand_since_)) return;
  tick_ = loop_.after(kTick, [this] {
    tick_.cancel();
    use_disk(false);
    pump_all();
    tick_later();
  });
}

// False: there is nothing to do, or it is being done already.
bool Outlet::use_disk(bool everything) {
  const Instant now = loop_.now();
  if (errand_since_) {
    if (now - *errand_since_ >= kHangs) queue_.disk_fails(false);
    return false;
  }
  std::map<Stream*, Errand> errands;
  if (everything || now >= disk_again_) {
    for (BatchQueue::ToStore& one : queue_.to_store(now, kPiece, everything)) {
      Stream& stream = *stream_of_[one.source];
      if (!stream.files) {
        queue_.not_stored(one.id);
        queue_.disk_fails(false);
        continue;
      }
      const WallTime closed = loop_.wall_now() - (now - one.closed);
      errands[&stream].writes.push_back({std::move(one), closed});
    }
  }
  for (const BatchQueue::Mark& one : queue_.take_marks()) {
    errands[stream_of_[one.source]].marks.push_back(one);
  }
  for (const auto& [name, stream] : streams_) {
    if (!stream->files) continue;
    BatchFiles::Owed owed;
    for (const BatchQueue::Debt& one : queue_.debts(stream->source)) {
      owed.push_back({endpoints_[one.endpoint].name, one.batches, one.epoch, one.said});
    }
    if (owed == stream->owed) continue;
    stream->owed = owed;
    errands[stream.get()].owed = std::move(owed);
  }
  if (errands.empty()) return false;
  const auto all = std::make_shared<std::vector<Errand>>();
  for (auto& [stream, errand] : errands) {
    errand.stream = stream;
    errand.files = stream->files;
    all->push_back(std::move(errand));
  }
  errand_since_ = now;
  batch_disk_.post(
      [all] {
        for (Errand& errand : *all) errand.run();
      },
      [this, all] { take_errands(*all); });
  return true;
}

void Outlet::take_errands(const std::vector<Errand>& errands) {
  errand_since_.reset();
  if (over_) return;
  std::string problem;
  bool full = false;
  bool written = false;
  for (const Errand& errand : errands) {
    if (problem.empty()) problem = errand.problem;
    full = full || errand.full;
    if (errand.owed && !errand.problem.empty()) errand.stream->owed.reset();  // perhaps not written
    for (const Errand::Write& write : errand.writes) {
      if (write.place) {
        queue_.stored(write.what.id, *write.place, write.what.who);
        written = true;
      } else {
        queue_.not_stored(write.what.id);
      }
    }
  }
  if (!problem.empty()) {
    queue_.disk_fails(full);
    disk_again_ = loop_.now() + kTryAgain;
    if (!std::exchange(disk_failed_, true) && !saving_) {
      log_.error("spool.directory " + problem +
                 ": undelivered batches stay in memory, of which the oldest are dropped; free "
                 "space or choose another directory");
    }
  } else if (written) {
    queue_.disk_works();
    if (std::exchange(disk_failed_, false)) {
      log_.notice("undelivered batches are written to the spool again",
                  {{"directory", config_.spool.directory}});
    }
  }
  if (saving_) {
    saving_->failed = saving_->failed || !problem.empty();
    return save_more(problem);
  }
  tick_later();
}

void Outlet::read_for(std::size_t number) {
  struct Read {
    std::shared_ptr<BatchFiles> files;
    BatchQueue::ToRead what;
    Result<wire::Parts> parts = Error{};
  };
  const auto all = std::make_shared<std::vector<Read>>();
  for (const BatchQueue::ToRead& one : queue_.to_read(number, loop_.now())) {
    all->push_back({stream_of_[one.source]->files, one});
  }
  if (all->empty()) return;
  batch_disk_.post(
      [all] {
        for (Read& one : *all) one.parts = one.files->read(one.what.place);
      },
      [this, number, all] {
        if (saving_) return;
        queue_.all_loaded(number);
        std::size_t unreadable = 0;
        std::string problem;
        for (Read& one : *all) {
          if (one.parts) {
            queue_.loaded(number, one.what.id, std::move(one.parts).value());
          } else {
            queue_.unreadable(one.what.id);
            problem = one.parts.error();
            ++unreadable;
          }
        }
        if (unreadable > 0) {
          log_.error("undelivered batches cannot be read back and are lost",
                     {{"batches", std::to_string(unreadable)}, {"problem", problem}});
        }
        pump(number);
        tick_later();
      });
}

void Outlet::begin_saving() {
  saving_ = std::make_unique<Saving>();
  saving_->end = loop_.now() + config_.save_limit;
  save_more({});
}

// One piece after the other; when time is up, or the disk refuses, the rest is lost.
void Outlet::save_more(const std::string& problem) {
  const bool late = loop_.now() >= saving_->end;
  if (errand_since_) {  // it may hang
    if (late) return end_saving();
    tick_ = loop_.after(kTick, [this] {
      tick_.cancel();
      save_more({});
    });
    return;
  }
  if (!saving_->failed && !late && use_disk(true)) {
    if (!tick_) save_more({});
    return;
  }
  tick_.cancel();
  for (const auto& [name, stream] : streams_) {
    const std::size_t lost = queue_.give_up_memory(stream->source);
    const std::size_t kept = queue_.waiting_of(name);
    if (kept > 0) {
      log_.notice("undelivered batches wait in the spool for the next start",
                  {{"collector", name.text()}, {"batches", std::to_string(kept)}});
    }
    if (lost == 0) continue;
    const LogField collector{"collector", name.text()};
    const LogField batches{"batches", std::to_string(lost)};
    if (stream->files && !saving_->failed) {
      log_.error("spool.directory " + config_.spool.directory +
                     ": is too slow: what was not written within " + to_text(config_.save_limit) +
                     " is lost; use a faster disk or a smaller spool.max_size",
                 {collector, batches});
    } else {
      log_.error(
          "spool.directory " +
              (stream->files ? problem : config_.spool.directory + ": was of no use at the start") +
              ": undelivered batches are lost; free space or choose another directory",
          {collector, batches});
    }
  }
  end_saving();
}

// What was given up is announced by the next process: the last errand, for which nobody waits but
// the Worker's end.
void Outlet::end_saving() {
  tick_.cancel();
  over_ = true;
  if (!errand_since_) use_disk(false);
  for (const auto& [name, stream] : streams_) {
    if (stream->files) batch_disk_.post([files = stream->files] { files->sync(); }, [] {});
  }
  draining_ = loop_.after(Duration::zero(), [this] { end_drain(); });
}

}  // namespace itnxt
