#include "tests/support/fleet.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <system_error>
#include <vector>

namespace itnxt::test {

using snmp::ByteView;

namespace {

constexpr std::size_t kBatch = 128;
constexpr std::size_t kRequestBytes = 2048;
constexpr std::size_t kReplyBytes = 65'536;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct Control {
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in_pktinfo))> bytes;
};

// The address a request was sent to: who is meant, and who must answer.
in_addr destination(const msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr;
       c = CMSG_NXTHDR(const_cast<msghdr*>(&message), c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      return info.ipi_addr;
    }
  }
  return {htonl(INADDR_LOOPBACK)};
}

void set_source(Control& control, in_addr from) {
  in_pktinfo info{};
  info.ipi_spec_dst = from;
  auto* c = reinterpret_cast<cmsghdr*>(control.bytes.data());
  c->cmsg_level = IPPROTO_IP;
  c->cmsg_type = IP_PKTINFO;
  c->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(c), &info, sizeof info);
}

}  // namespace

struct Fleet::Io {
  struct Late {
    std::chrono::steady_clock::time_point due;
    sockaddr_in to;
    in_addr from;
    std::vector<std::uint8_t> bytes;
  };
  std::array<mmsghdr, kBatch> in{};
  std::array<iovec, kBatch> in_iov{};
  std::array<sockaddr_in, kBatch> peer{};
  std::array<Control, kBatch> in_control{};
  std::vector<std::uint8_t> in_bytes = std::vector<std::uint8_t>(kBatch * kRequestBytes);
  std::array<mmsghdr, kBatch> out{};
  std::array<iovec, kBatch> out_iov{};
  std::array<sockaddr_in, kBatch> to{};
  std::array<Control, kBatch> out_control{};
  std::unique_ptr<std::uint8_t[]> out_bytes{new std::uint8_t[kBatch * kReplyBytes]};
  std::deque<Late> late;

  // `bytes` stand in the slot's room.
  void reply(std::size_t slot, const sockaddr_in& peer_address, in_addr from,
             snmp::ByteView bytes) {
    to[slot] = peer_address;
    set_source(out_control[slot], from);
    out_iov[slot] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    msghdr& header = out[slot].msg_hdr;
    header.msg_name = &to[slot];
    header.msg_namelen = sizeof(sockaddr_in);
    header.msg_iov = &out_iov[slot];
    header.msg_iovlen = 1;
    header.msg_control = out_control[slot].bytes.data();
    header.msg_controllen = out_control[slot].bytes.size();
  }
};

Fleet::Fleet(FleetOptions options, std::uint16_t port)
    : model_(std::move(options)),
      engine_(model_.options().user),
      io_(std::make_unique<Io>()),
      started_(std::chrono::steady_clock::now()) {
  fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) fail("socket");
  const int one = 1;
  const int buffer = 16 << 20;
  (void)::setsockopt(fd_, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
  if (::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0) {
    (void)::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  }
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) fail("bind");
  socklen_t size = sizeof any;
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&any), &size);
  port_ = ntohs(any.sin_port);
  wake_ = ::eventfd(0, EFD_CLOEXEC);
  if (wake_ < 0) fail("eventfd");
}

Fleet::~Fleet() {
  stop();
  ::close(wake_);
  ::close(fd_);
}

void Fleet::start() {
  thread_ = std::thread([this] { serve(); });
}

void Fleet::stop() {
  const std::uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
  if (thread_.joinable()) thread_.join();
}

ByteView Fleet::answer(ByteView request, std::uint32_t device, Duration at,
                       std::span<std::uint8_t> room) {
  const auto decoded = snmp::decode(request);
  if (const auto* message = std::get_if<snmp::Message>(&decoded)) {
    return ByteView(room).first(model_.answer(*message, device, at, room));
  }
  const FleetOptions& options = model_.options();
  if (!options.user || std::get<snmp::Fault>(decoded) != snmp::Fault::bad_version ||
      (options.silent && options.silent(device))) {
    return {};
  }
  const auto inner = [&](const snmp::Message& pdu, std::span<std::uint8_t> out) {
    return model_.answer_pdu(pdu, device, at, out);
  };
  return engine_.answer(request, device, at, inner, room);
}

int Fleet::receive(Io& io, Duration at, std::chrono::steady_clock::time_point now) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    io.in_iov[i] = {io.in_bytes.data() + i * kRequestBytes, kRequestBytes};
    msghdr& header = io.in[i].msg_hdr;
    header.msg_name = &io.peer[i];
    header.msg_namelen = sizeof(sockaddr_in);
    header.msg_iov = &io.in_iov[i];
    header.msg_iovlen = 1;
    header.msg_control = io.in_control[i].bytes.data();
    header.msg_controllen = io.in_control[i].bytes.size();
  }
  const int n = ::recvmmsg(fd_, io.in.data(), kBatch, MSG_DONTWAIT, nullptr);
  const FleetOptions& options = model_.options();
  std::size_t replies = 0;
  for (std::size_t i = 0; n > 0 && i < static_cast<std::size_t>(n); ++i) {
    requests_.fetch_add(1, std::memory_order_relaxed);
    const in_addr to = destination(io.in[i].msg_hdr);
    const std::uint32_t device = ntohl(to.s_addr);
    if (options.blocked && options.blocked(device, ntohs(io.peer[i].sin_port))) continue;
    const ByteView bytes(io.in_bytes.data() + i * kRequestBytes, io.in[i].msg_len);
    const std::span<std::uint8_t> room(io.out_bytes.get() + replies * kReplyBytes, kReplyBytes);
    const ByteView reply = answer(bytes, device, at, room);
    if (reply.empty()) continue;
    if (options.latency > Duration::zero() && now != std::chrono::steady_clock::time_point{}) {
      io.late.push_back({now + options.latency, io.peer[i], to, {reply.begin(), reply.end()}});
      continue;
    }
    io.reply(replies++, io.peer[i], to, reply);
  }
  send(io, replies);
  return n;
}

void Fleet::answer_waiting(Duration at) {
  while (receive(*io_, at, {}) > 0) {
  }
}

void Fleet::send(Io& io, std::size_t count) {
  for (std::size_t done = 0; done < count;) {
    const int n = ::sendmmsg(fd_, io.out.data() + done, static_cast<unsigned>(count - done), 0);
    done += n > 0 ? static_cast<std::size_t>(n) : 1;  // what cannot be sent is lost, as on a wire
  }
}

void Fleet::serve() {
  while (true) {
    int wait = -1;
    if (!io_->late.empty()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
          io_->late.front().due - std::chrono::steady_clock::now());
      wait = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    std::array<pollfd, 2> fds = {pollfd{fd_, POLLIN, 0}, pollfd{wake_, POLLIN, 0}};
    (void)::poll(fds.data(), fds.size(), wait);
    if (fds[1].revents != 0) {
      std::uint64_t count = 0;
      (void)!::read(wake_, &count, sizeof count);
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (fds[0].revents != 0) (void)receive(*io_, now - started_, now);
    std::size_t replies = 0;
    while (!io_->late.empty() && io_->late.front().due <= now && replies < kBatch) {
      const Io::Late& late = io_->late.front();
      std::memcpy(io_->out_bytes.get() + replies * kReplyBytes, late.bytes.data(),
                  late.bytes.size());
      io_->reply(replies, late.to, late.from,
                 {io_->out_bytes.get() + replies * kReplyBytes, late.bytes.size()});
      ++replies;
      io_->late.pop_front();
    }
    send(*io_, replies);
  }
}

}  // namespace itnxt::test
