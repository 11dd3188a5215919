// Messages both ways, every altered and every shortened one, and net-snmp's reading of ours.
#include "collectors/snmp_protocol/usm/message.hpp"

#include <gtest/gtest.h>

#include "tests/collectors/snmp_protocol/usm/agent.hpp"

namespace itnxt::snmp::usm {
namespace {

using test::Bytes;
using test::from_hex;
using test::to_hex;

constexpr AuthAlgorithm kAuths[] = {AuthAlgorithm::md5,    AuthAlgorithm::sha1,
                                    AuthAlgorithm::sha224, AuthAlgorithm::sha256,
                                    AuthAlgorithm::sha384, AuthAlgorithm::sha512};
constexpr PrivAlgorithm kPrivs[] = {
    PrivAlgorithm::none,   PrivAlgorithm::des,     PrivAlgorithm::aes128, PrivAlgorithm::aes192,
    PrivAlgorithm::aes256, PrivAlgorithm::aes192c, PrivAlgorithm::aes256c};
const EngineId kEngine = test::engine_id("80001f888059dc486145a26322");

struct Talk {
  explicit Talk(AuthAlgorithm auth, PrivAlgorithm priv)
      : user(test::make_user(auth, priv)), keys(*localize(*user, kEngine)) {}
  Bytes write(const Bytes& pdu, std::int32_t id = 4711) {
    Header header;
    header.message_id = id;
    header.level = user->level();
    header.engine_id = kEngine.bytes();
    header.boots = 3;
    header.time = 0x80;  // needs a leading zero
    header.user = user->name;
    Bytes room(pdu.size() + kMostOverhead);
    return test::copy(encode(header, {kEngine.bytes(), "", pdu}, keys.get(), salts, room));
  }
  // The PDU that comes out; empty when the message is refused.
  Bytes read(ByteView datagram) {
    const auto decoded = decode_v3(datagram);
    const auto* message = std::get_if<V3Message>(&decoded);
    // A turned flag makes it another level, which whoever asked on this one refuses.
    if (message == nullptr || message->header.level != user->level()) return {};
    Bytes room(datagram.size());
    const auto opened = open(*message, keys.get(), room);
    const auto* scoped = std::get_if<ScopedPdu>(&opened);
    return scoped == nullptr ? Bytes{} : test::copy(scoped->pdu);
  }
  std::shared_ptr<const User> user;
  std::shared_ptr<LocalKeys> keys;
  SaltCounter salts{1};
};

TEST(UsmMessage, WhatIsWrittenIsRead) {
  for (const AuthAlgorithm auth : kAuths) {
    for (const PrivAlgorithm priv : kPrivs) {
      Talk talk(auth, priv);
      for (std::size_t size = 0; size < 300; ++size) {  // every padding, every form of a length
        const Bytes pdu =
            test::pdu_of(PduType::get, 9, test::kUptime, Bytes(size, static_cast<std::uint8_t>(5)));
        const Bytes message = talk.write(pdu);
        ASSERT_FALSE(message.empty());
        ASSERT_EQ(to_hex(talk.read(message)), to_hex(pdu)) << name(auth) << ' ' << name(priv);
      }
    }
  }
}

TEST(UsmMessage, HeaderIsReadAsItWasWritten) {
  Talk talk(AuthAlgorithm::sha512, PrivAlgorithm::aes256);
  const Bytes message = talk.write(test::get_uptime(7), 0x7FFFFFFF);
  const auto decoded = decode_v3(message);
  const auto& view = std::get<V3Message>(decoded);
  EXPECT_EQ(view.header.message_id, 0x7FFFFFFF);
  EXPECT_EQ(view.header.max_size, kMostUdpPayload);
  EXPECT_EQ(view.header.level, SecurityLevel::auth_priv);
  EXPECT_TRUE(view.header.reportable);
  EXPECT_TRUE(same(view.header.engine_id, kEngine.bytes()));
  EXPECT_EQ(view.header.boots, 3U);
  EXPECT_EQ(view.header.time, 0x80U);
  EXPECT_EQ(view.header.user, "monitor");
  EXPECT_EQ(view.auth_parameters.size(), 48U);
  EXPECT_EQ(message.data() + view.auth_at, view.auth_parameters.data());
  EXPECT_EQ(to_hex(view.privacy_parameters), "0000000000000001");
}

// Byte for byte as RFC 3414 §4 has it, and as net-snmp sends it.
TEST(UsmMessage, DiscoveryProbe) {
  SecurityState state(test::make_user(AuthAlgorithm::none, PrivAlgorithm::none));
  Exchange exchange;
  SaltCounter salts(1);
  Bytes room(128);
  EXPECT_EQ(to_hex(state.encode(exchange, 0x1234, {}, Instant{}, salts, room)),
            "303a"          // message
            "020103"        // version
            "300f"          // header data
            "02021234"      // message ID
            "020300ffe3"    // max size
            "040104"        // reportable
            "020103"        // USM
            "0410300e"      // security parameters
            "0400"          // engine ID
            "020100020100"  // boots, time
            "040004000400"  // user, signature, salt
            "3012"          // scoped PDU
            "04000400"      // context
            "a00c02021234"  // GET, request-id
            "020100020100"
            "3000");
}

TEST(UsmMessage, TheLargestFitsTheOverhead) {
  const std::string longest(32, 'n');
  KeyCache cache;
  const auto user = *make_user(
      {longest, longest, AuthAlgorithm::sha512, "12345678", PrivAlgorithm::des, "12345678"}, cache);
  const EngineId engine(Bytes(32, 0xFF));
  const auto keys = *localize(*user, engine);
  SaltCounter salts(~std::uint64_t{0});
  Header header;
  header.message_id = 0x7FFFFFFF;
  header.level = SecurityLevel::auth_priv;
  header.engine_id = engine.bytes();
  header.boots = header.time = kMostNumber;
  header.user = longest;
  for (std::size_t size : {std::size_t{1000}, std::size_t{60'001}}) {
    const Bytes pdu(size, 0x30);
    Bytes room(pdu.size() + kMostOverhead);
    EXPECT_FALSE(encode(header, {engine.bytes(), longest, pdu}, keys.get(), salts, room).empty());
    // In every smaller buffer it fits or is refused; nothing is written outside (ASan looks).
    for (std::size_t less = 0; less < room.size(); less += 13) {
      Bytes small(less);
      const ByteView out = encode(header, {engine.bytes(), longest, pdu}, keys.get(), salts, small);
      EXPECT_LE(out.size(), less);
    }
  }
}

TEST(UsmMessage, NothingIsWrittenWithoutItsKeys) {
  SaltCounter salts(1);
  LocalKeys none;
  Bytes room(512);
  Header header;
  for (const SecurityLevel level : {SecurityLevel::auth_no_priv, SecurityLevel::auth_priv}) {
    header.level = level;
    EXPECT_TRUE(encode(header, {}, nullptr, salts, room).empty());
    EXPECT_TRUE(encode(header, {}, &none, salts, room).empty());
  }
}

TEST(UsmMessage, NoSaltComesTwice) {
  Talk talk(AuthAlgorithm::sha256, PrivAlgorithm::aes128);
  const Bytes pdu = test::get_uptime(7);
  EXPECT_NE(to_hex(talk.write(pdu)), to_hex(talk.write(pdu)));
}

// Signed: no bit can be turned. Several values for every byte, all of them for the header's.
TEST(UsmMessage, EveryAlteredByteIsRefused) {
  for (const PrivAlgorithm priv : kPrivs) {
    Talk talk(AuthAlgorithm::sha256, priv);
    const Bytes message = talk.write(test::get_uptime(7));
    for (std::size_t at = 0; at < message.size(); ++at) {
      for (int change = 1; change < 256; change += at < 24 ? 1 : 25) {
        Bytes altered = message;
        altered[at] = static_cast<std::uint8_t>(altered[at] ^ change);
        ASSERT_TRUE(talk.read(altered).empty())
            << name(priv) << ": byte " << at << " xor " << change << " was taken";
      }
    }
  }
}

TEST(UsmMessage, EveryTruncationAndEveryTailIsRefused) {
  for (const PrivAlgorithm priv : kPrivs) {
    Talk talk(AuthAlgorithm::sha256, priv);
    Bytes message = talk.write(test::get_uptime(7));
    for (std::size_t size = 0; size < message.size(); ++size) {
      const Bytes shorter(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
      ASSERT_EQ(std::get<V3Fault>(decode_v3(shorter)), V3Fault::bad_length) << size;
    }
    message.push_back(0);
    EXPECT_EQ(std::get<V3Fault>(decode_v3(message)), V3Fault::bad_length);
  }
}

// Each part of a message in its place, to be replaced by another.
struct Parts {
  std::string version = "020103";
  std::string id = "02021234";
  std::string max_size = "020205dc";
  std::string flags = "040100";
  std::string model = "020103";
  std::string engine = "04050102030405";
  std::string boots = "020101";
  std::string time = "020102";
  std::string user = "040161";
  std::string auth = "0400";
  std::string salt = "0400";
  std::string behind_parameters;
  std::string data = "300404000400";

  static std::string wrap(std::string_view tag, const std::string& content) {
    const std::size_t size = content.size() / 2;
    const auto byte = static_cast<std::uint8_t>(size);
    const std::array<std::uint8_t, 1> one = {byte};
    return std::string(tag) + (size < 128 ? "" : "81") + to_hex(one) + content;
  }
  [[nodiscard]] std::string fault() const {
    const std::string parameters =
        wrap("30", engine + boots + time + user + auth + salt) + behind_parameters;
    const auto decoded =
        decode_v3(from_hex(wrap("30", version + wrap("30", id + max_size + flags + model) +
                                          wrap("04", parameters) + data)));
    const auto* why = std::get_if<V3Fault>(&decoded);
    return why == nullptr ? "none" : std::string(name(*why));
  }
};

std::string octets(std::size_t size) {
  return Parts::wrap("04", to_hex(Bytes(size, 'x')));
}

TEST(UsmMessage, BoundsOfTheFields) {
  struct {
    const char* what;
    std::string Parts::*part;
    std::string value;
    const char* fault;
  } const cases[] = {
      {"as it is", &Parts::version, "020103", "none"},
      {"v2c", &Parts::version, "020101", "bad_version"},
      {"negative message ID", &Parts::id, "0201ff", "bad_number"},
      {"largest message ID", &Parts::id, "02047fffffff", "none"},
      {"message ID of 32 bits", &Parts::id, "02050080000000", "bad_number"},
      {"message ID of nine octets", &Parts::id, "0209000000000000000001", "bad_number"},
      {"message ID that is no number", &Parts::id, "040101", "bad_tag"},
      {"max size of 483", &Parts::max_size, "020201e3", "bad_number"},
      {"max size of 484", &Parts::max_size, "020201e4", "none"},
      {"no flags", &Parts::flags, "0400", "bad_flags"},
      {"two octets of flags", &Parts::flags, "04020000", "bad_flags"},
      {"privacy without authentication", &Parts::flags, "040102", "bad_flags"},
      {"unknown flags are not looked at", &Parts::flags, "0401f8", "none"},
      {"enciphered, yet plain", &Parts::flags, "040103", "bad_tag"},
      {"community model", &Parts::model, "020102", "bad_security_model"},
      {"model 0", &Parts::model, "020100", "bad_number"},
      {"a fifth field", &Parts::model, "020103020103", "bad_length"},
      {"no engine ID", &Parts::engine, "0400", "none"},
      {"engine ID of 4", &Parts::engine, octets(4), "bad_engine_id"},
      {"engine ID of 32", &Parts::engine, octets(32), "none"},
      {"engine ID of 33", &Parts::engine, octets(33), "bad_engine_id"},
      {"largest boots", &Parts::boots, "02047fffffff", "none"},
      {"boots beyond", &Parts::boots, "02050080000000", "bad_number"},
      {"negative boots", &Parts::boots, "0201ff", "bad_number"},
      {"negative time", &Parts::time, "0201ff", "bad_number"},
      {"time beyond", &Parts::time, "02050080000000", "bad_number"},
      {"empty number", &Parts::time, "0200", "bad_number"},
      {"user of 32", &Parts::user, octets(32), "none"},
      {"user of 33", &Parts::user, octets(33), "bad_user"},
      {"signature of 48", &Parts::auth, octets(48), "none"},
      {"signature of 49", &Parts::auth, octets(49), "bad_parameters"},
      {"salt of 7", &Parts::salt, octets(7), "bad_parameters"},
      {"salt of 8", &Parts::salt, octets(8), "none"},
      {"a seventh parameter", &Parts::salt, "04000400", "bad_length"},
      {"an octet behind the parameters", &Parts::behind_parameters, "00", "bad_length"},
      {"data of another type", &Parts::data, "0400", "bad_tag"},
      {"an element behind the data", &Parts::data,
       "300404000400"
       "0500",
       "bad_length"},
      {"nothing instead of data", &Parts::data, "", "bad_length"},
  };
  for (const auto& test : cases) {
    Parts parts;
    parts.*test.part = test.value;
    EXPECT_EQ(parts.fault(), test.fault) << test.what;
  }
}

TEST(UsmMessage, PlainScopedPduIsChecked) {
  const auto fault = [](const char* content) {
    V3Message message;
    const Bytes bytes = from_hex(content);
    message.data = bytes;
    const auto opened = open(message, nullptr, {});
    const auto* why = std::get_if<OpenFault>(&opened);
    return why == nullptr ? std::string("none") : std::string(name(*why));
  };
  EXPECT_EQ(fault("04000400a000"), "none");
  EXPECT_EQ(fault("04000400"), "bad_scoped_pdu");
  EXPECT_EQ(fault("0400"), "bad_scoped_pdu");
  EXPECT_EQ(fault("02000400a000"), "bad_scoped_pdu");
  EXPECT_EQ(fault(("0421" + to_hex(Bytes(33)) + "0400a000").c_str()), "bad_scoped_pdu");
}

// What deciphers to nothing sensible, signed with the right key: the agent has another privacy key.
TEST(UsmMessage, AnotherPrivacyKeyIsNoticed) {
  Talk talk(AuthAlgorithm::sha256, PrivAlgorithm::aes128);
  const Bytes message = talk.write(test::get_uptime(7));
  const auto other = *localize(*test::make_user(AuthAlgorithm::sha256, PrivAlgorithm::aes128,
                                                "correct horse", "another phrase"),
                               kEngine);
  const auto decoded = decode_v3(message);
  Bytes room(message.size());
  EXPECT_EQ(std::get<OpenFault>(open(std::get<V3Message>(decoded), other.get(), room)),
            OpenFault::bad_cipher);
  EXPECT_EQ(std::get<OpenFault>(open(std::get<V3Message>(decoded), talk.keys.get(), {})),
            OpenFault::bad_cipher)
      << "a buffer that is too small";
  EXPECT_EQ(std::get<OpenFault>(open(std::get<V3Message>(decoded), nullptr, room)),
            OpenFault::no_keys);
}

// What an agent signed and enciphered, right or not.
struct Sealed {
  Sealed(PrivAlgorithm priv, Bytes plain, std::size_t salt_size = 8)
      : talk(AuthAlgorithm::sha256, priv),
        salt(salt_size, 0x11),
        bytes(tag_size(AuthAlgorithm::sha256)) {
    Salt used;
    used.fill(0x11);
    EXPECT_TRUE(talk.keys->priv->encrypt(used, 0, 0, plain, plain));
    const std::size_t tag = bytes.size();
    bytes.insert(bytes.end(), plain.begin(), plain.end());
    EXPECT_TRUE(talk.keys->auth->sign(bytes, 0));
    message.whole = bytes;
    message.header.level = SecurityLevel::auth_priv;
    message.auth_parameters = message.whole.first(tag);
    message.privacy_parameters = salt;
    message.data = message.whole.subspan(tag);
  }
  std::string fault() {
    Bytes room(bytes.size());
    const auto opened = open(message, talk.keys.get(), room);
    const auto* why = std::get_if<OpenFault>(&opened);
    return why == nullptr ? std::string("none") : std::string(name(*why));
  }
  Talk talk;
  Bytes salt;
  Bytes bytes;
  V3Message message;
};

TEST(UsmMessage, OnlyABlockCipherPads) {
  const auto fault = [](PrivAlgorithm priv, std::size_t padding, std::size_t salt = 8) {
    Bytes plain = from_hex("300604000400a000");
    plain.resize(plain.size() + padding);
    return Sealed(priv, plain, salt).fault();
  };
  EXPECT_EQ(fault(PrivAlgorithm::des, 0), "none");
  EXPECT_EQ(fault(PrivAlgorithm::des, 8), "none") << "a whole block, as some agents do";
  EXPECT_EQ(fault(PrivAlgorithm::des, 16), "bad_cipher");
  EXPECT_EQ(fault(PrivAlgorithm::aes128, 0), "none");
  EXPECT_EQ(fault(PrivAlgorithm::aes128, 1), "bad_cipher");
  EXPECT_EQ(fault(PrivAlgorithm::aes128, 0, 0), "bad_cipher") << "no salt";
  EXPECT_EQ(Sealed(PrivAlgorithm::aes128, {}).fault(), "bad_cipher") << "nothing enciphered";
  EXPECT_EQ(Sealed(PrivAlgorithm::aes128, from_hex("300404000400")).fault(), "bad_cipher");
}

TEST(UsmMessage, ReportsAreTold) {
  const auto about = [](const Bytes& pdu) -> std::string {
    const auto decoded = decode_pdu(pdu);
    const auto report = usm_report(std::get<Message>(decoded));
    return report ? std::string(name(*report)) : "none";
  };
  const char* const names[] = {"usmStatsUnsupportedSecLevels", "usmStatsNotInTimeWindows",
                               "usmStatsUnknownUserNames",     "usmStatsUnknownEngineIDs",
                               "usmStatsWrongDigests",         "usmStatsDecryptionErrors"};
  for (std::uint8_t i = 0; i < 6; ++i) {
    EXPECT_EQ(about(test::report_pdu(1, static_cast<UsmReport>(i + 1))), names[i]);
  }
  const Bytes counter = {0x41, 1, 1};
  EXPECT_EQ(about(test::report_pdu(1, static_cast<UsmReport>(7))), "none");
  EXPECT_EQ(about(test::report_pdu(1, static_cast<UsmReport>(0))), "none");
  EXPECT_EQ(about(test::pdu_of(PduType::report, 1, {0x2B, 6, 1, 6, 3, 15, 1, 1, 5}, counter)),
            "none");
  EXPECT_EQ(about(test::pdu_of(PduType::report, 1, {0x2B, 6, 1, 6, 3, 15, 1, 1, 5, 1}, counter)),
            "none");
  EXPECT_EQ(about(test::pdu_of(PduType::report, 1, {0x2B, 6, 1, 6, 3, 12, 1, 5, 0}, counter)),
            "none");
  EXPECT_EQ(about(test::pdu_of(PduType::response, 1, {0x2B, 6, 1, 6, 3, 15, 1, 1, 5, 0}, counter)),
            "none");
}

}  // namespace
}  // namespace itnxt::snmp::usm
