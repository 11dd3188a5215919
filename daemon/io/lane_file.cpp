#include "daemon/io/lane_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/core/fd.hpp"
#include "daemon/core/hash.hpp"

namespace itnxt {
namespace {

// In one step: a process may be killed at any moment. `checksum` finds what quick_check cannot: a
// flipped bit inside a body.
constexpr const char* kSchema =
    "BEGIN;"
    "CREATE TABLE IF NOT EXISTS lane(one INTEGER PRIMARY KEY CHECK(one = 1), epoch INTEGER,"
    " next_sequence INTEGER, next_id INTEGER);"
    "CREATE TABLE IF NOT EXISTS event(id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, body BLOB NOT NULL, checksum INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS cursor(endpoint TEXT PRIMARY KEY, id INTEGER) WITHOUT ROWID;"
    "PRAGMA user_version=1;"
    "COMMIT;";
constexpr int kVersion = 1;

std::int64_t checksum(std::string_view body) {
  return static_cast<std::int64_t>(stable_hash(body));
}

// SQLite's integers have a sign; a number comes back as it went in.
std::int64_t stored(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

}  // namespace

struct LaneFile::Db {
  sqlite3* handle = nullptr;
  Db() = default;
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;
  // _v2: a statement still alive in a failing call delays the close, not leaks it.
  ~Db() { sqlite3_close_v2(handle); }

  int run(const char* sql) const { return sqlite3_exec(handle, sql, nullptr, nullptr, nullptr); }

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;
  [[nodiscard]] Statement prepare(const char* sql) const {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr);
    return Statement(statement);
  }
  static void bind(const Statement& statement, int at, std::uint64_t number) {
    sqlite3_bind_int64(statement.get(), at, stored(number));
  }
  static std::uint64_t number(const Statement& statement, int column) {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement.get(), column));
  }
  static std::string bytes(const Statement& statement, int column) {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement.get(), column));
    const int size = sqlite3_column_bytes(statement.get(), column);
    return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(size));
  }
  // One statement that gives no rows.
  static bool step(const Statement& statement) {
    const bool done = sqlite3_step(statement.get()) == SQLITE_DONE;
    sqlite3_reset(statement.get());
    return done;
  }
};

LaneFile::LaneFile(Options options) : options_(std::move(options)) {}
LaneFile::~LaneFile() = default;

Error LaneFile::trouble(const char* doing) const {
  std::string text =
      std::string("cannot ") + doing + ' ' + options_.path + ": " + sqlite3_errmsg(db_->handle);
  const int code = sqlite3_system_errno(db_->handle);
  if (code != 0) text += " (" + errno_text(code) + ')';
  return {text};
}

bool LaneFile::damaged() const {
  const int code = sqlite3_errcode(db_->handle) & 0xFF;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_FORMAT;
}

Status LaneFile::open() {
  // Made here, since SQLite would make it readable for all; its WAL takes over the mode.
  const Fd made(::open(options_.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!made.is_open()) return Error{"cannot open " + options_.path + ": " + errno_text(errno)};
  db_ = std::make_unique<Db>();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  if (sqlite3_open_v2(options_.path.c_str(), &db_->handle, flags, nullptr) != SQLITE_OK) {
    return trouble("open");
  }
  sqlite3_extended_result_codes(db_->handle, 1);
  sqlite3_busy_timeout(db_->handle, 1000);
  // Exclusive before the first access: the WAL index then lives in the heap.
  db_->run("PRAGMA locking_mode=EXCLUSIVE");
  return {};
}

// False: damaged.
Result<bool> LaneFile::load(Loaded& loaded) {
  const auto failed = [&](const char* doing) -> Result<bool> {
    if (damaged()) return false;
    return trouble(doing);
  };
  if (db_->run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "PRAGMA journal_size_limit=1048576") != SQLITE_OK) {
    return failed("open");
  }
  if (options_.max_pages > 0) {
    db_->run(("PRAGMA max_page_count=" + std::to_string(options_.max_pages)).c_str());
  }
  int version = 0;
  {
    const auto check = db_->prepare("PRAGMA quick_check(1)");
    if (!check || sqlite3_step(check.get()) != SQLITE_ROW) return failed("check");
    if (Db::bytes(check, 0) != "ok") return false;
    const auto format = db_->prepare("PRAGMA user_version");
    if (!format || sqlite3_step(format.get()) != SQLITE_ROW) return failed("read");
    version = sqlite3_column_int(format.get(), 0);
  }
  if (version > kVersion) {
    return Error{"cannot use " + options_.path + ": it has format " + std::to_string(version) +
                 ", written by a newer itnxt; this one knows " + std::to_string(kVersion) +
                 ": start the newer one or move the file away"};
  }
  if (version == 0 && db_->run(kSchema) != SQLITE_OK) return failed("write");

  const auto lane = db_->prepare("SELECT epoch, next_sequence, next_id FROM lane");
  if (!lane) return failed("read");
  loaded.is_new = sqlite3_step(lane.get()) != SQLITE_ROW;
  if (!loaded.is_new) {
    loaded.lane = {Db::number(lane, 0), Db::number(lane, 1), Db::number(lane, 2)};
  }
  const auto rows = db_->prepare("SELECT id, epoch, sequence, length(body) FROM event ORDER BY id");
  if (!rows) return failed("read");
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(rows.get())) == SQLITE_ROW) {
    loaded.rows.push_back({Db::number(rows, 0), Db::number(rows, 1), Db::number(rows, 2),
                           static_cast<std::uint32_t>(Db::number(rows, 3))});
  }
  if (step != SQLITE_DONE) return failed("read");
  const auto cursors = db_->prepare("SELECT endpoint, id FROM cursor");
  if (!cursors) return failed("read");
  while (sqlite3_step(cursors.get()) == SQLITE_ROW) {
    loaded.cursors[Db::bytes(cursors, 0)] = Db::number(cursors, 1);
  }
  return true;
}

