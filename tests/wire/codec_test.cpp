#include "daemon/wire/codec.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "daemon/wire/itnxt.pb.h"
#include "tests/wire/equal.hpp"
#include "tests/wire/samples.hpp"

namespace itnxt {
namespace {

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<std::uint8_t>(c) >> 4];
    text += kDigits[static_cast<std::uint8_t>(c) & 15];
  }
  return text;
}

// The format itself: what other programs, and files of older versions, hold.
constexpr std::string_view kGolden =
    "080110041aef010a026d641204736e6d7019080706050403020120022880a8d6b9073080bcc1960b3880c8af"
    "a025426f0a6d0a04636f7265108094ebdc031880b09dc2df0120c096b10228013204736c6f773d650000"
    "0058016244080312075465302f302f312208746f2048616c6c652801300239000000205fa0d241488094"
    "ebdc03556400000058810260016a1088776655443322110700000000000000425512530a037461702001"
    "321608011004190500000000000000212c010000000000003a1001000000000000000200000000000000"
    "422000000000000000000000000000000000000000000000000000000000000000003001"
    "38ac024080d0acf30e";

TEST(Codec, ASmallBatchHasTheseBytes) {
  EXPECT_EQ(hex(wire::encode(test::small_batch())), kGolden);
}

// What an older aggregator does not know, it counts as other.
TEST(Codec, NewerProtocolsStandInOtherAndBesideIt) {
  Batch batch = test::small_batch();
  CaptureSample& capture = std::get<CaptureSample>(batch.samples[1]);
  capture.traffic[0][static_cast<std::size_t>(Protocol::other)] = {Packets(1), Bytes(60)};
  capture.traffic[0][static_cast<std::size_t>(Protocol::gre)] = {Packets(2), Bytes(200)};
  v1::Frame frame;
  ASSERT_TRUE(frame.ParseFromString(wire::encode(batch)));
  const v1::Capture& sent = frame.batch().samples(1).capture();
  ASSERT_EQ(sent.traffic_size(), 2);
  EXPECT_EQ(sent.traffic(0).protocol(), v1::PROTOCOL_OTHER);
  EXPECT_EQ(sent.traffic(0).packets(), 3U);
  EXPECT_EQ(sent.traffic(0).bytes(), 260U);
  ASSERT_EQ(sent.of_other_size(), 1);
  EXPECT_EQ(sent.of_other(0).protocol(), v1::OTHER_PROTOCOL_GRE);
  const auto again = wire::decode(wire::encode(batch));
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(std::get<CaptureSample>(again->samples[1]).traffic, capture.traffic);
}

TEST(Codec, AnAckHasTheseBytes) {
  EXPECT_EQ(hex(wire::encode(wire::Ack{CollectorName("snmp"), 0x0102030405060708, 300})),
            "0801100422120a04736e6d7011080706050403020118ac02");
}

RC_GTEST_PROP(Codec, WhatIsEncodedIsDecoded, ()) {
  const Batch batch = test::any_batch();
  const auto decoded = wire::decode(wire::encode(batch));
  RC_ASSERT(decoded.ok());
  RC_ASSERT(*decoded == batch);
}

RC_GTEST_PROP(Codec, ADecoderForgetsTheBatchBefore, ()) {
  wire::Decoder decoder;
  for (int i = 0; i < 4; ++i) {
    const Batch batch = test::any_batch();
    const std::string bytes = wire::encode(batch);
    const std::string_view part = bytes;
    RC_ASSERT(!decoder.decode({&part, 1}).has_value());
    RC_ASSERT(decoder.batch() == batch);
  }
}

RC_GTEST_PROP(Codec, PartsAndSendingMakeTheWholeBatch, ()) {
  Batch batch = test::any_batch();
  const auto parts = wire::encode_parts(batch);
  RC_ASSERT(parts.ok());
  RC_ASSERT(parts->size() == 1U);
  const auto decoded = wire::decode(
      parts->front() + wire::encode(wire::Sending{batch.lost, batch.waiting, batch.sent_wall}));
  RC_ASSERT(decoded.ok());
  RC_ASSERT(*decoded == batch);
}

TEST(Codec, WithoutATimeOfSendingThatOfClosingIsTaken) {
  Batch batch = test::small_batch();
  batch.sent_wall = WallTime{};
  const auto decoded = wire::decode(wire::encode(batch));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->sent_wall, decoded->closed_wall);
}

RC_GTEST_PROP(Codec, AnAckComesBack, ()) {
  const wire::Ack ack{CollectorName('c' + *test::any_text()), *rc::gen::arbitrary<std::uint64_t>(),
                      *rc::gen::arbitrary<std::uint64_t>()};
  const auto decoded = wire::decode_answer(wire::encode(ack));
  RC_ASSERT(decoded.ok());
  RC_ASSERT(*decoded == wire::Answer(ack));
}

Batch with_rows(std::size_t rows) {
  Batch batch = test::small_batch();
  auto& device = std::get<DeviceSample>(batch.samples.front());
  device.interfaces.clear();
  for (std::size_t i = 0; i < rows; ++i) {
    device.interfaces.push_back(test::small_interface());
    device.interfaces.back().if_index = static_cast<std::uint32_t>(i);
  }
  batch.samples.resize(1);
  batch.lost = 0;
  batch.waiting = Bytes(0);
  batch.sent_wall = batch.closed_wall;
  return batch;
}

std::vector<std::string_view> views(const wire::Parts& parts) {
  return {parts.begin(), parts.end()};
}

TEST(Codec, ALargeDeviceTravelsInPartsOfOneMebibyte) {
  const Batch batch = with_rows(wire::kMaxInterfaces);
  const auto parts = wire::encode_parts(batch);
  ASSERT_TRUE(parts.ok()) << parts.error();
  EXPECT_GT(parts->size(), 5U);
  for (const std::string& part : *parts) EXPECT_LE(part.size(), wire::kMaxPart);
  wire::Decoder decoder;
  const auto refused = decoder.decode(views(*parts));
  ASSERT_FALSE(refused.has_value()) << refused->message;
  EXPECT_TRUE(decoder.batch() == batch);
}

TEST(Codec, RowsBeyondTheLimitAreLeftOffAndTheDeviceIsIncomplete) {
  const auto parts = wire::encode_parts(with_rows(wire::kMaxInterfaces + 1));
  ASSERT_TRUE(parts.ok()) << parts.error();
  wire::Decoder decoder;
  ASSERT_FALSE(decoder.decode(views(*parts)).has_value());
  const auto& device = std::get<DeviceSample>(decoder.batch().samples.front());
  EXPECT_EQ(device.interfaces.size(), wire::kMaxInterfaces);
  EXPECT_FALSE(device.complete);
}

TEST(Codec, WhatCannotBeSpreadIsAnError) {
  Batch batch = with_rows(20'000);
  batch.samples.push_back(test::small_batch().samples.back());
  const auto parts = wire::encode_parts(batch);
  ASSERT_FALSE(parts.ok());
  EXPECT_EQ(parts.error(), "batch 2 of snmp: does not fit into 64 parts of 1048576 bytes");
}

TEST(Codec, ASpoolRecordComesBack) {
  const wire::SpoolRecord record{{"one", std::string("t\0o", 3)}, {{"tcp://10.0.0.1:5690", 7}}};
  const auto decoded = wire::decode_spool_record(wire::encode(record));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, record);
  EXPECT_EQ(wire::decode_spool_record("\xff").error(), "record: is no itnxt.v1.SpoolRecord");
}

}  // namespace
}  // namespace itnxt
