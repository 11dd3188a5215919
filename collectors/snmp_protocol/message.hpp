// An SNMPv1 or v2c message (RFC 1157 §4, RFC 1901 §3, RFC 3416 §3) as views into the received
// bytes. Pure; no allocation; a message is accepted whole or not at all.
//
// Decoding is ours: Debian's libsnmp 5.9.3 lacks fixes that its parser got upstream, allocates for
// every varbind, and the bytes are anybody's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "collectors/snmp_protocol/ber.hpp"

namespace itnxt::snmp {

enum class PduType : std::uint8_t {
  get = 0xA0,
  get_next = 0xA1,
  response = 0xA2,
  set = 0xA3,
  get_bulk = 0xA5,
  inform = 0xA6,
  trap = 0xA7,
  report = 0xA8,
};

// Types of RFC 2578 §7.1 and the exceptions of RFC 3416 §3; `other`: legal BER of a type unknown
// here, whose value nobody uses.
enum class Type : std::uint8_t {
  integer = 0x02,
  octets = 0x04,
  null = 0x05,
  oid = 0x06,
  ip_address = 0x40,
  counter32 = 0x41,
  gauge32 = 0x42,
  time_ticks = 0x43,
  opaque = 0x44,
  counter64 = 0x46,
  no_such_object = 0x80,
  no_such_instance = 0x81,
  end_of_mib_view = 0x82,
  other = 0xFF,
};
[[nodiscard]] std::string_view name(Type type);
// NULL and the three exceptions: neither zero nor an error, there is just no value (RFC 3416
// §4.2.1).
[[nodiscard]] bool is_absent(Type type);

struct Varbind {
  ByteView oid;  // encoded
  Type type = Type::null;
  ByteView value;  // content
  // The number, by the rules of its type; absent when it has none or is malformed.
  [[nodiscard]] std::optional<std::uint64_t> number() const;
  [[nodiscard]] std::string_view text() const;
};

// The varbinds of a decoded message, one after another.
class Varbinds {
 public:
  Varbinds() : reader_(ByteView{}) {}
  explicit Varbinds(ByteView checked) : reader_(checked) {}
  [[nodiscard]] std::optional<Varbind> next();

 private:
  Reader reader_;
};

inline constexpr std::int32_t kNoError = 0;
inline constexpr std::int32_t kTooBig = 1;
inline constexpr std::int32_t kNoSuchName = 2;  // of version 1; its position is error_index
inline constexpr std::int32_t kAuthorizationError = 16;  // who asks may not read that (RFC 3416 §3)
[[nodiscard]] std::string_view error_status_name(std::int64_t status);

// As the envelope has it. Version 3 has another envelope (usm/message.hpp): bad_version here.
enum class Version : std::uint8_t { v1 = 0, v2c = 1 };

struct Message {
  Version version = Version::v2c;  // of a PDU without its envelope: v2c
  std::string_view community;      // empty: a PDU on its own
  PduType type = PduType::response;
  std::int32_t request_id = 0;
  std::int64_t error_status = kNoError;  // of a GETBULK: non-repeaters
  std::int64_t error_index = 0;          // of a GETBULK: max-repetitions
  ByteView varbinds;                     // checked: every element is an OID with a value
  std::uint32_t varbind_count = 0;
  [[nodiscard]] Varbinds begin() const { return Varbinds(varbinds); }
};

// Why bytes are no message.
enum class Fault : std::uint8_t { bad_length, bad_tag, bad_version, bad_number, bad_varbind };
[[nodiscard]] std::string_view name(Fault fault);

// Versions 1 and 2c. Bytes behind the message are a fault too (bad_length).
[[nodiscard]] std::variant<Message, Fault> decode(ByteView datagram);
// A PDU without its envelope, as a scoped PDU of SNMPv3 holds it.
[[nodiscard]] std::variant<Message, Fault> decode_pdu(ByteView bytes);

}  // namespace itnxt::snmp
