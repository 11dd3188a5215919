// A SQLite file of our own in a directory of our own: the directory made (0700), one process of
// ours at a time by a lock beside the file, WAL, synchronous=FULL, messages that say what to do.
// The only file that knows the library. Blocking; used by one thread at a time.
//
// Others may read it meanwhile (the sqlite3 shell, a backup). They share an index of the log, a
// file that is mapped; where it cannot be made, on a full disk, the index is kept in the heap and
// nobody else may read until the file is opened anew.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/fd.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace itnxt {

// A failure and whether there is a point in going on from memory.
struct StoreTrouble {
  enum class Kind : std::uint8_t {
    configuration,  // wrong directory, in use, newer format: a person must act
    passing,        // full, read-only, I/O error: may work again by itself
  };
  Kind kind = Kind::passing;
  std::string message;
};

// A statement of an open Database, to be gone before the Database closes. Parameters count from 1,
// columns from 0.
class Statement {
 public:
  enum class Step : std::uint8_t { row, done, failed };

  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  explicit operator bool() const { return statement_ != nullptr; }

  // The text must live until step().
  void bind(int at, std::string_view text) const;
  void bind(int at, std::int64_t value) const;
  void bind_null(int at) const;
  [[nodiscard]] Step step() const;
  // For one that tells nothing: done, and ready to be bound anew.
  [[nodiscard]] bool run() const;

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  struct Options {
    std::string directory;
    std::string name;                 // of the file without ".db"; the lock is called NAME.lock
    std::string config_key;           // named in messages
    int version = 1;                  // of the format
    std::string schema;               // makes the tables of an empty file; no transaction
    std::int64_t max_pages = 0;       // a full disk for tests; 0: no limit
    std::string user = "aggregator";  // whose it is, in messages
  };
  enum class Check : std::uint8_t {
    sound,
    damaged,  // set_aside() it
    failed,   // trouble() says why
  };

  explicit Database(Options options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Directory, lock, file. The lock is kept until the Database goes.
  [[nodiscard]] std::optional<StoreTrouble> open();
  // WAL, format, tables. `whole`: every page is looked at, which takes its time in a large file.
  Check prepare_file(bool whole, std::optional<StoreTrouble>& trouble);
  // Without any writing; false when that cannot be.
  [[nodiscard]] bool open_read_only();
  // Renames the file to NAME.db.corrupt-TIME, with its log. `moved_to`: where it went.
  [[nodiscard]] std::optional<StoreTrouble> set_aside(const std::string& time,
                                                      std::string& moved_to);
  void close();
  [[nodiscard]] bool is_open() const { return handle_ != nullptr; }

  // Statements without parameters or result; false: trouble() says why.
  [[nodiscard]] bool run(const std::string& sql) const;
  // Empty when the SQL does not fit the file.
  [[nodiscard]] Statement prepare(std::string_view sql) const;
  // The first column of the first row.
  [[nodiscard]] std::optional<std::string> value(std::string_view sql) const;

  // After a failure within a transaction: ends it. What a failed fsync left behind is unknown and
  // only a new look at the file tells: it is closed, unless the disk was merely full.
  [[nodiscard]] StoreTrouble give_up(const std::string& doing);
  // "cannot write PATH: REASON"
  [[nodiscard]] StoreTrouble trouble(const std::string& doing) const;
  // Whether the last failure says that the file is none of SQLite's, or broken.
  [[nodiscard]] bool damaged() const;

  // After a success: lets readers in, which could not be when it was opened. It may be closed then.
  void let_readers_in();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  [[nodiscard]] std::optional<StoreTrouble> prepare_directory() const;
  std::optional<StoreTrouble> take_lock();
  std::optional<StoreTrouble> open_handle(bool shared);
  [[nodiscard]] bool begin_log() const;

  const Options options_;
  const std::string path_;
  Fd lock_;  // before the handle: freed after it
  bool is_shared_ = true;
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace itnxt
