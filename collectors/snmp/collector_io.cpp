// The collector's socket: requests out in batches, replies in and matched.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "collectors/snmp/collector.hpp"
#include "collectors/snmp/message.hpp"
#include "collectors/snmp/request.hpp"
#include "daemon/core/fd.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kLargestRequest = 1024;
constexpr Duration kResendAfter = 2ms;  // the kernel's queue is full
constexpr Duration kReopenAtMost = 30s;
constexpr int kBatchesAtOnce = 16;  // then others of the loop have their turn
constexpr Duration kTellIgnoredEvery = 60s;

}  // namespace

void SnmpCollector::open_socket() {
  Result<snmp::UdpSocket> socket = snmp::UdpSocket::open();
  if (!socket) {
    if (socket_problem_ != socket.error()) {
      context_.log.error("cannot open a UDP socket for SNMP; trying again",
                         {{"collector", config_.name.text()}, {"problem", socket.error()}});
    }
    socket_problem_ = socket.error();
    reopen_ = context_.loop.after(reopen_after_, [this] { open_socket(); });
    reopen_after_ = std::min(reopen_after_ * 2, kReopenAtMost);
    return;
  }
  reopen_after_ = 1s;
  socket_.emplace(std::move(*socket));
  readable_ = context_.loop.watch(socket_->fd(), Interest::readable, [this] { on_readable(); });
  if (std::exchange(socket_problem_, "") != "not started") {
    context_.log.notice("UDP socket for SNMP is open again", {{"collector", config_.name.text()}});
  }
}

void SnmpCollector::close_socket(std::string_view why) {
  context_.log.error("lost the UDP socket for SNMP; opening another",
                     {{"collector", config_.name.text()}, {"problem", std::string(why)}});
  readable_.cancel();
  socket_.reset();
  socket_problem_ = why;
  reopen_ = context_.loop.after(reopen_after_, [this] { open_socket(); });
}

void SnmpCollector::forget_request(Session& session) {
  if (session.request_id != 0) requests_.erase(std::exchange(session.request_id, 0));
}

// A repeated request keeps its id, so that a late reply to the first try still counts; another
// request gets another.
void SnmpCollector::ask(std::uint32_t device) {
  Session& session = sessions_[device];
  const std::uint32_t number = session.with_work([](auto& work) { return work.request_number(); });
  if (session.request_id == 0 || session.request_number != number) {
    forget_request(session);
    do {
      session.request_id = ids_.next();
    } while (!requests_.insert(session.request_id, device));
    session.request_number = number;
  }
  if (!std::exchange(session.queued, true)) outgoing_.push_back(device);
}

// One batch off the front of outgoing_; how many were dealt with, 0: the kernel takes no more now.
std::size_t SnmpCollector::send_batch() {
  std::array<snmp::UdpSocket::Datagram, snmp::UdpSocket::kBatch> batch;
  const std::size_t count = std::min(outgoing_.size(), batch.size());
  std::array<std::uint32_t, snmp::UdpSocket::kBatch> devices;
  std::size_t used = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t device = outgoing_[i];
    Session& session = sessions_[device];
    if (!session.working() || session.request_id == 0) continue;  // its poll has ended meanwhile
    const std::span<std::uint8_t> room(arena_.data() + used * kLargestRequest, kLargestRequest);
    const snmp::ByteView bytes =
        encode(session.with_work([](auto& work) { return work.request(); }),
               session.target.credentials.community.reveal(), session.request_id, room);
    if (bytes.empty()) {
      session.with_work(
          [](auto& work) { work.not_sent("the community is too long for a request"); });
      continue;
    }
    devices[used] = device;
    batch[used++] = {*session.address, bytes};
  }
  const auto sent = socket_->send(std::span(batch).first(used));
  std::size_t done = sent.count;
  if (sent.error == EAGAIN || sent.error == ENOBUFS || sent.error == ENOMEM) {
    if (done == 0) return 0;
  } else if (sent.error != 0) {
    send_failed(devices[done], sent.error);
    ++done;
  }
  // What is before the first unsent device in outgoing_ has been dealt with.
  std::size_t passed = count;
  if (done < used) {
    passed = static_cast<std::size_t>(std::find(outgoing_.begin(), outgoing_.end(), devices[done]) -
                                      outgoing_.begin());
  }
  for (std::size_t i = 0; i < passed; ++i) sessions_[outgoing_[i]].queued = false;
  outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(passed));
  return passed;
}

