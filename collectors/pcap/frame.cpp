#include "collectors/pcap/frame.hpp"

#include "collectors/pcap/reader.hpp"

namespace itnxt::pcap {
namespace {

// EtherTypes (IEEE registry); below kSmallestEtherType the field is a length (802.3 §3.2.6).
constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kArp = 0x0806;
constexpr std::uint16_t kIpv6 = 0x86dd;
constexpr std::uint16_t kVlan = 0x8100;
constexpr std::uint16_t kProviderVlan = 0x88a8;
constexpr std::uint16_t kOldQinQ = 0x9100;
constexpr std::uint16_t kLargestLength = 1500;

// Linux cooked: packet types, and what the protocol field means by the ARP hardware type.
constexpr std::uint16_t kCookedLlc = 0x0004;
constexpr std::uint16_t kPacketOutgoing = 4;
constexpr std::uint16_t kHardwareNetlink = 824;

// IP protocol numbers (IANA).
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kDestination = 60;
constexpr std::uint8_t kMobility = 135;
constexpr std::uint8_t kHip = 139;
constexpr std::uint8_t kShim6 = 140;

constexpr std::size_t kLargestSaid = 65535;  // what a 16-bit length can say
constexpr std::uint8_t kJumboOption = 0xc2;  // RFC 2675 §2
constexpr std::uint8_t kPad1Option = 0;

Protocol protocol_of(std::uint8_t number) {
  switch (number) {
    case kTcp:
      return Protocol::tcp;
    case kUdp:
      return Protocol::udp;
    case kIcmp:
      return Protocol::icmp;
    case kIcmpv6:
      return Protocol::icmpv6;
    default:
      return Protocol::other;
  }
}

class Decoder {
 public:
  Decoder(std::span<const std::uint8_t> captured, std::size_t original) : in_(captured, original) {}

  Packet run(LinkType link) {
    switch (link) {
      case LinkType::ethernet:
        ethernet();
        break;
      case LinkType::cooked:
        cooked();
        break;
      case LinkType::cooked2:
        cooked2();
        break;
      case LinkType::raw_ip:
        raw_ip();
        break;
      case LinkType::ipv4:
        ipv4();
        break;
      case LinkType::ipv6:
        ipv6();
        break;
      case LinkType::loopback:
        loopback();
        break;
      case LinkType::other:
        break;
    }
    return frame_;
  }

 private:
  void blame(Malformed why) {
    if (!frame_.malformed) frame_.malformed = why;
  }

  // A header in front of the protocol is not there.
  void blind(std::size_t need) {
    blame(in_.shortage(need) == Shortage::declared ? Malformed::bad_length : Malformed::truncated);
  }

  // Bytes behind the protocol are not there: our own snaplen is no flaw.
  void incomplete(std::size_t need) {
    if (in_.shortage(need) != Shortage::cut) blind(need);
  }

  // One header deeper; false at the cap.
  bool descend() {
    if (headers_++ < kMaxHeaders) return true;
    blame(Malformed::too_deep);
    return false;
  }

  void ethernet() {
    const auto header = in_.take<14>();
    if (!header) return blind(14);
    frame_.sender = Sender::address;
    frame_.source = {header.u48<6>()};
    type_or_length(header.u16<12>());
  }

  void cooked() {
    const auto header = in_.take<16>();
    if (!header) return blind(16);
    cooked_sender(header.u16<0>());
    cooked_protocol(header.u16<2>(), header.u16<14>());
  }

  void cooked2() {
    const auto header = in_.take<20>();
    if (!header) return blind(20);
    cooked_sender(header.u8<10>());
    cooked_protocol(header.u16<8>(), header.u16<0>());
  }

  void cooked_sender(std::uint16_t packet_type) {
    if (packet_type < kPacketOutgoing) frame_.sender = Sender::peer;
    if (packet_type == kPacketOutgoing) frame_.sender = Sender::self;
  }

  void cooked_protocol(std::uint16_t hardware, std::uint16_t protocol) {
    if (hardware == kHardwareNetlink) return;  // the field is a netlink family there
    if (protocol == kCookedLlc) return llc();
    if (protocol > kLargestLength) type_or_length(protocol);
  }

  void raw_ip() {
    Reader ahead = in_;
    const auto first = ahead.take<1>();
    if (!first) return blind(1);
    switch (first.u8<0>() >> 4U) {
      case 4:
        return ipv4();
      case 6:
        return ipv6();
      default:
        return blame(Malformed::bad_version);
    }
  }

  void loopback() {
    const auto header = in_.take<4>();
    if (!header) return blind(4);
    std::uint32_t family = header.u32<0>();
    if (family > 0xffff) family = (family >> 24U) | ((family >> 8U) & 0xff00U);
    switch (family) {
      case 2:
        return ipv4();
      case 10:  // Linux
      case 24:  // NetBSD, OpenBSD
      case 28:  // FreeBSD
      case 30:  // macOS
        return ipv6();
      default:
        return;
    }
  }

  void type_or_length(std::uint16_t type) {
    while (type == kVlan || type == kProviderVlan || type == kOldQinQ) {
      if (!descend()) return;
      const auto tag = in_.take<4>();
      if (!tag) return blind(4);
      type = tag.u16<2>();
    }
    if (type == kIpv4) return ipv4();
    if (type == kIpv6) return ipv6();
    if (type == kArp) return arp();
    if (type <= kLargestLength) {
      if (!in_.narrow(type)) blame(Malformed::truncated);
      llc();
    }
  }

