// The event lane on the wire: what comes back is what was said, and what is wrong is named.
#include <gtest/gtest.h>

#include <functional>

#include "daemon/wire/codec.hpp"
#include "daemon/wire/itnxt.pb.h"

namespace itnxt {
namespace {

EventBatch some_events() {
  Event down;
  down.sequence = 7;
  down.wall = WallTime(3s);
  down.run = 0x1122334455667788;
  down.at = SourceTime(2s);
  down.kind = "interface_down";
  down.device = DeviceName("core");
  down.interface = InterfaceStatus{3, "Te0/0/1", AdminStatus::up, OperStatus::down};
  down.text = "Te0/0/1 went down";
  down.details = {{"seen_by", "poll"}};
  Event silent;
  silent.sequence = 8;
  silent.kind = "device_down";
  silent.device = DeviceName("edge");
  silent.answers = false;
  EventBatch batch;
  batch.node = NodeName("md");
  batch.collector = CollectorName("snmp");
  batch.epoch = 0x0102030405060708;
  batch.sent_wall = WallTime(4s);
  batch.events = {down, silent};
  return batch;
}

v1::Frame frame_of(const EventBatch& events) {
  v1::Frame frame;
  frame.ParseFromString(*wire::encode(events));
  return frame;
}

TEST(Events, ComeBackAsTheyWere) {
  const auto decoded = wire::decode_events(*wire::encode(some_events()));
  ASSERT_TRUE(decoded.ok()) << decoded.error();
  EXPECT_TRUE(*decoded == some_events());
}

TEST(Events, ADecoderTellsThemFromBatches) {
  wire::Decoder decoder;
  Batch batch;
  batch.node = NodeName("md");
  batch.collector = CollectorName("snmp");
  batch.sequence = 1;
  const std::string events = *wire::encode(some_events());
  const std::string metrics = wire::encode(batch);
  for (int round = 0; round < 2; ++round) {
    std::vector<std::string_view> parts = {events};
    ASSERT_FALSE(decoder.decode(parts).has_value());
    EXPECT_TRUE(decoder.holds_events());
    EXPECT_TRUE(decoder.events() == some_events());
    parts = {metrics};
    ASSERT_FALSE(decoder.decode(parts).has_value());
    EXPECT_FALSE(decoder.holds_events());
    EXPECT_EQ(decoder.batch().sequence, 1U);
  }
  const std::vector<std::string_view> two = {events, events};
  EXPECT_EQ(decoder.decode(two)->message, "message: events are one part, not more");
}

TEST(Events, TooLargeForAPartAreNotSent) {
  EventBatch events = some_events();
  events.events.front().text = std::string(wire::kMaxPart, 'x');
  EXPECT_EQ(wire::encode(events).error(),
            "events of snmp: 1048719 bytes, at most 1048576 in a message");
}

TEST(Events, AnAnswerIsAnAckAnEventAckOrARefusal) {
  const wire::Ack ack{CollectorName("snmp"), 1, 2, 9};
  EXPECT_TRUE(*wire::decode_answer(wire::encode(ack)) == wire::Answer(ack));
  const wire::EventAck event_ack{CollectorName("snmp"), 3, 4};
  EXPECT_TRUE(*wire::decode_answer(wire::encode(event_ack)) == wire::Answer(event_ack));
  const wire::Refusing refusing{"version", "frame: schema 2, this program reads 1"};
  EXPECT_TRUE(*wire::decode_answer(wire::encode(refusing)) == wire::Answer(refusing));
  const wire::Refusing of_one{"content", "why", wire::BatchName{CollectorName("snmp"), 5, 6}};
  EXPECT_TRUE(*wire::decode_answer(wire::encode(of_one)) == wire::Answer(of_one));
}

TEST(Events, ACreditIsKeptWithinItsLimits) {
  v1::Frame frame;
  frame.set_major(1);
  frame.mutable_ack()->set_collector("snmp");
  const auto credit = [&] {
    return std::get<wire::Ack>(*wire::decode_answer(frame.SerializeAsString())).credit;
  };
  EXPECT_EQ(credit(), wire::kCredit);
  frame.mutable_ack()->set_credit(1'000'000);
  EXPECT_EQ(credit(), wire::kMaxCredit);
}

struct Case {
  const char* name;
  std::function<void(v1::EventBatch&)> spoil;
  std::string message;
};
class HostileEvent : public testing::TestWithParam<Case> {};

TEST_P(HostileEvent, IsNamedInTheError) {
  v1::Frame frame = frame_of(some_events());
  GetParam().spoil(*frame.mutable_events());
  EXPECT_EQ(wire::decode_events(frame.SerializeAsString()).error(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, HostileEvent,
    testing::Values(
        Case{"Node", [](auto& e) { e.clear_node(); }, "events.node: is empty"},
        Case{"Collector", [](auto& e) { e.set_collector(" a"); },
             "events.collector: is no plain text: it has control characters, needless spaces, "
             "invalid UTF-8 or more than 256 bytes; choose another name"},
        Case{"Sent", [](auto& e) { e.set_sent_at_unix_ns(-1); },
             "events.sent_at_unix_ns: -1 is no time, expected 0 to 2^62 nanoseconds"},
        Case{"None", [](auto& e) { e.clear_events(); }, "events: 0, expected 1 to 1000"},
        Case{"Many",
             [](auto& e) {
               while (e.events_size() <= 1000) *e.add_events() = e.events(0);
             },
             "events: 1001, expected 1 to 1000"},
        Case{"First", [](auto& e) { e.set_first_sequence(0); },
             "events.first_sequence: 0, expected to count from 1"},
        Case{"Last", [](auto& e) { e.set_first_sequence(UINT64_MAX); },
             "events.first_sequence: 18446744073709551615, expected to count from 1"},
        Case{"Wall", [](auto& e) { e.mutable_events(1)->set_at_unix_ns(-5); },
             "events[1].at_unix_ns: -5 is no time, expected 0 to 2^62 nanoseconds"},
        Case{"At", [](auto& e) { e.mutable_events(0)->set_at_ns(INT64_MAX); },
             "events[0].at_ns: 9223372036854775807 is no time, expected 0 to 2^62 nanoseconds"},
        Case{"Kind", [](auto& e) { e.mutable_events(0)->set_kind("Down!"); },
             "events[0].kind: is no word of a-z, 0-9 and _, 1 to 64 long"},
        Case{"Interface", [](auto& e) { e.mutable_events(0)->mutable_interface()->Clear(); },
             "events[0].interface: has neither if_index nor if_name"},
        Case{"Admin",
             [](auto& e) {
               e.mutable_events(0)->mutable_interface()->set_admin(static_cast<v1::AdminStatus>(4));
             },
             "events[0].interface.admin: 4 is no AdminStatus"},
        Case{"Oper",
             [](auto& e) {
               e.mutable_events(0)->mutable_interface()->set_oper(static_cast<v1::OperStatus>(-1));
             },
             "events[0].interface.oper: -1 is no OperStatus"},
        Case{"Device", [](auto& e) { e.mutable_events(1)->set_device("\t"); },
             "events[1].device: is empty, but the event tells a device's state"},
        Case{"Details",
             [](auto& e) {
               for (int i = 0; i < 17; ++i) e.mutable_events(0)->add_details()->set_name("a");
             },
             "events[0].details: 18, at most 16"},
        Case{"Detail", [](auto& e) { e.mutable_events(0)->mutable_details(0)->set_name("a b"); },
             "events[0].details.name: is no word of a-z, 0-9 and _, 1 to 64 long"}),
    [](const auto& i) { return i.param.name; });

TEST(Events, TextOfADeviceIsMadeSafe) {
  v1::Frame frame = frame_of(some_events());
  frame.mutable_events()->mutable_events(0)->set_text(
      "Stra\xdf"
      "e\x1b[2J" +
      std::string(600, 'x'));
  const auto events = wire::decode_events(frame.SerializeAsString());
  ASSERT_TRUE(events.ok()) << events.error();
  EXPECT_EQ(events->events[0].text.substr(0, 12),
            "Stra\xc3\x9f"
            "e [2Jx");
  EXPECT_EQ(events->events[0].text.size(), 512U);
}

}  // namespace
}  // namespace itnxt
