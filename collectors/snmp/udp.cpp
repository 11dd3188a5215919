#include "collectors/snmp/udp.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "daemon/core/host_port.hpp"

namespace itnxt::snmp {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr int kReceiveBuffer = 8 << 20;
constexpr std::size_t kLargestDatagram = 65'535;

sockaddr_in6 to_sockaddr6(const Address& address) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(address.port);
  to.sin6_scope_id = address.scope;
  std::memcpy(&to.sin6_addr, address.ip.data(), address.ip.size());
  return to;
}

sockaddr_in to_sockaddr4(const Address& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(address.port);
  std::memcpy(&to.sin_addr, address.ip.data() + kMapped.size(), 4);
  return to;
}

void widen_receive_buffer(int fd) {
  const int size = kReceiveBuffer;
  // FORCE needs CAP_NET_ADMIN; without it the host's limit (net.core.rmem_max) holds.
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
}

}  // namespace

bool Address::is_v4() const {
  return std::equal(kMapped.begin(), kMapped.end(), ip.begin());
}

std::string to_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.is_v4()) {
    ::inet_ntop(AF_INET, address.ip.data() + kMapped.size(), text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, address.ip.data(), text, sizeof text);
  }
  return host_port_text(text, address.port);
}

std::optional<Address> numeric_address(const std::string& host, std::uint16_t port) {
  Address address;
  address.port = port;
  if (::inet_pton(AF_INET, host.c_str(), address.ip.data() + kMapped.size()) == 1) {
    std::copy(kMapped.begin(), kMapped.end(), address.ip.begin());
    return address;
  }
  const std::size_t percent = host.find('%');
  if (::inet_pton(AF_INET6, host.substr(0, percent).c_str(), address.ip.data()) != 1) {
    return std::nullopt;
  }
  if (percent != std::string::npos) {
    address.scope = ::if_nametoindex(host.substr(percent + 1).c_str());
    if (address.scope == 0) return std::nullopt;
  }
  return address;
}

Address from_sockaddr(const sockaddr_in6& from) {
  Address address;
  std::memcpy(address.ip.data(), &from.sin6_addr, address.ip.size());
  address.port = ntohs(from.sin6_port);
  address.scope = from.sin6_scope_id;
  return address;
}

Address from_sockaddr(const sockaddr_in& from) {
  Address address;
  std::copy(kMapped.begin(), kMapped.end(), address.ip.begin());
  std::memcpy(address.ip.data() + kMapped.size(), &from.sin_addr, 4);
  address.port = ntohs(from.sin_port);
  return address;
}

// A page that no datagram touches costs nothing, so every slot has room for the largest.
struct UdpSocket::Buffers {
  std::array<mmsghdr, kBatch> in{};
  std::array<iovec, kBatch> in_iov{};
  std::array<sockaddr_in6, kBatch> from{};
  std::unique_ptr<std::uint8_t[]> bytes{new std::uint8_t[kBatch * kLargestDatagram]};
  std::array<mmsghdr, kBatch> out{};
  std::array<iovec, kBatch> out_iov{};
  std::array<sockaddr_in6, kBatch> to6{};
  std::array<sockaddr_in, kBatch> to4{};
};

UdpSocket::UdpSocket(Fd fd, bool v6)
    : fd_(std::move(fd)), v6_(v6), buffers_(std::make_unique<Buffers>()) {
  Buffers& b = *buffers_;
  for (std::size_t i = 0; i < kBatch; ++i) {
    b.in_iov[i] = {b.bytes.get() + i * kLargestDatagram, kLargestDatagram};
    b.in[i].msg_hdr.msg_iov = &b.in_iov[i];
    b.in[i].msg_hdr.msg_iovlen = 1;
    b.in[i].msg_hdr.msg_name = &b.from[i];
    b.out[i].msg_hdr.msg_iov = &b.out_iov[i];
    b.out[i].msg_hdr.msg_iovlen = 1;
  }
}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept = default;
UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept = default;
UdpSocket::~UdpSocket() = default;

Result<UdpSocket> UdpSocket::open() {
  Fd fd6(::socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd6.is_open()) {
    const int off = 0;
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    if (::setsockopt(fd6.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0 &&
        ::bind(fd6.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0) {
      widen_receive_buffer(fd6.get());
      return UdpSocket(std::move(fd6), true);
    }
  }
  Fd fd4(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd4.is_open()) return Error{errno_text(errno)};
  widen_receive_buffer(fd4.get());
  return UdpSocket(std::move(fd4), false);
}

UdpSocket::Sent UdpSocket::send(std::span<const Datagram> datagrams) {
  Buffers& b = *buffers_;
  const std::size_t count = std::min(datagrams.size(), kBatch);
  for (std::size_t i = 0; i < count; ++i) {
    const Datagram& datagram = datagrams[i];
    b.out_iov[i] = {const_cast<std::uint8_t*>(datagram.bytes.data()), datagram.bytes.size()};
    if (v6_) {
      b.to6[i] = to_sockaddr6(datagram.peer);
      b.out[i].msg_hdr.msg_name = &b.to6[i];
      b.out[i].msg_hdr.msg_namelen = sizeof(sockaddr_in6);
    } else {
      b.to4[i] = to_sockaddr4(datagram.peer);
      if (!datagram.peer.is_v4()) b.to4[i].sin_family = AF_INET6;  // refused: EAFNOSUPPORT
      b.out[i].msg_hdr.msg_name = &b.to4[i];
      b.out[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
    }
  }
  Sent sent;
  while (sent.count < count) {
    const int n = ::sendmmsg(fd_.get(), b.out.data() + sent.count,
                             static_cast<unsigned>(count - sent.count), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      sent.error = n < 0 ? errno : EAGAIN;
      return sent;
    }
    sent.count += static_cast<std::size_t>(n);
  }
  return sent;
}

int UdpSocket::receive(const std::function<void(const Datagram&)>& each) {
  Buffers& b = *buffers_;
  for (mmsghdr& slot : b.in) slot.msg_hdr.msg_namelen = sizeof(sockaddr_in6);
  const int n = ::recvmmsg(fd_.get(), b.in.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (n < 0) return -errno;
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
    Datagram datagram;
    if (v6_) {
      datagram.peer = from_sockaddr(b.from[i]);
    } else {
      sockaddr_in from{};
      std::memcpy(&from, &b.from[i], sizeof from);
      datagram.peer = from_sockaddr(from);
    }
    datagram.bytes = {b.bytes.get() + i * kLargestDatagram, b.in[i].msg_len};
    each(datagram);
  }
  return n;
}

}  // namespace itnxt::snmp
