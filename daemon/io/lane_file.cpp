#include "daemon/io/lane_file.hpp"

#include <utility>

#include "daemon/core/hash.hpp"

namespace itnxt {
namespace {

// `checksum` finds what a look at every page cannot: a flipped bit inside a body.
constexpr const char* kSchema =
    "CREATE TABLE lane(one INTEGER PRIMARY KEY CHECK(one = 1), epoch INTEGER,"
    " next_sequence INTEGER, next_id INTEGER);"
    "CREATE TABLE event(id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, body BLOB NOT NULL, checksum INTEGER NOT NULL);"
    "CREATE TABLE cursor(endpoint TEXT PRIMARY KEY, id INTEGER) WITHOUT ROWID;";

// Since after the first version, so beside it.
constexpr const char* kTold =
    "CREATE TABLE IF NOT EXISTS told(state TEXT PRIMARY KEY, kind TEXT NOT NULL) WITHOUT ROWID";

std::int64_t checksum(std::string_view body) {
  return static_cast<std::int64_t>(stable_hash(body));
}

// SQLite's integers have a sign; a number comes back as it went in.
std::int64_t stored(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}
std::uint64_t number(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

}  // namespace

LaneFile::LaneFile(Options options)
    : options_(std::move(options)),
      db_({.directory = options_.directory,
           .name = options_.name,
           .config_key = "transport.spool.directory",
           .version = 1,
           .schema = kSchema,
           .max_pages = options_.max_pages,
           .user = "collector"}) {}

// False: trouble() says why.
bool LaneFile::read_all(Loaded& loaded) const {
  const Statement lane = db_.prepare("SELECT epoch, next_sequence, next_id FROM lane");
  if (!lane) return false;
  loaded.is_new = lane.step() != Statement::Step::row;
  if (!loaded.is_new) loaded.lane = {number(lane, 0), number(lane, 1), number(lane, 2)};
  const Statement rows =
      db_.prepare("SELECT id, epoch, sequence, length(CAST(body AS BLOB)) FROM event ORDER BY id");
  if (!rows) return false;
  Statement::Step step = Statement::Step::row;
  while ((step = rows.step()) == Statement::Step::row) {
    loaded.rows.push_back({number(rows, 0), number(rows, 1), number(rows, 2),
                           static_cast<std::uint32_t>(rows.integer(3))});
  }
  if (step == Statement::Step::failed) return false;
  const Statement cursors = db_.prepare("SELECT endpoint, id FROM cursor");
  if (!cursors) return false;
  while ((step = cursors.step()) == Statement::Step::row) {
    loaded.cursors[cursors.text(0)] = number(cursors, 1);
  }
  if (step == Statement::Step::failed || !db_.run(kTold)) return false;
  const Statement told = db_.prepare("SELECT state, kind FROM told");
  if (!told) return false;
  while ((step = told.step()) == Statement::Step::row) loaded.told[told.text(0)] = told.text(1);
  return step == Statement::Step::done;
}

std::optional<StoreTrouble> LaneFile::load(Loaded& loaded, bool& damaged) {
  std::optional<StoreTrouble> trouble = db_.open();
  if (trouble) return trouble;
  switch (db_.prepare_file(true, trouble)) {
    case Database::Check::damaged:
      damaged = true;
      break;
    case Database::Check::failed:
      break;
    case Database::Check::sound:
      if (read_all(loaded)) break;
      damaged = db_.damaged();
      trouble = db_.trouble("read");
      break;
  }
  return trouble;
}

Result<LaneFile::Loaded> LaneFile::attach(const std::string& time) {
  db_.close();
  Loaded loaded;
  bool damaged = false;
  std::optional<StoreTrouble> trouble = load(loaded, damaged);
  if (damaged) {
    loaded = {};
    damaged = false;
    trouble = db_.set_aside(time, loaded.quarantined);
    if (!trouble) trouble = load(loaded, damaged);
    if (damaged) return Error{"cannot begin " + path() + " anew: it reads back damaged"};
  }
  if (!trouble) return loaded;
  db_.close();
  return Error{trouble->message};
}

bool LaneFile::write_told(const std::map<std::string, std::string>& changes) const {
  const Statement put = db_.prepare("INSERT OR REPLACE INTO told VALUES(?1, ?2)");
  const Statement erase = db_.prepare("DELETE FROM told WHERE state = ?1");
  if (!put || !erase) return false;
  for (const auto& [state, kind] : changes) {
    const Statement& change = kind.empty() ? erase : put;
    change.bind(1, state);
    if (!kind.empty()) change.bind(2, kind);
    if (!change.run()) return false;
  }
  return true;
}

Status LaneFile::write(const Change& change) {
  const auto fail = [&]() -> Status { return Error{db_.give_up("write").message}; };
  if (options_.before_write) options_.before_write();
  if (!db_.run("BEGIN IMMEDIATE")) return fail();
  {
    const Statement lane = db_.prepare("INSERT OR REPLACE INTO lane VALUES(1, ?1, ?2, ?3)");
    const Statement put = db_.prepare("INSERT OR REPLACE INTO event VALUES(?1, ?2, ?3, ?4, ?5)");
    const Statement erase = db_.prepare("DELETE FROM event WHERE id <= ?1");
    const Statement cursor = db_.prepare("INSERT OR REPLACE INTO cursor VALUES(?1, ?2)");
    if (!lane || !put || !erase || !cursor || !db_.run("DELETE FROM cursor")) return fail();
    lane.bind(1, stored(change.lane.epoch));
    lane.bind(2, stored(change.lane.next_sequence));
    lane.bind(3, stored(change.lane.next_id));
    erase.bind(1, stored(change.erase_to));
    if (!lane.run() || !erase.run()) return fail();
    for (const LaneEvent& event : change.events) {
      put.bind(1, stored(event.id));
      put.bind(2, stored(event.epoch));
      put.bind(3, stored(event.sequence));
      put.bind(4, event.body);
      put.bind(5, checksum(event.body));
      if (!put.run()) return fail();
    }
    for (const auto& [endpoint, id] : change.cursors) {
      cursor.bind(1, endpoint);
      cursor.bind(2, stored(id));
      if (!cursor.run()) return fail();
    }
    if (!write_told(change.told)) return fail();
  }
  if (!db_.run("COMMIT")) return fail();
  return {};
}

Result<std::vector<LaneEvent>> LaneFile::read(std::uint64_t first, std::uint64_t last,
                                              std::size_t count, std::size_t bytes) {
  if (!db_.is_open()) return Error{"cannot read " + path() + ": it is not open"};
  const Statement rows = db_.prepare(
      "SELECT id, epoch, sequence, body, checksum FROM event WHERE id BETWEEN ?1 AND ?2 ORDER BY "
      "id LIMIT ?3");
  if (!rows) return Error{db_.trouble("read").message};
  rows.bind(1, stored(first));
  rows.bind(2, stored(last));
  rows.bind(3, stored(count));
  std::vector<LaneEvent> events;
  std::size_t size = 0;
  Statement::Step step = Statement::Step::row;
  while ((step = rows.step()) == Statement::Step::row) {
    LaneEvent event{number(rows, 0), number(rows, 1), number(rows, 2), rows.text(3)};
    const bool whole = checksum(event.body) == rows.integer(4);
    if (!whole && events.empty()) {
      return Error{"cannot read " + path() + ": event " + std::to_string(event.sequence) +
                   " is damaged"};
    }
    size += event.body.size();
    if (!whole || (!events.empty() && size > bytes)) break;
    events.push_back(std::move(event));
  }
  if (step == Statement::Step::failed && events.empty()) {
    return Error{db_.trouble("read").message};
  }
  return events;
}

}  // namespace itnxt
