#include "collectors/trap/listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace itnxt::trap {
namespace {

constexpr int kReceiveBuffer = 8 << 20;
constexpr std::size_t kLargestDatagram = 65'535;
constexpr std::size_t kControl = 128;

void set(int fd, int level, int option, int value) {
  (void)::setsockopt(fd, level, option, &value, sizeof value);
}

void prepare(int fd, bool v6) {
  const int size = kReceiveBuffer;
  // FORCE needs CAP_NET_ADMIN; without it the host's limit (net.core.rmem_max) holds.
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
    set(fd, SOL_SOCKET, SO_RCVBUF, size);
  }
  set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  v6 ? set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

Result<Fd> bind_to(int family, const sockaddr* address, socklen_t size) {
  Fd fd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return Error{errno_text(errno)};
  if (family == AF_INET6) set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(fd.get(), address, size) != 0) return Error{errno_text(errno)};
  return fd;
}

template <class T>
bool read_control(const cmsghdr& control, int level, int type, T& value) {
  if (control.cmsg_level != level || control.cmsg_type != type) return false;
  if (control.cmsg_len < CMSG_LEN(sizeof value)) return false;
  std::memcpy(&value, CMSG_DATA(&control), sizeof value);
  return true;
}

}  // namespace

// A page that no datagram touches costs nothing, so every slot has room for the largest.
struct Listener::Buffers {
  std::array<mmsghdr, kBatch> in{};
  std::array<iovec, kBatch> iov{};
  std::array<sockaddr_in6, kBatch> from{};
  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, kControl> bytes;
  };
  std::array<Control, kBatch> control{};
  std::unique_ptr<std::uint8_t[]> bytes{new std::uint8_t[kBatch * kLargestDatagram]};
};

Listener::Listener(Fd fd, bool v6)
    : fd_(std::move(fd)), v6_(v6), buffers_(std::make_unique<Buffers>()) {
  Buffers& b = *buffers_;
  for (std::size_t i = 0; i < kBatch; ++i) {
    b.iov[i] = {b.bytes.get() + i * kLargestDatagram, kLargestDatagram};
    b.in[i].msg_hdr.msg_iov = &b.iov[i];
    b.in[i].msg_hdr.msg_iovlen = 1;
    b.in[i].msg_hdr.msg_name = &b.from[i];
    b.in[i].msg_hdr.msg_control = b.control[i].bytes.data();
  }
}

Listener::Listener(Listener&& other) noexcept = default;
Listener& Listener::operator=(Listener&& other) noexcept = default;
Listener::~Listener() = default;

Result<Listener> Listener::open(const std::string& host, std::uint16_t port) {
  const auto address = numeric_address(host, port);
  if (!address) return Error{"no address of this host: " + host};
  const bool any = host == "::";
  if (!address->is_v4()) {
    const sockaddr_in6 at = to_sockaddr6(*address);
    auto fd = bind_to(AF_INET6, reinterpret_cast<const sockaddr*>(&at), sizeof at);
    if (fd) {
      prepare(fd->get(), true);
      return Listener(std::move(*fd), true);
    }
    // A host without IPv6 has all of its addresses in IPv4.
    if (!any || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)) return Error{fd.error()};
  }
  sockaddr_in at{};
  if (any) {
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
  } else {
    at = to_sockaddr4(*address);
  }
  auto fd = bind_to(AF_INET, reinterpret_cast<const sockaddr*>(&at), sizeof at);
  if (!fd) return Error{fd.error()};
  prepare(fd->get(), false);
  return Listener(std::move(*fd), false);
}

std::uint16_t Listener::port() const {
  sockaddr_in6 at{};
  socklen_t size = sizeof at;
  // Both families have it at the same place.
  if (::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0) return 0;
  return ntohs(at.sin6_port);
}

int Listener::receive(const std::function<void(const Datagram&)>& each) {
  Buffers& b = *buffers_;
  for (mmsghdr& slot : b.in) {
    slot.msg_hdr.msg_namelen = sizeof(sockaddr_in6);
    slot.msg_hdr.msg_controllen = kControl;
  }
  const int n = ::recvmmsg(fd_.get(), b.in.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (n < 0) return -errno;
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
    Datagram datagram;
    sockaddr_in from4{};
    std::memcpy(&from4, &b.from[i], sizeof from4);
    datagram.peer = v6_ ? from_sockaddr(b.from[i]) : from_sockaddr(from4);
    msghdr& header = b.in[i].msg_hdr;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      std::uint32_t drops = 0;
      in6_pktinfo to6{};
      in_pktinfo to4{};
      if (read_control(*c, SOL_SOCKET, SO_RXQ_OVFL, drops)) {
        drops_ += drops - static_cast<std::uint32_t>(drops_);  // the kernel's wraps
      } else if (read_control(*c, IPPROTO_IPV6, IPV6_PKTINFO, to6)) {
        std::memcpy(datagram.here.ip.data(), &to6.ipi6_addr, sizeof to6.ipi6_addr);
        datagram.here.scope = to6.ipi6_ifindex;
      } else if (read_control(*c, IPPROTO_IP, IP_PKTINFO, to4)) {
        datagram.here.ip[10] = datagram.here.ip[11] = 0xFF;
        std::memcpy(datagram.here.ip.data() + 12, &to4.ipi_addr, sizeof to4.ipi_addr);
      }
    }
    datagram.bytes = {b.bytes.get() + i * kLargestDatagram, b.in[i].msg_len};
    each(datagram);
  }
  return n;
}

bool Listener::reply(const Datagram& to, snmp::ByteView bytes) {
  Buffers::Control control{};
  sockaddr_in6 to6 = to_sockaddr6(to.peer);
  sockaddr_in to4 = to_sockaddr4(to.peer);
  iovec iov = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_name = v6_ ? static_cast<void*>(&to6) : &to4;
  header.msg_namelen = v6_ ? sizeof to6 : sizeof to4;
  header.msg_iov = &iov;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  cmsghdr* const c = CMSG_FIRSTHDR(&header);
  if (v6_) {
    in6_pktinfo from{};
    std::memcpy(&from.ipi6_addr, to.here.ip.data(), sizeof from.ipi6_addr);
    // Of a link-local address its link; elsewhere the routes decide.
    from.ipi6_ifindex = to.here.ip[0] == 0xFE ? to.here.scope : 0;
    c->cmsg_level = IPPROTO_IPV6;
    c->cmsg_type = IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof from);
    std::memcpy(CMSG_DATA(c), &from, sizeof from);
    header.msg_controllen = CMSG_SPACE(sizeof from);
  } else {
    in_pktinfo from{};
    std::memcpy(&from.ipi_spec_dst, to.here.ip.data() + 12, sizeof from.ipi_spec_dst);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof from);
    std::memcpy(CMSG_DATA(c), &from, sizeof from);
    header.msg_controllen = CMSG_SPACE(sizeof from);
  }
  return ::sendmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

}  // namespace itnxt::trap
