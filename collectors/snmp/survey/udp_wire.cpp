#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "collectors/snmp/survey/wire.hpp"

namespace itnxt::snmp::survey {
namespace {

constexpr std::size_t kMostWaiting = 256;  // datagrams kept; a flood is dropped
constexpr int kRefusalMs = 300;

timespec to_timespec(Duration d) {
  const auto s = std::chrono::floor<std::chrono::seconds>(d);
  return {s.count(), (d - s).count()};
}

}  // namespace

Result<UdpWire> UdpWire::open(const Address& device, Duration budget) {
  Result<UdpSocket> socket = UdpSocket::open();
  if (!socket) return Error{"cannot open a UDP socket: " + socket.error()};
  Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  itimerspec spec{};
  // A day more: the timer must still run when the budget is over, or it would say zero for ever.
  spec.it_value = to_timespec(budget + 24h);
  if (!timer.is_open() || ::timerfd_settime(timer.get(), 0, &spec, nullptr) != 0) {
    return Error{"cannot make a timer: " + errno_text(errno)};
  }
  return UdpWire(device, budget, std::move(*socket), std::move(timer));
}

Instant UdpWire::now() const {
  itimerspec left{};
  ::timerfd_gettime(timer_.get(), &left);
  const Duration rest =
      std::chrono::seconds(left.it_value.tv_sec) + Duration(left.it_value.tv_nsec);
  return Instant{} + (budget_ + 24h - rest);
}

Status UdpWire::send(ByteView datagram) {
  const UdpSocket::Datagram one{device_, datagram};
  const UdpSocket::Sent sent = socket_.send({&one, 1});
  if (sent.count == 1) return {};
  return Error{"cannot send to " + to_text(device_) + ": " + errno_text(sent.error)};
}

void UdpWire::read_socket() {
  (void)socket_.receive([this](const UdpSocket::Datagram& datagram) {
    if (received_.size() >= kMostWaiting) return;
    received_.push_back({datagram.peer, {datagram.bytes.begin(), datagram.bytes.end()}});
  });
}

std::optional<UdpSocket::Datagram> UdpWire::receive(Instant until) {
  const Instant end = std::min(until, Instant{} + budget_);
  while (received_.empty()) {
    const Instant at = now();
    if (at >= end) return std::nullopt;
    pollfd waiting{socket_.fd(), POLLIN, 0};
    const timespec timeout = to_timespec(end - at);
    if (::ppoll(&waiting, 1, &timeout, nullptr) > 0) read_socket();
  }
  current_ = std::move(received_.front());
  received_.pop_front();
  return UdpSocket::Datagram{current_.from, current_.bytes};
}

std::string why_unreachable(const Address& device, ByteView datagram) {
  const Fd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return {};
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(device.port);
  to.sin6_scope_id = device.scope;
  std::memcpy(&to.sin6_addr, device.ip.data(), device.ip.size());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
      ::send(fd.get(), datagram.data(), datagram.size(), 0) < 0) {
    return errno_text(errno);
  }
  pollfd waiting{fd.get(), POLLIN, 0};
  std::array<std::uint8_t, 16> byte;
  if (::poll(&waiting, 1, kRefusalMs) > 0 && ::recv(fd.get(), byte.data(), byte.size(), 0) < 0) {
    return errno_text(errno);
  }
  return {};
}

}  // namespace itnxt::snmp::survey
