// IPv4, and IPv6 with its extension headers.
#include <utility>

#include "collectors/pcap/decoding.hpp"
#include "collectors/pcap/numbers.hpp"

namespace itnxt::pcap {
namespace {

constexpr std::uint8_t kJumboOption = 0xc2;  // RFC 2675 §2
constexpr std::uint8_t kPad1Option = 0;
constexpr std::size_t kSmallestIpv4 = 20;

Datagram& begin(Decoding& d, std::uint8_t version, std::uint8_t traffic_class) {
  Datagram& datagram = d.datagram();
  datagram = Datagram{};
  datagram.there = true;
  datagram.version = version;
  datagram.dscp = traffic_class >> 2U;
  return datagram;
}

// The upper layer of the first of several fragments: what is there is taken, and that the rest is
// elsewhere is no flaw.
void first_fragment(Decoding& d, Datagram& datagram) {
  const bool was = std::exchange(d.quiet, true);
  decode_upper(d, datagram);
  d.quiet = was;
}

// Payload length 0: a jumbogram, a packet too large to say so, or really nothing.
void unsaid_payload(Decoding& d, std::uint8_t next) {
  if (next != ip_number::hop_by_hop) {
    if (d.in.wire() <= kLargestSaid) (void)d.in.narrow(0);
    return;
  }
  Reader ahead = d.in;  // the hop-by-hop header is read twice: its option bounds it, too
  const auto header = ahead.take<2>();
  if (!header) return;  // extensions() finds out why
  if (!ahead.narrow(header.u8<1>() * 8U + 6U)) return;
  while (const auto type = ahead.take<1>()) {
    if (type.u8<0>() == kPad1Option) continue;
    const auto size = ahead.take<1>();
    if (!size) break;
    if (type.u8<0>() != kJumboOption) {
      if (!ahead.skip(size.u8<0>())) break;
      continue;
    }
    const auto length = ahead.take<4>();
    if (!length) break;
    if (size.u8<0>() != 4 || length.u32<0>() <= kLargestSaid) {
      return d.blame(Malformed::bad_length);
    }
    if (!d.in.narrow(length.u32<0>())) d.blame(Malformed::truncated);
    return;
  }
  if (ahead.skip(ahead.wire()) && d.in.wire() <= kLargestSaid) d.blame(Malformed::bad_length);
}

// What a header of this number is made of, when it is an extension header (RFC 7045 §3) whose
// length stands in its second byte: so many bytes a unit, and units that are not counted.
struct Extension {
  std::size_t unit = 0;
  std::size_t extra = 0;
};
Extension extension_of(std::uint8_t number) {
  switch (number) {
    case ip_number::hop_by_hop:
    case ip_number::routing:
    case ip_number::destination:
    case ip_number::mobility:
    case ip_number::hip:
    case ip_number::shim6:
      return {8, 1};
    case ip_number::authentication:  // counts in 4 bytes, less 2 (RFC 4302 §2.2)
      return {4, 2};
    default:
      return {};
  }
}

void extensions(Decoding& d, Datagram& datagram, std::uint8_t next) {
  for (;;) {
    if (next == ip_number::fragment) {
      if (!d.descend()) return;
      const auto header = d.in.take<8>();
      if (!header) return d.missing(8);
      next = header.u8<0>();
      const bool later = (header.u16<2>() & 0xfff8U) != 0;
      datagram.fragment = datagram.fragment || later || (header.u16<2>() & 1U) != 0;
      if (!later) continue;
      datagram.protocol = next;
      datagram.payload = static_cast<std::uint32_t>(d.in.wire());
      return d.is(protocol_of(next));
    }
    const Extension extension = extension_of(next);
    if (extension.unit == 0) break;
    if (!d.descend()) return;
    const auto header = d.in.take<2>();
    if (!header) return d.missing(2);
    next = header.u8<0>();
    const std::size_t rest = (header.u8<1>() + extension.extra) * extension.unit - 2;
    if (!d.in.skip(rest)) return d.missing(rest);
  }
  datagram.protocol = next;
  datagram.payload = static_cast<std::uint32_t>(d.in.wire());
  d.is(protocol_of(next));
  if (datagram.fragment) return first_fragment(d, datagram);
  decode_upper(d, datagram);
}

}  // namespace

// RFC 791 §3.1.
void decode_ipv4(Decoding& d) {
  const auto header = d.in.take<kSmallestIpv4>();
  if (!header) return d.missing(kSmallestIpv4);
  if (header.u8<0>() >> 4U != 4) return d.blame(Malformed::bad_version);
  const std::size_t length = std::size_t{header.u8<0>() & 0x0fU} * 4;
  if (length < kSmallestIpv4) return d.blame(Malformed::bad_length);
  Datagram& datagram = begin(d, 4, header.u8<1>());
  datagram.protocol = header.u8<9>();
  datagram.source = v4(header.u32<12>());
  datagram.destination = v4(header.u32<16>());
  datagram.fragment = (header.u16<6>() & 0x3fffU) != 0;  // an offset, or more to come
  d.is(protocol_of(datagram.protocol));

  const std::size_t total = header.u16<2>();
  if (total >= length) {
    if (!d.in.narrow(total - kSmallestIpv4)) d.blame(Malformed::truncated);
  } else if (total != 0 || d.in.wire() + kSmallestIpv4 <= kLargestSaid) {
    return d.blame(Malformed::bad_length);
  }
  const std::size_t options = length - kSmallestIpv4;
  if (options != 0 && !d.in.skip(options)) return d.missing(options);
  datagram.payload = static_cast<std::uint32_t>(d.in.wire());
  if (!datagram.fragment) return decode_upper(d, datagram);
  if ((header.u16<6>() & 0x1fffU) == 0) first_fragment(d, datagram);
}

// RFC 8200 §3, §4.
void decode_ipv6(Decoding& d) {
  const auto header = d.in.take<40>();
  if (!header) return d.missing(40);
  if (header.u8<0>() >> 4U != 6) return d.blame(Malformed::bad_version);
  Datagram& datagram = begin(d, 6, static_cast<std::uint8_t>(header.u16<0>() >> 4U));
  datagram.source = {header.u64<8>(), header.u64<16>()};
  datagram.destination = {header.u64<24>(), header.u64<32>()};
  const std::size_t payload = header.u16<4>();
  const std::uint8_t next = header.u8<6>();
  if (payload == 0) {
    unsaid_payload(d, next);
  } else if (!d.in.narrow(payload)) {
    d.blame(Malformed::truncated);
  }
  extensions(d, datagram, next);
}

bool decode_ip(Decoding& d) {
  const auto first = d.in.peek<1>();
  const unsigned version = first ? first.u8<0>() >> 4U : 0U;
  if (version == 4) decode_ipv4(d);
  if (version == 6) decode_ipv6(d);
  return version == 4 || version == 6;
}

}  // namespace itnxt::pcap
