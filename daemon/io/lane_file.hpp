// The SQLite file under an EventLog: events that are not yet delivered everywhere, whom each
// endpoint still owes an answer, and the next number to give. Blocking; used by one thread at a
// time. Who uses it has claimed it (Spool::claim).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/result.hpp"
#include "daemon/io/database.hpp"

namespace itnxt {

struct LaneEvent {
  std::uint64_t id = 0;     // counts up in the file, never re-used
  std::uint64_t epoch = 0;  // of its lane
  std::uint64_t sequence = 0;
  std::string body;  // an EventBatch of this one event, as wire::encode() has it
};

// What numbers the next event: on the disk with the event before it, so that no number is ever
// given twice.
struct LaneState {
  std::uint64_t epoch = 0;
  std::uint64_t next_sequence = 1;
  std::uint64_t next_id = 1;
};

class LaneFile {
 public:
  struct Options {
    std::string directory;
    std::string name;                    // of the file without ".db"; empty: there is none
    std::int64_t max_pages = 0;          // a full disk for tests; 0: no limit
    std::function<void()> before_write;  // a disk that hangs, for tests
  };
  struct Row {
    std::uint64_t id, epoch, sequence;
    std::uint32_t bytes;  // of the body
  };
  struct Loaded {
    bool is_new = false;  // then `lane` is nothing yet
    LaneState lane;
    std::vector<Row> rows;  // by id
    std::map<std::string, std::uint64_t>
        cursors;                              // by endpoint: all up to and with this id are there
    std::map<std::string, std::string> told;  // ToldStates
    std::string quarantined;                  // where a damaged file went; empty: it was sound
  };
  struct Change {
    LaneState lane;
    std::vector<LaneEvent> events;                 // replace those of their ids
    std::map<std::string, std::uint64_t> cursors;  // all of them
    std::map<std::string, std::string> told;       // what changed of it
    std::uint64_t erase_to = 0;                    // delivered or dropped: up to and with this id
  };

  explicit LaneFile(Options options);
  LaneFile(const LaneFile&) = delete;
  LaneFile& operator=(const LaneFile&) = delete;

  // Opens or makes the file and checks every page. A damaged one is renamed to ….corrupt-TIME and
  // another begun. The error says what cannot be done, where and why.
  Result<Loaded> attach(const std::string& time);
  [[nodiscard]] bool attached() const { return db_.is_open(); }

  // All or nothing, on the disk when it returns (WAL, synchronous=FULL). After a failure other than
  // a full disk the file is detached: attach() again.
  Status write(const Change& change);

  // Those of these ids, by id; at most `count` and, but for the first, at most `bytes` of bodies. A
  // row that is damaged ends the list before it; damage at the first is an error.
  Result<std::vector<LaneEvent>> read(std::uint64_t first, std::uint64_t last, std::size_t count,
                                      std::size_t bytes);

  [[nodiscard]] const std::string& path() const { return db_.path(); }

 private:
  std::optional<StoreTrouble> load(Loaded& loaded, bool& damaged);
  bool read_all(Loaded& loaded) const;
  // False: trouble() says why.
  [[nodiscard]] bool write_told(const std::map<std::string, std::string>& changes) const;

  const Options options_;
  Database db_;
};

}  // namespace itnxt
