#include "collectors/probe/echo_socket.hpp"

#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace itnxt::probe {
namespace {

constexpr std::size_t kPacket = 512;     // an echo, or an error with its headers; the rest is cut
constexpr std::size_t kControl = 128;    // of a message received
constexpr int kReceiveBuffer = 4 << 20;  // all targets may answer at once
constexpr int kMostErrors = 1024;        // of one round
constexpr int kMostBatches = 16;         // of one round

template <class T>
bool set(int fd, int level, int option, const T& value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

Address address_of(const sockaddr_in6& from) {
  if (from.sin6_family == AF_INET6) return from_sockaddr(from);
  sockaddr_in four{};
  std::memcpy(&four, &from, sizeof four);
  return from_sockaddr(four);
}

// Of all ICMP the kernel hands a raw socket only what can concern us.
void filter(int fd, bool v6) {
  if (v6) {
    icmp6_filter pass{};
    std::memset(&pass, 0xFF, sizeof pass);  // a set bit keeps a type away
    for (const unsigned type : {1U, 3U, 129U}) pass.data[type >> 5U] &= ~(1U << (type & 31U));
    (void)set(fd, IPPROTO_ICMPV6, ICMPV6_FILTER, pass);
  } else {
    icmp_filter pass{};
    pass.data = ~(1U << 0U | 1U << 3U | 1U << 11U);
    (void)set(fd, SOL_RAW, ICMP_FILTER, pass);
  }
}

std::uint16_t random_word() {
  std::uint16_t word = 0;
  (void)!::getrandom(&word, sizeof word, 0);
  return word;
}

}  // namespace

struct EchoSocket::Buffers {
  struct alignas(cmsghdr) Out {
    std::array<std::uint8_t, kEchoSize> packet{};
    std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> control{};
  };
  struct alignas(cmsghdr) In {
    std::array<std::uint8_t, kControl> control{};
    std::array<std::uint8_t, kPacket> packet{};
  };
  std::array<Out, kBatch> out{};
  std::array<In, kBatch> in{};
  std::array<sockaddr_in6, kBatch> to{};
  std::array<sockaddr_in6, kBatch> from{};
  std::array<iovec, kBatch> out_iov{};
  std::array<iovec, kBatch> in_iov{};
  std::array<msghdr, kBatch> out_msg{};
  std::array<mmsghdr, kBatch> in_msg{};
};

Result<std::unique_ptr<EchoSocket>> EchoSocket::open(Loop& loop, Privileged& privileged, bool v6,
                                                     Events events) {
  const int family = v6 ? AF_INET6 : AF_INET;
  const int protocol = v6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  Fd fd(::socket(family, SOCK_DGRAM | kFlags, protocol));
  const bool raw = !fd.is_open();
  int error = 0;
  if (raw) {
    privileged.run([&] {
      fd.reset(::socket(family, SOCK_RAW | kFlags, protocol));
      error = errno;  // each thread has its own
    });
  }
  if (!fd.is_open()) {
    std::string what = "cannot send ICMP echoes by IPv";
    what.append(v6 ? "6" : "4").append(": ").append(errno_text(error));
    if (error == EPERM || error == EACCES) {
      what +=
          "; let this process's group into net.ipv4.ping_group_range (sysctl), or give it "
          "CAP_NET_RAW";
    }
    return Error{std::move(what)};
  }
  (void)set(fd.get(), SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  (void)set(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, 1);
  if (raw) {
    filter(fd.get(), v6);
  } else {
    (void)set(fd.get(), v6 ? int{IPPROTO_IPV6} : int{IPPROTO_IP}, v6 ? IPV6_RECVERR : IP_RECVERR,
              1);
  }
  std::unique_ptr<EchoSocket> made(new EchoSocket(loop, v6, raw, std::move(fd), std::move(events)));
  made->watch();
  return made;
}

EchoSocket::EchoSocket(Loop& loop, bool v6, bool raw, Fd fd, Events events)
    : loop_(loop),
      v6_(v6),
      raw_(raw),
      ident_(random_word()),
      fd_(std::move(fd)),
      events_(std::move(events)),
      buffers_(std::make_unique<Buffers>()) {
  Buffers& b = *buffers_;
  for (std::size_t i = 0; i < kBatch; ++i) {
    b.out_iov[i] = {b.out[i].packet.data(), kEchoSize};
    b.in_iov[i] = {b.in[i].packet.data(), kPacket};
    b.out_msg[i].msg_name = &b.to[i];
    b.out_msg[i].msg_iov = &b.out_iov[i];
    b.out_msg[i].msg_iovlen = 1;
    b.in_msg[i].msg_hdr.msg_name = &b.from[i];
    b.in_msg[i].msg_hdr.msg_iov = &b.in_iov[i];
    b.in_msg[i].msg_hdr.msg_iovlen = 1;
    b.in_msg[i].msg_hdr.msg_control = b.in[i].control.data();
  }
}

EchoSocket::~EchoSocket() = default;

void EchoSocket::watch() {
  watch_ = loop_.watch(fd_.get(), Interest::readable, [this] { receive(); });
}

void EchoSocket::fill(std::size_t slot, const Request& request) {
  Buffers& b = *buffers_;
  // A ping socket puts its own identifier in.
  encode_echo({ident_, request.sequence, request.token}, v6_, b.out[slot].packet);
  msghdr& message = b.out_msg[slot];
  if (v6_) {
    b.to[slot] = to_sockaddr6(request.to);
    b.to[slot].sin6_port = 0;
    message.msg_namelen = sizeof(sockaddr_in6);
  } else {
    sockaddr_in to = to_sockaddr4(request.to);
    to.sin_port = 0;
    std::memcpy(&b.to[slot], &to, sizeof to);
    message.msg_namelen = sizeof to;
  }
  message.msg_control = nullptr;
  message.msg_controllen = 0;
  if (request.dscp == 0) return;
  message.msg_control = b.out[slot].control.data();
  message.msg_controllen = b.out[slot].control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = v6_ ? int{IPPROTO_IPV6} : int{IPPROTO_IP};
  header->cmsg_type = v6_ ? IPV6_TCLASS : IP_TOS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int traffic_class = request.dscp << 2;
  std::memcpy(CMSG_DATA(header), &traffic_class, sizeof traffic_class);
}

void EchoSocket::send(std::span<const Request> requests) {
  const std::size_t count = std::min(requests.size(), kBatch);
  for (std::size_t i = 0; i < count; ++i) fill(i, requests[i]);
  for (std::size_t i = 0; i < count; ++i) {
    // Not sendmmsg: it keeps the error of a message behind the first to itself, and that message
    // would be tried twice, which a filter of this host that drops a share of all would hide.
    const auto attempt = [&] {
      const auto sent = ::sendmsg(fd_.get(), &buffers_->out_msg[i], MSG_DONTWAIT | MSG_NOSIGNAL);
      return sent < 0 ? errno : 0;
    };
    int error = attempt();
    // May be an earlier packet's, which the kernel kept for the next call; never the filter's.
    if (error != 0 && error != EPERM) error = attempt();
    if (error == 0) continue;
    const bool no_way = error == EHOSTUNREACH || error == ENETUNREACH || error == ENETDOWN ||
                        error == EHOSTDOWN || error == EACCES;
    // This host's own filter threw it away: a loss like any other on the way.
    const Outcome other = error == EPERM ? Outcome::lost : Outcome::local;
    events_.refused(i, no_way ? Outcome::unreachable : other);
  }
}

void EchoSocket::receive() {
  Buffers& b = *buffers_;
  if (!raw_) drain_errors();
  for (int round = 0; round < kMostBatches; ++round) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      b.in_msg[i].msg_hdr.msg_namelen = sizeof(sockaddr_in6);
      b.in_msg[i].msg_hdr.msg_controllen = kControl;
    }
    const int n = ::recvmmsg(fd_.get(), b.in_msg.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (n <= 0) return;
    const Instant now = loop_.now();
    const Instant fresh = loop_.fresh_now();
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      Instant at = fresh;
      msghdr& message = b.in_msg[i].msg_hdr;
      for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
        timespec stamp{};
        std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
        const WallTime wall(std::chrono::seconds(stamp.tv_sec) +
                            std::chrono::nanoseconds(stamp.tv_nsec));
        at = std::min(fresh, now + (wall - loop_.wall_now()));
      }
      take({b.in[i].packet.data(), std::min<std::size_t>(b.in_msg[i].msg_len, kPacket)},
           address_of(b.from[i]), at);
    }
    if (static_cast<std::size_t>(n) < kBatch) return;
  }
}

