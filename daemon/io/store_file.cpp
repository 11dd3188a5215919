#include "daemon/io/store_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "daemon/core/hash.hpp"
#include "daemon/io/directory.hpp"

namespace itnxt {
namespace {

constexpr int kVersion = 1;
// `body` is JSON for a person with the sqlite3 shell; `checksum` finds what quick_check cannot: a
// flipped bit inside a text. In one step: a process may be killed at any moment.
constexpr const char* kSchema =
    "BEGIN;"
    "CREATE TABLE IF NOT EXISTS record(shelf TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,"
    " checksum INTEGER NOT NULL, PRIMARY KEY(shelf, key)) WITHOUT ROWID;"
    "PRAGMA user_version=1;"
    "COMMIT;";

std::int64_t checksum(std::string_view shelf, std::string_view key, std::string_view body) {
  std::string all(shelf);
  all.append(1, '\0').append(key).append(1, '\0').append(body);
  return static_cast<std::int64_t>(stable_hash(all));
}

// SQLite's URI of a path: what has a meaning there is escaped.
std::string file_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    switch (c) {
      case '%':
        uri += "%25";
        break;
      case '?':
        uri += "%3f";
        break;
      case '#':
        uri += "%23";
        break;
      default:
        uri += c;
    }
  }
  return uri;
}

bool may_pass(int code) {
  return code == ENOSPC || code == EDQUOT || code == EROFS || code == EIO || code == EMFILE ||
         code == ENFILE || code == ENOMEM;
}

}  // namespace

struct StoreFile::Db {
  sqlite3* handle = nullptr;
  Db() = default;
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;
  // _v2: a statement still alive in a failing write() delays the close, not leaks it.
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
  static void bind(const Statement& statement, int at, std::string_view text) {
    sqlite3_bind_text(statement.get(), at, text.data(), static_cast<int>(text.size()),
                      SQLITE_STATIC);
  }
  // The first column of the first row.
  [[nodiscard]] std::optional<std::string> value(const char* sql) const {
    const Statement statement = prepare(sql);
    if (!statement || sqlite3_step(statement.get()) != SQLITE_ROW) return std::nullopt;
    return text(statement, 0);
  }
  static std::string text(const Statement& statement, int column) {
    const auto* bytes = sqlite3_column_blob(statement.get(), column);
    const int size = sqlite3_column_bytes(statement.get(), column);
    return bytes == nullptr
               ? std::string()
               : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
};

StoreFile::StoreFile(Options options)
    : options_(std::move(options)), path_(options_.directory + "/alerts.db") {}

StoreFile::~StoreFile() = default;

StoreTrouble StoreFile::trouble(const std::string& doing) const {
  std::string text = "cannot " + doing + ' ' + path_ + ": " + sqlite3_errmsg(db_->handle);
  const int code = sqlite3_system_errno(db_->handle);
  if (code != 0) text += " (" + errno_text(code) + ')';
  return {StoreTrouble::Kind::passing, text};
}

bool StoreFile::damaged() const {
  const int code = sqlite3_errcode(db_->handle) & 0xFF;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_FORMAT;
}

std::optional<StoreTrouble> StoreFile::prepare_directory() const {
  const auto found = make_directory(options_.directory);
  if (!found) return std::nullopt;
  if (found->error == ENOTDIR) {
    return StoreTrouble{StoreTrouble::Kind::configuration,
                        options_.config_key + ": " + found->path +
                            " is not a directory; name a directory that only this aggregator uses"};
  }
  const auto kind =
      may_pass(found->error) ? StoreTrouble::Kind::passing : StoreTrouble::Kind::configuration;
  return StoreTrouble{kind, options_.config_key + ": cannot use directory " + found->path + ": " +
                                errno_text(found->error) +
                                "; it must be writable by the user of the aggregator"};
}

std::optional<StoreTrouble> StoreFile::take_lock() {
  if (lock_.is_open()) return std::nullopt;
  const std::string path = options_.directory + "/alerts.lock";
  Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.is_open()) {
    const int code = errno;
    return StoreTrouble{
        may_pass(code) ? StoreTrouble::Kind::passing : StoreTrouble::Kind::configuration,
        options_.config_key + ": cannot open " + path + ": " + errno_text(code)};
  }
  // Freed by the kernel with the process, however it ends.
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return StoreTrouble{StoreTrouble::Kind::configuration,
                        options_.config_key + ": state directory " + options_.directory +
                            " is in use by another aggregator; stop that one or name another "
                            "directory"};
  }
  lock_ = std::move(lock);
  return std::nullopt;
}

