// A datagram of the kernel's, of any bytes: reading must stay inside them and end, and what is read
// must be bounded.
#include <cstdint>
#include <cstdlib>
#include <variant>
#include <vector>

#include "collectors/host/link_message.hpp"
#include "collectors/host/link_table.hpp"
#include "daemon/core/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace itnxt::host;
  // A block of exactly this size: one byte too many is seen.
  const std::vector<std::uint8_t> bytes(data, data + size);
  Datagram datagram(bytes);
  LinkTable table;
  std::size_t messages = 0;
  table.begin_dump();
  while (const auto message = datagram.next()) {
    if (++messages > size) std::abort();
    (void)read_error(*message);
    const auto said = read_link(*message);
    const auto* link = std::get_if<LinkMessage>(&said);
    if (link == nullptr) continue;
    if (link->if_index == 0 || link->if_index > 0x7FFF'FFFFU) std::abort();
    if (link->name && (link->name->empty() || link->name->size() > 15)) std::abort();
    if (link->alias && link->alias->size() > 255) std::abort();
    table.take(*link);
  }
  table.end_dump(!datagram.malformed());
  if (table.links().size() > messages) std::abort();
  for (const auto& [if_index, link] : table.links()) {
    const auto row = row_of(if_index, link, {}, {});
    if (!itnxt::is_valid_utf8(row.if_name) || !itnxt::is_valid_utf8(row.if_alias)) std::abort();
  }
  return 0;
}
