// What comes in by the trap collector's port: believed and told, or ignored and counted.
#include <utility>

#include "collectors/trap/hex.hpp"
#include "collectors/trap/receiver.hpp"

namespace itnxt::trap {
namespace {

constexpr Duration kAside = 20ms;  // so long a trap waits for what its device says
constexpr std::size_t kMostAside = 64;

// FNV-1a from a random start: who sends cannot make two of its notifications look like one of
// another's.
class Hash {
 public:
  explicit Hash(std::uint64_t key) : value_(key) {}
  void add(snmp::ByteView bytes) {
    for (const std::uint8_t byte : bytes) value_ = (value_ ^ byte) * 0x100000001B3U;
    value_ = (value_ ^ bytes.size()) * 0x9E3779B97F4A7C15U;
    value_ ^= value_ >> 29U;
  }
  void add(std::uint32_t number) {
    value_ = (value_ ^ number) * 0x9E3779B97F4A7C15U;
    value_ ^= value_ >> 32U;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_;
};

// Sender, engine, request-id and what is said.
std::uint64_t identity_of(std::uint64_t key, const Notification& note, const Address& from,
                          snmp::ByteView engine) {
  Hash hash(key);
  hash.add(from.ip);
  hash.add(engine);
  hash.add(static_cast<std::uint32_t>(note.version));
  hash.add(static_cast<std::uint32_t>(note.request_id));
  hash.add(note.uptime.value_or(0));
  hash.add(note.oid.view());
  hash.add(note.varbinds);
  return hash.value();
}

// The same for the disk, where no key is kept that a sender could not guess: by a digest of which
// nobody makes two. Empty: this host has none.
std::string lasting_identity_of(const Notification& note, const Address& from,
                                snmp::ByteView engine) {
  std::string head = std::to_string(static_cast<int>(note.version));
  for (const std::size_t number :
       {std::size_t{static_cast<std::uint32_t>(note.request_id)},
        std::size_t{note.uptime.value_or(0)}, engine.size(), note.oid.view().size()}) {
    head += ' ' + std::to_string(number);
  }
  head += ' ';
  const auto digest =
      usm::digest(usm::AuthAlgorithm::sha256,
                  {{reinterpret_cast<const std::uint8_t*>(head.data()), head.size()},
                   from.ip,
                   engine,
                   note.oid.view(),
                   note.varbinds});
  return digest ? "inform " + to_hex(digest->bytes()) : "";
}

}  // namespace

void TrapCollector::ignore(Reason reason, const Listener::Datagram& datagram,
                           std::string_view user) {
  ignored_.add(reason, datagram.bytes, datagram.peer, context_.loop.now(), context_.loop.wall_now(),
               user);
}

void TrapCollector::reply(const Listener::Datagram& datagram, snmp::ByteView bytes) {
  if (bytes.empty() || !listener_ || !listener_->reply(datagram, bytes)) ++totals_.unanswered;
}

void TrapCollector::receive(const Listener::Datagram& datagram) {
  const auto v3 = usm::decode_v3(datagram.bytes);
  if (const auto* message = std::get_if<usm::V3Message>(&v3)) return receive_v3(*message, datagram);
  if (std::get<usm::V3Fault>(v3) != usm::V3Fault::bad_version) {
    return ignore(Reason::malformed, datagram);
  }
  const auto decoded = decode(datagram.bytes);
  const auto* note = std::get_if<Notification>(&decoded);
  if (note == nullptr) return ignore(std::get<Reason>(decoded), datagram);
  const auto found = senders_.of_community(*note, datagram.peer);
  const auto* devices = std::get_if<Senders::Found>(&found);
  if (devices == nullptr) return ignore(std::get<Reason>(found), datagram);
  if (!note->inform) return accept(*note, *devices, {}, datagram, {});
  const auto inform = snmp::decode(datagram.bytes);
  accept(*note, *devices, {}, datagram,
         [&] { return acknowledge(std::get<snmp::Message>(inform), true, answer_room_); });
}

void TrapCollector::report_back(const usm::V3Message& message, const Security::Verdict& verdict,
                                const Listener::Datagram& datagram) {
  Address host = datagram.peer;
  host.port = 0;
  if (!reports_limit_.admits(itnxt::to_text(host), context_.loop.now())) return;
  const snmp::ByteView bytes =
      security_->encode_report(message, verdict, context_.loop.now(), answer_room_);
  if (!bytes.empty()) (void)listener_->reply(datagram, bytes);
}

void TrapCollector::receive_v3(const usm::V3Message& message, const Listener::Datagram& datagram) {
  const Instant now = context_.loop.now();
  Security::Verdict verdict = security_->judge(message, now, plain_);
  const bool late = verdict.reason == Reason::outside_window && verdict.authentic;
  if (verdict.report) report_back(message, verdict, datagram);
  if (verdict.discovery) return;
  if (verdict.reason && !late) return ignore(*verdict.reason, datagram, message.header.user);

  const auto decoded = snmp::decode_pdu(verdict.scoped.pdu);
  const auto* pdu = std::get_if<snmp::Message>(&decoded);
  if (pdu == nullptr) return ignore(Reason::malformed, datagram, message.header.user);
  const auto read_as = read(*pdu, Version::v3);
  const auto* note = std::get_if<Notification>(&read_as);
  if (note == nullptr) return ignore(std::get<Reason>(read_as), datagram, message.header.user);
  const bool ours = usm::same(message.header.engine_id, security_->own().id().bytes());
  if (note->inform && !ours) {
    if (message.header.reportable) {
      verdict.report = usm::UsmReport::unknown_engine_ids;
      report_back(message, verdict, datagram);
    }
    return ignore(Reason::unknown_engine, datagram, message.header.user);
  }
  const Senders::Found devices = devices_of(message, verdict, *note, datagram.peer);
  if (late) {  // no news, but a reason to look
    if (!ours) look(*note, devices);
    return ignore(Reason::outside_window, datagram, message.header.user);
  }
  if (!verdict.authentic && devices.empty()) {
    return ignore(Reason::unknown_sender, datagram, message.header.user);
  }
  const snmp::ByteView engine = ours ? verdict.scoped.context_engine_id : message.header.engine_id;
  if (!note->inform) return accept(*note, devices, engine, datagram, {});
  accept(*note, devices, engine, datagram, [&] {
    const snmp::ByteView answer = acknowledge(*pdu, false, pdu_room_);
    if (answer.empty()) return answer;
    return security_->encode_answer(message, verdict, answer, now, answer_room_);
  });
}

Senders::Found TrapCollector::devices_of(const usm::V3Message& message,
                                         const Security::Verdict& verdict, const Notification& note,
                                         const Address& from) const {
  const bool ours = usm::same(message.header.engine_id, security_->own().id().bytes());
  const snmp::ByteView engine = ours ? verdict.scoped.context_engine_id : message.header.engine_id;
  if (verdict.authentic && context_.polls != nullptr) {
    if (const auto name = context_.polls->device_of(engine)) {
      if (const auto device = senders_.find(*name)) return {*device};
    }
  }
  return senders_.of_address(note, from);
}

void TrapCollector::accept(const Notification& note, const Senders::Found& devices,
                           snmp::ByteView engine, const Listener::Datagram& datagram,
                           const Answer& answer) {
  const Instant now = context_.loop.now();
  const std::uint64_t identity = identity_of(hash_key_, note, datagram.peer, engine);
  // Version 1 has no request-id: the same trap twice is two traps.
  const bool repeats = note.version != Version::v1;
  if (repeats && seen_.contains(identity, now)) {
    ++totals_.duplicates;
    if (answer && !unkept_.contains(identity)) reply(datagram, answer());
    return;
  }
  const bool asked = look(note, devices);
  const KnownTrap* const known = known_trap(note.oid.view());
  const bool lost = known != nullptr && known->look == Look::link_lost;
  for (const std::size_t device : devices) {
    missing_.heard(senders_.name(device), lost ? std::optional(note.if_index) : std::nullopt, now);
  }
  Address host = datagram.peer;
  host.port = 0;
  const bool alone = devices.size() == 1;
  const DeviceName device = alone ? senders_.name(devices.front()) : DeviceName();
  if (!storm_.admits(alone ? device.text() : itnxt::to_text(host), now)) return;
  if (repeats) (void)seen_.insert(identity, now);
  ++totals_.received[static_cast<std::size_t>(note.version)][note.inform ? 1 : 0];
  std::vector<std::string> candidates;
  for (std::size_t i = 0; !alone && i < devices.size(); ++i) {
    candidates.push_back(senders_.name(devices[i]).text());
  }
  Event event = event_of(note, device, candidates, datagram.peer);
  const std::uint32_t unnamed = alone && note.if_name.empty() ? note.if_index : 0;
  const bool waits = asked && !answer;
  if (unnamed != 0 && !waits) name_interface(event, unnamed, port_names_.of(device, unnamed));
  if (answer) {
    event.once = lasting_identity_of(note, datagram.peer, engine);
    return report_inform(std::move(event), identity, datagram, answer());
  }
  waits ? put_aside(std::move(event), unnamed) : report(std::move(event));
}

void TrapCollector::report(Event event) {
  report_aside();
  context_.sink.report(stamped(std::move(event)));
}

// A commit takes the disk's time, and what the device says would wait behind it.
void TrapCollector::put_aside(Event event, std::uint32_t unnamed) {
  aside_.push_back({stamped(std::move(event)), unnamed});
  if (aside_.size() >= kMostAside) return report_aside();
  if (!aside_timer_) aside_timer_ = context_.loop.after(kAside, [this] { report_aside(); });
}

void TrapCollector::report_aside() {
  aside_timer_.cancel();
  for (Aside& one : std::exchange(aside_, {})) {
    if (one.unnamed != 0) {
      name_interface(one.event, one.unnamed, port_names_.of(one.event.device, one.unnamed));
    }
    context_.sink.report(std::move(one.event));
  }
}

// What is acknowledged must not be lost: the answer waits until the event is on the disk, and so
// does the one to a repetition. Should this process be killed then, its successor finds Event::once
// beside the event.
void TrapCollector::report_inform(Event event, std::uint64_t identity,
                                  const Listener::Datagram& datagram, snmp::ByteView answer) {
  report_aside();
  unkept_.insert(identity);
  context_.sink.report_answered(
      stamped(std::move(event)),
      [here = std::weak_ptr(alive_), identity,
       to = Listener::Datagram{datagram.peer, datagram.here, {}},
       bytes = std::vector<std::uint8_t>(answer.begin(), answer.end())](EventFate fate) {
        const auto alive = here.lock();
        if (!alive) return;
        (*alive)->unkept_.erase(identity);
        if (fate == EventFate::kept) return (*alive)->reply(to, bytes);
        (*alive)->seen_.take_back(identity);  // its sender repeats it
      });
}

Event TrapCollector::stamped(Event event) const {
  event.wall = context_.loop.wall_now();
  event.at = source_time(context_.loop.now());
  return event;
}

}  // namespace itnxt::trap
