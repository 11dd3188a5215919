// The part of a walk that reads the tables.
#include <algorithm>
#include <bit>

#include "collectors/snmp/walk.hpp"
#include "collectors/snmp/walk_detail.hpp"

namespace itnxt::snmp {

// Takes the non-repeater off the front. False: the poll has ended, the device restarted meanwhile.
bool Walk::read_uptime(Varbinds& varbinds) {
  const EncodedOid& oid = kMibScalars[static_cast<std::size_t>(Scalar::sys_uptime)].encoded;
  const std::optional<Varbind> first = varbinds.next();
  if (!first || !same(first->oid, oid.view())) return true;  // it has no sysUpTime
  const std::optional<std::uint64_t> ticks = first->number();
  if (!ticks || first->type != Type::time_ticks) return true;
  const TimeTicks uptime{static_cast<std::uint32_t>(*ticks)};
  if (uptime_ && went_back(*uptime_, uptime)) {
    rows_.clear();  // what the rows were before means nothing now
    uptime_ = uptime;
    stop("the device restarted during the poll");
    return false;
  }
  uptime_ = uptime;
  return true;
}

// Files one varbind under its column, or finds the column's end or a broken rule.
void Walk::place(std::size_t slot, const Varbind& varbind) {
  Progress& progress = progress_[slot];
  if (progress.ended || progress.broken) return;
  if (varbind.type == Type::end_of_mib_view) {
    progress.ended = true;
    return;
  }
  const MibColumn& column = kMibColumns[progress.column];
  const auto broken = [&](Rule rule, const char* what) {
    broken_rules_.add(rule);
    progress.broken = true;
    const std::string where =
        progress.last < 0 ? " at its start" : " after row " + std::to_string(progress.last);
    problem(std::string(column.name) + ": " + what + where + "; the walk of this column stopped");
  };
  if (!is_below(varbind.oid, column.prefix.view())) {
    const auto order = compare(varbind.oid, column.prefix.view());
    if (!order) return broken(Rule::malformed, "malformed OID");
    if (*order != std::strong_ordering::greater)
      return broken(Rule::not_increasing, "OIDs do not increase");
    progress.ended = true;
    return;
  }
  const std::optional<std::uint32_t> row = row_of(varbind.oid, column.prefix.view());
  if (!row) return broken(Rule::malformed, "malformed row index");
  if (static_cast<std::int64_t>(*row) <= progress.last)
    return broken(Rule::not_increasing, "OIDs do not increase");
  progress.last = *row;
  cells_.push_back({static_cast<std::uint8_t>(slot), *row, varbind});
}

// How many varbinds there were, at most as many as were asked for.
std::size_t Walk::sort_cells(Varbinds& varbinds) {
  const Pass& pass = passes_.back();
  progress_.clear();
  cells_.clear();
  for (ColumnMask rest = pass.columns; rest != 0; rest &= rest - 1) {
    progress_.push_back(
        {static_cast<std::uint8_t>(std::countr_zero(rest)), false, false, pass.cursor});
  }
  const std::size_t asked = progress_.size() * repetitions();
  std::size_t count = 0;
  std::size_t slot = 0;
  while (count < asked) {
    const std::optional<Varbind> varbind = varbinds.next();
    if (!varbind) break;
    place(slot, *varbind);
    ++count;
    if (++slot == progress_.size()) slot = 0;
  }
  return count;
}

// The last row that every column has reached: up to it, this PDU says all there is.
std::int64_t Walk::frontier() const {
  std::int64_t least = -1;
  std::int64_t most = passes_.back().cursor;
  bool open = false;
  for (const Progress& progress : progress_) {
    most = std::max(most, progress.last);
    if (progress.ended || progress.broken) continue;
    least = open ? std::min(least, progress.last) : progress.last;
    open = true;
  }
  return open ? least : most;
}

void Walk::store_up_to(std::int64_t row, Instant now) {
  const Rows::Clocks clocks{source_time(now), uptime_.value_or(TimeTicks{})};
  for (const Cell& cell : cells_) {
    const Progress& progress = progress_[cell.slot];
    // A broken column is not asked again: what it gave ahead of the others is all there will be.
    if (static_cast<std::int64_t>(cell.row) > row && !progress.broken) continue;
    switch (rows_.store(progress.column, cell.row, cell.varbind, clocks)) {
      case Rows::Stored::used:
        used_ |= bit(progress.column);
        break;
      case Rows::Stored::unused:
        break;
      case Rows::Stored::odd:
        broken_rules_.add(Rule::odd_value);
        problem(std::string(kMibColumns[progress.column].name) + " of row " + number(cell.row) +
                ": not a value this column can have (" + std::string(name(cell.varbind.type)) +
                "); ignored");
        break;
    }
  }
}

// Moves the pass on to `row` and takes out the columns that are finished.
void Walk::settle(std::int64_t row) {
  Pass& pass = passes_.back();
  pass.cursor = row;
  for (const Progress& progress : progress_) {
    if (progress.broken) failed_ |= bit(progress.column);
    if (progress.broken || (progress.ended && progress.last <= row)) {
      pass.columns &= ~bit(progress.column);
    }
  }
  if (pass.columns == 0) next_pass();
}

void Walk::read_table(const Message& reply, Instant now) {
  Varbinds varbinds = reply.begin();
  if (!read_uptime(varbinds)) return;
  const std::size_t count = sort_cells(varbinds);
  if (count == 0) {
    broken_rules_.add(Rule::empty);
    stop(std::string("the device answers a ") + verb() + " with an empty reply after " +
         number(rows_.size()) + " rows");
    return;
  }
  if (count < progress_.size()) {  // not one whole row fits: legal (RFC 3416 §4.2.3), so ask less
    shrunk_ = true;
    memory_.clean_polls = 0;
    memory_.max_varbinds = static_cast<std::uint16_t>(count + 1);
    while (columns_in(passes_.back().columns) + 1 > memory_.max_varbinds) split();
    return;
  }
  const std::size_t weight = reply.varbinds.size() / reply.varbind_count + 1;
  memory_.cell_bytes = static_cast<std::uint16_t>(std::min<std::size_t>(
      std::max<std::size_t>(weight, memory_.cell_bytes - memory_.cell_bytes / 8U), kReplyBytes));
  const std::int64_t row = frontier();
  store_up_to(row, now);
  settle(row);
}

// tooBig: ask for less. Any other error: without the column it names, else for less. In version 1
// noSuchName says that nothing comes behind what it names.
void Walk::refused_table(const Message& reply) {
  Pass& pass = passes_.back();
  const bool ended = policy_.version == Version::v1 && reply.error_status == kNoSuchName;
  if (reply.error_status != kTooBig && reply.error_index >= 2) {
    std::int64_t position = 1;  // sysUpTime is the first
    for (ColumnMask rest = pass.columns; rest != 0; rest &= rest - 1) {
      if (++position != reply.error_index) continue;
      const auto column = static_cast<std::size_t>(std::countr_zero(rest));
      if (!ended) {
        broken_rules_.add(Rule::refused);
        problem(std::string(kMibColumns[column].name) + ": the device answers " +
                std::string(error_status_name(reply.error_status)));
        failed_ |= bit(column);
      }
      pass.columns &= ~bit(column);
      if (pass.columns == 0) next_pass();
      return;
    }
  }
  if (shrink()) return;
  if (reply.error_status == kTooBig) {
    skip_cell();
    return;
  }
  broken_rules_.add(Rule::refused);
  stop(std::string("refuses a ") + verb() + " of " +
       std::string(kMibColumns[static_cast<std::size_t>(std::countr_zero(pass.columns))].name) +
       ": " + std::string(error_status_name(reply.error_status)));
}

// One cell alone is too big to be sent: the walk goes on behind its row, where another column told
// which one that is.
void Walk::skip_cell() {
  Pass& pass = passes_.back();
  const auto column = static_cast<std::size_t>(std::countr_zero(pass.columns));
  const std::string name(kMibColumns[column].name);
  incomplete_ = true;
  if (const std::optional<std::uint32_t> row = rows_.next_after(pass.cursor)) {
    problem(name + " of row " + number(*row) + " is too big for the device to send; skipped");
    pass.cursor = *row;
    return;
  }
  problem(name + " is too big for the device to send; the walk of this column stopped");
  failed_ |= bit(column);
  next_pass();
}

}  // namespace itnxt::snmp
