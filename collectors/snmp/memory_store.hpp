// The memory's file (memory_file.hpp): read at the start, written whole by a thread of its own (new
// file, fsync, rename), so that no disk delays a poll. All calls on the loop's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collectors/snmp/memory_file.hpp"
#include "daemon/core/log.hpp"

namespace itnxt::snmp {

class MemoryStore {
 public:
  // Both outlive it. `path` empty: nothing is remembered.
  MemoryStore(std::string path, Log& log);
  ~MemoryStore();  // waits until what was saved last is written
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  [[nodiscard]] bool is_on() const { return !path_.empty(); }
  // Empty where there is no file, or, with a line in the log, none that can be used.
  [[nodiscard]] std::vector<Remembered> load();
  // Writes it some time soon; what has been waiting is out of date then. A failure is told at the
  // next call, once until it works again.
  void save(std::vector<Remembered> devices);

 private:
  struct Shared;
  void tell(const std::string& problem);
  const std::string path_;
  Log& log_;
  std::unique_ptr<Shared> shared_;  // from the first save on
  std::string told_;
};

}  // namespace itnxt::snmp
