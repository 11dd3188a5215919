// The collector's sockets, and what goes out by them.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "collectors/snmp/collector.hpp"
#include "collectors/snmp/request.hpp"
#include "daemon/core/fd.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kLargestPdu = 1024;
constexpr std::size_t kLargestRequest = kLargestPdu + snmp::usm::kMostOverhead;
constexpr Duration kResendAfter = 2ms;  // the kernel's queue is full
constexpr Duration kReopenAtMost = 30s;

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
  const std::uint32_t number = session.with_work([](auto& work) { return work.request_number(); });
  if (session.request_id == 0 || session.request_number != number) {
    if (session.request_number != number) session.exchange = {};
    forget_request(session);
    do {
      session.request_id = ids_.next();
    } while (!requests_.insert(session.request_id, device));
    session.request_number = number;
  }
  // Who has profiles read has answered already.
  const bool silent = session.walk && !session.walk->answered() &&
                      (session.silence.is_silent() || session.walk->is_repeating());
  using Lane = snmp::SendQueue::Lane;
  const Lane lane = session.urgent || session.check ? Lane::urgent
                    : silent                        ? Lane::silent
                                                    : Lane::answering;
  queue_.ask(device, lane);
  schedule_.set(device, session.next_poll);  // until it is sent
}

snmp::ByteView SnmpCollector::encode(Session& session, std::span<std::uint8_t> room) {
  snmp::Request request = session.with_work([](auto& work) { return work.request(); });
  if (!session.security) {
    const bool v1 = session.target.credentials.version == SnmpVersion::v1;
    const auto version = v1 ? snmp::Version::v1 : snmp::Version::v2c;
    // Who walks a profile need not know: one row of many is an answer, too.
    if (v1 && request.type == snmp::RequestType::get_bulk) {
      request.type = snmp::RequestType::get_next;
    }
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
      const char* const why = session.security ? "the request could not be signed or enciphered"
                                               : "the community is too long for a request";
      session.with_work([&](auto& work) { work.not_sent(why); });
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
    const std::string why =
        "cannot send to " + to_text(*session.address) + ": " + errno_text(out.error);
    session.with_work([&](auto& work) { work.not_sent(why); });
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
  const Duration patience = session.with_work([](auto& work) { return work.patience(); });
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

}  // namespace itnxt
