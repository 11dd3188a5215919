// Numbers of the registries that several parts of the decoder need.
#pragma once

#include <array>
#include <cstdint>

#include "daemon/core/sample.hpp"

namespace itnxt::pcap {

// EtherTypes (IEEE registry); up to kLargestLength the field is a length (802.3 §3.2.6).
namespace ether_type {
inline constexpr std::uint16_t ipv4 = 0x0800;
inline constexpr std::uint16_t arp = 0x0806;
inline constexpr std::uint16_t transparent_ethernet = 0x6558;  // RFC 1701, GENEVE
inline constexpr std::uint16_t vlan = 0x8100;
inline constexpr std::uint16_t ipv6 = 0x86dd;
inline constexpr std::uint16_t mpls = 0x8847;
inline constexpr std::uint16_t mpls_upstream = 0x8848;
inline constexpr std::uint16_t pppoe_session = 0x8864;
inline constexpr std::uint16_t provider_vlan = 0x88a8;
inline constexpr std::uint16_t old_q_in_q = 0x9100;
}  // namespace ether_type
inline constexpr std::uint16_t kLargestLength = 1500;

// IP protocol numbers (IANA).
namespace ip_number {
inline constexpr std::uint8_t hop_by_hop = 0;
inline constexpr std::uint8_t icmp = 1;
inline constexpr std::uint8_t ipv4 = 4;
inline constexpr std::uint8_t tcp = 6;
inline constexpr std::uint8_t udp = 17;
inline constexpr std::uint8_t ipv6 = 41;
inline constexpr std::uint8_t routing = 43;
inline constexpr std::uint8_t fragment = 44;
inline constexpr std::uint8_t gre = 47;
inline constexpr std::uint8_t authentication = 51;
inline constexpr std::uint8_t icmpv6 = 58;
inline constexpr std::uint8_t destination = 60;
inline constexpr std::uint8_t ospf = 89;
inline constexpr std::uint8_t sctp = 132;
inline constexpr std::uint8_t mobility = 135;
inline constexpr std::uint8_t hip = 139;
inline constexpr std::uint8_t shim6 = 140;
}  // namespace ip_number

inline constexpr std::size_t kLargestSaid = 65535;  // what a 16-bit length can say

// By a table, not by branches that traffic of many kinds makes the processor guess wrong.
inline constexpr std::array<Protocol, 256> kProtocolOf = [] {
  std::array<Protocol, 256> table{};
  table.fill(Protocol::other);
  table[ip_number::tcp] = Protocol::tcp;
  table[ip_number::udp] = Protocol::udp;
  table[ip_number::icmp] = Protocol::icmp;
  table[ip_number::icmpv6] = Protocol::icmpv6;
  table[ip_number::sctp] = Protocol::sctp;
  table[ip_number::ospf] = Protocol::ospf;
  table[ip_number::gre] = Protocol::gre;
  table[ip_number::ipv4] = table[ip_number::ipv6] = Protocol::ip_in_ip;
  return table;
}();
constexpr Protocol protocol_of(std::uint8_t number) {
  return kProtocolOf[number];
}

}  // namespace itnxt::pcap
