#include "daemon/io/store_file.hpp"

#include <string_view>

#include "daemon/core/hash.hpp"

namespace itnxt {
namespace {

using Check = Database::Check;
using Step = Statement::Step;

// `body` is JSON for a person with the sqlite3 shell; `checksum` finds what quick_check cannot: a
// flipped bit inside a text.
constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS record(shelf TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,"
    " checksum INTEGER NOT NULL, PRIMARY KEY(shelf, key)) WITHOUT ROWID;";

std::int64_t checksum(std::string_view shelf, std::string_view key, std::string_view body) {
  std::string all(shelf);
  all.append(1, '\0').append(key).append(1, '\0').append(body);
  return static_cast<std::int64_t>(stable_hash(all));
}

}  // namespace

StoreFile::StoreFile(Options options)
    : options_(std::move(options)),
      database_(
          {options_.directory, "alerts", options_.config_key, 1, kSchema, options_.max_pages}) {}

Check StoreFile::load(Loaded& loaded, std::optional<StoreTrouble>& problem) {
  const Check file = database_.prepare_file(true, problem);
  if (file == Check::failed || (file == Check::damaged && database_.damaged())) return file;
  const Check rows = read_rows(loaded.rows);
  if (file == Check::damaged) return file;
  if (rows == Check::failed) problem = database_.trouble("read");
  return rows;
}

// damaged: `into` are those that are whole.
Check StoreFile::read_rows(std::vector<StoreRow>& into) const {
  const Statement rows = database_.prepare("SELECT shelf, key, body, checksum FROM record");
  if (!rows) return database_.damaged() ? Check::damaged : Check::failed;
  bool whole = true;
  Step step = Step::row;
  while ((step = rows.step()) == Step::row) {
    StoreRow row{rows.text(0), rows.text(1), rows.text(2)};
    if (checksum(row.shelf, row.key, row.body) != rows.integer(3)) {
      whole = false;
      continue;
    }
    into.push_back(std::move(row));
  }
  if (step == Step::failed) return database_.damaged() ? Check::damaged : Check::failed;
  return whole ? Check::sound : Check::damaged;
}

std::optional<StoreTrouble> StoreFile::quarantine(const std::string& time, Loaded& loaded) {
  if (auto problem = database_.set_aside(time, loaded.quarantined)) return problem;
  if (auto problem = database_.open()) return problem;
  Loaded fresh;
  std::optional<StoreTrouble> problem;
  if (load(fresh, problem) != Check::sound) {
    return problem ? problem
                   : StoreTrouble{StoreTrouble::Kind::passing,
                                  "cannot begin " + path() + " anew: it reads back damaged"};
  }
  StoreChanges changes;
  for (const StoreRow& row : loaded.rows) changes[{row.shelf, row.key}] = row.body;
  loaded.saved = loaded.rows.size();
  return write(changes, true);
}

std::variant<StoreFile::Loaded, StoreTrouble> StoreFile::attach(const std::string& time) {
  auto problem = database_.open();
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
  database_.close();
  return *problem;
}

std::optional<std::vector<StoreRow>> StoreFile::read_only() {
  std::optional<std::vector<StoreRow>> rows;
  if (database_.open_read_only()) {
    std::vector<StoreRow> found;
    if (read_rows(found) != Check::failed) rows = std::move(found);
  }
  database_.close();
  return rows;
}

std::optional<StoreTrouble> StoreFile::write(const StoreChanges& changes, bool replace) {
  if (options_.before_write) options_.before_write();
  const auto all = [&] {
    if (!database_.run("BEGIN IMMEDIATE")) return false;
    if (replace && !database_.run("DELETE FROM record")) return false;
    const Statement put = database_.prepare("INSERT OR REPLACE INTO record VALUES(?1, ?2, ?3, ?4)");
    const Statement drop = database_.prepare("DELETE FROM record WHERE shelf = ?1 AND key = ?2");
    if (!put || !drop) return false;
    for (const auto& [key, body] : changes) {
      const Statement& statement = body ? put : drop;
      statement.bind(1, key.first);
      statement.bind(2, key.second);
      if (body) {
        statement.bind(3, *body);
        statement.bind(4, checksum(key.first, key.second, *body));
      }
      if (!statement.run()) return false;
    }
    return database_.run("COMMIT");
  };
  if (!all()) return database_.give_up("write");
  database_.let_readers_in();
  return std::nullopt;
}

}  // namespace itnxt
