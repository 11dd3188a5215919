#include "collectors/snmp/changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace itnxt::snmp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr OperStatus kUp = OperStatus::up;
constexpr OperStatus kDown = OperStatus::down;

InterfaceSample row(std::uint32_t index, std::string name, OperStatus oper,
                    AdminStatus admin = AdminStatus::up) {
  InterfaceSample made;
  made.if_index = index;
  made.if_name = std::move(name);
  made.admin = admin;
  made.oper = oper;
  return made;
}

class ChangesTest : public testing::Test {
 protected:
  static DeviceSample poll(std::vector<InterfaceSample> rows, bool complete = true) {
    DeviceSample sample;
    sample.device = DeviceName("core");
    sample.complete = complete;
    sample.interfaces = std::move(rows);
    return sample;
  }
  static DeviceSample ended(PollResult result) {
    DeviceSample sample = poll({}, false);
    sample.result = result;
    return sample;
  }
  static DeviceSample clock(std::uint32_t uptime_seconds, Duration at) {
    DeviceSample sample = poll({});
    sample.at = SourceTime(at);
    sample.uptime = TimeTicks{uptime_seconds * 100};
    return sample;
  }
  std::vector<std::string> see(const DeviceSample& sample) {
    last = changes.see(sample, WallTime(7s));
    std::vector<std::string> kinds;
    for (const Event& event : last) {
      EXPECT_EQ(event.device, DeviceName("core"));
      EXPECT_EQ(event.wall, WallTime(7s));
      EXPECT_EQ(event.at, sample.at);
      kinds.push_back(event.kind + ": " + event.text);
    }
    return kinds;
  }

  // One interface that was asked out of turn.
  std::string check(const std::string& name, OperStatus oper, std::uint32_t index = 1) {
    const auto event = changes.see(DeviceName("core"), {index, name, AdminStatus::up, oper},
                                   SourceTime(9s), WallTime(7s));
    if (!event) return "";
    EXPECT_EQ(event->interface, (InterfaceStatus{index, name, AdminStatus::up, oper}));
    EXPECT_EQ(event->at, SourceTime(9s));
    EXPECT_EQ(event->wall, WallTime(7s));
    return event->kind + ": " + event->text;
  }

  Changes changes;
  std::vector<Event> last;
};

TEST_F(ChangesTest, AnInterfaceAskedOutOfTurnIsNewsOnce) {
  EXPECT_EQ(check("eth0", kDown), "") << "never seen";
  see(poll({row(1, "eth0", kUp), row(2, "eth1", kUp)}));
  EXPECT_EQ(check("eth0", kUp), "");
  EXPECT_EQ(check("eth9", kDown), "") << "another port under the same number";
  EXPECT_EQ(check("eth0", kDown), "interface_down: interface eth0 of core is down");
  EXPECT_EQ(check("eth0", kDown), "");
  EXPECT_THAT(see(poll({row(1, "eth0", kDown), row(2, "eth1", kUp)})), IsEmpty())
      << "the poll behind it has nothing to add";
  EXPECT_EQ(check("", kUp), "interface_up: interface 1 of core is up") << "without a name";
  EXPECT_EQ(check("eth7", kDown, 7), "");
}

TEST_F(ChangesTest, AnInterfaceGoesDownAndComesBack) {
  EXPECT_THAT(see(poll({row(1, "lo", kUp), row(2, "Te0/0/1", kUp)})), IsEmpty());
  EXPECT_THAT(see(poll({row(1, "lo", kUp), row(2, "Te0/0/1", kDown, AdminStatus::down)})),
              ElementsAre("interface_down: interface Te0/0/1 of core is down (shut down)"));
  EXPECT_EQ(last.front().interface, (InterfaceStatus{2, "Te0/0/1", AdminStatus::down, kDown}));
  EXPECT_FALSE(last.front().answers.has_value());
  EXPECT_THAT(see(poll({row(1, "lo", kUp), row(2, "Te0/0/1", kDown)})), IsEmpty());
  InterfaceSample back = row(2, "Te0/0/1", kUp);
  back.if_alias = "to Halle";
  EXPECT_THAT(see(poll({row(1, "lo", kUp), back})),
              ElementsAre("interface_up: interface Te0/0/1 of core is up"));
  EXPECT_THAT(last.front().details, ElementsAre(std::pair("alias", "to Halle")));
}

