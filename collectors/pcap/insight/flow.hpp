// One flow: what travels between two ends (address, port) by one protocol, either way. Two cache
// lines. Values only.
#pragma once

#include <array>
#include <cstdint>

#include "collectors/pcap/packet.hpp"

namespace itnxt::pcap {

// Microseconds since the capture's first packet, modulo 2^32 (71 minutes): only differences of
// less than half of that mean anything.
using Micros = std::uint32_t;
constexpr std::int32_t since(Micros now, Micros then) {
  return static_cast<std::int32_t>(now - then);
}

// The lower end (by address, then port) is end 0, whoever speaks.
struct FlowKey {
  std::array<IpAddress, 2> address{};
  std::uint32_t ports = 0;    // of end 0 in the upper half; 0 where the protocol has none
  std::uint8_t protocol = 0;  // IANA

  [[nodiscard]] std::uint16_t port(unsigned end) const {
    return static_cast<std::uint16_t>(end == 0 ? ports >> 16U : ports);
  }
  // Without a branch: keys that are compared are nearly always equal.
  bool operator==(const FlowKey& o) const {
    return ((address[0].high ^ o.address[0].high) | (address[0].low ^ o.address[0].low) |
            (address[1].high ^ o.address[1].high) | (address[1].low ^ o.address[1].low) |
            (ports ^ o.ports) | static_cast<unsigned>(protocol ^ o.protocol)) == 0;
  }
};

// What one end sends, in sequence numbers (RFC 9293 §3.4: modulo 2^32).
struct TcpHalf {
  std::uint32_t next = 0;   // behind the highest byte seen
  std::uint32_t acked = 0;  // the highest acknowledgement of it seen
  // The segment whose acknowledgement is waited for.
  std::uint32_t timed_end = 0;
  std::uint32_t timed_stamp = 0;  // its TSval
  Micros timed_at = 0;
  // [hole, next) has been announced by a gap, at hole_at.
  std::uint32_t hole = 0;
  Micros hole_at = 0;
  std::uint16_t segment = 0;       // largest payload seen
  std::uint16_t timed_behind = 0;  // bytes behind timed_end that were sent together with it
};

namespace half_flag {
inline constexpr std::uint8_t seen = 1, acked = 2, timed = 4, timed_syn = 8, ambiguous = 16,
                              hole = 32, closed_window = 64, reset = 128;
}
namespace flow_flag {
inline constexpr std::uint8_t client_is_1 = 1, attempt = 2, syn_unanswered = 4;
}

struct alignas(64) Flow {
  // The key, taken apart so that all of this line is used.
  std::array<IpAddress, 2> address{};
  std::uint32_t ports = 0;
  std::uint8_t protocol = 0;
  // TCP's.
  std::uint8_t flags = 0;
  std::array<std::uint8_t, 2> half_flags{};
  std::uint16_t pair = 0;           // of sites: who is told of this flow's health
  std::uint16_t round_trip = 0;     // of its handshake, in 64 µs; 0: not known
  std::array<Micros, 2> edge_at{};  // when `next` last moved
  // Not yet told to the sketches.
  std::array<std::uint32_t, 2> bytes{};  // by sender
  std::uint32_t packets = 0;

  std::array<TcpHalf, 2> half{};

  [[nodiscard]] FlowKey key() const { return {address, ports, protocol}; }
  [[nodiscard]] unsigned client() const { return flags & flow_flag::client_is_1; }
};
static_assert(sizeof(TcpHalf) == 32 && sizeof(Flow) == 128);

}  // namespace itnxt::pcap
