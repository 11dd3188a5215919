#include "daemon/io/database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "daemon/io/directory.hpp"
#include "daemon/io/lock_file.hpp"

namespace itnxt {
namespace {

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

StoreTrouble cannot_open(const std::string& config_key, const std::string& path, int code) {
  return {may_pass(code) ? StoreTrouble::Kind::passing : StoreTrouble::Kind::configuration,
          config_key + ": cannot open " + path + ": " + errno_text(code)};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::bind(int at, std::string_view text) const {
  sqlite3_bind_text(statement_.get(), at, text.data(), static_cast<int>(text.size()),
                    SQLITE_STATIC);
}

void Statement::bind(int at, std::int64_t value) const {
  sqlite3_bind_int64(statement_.get(), at, value);
}

void Statement::bind_null(int at) const {
  sqlite3_bind_null(statement_.get(), at);
}

Statement::Step Statement::step() const {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return Step::row;
  return code == SQLITE_DONE ? Step::done : Step::failed;
}

bool Statement::run() const {
  const bool done = step() == Step::done;
  sqlite3_reset(statement_.get());
  return done;
}

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr
             ? std::string()
             : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

// _v2: a statement still alive delays the close, not leaks it.
void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

Database::Database(Options options)
    : options_(std::move(options)), path_(options_.directory + '/' + options_.name + ".db") {}

Database::~Database() = default;

void Database::close() {
  handle_.reset();
}

bool Database::run(const std::string& sql) const {
  return sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}

Statement Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  return Statement(statement);
}

std::optional<std::string> Database::value(std::string_view sql) const {
  const Statement statement = prepare(sql);
  if (!statement || statement.step() != Statement::Step::row) return std::nullopt;
  return statement.text(0);
}

StoreTrouble Database::trouble(const std::string& doing) const {
  std::string text = "cannot " + doing + ' ' + path_ + ": " + sqlite3_errmsg(handle_.get());
  const int code = sqlite3_system_errno(handle_.get());
  if (code != 0) text += " (" + errno_text(code) + ')';
  return {StoreTrouble::Kind::passing, text};
}

bool Database::damaged() const {
  const int code = sqlite3_errcode(handle_.get()) & 0xFF;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_FORMAT;
}

StoreTrouble Database::give_up(const std::string& doing) {
  StoreTrouble problem = trouble(doing);
  const int code = sqlite3_errcode(handle_.get()) & 0xFF;
  if (sqlite3_get_autocommit(handle_.get()) == 0) (void)run("ROLLBACK");
  if ((code != SQLITE_FULL && code != SQLITE_BUSY) || !is_shared_) close();
  return problem;
}

std::optional<StoreTrouble> Database::prepare_directory() const {
  const auto found = make_directory(options_.directory);
  if (!found) return std::nullopt;
  if (found->error == ENOTDIR) {
    return StoreTrouble{StoreTrouble::Kind::configuration,
                        options_.config_key + ": " + found->path +
                            " is not a directory; name a directory that only this " +
                            options_.user + " uses"};
  }
  const auto kind =
      may_pass(found->error) ? StoreTrouble::Kind::passing : StoreTrouble::Kind::configuration;
  return StoreTrouble{kind, options_.config_key + ": cannot use directory " + found->path + ": " +
                                errno_text(found->error) +
                                "; it must be writable by the user of the " + options_.user};
}

std::optional<StoreTrouble> Database::take_lock() {
  if (lock_.is_open()) return std::nullopt;
  const std::string path = options_.directory + '/' + options_.name + ".lock";
  LockAttempt attempt = lock_file(path);
  lock_ = std::move(attempt.lock);
  if (lock_.is_open()) return std::nullopt;
  if (attempt.error != EWOULDBLOCK) return cannot_open(options_.config_key, path, attempt.error);
  return StoreTrouble{StoreTrouble::Kind::configuration,
                      options_.config_key + ": directory " + options_.directory +
                          " is in use by another " + options_.user + holder_text(attempt) +
                          "; stop that one or name another directory"};
}

std::optional<StoreTrouble> Database::open() {
  close();
  if (auto problem = prepare_directory()) return problem;
  if (auto problem = take_lock()) return problem;
  // Made here, since SQLite would make it readable for all; its WAL takes over the mode.
  const Fd made(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!made.is_open()) return cannot_open(options_.config_key, path_, errno);
  return open_handle(true);
}

std::optional<StoreTrouble> Database::open_handle(bool shared) {
  close();
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  const int code = sqlite3_open_v2(path_.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) {
    StoreTrouble problem = trouble("open");
    close();
    return problem;
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 1000);
  // Exclusive before the first access: the log's index then lives in the heap.
  if (!shared) (void)run("PRAGMA locking_mode=EXCLUSIVE");
  is_shared_ = shared;
  return std::nullopt;
}

bool Database::begin_log() const {
  return run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=1048576");
}

void Database::let_readers_in() {
  if (!is_shared_) close();
}

Database::Check Database::prepare_file(bool whole, std::optional<StoreTrouble>& problem) {
  const auto failed = [&](const char* doing) {
    if (damaged()) return Check::damaged;
    problem = trouble(doing);
    return Check::failed;
  };
  if (!begin_log()) {
    const bool is_held = (sqlite3_errcode(handle_.get()) & 0xFF) == SQLITE_BUSY;
    if (is_held || damaged()) return failed("open");
    // A full disk has no room for the index that readers share, and can still be read.
    if ((problem = open_handle(false))) return Check::failed;
    if (!begin_log()) return failed("open");
  }
  if (options_.max_pages > 0) {
    (void)run("PRAGMA max_page_count=" + std::to_string(options_.max_pages));
  }
  bool sound = true;
  if (whole) {
    const auto checked = value("PRAGMA quick_check(1)");
    if (!checked) return failed("check");
    sound = *checked == "ok";
  }
  const auto version = value("PRAGMA user_version");
  if (!version) return failed("read");
  const int found = std::atoi(version->c_str());
  const std::string known = std::to_string(options_.version);
  if (found > options_.version) {
    problem =
        StoreTrouble{StoreTrouble::Kind::configuration,
                     options_.config_key + ": " + path_ + " has format " + std::to_string(found) +
                         ", written by a newer itnxt; this one knows " + known +
                         ": start the newer one or move the file away"};
    return Check::failed;
  }
  // In one step: a process may be killed at any moment.
  if (found == 0 && sound &&
      !run("BEGIN;" + options_.schema + "PRAGMA user_version=" + known + ";COMMIT;")) {
    return failed("write");
  }
  return sound ? Check::sound : Check::damaged;
}

std::optional<StoreTrouble> Database::set_aside(const std::string& time, std::string& moved_to) {
  close();
  moved_to = path_ + ".corrupt-" + time;
  // The log and its index go along: they belong to the damaged file, and whoever reads it still.
  // The log would be replayed into the new one.
  for (const char* part : {"-wal", "-shm"}) {
    (void)std::rename((path_ + part).c_str(), (moved_to + part).c_str());
  }
  if (std::rename(path_.c_str(), moved_to.c_str()) == 0) return std::nullopt;
  return StoreTrouble{StoreTrouble::Kind::passing,
                      "cannot rename damaged " + path_ + ": " + errno_text(errno)};
}

bool Database::open_read_only() {
  struct stat log {};
  const bool has_log = ::stat((path_ + "-wal").c_str(), &log) == 0 && log.st_size > 0;
  // Without a log the file is whole by itself and is read as a medium that cannot change. With one
  // it is read through it: that asks for a lock, which no read-only file grants, hence a VFS
  // without locks (who may write here holds the lock beside it), and the index is kept in the heap.
  const std::string uri = file_uri(path_) + (has_log ? "?vfs=unix-none" : "?immutable=1");
  const int flags =
      SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_URI;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(uri.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code == SQLITE_OK) {
    (void)run("PRAGMA locking_mode=EXCLUSIVE");
    const auto version = value("PRAGMA user_version");
    if (version && std::atoi(version->c_str()) == options_.version) return true;
  }
  close();
  return false;
}

}  // namespace itnxt
