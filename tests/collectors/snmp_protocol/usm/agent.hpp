// An authoritative SNMP engine as a pure function of the datagram and the time, which refuses in
// the order of RFC 3414 §3.2; and a manager's user for it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collectors/snmp_protocol/usm/ber_writer.hpp"
#include "collectors/snmp_protocol/usm/engine.hpp"
#include "tests/support/snmp_access.hpp"

namespace itnxt::snmp::usm::test {

using Bytes = std::vector<std::uint8_t>;
using itnxt::test::kAuthPassPhrase;
using itnxt::test::kPrivPassPhrase;
using itnxt::test::kUser;

inline Bytes copy(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

inline Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

inline std::string to_hex(ByteView bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4U];
    text += "0123456789abcdef"[byte & 0xFU];
  }
  return text;
}

inline EngineId engine_id(std::string_view hex) {
  return EngineId(from_hex(hex));
}

inline std::shared_ptr<const User> make_user(AuthAlgorithm auth, PrivAlgorithm priv,
                                             std::string_view auth_pass_phrase = kAuthPassPhrase,
                                             std::string_view priv_pass_phrase = kPrivPassPhrase,
                                             std::string_view name = kUser) {
  static KeyCache cache;
  auto user = usm::make_user({name, "", auth, auth_pass_phrase, priv, priv_pass_phrase}, cache);
  EXPECT_TRUE(user.ok()) << user.error();
  return *user;
}

// A PDU with one varbind, as an answer has it.
inline Bytes pdu_of(PduType type, std::int32_t id, const Bytes& oid, const Bytes& value) {
  Bytes room(4096);
  BerWriter writer(room);
  writer.raw(value);
  writer.element(0x06, oid);
  writer.wrap(0x30, room.size());
  writer.wrap(0x30, room.size());
  writer.number(0);
  writer.number(0);
  writer.number(static_cast<std::uint32_t>(id));
  writer.wrap(static_cast<std::uint8_t>(type), room.size());
  return copy(ByteView(room).subspan(writer.at()));
}

inline const Bytes kUptime = {0x2B, 6, 1, 2, 1, 1, 3, 0};

inline Bytes get_uptime(std::int32_t id) {
  return pdu_of(PduType::get, id, kUptime, {0x05, 0x00});
}

inline Bytes report_pdu(std::int32_t id, UsmReport report) {
  return pdu_of(PduType::report, id,
                {0x2B, 6, 1, 6, 3, 15, 1, 1, static_cast<std::uint8_t>(report), 0},
                {0x41, 0x01, 0x07});
}

struct Agent {
  Agent(const EngineId& engine, std::shared_ptr<const User> its_user, std::uint32_t its_boots,
        std::uint32_t its_time, Instant now)
      : id(engine), user(std::move(its_user)), boots(its_boots), time_then(its_time), then(now) {
    keys = *localize(*user, id);
  }

  EngineId id;
  std::shared_ptr<const User> user;
  std::uint32_t boots;
  std::uint32_t time_then;
  Instant then;
  std::shared_ptr<LocalKeys> keys;
  SaltCounter salts{0x1122334455667788};
  int requests = 0;
  EngineId context_id;  // empty: its own
  std::string context_name;

  [[nodiscard]] std::uint32_t time(Instant now) const {
    return EngineClock(boots, time_then, then).time(now);
  }
  void restart(std::uint32_t new_boots, std::uint32_t new_time, Instant now) {
    boots = new_boots;
    time_then = new_time;
    then = now;
  }
  void rename(const EngineId& engine) {
    id = engine;
    keys = *localize(*user, id);
  }

  Bytes say(std::int32_t message_id, SecurityLevel level, const Bytes& pdu, Instant now) {
    Header header;
    header.message_id = message_id;
    header.level = level;
    header.reportable = false;
    header.engine_id = id.bytes();
    header.boots = boots;
    header.time = time(now);
    header.user = user->name;
    Bytes room(8192);
    const ByteView context = context_id.empty() ? id.bytes() : context_id.bytes();
    return copy(encode(header, {context, context_name, pdu}, keys.get(), salts, room));
  }
  Bytes report(std::int32_t message_id, UsmReport report, SecurityLevel level, Instant now) {
    return say(message_id, level, report_pdu(message_id, report), now);
  }

  Bytes answer(ByteView datagram, Instant now) {
    ++requests;
    const auto decoded = decode_v3(datagram);
    const auto* message = std::get_if<V3Message>(&decoded);
    EXPECT_NE(message, nullptr);
    if (message == nullptr) return {};
    const Header& header = message->header;
    const auto refuse = [&](UsmReport why, SecurityLevel level) {
      return report(header.message_id, why, level, now);
    };
    constexpr auto kPlain = SecurityLevel::no_auth_no_priv;
    if (!same(header.engine_id, id.bytes())) {
      return refuse(UsmReport::unknown_engine_ids, kPlain);
    }
    if (header.user != user->name) return refuse(UsmReport::unknown_user_names, kPlain);
    if (header.level != user->level()) return refuse(UsmReport::unsupported_sec_levels, kPlain);
    Bytes room(datagram.size());
    const auto opened = open(*message, keys.get(), room);
    if (const auto* fault = std::get_if<OpenFault>(&opened)) {
      return *fault == OpenFault::wrong_digest
                 ? refuse(UsmReport::wrong_digests, kPlain)
                 : refuse(UsmReport::decryption_errors, SecurityLevel::auth_no_priv);
    }
    const std::int64_t behind = std::int64_t{time(now)} - header.time;
    if (header.level != kPlain && (header.boots != boots || boots == EngineClock::kLatched ||
                                   behind > 150 || behind < -150)) {
      return refuse(UsmReport::not_in_time_windows, SecurityLevel::auth_no_priv);
    }
    const auto pdu = decode_pdu(std::get<ScopedPdu>(opened).pdu);
    const std::int32_t id_of_request = std::get<Message>(pdu).request_id;
    return say(header.message_id, header.level,
               pdu_of(PduType::response, id_of_request, kUptime, {0x43, 0x02, 0x30, 0x39}), now);
  }
};

}  // namespace itnxt::snmp::usm::test
