#include "daemon/io/inlet.hpp"

#include <limits>
#include <utility>

#include "daemon/io/zmq_security.hpp"

namespace itnxt {
namespace {

constexpr std::string_view kKey = "aggregator.listen";
// By Denial.
constexpr std::array<std::string_view, kDenials> kDenied = {
    "message dropped: aggregator.curve.nodes does not name its key (any more)",
    "message dropped: a node speaks in the name of another than aggregator.curve.nodes gives its "
    "key",
    "message not taken for now: its node sends more than aggregator.limits.bytes_per_node"};
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

std::size_t size_of(const ZmqMessage& message) {
  std::size_t bytes = 0;
  for (const std::string_view part : message.parts) bytes += part.size();
  return bytes;
}

}  // namespace

Inlet::Inlet(Loop& loop, Log& log, Handler handler, const Gate* gate)
    : loop_(loop), log_(log), handler_(std::move(handler)), gate_(gate), crowds_(log) {}

Result<std::unique_ptr<Inlet>> Inlet::open(Loop& loop, Log& log, ZmqContext& zmq,
                                           const std::string& endpoint, Handler handler,
                                           const InletRules& rules) {
  std::unique_ptr<Inlet> inlet(new Inlet(loop, log, std::move(handler), rules.gate));
  Inlet& self = *inlet;
  if (rules.gate != nullptr || rules.budget) {
    const Bytes unlimited(std::numeric_limits<std::uint32_t>::max() * std::uint64_t{1024});
    inlet->sender_check_.emplace(rules.gate, rules.budget.value_or(unlimited));
  }
  const auto curve = rules.gate == nullptr ? std::nullopt : std::optional(rules.gate->keys());
  auto socket =
      ZmqSocket::bind_router(loop, zmq, kKey, endpoint,
                             {.message = [&self](const ZmqMessage& message) { self.take(message); },
                              .writable = nullptr,
                              .disconnected = nullptr,
                              .refused = [&self](HandshakeFault f) { self.count_handshake(f); },
                              .connected = nullptr,
                              .shown_out =
                                  [&self](const std::string& from) {
                                    self.crowds_.shown_out(from, self.endpoint(), self.loop_.now());
                                  }},
                             curve);
  if (!socket) return Error{socket.error()};
  inlet->socket_ = std::move(socket).value();
  return inlet;
}

void Inlet::rebind() {
  socket_->rebind([this](const Error& error) { log_.error(error.message); });
}

void Inlet::take(const ZmqMessage& message) {
  const std::size_t bytes = size_of(message);
  if (sender_check_ &&
      !admits(message, sender_check_->arrives(message.user, bytes, loop_.now()), std::string())) {
    return;
  }
  if (auto refused = decoder_.decode(message.parts)) return refuse(message, std::move(*refused));
  const NodeName& node = decoder_.holds_events() ? decoder_.events().node : decoder_.batch().node;
  if (sender_check_ &&
      !admits(message, sender_check_->claims(message.user, node, bytes, loop_.now()),
              node.text())) {
    return;
  }
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

void Inlet::refuse(const ZmqMessage& message, wire::Refused refused) {
  if (gate_ != nullptr) {
    const NodeName* known = gate_->node_of(message.user);
    refused.node = known == nullptr ? NodeName() : *known;
  }
  ++counts_.refused[static_cast<std::size_t>(refused.reason)];
  tell(message, {std::string(wire::name(refused.reason)), refused.message, refused.batch});
  const auto due = complaints_.due(name_of(message), loop_.now());
  if (!due) return;
  const bool foreign = refused.reason == wire::Refusal::version;
  log_.warning((foreign ? "message of another schema dropped: " : "malformed message dropped: ") +
                   refused.message,
               {{"peer", due->peer},
                {"node", refused.node.text()},
                {"reason", std::string(wire::name(refused.reason))},
                {"unsaid", std::to_string(due->unsaid)}});
  if (hooks_.refused) hooks_.refused(due->peer, refused);
}

// `node`: who the message says it is from, as far as that is known; the log names beside it whose
// the key is.
bool Inlet::admits(const ZmqMessage& message, std::optional<Denial> denial,
                   const std::string& node) {
  if (!denial) return true;
  const auto reason = static_cast<std::size_t>(*denial);
  ++counts_.denied[reason];
  tell(message, {std::string(kDenialNames[reason]), std::string(kDenied[reason])});
  const std::string about = name_of(message) + ' ' + std::string(kDenialNames[reason]);
  if (const auto due = denials_.due(about, loop_.now())) {
    const NodeName* key_of = gate_ == nullptr ? nullptr : gate_->node_of(message.user);
    log_.warning(kDenied[reason], {{"peer", name_of(message)},
                                   {"node", node},
                                   {"key_of", key_of == nullptr ? std::string() : key_of->text()},
                                   {"reason", std::string(kDenialNames[reason])},
                                   {"unsaid", std::to_string(due->unsaid)}});
  }
  return false;
}

void Inlet::count_handshake(HandshakeFault fault) {
  ++counts_.handshakes[static_cast<std::size_t>(fault)];
  if (fault == HandshakeFault::key) return;  // the Gate says so, with the peer's address
  const std::string reason(name(fault));
  if (const auto due = complaints_.due(reason, loop_.now())) {
    log_.warning(
        "a connection ended before its first message; its peer is no itnxt, or has not "
        "the keys of this endpoint",
        {{"endpoint", endpoint()}, {"reason", reason}, {"unsaid", std::to_string(due->unsaid)}});
  }
}

// Whose word is not taken hears why, but cannot make us talk.
void Inlet::tell(const ZmqMessage& message, const wire::Refusing& refusing) {
  if (refusing.batch) {  // as an acknowledgement: one for one
    socket_->reply(message.peer, wire::encode(refusing));
    return;
  }
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
