#include "collectors/snmp_protocol/usm/message.hpp"

#include <algorithm>
#include <array>

#include "collectors/snmp_protocol/usm/ber_writer.hpp"

namespace itnxt::snmp::usm {
namespace {

constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kOctets = 0x04;
constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint32_t kVersion3 = 3;
constexpr std::uint32_t kUsm = 3;
constexpr std::uint8_t kAuthFlag = 1;
constexpr std::uint8_t kPrivFlag = 2;
constexpr std::uint8_t kReportableFlag = 4;

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint8_t flags_of(const Header& header) {
  std::uint8_t flags = header.reportable ? kReportableFlag : 0;
  if (header.level != SecurityLevel::no_auth_no_priv) flags |= kAuthFlag;
  if (header.level == SecurityLevel::auth_priv) flags |= kPrivFlag;
  return flags;
}

struct ScopedRange {
  std::size_t end;  // behind the last octet; the writer stands at the first
  Salt salt{};
};

// The scoped PDU, enciphered where it stands. Absent: it does not fit.
std::optional<ScopedRange> write_scoped(BerWriter& writer, std::span<std::uint8_t> buffer,
                                        const Header& header, const ScopedPdu& scoped,
                                        Cipher* cipher, SaltCounter& salts) {
  ScopedRange range{writer.at()};
  writer.raw(scoped.pdu);
  writer.element(kOctets, as_bytes(scoped.context_name));
  writer.element(kOctets, scoped.context_engine_id);
  writer.wrap(kSequence, range.end);
  if (!writer.ok()) return std::nullopt;
  if (cipher == nullptr) return range;
  // Padding to whole blocks stands behind, where encode() has left room.
  for (; (range.end - writer.at()) % cipher->block_size() != 0; ++range.end) buffer[range.end] = 0;
  range.salt = salts.next();
  const std::span<std::uint8_t> text = buffer.subspan(writer.at(), range.end - writer.at());
  if (!cipher->encrypt(range.salt, header.boots, header.time, text, text)) return std::nullopt;
  writer.wrap(kOctets, range.end);
  return range;
}

// Reads one element after another and keeps the first fault.
class Fields {
 public:
  explicit Fields(ByteView bytes) : reader_(bytes) {}
  ByteView take(std::uint8_t tag) {
    if (fault) return {};
    const std::optional<Element> element = reader_.next();
    if (!element) {
      fault = V3Fault::bad_length;
    } else if (element->tag != tag) {
      fault = V3Fault::bad_tag;
    } else {
      return element->content;
    }
    return {};
  }
  std::uint32_t number(std::uint32_t least = 0) {
    const ByteView content = take(kInteger);
    if (fault) return 0;
    const std::optional<std::int64_t> value = signed_number(content);
    if (value && *value >= least && *value <= kMostNumber) {
      return static_cast<std::uint32_t>(*value);
    }
    fault = V3Fault::bad_number;
    return 0;
  }
  [[nodiscard]] ByteView rest() const { return reader_.rest(); }
  void end() {
    if (!fault && !reader_.empty()) fault = V3Fault::bad_length;
  }
  std::optional<V3Fault> fault;

