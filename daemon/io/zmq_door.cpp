#include "daemon/io/zmq_door.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

#include "daemon/core/fd.hpp"

namespace itnxt {
namespace {

constexpr Duration kSweepEvery = 20ms;
constexpr Duration kHandshake = 6s;  // libzmq ends it after 5 s
// RFC 23 and 26 of ZeroMQ. With CURVE we send a greeting (64 bytes), a WELCOME (170) and, when all
// is well, READY (at least 66); an ERROR instead has 12 of ours. Without, the peer sends a greeting
// and a READY with a Socket-Type of three letters or more (SUB: 27), and libzmq answers before it
// has come.
constexpr std::uint64_t kSentByCurve = 64 + 170 + 32;
constexpr std::uint64_t kReceivedByNull = 64 + 27;
constexpr std::uint64_t kBabble = 4096;  // no handshake has so much

using Address = std::array<std::uint8_t, 16>;
constexpr Address kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// Nothing: no peer, or none by TCP.
std::optional<std::pair<Address, std::uint16_t>> peer_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  Address address = kMapped;
  if (storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &storage, sizeof in);
    std::memcpy(address.data() + 12, &in.sin_addr, 4);
    return std::pair(address, in.sin_port);
  }
  if (storage.ss_family != AF_INET6) return std::nullopt;
  sockaddr_in6 in6{};
  std::memcpy(&in6, &storage, sizeof in6);
  std::memcpy(address.data(), &in6.sin6_addr, address.size());
  return std::pair(address, in6.sin6_port);
}

bool is_mapped(const Address& address) {
  return std::equal(address.begin(), address.begin() + 12, kMapped.begin());
}

Doorkeeper::Source source_of(Address address) {
  if (!is_mapped(address)) std::fill(address.begin() + 8, address.end(), std::uint8_t{0});
  return address;
}

std::string to_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool mapped = is_mapped(address);
  inet_ntop(mapped ? AF_INET : AF_INET6, address.data() + (mapped ? 12 : 0), text.data(),
            text.size());
  return text.data();
}

}  // namespace

ZmqDoor::ZmqDoor(Loop& loop, bool curve, std::function<void(const std::string&)> shown_out)
    : loop_(loop), curve_(curve), shown_out_(std::move(shown_out)) {}

void ZmqDoor::accepted(int fd) {
  const auto peer = peer_of(fd);
  if (!peer) return;  // gone already, or of this host by ipc
  doorkeeper_.comes({fd, source_of(peer->first), peer->first, peer->second, loop_.now()});
  thin_out();
  if (!sweep_) sweep_ = loop_.after(kSweepEvery, [this] { sweep(); });
}

void ZmqDoor::thin_out() {
  while (const auto visitor = doorkeeper_.too_many(loop_.now())) {
    if (show_out(*visitor, false) != Outcome::left) return;  // nor can the others be ended now
    doorkeeper_.leaves(visitor->fd);
  }
}

void ZmqDoor::sweep() {
  const auto visitors = doorkeeper_.visitors();
  for (const Doorkeeper::Visitor& one : visitors) {
    const bool late = loop_.now() - one.since > kHandshake;
    if (late || show_out(one, true) == Outcome::left) doorkeeper_.leaves(one.fd);
  }
  thin_out();
  sweep_.cancel();
  if (!doorkeeper_.visitors().empty()) sweep_ = loop_.after(kSweepEvery, [this] { sweep(); });
}

ZmqDoor::Outcome ZmqDoor::show_out(const Doorkeeper::Visitor& visitor, bool only_babbling) {
  const Standing how = standing(visitor.fd, visitor);
  if (how == Standing::gone || how == Standing::finished) return Outcome::left;
  if (how == Standing::waiting && only_babbling) return Outcome::stays;
  const Fd fd(fcntl(visitor.fd, F_DUPFD_CLOEXEC, 0));
  // Gone since, which shows next time; or too many are open.
  if (!fd.is_open()) return Outcome::failed;
  if (standing(fd.get(), visitor) == Standing::gone) return Outcome::left;
  ::shutdown(fd.get(), SHUT_RDWR);
  if (shown_out_) shown_out_(to_text(visitor.address));
  return Outcome::left;
}

ZmqDoor::Standing ZmqDoor::standing(int fd, const Doorkeeper::Visitor& visitor) const {
  if (peer_of(fd) != std::pair(visitor.address, visitor.port)) return Standing::gone;
  tcp_info info{};
  socklen_t size = sizeof info;
  constexpr socklen_t kNeeded =
      offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return Standing::gone;
  if (size < kNeeded) return Standing::finished;  // for all we can see
  const bool finished =
      curve_ ? info.tcpi_bytes_acked >= kSentByCurve : info.tcpi_bytes_received >= kReceivedByNull;
  if (finished) return Standing::finished;
  return info.tcpi_bytes_received > kBabble ? Standing::babbling : Standing::waiting;
}

}  // namespace itnxt
