// Notifications as senders write them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/snmp_protocol/usm/message.hpp"
#include "tests/support/fleet_recording.hpp"

namespace itnxt::trap::test {

using Bytes = std::vector<std::uint8_t>;

inline Bytes tlv(std::uint8_t tag, const Bytes& content) {
  Bytes bytes = {tag};
  const std::size_t size = content.size();
  if (size >= 0x100) {
    bytes.insert(bytes.end(), {0x82, static_cast<std::uint8_t>(size >> 8U)});
  } else if (size >= 0x80) {
    bytes.push_back(0x81);
  }
  bytes.push_back(static_cast<std::uint8_t>(size & 0xFFU));
  bytes.insert(bytes.end(), content.begin(), content.end());
  return bytes;
}
inline Bytes join(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}
inline Bytes text(std::string_view content, std::uint8_t tag = 0x04) {
  return tlv(tag, Bytes(content.begin(), content.end()));
}
inline Bytes number(std::uint32_t value, std::uint8_t tag = 0x02) {
  Bytes content;
  for (int shift = 24; shift >= 0; shift -= 8) {
    content.push_back(static_cast<std::uint8_t>(value >> static_cast<unsigned>(shift)));
  }
  if ((content[0] & 0x80U) != 0) content.insert(content.begin(), 0);
  return tlv(tag, content);
}
inline Bytes oid(const std::vector<std::uint32_t>& arcs) {
  return tlv(0x06, itnxt::test::encode_oid(arcs));
}
inline Bytes varbind(const std::vector<std::uint32_t>& arcs, const Bytes& value) {
  return tlv(0x30, join({oid(arcs), value}));
}

using Arcs = std::vector<std::uint32_t>;
inline const Arcs kLinkDown = {1, 3, 6, 1, 6, 3, 1, 1, 5, 3};
inline const Arcs kLinkUp = {1, 3, 6, 1, 6, 3, 1, 1, 5, 4};
inline const Arcs kColdStart = {1, 3, 6, 1, 6, 3, 1, 1, 5, 1};
inline const Arcs kIfIndex = {1, 3, 6, 1, 2, 1, 2, 2, 1, 1};
inline const Arcs kTrapAddress = {1, 3, 6, 1, 6, 3, 18, 1, 3, 0};

inline Arcs with(Arcs arcs, std::uint32_t arc) {
  arcs.push_back(arc);
  return arcs;
}
inline Bytes if_index(std::uint32_t index) {
  return varbind(with(kIfIndex, index), number(index));
}
inline Bytes trap_address(const Bytes& ip) {
  return varbind(kTrapAddress, tlv(0x40, ip));
}

inline constexpr std::uint8_t kTrap = 0xA7;
inline constexpr std::uint8_t kInform = 0xA6;

inline Bytes pdu(const Arcs& trap, const std::vector<Bytes>& more = {}, std::uint32_t request = 1,
                 std::uint8_t type = kTrap, std::uint32_t uptime = 100) {
  std::vector<Bytes> list = {varbind({1, 3, 6, 1, 2, 1, 1, 3, 0}, number(uptime, 0x43)),
                             varbind({1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}, oid(trap))};
  list.insert(list.end(), more.begin(), more.end());
  return tlv(type, join({number(request), number(0), number(0), tlv(0x30, join(list))}));
}
inline Bytes v2c(const Bytes& of_pdu, std::string_view community = "public") {
  return tlv(0x30, join({number(1), text(community), of_pdu}));
}
inline Bytes v1(const Arcs& enterprise, std::uint32_t generic, std::uint32_t specific,
                const Bytes& agent, const std::vector<Bytes>& list = {},
                std::string_view community = "public") {
  return tlv(
      0x30, join({number(0), text(community),
                  tlv(0xA4, join({oid(enterprise), tlv(0x40, agent), number(generic),
                                  number(specific), number(4200, 0x43), tlv(0x30, join(list))}))}));
}

// A sender of version 3, with an engine of its own.
struct Engine {
  Bytes id = {0x80, 0, 0, 0, 1, 2, 3, 4};
  std::uint32_t boots = 3;
  std::uint32_t time = 1000;
};
inline Bytes v3(const snmp::usm::User& user, const Engine& engine, const Bytes& of_pdu,
                snmp::usm::SecurityLevel level, bool reportable = false,
                const Bytes& context_engine = {1, 2, 3, 4, 5}, std::int32_t message_id = 7) {
  const snmp::usm::EngineId id{snmp::ByteView(engine.id)};
  auto keys = snmp::usm::localize(user, id);
  static snmp::usm::SaltCounter salts(1);
  Bytes room(4096);
  snmp::usm::Header header;
  header.message_id = message_id;
  header.level = level;
  header.reportable = reportable;
  header.engine_id = engine.id;
  header.boots = engine.boots;
  header.time = engine.time;
  header.user = user.name;
  const auto bytes =
      snmp::usm::encode(header, {context_engine, "", of_pdu}, keys->get(), salts, room);
  return {bytes.begin(), bytes.end()};
}

}  // namespace itnxt::trap::test
