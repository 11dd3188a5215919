// Any datagram: decoding must stay inside its bytes, and what is accepted must be whole.
#include <cstdint>
#include <cstdlib>

#include "collectors/snmp_protocol/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace itnxt::snmp;
  const auto decoded = decode({data, size});
  const auto* message = std::get_if<Message>(&decoded);
  if (message == nullptr) return 0;
  std::uint32_t count = 0;
  Varbinds varbinds = message->begin();
  ByteView before;
  while (const auto varbind = varbinds.next()) {
    ++count;
    (void)varbind->number();
    (void)dotted(varbind->oid);
    (void)compare(before, varbind->oid);
    (void)row_of(varbind->oid, before);
    before = varbind->oid;
  }
  if (count != message->varbind_count) std::abort();
  return 0;
}
