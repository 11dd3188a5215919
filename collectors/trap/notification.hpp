// A notification of any version in one form (RFC 1157 §4.1.6, RFC 3416 §4.2.6, §4.2.7): version 1
// is translated by RFC 3584 §3.1. Views into the received bytes; pure; no allocation; taken whole
// or not at all.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "collectors/snmp_protocol/ber.hpp"
#include "collectors/snmp_protocol/message.hpp"
#include "collectors/trap/reasons.hpp"

namespace itnxt::trap {

using snmp::ByteView;

enum class Version : std::uint8_t { v1, v2c, v3 };
inline constexpr std::array<std::string_view, 3> kVersionNames = {"1", "2c", "3"};

// An OID in BER, contents only. Real ones have some 15 bytes.
struct TrapOid {
  static constexpr std::size_t kMost = 128;
  std::array<std::uint8_t, kMost> bytes{};
  std::size_t size = 0;
  [[nodiscard]] ByteView view() const { return ByteView(bytes).first(size); }
};

struct Notification {
  Version version = Version::v2c;
  bool inform = false;                  // waits for an answer
  std::string_view community;           // of version 1 and 2c
  std::int32_t request_id = 0;          // of version 2c and 3
  TrapOid oid;                          // snmpTrapOID.0
  std::optional<std::uint32_t> uptime;  // sysUpTime.0, hundredths of a second
  // snmpTrapAddress.0, of version 1 agent-addr: whose trap it is, as the sender says. Never
  // 0.0.0.0.
  std::optional<std::array<std::uint8_t, 4>> agent;
  std::uint32_t if_index = 0;  // 0: it speaks of none
  std::string_view if_name;    // as the device sent it
  // What it says besides: varbinds of its own, checked.
  ByteView varbinds;
  [[nodiscard]] snmp::Varbinds begin() const { return snmp::Varbinds(varbinds); }
};

// Versions 1 and 2c; version 3 has an envelope of its own: Reason::not_a_trap never means that.
[[nodiscard]] std::variant<Notification, Reason> decode(ByteView datagram);
// The PDU of version 2c or 3.
[[nodiscard]] std::variant<Notification, Reason> read(const snmp::Message& message,
                                                      Version version);

// The answer to an inform: its PDU as a Response without error (RFC 3416 §4.2.7), at the end of
// `room`; empty when it does not fit. With the envelope of version 2c, or without one.
[[nodiscard]] ByteView acknowledge(const snmp::Message& inform, bool envelope,
                                   std::span<std::uint8_t> room);

}  // namespace itnxt::trap
