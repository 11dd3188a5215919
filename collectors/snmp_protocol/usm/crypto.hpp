// The cryptography of USM as values: HMAC tags, ciphers, digests, key material. Pure; one thread an
// object. libcrypto of OpenSSL 3 is behind it and included by crypto.cpp alone.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>

#include "collectors/snmp_protocol/ber.hpp"
#include "collectors/snmp_protocol/usm/algorithms.hpp"
#include "daemon/core/result.hpp"

struct evp_mac_ctx_st;
struct evp_cipher_ctx_st;

namespace itnxt::snmp::usm {

// Key material, and whatever else must not outlive its use: wiped when it goes. Nothing prints it.
class Key {
 public:
  static constexpr std::size_t kMost = 64;
  Key() = default;
  explicit Key(ByteView bytes);  // the first kMost octets
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();
  [[nodiscard]] ByteView bytes() const { return ByteView(bytes_).first(size_); }
  [[nodiscard]] std::size_t size() const { return size_; }
  void append(ByteView more);  // what fits
  void truncate(std::size_t size);
  // In a time that does not depend on where they differ.
  [[nodiscard]] bool equals(const Key& other) const;

 private:
  std::array<std::uint8_t, kMost> bytes_{};
  std::size_t size_ = 0;
};

// The digest of the parts, one behind the other; of `text` repeated up to `total` octets. An Error
// when this host's OpenSSL refuses the algorithm.
[[nodiscard]] Result<Key> digest(AuthAlgorithm algorithm, std::initializer_list<ByteView> parts);
[[nodiscard]] Result<Key> digest_repeated(AuthAlgorithm algorithm, ByteView text,
                                          std::size_t total);

// Signs and checks whole messages under one key. The tag is computed with its own place in the
// message taken as zeros (RFC 3414 §6.3.1). One context for all messages.
class Authenticator {
 public:
  // `key`: localised, of digest_size(algorithm).
  [[nodiscard]] static Result<Authenticator> make(AuthAlgorithm algorithm, const Key& key);
  // Precondition: tag_size() octets from `at` on are within the message. False: OpenSSL failed.
  [[nodiscard]] bool sign(std::span<std::uint8_t> message, std::size_t at);
  // False also for a tag that does not fit.
  [[nodiscard]] bool verify(ByteView message, std::size_t at, std::size_t size);
  [[nodiscard]] std::size_t tag_size() const { return tag_size_; }

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_mac_ctx_st, Free>;
  using Tag = std::array<std::uint8_t, Key::kMost>;
  Authenticator(Context context, std::size_t tag_size)
      : context_(std::move(context)), tag_size_(tag_size) {}
  [[nodiscard]] bool compute(ByteView message, std::size_t at, Tag& tag);
  Context context_;
  std::size_t tag_size_;
};

using Salt = std::array<std::uint8_t, 8>;

// Enciphers and deciphers scoped PDUs under one key. One context for all messages.
class Cipher {
 public:
  // `key`: localised and lengthened, of key_size(algorithm).
  [[nodiscard]] static Result<Cipher> make(PrivAlgorithm algorithm, const Key& key);
  // DES takes whole blocks only.
  [[nodiscard]] std::size_t block_size() const { return pre_iv_.size() != 0 ? 8 : 1; }
  // `to` holds `from.size()` octets and is either the same memory or apart from it. False: no whole
  // blocks, or OpenSSL failed.
  [[nodiscard]] bool encrypt(const Salt& salt, std::uint32_t boots, std::uint32_t time,
                             ByteView from, std::span<std::uint8_t> to);
  [[nodiscard]] bool decrypt(const Salt& salt, std::uint32_t boots, std::uint32_t time,
                             ByteView from, std::span<std::uint8_t> to);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, Free>;
  Cipher(Context context, const Key& pre_iv) : context_(std::move(context)), pre_iv_(pre_iv) {}
  [[nodiscard]] bool run(bool encrypting, const Salt& salt, std::uint32_t boots, std::uint32_t time,
                         ByteView from, std::span<std::uint8_t> to);
  Context context_;
  Key pre_iv_;  // DES only
};

// Salts that never repeat: 64 bits that count up from a random start. One for the whole process, so
// that no two messages share a salt whatever key they are under. For DES the upper half stands
// where RFC 3414 §8.1.1.1 has the sender's own snmpEngineBoots: we keep none over a restart, and a
// random one is as unique.
class SaltCounter {
 public:
  explicit SaltCounter(std::uint64_t seed) : next_(seed) {}
  SaltCounter(const SaltCounter&) = delete;
  SaltCounter& operator=(const SaltCounter&) = delete;
  [[nodiscard]] Salt next();

 private:
  std::uint64_t next_;
};
// From the system's randomness; an Error when there is none, and then no message may be enciphered.
[[nodiscard]] Result<std::uint64_t> random_salt_seed();

}  // namespace itnxt::snmp::usm
