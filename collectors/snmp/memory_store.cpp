#include "collectors/snmp/memory_store.hpp"

#include <utility>

#include "daemon/core/fd.hpp"

namespace itnxt::snmp {

MemoryStore::~MemoryStore() {
  if (const int error = file_.close(); error != 0) tell(error);
}

std::vector<Remembered> MemoryStore::load() {
  if (!is_on()) return {};
  const auto text = read_kept(file_.path(), kMostMemoryText);
  if (!text) return {};
  auto devices =
      *text ? decode_memory(**text) : Result<std::vector<Remembered>>(Error{text->error()});
  if (devices) return std::move(*devices);
  log_.warning("what was learned of devices cannot be used and is learned anew",
               {{"file", file_.path()}, {"problem", devices.error()}});
  return {};
}

void MemoryStore::save(std::vector<Remembered> devices) {
  if (!is_on()) return;
  tell(file_.save([kept = std::move(devices)] { return encode_memory(kept); }));
}

void MemoryStore::tell(int error) {
  const std::string problem = error == 0 ? "" : errno_text(error);
  if (problem == std::exchange(told_, problem) || problem.empty()) return;
  log_.warning(
      "what was learned of devices cannot be kept over a restart; make the directory writable",
      {{"file", file_.path()}, {"problem", problem}});
}

}  // namespace itnxt::snmp
