// Credentials for SNMP: which keys there are depends on the version.
#include <fmt/format.h>

#include "daemon/config/draft.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kShortestPassPhrase = 8;  // RFC 3414 §11.2
constexpr std::size_t kLongestUser = 32;        // RFC 3414 §2.4

void read_secret(Draft& draft, const Object& object, std::string_view key, Credentials& credentials,
                 Secret Credentials::*secret, Draft::CredentialsNote& note) {
  const Value* value = object.find(key);
  if (value == nullptr) return;
  if (read_secret_reference(draft.problems, *value, key, credentials.*secret)) {
    note.secrets.push_back({value, secret});
  }
}

void read_community(Draft& draft, const Value& value, Credentials& credentials,
                    Draft::CredentialsNote& note) {
  const Object object(draft.problems, value, schema::community_credentials);
  object.text("insecure_ok", credentials.insecure_ok);
  read_secret(draft, object, "community", credentials, &Credentials::community, note);
}

// An algorithm and its pass phrase belong together.
void check_pair(const Object& object, std::string_view algorithm, bool used) {
  const std::string password = std::string(algorithm) + "_password";
  if (used == object.has(password)) return;
  if (used) {
    object.problems().error(*object.key(algorithm),
                            fmt::format("{} without {}; expected {}: {{file: PATH}}, {{env: NAME}} "
                                        "or {{credential: NAME}}",
                                        algorithm, password, password));
  } else {
    object.problems().error(
        *object.key(password),
        fmt::format("{} without {}; expected {}: with the algorithm that the device has for this "
                    "user",
                    password, algorithm, algorithm));
  }
}

void read_user(Draft& draft, const Value& value, Credentials& credentials,
               Draft::CredentialsNote& note) {
  const Object object(draft.problems, value, schema::user_credentials);
  object.text("user", credentials.user, kLongestUser);
  object.text("context", credentials.context, kLongestUser);
  const std::size_t errors = draft.problems.errors();
  object.choice("auth", credentials.auth, kSnmpAuthNames);
  object.choice("priv", credentials.priv, kSnmpPrivNames);
  read_secret(draft, object, "auth_password", credentials, &Credentials::auth_password, note);
  read_secret(draft, object, "priv_password", credentials, &Credentials::priv_password, note);
  if (draft.problems.errors() != errors) return;  // what is missing may be what could not be read
  check_pair(object, "auth", credentials.auth != SnmpAuth::none);
  check_pair(object, "priv", credentials.priv != SnmpPriv::none);
  if (credentials.priv != SnmpPriv::none && credentials.auth == SnmpAuth::none) {
    draft.problems.error(*object.key("priv"),
                         "priv without auth: SNMPv3 has no encryption without authentication (RFC "
                         "3412 §7.2); expected auth too");
  }
}

void read_set(Draft& draft, const Value& key, const Value& value) {
  const auto name = clean_name(draft.problems, key, "credentials");
  if (!name) return;
  Draft::CredentialsNote note{*name, &key, {}};
  draft.credentials.add(draft.problems, *name, key, draft.credentials_notes.size());
  Credentials credentials;
  if (!value.is_map()) {
    const Object says_so(draft.problems, value, schema::community_credentials);
  } else if (const auto version =
                 read_kind(draft, value, "a set of credentials",
                           schema::community_credentials.keys[0], kSnmpVersionNames)) {
    credentials.version = static_cast<SnmpVersion>(*version);
    if (credentials.version == SnmpVersion::v3) {
      read_user(draft, value, credentials, note);
    } else {
      read_community(draft, value, credentials, note);
    }
  }
  draft.config.credentials.emplace(*name, std::move(credentials));
  draft.credentials_notes.push_back(std::move(note));
}

bool secret_is_needed(const Draft& draft, const Draft::CredentialsNote& note) {
  switch (draft.purpose) {
    case Purpose::check:
    case Purpose::run:
      return true;
    case Purpose::collect:
      return note.used_by_collector;
    case Purpose::aggregate:
      return false;
  }
  return true;
}

void check_pass_phrase(Draft& draft, const Value& at, const Secret& secret) {
  const std::size_t length = secret.reveal().size();
  if (length == 0 || length >= kShortestPassPhrase) return;  // what could not be read is reported
  draft.problems.error(at, fmt::format("the pass phrase in {} has {} characters; expected at least "
                                       "{} (RFC 3414 §11.2)",
                                       in_quotes(secret.where()), length, kShortestPassPhrase));
}

// What is weak about credentials that are in use.
std::vector<std::string> weaknesses(const Credentials& credentials) {
  if (credentials.version != SnmpVersion::v3) {
    return {fmt::format("SNMP {}: who sees the traffic can read the community (insecure_ok: {})",
                        kSnmpVersionNames[static_cast<std::size_t>(credentials.version)],
                        in_quotes(credentials.insecure_ok))};
  }
  if (credentials.auth == SnmpAuth::none) {
    return {
        "SNMP 3 without authentication: anybody can answer in a device's name; set auth and priv"};
  }
  std::vector<std::string> found;
  if (credentials.priv == SnmpPriv::none) {
    found.emplace_back("SNMP 3 without encryption: who sees the traffic can read it; set priv");
  }
  if (credentials.auth == SnmpAuth::md5) {
    found.emplace_back("MD5, which is no longer safe; use sha256 where the device can");
  }
  if (credentials.priv == SnmpPriv::des) {
    found.emplace_back("DES, which is no longer safe; use aes128 where the device can");
  }
  return found;
}

}  // namespace

void read_credentials(Draft& draft, const Value& credentials) {
  if (credentials.is_null()) return;
  if (!credentials.is_map()) {
    draft.problems.error(credentials, fmt::format("credentials: expected a map of names, not {}",
                                                  kind_of(credentials)));
    return;
  }
  for (std::size_t i = 0; i < credentials.entries(); ++i) {
    const Value& key = credentials.key(i);
    if (!key.is_scalar() || draft.credentials.look_up(std::string(key.text)) != nullptr) continue;
    read_set(draft, key, credentials.value(i));
  }
}

void resolve_credentials(Draft& draft) {
  for (const Draft::CredentialsNote& note : draft.credentials_notes) {
    Credentials& credentials = draft.config.credentials.at(note.name);
    if (secret_is_needed(draft, note)) {
      for (const auto& [value, secret] : note.secrets) {
        resolve_secret(draft, *value, credentials.*secret);
        if (credentials.version == SnmpVersion::v3) {
          check_pass_phrase(draft, *value, credentials.*secret);
        }
      }
    }
    if (!note.used_by_device) continue;
    for (const std::string& weak : weaknesses(credentials)) {
      draft.problems.warning(*note.key, fmt::format("credentials '{}' use {}", note.name, weak));
    }
  }
}

}  // namespace itnxt
