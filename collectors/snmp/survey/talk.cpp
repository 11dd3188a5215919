#include "collectors/snmp/survey/talk.hpp"

#include <algorithm>
#include <utility>

#include "collectors/snmp_protocol/user_settings.hpp"

namespace itnxt::snmp::survey {
namespace {

constexpr std::size_t kLargestPdu = 1024;
constexpr std::size_t kMostStrangers = 8;
constexpr std::size_t kMostTimes = 100'000;
constexpr int kMostAgain = 4;  // datagrams that version 3 may need for one question

// The number by which a datagram says which request it answers; absent: it is no SNMP.
std::optional<std::int32_t> id_of(ByteView datagram) {
  const auto decoded = decode(datagram);
  if (const auto* message = std::get_if<Message>(&decoded)) return message->request_id;
  const auto v3 = usm::decode_v3(datagram);
  if (const auto* message = std::get_if<usm::V3Message>(&v3)) return message->header.message_id;
  return std::nullopt;
}

}  // namespace

Result<Speaker> Speaker::make(const Credentials& credentials, usm::KeyCache& keys) {
  Speaker speaker;
  speaker.version_ = credentials.version;
  if (credentials.version != SnmpVersion::v3) {
    speaker.community_ = credentials.community.reveal();
    return speaker;
  }
  auto user = usm::make_user(settings_of(credentials), keys);
  if (!user) return Error{user.error()};
  speaker.security_.emplace(std::move(*user));
  return speaker;
}

ByteView Talk::encode(Speaker& who, const Request& request) {
  if (!who.security_) {
    const Version version = who.version_ == SnmpVersion::v1 ? Version::v1 : Version::v2c;
    return snmp::encode(request, version, who.community_, id_, out_);
  }
  std::array<std::uint8_t, kLargestPdu> pdu;
  const ByteView plain = encode_pdu(request, id_, pdu);
  if (plain.empty() || salts_ == nullptr) return {};
  return who.security_->encode(exchange_, id_, plain, wire_.now(), *salts_, out_);
}

// Ours, but from another address: RFC 3412 §7.2 has it refused, and an operator must hear of it.
bool Talk::is_stranger(const UdpSocket::Datagram& datagram, std::int32_t id) {
  if (datagram.peer == device_) return false;
  if (id_of(datagram.bytes) == id) {
    const std::string from = to_text(datagram.peer);
    const bool known = std::find(strangers_.begin(), strangers_.end(), from) != strangers_.end();
    if (!known && strangers_.size() < kMostStrangers) strangers_.push_back(from);
  }
  return true;
}

Talk::Heard Talk::hear(Speaker& who, const usm::V3Message& message, Answer& answer) {
  if (!who.security_) return Heard::nothing;
  if (message.header.message_id != id_) {
    ++late_;
    return Heard::nothing;
  }
  if (plain_.size() < message.whole.size()) plain_.resize(message.whole.size());
  const usm::Verdict verdict = who.security_->judge(exchange_, message, wire_.now(), plain_);
  switch (verdict.action) {
    case usm::Action::send_again:
      return Heard::again;
    case usm::Action::wait:
      return Heard::nothing;
    case usm::Action::fail:
      answer.kind = Answer::Kind::refusal;
      answer.why = who.security_->explain(verdict.reason);
      return Heard::answer;
    case usm::Action::accept:
      if (verdict.pdu.request_id != id_) return Heard::nothing;
      engine_ = Engine{usm::EngineId(message.header.engine_id), message.header.boots,
                       message.header.time};
      answer.kind = Answer::Kind::message;
      answer.message = verdict.pdu;
      answer.bytes = message.whole.size();
      return Heard::answer;
    case usm::Action::ignore:
      answer.why = who.security_->explain(verdict.reason);
      return Heard::nothing;
  }
  return Heard::nothing;
}

Talk::Heard Talk::hear(Speaker& who, const UdpSocket::Datagram& datagram, Answer& answer) {
  if (is_stranger(datagram, id_)) return Heard::nothing;
  const auto decoded = decode(datagram.bytes);
  if (const auto* message = std::get_if<Message>(&decoded)) {
    if (message->request_id != id_) {
      ++late_;
      answer.why = "what came was ignored: another request-id than asked, or too late";
      return Heard::nothing;
    }
    const bool v1 = who.version_ == SnmpVersion::v1;
    if (who.security_ || message->type != PduType::response ||
        v1 != (message->version == Version::v1) || message->community != who.community_) {
      answer.why = "what came was ignored: another community or version than asked";
      return Heard::nothing;
    }
    answer.kind = Answer::Kind::message;
    answer.message = *message;
    answer.bytes = datagram.bytes.size();
    return Heard::answer;
  }
  const auto v3 = usm::decode_v3(datagram.bytes);
  if (const auto* message = std::get_if<usm::V3Message>(&v3)) return hear(who, *message, answer);
  ++malformed_;
  answer.why = "what came was no SNMP message (" + std::string(name(std::get<Fault>(decoded))) +
               "); does an SNMP agent answer there?";
  return Heard::nothing;
}

void Talk::answered(Instant sent, std::uint32_t tries) {
  if (tries == 1 && times_.size() < kMostTimes) times_.push_back(wire_.now() - sent);
}

Answer Talk::ask(Speaker& who, const Request& request, Tries tries) {
  Answer answer;
  exchange_ = {};
  id_ = ids_.next();
  Duration patience = tries.patience;
  for (std::uint32_t n = 1; n <= tries.count && !over(); ++n, patience += patience / 2) {
    answer.tries = n;
    Instant sent{};
    // Version 3 may have to learn the engine's name and time first; each datagram has its own ID.
    Heard heard = Heard::again;
    for (int again = 0; heard == Heard::again && again <= kMostAgain; ++again) {
      if (who.security_ && (n > 1 || again > 0)) id_ = ids_.next();
      sent = wire_.now();
      const ByteView bytes = encode(who, request);
      const Status went =
          bytes.empty() ? Status(Error{"the request cannot be encoded"}) : wire_.send(bytes);
      if (!went) {
        answer.kind = Answer::Kind::not_sent;
        answer.why = went.error();
        return answer;
      }
      ++sent_;
      heard = Heard::nothing;
      while (heard == Heard::nothing) {
        const auto datagram = wire_.receive(sent + patience);
        if (!datagram) break;
        heard = hear(who, *datagram, answer);
      }
    }
    if (heard == Heard::answer) {
      answered(sent, n);
      return answer;
    }
    if (who.security_ && unanswered(who)) break;
  }
  answer.kind = Answer::Kind::silence;
  if (!who.security_) return answer;
  if (usm::Silence silence = who.security_->silence(exchange_); !silence.why.empty()) {
    answer.kind = Answer::Kind::refusal;
    answer.why = std::move(silence.why);
  }
  return answer;
}

// True: another try is of no use. Who has proved itself is there.
bool Talk::unanswered(Speaker& who) {
  const bool heard = who.security_->proven();
  return who.security_->unanswered(exchange_, heard, now()) == usm::Next::refused;
}

ByteView Talk::discovery(std::int32_t message_id, std::span<std::uint8_t> buffer) {
  if (salts_ == nullptr) return {};
  std::array<std::uint8_t, 64> pdu;
  usm::Header header;
  header.message_id = message_id;
  usm::ScopedPdu scoped;
  scoped.pdu = encode_pdu({}, message_id, pdu);
  return usm::encode(header, scoped, nullptr, *salts_, buffer);
}

bool Talk::discover(Tries tries) {
  Duration patience = tries.patience;
  for (std::uint32_t n = 1; n <= tries.count && !over(); ++n, patience += patience / 2) {
    id_ = ids_.next();
    const ByteView bytes = discovery(id_, out_);
    const Instant sent = wire_.now();
    if (bytes.empty() || !wire_.send(bytes)) return false;
    ++sent_;
    while (const auto datagram = wire_.receive(sent + patience)) {
      if (is_stranger(*datagram, id_)) continue;
      const auto v3 = usm::decode_v3(datagram->bytes);
      const auto* message = std::get_if<usm::V3Message>(&v3);
      if (message == nullptr || message->header.message_id != id_) continue;
      const usm::EngineId engine(message->header.engine_id);
      if (engine.empty()) continue;
      answered(sent, n);
      engine_ = Engine{engine, message->header.boots, message->header.time};
      return true;
    }
  }
  return false;
}

void Talk::wait(Duration time) {
  const Instant until = wire_.now() + time;
  while (wire_.receive(until)) ++late_;
}

RoundTrips Talk::round_trips() const {
  RoundTrips trips;
  trips.sent = sent_;
  trips.measured = static_cast<std::uint32_t>(times_.size());
  if (times_.empty()) return trips;
  std::vector<Duration> sorted = times_;
  std::sort(sorted.begin(), sorted.end());
  trips.least = sorted.front();
  trips.median = sorted[sorted.size() / 2];
  trips.most = sorted.back();
  return trips;
}

}  // namespace itnxt::snmp::survey
