// SNMP requests as bytes, by net-snmp's BER writer. No session, no configuration file, no MIB
// file, no global state of the library is touched. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "collectors/snmp/if_mib.hpp"
#include "collectors/snmp_protocol/ber.hpp"
#include "collectors/snmp_protocol/message.hpp"

namespace itnxt::snmp {

enum class RequestType : std::uint8_t { get, get_next, get_bulk };  // version 1 has no GETBULK

struct Request {
  static constexpr std::size_t kMostOids = kMibColumnCount + 1;
  RequestType type = RequestType::get;
  std::uint16_t non_repeaters = 0;    // GETBULK only
  std::uint16_t max_repetitions = 0;  // GETBULK only
  std::uint8_t count = 0;
  std::array<Oid, kMostOids> oids;
  void add(const Oid& oid) { oids[count++] = oid; }
};

// The message, at the end of `buffer`; empty when it does not fit. 1,024 bytes hold any Request
// with a community of up to 255 bytes.
[[nodiscard]] ByteView encode(const Request& request, Version version, std::string_view community,
                              std::int32_t request_id, std::span<std::uint8_t> buffer);
// The same without its envelope, for a scoped PDU of SNMPv3.
[[nodiscard]] ByteView encode_pdu(const Request& request, std::int32_t request_id,
                                  std::span<std::uint8_t> buffer);

}  // namespace itnxt::snmp
