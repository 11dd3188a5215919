// Any datagram as ICMP, with and without an IP header in front: decoding stays inside its bytes.
#include <cstdint>

#include "collectors/probe/icmp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace itnxt::probe;
  const std::span<const std::uint8_t> bytes(data, size);
  (void)decode_icmp4(bytes);
  (void)decode_icmp6(bytes);
  if (const auto inside = inside_ipv4(bytes)) (void)decode_icmp4(*inside);
  return 0;
}
