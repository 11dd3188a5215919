#include "collectors/snmp_protocol/usm/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <string>

namespace itnxt::snmp::usm {
namespace {

constexpr const char* openssl_name(AuthAlgorithm algorithm) {
  switch (algorithm) {
    case AuthAlgorithm::none:
      return nullptr;
    case AuthAlgorithm::md5:
      return "MD5";
    case AuthAlgorithm::sha1:
      return "SHA1";
    case AuthAlgorithm::sha224:
      return "SHA224";
    case AuthAlgorithm::sha256:
      return "SHA256";
    case AuthAlgorithm::sha384:
      return "SHA384";
    case AuthAlgorithm::sha512:
      return "SHA512";
  }
  return nullptr;
}

constexpr const char* openssl_name(PrivAlgorithm algorithm) {
  switch (algorithm) {
    case PrivAlgorithm::none:
      return nullptr;
    case PrivAlgorithm::des:
      // Single DES is in the legacy provider, which is not loaded; three times the same key is DES.
      return "DES-EDE3-CBC";
    case PrivAlgorithm::aes128:
      return "AES-128-CFB";
    case PrivAlgorithm::aes192:
    case PrivAlgorithm::aes192c:
      return "AES-192-CFB";
    case PrivAlgorithm::aes256:
    case PrivAlgorithm::aes256c:
      return "AES-256-CFB";
  }
  return nullptr;
}

Error refused(std::string_view algorithm) {
  return {"this host's OpenSSL refuses " + std::string(algorithm) +
          " (a FIPS policy?): choose another algorithm or allow it in openssl.cnf"};
}

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};
struct FreeDigest {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};
struct FreeDigestContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigestContext>;

// A context ready for update; null when refused.
DigestContext begin_digest(AuthAlgorithm algorithm) {
  const char* openssl = openssl_name(algorithm);
  if (openssl == nullptr) return nullptr;
  const std::unique_ptr<EVP_MD, FreeDigest> type(EVP_MD_fetch(nullptr, openssl, nullptr));
  DigestContext context(EVP_MD_CTX_new());
  if (!type || !context || EVP_DigestInit_ex2(context.get(), type.get(), nullptr) != 1) {
    return nullptr;
  }
  return context;
}

Result<Key> end_digest(AuthAlgorithm algorithm, const DigestContext& context) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  const bool ok = EVP_DigestFinal_ex(context.get(), out.data(), &size) == 1;
  const Key key(ByteView(out).first(size));
  OPENSSL_cleanse(out.data(), out.size());
  if (!ok) return refused(name(algorithm));
  return key;
}

void put32(std::uint8_t* to, std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(value >> (24U - 8U * i));
}

}  // namespace

Key::Key(ByteView bytes) {
  append(bytes);
}
Key::~Key() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}
void Key::append(ByteView more) {
  const std::size_t n = std::min(more.size(), kMost - size_);
  std::copy_n(more.begin(), n, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += n;
}
void Key::truncate(std::size_t size) {
  if (size >= size_) return;
  OPENSSL_cleanse(bytes_.data() + size, size_ - size);
  size_ = size;
}
bool Key::equals(const Key& other) const {
  return size_ == other.size_ && CRYPTO_memcmp(bytes_.data(), other.bytes_.data(), size_) == 0;
}

Result<Key> digest(AuthAlgorithm algorithm, std::initializer_list<ByteView> parts) {
  const DigestContext context = begin_digest(algorithm);
  if (!context) return refused(name(algorithm));
  for (const ByteView part : parts) EVP_DigestUpdate(context.get(), part.data(), part.size());
  return end_digest(algorithm, context);
}

Result<Key> digest_repeated(AuthAlgorithm algorithm, ByteView text, std::size_t total) {
  const DigestContext context = begin_digest(algorithm);
  if (!context) return refused(name(algorithm));
  if (text.empty()) return end_digest(algorithm, context);
  // In stretches of whole repetitions: a call for every eight characters would cost more than the
  // digest.
  std::string stretch;
  stretch.reserve(text.size() * (1 + 4096 / text.size()));
  while (stretch.empty() || stretch.size() + text.size() <= 4096) {
    stretch.append(reinterpret_cast<const char*>(text.data()), text.size());
  }
  for (std::size_t left = total; left > 0;) {
    const std::size_t n = std::min(left, stretch.size());
    EVP_DigestUpdate(context.get(), stretch.data(), n);
    left -= n;
  }
  OPENSSL_cleanse(stretch.data(), stretch.size());
  return end_digest(algorithm, context);
}

void Authenticator::Free::operator()(evp_mac_ctx_st* context) const {
  EVP_MAC_CTX_free(context);
}

Result<Authenticator> Authenticator::make(AuthAlgorithm algorithm, const Key& key) {
  const char* openssl = openssl_name(algorithm);
  if (openssl == nullptr || key.size() != digest_size(algorithm)) {
    return Error{"an authentication key of " + std::to_string(key.size()) + " octets is none of " +
                 std::string(name(algorithm))};
  }
  const std::unique_ptr<EVP_MAC, FreeMac> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  Context context(hmac ? EVP_MAC_CTX_new(hmac.get()) : nullptr);
  std::string digest_name = openssl;
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name.data(), 0),
      OSSL_PARAM_construct_end()};
  if (!context ||
      EVP_MAC_init(context.get(), key.bytes().data(), key.size(), parameters.data()) != 1) {
    return refused(name(algorithm));
  }
  return Authenticator(std::move(context), usm::tag_size(algorithm));
}

