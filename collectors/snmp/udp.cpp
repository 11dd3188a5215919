#include "collectors/snmp/udp.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace itnxt::snmp {
namespace {

constexpr int kReceiveBuffer = 8 << 20;
constexpr std::size_t kLargestDatagram = 65'535;

void widen_receive_buffer(int fd) {
  const int size = kReceiveBuffer;
  // FORCE needs CAP_NET_ADMIN; without it the host's limit (net.core.rmem_max) holds.
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
}

}  // namespace

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
