#include "collectors/snmp_protocol/usm/keys.hpp"

#include <algorithm>

namespace itnxt::snmp::usm {
namespace {

constexpr std::size_t kLeastPassPhrase = 8;
constexpr std::size_t kExpanded = 1U << 20U;  // RFC 3414 A.2

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// draft-blumenthal-aes-usm-04 §3.1.2.1: the digest of all there is so far is put behind it.
Result<Key> extend_blumenthal(AuthAlgorithm algorithm, Key key, std::size_t size) {
  while (key.size() < size) {
    const Result<Key> more = digest(algorithm, {key.bytes()});
    if (!more) return Error{more.error()};
    key.append(more->bytes());
  }
  return key;
}

// draft-reeder-snmpv3-usm-3desede-00 §2.1: the last key is the pass phrase of the next.
Result<Key> extend_reeder(AuthAlgorithm algorithm, Key key, std::size_t size,
                          const EngineId& engine) {
  Key last = key;
  while (key.size() < size) {
    const Result<Key> ku = digest_repeated(algorithm, last.bytes(), kExpanded);
    if (!ku) return Error{ku.error()};
    const Result<Key> more = localized_key(algorithm, *ku, engine);
    if (!more) return Error{more.error()};
    last = *more;
    key.append(last.bytes());
  }
  return key;
}

Result<Key> extend(AuthAlgorithm algorithm, PrivAlgorithm priv, const Key& key,
                   const EngineId& engine) {
  switch (priv) {
    case PrivAlgorithm::none:
    case PrivAlgorithm::des:
    case PrivAlgorithm::aes128:
      return key;  // every digest is long enough
    case PrivAlgorithm::aes192:
    case PrivAlgorithm::aes256:
      return extend_blumenthal(algorithm, key, key_size(priv));
    case PrivAlgorithm::aes192c:
    case PrivAlgorithm::aes256c:
      return extend_reeder(algorithm, key, key_size(priv), engine);
  }
  return key;
}

std::string octets(std::string_view what, std::size_t size) {
  return std::string(what) + " of " + std::to_string(size) + " octets is too long, at most " +
         std::to_string(User::kMostName) + " are allowed (RFC 3414 §2.4)";
}

Status check(const UserSettings& settings) {
  if (settings.name.empty()) return Error{"SNMPv3 needs a user name"};
  if (settings.name.size() > User::kMostName) {
    return Error{octets("user name", settings.name.size())};
  }
  if (settings.context_name.size() > User::kMostName) {
    return Error{octets("context name", settings.context_name.size())};
  }
  if (settings.auth == AuthAlgorithm::none && settings.priv != PrivAlgorithm::none) {
    return Error{"privacy needs authentication (RFC 3411 §3.4.3): set auth, or priv to none"};
  }
  return {};
}

}  // namespace

Status check_pass_phrase(std::string_view pass_phrase) {
  if (pass_phrase.size() >= kLeastPassPhrase) return {};
  return Error{"pass phrase of " + std::to_string(pass_phrase.size()) +
               " characters is too short, at least 8 are needed (RFC 3414 §11.2)"};
}

Result<Key> pass_phrase_key(AuthAlgorithm algorithm, std::string_view pass_phrase) {
  const Status checked = check_pass_phrase(pass_phrase);
  if (!checked) return Error{checked.error()};
  return digest_repeated(algorithm, as_bytes(pass_phrase), kExpanded);
}

Result<Key> localized_key(AuthAlgorithm algorithm, const Key& ku, const EngineId& engine) {
  return digest(algorithm, {ku.bytes(), engine.bytes(), ku.bytes()});
}

Result<Key> privacy_key(AuthAlgorithm algorithm, PrivAlgorithm priv, const Key& ku,
                        const EngineId& engine) {
  const Result<Key> kul = localized_key(algorithm, ku, engine);
  if (!kul) return Error{kul.error()};
  Result<Key> key = extend(algorithm, priv, *kul, engine);
  if (key) key->truncate(key_size(priv));
  return key;
}

Result<Key> KeyCache::get(AuthAlgorithm algorithm, std::string_view pass_phrase) {
  const Result<Key> fingerprint = digest(AuthAlgorithm::sha256, {as_bytes(pass_phrase)});
  if (!fingerprint) return Error{fingerprint.error()};
  for (const Entry& entry : entries_) {
    if (entry.algorithm == algorithm && entry.fingerprint.equals(*fingerprint)) return entry.key;
  }
  Result<Key> key = pass_phrase_key(algorithm, pass_phrase);
  if (!key || capacity_ == 0) return key;
  if (entries_.size() < capacity_) {
    entries_.reserve(capacity_);  // never moved: no copy is left behind in freed memory
    entries_.push_back({algorithm, *fingerprint, *key});
  } else {
    entries_[oldest_] = {algorithm, *fingerprint, *key};
    oldest_ = (oldest_ + 1) % capacity_;
  }
  return key;
}

SecurityLevel User::level() const {
  if (auth == AuthAlgorithm::none) return SecurityLevel::no_auth_no_priv;
  return priv == PrivAlgorithm::none ? SecurityLevel::auth_no_priv : SecurityLevel::auth_priv;
}

Result<std::shared_ptr<const User>> make_user(const UserSettings& settings, KeyCache& cache) {
  const Status checked = check(settings);
  if (!checked) return Error{checked.error()};
  auto user = std::make_shared<User>();
  user->name = settings.name;
  user->context_name = settings.context_name;
  user->auth = settings.auth;
  user->priv = settings.priv;
  if (settings.auth != AuthAlgorithm::none) {
    const Result<Key> key = cache.get(settings.auth, settings.auth_pass_phrase);
    if (!key) return Error{"auth_password: " + key.error()};
    user->auth_key = *key;
  }
  if (settings.priv != PrivAlgorithm::none) {
    const Result<Key> key = cache.get(settings.auth, settings.priv_pass_phrase);
    if (!key) return Error{"priv_password: " + key.error()};
    user->priv_key = *key;
  }
  return std::shared_ptr<const User>(std::move(user));
}

Result<std::shared_ptr<LocalKeys>> localize(const User& user, const EngineId& engine) {
  auto keys = std::make_shared<LocalKeys>();
  if (user.auth != AuthAlgorithm::none) {
    const Result<Key> key = localized_key(user.auth, user.auth_key, engine);
    if (!key) return Error{key.error()};
    Result<Authenticator> made = Authenticator::make(user.auth, *key);
    if (!made) return Error{made.error()};
    keys->auth = std::move(*made);
  }
  if (user.priv != PrivAlgorithm::none) {
    const Result<Key> key = privacy_key(user.auth, user.priv, user.priv_key, engine);
    if (!key) return Error{key.error()};
    Result<Cipher> made = Cipher::make(user.priv, *key);
    if (!made) return Error{made.error()};
    keys->priv = std::move(*made);
  }
  return keys;
}

}  // namespace itnxt::snmp::usm