 private:
  Reader reader_;
};

std::optional<V3Fault> read_flags(ByteView content, Header& header) {
  if (content.size() != 1) return V3Fault::bad_flags;
  const bool auth = (content[0] & kAuthFlag) != 0;
  const bool priv = (content[0] & kPrivFlag) != 0;
  if (priv && !auth) return V3Fault::bad_flags;
  header.reportable = (content[0] & kReportableFlag) != 0;
  header.level = priv   ? SecurityLevel::auth_priv
                 : auth ? SecurityLevel::auth_no_priv
                        : SecurityLevel::no_auth_no_priv;
  return std::nullopt;
}

// HeaderData of RFC 3412 §6.
std::optional<V3Fault> read_header_data(ByteView content, Header& header) {
  Fields fields(content);
  header.message_id = static_cast<std::int32_t>(fields.number());
  header.max_size = fields.number(kLeastMaxSize);
  const ByteView flags = fields.take(kOctets);
  const std::uint32_t model = fields.number(1);
  fields.end();
  if (fields.fault) return fields.fault;
  if (model != kUsm) return V3Fault::bad_security_model;
  return read_flags(flags, header);
}

// UsmSecurityParameters of RFC 3414 §2.4.
std::optional<V3Fault> read_security_parameters(ByteView content, V3Message& message) {
  Fields outer(content);
  Fields fields(outer.take(kSequence));
  outer.end();
  if (outer.fault) return outer.fault;
  Header& header = message.header;
  header.engine_id = fields.take(kOctets);
  header.boots = fields.number();
  header.time = fields.number();
  header.user = as_text(fields.take(kOctets));
  message.auth_parameters = fields.take(kOctets);
  message.privacy_parameters = fields.take(kOctets);
  fields.end();
  if (fields.fault) return fields.fault;
  if (!header.engine_id.empty() && !EngineId::fits(header.engine_id.size())) {
    return V3Fault::bad_engine_id;
  }
  if (header.user.size() > User::kMostName) return V3Fault::bad_user;
  const std::size_t salt = message.privacy_parameters.size();
  if (message.auth_parameters.size() > kMostTag || (salt != 0 && salt != Salt{}.size())) {
    return V3Fault::bad_parameters;
  }
  message.auth_at = static_cast<std::size_t>(message.auth_parameters.data() - message.whole.data());
  return std::nullopt;
}

std::optional<ScopedPdu> read_scoped(ByteView content) {
  Reader reader(content);
  const std::optional<ByteView> engine = reader.next(kOctets);
  const std::optional<ByteView> context = reader.next(kOctets);
  if (!engine || !context || engine->size() > EngineId::kMost || reader.empty()) {
    return std::nullopt;
  }
  return ScopedPdu{*engine, as_text(*context), reader.rest()};
}

std::variant<ScopedPdu, OpenFault> decipher(const V3Message& message, Cipher& cipher,
                                            std::span<std::uint8_t> buffer) {
  Salt salt;
  if (message.privacy_parameters.size() != salt.size() || message.data.empty() ||
      buffer.size() < message.data.size()) {
    return OpenFault::bad_cipher;
  }
  std::copy(message.privacy_parameters.begin(), message.privacy_parameters.end(), salt.begin());
  if (!cipher.decrypt(salt, message.header.boots, message.header.time, message.data, buffer)) {
    return OpenFault::bad_cipher;
  }
  Reader reader(ByteView(buffer).first(message.data.size()));
  const std::optional<ByteView> content = reader.next(kSequence);
  // Only a block cipher pads, and some agents pad a whole block.
  const std::size_t padding = cipher.block_size() > 1 ? cipher.block_size() : 0;
  if (!content || reader.rest().size() > padding) return OpenFault::bad_cipher;
  const std::optional<ScopedPdu> scoped = read_scoped(*content);
  if (!scoped) return OpenFault::bad_cipher;
  return *scoped;
}

}  // namespace

ByteView encode(const Header& header, const ScopedPdu& scoped, LocalKeys* keys, SaltCounter& salts,
                std::span<std::uint8_t> buffer) {
  const bool signs = header.level != SecurityLevel::no_auth_no_priv;
  const bool enciphers = header.level == SecurityLevel::auth_priv;
  if (signs && (keys == nullptr || !keys->auth)) return {};
  if (enciphers && !keys->priv) return {};
  Cipher* cipher = enciphers ? &*keys->priv : nullptr;
  const std::size_t padding = enciphers ? cipher->block_size() - 1 : 0;
  if (buffer.size() < padding) return {};

  BerWriter writer(buffer.first(buffer.size() - padding));
  const std::optional<ScopedRange> range =
      write_scoped(writer, buffer, header, scoped, cipher, salts);
  if (!range) return {};

  static constexpr std::array<std::uint8_t, kMostTag> kZeros{};
  const std::size_t tag = signs ? keys->auth->tag_size() : 0;
  const std::size_t parameters = writer.at();
  writer.element(kOctets, enciphers ? ByteView(range->salt) : ByteView{});
  writer.raw(ByteView(kZeros).first(tag));
  const std::size_t tag_at = writer.at();
  writer.wrap(kOctets, tag_at + tag);
  writer.element(kOctets, as_bytes(header.user));
  writer.number(header.time);
  writer.number(header.boots);
  writer.element(kOctets, header.engine_id);
  writer.wrap(kSequence, parameters);
  writer.wrap(kOctets, parameters);

  const std::size_t header_data = writer.at();
  writer.number(kUsm);
  const std::array<std::uint8_t, 1> flags = {flags_of(header)};
  writer.element(kOctets, flags);
  writer.number(header.max_size);
  writer.number(static_cast<std::uint32_t>(header.message_id));
  writer.wrap(kSequence, header_data);
  writer.number(kVersion3);
  writer.wrap(kSequence, range->end);
  if (!writer.ok()) return {};

  const std::span<std::uint8_t> message = buffer.subspan(writer.at(), range->end - writer.at());
  if (signs && !keys->auth->sign(message, tag_at - writer.at())) return {};
  return message;
}

std::variant<V3Message, V3Fault> decode_v3(ByteView datagram) {
  V3Message message;
  message.whole = datagram;
  Fields outer(datagram);
  Fields fields(outer.take(kSequence));
  outer.end();
  if (outer.fault) return *outer.fault;
  const std::uint32_t version = fields.number();
  if (fields.fault) return *fields.fault;
  if (version != kVersion3) return V3Fault::bad_version;
  const ByteView header_data = fields.take(kSequence);
  if (fields.fault) return *fields.fault;
  if (const auto fault = read_header_data(header_data, message.header)) return *fault;
  const ByteView parameters = fields.take(kOctets);
  const bool enciphered = message.header.level == SecurityLevel::auth_priv;
  message.data = fields.take(enciphered ? kOctets : kSequence);
  fields.end();
  if (fields.fault) return *fields.fault;
  if (const auto fault = read_security_parameters(parameters, message)) return *fault;
  return message;
}

std::variant<ScopedPdu, OpenFault> open(const V3Message& message, LocalKeys* keys,
                                        std::span<std::uint8_t> buffer) {
  if (message.header.level != SecurityLevel::no_auth_no_priv) {
    if (keys == nullptr || !keys->auth) return OpenFault::no_keys;
    if (!keys->auth->verify(message.whole, message.auth_at, message.auth_parameters.size())) {
      return OpenFault::wrong_digest;
    }
  }
  if (message.header.level == SecurityLevel::auth_priv) {
    if (!keys->priv) return OpenFault::no_keys;
    return decipher(message, *keys->priv, buffer);
  }
  const std::optional<ScopedPdu> scoped = read_scoped(message.data);
  if (!scoped) return OpenFault::bad_scoped_pdu;
  return *scoped;
}

std::optional<UsmReport> usm_report(const Message& pdu) {
  // usmStats, 1.3.6.1.6.3.15.1.1: behind it stands which counter, and .0
  static constexpr std::array<std::uint8_t, 8> kUsmStats = {0x2B, 6, 1, 6, 3, 15, 1, 1};
  static constexpr std::size_t kPrefix = kUsmStats.size();
  if (pdu.type != PduType::report) return std::nullopt;
  const std::optional<Varbind> varbind = pdu.begin().next();
  if (!varbind || varbind->oid.size() != kPrefix + 2 || varbind->oid[kPrefix + 1] != 0 ||
      !is_below(varbind->oid, kUsmStats)) {
    return std::nullopt;
  }
  const std::uint8_t counter = varbind->oid[kPrefix];
  if (counter < 1 || counter > 6) return std::nullopt;
  return static_cast<UsmReport>(counter);
}

}  // namespace itnxt::snmp::usm
