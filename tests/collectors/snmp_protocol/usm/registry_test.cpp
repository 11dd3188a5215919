#include "collectors/snmp_protocol/usm/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/snmp_protocol/usm/agent.hpp"

namespace itnxt::snmp::usm {
namespace {

using testing::ElementsAre;

const EngineId kOne = test::engine_id("8000000001");
const EngineId kTwo = test::engine_id("8000000002");
const DeviceName kA("hal-1");
const DeviceName kB("hal-2");
const DeviceName kC("hal-3");

constexpr Instant kStart{};

std::vector<std::string> texts(EngineRegistry& registry, Instant now) {
  std::vector<std::string> told;
  for (const SharedEngine& shared : registry.take(now)) told.push_back(to_text(shared));
  return told;
}
std::string line(const std::string& devices, const char* engine = "0x8000000001") {
  return "device " + devices + " share engine ID " + engine +
         ": one device under several names or addresses (its IPv4 and its IPv6, for one), or a "
         "cloned configuration; keep one name of a device, and give each device an engine ID of "
         "its own, else other managers lose all but one";
}

TEST(EngineRegistry, NamesBothOnce) {
  EngineRegistry registry(60s);
  registry.learn(kA, kOne, kStart);
  registry.learn(kA, kOne, kStart);
  registry.learn(kB, kTwo, kStart);
  EXPECT_THAT(texts(registry, kStart + 1h), ElementsAre());
  registry.learn(kB, kOne, kStart + 1h);
  EXPECT_THAT(texts(registry, kStart + 1h + 59s), ElementsAre()) << "others may follow";
  EXPECT_THAT(texts(registry, kStart + 1h + 60s), ElementsAre(line("hal-1 and hal-2")));
  registry.learn(kB, kOne, kStart + 2h);
  EXPECT_THAT(texts(registry, kStart + 3h), ElementsAre());
}

TEST(EngineRegistry, ALineForFortyNames) {
  EngineRegistry registry(60s);
  for (int i = 1; i <= 40; ++i) {
    registry.learn(DeviceName("d" + std::to_string(i)), kOne, kStart + i * 1s);
  }
  EXPECT_THAT(texts(registry, kStart + 70s), ElementsAre(line("d1, d2, d3 and 37 more")));
  EXPECT_THAT(texts(registry, kStart + 24h), ElementsAre());
}

TEST(EngineRegistry, AnotherSetIsToldInItsTime) {
  EngineRegistry registry(60s);
  registry.learn(kA, kOne, kStart);
  registry.learn(kB, kOne, kStart);
  EXPECT_EQ(texts(registry, kStart + 60s).size(), 1U);
  registry.learn(kC, kOne, kStart + 61s);
  EXPECT_THAT(texts(registry, kStart + 10min), ElementsAre());
  EXPECT_THAT(texts(registry, kStart + 11min), ElementsAre(line("hal-1, hal-2 and hal-3")));
  // Gone and back, as at a reload.
  registry.forget(kB, kStart + 1h);
  registry.learn(kB, kOne, kStart + 1h + 30s);
  EXPECT_THAT(texts(registry, kStart + 2h), ElementsAre());
  registry.forget(kA, kStart + 3h);
  EXPECT_THAT(texts(registry, kStart + 4h), ElementsAre(line("hal-3 and hal-2")));
  registry.forget(kC, kStart + 4h);
  registry.forget(kC, kStart + 4h);
  EXPECT_THAT(texts(registry, kStart + 5h), ElementsAre()) << "nobody shares any more";
}

TEST(EngineRegistry, ManyEnginesTakeTurns) {
  EngineRegistry registry(60s);
  for (std::size_t i = 0; i < 25; ++i) {
    const EngineId engine(test::Bytes(5, static_cast<std::uint8_t>(i + 1)));
    registry.learn(DeviceName("a" + std::to_string(i)), engine, kStart);
    registry.learn(DeviceName("b" + std::to_string(i)), engine, kStart);
  }
  EXPECT_EQ(texts(registry, kStart + 60s).size(), 10U);
  EXPECT_EQ(texts(registry, kStart + 119s).size(), 0U);
  EXPECT_EQ(texts(registry, kStart + 120s).size(), 10U);
  EXPECT_EQ(texts(registry, kStart + 180s).size(), 5U);
  EXPECT_EQ(texts(registry, kStart + 24h).size(), 0U);
}

TEST(EngineRegistry, ForgetsWhoChangesOrGoes) {
  EngineRegistry registry(0s);
  registry.learn(kA, kOne, kStart);
  registry.learn(kA, kTwo, kStart);
  registry.learn(kB, kOne, kStart);
  EXPECT_THAT(texts(registry, kStart), ElementsAre()) << "hal-1 has another one now";
  registry.learn(kA, EngineId{}, kStart);
  registry.learn(kB, EngineId{}, kStart);
  EXPECT_THAT(texts(registry, kStart), ElementsAre()) << "unknown is no name to share";
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