TEST_F(ChangesTest, ALaterProcessTellsWhatHasChangedMeanwhile) {
  EXPECT_EQ(changes.take_memory(), std::nullopt);
  (void)see(poll({row(1, "a", kUp), row(2, "b", kDown), row(300, "c", kUp), row(301, "d", kUp)}));
  const auto memory = changes.take_memory();
  ASSERT_TRUE(memory);
  EXPECT_EQ(changes.take_memory(), std::nullopt) << "as before";
  changes = {};
  EXPECT_TRUE(changes.recall(*memory));
  EXPECT_THAT(see(poll({row(1, "a", kUp), row(2, "b", kUp), row(300, "c", kDown),
                        row(301, "another", kDown), row(302, "new", kDown)})),
              ElementsAre("interface_up: interface b of core is up",
                          "interface_down: interface c of core is down"));
  const auto later = changes.take_memory();
  ASSERT_TRUE(later);
  changes = {};
  EXPECT_TRUE(changes.recall(*later));
  EXPECT_THAT(see(poll({row(1, "a", kUp), row(2, "b", kUp), row(300, "c", kDown),
                        row(301, "another", kDown), row(302, "new", kDown)})),
              IsEmpty())
      << "told already";
  EXPECT_THAT(see(ended(PollResult::timeout)),
              ElementsAre("device_down: device core does not answer"));
  const auto silent = changes.take_memory();
  ASSERT_TRUE(silent);
  changes = {};
  EXPECT_TRUE(changes.recall(*silent));
  EXPECT_THAT(see(ended(PollResult::timeout)), IsEmpty());
  EXPECT_THAT(see(poll({row(1, "a", kDown)}, false)),
              ElementsAre("device_up: device core answers again",
                          "interface_down: interface a of core is down"));
}

