// The fleet's devices as SNMPv3 engines: one user for all, the engine ID from the address, keys
// kept once made. Boots and time as if every device had started an hour before the fleet. Not pure
// in one thing: the kept keys.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>

#include "collectors/snmp_protocol/usm/keys.hpp"
#include "collectors/snmp_protocol/usm/message.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::test {

class FleetEngine {
 public:
  // Writes the reply's PDU to a plain one; its length, 0: none.
  using Answer =
      std::function<std::size_t(const snmp::Message& request, std::span<std::uint8_t> out)>;
  static constexpr std::uint32_t kBoots = 3;

  explicit FleetEngine(std::shared_ptr<const snmp::usm::User> user) : user_(std::move(user)) {}

  // 0x80001f8801 and the address: the format of RFC 3411 §5 for IPv4.
  [[nodiscard]] static snmp::usm::EngineId engine_of(std::uint32_t device);

  // The reply to any datagram of version 3, a report too; empty: none. It stands in `out`.
  snmp::ByteView answer(snmp::ByteView datagram, std::uint32_t device, Duration at,
                        const Answer& inner, std::span<std::uint8_t> out);

 private:
  [[nodiscard]] snmp::usm::LocalKeys& keys_of(std::uint32_t device);
  snmp::ByteView say(const snmp::usm::Header& to, snmp::usm::SecurityLevel level,
                     std::uint32_t device, Duration at, snmp::ByteView pdu,
                     std::span<std::uint8_t> out);
  snmp::ByteView report(const snmp::usm::Header& to, snmp::usm::UsmReport why, std::uint32_t device,
                        Duration at, std::span<std::uint8_t> out);

  std::shared_ptr<const snmp::usm::User> user_;
  snmp::usm::SaltCounter salts_{1};
  std::unordered_map<std::uint32_t, std::shared_ptr<snmp::usm::LocalKeys>> keys_;
  std::unique_ptr<std::uint8_t[]> plain_{new std::uint8_t[65'536]};
};

}  // namespace itnxt::test
