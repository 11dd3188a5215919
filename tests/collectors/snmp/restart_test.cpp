// What changed while no collector was there to see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/snmp/still_world.hpp"

namespace itnxt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t kFirst = 0x7F010001;  // 127.1.0.1, d0

class RestartTest : public testing::Test {
 protected:
  RestartTest() {
    test::FleetOptions options;
    options.interfaces = 4;
    options.down = [this](std::uint32_t device, std::uint32_t row) {
      return device == kFirst && row == down;
    };
    options.silent = [this](std::uint32_t device) { return is_silent && device == kFirst; };
    world.emplace(options);
  }
  // A process that polls two devices twice.
  void live() {
    world->collector.reset();
    world->start(test::StillWorld::config(world->targets(2)));
    world->run(120s);
  }
  std::vector<std::string> events() {
    std::vector<std::string> texts;
    for (const Event& event : world->sink.events) texts.push_back(event.text);
    world->sink.events.clear();
    return texts;
  }

  std::uint32_t down = 0;
  bool is_silent = false;
  std::optional<test::StillWorld> world;
};

TEST_F(RestartTest, APortThatWentDownMeanwhileIsToldOnce) {
  live();
  EXPECT_THAT(events(), IsEmpty()) << "what is seen for the first time has not changed";
  down = 3;
  live();
  EXPECT_EQ(events().size(), 1U);
  live();
  EXPECT_THAT(events(), IsEmpty()) << "nothing has changed";
  down = 0;
  live();
  EXPECT_EQ(events().size(), 1U);
}

TEST_F(RestartTest, ADeviceThatFellSilentMeanwhileIsToldOnce) {
  live();
  is_silent = true;
  live();
  EXPECT_THAT(events(), ElementsAre("device d0 does not answer"));
  live();
  EXPECT_THAT(events(), IsEmpty());
  is_silent = false;
  live();
  EXPECT_THAT(events(), ElementsAre("device d0 answers again"));
}

// Else the memories of all devices there ever were would be kept, and one that comes back after
// months be compared with what it was then.
TEST_F(RestartTest, ADeviceThatIsPolledNoMoreIsForgotten) {
  const auto known = [&] {
    std::vector<std::string> names;
    for (const auto& [name, what] : world->sink.recall("", Recall::of_prefix))
      names.push_back(name);
    return names;
  };
  live();
  EXPECT_THAT(known(), ElementsAre("device d0", "device d1"));
  EXPECT_TRUE(world->collector->update(test::StillWorld::config(world->targets(1))));
  EXPECT_THAT(known(), ElementsAre("device d0"));
  live();
  EXPECT_THAT(known(), ElementsAre("device d0", "device d1"));
  world->collector.reset();
  world->start(test::StillWorld::config(world->targets(1)));
  EXPECT_THAT(known(), ElementsAre("device d0"));
}

}  // namespace
}  // namespace itnxt
