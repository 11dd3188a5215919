// Peers that are broken, newer or evil.
#include <google/protobuf/message_lite.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "daemon/wire/codec.hpp"
#include "daemon/wire/itnxt.pb.h"
#include "tests/wire/equal.hpp"
#include "tests/wire/samples.hpp"

namespace itnxt {
namespace {

using wire::Refusal;

v1::Frame small_frame() {
  v1::Frame frame;
  EXPECT_TRUE(frame.ParseFromString(wire::encode(test::small_batch())));
  return frame;
}

std::optional<wire::Refused> refusal(std::string_view part) {
  wire::Decoder decoder;
  return decoder.decode({&part, 1});
}

TEST(Hostile, EveryTruncationIsRefusedOrAPrefixOfWholeFields) {
  const std::string whole = wire::encode(test::small_batch());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto refused = refusal(std::string_view(whole).substr(0, size));
    // The frame ends with the three fields of Sending; without them the frame is whole.
    const std::size_t less = whole.size() - size;
    EXPECT_EQ(refused.has_value(), less != 6 && less != 6 + 3 && less != 6 + 3 + 2) << size;
  }
}

TEST(Hostile, EveryMutationOfEveryByteIsTakenOrRefusedNeverFatal) {
  const std::string whole = wire::encode(test::small_batch());
  wire::Decoder decoder;
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(value);
      const std::string_view part = bytes;
      const auto refusal = decoder.decode({&part, 1});
      if (refusal) {
        ++refused;
        EXPECT_FALSE(refusal->message.empty());
      } else {
        EXPECT_LE(decoder.batch().samples.size(), wire::kMaxSamples);
      }
    }
  }
  EXPECT_GT(refused, whole.size() * 64);
}

RC_GTEST_PROP(Hostile, AnyBytesAreTakenOrRefused, (const std::string& bytes)) {
  wire::Decoder decoder;
  const std::string_view part = bytes;
  (void)decoder.decode({&part, 1});
  (void)wire::decode_answer(part);
  (void)wire::decode_spool_record(part);
}

TEST(Hostile, ANewerMinorIsAccepted) {
  v1::Frame frame = small_frame();
  frame.set_minor(9);
  frame.mutable_batch()->add_samples();  // a kind this version does not know
  const auto batch = wire::decode(frame.SerializeAsString() + "\xba\x3e\x03new");  // field 999
  ASSERT_TRUE(batch.ok()) << batch.error();
  EXPECT_TRUE(*batch == test::small_batch());
}

TEST(Hostile, ALongPhysAddressIsCut) {
  v1::Frame frame = small_frame();
  frame.mutable_batch()
      ->mutable_samples(0)
      ->mutable_device()
      ->mutable_interfaces(0)
      ->set_phys_address(std::string(300, 'a'));
  const auto batch = wire::decode(frame.SerializeAsString());
  ASSERT_TRUE(batch.ok()) << batch.error();
  EXPECT_EQ(std::get<DeviceSample>(batch->samples[0]).interfaces[0].phys_address.octets().size(),
            20U);
}

TEST(Hostile, ANewerMajorIsRefusedBeforeItsBodyIsLookedAt) {
  const auto refused = refusal("\x08\x02\xff\xff\xff");
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->reason, Refusal::version);
  EXPECT_EQ(refused->message,
            "frame: schema 2 is newer than the 1 of its reader: update the reader");
}

TEST(Hostile, AnOlderMajorIsItsSendersToUpdate) {
  EXPECT_EQ(refusal(std::string_view("\x08\x00", 2))->message,
            "frame: schema 0 is older than the 1 of its reader: update the sender");
}

struct Case {
  const char* name;
  std::function<void(v1::Frame&)> spoil;
  Refusal reason;
  std::string message;
};

v1::Device& device(v1::Frame& f) {
  return *f.mutable_batch()->mutable_samples(0)->mutable_device();
}
v1::Interface& row(v1::Frame& f) {
  return *device(f).mutable_interfaces(0);
}
v1::Capture& capture(v1::Frame& f) {
  return *f.mutable_batch()->mutable_samples(1)->mutable_capture();
}
// A sample more than the frame has.
v1::Talkers& talkers(v1::Frame& f) {
  v1::Talkers& added = *f.mutable_batch()->add_samples()->mutable_talkers();
  added.set_capture("c");
  return added;
}

