// What a datagram carries another one in. Each counts against the cap of nested headers; of several
// within each other the innermost that can be followed is told.
#include <utility>

#include "collectors/pcap/decoding.hpp"
#include "collectors/pcap/numbers.hpp"

namespace itnxt::pcap {
namespace {

// GRE, first 16 bits (RFC 2784 §2.1, RFC 2890 §2).
constexpr unsigned kGreChecksum = 0x8000;
constexpr unsigned kGreRouting = 0x4000;
constexpr unsigned kGreKey = 0x2000;
constexpr unsigned kGreSequence = 0x1000;
constexpr unsigned kGreVersion = 0x0007;

constexpr std::uint16_t kVxlanPort = 4789;     // RFC 7348 §5
constexpr std::uint16_t kOldVxlanPort = 8472;  // Linux' own, from before the RFC
constexpr std::uint16_t kGenevePort = 6081;    // RFC 8926 §3.3

bool enter(Decoding& d, Tunnel tunnel) {
  if (!d.descend()) return false;
  if (d.packet.tunnel == Tunnel::none) d.packet.tunnel = tunnel;
  d.inside = true;
  d.packet.inner.there = false;
  d.packet.inner_protocol = Protocol::other;
  d.packet.inner_bytes = static_cast<std::uint32_t>(d.in.wire());
  return true;
}

void carried(Decoding& d, std::uint16_t type) {
  if (type == ether_type::transparent_ethernet) return decode_ethernet(d);
  if (type > kLargestLength) decode_ether_type(d, type);
}

// RFC 7348 §5.
void vxlan(Decoding& d) {
  const auto header = d.in.take<8>();
  if (!header || (header.u8<0>() & 0x08U) == 0) return;
  if (enter(d, Tunnel::vxlan)) decode_ethernet(d);
}

// RFC 8926 §3.4.
void geneve(Decoding& d) {
  const auto header = d.in.take<8>();
  if (!header || header.u8<0>() >> 6U != 0) return;
  if (!d.in.skip(std::size_t{header.u8<0>() & 0x3fU} * 4)) return;
  if (enter(d, Tunnel::geneve)) carried(d, header.u16<2>());
}

}  // namespace

// Version 0. Version 1 (PPTP) and source routes (RFC 1701) are not followed.
void decode_gre(Decoding& d) {
  const auto header = d.in.take<4>();
  if (!header) return d.missing(4);
  const unsigned flags = header.u16<0>();
  if ((flags & (kGreRouting | kGreVersion)) != 0) return;
  const std::size_t optional = ((flags & kGreChecksum) != 0 ? 4U : 0U) +
                               ((flags & kGreKey) != 0 ? 4U : 0U) +
                               ((flags & kGreSequence) != 0 ? 4U : 0U);
  if (!d.in.skip(optional)) return d.missing(optional);
  if (enter(d, Tunnel::gre)) carried(d, header.u16<2>());
}

// RFC 2003, RFC 4213 §3, RFC 2473.
void decode_ip_in_ip(Decoding& d, std::uint8_t number) {
  if (!enter(d, Tunnel::ip_in_ip)) return;
  if (number == ip_number::ipv4) return decode_ipv4(d);
  decode_ipv6(d);
}

// The port is all that says so: what does not fit is no flaw.
void decode_udp_tunnel(Decoding& d, std::uint16_t port) {
  if (port != kVxlanPort && port != kOldVxlanPort && port != kGenevePort) return;
  const bool was = std::exchange(d.quiet, true);
  if (port == kGenevePort) {
    geneve(d);
  } else {
    vxlan(d);
  }
  d.quiet = was;
}

}  // namespace itnxt::pcap
