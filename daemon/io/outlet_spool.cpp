// What an outlet has to do with the disk.
#include <algorithm>
#include <utility>

#include "daemon/io/outlet_stream.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kPiece = std::size_t{4} << 20;  // bytes written in one round

}  // namespace

// An old batch keeps its epoch, so that the aggregator knows it if it came through after all.
void Outlet::load(Stream& stream) {
  if (!spool_is_usable_) return;
  if (const Status claimed = spool_.claim(stream.collector); !claimed) {
    return log_.error(claimed.error());
  }
  stream.claimed = true;
  wire::Decoder decoder;
  std::map<std::uint64_t, BatchQueue::Source> sources;
  std::size_t batches = 0;
  const auto take = [&](wire::SpoolRecord&& record) {
    const std::vector<std::string_view> parts(record.parts.begin(), record.parts.end());
    if (decoder.decode(parts) || decoder.batch().collector != stream.collector) return false;
    const Batch& batch = decoder.batch();
    const auto [source, fresh] = sources.try_emplace(batch.epoch);
    if (fresh) {
      source->second = queue_.add_old_source(stream.source, batch.epoch, lost_of(record));
      stream.old_sources.push_back(source->second);
    } else {
      queue_.raise_lost(source->second, lost_of(record));
    }
    const Duration age = std::max(loop_.wall_now() - batch.closed_wall, Duration::zero());
    queue_.push(source->second, batch.sequence, std::move(record.parts), loop_.now() - age,
                loop_.now());
    ++batches;
    return true;
  };
  stream.has_file = spool_.load(stream.collector, loop_.wall_now(), take);
  if (batches > 0) {
    log_.notice("undelivered batches of the last stop are sent first",
                {{"collector", stream.collector.text()}, {"batches", std::to_string(batches)}});
  }
  queue_.expire(loop_.now());
  forget_delivered_files();
  pump_all();
}

// By endpoint, as the record has it by name.
std::vector<std::uint64_t> Outlet::lost_of(const wire::SpoolRecord& record) const {
  std::vector<std::uint64_t> lost;
  for (const Endpoint& endpoint : endpoints_) {
    const auto known = std::find_if(record.lost.begin(), record.lost.end(),
                                    [&](const auto& one) { return one.first == endpoint.name; });
    lost.push_back(known == record.lost.end() ? 0 : known->second);
  }
  return lost;
}

// A file goes when everything in it is delivered (or dropped), not before.
void Outlet::forget_delivered_files() {
  for (const auto& [name, stream] : streams_) {
    if (!stream->has_file) continue;
    const auto& old = stream->old_sources;
    if (std::any_of(old.begin(), old.end(),
                    [&](BatchQueue::Source source) { return queue_.waiting_of(source) > 0; })) {
      continue;
    }
    spool_.remove(name);
    stream->has_file = false;
    stream->old_sources.clear();
  }
}

void Outlet::begin_saving() {
  saving_ = std::make_unique<Saving>();
  saving_->stream = streams_.begin();
  saving_->end = loop_.now() + config_.save_limit;
  BatchQueue::Id at = 0;
  while (const auto waiting = queue_.waiting_from(at))
    saving_->newest[waiting->source] = waiting->id;
  save_some();
}

// One piece of one file a round.
void Outlet::save_some() {
  Saving& saving = *saving_;
  while (saving.stream != streams_.end() && waiting_of(*saving.stream->second) == 0)
    ++saving.stream;
  if (saving.stream == streams_.end()) return end_drain();
  const Stream& stream = *saving.stream->second;
  const Result<bool> complete = write_piece(stream);
  if (!complete) {
    log_.error("spool.directory " + complete.error() +
                   ": undelivered batches are lost; free space or choose another directory",
               {{"collector", stream.collector.text()},
                {"batches", std::to_string(waiting_of(stream) + saving.left_out)}});
  } else if (*complete) {
    tell_saved(stream);
  }
  if (!complete || *complete) {
    saving.writer.reset();
    ++saving.stream;
  }
  saving.next = loop_.after(Duration::zero(), [this] { save_some(); });
}

// True when the file is complete.
Result<bool> Outlet::write_piece(const Stream& stream) {
  Saving& saving = *saving_;
  if (!saving.writer) {
    saving.at = saving.kept = saving.left_out = 0;
    if (!stream.claimed) return Error{config_.spool.directory + ": was of no use at the start"};
    auto writer = spool_.write(stream.collector);
    if (!writer) return Error{writer.error()};
    saving.writer = std::move(writer).value();
  }
  const bool late = loop_.now() >= saving.end;
  std::size_t bytes = 0;
  while (const auto waiting = queue_.waiting_from(saving.at)) {
    if (waiting->collector != stream.collector) continue;
    if (late && saving.newest.at(waiting->source) != waiting->id) {
      queue_.give_up(waiting->id);
      ++saving.left_out;
      continue;
    }
    wire::SpoolRecord record;
    record.parts = waiting->parts;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
      if (waiting->lost[i] > 0) record.lost.emplace_back(endpoints_[i].name, waiting->lost[i]);
    }
    if (const Status added = saving.writer->add(record); !added) return Error{added.error()};
    ++saving.kept;
    for (const std::string& part : record.parts) bytes += part.size();
    if (bytes < kPiece) continue;
    if (const Status synced = saving.writer->sync(); !synced) return Error{synced.error()};
    return false;
  }
  if (const Status committed = saving.writer->commit(); !committed) return Error{committed.error()};
  return true;
}

void Outlet::tell_saved(const Stream& stream) {
  log_.notice("undelivered batches wait in the spool for the next start",
              {{"collector", stream.collector.text()}, {"batches", std::to_string(saving_->kept)}});
  if (saving_->left_out == 0) return;
  log_.error(
      "spool.directory " + config_.spool.directory + ": is too slow: what was not written within " +
          to_text(config_.save_limit) + " is lost; use a faster disk or a smaller spool.max_size",
      {{"collector", stream.collector.text()}, {"batches", std::to_string(saving_->left_out)}});
}

std::size_t Outlet::waiting_of(const Stream& stream) const {
  std::size_t batches = queue_.waiting_of(stream.source);
  for (const BatchQueue::Source old : stream.old_sources) batches += queue_.waiting_of(old);
  return batches;
}

}  // namespace itnxt
