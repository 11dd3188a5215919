// The file under the store: checking, quarantine, one transaction at a time.
// Blocking; used by one thread at a time. Format: table `record`, see store_file.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/io/database.hpp"

namespace itnxt {

// One record: what it says is its owner's business.
struct StoreRow {
  std::string shelf;  // the kind of record; key is unique within it
  std::string key;
  std::string body;
  bool operator==(const StoreRow&) const = default;
};

using StoreKey = std::pair<std::string, std::string>;                 // shelf, key
using StoreChanges = std::map<StoreKey, std::optional<std::string>>;  // absent body: delete

class StoreFile {
 public:
  struct Options {
    std::string directory;
    std::string config_key = "aggregator.state";  // named in messages
    std::int64_t max_pages = 0;                   // a full disk for tests; 0: no limit
    std::function<void()> before_write;           // a disk that hangs, for tests
  };
  struct Loaded {
    std::vector<StoreRow> rows;
    std::string quarantined;  // where a damaged file went; empty: it was sound
    std::size_t saved = 0;    // rows of it that were whole and carried over
  };

  explicit StoreFile(Options options);

  // Makes the directory (0700) and the file (0600) as needed, takes the lock, checks every page and
  // every record. A damaged file is renamed to alerts.db.corrupt-TIME and a new one begun with the
  // records that are whole. `time`: for the name, digits and letters.
  std::variant<Loaded, StoreTrouble> attach(const std::string& time);
  // The records of a file that attach() could not take over for a passing reason, as far as they
  // are whole: a file system that is read-only can still be read. Absent when it cannot.
  std::optional<std::vector<StoreRow>> read_only();
  [[nodiscard]] bool attached() const { return database_.is_open(); }

  // All or nothing, on the disk when it returns (synchronous=FULL). `replace`: drops every other
  // record. After a failure other than a full disk the file is detached: attach again.
  std::optional<StoreTrouble> write(const StoreChanges& changes, bool replace);

  [[nodiscard]] const std::string& path() const { return database_.path(); }

 private:
  Database::Check load(Loaded& loaded, std::optional<StoreTrouble>& trouble);
  Database::Check read_rows(std::vector<StoreRow>& rows) const;
  std::optional<StoreTrouble> quarantine(const std::string& time, Loaded& loaded);

  const Options options_;
  Database database_;
};

}  // namespace itnxt
