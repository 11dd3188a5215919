#include "daemon/io/inlet.hpp"

#include <utility>

namespace itnxt {
namespace {

constexpr std::string_view kKey = "aggregator.listen";
constexpr Duration kComplaintInterval = 10s;  // of one peer
constexpr std::size_t kMaxComplainedOf = 256;
constexpr Duration kTellInterval = 1s;  // of one connection
constexpr std::size_t kMaxTold = 4096;

// A peer without an address is known by the name the library gave it.
std::string name_of(const ZmqMessage& message) {
  if (!message.address.empty()) return std::string(message.address);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : message.peer.substr(0, 16)) {
    text += kDigits[static_cast<std::uint8_t>(c) >> 4];
    text += kDigits[static_cast<std::uint8_t>(c) & 15];
  }
  return text;
}

}  // namespace

Inlet::Inlet(Loop& loop, Log& log, Handler handler)
    : loop_(loop), log_(log), handler_(std::move(handler)) {}

Result<std::unique_ptr<Inlet>> Inlet::open(Loop& loop, Log& log, ZmqContext& zmq,
                                           const std::string& endpoint, Handler handler) {
  std::unique_ptr<Inlet> inlet(new Inlet(loop, log, std::move(handler)));
  Inlet& self = *inlet;
  auto socket =
      ZmqSocket::bind_router(loop, zmq, kKey, endpoint,
                             {.message = [&self](const ZmqMessage& message) { self.take(message); },
                              .writable = nullptr,
                              .disconnected = nullptr});
  if (!socket) return Error{socket.error()};
  inlet->socket_ = std::move(socket).value();
  return inlet;
}

void Inlet::take(const ZmqMessage& message) {
  if (const auto refused = decoder_.decode(message.parts)) return refuse(message, *refused);
  if (decoder_.holds_events()) return take(decoder_.events(), message);
  const Batch& batch = decoder_.batch();
  handler_(batch);
  const std::uint32_t credit = hooks_.credit ? hooks_.credit() : wire::kCredit;
  socket_->reply(message.peer,
                 wire::encode(wire::Ack{batch.collector, batch.epoch, batch.sequence, credit}));
}

void Inlet::take(const EventBatch& events, const ZmqMessage& message) {
  if (!hooks_.events) return;  // kept by who sent them until they are acknowledged
  const auto refusing =
      hooks_.events(events, [this, peer = std::string(message.peer)](const wire::EventAck& ack) {
        socket_->reply(peer, wire::encode(ack));
      });
  if (refusing) tell(message, *refusing);
}

void Inlet::refuse(const ZmqMessage& message, const wire::Refused& refused) {
  ++counts_.refused[static_cast<std::size_t>(refused.reason)];
  tell(message, {std::string(wire::name(refused.reason)), refused.message});
  std::string peer = name_of(message);
  if (complaints_.size() >= kMaxComplainedOf && !complaints_.contains(peer)) {
    peer = "others";  // so that a peer of many names fills neither memory nor the log
  }
  const auto [complaint, first] = complaints_.try_emplace(peer);
  Complaint& about = complaint->second;
  if (!first && loop_.now() - about.last < kComplaintInterval) {
    ++about.unsaid;
    return;
  }
  log_.warning("malformed message dropped: " + refused.message,
               {{"peer", peer},
                {"reason", std::string(wire::name(refused.reason))},
                {"unsaid", std::to_string(about.unsaid)}});
  about = {loop_.now(), 0};
  if (hooks_.refused) hooks_.refused(peer, refused);
}

// Whose word is not taken hears why, but cannot make us talk.
void Inlet::tell(const ZmqMessage& message, const wire::Refusing& refusing) {
  const Instant now = loop_.now();
  if (told_.size() >= kMaxTold) {
    std::erase_if(told_, [&](const auto& one) { return now - one.second >= kTellInterval; });
    if (told_.size() >= kMaxTold) return;
  }
  const auto [last, first] = told_.try_emplace(std::string(message.peer), now);
  if (!first && now - last->second < kTellInterval) return;
  last->second = now;
  socket_->reply(message.peer, wire::encode(refusing));
}

}  // namespace itnxt