std::optional<StoreTrouble> StoreFile::open_database() {
  // Made here, since SQLite would make it readable for all; its WAL takes over the mode.
  const Fd made(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!made.is_open()) {
    const int code = errno;
    return StoreTrouble{
        may_pass(code) ? StoreTrouble::Kind::passing : StoreTrouble::Kind::configuration,
        options_.config_key + ": cannot open " + path_ + ": " + errno_text(code)};
  }
  db_ = std::make_unique<Db>();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  if (sqlite3_open_v2(path_.c_str(), &db_->handle, flags, nullptr) != SQLITE_OK) {
    return trouble("open");
  }
  sqlite3_extended_result_codes(db_->handle, 1);
  sqlite3_busy_timeout(db_->handle, 1000);
  // Exclusive before the first access: the WAL index then lives in the heap, and a full disk can
  // still be read.
  db_->run("PRAGMA locking_mode=EXCLUSIVE");
  return std::nullopt;
}

StoreFile::Check StoreFile::load(Loaded& loaded, std::optional<StoreTrouble>& problem) {
  const auto failed = [&](const char* doing) {
    if (damaged()) return Check::damaged;
    problem = trouble(doing);
    return Check::failed;
  };
  if (db_->run(
          "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=1048576") !=
      SQLITE_OK) {
    return failed("open");
  }
  if (options_.max_pages > 0) {
    db_->run(("PRAGMA max_page_count=" + std::to_string(options_.max_pages)).c_str());
  }
  const auto checked = db_->value("PRAGMA quick_check(1)");
  if (!checked) return failed("check");
  const bool sound = *checked == "ok";
  const auto version = db_->value("PRAGMA user_version");
  if (!version) return failed("read");
  const int found = std::atoi(version->c_str());
  if (found > kVersion) {
    problem =
        StoreTrouble{StoreTrouble::Kind::configuration,
                     options_.config_key + ": " + path_ + " has format " + std::to_string(found) +
                         ", written by a newer itnxt; this one knows " + std::to_string(kVersion) +
                         ": start the newer one or move the file away"};
    return Check::failed;
  }
  if (found == 0 && sound && db_->run(kSchema) != SQLITE_OK) return failed("write");

  switch (read_rows(loaded.rows)) {
    case Check::sound:
      return sound ? Check::sound : Check::damaged;
    case Check::damaged:
      return Check::damaged;
    case Check::failed:
      return sound ? failed("read") : Check::damaged;
  }
  return Check::damaged;
}

// damaged: `rows` are those that are whole.
StoreFile::Check StoreFile::read_rows(std::vector<StoreRow>& into) const {
  const auto rows = db_->prepare("SELECT shelf, key, body, checksum FROM record");
  if (!rows) return Check::failed;
  bool whole = true;
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(rows.get())) == SQLITE_ROW) {
    StoreRow row{Db::text(rows, 0), Db::text(rows, 1), Db::text(rows, 2)};
    if (checksum(row.shelf, row.key, row.body) != sqlite3_column_int64(rows.get(), 3)) {
      whole = false;
      continue;
    }
    into.push_back(std::move(row));
  }
  if (step != SQLITE_DONE) return damaged() ? Check::damaged : Check::failed;
  return whole ? Check::sound : Check::damaged;
}

