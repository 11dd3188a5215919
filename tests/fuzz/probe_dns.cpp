// Any datagram as an answer: decoding stays inside its bytes, and what is accepted repeats the
// question.
#include <cstdint>
#include <cstdlib>

#include "collectors/probe/dns.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace itnxt;
  static const auto question = probe::encode_question(0x4142, "example.org", DnsType::a);
  const std::span<const std::uint8_t> bytes(data, size);
  if (probe::decode_answer(bytes, question) && size < question.size()) std::abort();
  (void)probe::decode_answer(question, bytes);
  return 0;
}
