// What the parts of the decoder (decode_link, decode_ip, decode_upper, decode_tunnel) hand on to
// each other. Only for them; frame.hpp is the door.
#pragma once

#include <cstdint>

#include "collectors/pcap/frame.hpp"
#include "collectors/pcap/reader.hpp"

namespace itnxt::pcap {

// One frame under way: what is left of it, and what was found.
struct Decoding {
  Reader in;
  Packet& packet;
  unsigned headers = 0;
  bool inside = false;  // of a tunnel
  bool quiet = false;   // what is met is no flaw: a guess may be wrong, a fragment ends anywhere

  void blame(Malformed why) {
    if (!quiet && !packet.malformed) packet.malformed = why;
  }
  // A header is not there. Our own snaplen is no flaw; within a tunnel all that is counted of the
  // frame is known.
  void missing(std::size_t need) {
    const Shortage why = in.shortage(need);
    if (why == Shortage::cut) {
      packet.cut = packet.cut || !inside;
    } else {
      blame(why == Shortage::declared ? Malformed::bad_length : Malformed::truncated);
    }
  }
  // One header deeper; false at the cap.
  bool descend() {
    if (headers++ < kMaxHeaders) return true;
    blame(Malformed::too_deep);
    return false;
  }
  void is(Protocol protocol) { (inside ? packet.inner_protocol : packet.protocol) = protocol; }
  [[nodiscard]] Datagram& datagram() { return inside ? packet.inner : packet.outer; }
};

// Each takes what begins at `in`.
void decode_ethernet(Decoding& d);
// What follows an EtherType; below 1501 it is a length, and 802.2 follows.
void decode_ether_type(Decoding& d, std::uint16_t type);
void decode_mpls(Decoding& d);
void decode_ipv4(Decoding& d);
void decode_ipv6(Decoding& d);
// IPv4 or IPv6, by the first four bits; false when it is neither, and nothing is taken.
bool decode_ip(Decoding& d);
// The upper layer of a datagram whose IP header and extensions are taken.
void decode_upper(Decoding& d, Datagram& datagram);
// What a datagram may carry in a tunnel: GRE, another IP header, or UDP to one of the ports.
void decode_gre(Decoding& d);
void decode_ip_in_ip(Decoding& d, std::uint8_t number);
void decode_udp_tunnel(Decoding& d, std::uint16_t port);

}  // namespace itnxt::pcap
