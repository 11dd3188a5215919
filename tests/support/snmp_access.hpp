// How tests and benches reach simulated agents: addresses of a fleet, and the user of SNMPv3 that
// both sides know.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "collectors/snmp_protocol/usm/keys.hpp"
#include "daemon/config/config.hpp"

namespace itnxt::test {

inline constexpr std::string_view kUser = "monitor";
inline constexpr std::string_view kAuthPassPhrase = "correct horse";
inline constexpr std::string_view kPrivPassPhrase = "battery staple";

// Number n of a fleet is 127.0.0.0 + n.
inline std::string fleet_address(std::uint32_t n) {
  return "127." + std::to_string(n >> 16U) + '.' + std::to_string(n >> 8U & 0xFFU) + '.' +
         std::to_string(n & 0xFFU);
}

// SHA-256 and AES-128, as the manager is configured.
inline Credentials v3_credentials() {
  Credentials made;
  made.version = SnmpVersion::v3;
  made.user = kUser;
  made.auth = SnmpAuth::sha256;
  made.auth_password.set(std::string(kAuthPassPhrase));
  made.priv = SnmpPriv::aes128;
  made.priv_password.set(std::string(kPrivPassPhrase));
  return made;
}

// The same user as keys. Throws when the library cannot make them.
inline std::shared_ptr<const snmp::usm::User> v3_user(
    snmp::usm::AuthAlgorithm auth = snmp::usm::AuthAlgorithm::sha256,
    snmp::usm::PrivAlgorithm priv = snmp::usm::PrivAlgorithm::aes128) {
  static snmp::usm::KeyCache cache;
  auto user =
      snmp::usm::make_user({kUser, "", auth, kAuthPassPhrase, priv, kPrivPassPhrase}, cache);
  if (!user) throw std::runtime_error(user.error());
  return *user;
}

}  // namespace itnxt::test
