#include "collectors/snmp/profile/walk.hpp"

#include <algorithm>
#include <utility>

namespace itnxt::snmp {
namespace {

constexpr std::size_t kMostScalars = 16;       // of one GET
constexpr std::size_t kRequestBytes = 800;     // for OIDs: the rest of 1,024 is headers, community
constexpr std::size_t kCellBytes = 40;         // about what one weighs in a reply
constexpr std::size_t kMessageBytes = 80;      // a reply's headers and community
constexpr std::size_t kVarbindBytes = 8;       // of a request, around its OID
constexpr std::size_t kMostProblemText = 400;  // bytes

const OidArcs kIfDescr = {1, 3, 6, 1, 2, 1, 2, 2, 1, 2};
const OidArcs kIfName = {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1};
const OidArcs kIfAlias = {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18};

// Which text of the interface poll a column is, if it is one.
const std::string InterfaceSample::*known_text(const OidArcs& oid) {
  if (oid == kIfName) return &InterfaceSample::if_name;
  if (oid == kIfDescr) return &InterfaceSample::if_descr;
  if (oid == kIfAlias) return &InterfaceSample::if_alias;
  return nullptr;
}

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

}  // namespace

Oid request_oid(const OidArcs& arcs) {
  Oid oid;
  for (std::size_t i = 0; i < arcs.size() && i < oid.arcs.size(); ++i) {
    oid.arcs[oid.size++] = arcs[i];
  }
  return oid;
}

ProfileWalk::ProfileWalk(const Profile& profile, const DeviceSample& poll,
                         std::uint16_t& max_varbinds)
    : profile_(profile), max_varbinds_(max_varbinds) {
  cells_.resize(profile.tables.size());
  for (std::size_t t = 0; t < profile.tables.size(); ++t) {
    const ProfileTable& table = profile.tables[t];
    cells_[t].broken.resize(table.columns.size());
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      if (table.index.empty()) {
        scalar_table_ = t;
        scalars_.push_back(c);
      } else if (known_text(table.columns[c].oid) == nullptr || poll.interfaces.empty()) {
        const OidArcs& oid = table.columns[c].oid;
        columns_.push_back({t, c, encode_oid(oid), request_oid(oid), {}});
      }
    }
  }
  fill_known(poll);
  next();
}

void ProfileWalk::fill_known(const DeviceSample& poll) {
  for (std::size_t t = 0; t < cells_.size(); ++t) {
    const auto& columns = profile_.tables[t].columns;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto text = known_text(columns[c].oid);
      if (text == nullptr) continue;
      for (const InterfaceSample& row : poll.interfaces) {
        auto& cells = cells_[t].rows[{row.if_index}];
        cells.resize(columns.size());
        cells[c] = Octets{row.*text};
      }
    }
  }
}

// As many columns as a request holds and a reply bears.
std::size_t ProfileWalk::at_once() const {
  std::size_t bytes = 0;
  std::size_t count = 0;
  const std::size_t most = std::min<std::size_t>(max_varbinds_, Request::kMostOids);
  while (count < columns_.size() && count < most) {
    bytes += kVarbindBytes + columns_[count].prefix.size() + 5 * columns_[count].last.size();
    if (count > 0 && bytes > kRequestBytes) break;
    ++count;
  }
  return count;
}

std::uint16_t ProfileWalk::repetitions(std::size_t columns) const {
  const std::size_t by_count = max_varbinds_ / columns;
  const std::size_t by_bytes = (kReplyBytes - kMessageBytes) / (columns * kCellBytes);
  return static_cast<std::uint16_t>(std::max<std::size_t>(1, std::min(by_count, by_bytes)));
}

Request ProfileWalk::request() const {
  Request request;
  if (!scalars_.empty()) {
    const auto& columns = profile_.tables[scalar_table_].columns;
    const std::size_t most = std::min<std::size_t>(kMostScalars, max_varbinds_);
    for (std::size_t i = 0; i < scalars_.size() && i < most; ++i) {
      request.add(request_oid(columns[scalars_[i]].oid));
    }
    return request;
  }
  const std::size_t count = at_once();
  request.type = RequestType::get_bulk;
  request.max_repetitions = repetitions(count);
  for (std::size_t i = 0; i < count; ++i) {
    Oid oid = columns_[i].oid;
    for (const std::uint32_t arc : columns_[i].last) oid.arcs[oid.size++] = arc;
    request.add(oid);
  }
  return request;
}

void ProfileWalk::answer(const Message& reply) {
  ++requests_;
  if (reply.error_status != kNoError) {
    refused(reply);
  } else if (!scalars_.empty()) {
    read_scalars(reply);
  } else {
    read_columns(reply);
  }
  next();
  if (done_) return;
  if (requests_ >= kMostProfileRequests) {
    stop("more than " + number(kMostProfileRequests) + " requests; the walk stopped there");
  } else if (count_ >= kMostProfileCells) {
    stop("more than " + number(kMostProfileCells) + " values; the walk stopped there");
  }
}