TEST_F(ChangesTest, AMemoryIsShort) {
  std::vector<InterfaceSample> rows;
  for (std::uint32_t i = 1; i <= 1000; ++i) {
    rows.push_back(row(i, "GigabitEthernet1/0/" + std::to_string(i), i % 3 == 0 ? kDown : kUp));
  }
  rows.push_back(row(0xffff'ffff, "Null0", OperStatus::lower_layer_down));
  (void)see(poll(rows));
  const auto memory = changes.take_memory();
  ASSERT_TRUE(memory);
  EXPECT_LT(memory->size(), 7100U);
  changes = {};
  EXPECT_TRUE(changes.recall(*memory));
  EXPECT_THAT(see(poll(rows)), IsEmpty());
  EXPECT_EQ(changes.take_memory(), std::nullopt) << "nothing is news: it is as it was";
}

TEST_F(ChangesTest, NonsenseIsNoMemory) {
  for (const char* text :
       {"", "x", "AAAAAA1", "+A", "+AAAAA1", "+AAAAAA", "+AAAAAA8", "+AAAAAAx", "+AAA=AA1",
        "+EAAAAA1", "+AAAAAA1 ", "+ 2AAAAAA1", "+ :AAAAAA1", "+ x:AAAAAA1", "+AAAAAA1 0:AAAAAA1",
        "+ ffffffff:AAAAAA1AAAAAA1", "+ 123456789:AAAAAA1", "+1:2:3 ", "+1000001:89abcdef:1 "}) {
    EXPECT_FALSE(changes.recall(text)) << text;
    EXPECT_TRUE(changes.knows_nothing()) << text;
  }
  EXPECT_TRUE(changes.recall("-"));
  EXPECT_FALSE(changes.knows_nothing());
}

TEST_F(ChangesTest, OnlyUpOrNotCounts) {
  (void)see(poll({row(1, "a", kDown)}));
  EXPECT_THAT(see(poll({row(1, "a", OperStatus::lower_layer_down)})), IsEmpty());
  EXPECT_THAT(see(poll({row(1, "a", OperStatus::dormant)})), IsEmpty());
  EXPECT_THAT(see(poll({row(1, "a", kUp)})), testing::SizeIs(1));
}

TEST_F(ChangesTest, WhatTheDeviceDidNotSayHasNotChanged) {
  (void)see(poll({row(1, "a", kUp)}));
  EXPECT_THAT(see(poll({row(1, "a", OperStatus::unknown)})), IsEmpty());
  EXPECT_THAT(see(poll({row(1, "a", kDown)})), testing::SizeIs(1));
}

TEST_F(ChangesTest, AnotherPortUnderTheNumberIsNoChange) {
  (void)see(poll({row(1, "a", kUp), row(2, "b", kDown)}));
  EXPECT_THAT(see(poll({row(1, "b", kDown), row(2, "a", kUp)})), IsEmpty());
}

TEST_F(ChangesTest, ARowThatAWalkLacksIsForgottenOnlyByAWholeOne) {
  (void)see(poll({row(1, "a", kUp), row(2, "b", kUp), row(3, "c", kUp)}));
  EXPECT_THAT(see(poll({row(2, "b", kUp)}, false)), IsEmpty());
  EXPECT_THAT(see(poll({row(1, "a", kDown), row(3, "c", kDown)}, false)), testing::SizeIs(2));
  EXPECT_THAT(see(poll({row(2, "b", kUp)})), IsEmpty());  // 1 and 3 are gone
  EXPECT_THAT(see(poll({row(1, "a", kUp), row(2, "b", kDown)})),
              ElementsAre("interface_down: interface b of core is down"));
}

TEST_F(ChangesTest, ADeviceFallsSilentAndAnswersAgain) {
  (void)see(poll({row(1, "a", kUp)}));
  EXPECT_THAT(see(ended(PollResult::timeout)),
              ElementsAre("device_down: device core does not answer"));
  EXPECT_EQ(last.front().answers, false);
  EXPECT_THAT(see(ended(PollResult::timeout)), IsEmpty());
  EXPECT_THAT(see(ended(PollResult::error)), IsEmpty());  // no socket here: nothing about it
  EXPECT_THAT(see(poll({row(1, "a", kDown)})),
              ElementsAre("device_up: device core answers again",
                          "interface_down: interface a of core is down"));
  EXPECT_EQ(last.front().answers, true);
  EXPECT_THAT(see(ended(PollResult::auth)), IsEmpty());  // a refusal is an answer
}

TEST_F(ChangesTest, AtFirstSightNothingHasChanged) {
  EXPECT_THAT(see(ended(PollResult::timeout)), IsEmpty());
  EXPECT_THAT(see(poll({row(1, "a", kDown)})), testing::SizeIs(1));  // it is up
}

TEST_F(ChangesTest, ARestartIsSeenByTheClock) {
  struct Case {
    std::uint32_t before, now;  // uptime in seconds
    Duration passed;
    bool restarted;
  };
  constexpr std::uint32_t kWrap = 42'949'672;
  for (const Case& one :
       {Case{1000, 1060, 60s, false}, Case{1000, 1050, 60s, false}, Case{1000, 5, 60s, true},
        Case{1000, 600, 1h, true}, Case{20, 25, 60s, true}, Case{20, 26, 10s, false},
        Case{1000, 4600, 1h, false}, Case{kWrap - 10, 49, 60s, false},
        Case{1000, 9000, 60s, false}}) {
    changes = {};
    (void)see(clock(one.before, 1h));
    const auto kinds = see(clock(one.now, 1h + one.passed));
    EXPECT_EQ(!kinds.empty(), one.restarted) << one.before << " → " << one.now;
    if (!one.restarted) continue;
    EXPECT_THAT(kinds, ElementsAre("device_restarted: device core has restarted"));
    EXPECT_THAT(last.front().details,
                ElementsAre(std::pair("uptime_seconds", std::to_string(one.now))));
  }
}

}  // namespace
}  // namespace itnxt::snmp
