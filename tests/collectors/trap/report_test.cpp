// What is told of a notification, and what is kept of one that counts for nothing.
#include "collectors/trap/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/trap/port_names.hpp"
#include "tests/collectors/trap/messages.hpp"

namespace itnxt::trap {
namespace {

using namespace test;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

const Address kFrom = *numeric_address("10.0.0.1", 40'000);

Event told(const Bytes& bytes, const std::string& device = "core",
           const std::vector<std::string>& candidates = {}) {
  const auto decoded = decode(bytes);
  return event_of(std::get<Notification>(decoded), DeviceName(device), candidates, kFrom);
}

TEST(TrapReport, AnEventSaysWhoWhatAndWhereAndNoState) {
  const Bytes bytes = v2c(
      pdu(kLinkDown, {if_index(5), varbind({1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1, 5}, text("Te0/0/1")),
                      varbind({1, 3, 6, 1, 6, 3, 18, 1, 4, 0}, text("s3cret"))}),
      "s3cret");
  const Event event = told(bytes);
  EXPECT_EQ(event.kind, "trap");
  EXPECT_EQ(event.device.text(), "core");
  EXPECT_EQ(event.text, "linkDown of core: interface Te0/0/1 (5)");
  EXPECT_FALSE(event.interface);
  EXPECT_FALSE(event.answers);
  using Details = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(event.details, (Details{{"trap", "linkDown"},
                                    {"oid", "1.3.6.1.6.3.1.1.5.3"},
                                    {"version", "2c"},
                                    {"type", "trap"},
                                    {"from", "10.0.0.1:40000"},
                                    {"if_index", "5"},
                                    {"if_name", "Te0/0/1"},
                                    {"uptime_seconds", "1"},
                                    {"varbind_1", "1.3.6.1.2.1.2.2.1.1.5 = 5"},
                                    {"varbind_2", "1.3.6.1.2.1.31.1.1.1.1.5 = Te0/0/1"}}))
      << "no community among them";
}

TEST(TrapReport, AnInterfaceMayBeNamedLater) {
  Event event = told(v2c(pdu(kLinkDown, {if_index(5)})));
  EXPECT_EQ(event.text, "linkDown of core: interface 5");
  Event same = event;
  name_interface(same, 5, "");
  name_interface(same, 15, "Te0/0/15");
  EXPECT_EQ(same, event);
  name_interface(event, 5, "Te0/0/1");
  EXPECT_EQ(event.text, "linkDown of core: interface Te0/0/1 (5)");
  EXPECT_EQ(event.details[5], (std::pair<std::string, std::string>("if_index", "5")));
  EXPECT_EQ(event.details[6], (std::pair<std::string, std::string>("if_name", "Te0/0/1")));
  EXPECT_EQ(
      missing_event(DeviceName("core"), 5, "").text,
      "core lost the link of interface 5, but no trap told it: it was lost on the way, or the "
      "device does not send it");
}

TEST(PortNames, AreCleanAndBounded) {
  PortNames names;
  const DeviceName core("core");
  names.learn(core, {0, "none"});
  names.learn(core, {1, ""});
  EXPECT_EQ(names.of(core, 0), "");
  EXPECT_EQ(names.of(core, 1), "");
  names.learn(core, {1, "\x1b[2J" + std::string(500, 'x')});
  EXPECT_EQ(names.of(core, 1).size(), PortNames::kMostBytes);
  EXPECT_TRUE(names.of(core, 1).starts_with("[2Jx")) << names.of(core, 1);
  names.learn(DeviceName("cor"), {1, "other"});
  names.learn(DeviceName("cord"), {1, "other"});
  names.forget(core);
  EXPECT_EQ(names.of(core, 1), "");
  EXPECT_EQ(names.of(DeviceName("cor"), 1), "other");
  EXPECT_EQ(names.of(DeviceName("cord"), 1), "other");
  for (std::uint32_t i = 1; i <= PortNames::kMost; ++i) names.learn(core, {i, "a"});
  EXPECT_EQ(names.of(DeviceName("cor"), 1), "") << "all others were forgotten";
  EXPECT_EQ(names.of(core, PortNames::kMost), "a");
}

TEST(TrapReport, OfWhomNobodyIsSure) {
  EXPECT_EQ(told(v2c(pdu(kColdStart)), "").text, "coldStart from 10.0.0.1:40000");
  EXPECT_EQ(told(v2c(pdu(kColdStart)), "", {"a", "b"}).text, "coldStart of a or b");
  EXPECT_EQ(told(v1({1, 3, 6, 1, 4, 1, 9}, 6, 5, {0, 0, 0, 0})).text, "1.3.6.1.4.1.9.0.5 of core");
}

TEST(TrapReport, ADevicesStringsAreCleanAndBounded) {
  std::vector<Bytes> list;
  for (std::uint32_t i = 0; i < 40; ++i) {
    list.push_back(varbind({1, 3, 6, 1, 4, 1, 9, i}, text(std::string(1000, 'x'))));
  }
  list[0] = varbind({1, 3, 6, 1, 4, 1, 9, 0}, text(std::string("\x00\x1b[2J", 5)));
  list[1] = varbind({1, 3, 6, 1, 4, 1, 9, 1}, number(0xFFFFFFFF, 0x41));
  list[2] = varbind({1, 3, 6, 1, 4, 1, 9, 2}, tlv(0x40, {10, 0, 0, 1}));
  list[3] = varbind({1, 3, 6, 1, 4, 1, 9, 3}, tlv(0x02, {0xFF}));
  list[4] = varbind({1, 3, 6, 1, 4, 1, 9, 4}, oid(kLinkUp));
  const Event event = told(v2c(pdu(kLinkDown, list)));
  EXPECT_LE(event.details.size(), kMostEventDetails);
  EXPECT_THAT(event.details, Contains(Pair("varbind_1", "1.3.6.1.4.1.9.0 = 0x001b5b324a")));
  EXPECT_THAT(event.details, Contains(Pair("varbind_2", "1.3.6.1.4.1.9.1 = 4294967295")));
  EXPECT_THAT(event.details, Contains(Pair("varbind_3", "1.3.6.1.4.1.9.2 = 10.0.0.1")));
  EXPECT_THAT(event.details, Contains(Pair("varbind_4", "1.3.6.1.4.1.9.3 = -1")));
  EXPECT_THAT(event.details, Contains(Pair("varbind_5", "1.3.6.1.4.1.9.4 = 1.3.6.1.6.3.1.1.5.4")));
  for (const auto& [name, value] : event.details) EXPECT_LE(value.size(), 256U);
}

TEST(TrapReport, ItsFiguresKeepTheConventions) {
  for (const SeriesFamily& family : figures_of({}).families) {
    EXPECT_THAT(family_objections(family), testing::IsEmpty()) << family.name;
  }
  const SeriesSample missing = missing_of(DeviceName("core"), 3);
  EXPECT_EQ(missing.device.text(), "core");
  EXPECT_THAT(family_objections(missing.families[0]), testing::IsEmpty());
}

TEST(TrapIgnored, TheLastOnesAreKeptAndAFloodOfOneReasonKeepsTheOthers) {
  Ignored ignored;
  const Bytes odd = {0xDE, 0xAD};
  ignored.add(Reason::wrong_digest, odd, kFrom, Instant{}, WallTime{});
  for (int i = 0; i < 100'000; ++i) {
    ignored.add(Reason::malformed, Bytes(2000, 0x55), kFrom, Instant{}, WallTime{});
  }
  EXPECT_EQ(ignored.datagrams(Reason::malformed), 100'000U);
  ASSERT_EQ(ignored.kept().size(), 1U + Ignored::kKeptOfReason);
  const std::string text = to_text(ignored.kept());
  EXPECT_TRUE(
      text.starts_with("1970-01-01T00:00:00.000Z wrong_digest 10.0.0.1:40000 2 dead\n"
                       "1970-01-01T00:00:00.000Z malformed 10.0.0.1:40000 2000 5555"))
      << text;
  EXPECT_EQ(ignored.kept().back().bytes.size(), Ignored::kKeptBytes);
  for (int i = 0; i < 1000; ++i) {
    ignored.add(Reason::malformed, odd, kFrom, Instant(i * 1s), WallTime{});
  }
  EXPECT_EQ(ignored.kept().size(), Ignored::kKept);
}

}  // namespace
}  // namespace itnxt::trap
