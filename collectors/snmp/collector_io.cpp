// The collector's sockets: requests out in batches, replies in and matched.
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
  if (const Status opened = sockets_.open(); !opened) {
    if (socket_problem_ != opened.error()) {
      context_.log.error("cannot open a UDP socket for SNMP; trying again",
                         {{"collector", config_.name.text()}, {"problem", opened.error()}});
    }
    socket_problem_ = opened.error();
    reopen_ = context_.loop.after(reopen_after_, [this] { open_socket(); });
    reopen_after_ = std::min(reopen_after_ * 2, kReopenAtMost);
    return;
  }
  reopen_after_ = 1s;
  if (std::exchange(socket_problem_, "") != "not started") {
    context_.log.notice("UDP socket for SNMP is open again", {{"collector", config_.name.text()}});
  }
}

// Its devices are asked from the newest at their next poll.
void SnmpCollector::lose_socket(snmp::SocketPool::Id socket, std::string_view why) {
  context_.log.error("lost the UDP socket for SNMP; opening another",
                     {{"collector", config_.name.text()}, {"problem", std::string(why)}});
  sockets_.close(socket);
  if (!sockets_.empty()) return;
  socket_problem_ = why;
  reopen_ = context_.loop.after(reopen_after_, [this] { open_socket(); });
}

// Before a poll, so that all its requests have one source port. A device that is silent for long
// moves: a firewall on the way may have lost the state of the old port, or keep a dead one.
void SnmpCollector::choose_socket(Session& session) {
  snmp::SocketPool::Id to = sockets_.home_of(session.socket);
  if (session.silence.wants_another_port()) {
    if (to == sockets_.newest()) sockets_.refresh(config_.interval);
    to = sockets_.newest();
    if (to != session.socket) session.silence.moved();
  }
  sockets_.move(std::exchange(session.socket, to), to);
}

void SnmpCollector::forget_request(Session& session) {
  if (session.request_id != 0) requests_.erase(std::exchange(session.request_id, 0));
}

// A repeated request keeps its id, so that a late reply to the first try still counts; another
// request gets another.
void SnmpCollector::ask(std::uint32_t device) {
  Session& session = at(device);
  const std::uint32_t number = session.walk->request_number();
  if (session.request_id == 0 || session.request_number != number) {
    if (session.request_number != number) session.exchange = {};
    forget_request(session);
    do {
      session.request_id = ids_.next();
    } while (!requests_.insert(session.request_id, device));
    session.request_number = number;
  }
  const snmp::Walk& walk = *session.walk;
  const bool silent = !walk.answered() && (session.silence.is_silent() || walk.is_repeating());
  queue_.ask(device, silent ? snmp::SendQueue::Lane::silent : snmp::SendQueue::Lane::answering);
  schedule_.set(device, session.next_poll);  // until it is sent
}

snmp::ByteView SnmpCollector::encode(Session& session, std::span<std::uint8_t> room) {
  const snmp::Request request = session.walk->request();
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

// The next requests that may be sent, as bytes; how many.
std::size_t SnmpCollector::fill_batch() {
  std::size_t used = 0;
  while (used < batch_.size()) {
    const std::optional<std::uint32_t> device = queue_.next();
    if (!device) break;
    Session& session = at(*device);
    const std::span<std::uint8_t> room(arena_.data() + used * kLargestRequest, kLargestRequest);
    const snmp::ByteView bytes = encode(session, room);
    if (bytes.empty()) {
      session.walk->not_sent(session.security ? "the request could not be signed or enciphered"
                                              : "the community is too long for a request");
      sent(*device);
      continue;
    }
    batch_[used] = *device;
    datagrams_[used++] = {*session.address, bytes};
  }
  return used;
}

// Some neighbours of a batch by their common socket; how many are dealt with, less than `count`:
// the kernel takes no more now.
std::size_t SnmpCollector::send_run(std::size_t first, std::size_t count, snmp::UdpSocket& socket) {
  std::size_t done = 0;
  while (done < count) {
    const auto out = socket.send(std::span(datagrams_).subspan(first + done, count - done));
    for (std::size_t i = 0; i < out.count; ++i) sent(batch_[first + done + i]);
    done += out.count;
    traffic_.sent += out.count;
    if (out.error == EAGAIN || out.error == ENOBUFS || out.error == ENOMEM) break;
    if (out.error == 0) continue;
    const std::uint32_t device = batch_[first + done];
    Session& session = at(device);
    session.walk->not_sent("cannot send to " + to_text(*session.address) + ": " +
                           errno_text(out.error));
    sent(device);
    ++done;
  }
  return done;
}

// False: the rest waits for the kernel.
bool SnmpCollector::send_batch(std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const snmp::SocketPool::Id id = at(batch_[done]).socket;
    std::size_t end = done + 1;
    while (end < count && at(batch_[end]).socket == id) ++end;
    snmp::UdpSocket* const socket = sockets_.find(id);
    if (socket == nullptr) {  // lost since the poll began
      for (; done < end; ++done) sent(batch_[done]);
      continue;
    }
    done += send_run(done, end - done, *socket);
    if (done < end) break;
  }
  for (std::size_t i = count; i > done; --i) queue_.give_back(batch_[i - 1]);
  return done == count;
}

