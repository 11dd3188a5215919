// From pass phrases to the keys of one user at one engine (RFC 3414 §2.6, A.2; the drafts that
// crypto.hpp names). Pure; the loop's thread.
//
// What is slow is done once: a pass phrase's key (Ku) costs a digest over 1 MiB, some 2 ms, and is
// the same at every device; a device's own keys (Kul) are two short digests. aes192c and aes256c
// under md5, sha1 or, for aes256c, sha224 cost another 1 MiB a device: their inventors chose so.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/snmp_protocol/usm/crypto.hpp"
#include "collectors/snmp_protocol/usm/engine_id.hpp"

namespace itnxt::snmp::usm {

enum class SecurityLevel : std::uint8_t { no_auth_no_priv, auth_no_priv, auth_priv };

// At least eight characters (RFC 3414 §11.2). The Error names the number, never the pass phrase.
[[nodiscard]] Status check_pass_phrase(std::string_view pass_phrase);

[[nodiscard]] Result<Key> pass_phrase_key(AuthAlgorithm algorithm, std::string_view pass_phrase);
[[nodiscard]] Result<Key> localized_key(AuthAlgorithm algorithm, const Key& ku,
                                        const EngineId& engine);
// Localised, then lengthened or cut to key_size(priv).
[[nodiscard]] Result<Key> privacy_key(AuthAlgorithm algorithm, PrivAlgorithm priv, const Key& ku,
                                      const EngineId& engine);

// Ku by pass phrase and algorithm. Holds no pass phrase, only a digest of it; at most `capacity`
// entries, of which the oldest goes first, wiped.
class KeyCache {
 public:
  explicit KeyCache(std::size_t capacity = 256) : capacity_(capacity) {}
  [[nodiscard]] Result<Key> get(AuthAlgorithm algorithm, std::string_view pass_phrase);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    AuthAlgorithm algorithm;
    Key fingerprint;
    Key key;
  };
  std::size_t capacity_;
  std::size_t oldest_ = 0;
  std::vector<Entry> entries_;
};

// What the configuration says of a user. The pass phrases are read and not kept.
struct UserSettings {
  std::string_view name;
  std::string_view context_name;
  AuthAlgorithm auth = AuthAlgorithm::none;
  std::string_view auth_pass_phrase;
  PrivAlgorithm priv = PrivAlgorithm::none;
  std::string_view priv_pass_phrase;
};

// A user as all devices know it: shared by the devices of one credential.
struct User {
  static constexpr std::size_t kMostName = 32;  // also of a context's name
  std::string name;
  std::string context_name;
  AuthAlgorithm auth = AuthAlgorithm::none;
  PrivAlgorithm priv = PrivAlgorithm::none;
  Key auth_key;  // Ku
  Key priv_key;
  [[nodiscard]] SecurityLevel level() const;
};
// Refused: no name or one of more than 32 octets, a short pass phrase, privacy without
// authentication, an algorithm that this host's OpenSSL does not offer.
[[nodiscard]] Result<std::shared_ptr<const User>> make_user(const UserSettings& settings,
                                                            KeyCache& cache);

// A user's keys at one engine, ready for messages.
struct LocalKeys {
  std::optional<Authenticator> auth;
  std::optional<Cipher> priv;
};
[[nodiscard]] Result<std::shared_ptr<LocalKeys>> localize(const User& user, const EngineId& engine);

}  // namespace itnxt::snmp::usm
