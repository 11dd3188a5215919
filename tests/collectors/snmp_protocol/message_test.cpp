// Our decoding and net-snmp's, our requests and net-snmp's reading of them: each checks the other.
#include "collectors/snmp_protocol/message.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/collectors/snmp/agent.hpp"
// clang-format off: net-snmp's macros spoil names of ours, so it comes last
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#undef non_repeaters
#undef max_repetitions
// clang-format on

namespace itnxt::snmp {
namespace {

using test::Bytes;

struct FreePdu {
  void operator()(netsnmp_pdu* pdu) const { snmp_free_pdu(pdu); }
};
using Pdu = std::unique_ptr<netsnmp_pdu, FreePdu>;

// Reads the whole message by net-snmp alone.
Pdu parse_by_netsnmp(const Bytes& message) {
  Bytes copy = message;
  copy.resize(message.size() + 16);  // net-snmp may look past the end
  std::size_t length = message.size();
  u_char community[256];
  std::size_t community_length = sizeof community;
  long version = 0;
  u_char* data = snmp_comstr_parse(copy.data(), &length, community, &community_length, &version);
  if (data == nullptr || version != SNMP_VERSION_2c) return nullptr;
  Pdu pdu(static_cast<netsnmp_pdu*>(std::calloc(1, sizeof(netsnmp_pdu))));
  if (snmp_pdu_parse(pdu.get(), data, &length) != 0) return nullptr;
  return pdu;
}

// Writes a message by net-snmp alone.
Bytes build_by_netsnmp(netsnmp_pdu* pdu) {
  Bytes out(65'536);
  std::size_t pdu_length = out.size() - 64;
  u_char* end = snmp_pdu_build(pdu, out.data() + 64, &pdu_length);
  if (end == nullptr) return {};
  const auto size = static_cast<std::size_t>(end - (out.data() + 64));
  Bytes head(64);
  std::size_t room = head.size();
  std::size_t version_length = 0;
  const u_char community[] = "public";
  long version = SNMP_VERSION_2c;
  std::size_t left = room - 8;
  u_char* at = head.data() + 8;
  at = asn_build_int(at, &left, ASN_INTEGER, &version, sizeof version);
  at = asn_build_string(at, &left, ASN_OCTET_STR, community, 6);
  const auto inner = static_cast<std::size_t>(at - (head.data() + 8));
  (void)version_length;
  Bytes message = {0x30, 0x83, static_cast<std::uint8_t>((inner + size) >> 16U),
                   static_cast<std::uint8_t>((inner + size) >> 8U),
                   static_cast<std::uint8_t>(inner + size)};
  message.insert(message.end(), head.begin() + 8, head.begin() + 8 + static_cast<long>(inner));
  message.insert(message.end(), out.begin() + 64, out.begin() + 64 + static_cast<long>(size));
  return message;
}

TEST(Request, NetSnmpReadsWhatWeWrite) {
  Request request;
  request.type = RequestType::get_bulk;
  request.non_repeaters = 1;
  request.max_repetitions = 25;
  request.add(kUptimeObject);
  for (const MibColumn& column : kMibColumns) request.add(column.oid.with(4'000'000'000U));
  std::array<std::uint8_t, 1024> buffer;
  const ByteView bytes = encode(request, Version::v2c, std::string(255, 'c'), 0x7FFFFFFF, buffer);
  ASSERT_FALSE(bytes.empty()) << "the largest request fits 1,024 bytes";

  const ByteView mine = encode(request, Version::v2c, "public", 1234567, buffer);
  const Pdu pdu = parse_by_netsnmp(Bytes(mine.begin(), mine.end()));
  ASSERT_TRUE(pdu);
  EXPECT_EQ(pdu->command, SNMP_MSG_GETBULK);
  EXPECT_EQ(pdu->reqid, 1234567);
  EXPECT_EQ(pdu->errstat, 1);
  EXPECT_EQ(pdu->errindex, 25);
  std::size_t count = 0;
  for (const netsnmp_variable_list* one = pdu->variables; one != nullptr;
       one = one->next_variable) {
    ASSERT_LT(count, request.count);
    const Oid& wanted = request.oids[count++];
    ASSERT_EQ(one->name_length, wanted.size);
    for (std::size_t i = 0; i < wanted.size; ++i) EXPECT_EQ(one->name[i], wanted.arcs[i]);
    EXPECT_EQ(one->type, ASN_NULL);
  }
  EXPECT_EQ(count, request.count);
}

TEST(Request, WhatDoesNotFitIsNotWritten) {
  Request request;
  request.add(kMibScalars[0].oid);
  std::array<std::uint8_t, 64> buffer;
  EXPECT_FALSE(encode(request, Version::v2c, "public", 1, buffer).empty());
  for (std::size_t size = 0; size < 30; ++size) {
    EXPECT_TRUE(encode(request, Version::v2c, "public", 1, std::span(buffer).first(size)).empty())
        << size;
  }
}

TEST(Message, EveryTypeOfSmiV2AsNetSnmpWritesIt) {
  Pdu pdu(snmp_pdu_create(SNMP_MSG_RESPONSE));
  pdu->reqid = 42;
  pdu->errstat = 5;
  pdu->errindex = 2;
  const oid name[] = {1, 3, 6, 1, 2, 1, 2, 2, 1, 10, 300};
  const auto add = [&](u_char type, const void* value, std::size_t size) {
    snmp_pdu_add_variable(pdu.get(), name, std::size(name), type, value, size);
  };
  const long minus = -7;
  const u_long ticks = 4294967295UL;
  const oid object[] = {1, 3, 6, 1, 4, 1, 9};
  const struct counter64 wide = {0xFFFFFFFF, 0xFFFFFFFE};
  const u_char address[] = {10, 0, 0, 1};
  add(ASN_INTEGER, &minus, sizeof minus);
  add(ASN_OCTET_STR,
      "Stra\xdf"
      "e",
      6);
  add(ASN_OBJECT_ID, object, sizeof object);
  add(ASN_IPADDRESS, address, 4);
  add(ASN_COUNTER, &ticks, sizeof ticks);
  add(ASN_GAUGE, &ticks, sizeof ticks);
  add(ASN_TIMETICKS, &ticks, sizeof ticks);
  add(ASN_COUNTER64, &wide, sizeof wide);
  for (const int type : std::initializer_list<int>{SNMP_NOSUCHOBJECT, SNMP_NOSUCHINSTANCE,
                                                   SNMP_ENDOFMIBVIEW, int{ASN_NULL}}) {
    add(static_cast<u_char>(type), nullptr, 0);
  }
  const Bytes bytes = build_by_netsnmp(pdu.get());
  const auto decoded = decode(bytes);
  ASSERT_TRUE(std::holds_alternative<Message>(decoded));
  const auto& message = std::get<Message>(decoded);
  EXPECT_EQ(message.community, "public");
  EXPECT_EQ(message.request_id, 42);
  EXPECT_EQ(message.error_status, 5);
  EXPECT_EQ(message.error_index, 2);
  EXPECT_EQ(message.varbind_count, 12U);

  Varbinds varbinds = message.begin();
  const auto next = [&] {
    const auto varbind = varbinds.next();
    EXPECT_EQ(dotted(varbind->oid), "1.3.6.1.2.1.2.2.1.10.300");
    return *varbind;
  };
  const Varbind integer = next();
  EXPECT_EQ(integer.type, Type::integer);
  EXPECT_EQ(signed_number(integer.value), -7);
  EXPECT_EQ(integer.number(), std::nullopt) << "negative";
  EXPECT_EQ(next().text(),
            "Stra\xdf"
            "e");
  EXPECT_EQ(dotted(next().value), "1.3.6.1.4.1.9");
  const Varbind ip = next();
  EXPECT_EQ(ip.type, Type::ip_address);
  EXPECT_EQ(ip.number(), std::nullopt);
  EXPECT_EQ(next().number(), 4294967295U);
  EXPECT_EQ(next().number(), 4294967295U);
  EXPECT_EQ(next().number(), 4294967295U);
  EXPECT_EQ(next().number(), 0xFFFFFFFFFFFFFFFEU);
  for (const Type type :
       {Type::no_such_object, Type::no_such_instance, Type::end_of_mib_view, Type::null}) {
    const Varbind absent = next();
    EXPECT_EQ(absent.type, type);
    EXPECT_TRUE(is_absent(absent.type));
    EXPECT_EQ(absent.number(), std::nullopt) << "absent is not zero";
  }
  EXPECT_FALSE(varbinds.next());
}

TEST(Message, AnUnknownTypeCostsItsValueOnly) {
  Bytes out(256);
  itnxt::test::ReplyWriter reply(out);
  reply.begin("public", 7);
  const Bytes oid = itnxt::test::encode_oid({1, 3, 6, 1});
  reply.varbind(oid, 0x47, Bytes{1});
  out.resize(reply.finish());
  const auto decoded = decode(out);
  ASSERT_TRUE(std::holds_alternative<Message>(decoded));
  Varbinds varbinds = std::get<Message>(decoded).begin();
  EXPECT_EQ(varbinds.next()->type, Type::other);
}

TEST(Message, WhyBytesAreNoMessage) {
  struct Case {
    Bytes bytes;
    std::string_view fault;
  };
  const std::vector<Case> cases = {
      {{}, "bad_length"},
      {{'h', 'e', 'l', 'l', 'o'}, "bad_length"},
      {{0x04, 0x00}, "bad_tag"},
      {{0x30, 0x05, 0x02, 0x01, 0x01, 0x04, 0x00}, "bad_length"},               // no PDU
      {{0x30, 0x07, 0x02, 0x01, 0x02, 0x04, 0x00, 0xA2, 0x00}, "bad_version"},  // party-based v2
      {{0x30, 0x07, 0x02, 0x01, 0x03, 0x04, 0x00, 0xA2, 0x00}, "bad_version"},  // SNMPv3
      {{0x30, 0x07, 0x02, 0x01, 0x01, 0x04, 0x00, 0xA4, 0x00}, "bad_tag"},      // trap of v1
      {{0x30, 0x07, 0x02, 0x01, 0x01, 0x04, 0x00, 0xA2, 0x00}, "bad_number"},   // empty PDU
      {{0x30, 0x07, 0x02, 0x01, 0x00, 0x04, 0x00, 0xA2, 0x00}, "bad_number"},   // of SNMPv1
      {{0x30, 0x12, 0x02, 0x01, 0x01, 0x04, 0x00, 0xA2, 0x0B, 0x02,
        0x01, 0x01, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x04, 0x00},
       "bad_length"},  // no list of varbinds
      {{0x30, 0x14, 0x02, 0x01, 0x01, 0x04, 0x00, 0xA2, 0x0D, 0x02, 0x01,
        0x01, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x02, 0x30, 0x00},
       "bad_varbind"},
  };
  for (const Case& one : cases) {
    const auto decoded = decode(one.bytes);
    ASSERT_TRUE(std::holds_alternative<Fault>(decoded)) << one.fault;
    EXPECT_EQ(name(std::get<Fault>(decoded)), one.fault);
  }
}

// A reply with every type in it, and a plain one.
std::vector<Bytes> corpus() {
  const itnxt::test::Recording device = test::device(3);
  std::vector<Bytes> replies;
  DeviceMemory memory;
  (void)test::drive(memory, [&](ByteView request) {
    replies.push_back(device.answer(request));
    return replies.back();
  });
  return replies;
}

// Whatever was done to the bytes, the walk must end and every view stay inside them (the sanitizers
// see to that).
void feed(const Bytes& bytes) {
  const auto decoded = decode(bytes);
  const auto* message = std::get_if<Message>(&decoded);
  if (message == nullptr) return;
  Varbinds varbinds = message->begin();
  std::uint32_t count = 0;
  while (const auto varbind = varbinds.next()) {
    ++count;
    (void)varbind->number();
    (void)dotted(varbind->oid);
  }
  EXPECT_EQ(count, message->varbind_count);
  DeviceMemory memory;
  Walk walk(memory, {}, Instant{});
  for (int i = 0; i < 4 && !walk.done(); ++i) walk.answer(*message, Instant{});
}

TEST(Message, APduOnItsOwnIsTheMessageWithoutItsEnvelope) {
  Request request;
  request.type = RequestType::get_bulk;
  request.non_repeaters = 1;
  request.max_repetitions = 25;
  request.add(kUptimeObject);
  request.add(kMibColumns[0].oid);
  std::array<std::uint8_t, 1024> room;
  const ByteView message = encode(request, Version::v2c, "public", 4711, room);
  std::array<std::uint8_t, 1024> pdu_room;
  const ByteView pdu = encode_pdu(request, 4711, pdu_room);
  ASSERT_FALSE(pdu.empty());
  EXPECT_TRUE(std::equal(pdu.begin(), pdu.end(), message.end() - static_cast<long>(pdu.size())));

  const auto decoded = decode_pdu(pdu);
  const auto& alone = std::get<Message>(decoded);
  EXPECT_EQ(alone.community, "");
  EXPECT_EQ(alone.type, PduType::get_bulk);
  EXPECT_EQ(alone.request_id, 4711);
  EXPECT_EQ(alone.error_status, 1);
  EXPECT_EQ(alone.error_index, 25);
  EXPECT_EQ(alone.varbind_count, 2U);
  for (std::size_t size = 0; size < pdu.size(); ++size) {
    EXPECT_EQ(std::get<Fault>(decode_pdu(pdu.first(size))), Fault::bad_length);
    std::array<std::uint8_t, 1024> small;
    EXPECT_TRUE(encode_pdu(request, 4711, std::span(small).first(size)).empty());
  }
  Bytes longer(pdu.begin(), pdu.end());
  longer.push_back(0);
  EXPECT_EQ(std::get<Fault>(decode_pdu(longer)), Fault::bad_length);
}

TEST(Message, TruncatedAtEveryByte) {
  for (const Bytes& reply : corpus()) {
    for (std::size_t size = 0; size < reply.size(); ++size) {
      const Bytes cut(reply.begin(), reply.begin() + static_cast<long>(size));
      EXPECT_TRUE(std::holds_alternative<Fault>(decode(cut))) << size;
    }
  }
}

// Into what a tag or a length could be taken for, one more and less, and with each bit turned; all
// values: mutants.snmp_message.
TEST(Message, EveryByteMutated) {
  for (const Bytes& reply : corpus()) {
    for (std::size_t at = 0; at < reply.size(); ++at) {
      std::vector<int> values = {0x00, 0x01, 0x02, 0x05, 0x1F, 0x30, 0x46, 0x7F,
                                 0x80, 0x81, 0x82, 0x84, 0x88, 0xA2, 0xFE, 0xFF};
      values.push_back(reply[at] + 1);
      values.push_back(reply[at] - 1);
      for (int bit = 1; bit <= 0x80; bit *= 2) values.push_back(reply[at] ^ bit);
      for (const int value : values) {
        Bytes mutated = reply;
        mutated[at] = static_cast<std::uint8_t>(value);
        feed(mutated);
      }
    }
  }
}

}  // namespace
}  // namespace itnxt::snmp
