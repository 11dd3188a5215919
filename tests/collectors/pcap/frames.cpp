#include "tests/collectors/pcap/frames.hpp"

namespace itnxt::pcap::test {
namespace {

using Link = LinkType;
constexpr auto kTcp = Protocol::tcp;
constexpr auto kUdp = Protocol::udp;
constexpr auto kIcmp = Protocol::icmp;
constexpr auto kIcmpv6 = Protocol::icmpv6;
constexpr auto kArp = Protocol::arp;
constexpr auto kOther = Protocol::other;
constexpr auto kGre = Protocol::gre;
constexpr auto kIpInIp = Protocol::ip_in_ip;
constexpr auto kSctp = Protocol::sctp;
constexpr auto kOspf = Protocol::ospf;

void add_link_layers(std::vector<Sample>& all) {
  const Octets packet = ipv4(6, tcp());
  const Octets in_snap = snap(0, 0x0800, packet);
  const std::vector<Sample> rows = {
      {"ethernet, IPv4, TCP", Link::ethernet, ethernet(0x0800, packet), kTcp},
      {"padded to 60 bytes", Link::ethernet, ethernet(0x0800, packet) + zeros(6), kTcp},
      {"ARP", Link::ethernet, ethernet(0x0806, arp()), kArp},
      {"RARP is not ARP", Link::ethernet, ethernet(0x8035, arp()), kOther},
      {"LLDP", Link::ethernet, ethernet(0x88cc, zeros(46)), kOther},
      {"one 802.1Q tag", Link::ethernet, tags(1, 0x8100, 0x0800, packet), kTcp},
      {"QinQ 0x88a8", Link::ethernet, ethernet(0x88a8, tag(0x8100, tag(0x0800, packet))), kTcp},
      {"QinQ 0x9100", Link::ethernet, ethernet(0x9100, tag(0x8100, tag(0x0806, arp()))), kArp},
      {"16 tags are followed", Link::ethernet, tags(16, 0x8100, 0x0800, packet), kTcp},
      {"17 tags are not", Link::ethernet, tags(17, 0x8100, 0x0800, packet), kOther,
       Malformed::too_deep},
      {"50 tags are not", Link::ethernet, tags(50, 0x88a8, 0x0800, packet), kOther,
       Malformed::too_deep},
      {"802.3, LLC, SNAP", Link::ethernet, length_prefixed(in_snap), kTcp},
      {"802.3, SNAP of 802.1H", Link::ethernet, length_prefixed(snap(0xf8, 0x0800, packet)), kTcp},
      {"802.3, SNAP of Cisco", Link::ethernet, length_prefixed(snap(0x0c, 0x2000, zeros(20))),
       kOther},
      {"802.3, SNAP without type", Link::ethernet, length_prefixed(snap(0, 0x0010, zeros(20))),
       kOther},
      {"802.3, spanning tree", Link::ethernet, length_prefixed({0x42, 0x42, 3, 0, 0, 0, 0}),
       kOther},
      {"802.3 within a tag", Link::ethernet, ethernet(0x8100, tag(in_snap.size(), in_snap)), kTcp},
      {"802.3, padded", Link::ethernet, length_prefixed({0x42, 0x42, 3}) + zeros(43), kOther},
      {"802.3, longer than the frame", Link::ethernet, ethernet(200, in_snap), kTcp,
       Malformed::truncated},
      {"802.3, no room for LLC", Link::ethernet, ethernet(2, zeros(46)), kOther,
       Malformed::bad_length},
      {"802.3, no room for SNAP", Link::ethernet, ethernet(5, in_snap), kOther,
       Malformed::bad_length},
      {"neither length nor type", Link::ethernet, ethernet(1501, zeros(46)), kOther},
      {"cooked, to us", Link::cooked, cooked(0, 1, 0x0800, packet), kTcp},
      {"cooked, from us", Link::cooked, cooked(4, 1, 0x86dd, ipv6(58, icmp())), kIcmpv6},
      {"cooked, tagged", Link::cooked, cooked(0, 1, 0x8100, tag(0x0800, packet)), kTcp},
      {"cooked, LLC", Link::cooked, cooked(2, 1, 4, in_snap), kTcp},
      {"cooked, Novell", Link::cooked, cooked(1, 1, 1, zeros(30)), kOther},
      {"cooked, netlink", Link::cooked, cooked(4, 824, 0x0800, packet), kOther},
      {"cooked2, ARP", Link::cooked2, cooked2(1, 1, 0x0806, arp()), kArp},
      {"cooked2, netlink", Link::cooked2, cooked2(4, 824, 0x0800, packet), kOther},
      {"raw, IPv4", Link::raw_ip, packet, kTcp},
      {"raw, IPv6", Link::raw_ip, ipv6(6, tcp()), kTcp},
      {"raw, neither", Link::raw_ip, with(packet, 0, 0x55), kOther, Malformed::bad_version},
      {"declared IPv4", Link::ipv4, packet, kTcp},
      {"declared IPv4 is IPv6", Link::ipv4, ipv6(6, tcp()), kOther, Malformed::bad_version},
      {"declared IPv6", Link::ipv6, ipv6(17, udp()), kUdp},
      {"loopback, IPv4, little-endian", Link::loopback, Octets{2, 0, 0, 0} + packet, kTcp},
      {"loopback, IPv4, big-endian", Link::loopback, Octets{0, 0, 0, 2} + packet, kTcp},
      {"loopback, IPv6 of macOS", Link::loopback, Octets{30, 0, 0, 0} + ipv6(58, icmp()), kIcmpv6},
      {"loopback, IPv6 of Linux", Link::loopback, Octets{0, 0, 0, 10} + ipv6(58, icmp()), kIcmpv6},
      {"loopback, AppleTalk", Link::loopback, Octets{16, 0, 0, 0} + packet, kOther},
      {"PPP, IPv4", Link::ppp, Octets{0xff, 3, 0, 0x21} + packet, kTcp},
      {"PPP, bare, IPv6", Link::ppp, Octets{0x57} + ipv6(6, tcp()), kTcp},
      {"PPP, MPLS", Link::ppp, Octets{0xff, 3, 2, 0x81} + mpls(2, packet), kTcp},
      {"PPP, LCP", Link::ppp, Octets{0xff, 3, 0xc0, 0x21} + zeros(8), kOther},
      {"PPP, nothing", Link::ppp, Octets{0xff, 3}, kOther, Malformed::truncated},
      {"not decoded", Link::other, packet, kOther},
  };
  all.insert(all.end(), rows.begin(), rows.end());
}

void add_ipv4(std::vector<Sample>& all) {
  const auto row = [&](const char* name, Octets packet, Protocol protocol,
                       std::optional<Malformed> malformed = std::nullopt) {
    all.push_back({name, Link::ethernet, ethernet(0x0800, packet), protocol, malformed});
  };
  row("UDP", ipv4(17, udp(zeros(30))), kUdp);
  row("ICMP", ipv4(1, icmp()), kIcmp);
  row("ICMPv6 in IPv4, as it stands", ipv4(58, icmp()), kIcmpv6);
  row("all 40 bytes of options", ipv4(17, udp(zeros(4)), 40), kUdp);
  row("first fragment, header cut", ipv4(6, zeros(8), 0, 0x2000), kTcp);
  row("later fragment", ipv4(17, zeros(24), 0, 0x00b9), kUdp);
  row("do not fragment is no fragment", ipv4(6, tcp(), 0, 0x4000), kTcp);
  row("SCTP", ipv4(132, sctp(zeros(4))), kSctp);
  row("SCTP, no room", ipv4(132, zeros(11)), kSctp, Malformed::bad_length);
  row("OSPF 2", ipv4(89, ospf2()), kOspf);
  row("OSPF 2 of 23 bytes", ipv4(89, with(ospf2(), 3, 23)), kOspf, Malformed::bad_length);
  row("OSPF 2 beyond the packet", ipv4(89, with(ospf2(), 3, 45)), kOspf, Malformed::bad_length);
  row("OSPF, no room", ipv4(89, zeros(15)), kOspf, Malformed::bad_length);
  row("OSPF, authentication behind", ipv4(89, ospf2() + zeros(16)), kOspf);
  row("first fragment of SCTP, header cut", ipv4(132, zeros(4), 0, 0x2000), kSctp);
  row("later fragment of GRE", ipv4(47, gre(0x0800, ipv4(6, tcp())), 0, 0x00b9), kGre);
  row("TCP timestamps where Linux puts them", ipv4(6, timestamps({1, 1}, {})), kTcp);
  row("TCP timestamps behind a window scale", ipv4(6, timestamps({3, 3, 7}, {1, 0, 0})), kTcp);
  row("TCP options that end", ipv4(6, with(timestamps({1, 1}, {}), 20, 0)), kTcp);
  row("TCP option of one byte", ipv4(6, with(timestamps({2, 4, 5, 6}, {1, 1}), 21, 1)), kTcp);
  row("TCP option beyond the options", ipv4(6, with(timestamps({2, 4, 5, 6}, {1, 1}), 21, 40)),
      kTcp);
  row("AH over IPv4 is other", ipv4(51, authentication(6, tcp())), kOther);
  row("VXLAN is UDP", ipv4(17, udp(zeros(8) + ethernet(0x0800, ipv4(6, tcp())))), kUdp);
  row("TCP with options", ipv4(6, tcp(zeros(9), 15)), kTcp);
  row("version 6 under 0x0800", ipv6(6, tcp()), kOther, Malformed::bad_version);
  row("header length 16", with(ipv4(6, tcp()), 0, 0x44), kOther, Malformed::bad_length);
  row("total length below the header", ipv4(6, tcp(), 0, 0, 19), kTcp, Malformed::bad_length);
  row("total length 0", ipv4(6, tcp(), 0, 0, 0), kTcp, Malformed::bad_length);
  row("total length beyond the frame", ipv4(6, tcp(), 0, 0, 41), kTcp, Malformed::truncated);
  row("total length 0, too large to say", ipv4(6, tcp(zeros(70000)), 0, 0, 0), kTcp);
  row("UDP length 0, too large to say", ipv4(17, udp(zeros(70000), 0), 0, 0, 0), kUdp);
  row("no room for TCP", ipv4(6, zeros(19)), kTcp, Malformed::bad_length);
  row("no room for UDP", ipv4(17, zeros(7)), kUdp, Malformed::bad_length);
  row("no room for ICMP", ipv4(1, zeros(7)), kIcmp, Malformed::bad_length);
  row("TCP header of 16 bytes", ipv4(6, tcp({}, 4)), kTcp, Malformed::bad_length);
  row("TCP header beyond the packet", ipv4(6, with(tcp(), 12, 0x60)), kTcp, Malformed::bad_length);
  row("UDP length 7", ipv4(17, udp({}, 7)), kUdp, Malformed::bad_length);
  row("UDP length 0", ipv4(17, udp({}, 0)), kUdp, Malformed::bad_length);
  row("UDP length beyond the packet", ipv4(17, udp({}, 9)), kUdp, Malformed::bad_length);
  row("UDP shorter than the packet", ipv4(17, udp(zeros(9), 8)), kUdp);
}

void add_ipv6(std::vector<Sample>& all) {
  const auto row = [&](const char* name, Octets packet, Protocol protocol,
                       std::optional<Malformed> malformed = std::nullopt) {
    all.push_back({name, Link::ethernet, ethernet(0x86dd, packet), protocol, malformed});
  };
  const auto chain = [](std::size_t count) {
    Octets payload = tcp();
    for (std::size_t i = 0; i < count; ++i) payload = extension(i == 0 ? 6 : 60, payload);
    return ipv6(60, payload);
  };
  const Octets large = tcp(zeros(70000));
  row("IPv6, TCP", ipv6(6, tcp()), kTcp);
  row("ICMPv6 of four bytes", ipv6(58, zeros(4)), kIcmpv6);
  row("no next header", ipv6(59, {}), kOther);
  row("ESP", ipv6(50, zeros(40)), kOther);
  row("OSPF 3", ipv6(89, with(ospf2(), 0, 3)), kOspf);
  row("SCTP over IPv6", ipv6(132, sctp()), kSctp);
  row("hop-by-hop, routing, destination",
      ipv6(0, extension(43, extension(60, extension(17, udp()), 3))), kUdp);
  row("mobility, HIP, shim6", ipv6(135, extension(139, extension(140, extension(6, tcp())))), kTcp);
  row("AH over IPv6 is an extension", ipv6(51, authentication(58, zeros(4))), kIcmpv6);
  row("the longest extension", ipv6(60, extension(17, udp(), 256)), kUdp);
  row("16 extensions are followed", chain(16), kTcp);
  row("17 extensions are not", chain(17), kOther, Malformed::too_deep);
  row("100 extensions are not", chain(100), kOther, Malformed::too_deep);
  row("whole in one fragment", ipv6(44, fragment(17, 0, udp())), kUdp);
  row("first fragment, header cut", ipv6(44, fragment(6, 1, zeros(8))), kTcp);
  row("later fragment", ipv6(44, fragment(17, 0x0b98, zeros(24))), kUdp);
  row("later fragment behind an extension", ipv6(44, fragment(60, 0x0b98, zeros(24))), kOther);
  row("version 4 under 0x86dd", ipv4(6, tcp(zeros(20))), kOther, Malformed::bad_version);
  row("payload beyond the frame", ipv6(6, tcp(), 21), kTcp, Malformed::truncated);
  row("extension beyond the payload", ipv6(60, with(extension(6, tcp()), 1, 3)), kOther,
      Malformed::bad_length);
  row("no room for an extension", ipv6(60, {6}), kOther, Malformed::bad_length);
  row("no room for the fragment header", ipv6(44, zeros(7)), kOther, Malformed::bad_length);
  row("no room for ICMPv6", ipv6(58, zeros(3)), kIcmpv6, Malformed::bad_length);
  row("payload length 0 before TCP", ipv6(6, tcp(), 0), kTcp, Malformed::bad_length);
  row("payload length 0, too large to say", ipv6(6, large, 0), kTcp);
  row("jumbogram", ipv6(0, jumbo(6, large.size() + 8, large), 0), kTcp);
  row("jumbogram, option behind paddings",
      ipv6(0, Octets{6, 1, 0, 0, 1, 2, 0, 0, 0xc2, 4} + u32(large.size() + 16) + zeros(2) + large,
           0),
      kTcp);
  row("jumbogram beyond the frame", ipv6(0, jumbo(6, 80000, large), 0), kTcp, Malformed::truncated);
  row("jumbogram that need be none", ipv6(0, jumbo(6, 28, tcp()), 0), kTcp, Malformed::bad_length);
  row("jumbo option of five bytes", ipv6(0, Octets{6, 0, 0xc2, 5, 0, 1, 0, 0} + tcp(), 0), kTcp,
      Malformed::bad_length);
  row("payload length 0, no jumbo option", ipv6(0, extension(6, tcp()), 0), kTcp,
      Malformed::bad_length);
  all.push_back({"tags and extensions count together", Link::ethernet,
                 tags(10, 0x8100, 0x86dd, chain(7)), kOther, Malformed::too_deep});
}

void add_carriers(std::vector<Sample>& all) {
  const Octets packet = ipv4(6, tcp());
  const auto frame = [&](const char* name, std::size_t type, const Octets& payload,
                         Protocol protocol, std::optional<Malformed> malformed = std::nullopt) {
    all.push_back({name, Link::ethernet, ethernet(type, payload), protocol, malformed});
  };
  frame("MPLS, IPv4", 0x8847, mpls(1, packet), kTcp);
  frame("MPLS, three labels, IPv6", 0x8848, mpls(3, ipv6(17, udp())), kUdp);
  frame("MPLS in a tag", 0x8100, tag(0x8847, mpls(1, packet)), kTcp);
  frame("MPLS, a pseudowire", 0x8847, mpls(1, zeros(4) + ethernet(0x0800, packet)), kOther);
  frame("MPLS, 16 labels", 0x8847, mpls(16, packet), kTcp);
  frame("MPLS, 17 labels", 0x8847, mpls(17, packet), kOther, Malformed::too_deep);
  frame("MPLS without a bottom", 0x8847, zeros(12), kOther, Malformed::truncated);
  frame("MPLS with nothing below", 0x8847, mpls(1, {}), kOther, Malformed::truncated);
  frame("PPPoE, IPv4", 0x8864, pppoe(0x0021, packet), kTcp);
  frame("PPPoE, IPv6", 0x8864, pppoe(0x0057, ipv6(6, tcp())), kTcp);
  frame("PPPoE, MPLS", 0x8864, pppoe(0x0281, mpls(1, packet)), kTcp);
  frame("PPPoE, LCP", 0x8864, pppoe(0xc021, zeros(8)), kOther);
  frame("PPPoE, protocol in one byte", 0x8864,
        Octets{0x11, 0, 0, 1} + u16(packet.size() + 1) + Octets{0x21} + packet, kTcp);
  frame("PPPoE, padded", 0x8864, pppoe(0x0021, packet) + zeros(6), kTcp);
  frame("PPPoE, another version", 0x8864, with(pppoe(0x0021, packet), 0, 0x21), kOther);
  frame("PPPoE beyond the frame", 0x8864, with(pppoe(0x0021, packet), 5, 200), kTcp,
        Malformed::truncated);
  frame("PPPoE, no room", 0x8864, Octets{0x11, 0, 0, 1, 0, 0} + zeros(40), kOther,
        Malformed::bad_length);
  frame("PPPoE, half a protocol", 0x8864, Octets{0x11, 0, 0, 1, 0, 1, 0} + zeros(39), kOther,
        Malformed::bad_length);
  frame("PPPoE, header cut", 0x8864, zeros(5), kOther, Malformed::truncated);
  frame("PPPoE discovery", 0x8863, zeros(46), kOther);
}

void add_tunnels(std::vector<Sample>& all) {
  const Octets packet = ipv4(6, tcp());
  const Octets inner = ethernet(0x8100, tag(0x0800, ipv4(17, udp())));
  const auto row = [&](const char* name, const Octets& datagram, Protocol protocol, Tunnel tunnel,
                       Protocol carried, std::optional<Malformed> malformed = std::nullopt) {
    all.push_back({name, Link::raw_ip, datagram, protocol, malformed, tunnel, carried});
  };
  row("GRE, IPv4", ipv4(47, gre(0x0800, packet)), kGre, Tunnel::gre, kTcp);
  row("GRE, IPv6", ipv6(47, gre(0x86dd, ipv6(58, icmp()))), kGre, Tunnel::gre, kIcmpv6);
  row("GRE, Ethernet", ipv4(47, gre(0x6558, inner)), kGre, Tunnel::gre, kUdp);
  row("GRE, MPLS", ipv4(47, gre(0x8847, mpls(2, packet))), kGre, Tunnel::gre, kTcp);
  row("GRE, ARP", ipv4(47, gre(0x0806, arp())), kGre, Tunnel::gre, kArp);
  row("GRE with checksum, key, sequence", ipv4(47, gre(0x0800, zeros(12) + packet, 0xb000)), kGre,
      Tunnel::gre, kTcp);
  row("GRE, a length as type", ipv4(47, gre(4, packet)), kGre, Tunnel::gre, kOther);
  row("GRE with source routes", ipv4(47, gre(0x0800, packet, 0x4000)), kGre, Tunnel::none, kOther);
  row("GRE of version 1", ipv4(47, gre(0x880b, packet, 1)), kGre, Tunnel::none, kOther);
  row("GRE, no room", ipv4(47, zeros(3)), kGre, Tunnel::none, kOther, Malformed::bad_length);
  row("GRE, no room for the key", ipv4(47, gre(0x0800, {}, 0x2000)), kGre, Tunnel::none, kOther,
      Malformed::bad_length);
  row("GRE, IPv4 of another version", ipv4(47, gre(0x0800, ipv6(6, tcp()))), kGre, Tunnel::gre,
      kOther, Malformed::bad_version);
  row("IPv4 in IPv4", ipv4(4, packet), kIpInIp, Tunnel::ip_in_ip, kTcp);
  row("IPv6 in IPv4", ipv4(41, ipv6(17, udp())), kIpInIp, Tunnel::ip_in_ip, kUdp);
  row("IPv4 in IPv6", ipv6(4, packet), kIpInIp, Tunnel::ip_in_ip, kTcp);
  row("IPv6 in IPv6", ipv6(41, ipv6(6, tcp())), kIpInIp, Tunnel::ip_in_ip, kTcp);
  row("IP in IP, inner cut", ipv4(4, zeros(10)), kIpInIp, Tunnel::ip_in_ip, kOther,
      Malformed::bad_length);
  row("VXLAN", ipv4(17, vxlan(inner)), kUdp, Tunnel::vxlan, kUdp);
  row("VXLAN over IPv6", ipv6(17, vxlan(inner)), kUdp, Tunnel::vxlan, kUdp);
  row("VXLAN on the old port", ipv4(17, with(vxlan(inner), 2, 0x21)), kUdp, Tunnel::none, kOther);
  row("VXLAN without its flag", ipv4(17, with(vxlan(inner), 8, 0)), kUdp, Tunnel::none, kOther);
  row("VXLAN cut within", ipv4(17, udp_to(4789, vxlan_header() + zeros(5))), kUdp, Tunnel::vxlan,
      kOther);
  row("GENEVE, Ethernet", ipv4(17, geneve(0x6558, inner, 0)), kUdp, Tunnel::geneve, kUdp);
  row("GENEVE, IPv4, options", ipv4(17, geneve(0x0800, packet, 3)), kUdp, Tunnel::geneve, kTcp);
  row("GENEVE of version 1", ipv4(17, with(geneve(0x0800, packet, 0), 8, 0x40)), kUdp, Tunnel::none,
      kOther);
  row("GENEVE, options beyond", ipv4(17, with(geneve(0x0800, {}, 0), 8, 0x3f)), kUdp, Tunnel::none,
      kOther);
  row("a tunnel in a tunnel", ipv4(47, gre(0x86dd, ipv6(4, ipv4(17, vxlan(inner))))), kGre,
      Tunnel::gre, kUdp);
  row("no tunnel in a fragment", ipv4(4, packet, 0, 0x2000), kIpInIp, Tunnel::none, kOther);
  Octets nested = packet;
  for (int i = 0; i < 16; ++i) nested = ipv4(4, nested);
  row("16 tunnels are followed", nested, kIpInIp, Tunnel::ip_in_ip, kTcp);
  row("17 are not", ipv4(4, nested), kIpInIp, Tunnel::ip_in_ip, kIpInIp, Malformed::too_deep);
}

}  // namespace

std::vector<Sample> samples() {
  std::vector<Sample> all;
  add_link_layers(all);
  add_ipv4(all);
  add_ipv6(all);
  add_carriers(all);
  add_tunnels(all);
  return all;
}

}  // namespace itnxt::pcap::test