// The WAL goes along: it belongs to the damaged file and would be replayed into the new one.
Status LaneFile::quarantine(const std::string& time, Loaded& loaded) {
  db_.reset();
  loaded = {};
  loaded.quarantined = options_.path + ".corrupt-" + time;
  std::rename((options_.path + "-wal").c_str(), (loaded.quarantined + "-wal").c_str());
  if (std::rename(options_.path.c_str(), loaded.quarantined.c_str()) != 0) {
    return Error{"cannot rename damaged " + options_.path + ": " + errno_text(errno)};
  }
  if (Status opened = open(); !opened) return opened;
  const auto sound = load(loaded);
  if (!sound) return Error{sound.error()};
  if (!*sound) return Error{"cannot begin " + options_.path + " anew: it reads back damaged"};
  return {};
}

Result<LaneFile::Loaded> LaneFile::attach(const std::string& time) {
  db_.reset();
  Loaded loaded;
  Status done = open();
  if (done) {
    const auto sound = load(loaded);
    if (!sound) {
      done = Error{sound.error()};
    } else if (!*sound) {
      done = quarantine(time, loaded);
    }
  }
  if (done) return loaded;
  db_.reset();
  return Error{done.error()};
}

Status LaneFile::write(const Change& change) {
  const auto fail = [&]() -> Status {
    Error problem = trouble("write");
    const int code = sqlite3_errcode(db_->handle) & 0xFF;
    if (sqlite3_get_autocommit(db_->handle) == 0) db_->run("ROLLBACK");
    // What a failed fsync left behind is unknown; only a new look at the file tells.
    if (code != SQLITE_FULL && code != SQLITE_BUSY) db_.reset();
    return problem;
  };
  if (options_.before_write) options_.before_write();
  if (db_->run("BEGIN IMMEDIATE") != SQLITE_OK) return fail();
  {
    const auto lane = db_->prepare("INSERT OR REPLACE INTO lane VALUES(1, ?1, ?2, ?3)");
    const auto put = db_->prepare("INSERT OR REPLACE INTO event VALUES(?1, ?2, ?3, ?4, ?5)");
    const auto erase = db_->prepare("DELETE FROM event WHERE id <= ?1");
    const auto cursor = db_->prepare("INSERT OR REPLACE INTO cursor VALUES(?1, ?2)");
    if (!lane || !put || !erase || !cursor) return fail();
    if (db_->run("DELETE FROM cursor") != SQLITE_OK) return fail();
    Db::bind(lane, 1, change.lane.epoch);
    Db::bind(lane, 2, change.lane.next_sequence);
    Db::bind(lane, 3, change.lane.next_id);
    Db::bind(erase, 1, change.erase_to);
    if (!Db::step(lane) || !Db::step(erase)) return fail();
    for (const LaneEvent& event : change.events) {
      Db::bind(put, 1, event.id);
      Db::bind(put, 2, event.epoch);
      Db::bind(put, 3, event.sequence);
      sqlite3_bind_blob(put.get(), 4, event.body.data(), static_cast<int>(event.body.size()),
                        SQLITE_STATIC);
      sqlite3_bind_int64(put.get(), 5, checksum(event.body));
      if (!Db::step(put)) return fail();
    }
    for (const auto& [endpoint, id] : change.cursors) {
      sqlite3_bind_text(cursor.get(), 1, endpoint.data(), static_cast<int>(endpoint.size()),
                        SQLITE_STATIC);
      Db::bind(cursor, 2, id);
      if (!Db::step(cursor)) return fail();
    }
  }
  if (db_->run("COMMIT") != SQLITE_OK) return fail();
  return {};
}

Result<std::vector<LaneEvent>> LaneFile::read(std::uint64_t first, std::uint64_t last,
                                              std::size_t count, std::size_t bytes) {
  if (!db_) return Error{"cannot read " + options_.path + ": it is not open"};
  const auto rows = db_->prepare(
      "SELECT id, epoch, sequence, body, checksum FROM event WHERE id BETWEEN ?1 AND ?2 ORDER BY "
      "id LIMIT ?3");
  if (!rows) return trouble("read");
  Db::bind(rows, 1, first);
  Db::bind(rows, 2, last);
  Db::bind(rows, 3, count);
  std::vector<LaneEvent> events;
  std::size_t size = 0;
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(rows.get())) == SQLITE_ROW) {
    LaneEvent event{Db::number(rows, 0), Db::number(rows, 1), Db::number(rows, 2),
                    Db::bytes(rows, 3)};
    const bool whole = checksum(event.body) == sqlite3_column_int64(rows.get(), 4);
    if (!whole && events.empty()) {
      return Error{"cannot read " + options_.path + ": event " + std::to_string(event.sequence) +
                   " is damaged"};
    }
    size += event.body.size();
    if (!whole || (!events.empty() && size > bytes)) break;
    events.push_back(std::move(event));
  }
  if (step != SQLITE_DONE && step != SQLITE_ROW && events.empty()) return trouble("read");
  return events;
}

}  // namespace itnxt