void ProfileWalk::read_scalars(const Message& reply) {
  const Request asked = request();
  const auto& columns = profile_.tables[scalar_table_].columns;
  auto& row = cells_[scalar_table_].rows[{}];
  row.resize(columns.size());
  Varbinds varbinds = reply.begin();
  while (const std::optional<Varbind> varbind = varbinds.next()) {
    for (std::size_t i = 0; i < asked.count; ++i) {
      const std::vector<std::uint8_t> oid = encode_oid(columns[scalars_[i]].oid);
      if (std::ranges::equal(varbind->oid, oid)) row[scalars_[i]] = cell_of(*varbind);
    }
  }
  scalars_.erase(scalars_.begin(), scalars_.begin() + asked.count);
}

// False: the column is at its end or broken.
bool ProfileWalk::place(Column& column, const Varbind& varbind) {
  if (varbind.type == Type::end_of_mib_view) return false;
  if (!is_below(varbind.oid, column.prefix)) {
    const auto order = compare(varbind.oid, column.prefix);
    if (!order) return broke(column, "malformed OID");
    if (*order != std::strong_ordering::greater) return broke(column, "OIDs do not increase");
    return false;
  }
  std::optional<RowIndex> index = index_of(varbind.oid, column.prefix);
  if (!index) return broke(column, "malformed OID");
  if (*index <= column.last) return broke(column, "OIDs do not increase");
  if (column.oid.size + index->size() > column.oid.arcs.size()) {
    return broke(column, "an index of more than " +
                             number(column.oid.arcs.size() - column.oid.size) + " numbers");
  }
  column.last = std::move(*index);
  if (is_absent(varbind.type)) return true;
  auto& rows = cells_[column.table].rows;
  const auto row = rows.find(column.last);
  if (row == rows.end() && rows.size() >= kMostProfileRows) {
    return broke(column, "more than " + number(kMostProfileRows) + " rows");
  }
  auto& cells = row == rows.end() ? rows[column.last] : row->second;
  cells.resize(profile_.tables[column.table].columns.size());
  cells[column.column] = cell_of(varbind);
  ++count_;
  return true;
}

void ProfileWalk::read_columns(const Message& reply) {
  const std::size_t asked = at_once();
  const std::size_t most = asked * repetitions(asked);
  std::vector<bool> ended(asked);
  std::size_t count = 0;
  Varbinds varbinds = reply.begin();
  while (count < most) {
    const std::optional<Varbind> varbind = varbinds.next();
    if (!varbind) break;
    const std::size_t slot = count++ % asked;
    if (!ended[slot]) ended[slot] = !place(columns_[slot], *varbind);
  }
  if (count == 0) {
    stop("the device answers a GETBULK with an empty reply");
    return;
  }
  for (std::size_t i = asked; i > 0; --i) {
    if (ended[i - 1]) columns_.erase(columns_.begin() + static_cast<std::ptrdiff_t>(i - 1));
  }
}

// tooBig: ask for less. Any other error: without what it names, else for less.
void ProfileWalk::refused(const Message& reply) {
  const std::string status(error_status_name(reply.error_status));
  const std::size_t asked = request().count;
  const bool names = reply.error_status != kTooBig && reply.error_index >= 1 &&
                     static_cast<std::size_t>(reply.error_index) <= asked;
  if (!names && halve()) return;
  const std::size_t position = names ? static_cast<std::size_t>(reply.error_index) - 1 : 0;
  if (!scalars_.empty()) {
    if (reply.error_status != kNoSuchName) {
      const ProfileTable& table = profile_.tables[scalar_table_];
      cells_[scalar_table_].broken[scalars_[position]] = true;
      say(table.columns[scalars_[position]].name + ": the device answers " + status);
    }
  } else if (reply.error_status != kNoSuchName) {
    (void)broke(columns_[position], "the device answers " + status);
  }
  drop(position);
}

// Takes a scalar or column out of what is asked.
void ProfileWalk::drop(std::size_t position) {
  const auto offset = static_cast<std::ptrdiff_t>(position);
  if (!scalars_.empty()) {
    scalars_.erase(scalars_.begin() + offset);
  } else {
    columns_.erase(columns_.begin() + offset);
  }
}

// False: it is one cell already.
bool ProfileWalk::halve() {
  const Request asked = request();
  const std::size_t cells = asked.count * std::max<std::size_t>(1, asked.max_repetitions);
  if (cells <= 1) return false;
  max_varbinds_ = static_cast<std::uint16_t>(cells / 2);
  return true;
}

void ProfileWalk::shrink() {
  (void)halve();
}

bool ProfileWalk::broke(const Column& column, const std::string& what) {
  cells_[column.table].broken[column.column] = true;
  std::string where = column.last.empty() ? " at its start" : " after row ";
  for (std::size_t i = 0; i < column.last.size(); ++i) {
    where += (i == 0 ? "" : ".") + number(column.last[i]);
  }
  say(name(column) + ": " + what + where + "; the walk of this column stopped");
  return false;
}

std::string ProfileWalk::name(const Column& column) const {
  const ProfileTable& table = profile_.tables[column.table];
  return table.name + "." + table.columns[column.column].name;
}

void ProfileWalk::next() {
  if (scalars_.empty() && columns_.empty()) done_ = true;
}

void ProfileWalk::say(std::string what) {
  if (problem_.size() > kMostProblemText) return;
  problem_ += (problem_.empty() ? "" : "; ") + std::move(what);
}

void ProfileWalk::stop(std::string problem) {
  done_ = stopped_ = true;
  say(std::move(problem));
}

}  // namespace itnxt::snmp