class HostileField : public testing::TestWithParam<Case> {};

TEST_P(HostileField, IsNamedInTheError) {
  v1::Frame frame = small_frame();
  GetParam().spoil(frame);
  const auto refused = refusal(frame.SerializeAsString());
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->message, GetParam().message);
  EXPECT_EQ(refused->reason, GetParam().reason);
}

constexpr auto kContent = Refusal::content;
const std::string kRow = "batch.samples[0].device.interfaces[0].";

INSTANTIATE_TEST_SUITE_P(
    All, HostileField,
    testing::Values(
        Case{"NoBody", [](auto& f) { f.clear_body(); }, kContent,
             "frame: holds neither batch nor events"},
        Case{"NoMajor", [](auto& f) { f.clear_major(); }, Refusal::syntax,
             "frame: is no itnxt.v1.Frame"},
        Case{"Ack", [](auto& f) { f.mutable_ack(); }, kContent,
             "frame: holds neither batch nor events"},
        Case{"Node", [](auto& f) { f.mutable_batch()->set_node("\t"); }, kContent,
             "batch.node: is empty"},
        Case{"Collector", [](auto& f) { f.mutable_batch()->clear_collector(); }, kContent,
             "batch.collector: is empty"},
        Case{"CollectorNotPlain", [](auto& f) { f.mutable_batch()->set_collector("tap  1"); },
             kContent,
             "batch.collector: is no plain text: it has control characters, needless spaces, "
             "invalid UTF-8 or more than 256 bytes; choose another name"},
        Case{"Sequence", [](auto& f) { f.mutable_batch()->set_sequence(0); }, kContent,
             "batch.sequence: is 0, expected to count from 1"},
        Case{"ClosedAt", [](auto& f) { f.mutable_batch()->set_closed_at_ns(-1); }, kContent,
             "batch.closed_at_ns: -1 is no time, expected 0 to 2^62 nanoseconds"},
        Case{"ClosedWall", [](auto& f) { f.mutable_batch()->set_closed_at_unix_ns(INT64_MAX); },
             kContent,
             "batch.closed_at_unix_ns: 9223372036854775807 is no time, expected 0 to 2^62 "
             "nanoseconds"},
        Case{"SentWall", [](auto& f) { f.set_sent_at_unix_ns(-1); }, kContent,
             "frame.sent_at_unix_ns: -1 is no time, expected 0 to 2^62 nanoseconds"},
        Case{"Interval", [](auto& f) { f.mutable_batch()->set_interval_ns(-5); }, kContent,
             "batch.interval_ns: -5 ns is out of range, expected 0 to 31 days"},
        Case{"Kind", [](auto& f) { f.mutable_batch()->add_samples(); }, kContent,
             "batch.samples[2]: is of no known kind"},
        Case{"Device", [](auto& f) { device(f).clear_device(); }, kContent,
             "batch.samples[0].device.device: is empty"},
        Case{"DeviceInterval", [](auto& f) { device(f).set_interval_ns(INT64_MAX); }, kContent,
             "batch.samples[0].device.interval_ns: 9223372036854775807 ns is out of range, "
             "expected 0 to 31 days"},
        Case{"Result", [](auto& f) { device(f).set_result(static_cast<v1::PollResult>(5)); },
             kContent, "batch.samples[0].device.result: 5 is no PollResult"},
        Case{"Oper", [](auto& f) { row(f).set_oper(static_cast<v1::OperStatus>(-1)); }, kContent,
             kRow + "oper: -1 is no OperStatus"},
        Case{"Admin", [](auto& f) { row(f).set_admin(static_cast<v1::AdminStatus>(4)); }, kContent,
             kRow + "admin: 4 is no AdminStatus"},
        Case{"SpeedNaN", [](auto& f) { row(f).set_speed(std::nan("")); }, kContent,
             kRow + "speed: is no number of bytes per second from 0 to 1e15"},
        Case{"SpeedNegative", [](auto& f) { row(f).set_speed(-1); }, kContent,
             kRow + "speed: is no number of bytes per second from 0 to 1e15"},
        Case{"Present", [](auto& f) { row(f).set_present(1U << 12); }, kContent,
             kRow + "present: 4096 names columns that do not exist"},
        Case{"Wide", [](auto& f) { row(f).set_wide(2); }, kContent,
             kRow + "wide: 2 names columns that are not present"},
        Case{"Counters", [](auto& f) { row(f).add_counters(1); }, kContent,
             kRow + "counters: 3 values for 2 columns"},
        Case{"Narrow", [](auto& f) { row(f).set_counters(1, std::uint64_t{1} << 32); }, kContent,
             kRow + "counters: 4294967296 in a 32-bit column"},
        Case{"SecondRow", [](auto& f) { device(f).add_interfaces()->set_at_ns(-2); }, kContent,
             "batch.samples[0].device.interfaces[1].at_ns: -2 is no time, expected 0 to 2^62 "
             "nanoseconds"},
        Case{"Rows",
             [](auto& f) {
               for (std::size_t i = 0; i < wire::kMaxInterfaces; ++i) device(f).add_interfaces();
             },
             kContent, "batch.samples[0].device.interfaces: 100001 in one batch, at most 100000"},
        Case{"Samples",
             [](auto& f) {
               for (std::size_t i = 0; i < wire::kMaxSamples; ++i) f.mutable_batch()->add_samples();
             },
             kContent, "batch.samples: 100002, at most 100000"},
        Case{"Protocol",
             [](auto& f) { capture(f).add_traffic()->set_protocol(static_cast<v1::Protocol>(6)); },
             kContent, "batch.samples[1].capture.traffic.protocol: 6 is no Protocol"},
        Case{"TrafficTwice", [](auto& f) { *capture(f).add_traffic() = capture(f).traffic(0); },
             kContent, "batch.samples[1].capture.traffic: a direction and protocol come twice"},
        Case{"Totals",
             [](auto& f) {
               auto& device = *f.mutable_batch()->mutable_samples(0)->mutable_device();
               for (int i = 0; i < 7; ++i) device.mutable_totals()->add_broken(1);
             },
             kContent, "batch.samples[0].device.totals.broken: 7 values, at most 6"},
        Case{"TalkersCapture", [](auto& f) { talkers(f).clear_capture(); }, kContent,
             "batch.samples[2].talkers.capture: is empty"},
        Case{"TalkersSpan", [](auto& f) { talkers(f).set_span_ns(-1); }, kContent,
             "batch.samples[2].talkers.span_ns: -1 ns is out of range, expected 0 to 31 days"},
        Case{"TalkersNetworks",
             [](auto& f) {
               auto& all = talkers(f);
               for (int i = 0; i < 101; ++i) all.add_networks()->set_network("n");
             },
             kContent, "batch.samples[2].talkers.networks: 101, at most 100"},
        Case{"TalkersHeaviest",
             [](auto& f) {
               auto& all = talkers(f);
               for (int i = 0; i < 101; ++i) all.add_heaviest();
             },
             kContent, "batch.samples[2].talkers.heaviest: 101, at most 100"},
        Case{"TalkersNetwork", [](auto& f) { talkers(f).add_networks(); }, kContent,
             "batch.samples[2].talkers.networks.network: is empty"},
        Case{"TalkersHost", [](auto& f) { talkers(f).add_heaviest()->mutable_a()->set_host("a"); },
             kContent, "batch.samples[2].talkers.heaviest.host: is empty"},
        Case{"TalkersPort",
             [](auto& f) {
               auto& flow = *talkers(f).add_heaviest();
               flow.mutable_a()->set_host("a");
               flow.mutable_b()->set_host("b");
               flow.mutable_b()->set_port(65536);
             },
             kContent,
             "batch.samples[2].talkers.heaviest.port: 65536 is out of range, expected 0 to 65535"},
        Case{"TalkersProtocol",
             [](auto& f) {
               auto& flow = *talkers(f).add_heaviest();
               flow.mutable_a()->set_host("a");
               flow.mutable_b()->set_host("b");
               flow.set_protocol(256);
             },
             kContent,
             "batch.samples[2].talkers.heaviest.protocol: 256 is out of range, expected 0 to 255"},
        Case{"OfOtherIsMore",
             [](auto& f) {
               capture(f).add_traffic()->set_protocol(v1::PROTOCOL_OTHER);
               capture(f).add_of_other()->set_packets(1);
             },
             kContent,
             "batch.samples[1].capture.of_other: is more than the traffic with protocol other"},
        Case{"OfOtherUnknown",
             [](auto& f) {
               capture(f).add_of_other()->set_protocol(static_cast<v1::OtherProtocol>(4));
             },
             kContent, "batch.samples[1].capture.of_other.protocol: 4 is no OtherProtocol"},
        Case{"OfOtherTwice",
             [](auto& f) {
               v1::Traffic& other = *capture(f).add_traffic();
               other.set_protocol(v1::PROTOCOL_OTHER);
               other.set_packets(9);
               capture(f).add_of_other()->set_packets(1);
               capture(f).add_of_other()->set_packets(1);
             },
             kContent, "batch.samples[1].capture.of_other: a direction and protocol come twice"},
        Case{"Dropped", [](auto& f) { capture(f).add_dropped(1); }, kContent,
             "batch.samples[1].capture.dropped: 3 values, at most 2"},
        Case{"Size", [](auto& f) { f.mutable_batch()->set_node(std::string(1 << 20, 'a')); },
             Refusal::size, "frame: 1048834 bytes, at most 1048576"}),
    [](const auto& one) { return one.param.name; });

