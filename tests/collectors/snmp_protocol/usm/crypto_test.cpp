// Published vectors where they exist, net-snmp's own functions elsewhere.
#include "collectors/snmp_protocol/usm/crypto.hpp"

#include <gtest/gtest.h>

#include "collectors/snmp_protocol/usm/keys.hpp"
#include "tests/collectors/snmp_protocol/usm/agent.hpp"
// net-snmp's macros spoil names of ours, so it comes last, and its own order counts.
// clang-format off
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/keytools.h>
#include <net-snmp/library/scapi.h>
#include <net-snmp/library/transform_oids.h>
// clang-format on

namespace itnxt::snmp::usm {
namespace {

using test::Bytes;
using test::from_hex;
using test::to_hex;

const EngineId kRfcEngine = test::engine_id("000000000000000000000002");

std::string hex(const Result<Key>& key) {
  return key ? to_hex(key->bytes()) : key.error();
}

TEST(Keys, Rfc3414A3) {
  const Result<Key> md5 = pass_phrase_key(AuthAlgorithm::md5, "maplesyrup");
  EXPECT_EQ(hex(md5), "9faf3283884e92834ebc9847d8edd963");
  EXPECT_EQ(hex(localized_key(AuthAlgorithm::md5, *md5, kRfcEngine)),
            "526f5eed9fcce26f8964c2930787d82b");
  const Result<Key> sha = pass_phrase_key(AuthAlgorithm::sha1, "maplesyrup");
  EXPECT_EQ(hex(sha), "9fb5cc0381497b3793528939ff788d5d79145211");
  EXPECT_EQ(hex(localized_key(AuthAlgorithm::sha1, *sha, kRfcEngine)),
            "6695febc9288e36282235fc7151f128497b38f3f");
}

TEST(Keys, Rfc3414A5) {
  EXPECT_EQ(hex(localized_key(AuthAlgorithm::md5, *pass_phrase_key(AuthAlgorithm::md5, "newsyrup"),
                              kRfcEngine)),
            "87021d7bd9d101ba05ea6e3bf9d9bd4a");
  EXPECT_EQ(hex(localized_key(AuthAlgorithm::sha1,
                              *pass_phrase_key(AuthAlgorithm::sha1, "newsyrup"), kRfcEngine)),
            "78e2dcce79d59403b58c1bbaa5bff46391f1cd25");
}

// draft-reeder-snmpv3-usm-3desede-00 §5: 32 octets of both digests, of which AES-256 takes all.
TEST(Keys, ReederDraft) {
  const auto key = [](AuthAlgorithm auth) {
    return hex(privacy_key(auth, PrivAlgorithm::aes256c, *pass_phrase_key(auth, "maplesyrup"),
                           kRfcEngine));
  };
  EXPECT_EQ(key(AuthAlgorithm::md5),
            "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0a3a40abfac5acc12");
  EXPECT_EQ(key(AuthAlgorithm::sha1),
            "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78936ba6e7d19dfd9c");
}

TEST(Keys, PassPhrasesHaveEightCharacters) {
  EXPECT_EQ(check_pass_phrase("1234567").error(),
            "pass phrase of 7 characters is too short, at least 8 are needed (RFC 3414 §11.2)");
  EXPECT_TRUE(check_pass_phrase("12345678").ok());
  EXPECT_FALSE(pass_phrase_key(AuthAlgorithm::sha256, "").ok());
}

struct NetSnmpAuth {
  AuthAlgorithm ours;
  int type;
};
const NetSnmpAuth kAuths[] = {{AuthAlgorithm::md5, NETSNMP_USMAUTH_HMACMD5},
                              {AuthAlgorithm::sha1, NETSNMP_USMAUTH_HMACSHA1},
                              {AuthAlgorithm::sha224, NETSNMP_USMAUTH_HMAC128SHA224},
                              {AuthAlgorithm::sha256, NETSNMP_USMAUTH_HMAC192SHA256},
                              {AuthAlgorithm::sha384, NETSNMP_USMAUTH_HMAC256SHA384},
                              {AuthAlgorithm::sha512, NETSNMP_USMAUTH_HMAC384SHA512}};

TEST(Keys, NetSnmpDerivesTheSame) {
  Bytes engine = from_hex("80001f888059dc486145a26322");
  for (const NetSnmpAuth& auth : kAuths) {
    size_t type_size = 0;
    const oid* type = sc_get_auth_oid(auth.type, &type_size);
    for (const std::string_view pass_phrase :
         {std::string_view("12345678"),
          std::string_view("a pass phrase of some length, not even")}) {
      u_char ku[USM_LENGTH_KU_HASHBLOCK] = {};
      size_t ku_size = sizeof ku;
      Bytes text(pass_phrase.begin(), pass_phrase.end());
      ASSERT_EQ(
          generate_Ku(type, static_cast<u_int>(type_size), text.data(), text.size(), ku, &ku_size),
          SNMPERR_SUCCESS);
      const Result<Key> mine = pass_phrase_key(auth.ours, pass_phrase);
      EXPECT_EQ(hex(mine), to_hex(ByteView(ku, ku_size))) << name(auth.ours);
      u_char kul[64] = {};
      size_t kul_size = sizeof kul;
      ASSERT_EQ(generate_kul(type, static_cast<u_int>(type_size), engine.data(), engine.size(), ku,
                             ku_size, kul, &kul_size),
                SNMPERR_SUCCESS);
      EXPECT_EQ(hex(localized_key(auth.ours, *mine, EngineId(engine))),
                to_hex(ByteView(kul, kul_size)))
          << name(auth.ours);
    }
  }
}

TEST(Keys, NetSnmpLengthensTheSame) {
  struct {
    PrivAlgorithm ours;
    int type;
  } const privs[] = {{PrivAlgorithm::aes192, USM_CREATE_USER_PRIV_AES192},
                     {PrivAlgorithm::aes256, USM_CREATE_USER_PRIV_AES256},
                     {PrivAlgorithm::aes192c, USM_CREATE_USER_PRIV_AES192_CISCO},
                     {PrivAlgorithm::aes256c, USM_CREATE_USER_PRIV_AES256_CISCO}};
  Bytes engine = from_hex("80001f888059dc486145a26322");
  for (const NetSnmpAuth& auth : kAuths) {
    size_t type_size = 0;
    const oid* type = sc_get_auth_oid(auth.type, &type_size);
    const Result<Key> ku = pass_phrase_key(auth.ours, "battery staple");
    const Result<Key> kul = localized_key(auth.ours, *ku, EngineId(engine));
    for (const auto& priv : privs) {
      const std::size_t size = key_size(priv.ours);
      u_char* key = static_cast<u_char*>(std::malloc(USM_LENGTH_KU_HASHBLOCK));
      std::copy(kul->bytes().begin(), kul->bytes().end(), key);
      size_t have = kul->size();
      ASSERT_EQ(netsnmp_extend_kul(static_cast<u_int>(size), const_cast<oid*>(type),
                                   static_cast<u_int>(type_size), priv.type, engine.data(),
                                   static_cast<u_int>(engine.size()), &key, &have,
                                   USM_LENGTH_KU_HASHBLOCK),
                SNMPERR_SUCCESS);
      EXPECT_EQ(hex(privacy_key(auth.ours, priv.ours, *ku, EngineId(engine))),
                to_hex(ByteView(key, size)))
          << name(auth.ours) << ' ' << name(priv.ours);
      std::free(key);
    }
  }
}

TEST(Authenticator, NetSnmpSignsTheSame) {
  Bytes message(200);
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::uint8_t>(i * 7);
  constexpr std::size_t kAt = 50;
  for (const NetSnmpAuth& auth : kAuths) {
    size_t type_size = 0;
    const oid* type = sc_get_auth_oid(auth.type, &type_size);
    Bytes zeroed = message;
    std::fill_n(zeroed.begin() + kAt, tag_size(auth.ours), std::uint8_t{0});
    const Bytes secret(digest_size(auth.ours), 0x5A);
    u_char tag[64] = {};
    size_t size = tag_size(auth.ours);
    ASSERT_EQ(
        sc_generate_keyed_hash(type, type_size, secret.data(), static_cast<u_int>(secret.size()),
                               zeroed.data(), static_cast<u_int>(zeroed.size()), tag, &size),
        SNMPERR_SUCCESS);
    Result<Authenticator> mine = Authenticator::make(auth.ours, Key(secret));
    ASSERT_TRUE(mine.ok()) << mine.error();
    for (int i = 0; i < 3; ++i) {  // the context is used again
      Bytes signed_message = message;
      ASSERT_TRUE(mine->sign(signed_message, kAt));
      EXPECT_EQ(to_hex(ByteView(signed_message).subspan(kAt, mine->tag_size())),
                to_hex(ByteView(tag, size)))
          << name(auth.ours);
      EXPECT_TRUE(mine->verify(signed_message, kAt, mine->tag_size()));
      EXPECT_FALSE(mine->verify(signed_message, kAt, mine->tag_size() - 1));
      EXPECT_FALSE(mine->verify(signed_message, kAt + 1, mine->tag_size()));
      EXPECT_FALSE(mine->verify(signed_message, 199, mine->tag_size()));
    }
  }
}

struct CipherVector {
  PrivAlgorithm algorithm;
  std::string_view key;
  std::string_view iv;  // of AES: boots, time, salt
  std::string_view plain;
  std::string_view cipher;
};

// NIST SP 800-38A F.3.13, F.3.15, F.3.17 with the IV as RFC 3826 §3.1.2.1 makes it; FIPS 81 B.2
// with a pre-IV of zeros.
const CipherVector kCiphers[] = {
    {PrivAlgorithm::aes128, "2b7e151628aed2a6abf7158809cf4f3c", "08090a0b0c0d0e0f",
     "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
     "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"},
    {PrivAlgorithm::aes192, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "08090a0b0c0d0e0f",
     "6bc1bee22e409f96e93d7e117393172a", "cdc80d6fddf18cab34c25909c99a4174"},
    {PrivAlgorithm::aes256, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
     "08090a0b0c0d0e0f", "6bc1bee22e409f96e93d7e117393172a", "dc7e84bfda79164b7ecd8486985d3860"},
    {PrivAlgorithm::des, "0123456789abcdef0000000000000000", "1234567890abcdef",
     "4e6f77206973207468652074696d6520666f7220616c6c20",
     "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6"},
};

TEST(Cipher, PublishedVectors) {
  for (const CipherVector& vector : kCiphers) {
    Result<Cipher> cipher = Cipher::make(vector.algorithm, Key(from_hex(vector.key)));
    ASSERT_TRUE(cipher.ok()) << cipher.error();
    Salt salt;
    const Bytes iv = from_hex(vector.iv);
    std::copy(iv.begin(), iv.end(), salt.begin());
    for (int i = 0; i < 2; ++i) {  // both ways by one context, again and again
      Bytes text = from_hex(vector.plain);
      ASSERT_TRUE(cipher->encrypt(salt, 0x00010203, 0x04050607, text, text));
      EXPECT_EQ(to_hex(text), vector.cipher) << name(vector.algorithm);
      Bytes back(text.size());
      ASSERT_TRUE(cipher->decrypt(salt, 0x00010203, 0x04050607, text, back));
      EXPECT_EQ(to_hex(back), vector.plain) << name(vector.algorithm);
    }
  }
}

TEST(Cipher, DesTakesWholeBlocksOnly) {
  Result<Cipher> des = Cipher::make(PrivAlgorithm::des, Key(Bytes(16, 1)));
  Bytes text(15);
  EXPECT_FALSE(des->decrypt({}, 0, 0, text, text));
  EXPECT_EQ(des->block_size(), 8U);
}

TEST(Cipher, KeysOfAnotherSizeAreRefused) {
  EXPECT_EQ(Cipher::make(PrivAlgorithm::aes256, Key(Bytes(16))).error(),
            "a privacy key of 16 octets is none of aes256");
  EXPECT_EQ(Authenticator::make(AuthAlgorithm::sha256, Key(Bytes(20))).error(),
            "an authentication key of 20 octets is none of sha256");
  EXPECT_FALSE(Cipher::make(PrivAlgorithm::none, Key()).ok());
  EXPECT_FALSE(Authenticator::make(AuthAlgorithm::none, Key()).ok());
}

TEST(SaltCounter, CountsOnOverEveryCarry) {
  SaltCounter salts(0x00000001FFFFFFFF);
  EXPECT_EQ(to_hex(salts.next()), "00000001ffffffff");
  EXPECT_EQ(to_hex(salts.next()), "0000000200000000");
  SaltCounter last(~std::uint64_t{0});
  EXPECT_EQ(to_hex(last.next()), "ffffffffffffffff");
  EXPECT_EQ(to_hex(last.next()), "0000000000000000");
  EXPECT_NE(*random_salt_seed(), *random_salt_seed());
}

TEST(Key, IsWipedWhenItGoes) {
  alignas(Key) std::array<std::uint8_t, sizeof(Key)> place{};
  Key* key = new (place.data()) Key(Bytes(64, 0xA5));
  EXPECT_EQ(std::count(place.begin(), place.end(), 0xA5), 64);
  key->truncate(10);
  EXPECT_EQ(std::count(place.begin(), place.end(), 0xA5), 10);
  key->~Key();
  EXPECT_EQ(std::count(place.begin(), place.end(), 0xA5), 0);
}

TEST(KeyCache, DerivesOnceAndStaysBounded) {
  KeyCache cache(2);
  const Result<Key> first = cache.get(AuthAlgorithm::sha256, "correct horse");
  EXPECT_EQ(hex(cache.get(AuthAlgorithm::sha256, "correct horse")), hex(first));
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_NE(hex(cache.get(AuthAlgorithm::sha1, "correct horse")), hex(first));
  for (const std::string_view other : {"pass phrase 1", "pass phrase 2", "pass phrase 3"}) {
    EXPECT_TRUE(cache.get(AuthAlgorithm::sha256, other).ok());
  }
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(hex(cache.get(AuthAlgorithm::sha256, "correct horse")), hex(first));
  EXPECT_FALSE(cache.get(AuthAlgorithm::sha256, "short").ok());
}

TEST(User, RefusesWhatCannotWork) {
  KeyCache cache;
  const auto error = [&](const UserSettings& settings) {
    const auto user = make_user(settings, cache);
    return user ? std::string() : user.error();
  };
  const std::string longest(32, 'u');
  EXPECT_EQ(error({"", "", AuthAlgorithm::none, "", PrivAlgorithm::none, ""}),
            "SNMPv3 needs a user name");
  EXPECT_EQ(error({longest, longest, AuthAlgorithm::none, "", PrivAlgorithm::none, ""}), "");
  EXPECT_EQ(error({longest + "u", "", AuthAlgorithm::none, "", PrivAlgorithm::none, ""}),
            "user name of 33 octets is too long, at most 32 are allowed (RFC 3414 §2.4)");
  EXPECT_EQ(error({"u", longest + "u", AuthAlgorithm::none, "", PrivAlgorithm::none, ""}),
            "context name of 33 octets is too long, at most 32 are allowed (RFC 3414 §2.4)");
  EXPECT_EQ(error({"u", "", AuthAlgorithm::none, "", PrivAlgorithm::des, "12345678"}),
            "privacy needs authentication (RFC 3411 §3.4.3): set auth, or priv to none");
  EXPECT_EQ(error({"u", "", AuthAlgorithm::md5, "short", PrivAlgorithm::des, "12345678"}),
            "auth_password: pass phrase of 5 characters is too short, at least 8 are needed (RFC "
            "3414 §11.2)");
  EXPECT_EQ(error({"u", "", AuthAlgorithm::md5, "12345678", PrivAlgorithm::des, "short"}),
            "priv_password: pass phrase of 5 characters is too short, at least 8 are needed (RFC "
            "3414 §11.2)");
}

}  // namespace
}  // namespace itnxt::snmp::usm
