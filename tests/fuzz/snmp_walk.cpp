// A device that answers anything. The input is a script: a byte says how each request is answered
// (silence, the reply of a real agent with some bytes changed, raw bytes), and the poll must end
// within its budgets, with rows in order.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "collectors/snmp/walk.hpp"
#include "tests/collectors/snmp/agent.hpp"

namespace {

using namespace itnxt;
using namespace itnxt::snmp;

struct Script {
  const std::uint8_t* at;
  const std::uint8_t* end;
  std::uint8_t byte() { return at == end ? 0 : *at++; }
};

std::vector<std::uint8_t> reply_to(ByteView request, Script& script,
                                   const itnxt::test::Recording& device) {
  const std::uint8_t how = script.byte();
  if (how == 0) return {};
  if (how < 16) return snmp::test::error(request, how, script.byte());
  if (how < 32) {
    std::vector<std::uint8_t> raw(script.byte());
    for (std::uint8_t& byte : raw) byte = script.byte();
    return raw;
  }
  std::vector<std::uint8_t> reply = device.answer(request, 2 + how % 100U);
  for (int changes = how % 4; changes > 0 && !reply.empty(); --changes) {
    const std::size_t place = (std::size_t{script.byte()} << 8U | script.byte()) % reply.size();
    reply[place] = script.byte();
  }
  return reply;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const itnxt::test::Recording device = snmp::test::device(5);
  Script script{data, data + size};
  DeviceMemory memory;
  for (int poll = 0; poll < 3; ++poll) {
    // When the script has ended, nothing but silence comes: the poll is over soon after.
    const auto driven = snmp::test::drive(
        memory, [&](ByteView request) { return reply_to(request, script, device); }, {},
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
