// Frames that the network card would cut or has merged.
#include <arpa/inet.h>

#include "tests/collectors/pcap/live.hpp"

namespace itnxt::pcap {
namespace {

bool switch_off(const char* interface, std::uint32_t offload) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ethtool_value off{offload, 0};
  ifreq request{};
  std::strncpy(request.ifr_name, interface, sizeof request.ifr_name - 1);
  request.ifr_data = reinterpret_cast<char*>(&off);
  const bool done = ::ioctl(socket, SIOCETHTOOL, &request) == 0;
  ::close(socket);
  return done;
}

// struct virtio_net_hdr; linux/virtio_net.h is no C++.
struct VnetHeader {
  std::uint8_t flags = 1;     // NEEDS_CSUM
  std::uint8_t gso_type = 1;  // GSO_TCPV4
  std::uint16_t hdr_len = 0, gso_size = 0, csum_start = 0, csum_offset = 0;
};

// Ten full segments of TCP as the kernel hands them to a card that cuts them itself (TSO).
constexpr std::size_t kTcpHeaders = 14 + 20 + 20;
constexpr std::size_t kSegments = 10;
constexpr std::size_t kSegment = 1460;
constexpr std::size_t kUnsegmented = kTcpHeaders + kSegments * kSegment;
bool send_unsegmented(const char* interface) {
  VnetHeader how{};
  how.hdr_len = kTcpHeaders;
  how.gso_size = kSegment;
  how.csum_start = 34;
  how.csum_offset = 16;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&how);
  const Octets packet =
      Octets(bytes, bytes + sizeof how) +
      test::ethernet(0x0800, test::ipv4(6, test::tcp(test::zeros(kSegments * kSegment))));
  const int socket = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  const int on = 1;
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(ETH_P_IP);
  to.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
  const bool sent =
      ::setsockopt(socket, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) == 0 &&
      ::sendto(socket, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to),
               sizeof to) == static_cast<ssize_t>(packet.size());
  ::close(socket);
  return sent;
}

const std::string kGiants =
    "level=warning msg=\"frames longer than the interface's MTU are captured: the network card "
    "merges packets, so counts and sizes are not those of the wire; switch that off with ethtool "
    "-K tap gro off lro off (and gso off tso off for what is sent)\" capture=live interface=tap";

TEST_F(PcapLive, SaysOnceThatTheCardMergesPackets) {
  start("tap");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send_unsegmented("far"));
  ASSERT_TRUE(wait_for_packets(3));
  ASSERT_TRUE(itnxt::test::run_until(loop_, [&] { return !log_.lines.empty(); }));
  ASSERT_TRUE(send_unsegmented("far"));
  ASSERT_TRUE(wait_for_packets(4));
  EXPECT_THAT(log_.lines, ElementsAre(kGiants));
  EXPECT_EQ(last().total(), (TrafficCount{Packets(4), Bytes(4 * kUnsegmented)}));
  EXPECT_EQ(giants(), 4U);
}

TEST_F(PcapLive, WithoutOffloadsWhatIsCapturedIsWhatIsOnTheWire) {
  ASSERT_TRUE(switch_off("far", ETHTOOL_STSO) && switch_off("far", ETHTOOL_SGSO));
  start("tap");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send_unsegmented("far"));
  ASSERT_TRUE(wait_for_packets(3 * kSegments));
  EXPECT_EQ(last().total(),
            (TrafficCount{Packets(3 * kSegments),
                          Bytes(3 * (kUnsegmented + (kSegments - 1) * kTcpHeaders))}));
  EXPECT_EQ(giants(), 0U);
  EXPECT_THAT(log_.lines, IsEmpty());
}

}  // namespace
}  // namespace itnxt::pcap