bool Authenticator::compute(ByteView message, std::size_t at, Tag& tag) {
  static constexpr std::array<std::uint8_t, kMostTag> kZeros{};
  const ByteView after = message.subspan(at + tag_size_);
  std::size_t size = 0;
  EVP_MAC_CTX* context = context_.get();
  return EVP_MAC_init(context, nullptr, 0, nullptr) == 1 &&  // the key stays
         EVP_MAC_update(context, message.data(), at) == 1 &&
         EVP_MAC_update(context, kZeros.data(), tag_size_) == 1 &&
         EVP_MAC_update(context, after.data(), after.size()) == 1 &&
         EVP_MAC_final(context, tag.data(), &size, tag.size()) == 1 && size >= tag_size_;
}

bool Authenticator::sign(std::span<std::uint8_t> message, std::size_t at) {
  Tag tag;
  if (!compute(message, at, tag)) return false;
  std::copy_n(tag.begin(), tag_size_, message.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

bool Authenticator::verify(ByteView message, std::size_t at, std::size_t size) {
  if (size != tag_size_ || at > message.size() || message.size() - at < size) return false;
  Tag tag;
  return compute(message, at, tag) &&
         CRYPTO_memcmp(tag.data(), message.data() + at, tag_size_) == 0;
}

void Cipher::Free::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

Result<Cipher> Cipher::make(PrivAlgorithm algorithm, const Key& key) {
  const char* openssl = openssl_name(algorithm);
  if (openssl == nullptr || key.size() != key_size(algorithm)) {
    return Error{"a privacy key of " + std::to_string(key.size()) + " octets is none of " +
                 std::string(name(algorithm))};
  }
  Key secret = key;
  Key pre_iv;
  if (algorithm == PrivAlgorithm::des) {
    const ByteView des = key.bytes().first(8);
    secret = Key(des);
    secret.append(des);
    secret.append(des);
    pre_iv = Key(key.bytes().subspan(8));
  }
  const std::unique_ptr<EVP_CIPHER, FreeCipher> type(EVP_CIPHER_fetch(nullptr, openssl, nullptr));
  Context context(EVP_CIPHER_CTX_new());
  if (!type || !context ||
      EVP_CipherInit_ex2(context.get(), type.get(), secret.bytes().data(), nullptr, 1, nullptr) !=
          1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1) {
    return refused(name(algorithm));
  }
  return Cipher(std::move(context), pre_iv);
}

bool Cipher::run(bool encrypting, const Salt& salt, std::uint32_t boots, std::uint32_t time,
                 ByteView from, std::span<std::uint8_t> to) {
  if (from.size() % block_size() != 0 || to.size() < from.size()) return false;
  std::array<std::uint8_t, 16> iv{};
  if (pre_iv_.size() != 0) {  // RFC 3414 §8.1.1.1
    for (std::size_t i = 0; i < salt.size(); ++i) {
      iv[i] = static_cast<std::uint8_t>(pre_iv_.bytes()[i] ^ salt[i]);
    }
  } else {  // RFC 3826 §3.1.2.1
    put32(iv.data(), boots);
    put32(iv.data() + 4, time);
    std::copy(salt.begin(), salt.end(), iv.begin() + 8);
  }
  int size = 0;
  return EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, iv.data(), encrypting ? 1 : 0,
                            nullptr) == 1 &&  // the key stays
         EVP_CipherUpdate(context_.get(), to.data(), &size, from.data(),
                          static_cast<int>(from.size())) == 1 &&
         static_cast<std::size_t>(size) == from.size();
}

bool Cipher::encrypt(const Salt& salt, std::uint32_t boots, std::uint32_t time, ByteView from,
                     std::span<std::uint8_t> to) {
  return run(true, salt, boots, time, from, to);
}
bool Cipher::decrypt(const Salt& salt, std::uint32_t boots, std::uint32_t time, ByteView from,
                     std::span<std::uint8_t> to) {
  return run(false, salt, boots, time, from, to);
}

Salt SaltCounter::next() {
  Salt salt;
  put32(salt.data(), static_cast<std::uint32_t>(next_ >> 32U));
  put32(salt.data() + 4, static_cast<std::uint32_t>(next_));
  ++next_;
  return salt;
}

Result<std::uint64_t> random_salt_seed() {
  std::uint64_t seed = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&seed), sizeof seed) != 1) {
    return Error{
        "OpenSSL has no randomness for the salts of SNMPv3: is getrandom(2) allowed here?"};
  }
  return seed;
}

}  // namespace itnxt::snmp::usm
