// What a configuration's credentials say of a user of version 3, in the security model's words.
#pragma once

#include "collectors/snmp_protocol/usm/keys.hpp"
#include "daemon/config/config.hpp"

namespace itnxt::snmp {

// The configuration's enums and the model's name the same algorithms in the same order.
static_assert(static_cast<int>(SnmpAuth::sha512) == static_cast<int>(usm::AuthAlgorithm::sha512));
static_assert(static_cast<int>(SnmpPriv::aes256c) == static_cast<int>(usm::PrivAlgorithm::aes256c));

// Precondition: version 3.
[[nodiscard]] inline usm::UserSettings settings_of(const Credentials& credentials) {
  usm::UserSettings settings;
  settings.name = credentials.user;
  settings.context_name = credentials.context;
  settings.auth = static_cast<usm::AuthAlgorithm>(credentials.auth);
  settings.auth_pass_phrase = credentials.auth_password.reveal();
  settings.priv = static_cast<usm::PrivAlgorithm>(credentials.priv);
  settings.priv_pass_phrase = credentials.priv_password.reveal();
  return settings;
}

}  // namespace itnxt::snmp
