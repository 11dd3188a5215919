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

constexpr std::size_t kLargestPdu = 1024;
constexpr std::size_t kLargestRequest = kLargestPdu + snmp::usm::kMostOverhead;
constexpr Duration kResendAfter = 2ms;  // the kernel's queue is full
constexpr Duration kReopenAtMost = 30s;
constexpr int kBatchesAtOnce = 16;  // then others of the loop have their turn
constexpr Duration kTellIgnoredEvery = 60s;

// What was received, and what to look at.
constexpr std::string_view advice_on(snmp::Ignored reason) {
  switch (reason) {
    case snmp::Ignored::stranger:
      return "replies from where nothing was asked: a device that answers from another of its "
             "addresses, or a forger; correct 'address' in the inventory, or let the device answer "
             "from there";
    case snmp::Ignored::late:
      return "replies to requests that were over: raise 'timeout' if they go on, or find out what "
             "delays or doubles them";
    case snmp::Ignored::wrong_community:
      return "replies with another community or version than the request's: look at the device's "
             "configuration, or for a forger";
    case snmp::Ignored::not_a_response:
      return "requests or traps, which nobody takes here: look at what sends them to this port";
    case snmp::Ignored::malformed:
      return "they are no SNMP message: look at what answers at that address";
    case snmp::Ignored::unauthenticated:
      return "unsigned where SNMPv3 must sign: a forger, or a device with the user on a lower "
             "level; look at the device's configuration";
    case snmp::Ignored::bad_signature:
      return "their signature is not the user's, or they cannot be deciphered: a forger, or bytes "
             "altered on the way; look at the path to the device";
    case snmp::Ignored::outside_window:
      return "signed more than 150 s ago: a replay, or a device whose clock jumps; look at its "
             "snmpEngineTime";
  }
  return "";
}

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
    if (session.request_number != number) session.exchange = {};
    forget_request(session);
    do {
      session.request_id = ids_.next();
    } while (!requests_.insert(session.request_id, device));
    session.request_number = number;
  }
  if (!std::exchange(session.queued, true)) outgoing_.push_back(device);
}

snmp::ByteView SnmpCollector::encode(Session& session, std::span<std::uint8_t> room) {
  snmp::Request request = session.with_work([](auto& work) { return work.request(); });
  if (!session.security) {
    const auto version = session.target.credentials.version == SnmpVersion::v1 ? snmp::Version::v1
                                                                               : snmp::Version::v2c;
    return snmp::encode(request, version, session.target.credentials.community.reveal(),
                        session.request_id, room);
  }
  std::array<std::uint8_t, kLargestPdu> pdu;
  const snmp::ByteView plain = snmp::encode_pdu(request, session.request_id, pdu);
  if (plain.empty()) return {};
  return session.security->encode(session.exchange, session.request_id, plain, context_.loop.now(),
                                  *salts_, room);
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
    const snmp::ByteView bytes = encode(session, room);
    if (bytes.empty()) {
      const char* const why = session.security ? "the request could not be signed or enciphered"
                                               : "the community is too long for a request";
      session.with_work([&](auto& work) { work.not_sent(why); });
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
  const snmp::Fault fault = std::get<snmp::Fault>(decoded);
  if (fault == snmp::Fault::bad_version) {
    const auto v3 = snmp::usm::decode_v3(datagram.bytes);
    if (const auto* message = std::get_if<snmp::usm::V3Message>(&v3)) {
      receive(*message, datagram.peer);
      return;
    }
  }
  malformed(fault, datagram.peer);
}

void SnmpCollector::malformed(snmp::Fault fault, const snmp::Address& from) {
  ignore(snmp::Ignored::malformed, from);
  const auto device = by_address_.find(from);
  if (device != by_address_.end() && sessions_[device->second].working()) {
    sessions_[device->second].with_work([&](auto& work) { work.malformed(fault); });
  }
}

// The same by the message ID, which only a device that was asked can know.
void SnmpCollector::receive(const snmp::usm::V3Message& message, const snmp::Address& from) {
  const std::optional<std::uint32_t> device = requests_.find(message.header.message_id);
  if (!device) {
    const bool known = by_address_.contains(from);
    return ignore(known ? snmp::Ignored::late : snmp::Ignored::stranger, from);
  }
  const Session& session = sessions_[*device];
  if (!session.working() || !session.security || !(*session.address == from)) {
    return ignore(snmp::Ignored::stranger, from);
  }
  judge(*device, message, from);
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
  if (!session.working() || !(*session.address == from)) {
    return ignore(snmp::Ignored::stranger, from);
  }
  const bool v1 = session.target.credentials.version == SnmpVersion::v1;
  if (session.security || v1 != (message.version == snmp::Version::v1) ||
      message.community != session.target.credentials.community.reveal()) {
    return ignore(snmp::Ignored::wrong_community, from);
  }
  session.with_work([&](auto& work) { work.answer(message, context_.loop.now()); });
  proceed(*device);
}

void SnmpCollector::ignore(snmp::Ignored reason, const snmp::Address& from) {
  IgnoredCount& count = ignored_[static_cast<std::size_t>(reason)];
  ++count.datagrams;
  count.last_from = from;
}

// The sums of a minute, a line each reason; at once when they are the first.
void SnmpCollector::tell_ignored() {
  const Instant now = context_.loop.now();
  if (ignored_told_at_ && now - *ignored_told_at_ < kTellIgnoredEvery) return;
  for (std::size_t i = 0; i < snmp::kIgnored; ++i) {
    IgnoredCount& count = ignored_[i];
    if (count.datagrams == count.told) continue;
    ignored_told_at_ = now;
    context_.log.warning(
        "datagrams were ignored: " + std::string(advice_on(static_cast<snmp::Ignored>(i))),
        {{"collector", config_.name.text()},
         {"reason", std::string(snmp::kIgnoredNames[i])},
         {"datagrams",
          std::to_string(count.datagrams - std::exchange(count.told, count.datagrams))},
         {"last_from", to_text(count.last_from)}});
  }
}

}  // namespace itnxt