std::optional<StoreTrouble> StoreFile::quarantine(const std::string& time, Loaded& loaded) {
  db_.reset();
  loaded.quarantined = path_ + ".corrupt-" + time;
  // The WAL goes along: it belongs to the damaged file and would be replayed into the new one.
  std::rename((path_ + "-wal").c_str(), (loaded.quarantined + "-wal").c_str());
  if (std::rename(path_.c_str(), loaded.quarantined.c_str()) != 0) {
    return StoreTrouble{StoreTrouble::Kind::passing,
                        "cannot rename damaged " + path_ + ": " + errno_text(errno)};
  }
  if (auto problem = open_database()) return problem;
  Loaded fresh;
  std::optional<StoreTrouble> problem;
  if (load(fresh, problem) != Check::sound) {
    return problem ? problem
                   : StoreTrouble{StoreTrouble::Kind::passing,
                                  "cannot begin " + path_ + " anew: it reads back damaged"};
  }
  StoreChanges changes;
  for (const StoreRow& row : loaded.rows) changes[{row.shelf, row.key}] = row.body;
  loaded.saved = loaded.rows.size();
  return write(changes, true);
}

std::variant<StoreFile::Loaded, StoreTrouble> StoreFile::attach(const std::string& time) {
  db_.reset();
  auto problem = prepare_directory();
  if (!problem) problem = take_lock();
  if (!problem) problem = open_database();
  Loaded loaded;
  if (!problem) {
    switch (load(loaded, problem)) {
      case Check::sound:
      case Check::failed:
        break;
      case Check::damaged:
        problem = quarantine(time, loaded);
        break;
    }
  }
  if (!problem) return loaded;
  db_.reset();
  return *problem;
}

std::optional<std::vector<StoreRow>> StoreFile::read_only() {
  struct stat log {};
  const bool has_log = ::stat((path_ + "-wal").c_str(), &log) == 0 && log.st_size > 0;
  db_ = std::make_unique<Db>();
  // Without a log the file is whole by itself and is read as a medium that cannot change. With one
  // it is read through it: that asks for a lock, which no read-only file grants, hence a VFS
  // without locks (who may write here holds alerts.lock), and the index is kept in the heap.
  const std::string uri = file_uri(path_) + (has_log ? "?vfs=unix-none" : "?immutable=1");
  const int flags =
      SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_URI;
  std::optional<std::vector<StoreRow>> rows;
  if (sqlite3_open_v2(uri.c_str(), &db_->handle, flags, nullptr) == SQLITE_OK) {
    db_->run("PRAGMA locking_mode=EXCLUSIVE");
    const auto version = db_->value("PRAGMA user_version");
    std::vector<StoreRow> found;
    const bool known = version && std::atoi(version->c_str()) == kVersion;
    if (known && read_rows(found) != Check::failed) rows = std::move(found);
  }
  db_.reset();
  return rows;
}

std::optional<StoreTrouble> StoreFile::write(const StoreChanges& changes, bool replace) {
  const auto fail = [&] {
    StoreTrouble problem = trouble("write");
    const int code = sqlite3_errcode(db_->handle) & 0xFF;
    if (sqlite3_get_autocommit(db_->handle) == 0) db_->run("ROLLBACK");
    // What a failed fsync left behind is unknown; only a new look at the file tells.
    if (code != SQLITE_FULL && code != SQLITE_BUSY) db_.reset();
    return problem;
  };
  if (options_.before_write) options_.before_write();
  if (db_->run("BEGIN IMMEDIATE") != SQLITE_OK) return fail();
  if (replace && db_->run("DELETE FROM record") != SQLITE_OK) return fail();
  {
    const auto put = db_->prepare("INSERT OR REPLACE INTO record VALUES(?1, ?2, ?3, ?4)");
    const auto drop = db_->prepare("DELETE FROM record WHERE shelf = ?1 AND key = ?2");
    if (!put || !drop) return fail();
    for (const auto& [key, body] : changes) {
      const auto& statement = body ? put : drop;
      Db::bind(statement, 1, key.first);
      Db::bind(statement, 2, key.second);
      if (body) {
        Db::bind(statement, 3, *body);
        sqlite3_bind_int64(statement.get(), 4, checksum(key.first, key.second, *body));
      }
      if (sqlite3_step(statement.get()) != SQLITE_DONE) return fail();
      sqlite3_reset(statement.get());
    }
  }
  if (db_->run("COMMIT") != SQLITE_OK) return fail();
  return std::nullopt;
}

}  // namespace itnxt
