// What comes in by the collector's sockets: matched with what was asked, or ignored and counted.
#include <cerrno>
#include <utility>

#include "collectors/snmp/collector.hpp"
#include "collectors/snmp_protocol/message.hpp"
#include "daemon/core/fd.hpp"

namespace itnxt {
namespace {

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

// The same in the problem of a device that got none through.
constexpr std::string_view what_of(snmp::Ignored reason) {
  switch (reason) {
    case snmp::Ignored::stranger:
      return "another engine, user, context or request-id than asked";
    case snmp::Ignored::late:
      return "another request-id than asked, or too late";
    case snmp::Ignored::wrong_community:
      return "another community or version than asked";
    case snmp::Ignored::not_a_response:
      return "no response";
    case snmp::Ignored::malformed:
      return "no SNMP message";
    case snmp::Ignored::unauthenticated:
      return "not signed";
    case snmp::Ignored::bad_signature:
      return "the signature is not the user's, or the cipher is broken";
    case snmp::Ignored::outside_window:
      return "signed more than 150 s ago";
  }
  return "";
}

}  // namespace

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

void SnmpCollector::malformed(snmp::Fault fault, const Address& from) {
  ignore(snmp::Ignored::malformed, from);
  const auto device = by_address_.find(from);
  if (device != by_address_.end() && at(device->second).working()) {
    at(device->second).with_work([&](auto& work) { work.malformed(fault); });
  }
}

// The same by the message ID, which only a device that was asked can know.
void SnmpCollector::receive(const snmp::usm::V3Message& message, const Address& from,
                            snmp::SocketPool::Id socket) {
  const std::optional<std::uint32_t> device = requests_.find(message.header.message_id);
  if (!device) return ignore_unasked(message.header.message_id, from);
  const Session& session = at(*device);
  if (!session.working() || !session.security || !(*session.address == from) ||
      session.socket != socket) {
    return ignore(snmp::Ignored::stranger, from);
  }
  judge(*device, message, from);
}

// A reply counts when it bears the request's id AND comes from where the request went to where it
// came from AND knows the community: each alone can be guessed or forged (RFC 3412 §7.2).
void SnmpCollector::receive(const snmp::Message& message, const Address& from,
                            snmp::SocketPool::Id socket) {
  if (message.type != snmp::PduType::response) return ignore(snmp::Ignored::not_a_response, from);
  const std::optional<std::uint32_t> device = requests_.find(message.request_id);
  if (!device) return ignore_unasked(message.request_id, from);
  Session& session = at(*device);
  if (!session.working() || !(*session.address == from) || session.socket != socket) {
    return ignore(snmp::Ignored::stranger, from);
  }
  const bool v1 = session.target.credentials.version == SnmpVersion::v1;
  if (session.security || v1 != (message.version == snmp::Version::v1) ||
      message.community != session.target.credentials.community.reveal()) {
    return ignore(session, snmp::Ignored::wrong_community, from);
  }
  session.with_work([&](auto& work) { work.answer(message, context_.loop.now()); });
  proceed(*device);
}

void SnmpCollector::ignore(snmp::Ignored reason, const Address& from) {
  IgnoredCount& count = ignored_[static_cast<std::size_t>(reason)];
  ++count.datagrams;
  count.last_from = from;
}

// Of a poll that gets no answer this is the best that can be said.
void SnmpCollector::ignore(Session& session, snmp::Ignored reason, const Address& from) {
  ignore(reason, from);
  if (session.walk) session.walk->ignored(what_of(reason));
}

// Under an ID that nobody waits for; or nobody any more, because something else came first.
void SnmpCollector::ignore_unasked(std::int32_t id, const Address& from) {
  const auto device = by_address_.find(from);
  if (device == by_address_.end()) return ignore(snmp::Ignored::stranger, from);
  if (at(device->second).dropped_id == id && id != 0) {
    at(device->second).dropped_id = 0;
    return;
  }
  ignore(at(device->second), snmp::Ignored::late, from);
}

// The collector's own figures go with a device's sample, at least once in each interval: of a whole
// one, a device whose poll ends a moment earlier than the last time would miss its turn.
void SnmpCollector::add_totals(DeviceSample& sample) {
  const Instant now = context_.loop.now();
  if (totals_told_at_ && now - *totals_told_at_ < config_.interval / 2) return;
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
