// The file of the aggregator's journal of events, DIRECTORY/events.db: an event a row, and of each
// lane how far it came. Blocking; used by one thread at a time. 64-bit numbers without sign stand
// in SQLite's signed ones; times are nanoseconds.
//
// Pages are not checked as a whole at the start: a million events would hold the aggregator for
// seconds. Damage shows where it is read; the file is then set aside and a new one begun.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/stored_event.hpp"
#include "daemon/io/database.hpp"

namespace itnxt {

class EventFile {
 public:
  struct Options {
    std::string directory;
    std::string config_key = "aggregator.state";     // named in messages
    std::int64_t most_events = 1'000'000;            // kept; the oldest go …
    Duration longest = std::chrono::hours(24 * 30);  // … and those that were taken before this
    std::size_t latest = 10'000;                     // so many are read back at the start
    std::int64_t max_pages = 0;                      // a full disk for tests; 0: no limit
    std::function<void()> before_write;              // a disk that hangs, for tests
  };
  struct Loaded {
    std::vector<EventLane> lanes;        // the one that was heard last comes last
    std::vector<StoredEventPtr> latest;  // in order
    std::string quarantined;             // where a damaged file went; empty: it was sound
  };

  explicit EventFile(Options options);

  // Opens the file, makes it where it is missing, lets go of what is too old at `now`.
  std::variant<Loaded, StoreTrouble> attach(WallTime now);
  // What can be read of a file that attach() could not take over for a passing reason.
  std::optional<Loaded> read_only();
  [[nodiscard]] bool attached() const { return database_.is_open(); }

  // All or nothing, on the disk when it returns. What it holds already is left as it is. After a
  // failure other than a full disk the file is detached: attach again.
  std::optional<StoreTrouble> write(std::span<const StoredEventPtr> events);

  [[nodiscard]] const std::string& path() const { return database_.path(); }

 private:
  Database::Check load(WallTime now, Loaded& loaded, std::optional<StoreTrouble>& trouble);
  Database::Check read(Loaded& loaded) const;
  [[nodiscard]] bool write_all(std::span<const StoredEventPtr> events) const;
  [[nodiscard]] bool prune(WallTime now);

  const Options options_;
  Database database_;
  std::size_t since_prune_ = 0;  // events written
  WallTime pruned_;
};

}  // namespace itnxt