  // 802.2; only SNAP leads on to something we count. One cap with the tags: SNAP can hold a tag
  // that holds a length that holds SNAP.
  void llc() {
    const auto header = in_.take<3>();
    if (!header) return blind(3);
    if (header.u16<0>() != 0xaaaa || header.u8<2>() != 0x03) return;
    if (!descend()) return;
    const auto snap = in_.take<5>();
    if (!snap) return blind(5);
    const std::uint32_t organisation = snap.u32<0>() >> 8U;
    const bool ether_type = organisation == 0x000000 || organisation == 0x0000f8;
    if (ether_type && snap.u16<3>() > kLargestLength) type_or_length(snap.u16<3>());
  }

  void arp() {
    frame_.protocol = Protocol::arp;
    const auto header = in_.take<8>();
    if (!header) return incomplete(8);
    const std::size_t addresses = 2U * (std::size_t{header.u8<4>()} + header.u8<5>());
    if (addresses > in_.wire()) incomplete(addresses);
  }

  // RFC 791 §3.1.
  void ipv4() {
    const auto header = in_.take<20>();
    if (!header) return blind(20);
    if (header.u8<0>() >> 4U != 4) return blame(Malformed::bad_version);
    const std::size_t length = std::size_t{header.u8<0>() & 0x0fU} * 4;
    if (length < 20) return blame(Malformed::bad_length);
    const std::uint8_t number = header.u8<9>();
    frame_.protocol = protocol_of(number);

    const std::size_t total = header.u16<2>();
    if (total >= length) {
      if (!in_.narrow(total - 20)) blame(Malformed::truncated);
    } else if (total != 0 || in_.wire() + 20 <= kLargestSaid) {
      return blame(Malformed::bad_length);
    }
    if (!in_.skip(length - 20)) return incomplete(length - 20);
    const bool fragment = (header.u16<6>() & 0x3fffU) != 0;  // an offset, or more to come
    if (!fragment) upper(number);
  }

  // RFC 8200 §3, §4.
  void ipv6() {
    const auto header = in_.take<40>();
    if (!header) return blind(40);
    if (header.u8<0>() >> 4U != 6) return blame(Malformed::bad_version);
    const std::size_t payload = header.u16<4>();
    const std::uint8_t next = header.u8<6>();
    if (payload == 0) {
      unsaid_payload(next);
    } else if (!in_.narrow(payload)) {
      blame(Malformed::truncated);
    }
    extensions(next);
  }

  // Payload length 0: a jumbogram, a packet too large to say so, or really nothing.
  void unsaid_payload(std::uint8_t next) {
    if (next != kHopByHop) {
      if (in_.wire() <= kLargestSaid) in_.narrow(0);
      return;
    }
    Reader ahead = in_;  // the hop-by-hop header is read twice: its option bounds it, too
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
        return blame(Malformed::bad_length);
      }
      if (!in_.narrow(length.u32<0>())) blame(Malformed::truncated);
      return;
    }
    if (ahead.skip(ahead.wire()) && in_.wire() <= kLargestSaid) blame(Malformed::bad_length);
  }

  void extensions(std::uint8_t next) {
    bool fragment = false;
    for (;;) {
      std::size_t unit = 8;
      std::size_t extra = 1;
      switch (next) {
        case kHopByHop:
        case kRouting:
        case kDestination:
        case kMobility:
        case kHip:
        case kShim6:
          break;
        case kAuthentication:  // counts in 4 bytes, less 2 (RFC 4302 §2.2)
          unit = 4;
          extra = 2;
          break;
        case kFragment: {
          if (!descend()) return;
          const auto header = in_.take<8>();
          if (!header) return blind(8);
          next = header.u8<0>();
          if ((header.u16<2>() & 0xfff8U) != 0) {
            frame_.protocol = protocol_of(next);
            return;
          }
          fragment = fragment || (header.u16<2>() & 1U) != 0;
          continue;
        }
        default:
          frame_.protocol = protocol_of(next);
          if (!fragment) upper(next);
          return;
      }
      if (!descend()) return;
      const auto header = in_.take<2>();
      if (!header) return blind(2);
      next = header.u8<0>();
      const std::size_t rest = (header.u8<1>() + extra) * unit - 2;
      if (!in_.skip(rest)) return blind(rest);
    }
  }

  // The upper-layer header's own lengths. Only of whole packets: a first fragment may end anywhere.
  void upper(std::uint8_t number) {
    switch (number) {
      case kTcp:
        return tcp();
      case kUdp:
        return udp();
      case kIcmp:
        if (!in_.take<8>()) incomplete(8);  // RFC 792: every message has eight
        return;
      case kIcmpv6:
        if (!in_.take<4>()) incomplete(4);  // RFC 4443 §2.1
        return;
      default:
        return;
    }
  }

  // RFC 9293 §3.1.
  void tcp() {
    const auto header = in_.take<20>();
    if (!header) return incomplete(20);
    const std::size_t length = std::size_t{header.u8<12>()} / 16 * 4;
    if (length < 20) return blame(Malformed::bad_length);
    if (length - 20 > in_.wire()) incomplete(length - 20);
  }

  // RFC 768; length 0 by RFC 2675 §4.
  void udp() {
    const auto header = in_.take<8>();
    if (!header) return incomplete(8);
    const std::size_t length = header.u16<4>();
    if (length >= 8) {
      if (length - 8 > in_.wire()) incomplete(length - 8);
    } else if (length != 0 || in_.wire() + 8 <= kLargestSaid) {
      blame(Malformed::bad_length);
    }
  }

  Reader in_;
  Packet frame_;
  unsigned headers_ = 0;
};

}  // namespace

void decode(LinkType link, std::span<const std::uint8_t> captured, std::uint32_t original,
            Packet& packet) {
  packet = Decoder(captured, original).run(link);
}

}  // namespace itnxt::pcap
