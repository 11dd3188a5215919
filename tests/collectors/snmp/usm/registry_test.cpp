#include "collectors/snmp/usm/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/snmp/usm/agent.hpp"

namespace itnxt::snmp::usm {
namespace {

using testing::ElementsAre;

const EngineId kOne = test::engine_id("8000000001");
const EngineId kTwo = test::engine_id("8000000002");
const DeviceName kA("hal-1");
const DeviceName kB("hal-2");
const DeviceName kC("hal-3");

TEST(EngineRegistry, NamesBothOnce) {
  EngineRegistry registry;
  EXPECT_FALSE(registry.learn(kA, kOne));
  EXPECT_FALSE(registry.learn(kA, kOne)) << "itself";
  const auto shared = registry.learn(kB, kOne);
  ASSERT_TRUE(shared);
  EXPECT_EQ(
      to_text(*shared),
      "device hal-1 and device hal-2 share engine ID 0x8000000001: one device under two names, "
      "or a cloned configuration; give each its own, else other managers lose one of them");
  EXPECT_FALSE(registry.learn(kB, kOne)) << "told once";
  EXPECT_TRUE(registry.learn(kC, kOne));
  EXPECT_THAT(registry.devices(kOne), ElementsAre(kA, kB, kC));
}

TEST(EngineRegistry, ForgetsWhoChangesOrGoes) {
  EngineRegistry registry;
  (void)registry.learn(kA, kOne);
  EXPECT_FALSE(registry.learn(kA, kTwo));
  EXPECT_FALSE(registry.learn(kB, kOne)) << "hal-1 has another one now";
  registry.forget(kA);
  registry.forget(kA);
  EXPECT_FALSE(registry.learn(kC, kTwo));
  EXPECT_TRUE(registry.learn(kA, kTwo));
  EXPECT_FALSE(registry.learn(kA, EngineId{})) << "unknown is no name to share";
  EXPECT_FALSE(registry.learn(kB, EngineId{}));
  EXPECT_TRUE(registry.devices(kOne).empty());
}

TEST(EngineIdValue, HasFiveToThirtyTwoOctets) {
  EXPECT_TRUE(EngineId(test::Bytes(4, 1)).empty());
  EXPECT_TRUE(EngineId(test::Bytes(33, 1)).empty());
  EXPECT_EQ(EngineId(test::Bytes(32, 1)).bytes().size(), 32U);
  EXPECT_EQ(to_text(kOne), "0x8000000001");
  EXPECT_NE(kOne, kTwo);
}

}  // namespace
}  // namespace itnxt::snmp::usm