void EchoSocket::take(std::span<const std::uint8_t> packet, const Address& from, Instant at) {
  if (raw_ && !v6_) {
    const auto inside = inside_ipv4(packet);
    if (!inside) return;
    packet = *inside;
  }
  const IcmpMessage message = v6_ ? decode_icmp6(packet) : decode_icmp4(packet);
  if (const auto* echo = std::get_if<Echo>(&message)) {
    // The kernel gives a ping socket its own replies only, with its own identifier.
    if (!raw_ || echo->ident == ident_) events_.answered(*echo, from, at);
  } else if (const auto* failed = std::get_if<EchoFailed>(&message)) {
    if (raw_ && failed->ident == ident_) events_.failed(*failed);
  }
}

void EchoSocket::drain_errors() {
  Buffers::In& in = buffers_->in[0];
  for (int i = 0; i < kMostErrors; ++i) {
    msghdr message{};
    sockaddr_in6 to{};
    iovec into{in.packet.data(), in.packet.size()};
    message.msg_name = &to;
    message.msg_namelen = sizeof to;
    message.msg_iov = &into;
    message.msg_iovlen = 1;
    message.msg_control = in.control.data();
    message.msg_controllen = in.control.size();
    const ssize_t size = ::recvmsg(fd_.get(), &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (size < 0) return;
    read_error(message, {in.packet.data(), static_cast<std::size_t>(size)});
  }
}

void EchoSocket::read_error(const msghdr& message, std::span<const std::uint8_t> original) {
  msghdr walk = message;
  for (cmsghdr* c = CMSG_FIRSTHDR(&walk); c != nullptr; c = CMSG_NXTHDR(&walk, c)) {
    const bool four = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
    const bool six = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
    if (!four && !six) continue;
    sock_extended_err error{};
    std::memcpy(&error, CMSG_DATA(c), sizeof error);
    std::optional<Outcome> why;
    if (error.ee_origin == SO_EE_ORIGIN_ICMP) why = outcome_of_icmp4(error.ee_type, error.ee_code);
    if (error.ee_origin == SO_EE_ORIGIN_ICMP6) why = outcome_of_icmp6(error.ee_type, error.ee_code);
    if (!why || original.size() < kEchoHeader) return;
    sockaddr_in6 to{};
    std::memcpy(&to, message.msg_name, std::min<std::size_t>(message.msg_namelen, sizeof to));
    Address address = address_of(to);
    address.port = 0;
    events_.failed(
        {ident_, static_cast<std::uint16_t>(original[6] << 8U | original[7]), address, *why});
    return;
  }
}

}  // namespace itnxt::probe
