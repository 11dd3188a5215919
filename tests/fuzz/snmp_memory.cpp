// Any bytes as the file of what was learned, as they are and under a right checksum, so that what
// is behind it is reached too. What is taken must be within bounds and come back the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "collectors/snmp/memory_file.hpp"
#include "daemon/core/hash.hpp"

namespace {

void look(const std::string& text) {
  using namespace itnxt::snmp;
  const auto devices = decode_memory(text);
  if (!devices) return;
  for (const Remembered& one : *devices) {
    if (one.memory.max_varbinds < 2 || one.memory.max_varbinds > kMostVarbinds) std::abort();
    if (((one.memory.columns | one.memory.useless) >> kMibColumnCount) != 0) std::abort();
  }
  const std::string again = encode_memory(*devices);
  const auto back = decode_memory(again);
  if (!back || encode_memory(*back) != again) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  look(text);
  std::string body = text;
  if (body.empty() || body.back() != '\n') body += '\n';
  std::size_t lines = 0;
  for (const char c : body) lines += c == '\n' ? 1 : 0;
  char checksum[32];
  std::snprintf(checksum, sizeof checksum, " %llx\n",
                static_cast<unsigned long long>(itnxt::stable_hash(body)));
  look(body + "end " + std::to_string(lines - 1) + checksum);
  return 0;
}