// Its try begins now. A tenth of jitter, so that what was lost together is not repeated together.
void SnmpCollector::sent(std::uint32_t device) {
  Session& session = at(device);
  jitter_ = jitter_ * 6364136223846793005U + 1442695040888963407U;
  const Duration patience = session.walk->patience();
  const Duration wait = patience + patience / 10 * static_cast<int>(jitter_ >> 58U) / 64;
  schedule_.set(device, std::min(context_.loop.now() + wait, session.next_poll));
}

void SnmpCollector::flush() {
  if (resend_) return;
  arena_.resize(batch_.size() * kLargestRequest);
  while (const std::size_t count = fill_batch()) {
    if (send_batch(count)) continue;
    resend_ = context_.loop.after(kResendAfter, [this] {
      resend_.cancel();
      flush();
      arm();
    });
    return;
  }
}

void SnmpCollector::on_readable(snmp::SocketPool::Id socket) {
  for (int i = 0; i < kBatchesAtOnce; ++i) {
    snmp::UdpSocket* const open = sockets_.find(socket);
    if (open == nullptr) break;
    const int n = open->receive(
        [this, socket](const snmp::UdpSocket::Datagram& datagram) { receive(datagram, socket); });
    if (n == -EAGAIN || n == -EINTR) break;
    // An ICMP error of an earlier datagram says nothing about the socket.
    if (n == -ECONNREFUSED || n == -EHOSTUNREACH || n == -ENETUNREACH) continue;
    if (n < 0) {
      lose_socket(socket, errno_text(-n));
      break;
    }
    flush();
    if (static_cast<std::size_t>(n) < snmp::UdpSocket::kBatch) break;
  }
  arm();
}

void SnmpCollector::receive(const snmp::UdpSocket::Datagram& datagram,
                            snmp::SocketPool::Id socket) {
  ++traffic_.received;
  const auto decoded = snmp::decode(datagram.bytes);
  if (const auto* message = std::get_if<snmp::Message>(&decoded)) {
    receive(*message, datagram.peer, socket);
    return;
  }
  const snmp::Fault fault = std::get<snmp::Fault>(decoded);
  if (fault == snmp::Fault::bad_version) {
    const auto v3 = snmp::usm::decode_v3(datagram.bytes);
    if (const auto* message = std::get_if<snmp::usm::V3Message>(&v3)) {
      receive(*message, datagram.peer, socket);
      return;
    }
  }
  malformed(fault, datagram.peer);
}

void SnmpCollector::malformed(snmp::Fault fault, const snmp::Address& from) {
  ignore(snmp::Ignored::malformed, from);
  const auto device = by_address_.find(from);
  if (device != by_address_.end() && at(device->second).walk) {
    at(device->second).walk->malformed(fault);
  }
}

// The same by the message ID, which only a device that was asked can know.
void SnmpCollector::receive(const snmp::usm::V3Message& message, const snmp::Address& from,
                            snmp::SocketPool::Id socket) {
  const std::optional<std::uint32_t> device = requests_.find(message.header.message_id);
  if (!device) {
    const bool known = by_address_.contains(from);
    return ignore(known ? snmp::Ignored::late : snmp::Ignored::stranger, from);
  }
  const Session& session = at(*device);
  if (!session.walk || !session.security || !(*session.address == from) ||
      session.socket != socket) {
    return ignore(snmp::Ignored::stranger, from);
  }
  judge(*device, message, from);
}

// A reply counts when it bears the request's id AND comes from where the request went to where it
// came from AND knows the community: each alone can be guessed or forged (RFC 3412 §7.2).
void SnmpCollector::receive(const snmp::Message& message, const snmp::Address& from,
                            snmp::SocketPool::Id socket) {
  if (message.type != snmp::PduType::response) return ignore(snmp::Ignored::not_a_response, from);
  const std::optional<std::uint32_t> device = requests_.find(message.request_id);
  if (!device) {
    const bool known = by_address_.contains(from);
    return ignore(known ? snmp::Ignored::late : snmp::Ignored::stranger, from);
  }
  Session& session = at(*device);
  if (!session.walk || !(*session.address == from) || session.socket != socket) {
    return ignore(snmp::Ignored::stranger, from);
  }
  const bool v1 = session.target.credentials.version == SnmpVersion::v1;
  if (session.security || v1 != (message.version == snmp::Version::v1) ||
      message.community != session.target.credentials.community.reveal()) {
    return ignore(snmp::Ignored::wrong_community, from);
  }
  session.walk->answer(message, context_.loop.now());
  proceed(*device);
}

void SnmpCollector::ignore(snmp::Ignored reason, const snmp::Address& from) {
  IgnoredCount& count = ignored_[static_cast<std::size_t>(reason)];
  ++count.datagrams;
  count.last_from = from;
}

// The collector's own figures go with a device's sample, the first of each interval.
void SnmpCollector::add_totals(DeviceSample& sample) {
  const Instant now = context_.loop.now();
  if (totals_told_at_ && now - *totals_told_at_ < config_.interval) return;
  totals_told_at_ = now;
  SnmpTotals& totals = sample.totals.emplace();
  for (std::size_t i = 0; i < kSnmpIgnored; ++i) totals.ignored[i] = ignored_[i].datagrams;
  totals.broken = broken_rules_.all();
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
         {"reason", std::string(kSnmpIgnoredNames[i])},
         {"datagrams",
          std::to_string(count.datagrams - std::exchange(count.told, count.datagrams))},
         {"last_from", to_text(count.last_from)}});
  }
}

}  // namespace itnxt
