// The layer above IP: its own lengths, ports and flags. A header that was captured only in part is
// as good as none: `upper` stays none.
#include "collectors/pcap/decoding.hpp"
#include "collectors/pcap/numbers.hpp"

namespace itnxt::pcap {
namespace {

constexpr std::size_t kSmallestTcp = 20;

// RFC 9293 §3.1, options.
constexpr std::uint8_t kEndOption = 0;
constexpr std::uint8_t kPadOption = 1;
constexpr std::uint8_t kTimestampsOption = 8;      // RFC 7323 §3
constexpr std::uint32_t kUsualStart = 0x0101080a;  // two paddings, then timestamps of ten bytes

// What is left behind the upper layer's header.
void behind(Datagram& datagram, const Decoding& d) {
  datagram.payload = static_cast<std::uint32_t>(d.in.wire());
}

void set_timestamps(Datagram& datagram, std::uint32_t value, std::uint32_t echo) {
  datagram.has_timestamps = true;
  datagram.ts_value = value;
  datagram.ts_echo = echo;
}

// `in`: the options, as far as they were captured; at most 40 bytes.
void tcp_options(Reader in, Datagram& datagram) {
  while (const auto kind = in.take<1>()) {
    if (kind.u8<0>() == kEndOption) return;
    if (kind.u8<0>() == kPadOption) continue;
    const auto size = in.take<1>();
    if (!size || size.u8<0>() < 2) return;
    if (kind.u8<0>() == kTimestampsOption && size.u8<0>() == 10) {
      const auto values = in.take<8>();
      if (values) set_timestamps(datagram, values.u32<0>(), values.u32<4>());
      return;
    }
    if (!in.skip(size.u8<0>() - 2U)) return;
  }
}

void tcp(Decoding& d, Datagram& datagram) {
  const auto header = d.in.take<kSmallestTcp>();
  if (!header) return d.missing(kSmallestTcp);
  const std::size_t length = std::size_t{header.u8<12>()} / 16 * 4;
  if (length < kSmallestTcp) return d.blame(Malformed::bad_length);
  datagram.upper = Upper::tcp;
  datagram.source_port = header.u16<0>();
  datagram.destination_port = header.u16<2>();
  datagram.sequence = header.u32<4>();
  datagram.acknowledgement = header.u32<8>();
  datagram.flags = header.u8<13>();
  datagram.window = header.u16<14>();
  const std::size_t options = length - kSmallestTcp;
  if (options == 0) return behind(datagram, d);
  if (options > d.in.wire()) {
    datagram.payload = 0;
    return d.missing(options);
  }
  datagram.payload = static_cast<std::uint32_t>(d.in.wire() - options);
  const auto usual = d.in.peek<12>();
  if (options >= 12 && usual && usual.u32<0>() == kUsualStart) {
    return set_timestamps(datagram, usual.u32<4>(), usual.u32<8>());
  }
  Reader in = d.in;
  (void)in.narrow(options);
  tcp_options(in, datagram);
}

// RFC 768; length 0 by RFC 2675 §4.
void udp(Decoding& d, Datagram& datagram) {
  const auto header = d.in.take<8>();
  if (!header) return d.missing(8);
  datagram.upper = Upper::udp;
  datagram.source_port = header.u16<0>();
  datagram.destination_port = header.u16<2>();
  behind(datagram, d);
  const std::size_t length = header.u16<4>();
  if (length >= 8) {
    if (length - 8 > d.in.wire()) d.missing(length - 8);
  } else if (length != 0 || d.in.wire() + 8 <= kLargestSaid) {
    return d.blame(Malformed::bad_length);
  }
  if (datagram.fragment) {
    datagram.whole = static_cast<std::uint16_t>(length);
  } else {
    decode_udp_tunnel(d, datagram.destination_port);
  }
}

// `size`: of the smallest message (RFC 792: every message has eight bytes; RFC 4443 §2.1: four).
template <std::size_t Size>
void icmp(Decoding& d, Datagram& datagram, Upper upper) {
  const auto header = d.in.take<Size>();
  if (!header) return d.missing(Size);
  datagram.upper = upper;
  datagram.icmp_type = header.template u8<0>();
  datagram.icmp_code = header.template u8<1>();
  behind(datagram, d);
}

// RFC 9260 §3.1.
void sctp(Decoding& d, Datagram& datagram) {
  const auto header = d.in.take<12>();
  if (!header) return d.missing(12);
  datagram.upper = Upper::sctp;
  datagram.source_port = header.u16<0>();
  datagram.destination_port = header.u16<2>();
  behind(datagram, d);
}

// RFC 2328 §A.3.1: 24 bytes; RFC 5340 §A.3.1: 16. Its length leaves out what authenticates it.
void ospf(Decoding& d, Datagram& datagram) {
  const auto header = d.in.take<16>();
  if (!header) return d.missing(16);
  const std::size_t smallest = header.u8<0>() == 2 ? 24 : 16;
  const std::size_t length = header.u16<2>();
  if (length < smallest) return d.blame(Malformed::bad_length);
  if (length - 16 > d.in.wire()) d.missing(length - 16);
  datagram.upper = Upper::ospf;
  behind(datagram, d);
}

}  // namespace

void decode_upper(Decoding& d, Datagram& datagram) {
  // Nearly all there is, before a jump that is hard to guess.
  if (datagram.protocol == ip_number::tcp) return tcp(d, datagram);
  if (datagram.protocol == ip_number::udp) return udp(d, datagram);
  switch (datagram.protocol) {
    case ip_number::icmp:
      return icmp<8>(d, datagram, Upper::icmp);
    case ip_number::icmpv6:
      return icmp<4>(d, datagram, Upper::icmpv6);
    case ip_number::sctp:
      return sctp(d, datagram);
    case ip_number::ospf:
      return ospf(d, datagram);
    case ip_number::gre:
      datagram.upper = Upper::other;
      if (!datagram.fragment) decode_gre(d);
      return;
    case ip_number::ipv4:
    case ip_number::ipv6:
      datagram.upper = Upper::other;
      if (!datagram.fragment) decode_ip_in_ip(d, datagram.protocol);
      return;
    default:
      datagram.upper = Upper::other;
  }
}

}  // namespace itnxt::pcap
