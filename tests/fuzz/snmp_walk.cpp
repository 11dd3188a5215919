// A device that answers anything. The input is a script: a byte says how each request is answered
// (silence, the reply of a real agent with some bytes changed, raw bytes), and the poll must end
// within its budgets, with rows in order.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "collectors/snmp/walk.hpp"
#include "tests/fuzz/agent_script.hpp"

using namespace itnxt;
using namespace itnxt::snmp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const itnxt::test::Recording device = snmp::test::device(5);
  fuzz::Script script{data, data + size};
  DeviceMemory memory;
  for (int poll = 0; poll < 3; ++poll) {
    // When the script has ended, nothing but silence comes: the poll is over soon after.
    const auto driven = snmp::test::drive(
        memory, [&](ByteView request) { return fuzz::reply_to(request, script, device, 2); }, {},
        static_cast<std::uint32_t>(size) + 64);
    std::int64_t before = -1;
    for (const InterfaceSample& row : driven.sample.interfaces) {
      if (static_cast<std::int64_t>(row.if_index) <= before) std::abort();
      before = row.if_index;
    }
    if (driven.requests >= size + 64) std::abort();
    if (driven.sample.complete && driven.sample.result == PollResult::timeout) std::abort();
    if (memory.max_varbinds < 2) std::abort();
  }
  return 0;
}
