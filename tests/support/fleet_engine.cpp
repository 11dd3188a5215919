#include "tests/support/fleet_engine.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "tests/support/fleet_reply.hpp"

namespace itnxt::test {

using snmp::ByteView;
using snmp::usm::EngineId;
using snmp::usm::Header;
using snmp::usm::SecurityLevel;
using snmp::usm::UsmReport;

EngineId FleetEngine::engine_of(std::uint32_t device) {
  const std::array<std::uint8_t, 9> bytes = {0x80,
                                             0x00,
                                             0x1F,
                                             0x88,
                                             0x01,
                                             static_cast<std::uint8_t>(device >> 24U),
                                             static_cast<std::uint8_t>(device >> 16U),
                                             static_cast<std::uint8_t>(device >> 8U),
                                             static_cast<std::uint8_t>(device)};
  return EngineId(bytes);
}

snmp::usm::LocalKeys& FleetEngine::keys_of(std::uint32_t device) {
  auto& keys = keys_[device];
  if (!keys) {
    const auto made = localize(*user_, engine_of(device));
    if (!made) std::abort();  // the user was made on this host
    keys = *made;
  }
  return *keys;
}

ByteView FleetEngine::say(const Header& to, SecurityLevel level, std::uint32_t device, Duration at,
                          ByteView pdu, std::span<std::uint8_t> out) {
  const EngineId engine = engine_of(device);
  Header header;
  header.message_id = to.message_id;
  header.level = level;
  header.reportable = false;
  header.engine_id = engine.bytes();
  header.boots = kBoots;
  header.time = 3600 + static_cast<std::uint32_t>(at / 1s);
  header.user = to.user;
  auto* keys = level == SecurityLevel::no_auth_no_priv ? nullptr : &keys_of(device);
  return encode(header, {engine.bytes(), user_->context_name, pdu}, keys, salts_, out);
}

ByteView FleetEngine::report(const Header& to, UsmReport why, std::uint32_t device, Duration at,
                             std::span<std::uint8_t> out) {
  const std::array<std::uint8_t, 10> oid = {
      0x2B, 6, 1, 6, 3, 15, 1, 1, static_cast<std::uint8_t>(why), 0};
  const std::array<std::uint8_t, 1> count = {1};
  std::array<std::uint8_t, 64> room;
  ReplyWriter writer(room);
  writer.begin_pdu(0, snmp::PduType::report);
  writer.varbind(oid, 0x41, count);
  const std::size_t size = writer.finish();
  // Only this one is believed when it is signed (RFC 3414 §3.2 7a).
  const SecurityLevel level = why == UsmReport::not_in_time_windows
                                  ? SecurityLevel::auth_no_priv
                                  : SecurityLevel::no_auth_no_priv;
  return say(to, level, device, at, ByteView(room).first(size), out);
}

ByteView FleetEngine::answer(ByteView datagram, std::uint32_t device, Duration at,
                             const Answer& inner, std::span<std::uint8_t> out) {
  const auto decoded = snmp::usm::decode_v3(datagram);
  const auto* message = std::get_if<snmp::usm::V3Message>(&decoded);
  if (message == nullptr) return {};
  const Header& header = message->header;
  const EngineId engine = engine_of(device);
  const auto refuse = [&](UsmReport why) { return report(header, why, device, at, out); };
  if (!snmp::usm::same(header.engine_id, engine.bytes())) {
    return refuse(UsmReport::unknown_engine_ids);
  }
  if (header.user != user_->name) return refuse(UsmReport::unknown_user_names);
  if (header.level != user_->level()) return refuse(UsmReport::unsupported_sec_levels);
  const std::span<std::uint8_t> plain(plain_.get(), 65'536);
  const auto opened = open(*message, &keys_of(device), plain);
  if (const auto* fault = std::get_if<snmp::usm::OpenFault>(&opened)) {
    return refuse(*fault == snmp::usm::OpenFault::wrong_digest ? UsmReport::wrong_digests
                                                               : UsmReport::decryption_errors);
  }
  const std::int64_t behind = 3600 + at / 1s - std::int64_t{header.time};
  if (header.level != SecurityLevel::no_auth_no_priv &&
      (header.boots != kBoots || behind > 150 || behind < -150)) {
    return refuse(UsmReport::not_in_time_windows);
  }
  const auto request = snmp::decode_pdu(std::get<snmp::usm::ScopedPdu>(opened).pdu);
  if (std::get_if<snmp::Message>(&request) == nullptr) return {};
  // The reply's PDU is written behind the deciphered request, which it still reads.
  const std::span<std::uint8_t> room = plain.subspan(datagram.size());
  const std::size_t size = inner(std::get<snmp::Message>(request), room);
  if (size == 0) return {};
  return say(header, header.level, device, at, ByteView(room).first(size), out);
}

}  // namespace itnxt::test
