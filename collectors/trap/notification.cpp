#include "collectors/trap/notification.hpp"

#include <algorithm>

#include "collectors/snmp_protocol/usm/ber_writer.hpp"

namespace itnxt::trap {
namespace {

constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kOctets = 0x04;
constexpr std::uint8_t kOid = 0x06;
constexpr std::uint8_t kIpAddress = 0x40;
constexpr std::uint8_t kTimeTicks = 0x43;
constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kTrapV1 = 0xA4;
constexpr std::uint32_t kEnterpriseSpecific = 6;
constexpr std::uint32_t kVersion2c = 1;

constexpr std::array<std::uint8_t, 8> kSysUpTime = {0x2B, 6, 1, 2, 1, 1, 3, 0};
constexpr std::array<std::uint8_t, 10> kTrapOid = {0x2B, 6, 1, 6, 3, 1, 1, 4, 1, 0};
constexpr std::array<std::uint8_t, 9> kTraps = {0x2B, 6, 1, 6, 3, 1, 1, 5, 0};  // last: which
constexpr std::array<std::uint8_t, 9> kTrapAddress = {0x2B, 6, 1, 6, 3, 18, 1, 3, 0};
constexpr std::array<std::uint8_t, 9> kIfEntry = {0x2B, 6, 1, 2, 1, 2, 2, 1, 0};  // last: column
constexpr std::array<std::uint8_t, 10> kIfName = {0x2B, 6, 1, 2, 1, 31, 1, 1, 1, 1};
constexpr std::uint8_t kIfIndexColumn = 1;
constexpr std::uint8_t kIfDescrColumn = 2;

bool same(ByteView a, ByteView b) {
  return std::ranges::equal(a, b);
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Base 128, most significant first. False: no room.
bool append_arc(TrapOid& oid, std::uint32_t arc) {
  std::size_t digits = 1;
  while (digits < 5 && (arc >> (7 * digits)) != 0) ++digits;
  if (oid.size + digits > TrapOid::kMost) return false;
  for (std::size_t i = digits; i-- > 0;) {
    const auto low = static_cast<std::uint8_t>((arc >> (7 * i)) & 0x7FU);
    oid.bytes[oid.size++] = i > 0 ? static_cast<std::uint8_t>(low | 0x80U) : low;
  }
  return true;
}

bool assign(TrapOid& oid, ByteView bytes) {
  if (bytes.empty() || bytes.size() > TrapOid::kMost) return false;
  std::ranges::copy(bytes, oid.bytes.begin());
  oid.size = bytes.size();
  return !snmp::dotted(bytes).empty();
}

// RFC 3584 §3.1 (2): the generic ones have names of their own, others hang below the enterprise.
bool translate(TrapOid& oid, ByteView enterprise, std::uint32_t generic, std::uint32_t specific) {
  if (generic < kEnterpriseSpecific) {
    if (!assign(oid, kTraps)) return false;
    oid.bytes[kTraps.size() - 1] = static_cast<std::uint8_t>(generic + 1);
    return true;
  }
  return generic == kEnterpriseSpecific && assign(oid, enterprise) && append_arc(oid, 0) &&
         append_arc(oid, specific);
}

// Every element is an OID with a value.
bool is_list(ByteView list) {
  for (snmp::Reader reader(list); !reader.empty();) {
    const auto pair = reader.next(kSequence);
    if (!pair) return false;
    snmp::Reader inner(*pair);
    if (!inner.next(kOid) || !inner.next() || !inner.empty()) return false;
  }
  return true;
}

void note_agent(Notification& note, ByteView address) {
  std::array<std::uint8_t, 4> agent{};
  if (address.size() != agent.size()) return;
  std::ranges::copy(address, agent.begin());
  if (agent != std::array<std::uint8_t, 4>{}) note.agent = agent;
}

// Which interface it is about: by ifIndex, or by the index of another column of its row.
void note_interface(Notification& note, const snmp::Varbind& varbind) {
  ByteView tail = varbind.oid;
  if (snmp::is_below(tail, kIfName)) {
    tail = tail.subspan(kIfName.size());
    if (varbind.type == snmp::Type::octets) note.if_name = varbind.text();
  } else if (snmp::is_below(tail, ByteView(kIfEntry).first(kIfEntry.size() - 1))) {
    tail = tail.subspan(kIfEntry.size() - 1);
    const auto column = snmp::take_arc(tail);
    const bool text = varbind.type == snmp::Type::octets && note.if_name.empty();
    if (column == kIfDescrColumn && text) note.if_name = varbind.text();
    if (column == kIfIndexColumn) {
      const auto value = varbind.number();
      if (value && *value > 0 && *value <= 0x7FFFFFFFU) {
        note.if_index = static_cast<std::uint32_t>(*value);
      }
      return;
    }
  } else {
    return;
  }
  const auto row = snmp::take_arc(tail);
  if (note.if_index == 0 && row && tail.empty() && *row <= 0x7FFFFFFFU) note.if_index = *row;
}

void note_facts(Notification& note) {
  snmp::Varbinds varbinds = note.begin();
  while (const auto varbind = varbinds.next()) {
    if (same(varbind->oid, kTrapAddress)) {
      if (varbind->type == snmp::Type::ip_address) note_agent(note, varbind->value);
    } else {
      note_interface(note, *varbind);
    }
  }
}

std::optional<std::uint32_t> take_integer(snmp::Reader& reader) {
  const auto content = reader.next(kInteger);
  const auto number = content ? snmp::signed_number(*content) : std::nullopt;
  if (!number || *number < 0 || *number > 0x7FFFFFFF) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<std::uint32_t> take_ticks(snmp::Reader& reader) {
  const auto content = reader.next(kTimeTicks);
  const auto ticks = content ? snmp::unsigned_number(*content, 4) : std::nullopt;
  if (!ticks) return std::nullopt;
  return static_cast<std::uint32_t>(*ticks);
}

std::variant<Notification, Reason> read_v1(std::string_view community, ByteView content) {
  Notification note;
  note.version = Version::v1;
  note.community = community;
  snmp::Reader reader(content);
  const auto enterprise = reader.next(kOid);
  const auto agent = reader.next(kIpAddress);
  const auto generic = take_integer(reader);
  const auto specific = take_integer(reader);
  const auto uptime = take_ticks(reader);
  const auto list = reader.next(kSequence);
  if (!enterprise || !agent || !generic || !specific || !uptime || !list || !reader.empty()) {
    return Reason::malformed;
  }
  if (!is_list(*list) || !translate(note.oid, *enterprise, *generic, *specific)) {
    return Reason::malformed;
  }
  note.uptime = *uptime;
  note.varbinds = *list;
  note_facts(note);
  // RFC 3584 §3.1 (3): one that a proxy has put in already stays.
  if (!note.agent) note_agent(note, *agent);
  return note;
}

// The envelope of version 1 is that of 2c; its trap is a PDU of another shape.
std::optional<std::variant<Notification, Reason>> try_v1(ByteView datagram) {
  snmp::Reader outer(datagram);
  const auto message = outer.next(kSequence);
  if (!message || !outer.empty()) return std::nullopt;
  snmp::Reader reader(*message);
  const auto version = take_integer(reader);
  const auto community = reader.next(kOctets);
  const auto pdu = reader.next();
  if (!version || !community || !pdu || !reader.empty()) return std::nullopt;
  if (*version != 0 || pdu->tag != kTrapV1) return std::nullopt;
  return read_v1(as_text(*community), pdu->content);
}

}  // namespace

std::variant<Notification, Reason> read(const snmp::Message& message, Version version) {
  Notification note;
  note.version = version;
  note.community = message.community;
  note.request_id = message.request_id;
  note.inform = message.type == snmp::PduType::inform;
  if (!note.inform && message.type != snmp::PduType::trap) return Reason::not_a_trap;
  // sysUpTime.0, then snmpTrapOID.0 (RFC 3416 §4.2.6); some agents leave the first one out.
  snmp::Reader reader(message.varbinds);
  for (int i = 0; i < 2 && note.oid.size == 0; ++i) {
    const ByteView before = reader.rest();
    if (!reader.next()) return Reason::malformed;
    const auto varbind = snmp::Varbinds(before.first(before.size() - reader.rest().size())).next();
    if (!varbind) return Reason::malformed;
    if (same(varbind->oid, kSysUpTime) && varbind->type == snmp::Type::time_ticks) {
      const auto ticks = varbind->number();
      if (ticks) note.uptime = static_cast<std::uint32_t>(*ticks);
    } else if (same(varbind->oid, kTrapOid) && varbind->type == snmp::Type::oid) {
      if (!assign(note.oid, varbind->value)) return Reason::malformed;
    } else {
      return Reason::malformed;
    }
  }
  if (note.oid.size == 0) return Reason::malformed;
  note.varbinds = reader.rest();
  note_facts(note);
  return note;
}

std::variant<Notification, Reason> decode(ByteView datagram) {
  if (auto v1 = try_v1(datagram)) return *v1;
  const auto decoded = snmp::decode(datagram);
  const auto* message = std::get_if<snmp::Message>(&decoded);
  if (message == nullptr) return Reason::malformed;
  if (message->version != snmp::Version::v2c) return Reason::not_a_trap;
  return read(*message, Version::v2c);
}

ByteView acknowledge(const snmp::Message& inform, bool envelope, std::span<std::uint8_t> room) {
  snmp::usm::BerWriter writer(room);
  const std::size_t end = room.size();
  writer.element(kSequence, inform.varbinds);
  writer.number(0);
  writer.number(0);
  const auto id = static_cast<std::uint32_t>(inform.request_id);
  const std::array<std::uint8_t, 4> number = {
      static_cast<std::uint8_t>(id >> 24U), static_cast<std::uint8_t>((id >> 16U) & 0xFFU),
      static_cast<std::uint8_t>((id >> 8U) & 0xFFU), static_cast<std::uint8_t>(id & 0xFFU)};
  // As few octets as it takes (X.690 §8.3.2): some compare bytes.
  std::size_t first = 0;
  while (first < 3 && ((number[first] == 0 && (number[first + 1] & 0x80U) == 0) ||
                       (number[first] == 0xFF && (number[first + 1] & 0x80U) != 0))) {
    ++first;
  }
  writer.element(kInteger, ByteView(number).subspan(first));
  writer.wrap(static_cast<std::uint8_t>(snmp::PduType::response), end);
  if (envelope) {
    writer.element(kOctets, {reinterpret_cast<const std::uint8_t*>(inform.community.data()),
                             inform.community.size()});
    writer.number(kVersion2c);
    writer.wrap(kSequence, end);
  }
  return writer.ok() ? ByteView(room).subspan(writer.at()) : ByteView{};
}

}  // namespace itnxt::trap
