// What a device answers by a script, for targets whose input is one: a byte says how each request
// is answered (silence, an error, raw bytes, the reply of a sound agent with some bytes changed).
// When the script has ended, nothing but silence comes.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/collectors/snmp/agent.hpp"

namespace itnxt::fuzz {

struct Script {
  const std::uint8_t* at;
  const std::uint8_t* end;
  std::uint8_t byte() { return at == end ? 0 : *at++; }
};

// The sound agent answers with `fewest` varbinds or up to 99 more.
inline std::vector<std::uint8_t> reply_to(snmp::ByteView request, Script& script,
                                          const test::Recording& device, std::size_t fewest) {
  const std::uint8_t how = script.byte();
  if (how == 0) return {};
  if (how < 16) return snmp::test::error(request, how, script.byte());
  if (how < 32) {
    std::vector<std::uint8_t> raw(script.byte());
    for (std::uint8_t& byte : raw) byte = script.byte();
    return raw;
  }
  std::vector<std::uint8_t> reply = device.answer(request, fewest + how % 100U);
  for (int changes = how % 4; changes > 0 && !reply.empty(); --changes) {
    const std::size_t place = (std::size_t{script.byte()} << 8U | script.byte()) % reply.size();
    reply[place] = script.byte();
  }
  return reply;
}

}  // namespace itnxt::fuzz
