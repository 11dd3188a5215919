#include "collectors/snmp_protocol/message.hpp"

#include <array>
#include <limits>

namespace itnxt::snmp {
namespace {

constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kOctets = 0x04;
constexpr std::uint8_t kOid = 0x06;
constexpr std::uint8_t kSequence = 0x30;

// A tag that is no type of SMIv2 is `other`: one odd object does not cost the whole reply.
Type type_of(std::uint8_t tag) {
  switch (tag) {
    case 0x02:
    case 0x04:
    case 0x05:
    case 0x06:
    case 0x40:
    case 0x41:
    case 0x42:
    case 0x43:
    case 0x44:
    case 0x46:
    case 0x80:
    case 0x81:
    case 0x82:
      return static_cast<Type>(tag);
    default:
      return Type::other;
  }
}

bool is_pdu(std::uint8_t tag) {
  return tag >= 0xA0 && tag <= 0xA8 && tag != 0xA4;  // 0xA4: the trap of SNMPv1, another shape
}

std::optional<std::int64_t> take_integer(Reader& reader) {
  const std::optional<ByteView> content = reader.next(kInteger);
  return content ? signed_number(*content) : std::nullopt;
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Counts what is whole; absent when an element is no (OID, value).
std::optional<std::uint32_t> check_varbinds(ByteView list) {
  std::uint32_t count = 0;
  for (Reader reader(list); !reader.empty(); ++count) {
    const std::optional<ByteView> pair = reader.next(kSequence);
    if (!pair) return std::nullopt;
    Reader inner(*pair);
    if (!inner.next(kOid) || !inner.next() || !inner.empty()) return std::nullopt;
  }
  return count;
}

}  // namespace

std::string_view name(Type type) {
  switch (type) {
    case Type::integer:
      return "INTEGER";
    case Type::octets:
      return "OCTET STRING";
    case Type::null:
      return "NULL";
    case Type::oid:
      return "OBJECT IDENTIFIER";
    case Type::ip_address:
      return "IpAddress";
    case Type::counter32:
      return "Counter32";
    case Type::gauge32:
      return "Gauge32";
    case Type::time_ticks:
      return "TimeTicks";
    case Type::opaque:
      return "Opaque";
    case Type::counter64:
      return "Counter64";
    case Type::no_such_object:
      return "noSuchObject";
    case Type::no_such_instance:
      return "noSuchInstance";
    case Type::end_of_mib_view:
      return "endOfMibView";
    case Type::other:
      return "a type unknown to SMIv2";
  }
  return "a type unknown to SMIv2";
}

bool is_absent(Type type) {
  return type == Type::null || type == Type::no_such_object || type == Type::no_such_instance ||
         type == Type::end_of_mib_view;
}

std::optional<std::uint64_t> Varbind::number() const {
  switch (type) {
    case Type::counter32:
    case Type::gauge32:
    case Type::time_ticks:
      return unsigned_number(value, 4);
    case Type::counter64:
      return unsigned_number(value, 8);
    case Type::integer: {
      const std::optional<std::int64_t> number = signed_number(value);
      if (!number || *number < 0) return std::nullopt;
      return static_cast<std::uint64_t>(*number);
    }
    case Type::octets:
    case Type::null:
    case Type::oid:
    case Type::ip_address:
    case Type::opaque:
    case Type::no_such_object:
    case Type::no_such_instance:
    case Type::end_of_mib_view:
    case Type::other:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string_view Varbind::text() const {
  return as_text(value);
}

std::optional<Varbind> Varbinds::next() {
  if (reader_.empty()) return std::nullopt;
  const std::optional<ByteView> pair = reader_.next(kSequence);
  if (!pair) return std::nullopt;
  Reader inner(*pair);
  const std::optional<ByteView> oid = inner.next(kOid);
  const std::optional<Element> value = inner.next();
  if (!oid || !value) return std::nullopt;
  return Varbind{*oid, type_of(value->tag), value->content};
}

std::string_view error_status_name(std::int64_t status) {
  static constexpr std::array<std::string_view, 19> kNames = {"noError",
                                                              "tooBig",
                                                              "noSuchName",
                                                              "badValue",
                                                              "readOnly",
                                                              "genErr",
                                                              "noAccess",
                                                              "wrongType",
                                                              "wrongLength",
                                                              "wrongEncoding",
                                                              "wrongValue",
                                                              "noCreation",
                                                              "inconsistentValue",
                                                              "resourceUnavailable",
                                                              "commitFailed",
                                                              "undoFailed",
                                                              "authorizationError",
                                                              "notWritable",
                                                              "inconsistentName"};
  if (status < 0 || status >= static_cast<std::int64_t>(kNames.size())) return "an unknown error";
  return kNames[static_cast<std::size_t>(status)];
}

std::string_view name(Fault fault) {
  switch (fault) {
    case Fault::bad_length:
      return "bad_length";
    case Fault::bad_tag:
      return "bad_tag";
    case Fault::bad_version:
      return "bad_version";
    case Fault::bad_number:
      return "bad_number";
    case Fault::bad_varbind:
      return "bad_varbind";
  }
  return "bad_length";
}

std::variant<Message, Fault> decode_pdu(ByteView bytes) {
  Reader outer(bytes);
  const std::optional<Element> pdu = outer.next();
  if (!pdu || !outer.empty()) return Fault::bad_length;
  if (!is_pdu(pdu->tag)) return Fault::bad_tag;

  Reader body(pdu->content);
  const std::optional<std::int64_t> id = take_integer(body);
  const std::optional<std::int64_t> status = take_integer(body);
  const std::optional<std::int64_t> index = take_integer(body);
  if (!id || !status || !index) return Fault::bad_number;
  if (*id < std::numeric_limits<std::int32_t>::min() ||
      *id > std::numeric_limits<std::int32_t>::max()) {
    return Fault::bad_number;
  }
  const std::optional<ByteView> list = body.next(kSequence);
  if (!list || !body.empty()) return Fault::bad_length;
  const std::optional<std::uint32_t> count = check_varbinds(*list);
  if (!count) return Fault::bad_varbind;
  Message message;
  message.type = static_cast<PduType>(pdu->tag);
  message.request_id = static_cast<std::int32_t>(*id);
  message.error_status = *status;
  message.error_index = *index;
  message.varbinds = *list;
  message.varbind_count = *count;
  return message;
}

std::variant<Message, Fault> decode(ByteView datagram) {
  Reader outer(datagram);
  const std::optional<Element> whole = outer.next();
  if (!whole || !outer.empty()) return Fault::bad_length;
  if (whole->tag != kSequence) return Fault::bad_tag;

  Reader reader(whole->content);
  const std::optional<std::int64_t> version = take_integer(reader);
  if (!version) return Fault::bad_tag;
  const auto known = static_cast<Version>(*version & 1);
  if (*version != static_cast<std::int64_t>(known)) return Fault::bad_version;
  const std::optional<ByteView> community = reader.next(kOctets);
  if (!community) return Fault::bad_tag;
  std::variant<Message, Fault> decoded = decode_pdu(reader.rest());
  if (auto* message = std::get_if<Message>(&decoded)) {
    message->version = known;
    message->community = as_text(*community);
  }
  return decoded;
}

}  // namespace itnxt::snmp