void SnmpCollector::send_failed(std::uint32_t device, int error) {
  Session& session = sessions_[device];
  session.with_work([&](auto& work) {
    work.not_sent("cannot send to " + to_text(*session.address) + ": " + errno_text(error));
  });
}

void SnmpCollector::flush() {
  if (!socket_ || resend_) return;
  arena_.resize(snmp::UdpSocket::kBatch * kLargestRequest);
  while (!outgoing_.empty()) {
    if (send_batch() > 0) continue;
    resend_ = context_.loop.after(kResendAfter, [this] {
      resend_.cancel();
      flush();
    });
    return;
  }
}

void SnmpCollector::on_readable() {
  for (int i = 0; i < kBatchesAtOnce && socket_; ++i) {
    const int n =
        socket_->receive([this](const snmp::UdpSocket::Datagram& datagram) { receive(datagram); });
    if (n == -EAGAIN || n == -EINTR) break;
    // An ICMP error of an earlier datagram says nothing about the socket.
    if (n == -ECONNREFUSED || n == -EHOSTUNREACH || n == -ENETUNREACH) continue;
    if (n < 0) {
      close_socket(errno_text(-n));
      break;
    }
    flush();
    if (static_cast<std::size_t>(n) < snmp::UdpSocket::kBatch) break;
  }
  arm();
}

void SnmpCollector::receive(const snmp::UdpSocket::Datagram& datagram) {
  const auto decoded = snmp::decode(datagram.bytes);
  if (const auto* message = std::get_if<snmp::Message>(&decoded)) {
    receive(*message, datagram.peer);
    return;
  }
  ignore(snmp::Ignored::malformed, datagram.peer);
  const auto device = by_address_.find(datagram.peer);
  if (device != by_address_.end() && sessions_[device->second].working()) {
    sessions_[device->second].with_work(
        [&](auto& work) { work.malformed(std::get<snmp::Fault>(decoded)); });
  }
}

// A reply counts when it bears the request's id AND comes from where the request went AND knows the
// community: each alone can be guessed or forged (RFC 3412 §7.2).
void SnmpCollector::receive(const snmp::Message& message, const snmp::Address& from) {
  if (message.type != snmp::PduType::response) return ignore(snmp::Ignored::not_a_response, from);
  const std::optional<std::uint32_t> device = requests_.find(message.request_id);
  if (!device) {
    const bool known = by_address_.contains(from);
    return ignore(known ? snmp::Ignored::late : snmp::Ignored::stranger, from);
  }
  Session& session = sessions_[*device];
  if (!session.working() || !(*session.address == from))
    return ignore(snmp::Ignored::stranger, from);
  if (message.community != session.target.credentials.community.reveal()) {
    return ignore(snmp::Ignored::wrong_community, from);
  }
  session.with_work([&](auto& work) { work.answer(message, context_.loop.now()); });
  proceed(*device);
}

void SnmpCollector::ignore(snmp::Ignored reason, const snmp::Address& from) {
  ++ignored_[static_cast<std::size_t>(reason)];
  last_ignored_ = from;
}

// The sums of a minute, in one line; at once when it is the first.
void SnmpCollector::tell_ignored() {
  if (ignored_ == ignored_told_) return;
  const Instant now = context_.loop.now();
  if (ignored_told_at_ && now - *ignored_told_at_ < kTellIgnoredEvery) return;
  ignored_told_at_ = now;
  const auto since = [&](snmp::Ignored reason) {
    const auto i = static_cast<std::size_t>(reason);
    return std::to_string(ignored_[i] - std::exchange(ignored_told_[i], ignored_[i]));
  };
  context_.log.warning("datagrams were ignored",
                       {{"collector", config_.name.text()},
                        {"stranger", since(snmp::Ignored::stranger)},
                        {"late", since(snmp::Ignored::late)},
                        {"wrong_community", since(snmp::Ignored::wrong_community)},
                        {"not_a_response", since(snmp::Ignored::not_a_response)},
                        {"malformed", since(snmp::Ignored::malformed)},
                        {"last_from", to_text(*last_ignored_)}});
}

}  // namespace itnxt
