// What the tests of the pure parts share: a walk driven against a function, and rows to build from.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "collectors/snmp/request.hpp"
#include "collectors/snmp/walk.hpp"
#include "collectors/snmp_protocol/message.hpp"
#include "tests/support/fleet_recording.hpp"
#include "tests/support/fleet_reply.hpp"

namespace itnxt::snmp::test {

using Bytes = std::vector<std::uint8_t>;
// The reply to a request's bytes; empty: silence.
using Agent = std::function<Bytes(ByteView request)>;

struct Driven {
  DeviceSample sample;
  RuleCounts broken;
  std::uint32_t requests = 0;     // sent, repeats included
  std::vector<std::size_t> oids;  // of each request
  std::vector<std::size_t> repetitions;
};

// Polls to the end. Every request takes 10 ms, a silent one its patience.
inline Driven drive(DeviceMemory& memory, const Agent& agent, WalkPolicy policy = {},
                    std::uint32_t most_requests = 100'000) {
  Instant now{};
  Walk walk(memory, policy, now);
  Driven driven;
  std::array<std::uint8_t, 2048> buffer;
  while (!walk.done() && driven.requests < most_requests) {
    const Request request = walk.request();
    driven.oids.push_back(request.count);
    driven.repetitions.push_back(request.max_repetitions);
    const ByteView bytes = encode(request, policy.version, "public",
                                  static_cast<std::int32_t>(++driven.requests), buffer);
    const Bytes reply = agent(bytes);
    if (reply.empty()) {
      now += walk.patience();
      walk.timed_out();
      continue;
    }
    now += 10ms;
    const auto decoded = decode(reply);
    if (const auto* message = std::get_if<Message>(&decoded)) {
      walk.answer(*message, now);
    } else {
      walk.malformed(std::get<Fault>(decoded));
      walk.timed_out();
    }
  }
  driven.broken = walk.broken_rules();
  driven.sample = walk.finish(now);
  return driven;
}

// A device of `rows` well-behaved interfaces, to be spoilt by the test.
inline itnxt::test::Recording device(std::uint32_t rows, bool wide = true) {
  itnxt::test::Recording made;
  made.add("1.3.6.1.2.1.1.1.0", "4", "a device");
  made.add("1.3.6.1.2.1.1.2.0", "6", "1.3.6.1.4.1.9.1.516");
  made.add("1.3.6.1.2.1.1.3.0", "67", "123456");
  made.add("1.3.6.1.2.1.1.5.0", "4", "core-1");
  made.add("1.3.6.1.2.1.2.1.0", "2", std::to_string(rows));
  for (std::uint32_t row = 1; row <= rows; ++row) {
    const std::string i = '.' + std::to_string(row);
    const auto add = [&](const std::string& oid, const char* tag, std::uint64_t n) {
      made.add("1.3.6.1.2.1." + oid + i, tag, std::to_string(n));
    };
    made.add("1.3.6.1.2.1.2.2.1.2" + i, "4", "eth" + std::to_string(row));
    made.add("1.3.6.1.2.1.31.1.1.1.1" + i, "4", "e" + std::to_string(row));
    made.add("1.3.6.1.2.1.31.1.1.1.18" + i, "4", "to " + std::to_string(row));
    add("2.2.1.5", "66", 100'000'000);
    add("2.2.1.7", "2", 1);
    add("2.2.1.8", "2", 2);
    for (const std::uint32_t column : {10U, 11U, 13U, 14U, 16U, 17U, 19U, 20U}) {
      add("2.2.1." + std::to_string(column), "65", 1000 * column + row);
    }
    for (const std::uint32_t column : {2U, 3U, 4U, 5U}) {
      add("31.1.1.1." + std::to_string(column), "65", 2000 * column + row);
    }
    for (std::uint32_t column = 6; wide && column <= 13; ++column) {
      add("31.1.1.1." + std::to_string(column), "70", (5ULL << 32U) + 1000 * column + row);
    }
    if (wide) add("31.1.1.1.15", "66", 100);
    add("31.1.1.1.19", "67", 77);
  }
  return made;
}

inline Agent serve(const itnxt::test::Recording& recording, std::size_t max_varbinds = 100) {
  return [&recording, max_varbinds](ByteView request) {
    return recording.answer(request, max_varbinds);
  };
}

// The decoded request: valid while its bytes are.
inline Message parse(ByteView bytes) {
  const auto decoded = decode(bytes);
  return std::get<Message>(decoded);
}

// The names a request asks for.
inline std::vector<itnxt::test::Recording::Arcs> asked(ByteView request) {
  std::vector<itnxt::test::Recording::Arcs> oids;
  const Message message = parse(request);
  Varbinds varbinds = message.begin();
  while (const auto varbind = varbinds.next()) {
    oids.push_back(itnxt::test::arcs_of(dotted(varbind->oid)));
  }
  return oids;
}

inline bool is_bulk(ByteView request) {
  return parse(request).type == PduType::get_bulk;
}

inline Bytes error(ByteView request, std::uint8_t status, std::uint8_t index = 0) {
  Bytes out(512);
  itnxt::test::ReplyWriter reply(out);
  reply.begin("public", parse(request).request_id);
  out.resize(reply.finish(status, index));
  return out;
}

inline const InterfaceSample* row(const DeviceSample& sample, std::uint32_t index) {
  for (const InterfaceSample& one : sample.interfaces) {
    if (one.if_index == index) return &one;
  }
  return nullptr;
}

}  // namespace itnxt::snmp::test
