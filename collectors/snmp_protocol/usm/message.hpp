// SNMPv3 messages (RFC 3412 §6) with USM's security parameters (RFC 3414 §2.4) as bytes. Pure; no
// allocation; views point into the caller's bytes. Whose messages are believed is engine.hpp's
// part.
//
//   encode: plain PDU → scoped PDU → enciphered → header → signed, in the caller's buffer
//   decode: datagram → V3Message, a view; nothing in it can be trusted yet
//   open:   V3Message + keys → signature checked, deciphered → ScopedPdu → snmp::decode_pdu()
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "collectors/snmp_protocol/message.hpp"
#include "collectors/snmp_protocol/usm/keys.hpp"

namespace itnxt::snmp::usm {

inline constexpr std::uint32_t kMostNumber = 0x7FFFFFFF;  // of msgID, boots and time
inline constexpr std::uint32_t kLeastMaxSize = 484;       // RFC 3412 §6.3
inline constexpr std::uint32_t kMostUdpPayload = 65'507;
// What a message has at most beside its PDU.
inline constexpr std::size_t kMostOverhead = 304;

struct Header {
  std::int32_t message_id = 0;
  // Of a message that we take. Never less, to have answers cut: Debian's snmpd gives genErr
  // instead.
  std::uint32_t max_size = kMostUdpPayload;
  SecurityLevel level = SecurityLevel::no_auth_no_priv;
  bool reportable = true;  // of every request (RFC 3412 §6.4)
  ByteView engine_id;      // of the authoritative engine; empty: a discovery
  std::uint32_t boots = 0;
  std::uint32_t time = 0;
  std::string_view user;
};

struct ScopedPdu {
  ByteView context_engine_id;
  std::string_view context_name;
  ByteView pdu;  // encoded
};

// The message, somewhere in `buffer`; empty when it does not fit, or the keys for the level are not
// there. `keys` may be null for no_auth_no_priv. `scoped.pdu` is no part of the buffer.
[[nodiscard]] ByteView encode(const Header& header, const ScopedPdu& scoped, LocalKeys* keys,
                              SaltCounter& salts, std::span<std::uint8_t> buffer);

struct V3Message {
  ByteView whole;
  Header header;
  std::size_t auth_at = 0;  // of auth_parameters within `whole`
  ByteView auth_parameters;
  ByteView privacy_parameters;
  ByteView data;  // the scoped PDU's content; at auth_priv: enciphered
};

// Why bytes are no message.
enum class V3Fault : std::uint8_t {
  bad_length,  // an element longer than what holds it, or bytes behind the last one
  bad_tag,
  bad_version,
  bad_number,          // out of its range
  bad_flags,           // privacy without authentication (RFC 3412 §7.2)
  bad_security_model,  // not USM
  bad_engine_id,       // neither empty nor 5 to 32 octets
  bad_user,            // more than 32 octets
  bad_parameters,      // signature or salt of a size that nobody uses
};
[[nodiscard]] std::string_view name(V3Fault fault);

[[nodiscard]] std::variant<V3Message, V3Fault> decode_v3(ByteView datagram);

enum class OpenFault : std::uint8_t {
  no_keys,       // the message is on a level for which there are no keys
  wrong_digest,  // altered, or signed with another key
  bad_cipher,    // the salt or the length is impossible, or what comes out is no scoped PDU
  bad_scoped_pdu,
};
[[nodiscard]] std::string_view name(OpenFault fault);

// Checks and deciphers on the level that the message says it has. `buffer` takes the plain text, as
// long as message.data, and is not used below auth_priv.
[[nodiscard]] std::variant<ScopedPdu, OpenFault> open(const V3Message& message, LocalKeys* keys,
                                                      std::span<std::uint8_t> buffer);

// What a Report of USM says (RFC 3414 §5, usmStats*.0).
enum class UsmReport : std::uint8_t {
  unsupported_sec_levels = 1,
  not_in_time_windows = 2,
  unknown_user_names = 3,
  unknown_engine_ids = 4,
  wrong_digests = 5,
  decryption_errors = 6,
};
// As the MIB has it: "usmStatsWrongDigests".
[[nodiscard]] std::string_view name(UsmReport report);
// Absent: no Report, or one about something else.
[[nodiscard]] std::optional<UsmReport> usm_report(const Message& pdu);

}  // namespace itnxt::snmp::usm
