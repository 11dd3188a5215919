// The memory's file (memory_file.hpp): read at the start, written by a thread of its own. All calls
// on the loop's thread.
#pragma once

#include <string>
#include <vector>

#include "collectors/kept_file.hpp"
#include "collectors/snmp/memory_file.hpp"
#include "daemon/core/log.hpp"

namespace itnxt::snmp {

class MemoryStore {
 public:
  // `log` outlives it. `path` empty: nothing is remembered.
  MemoryStore(std::string path, Log& log) : file_(std::move(path)), log_(log) {}
  ~MemoryStore();  // waits until what was saved last is written
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  [[nodiscard]] bool is_on() const { return !file_.path().empty(); }
  // Empty where there is no file, or, with a line in the log, none that can be used.
  [[nodiscard]] std::vector<Remembered> load();
  // Writes it some time soon; what has been waiting is out of date then. A failure is told at the
  // next call, once until it works again.
  void save(std::vector<Remembered> devices);

 private:
  void tell(int error);
  KeptFile file_;
  Log& log_;
  std::string told_;
};

}  // namespace itnxt::snmp