TEST(Hostile, TextIsMadeSafeAgain) {
  v1::Frame frame = small_frame();
  row(frame).set_if_alias("\x1b[31m  red \xe2\x80\xae" + std::string(300, 'x'));
  const auto batch = wire::decode(frame.SerializeAsString());
  ASSERT_TRUE(batch.ok()) << batch.error();
  const auto& alias = std::get<DeviceSample>(batch->samples[0]).interfaces[0].if_alias;
  EXPECT_EQ(alias.substr(0, 11), "[31m red xx");
  EXPECT_EQ(alias.size(), 256U);
}

TEST(Hostile, PartsOfAMessageMustFit) {
  wire::Decoder decoder;
  v1::Frame more;
  more.set_major(1);
  more.mutable_continuation()->add_interfaces()->set_if_index(9);
  const std::string continuation = more.SerializeAsString();
  const std::string batch = wire::encode(test::small_batch());  // ends with a capture

  std::vector<std::string_view> parts = {batch, continuation};
  EXPECT_EQ(decoder.decode(parts)->message, "continuation: follows no device");
  parts = {continuation};
  EXPECT_EQ(decoder.decode(parts)->message, "frame: holds neither batch nor events");
  parts = {batch, batch};
  EXPECT_EQ(decoder.decode(parts)->message, "frame: part 2 holds no continuation");
  parts.assign(65, batch);
  const auto many = decoder.decode(parts);
  EXPECT_EQ(many->message, "message: 65 parts, expected 1 to 64");
  EXPECT_EQ(many->node, test::small_batch().node);
  ASSERT_TRUE(many->batch.has_value());
  EXPECT_EQ(many->batch->sequence, test::small_batch().sequence);
  parts.assign(65, continuation);
  const auto nameless = decoder.decode(parts);
  EXPECT_TRUE(nameless->node.empty());
  EXPECT_FALSE(nameless->batch.has_value());
  EXPECT_EQ(decoder.decode({})->message, "message: 0 parts, expected 1 to 64");
  parts = {batch};
  EXPECT_FALSE(decoder.decode(parts).has_value());  // and it goes on with the next
  EXPECT_TRUE(decoder.batch() == test::small_batch());
}

TEST(Hostile, AnAckIsChecked) {
  EXPECT_EQ(wire::decode_answer(wire::encode(test::small_batch())).error(),
            "frame: holds no answer");
  EXPECT_EQ(wire::decode_answer("\x08\x01\x22").error(), "frame: is no itnxt.v1.Frame");
  EXPECT_FALSE(wire::decode_answer(wire::encode(wire::Ack{CollectorName(" a"), 1, 1})).ok());
  EXPECT_EQ(wire::decode_answer(wire::encode(wire::Ack{CollectorName(""), 1, 1})).error(),
            "ack.collector: is empty");
}

}  // namespace
}  // namespace itnxt
