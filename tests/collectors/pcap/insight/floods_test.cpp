#include "collectors/pcap/insight/floods.hpp"

#include <gtest/gtest.h>

namespace itnxt::pcap {
namespace {

constexpr std::size_t kSynIndex = 0, kUdpIndex = 1, kIcmpIndex = 2;
const IpAddress kNet = v4(0x0a010200);

FloodLimits limits() {
  FloodLimits limits;
  limits.kinds[kSynIndex] = {1000, 3};
  limits.kinds[kUdpIndex] = {1e6, 10};
  limits.kinds[kIcmpIndex] = {500, 3};
  limits.needed = 3;
  limits.of = 5;
  return limits;
}

class FloodsTest : public ::testing::Test {
 protected:
  // One second each.
  void second(FloodKind kind, std::uint64_t toward, std::uint64_t excused = 0) {
    floods.advance(now);
    if (toward > 0) floods.toward(kind, kNet, toward);
    if (excused > 0) floods.excuse(kind, kNet, excused);
    floods.advance(++now);
  }
  std::vector<FloodChange> seconds(int count, FloodKind kind, std::uint64_t toward,
                                   std::uint64_t excused = 0) {
    for (int i = 0; i < count; ++i) second(kind, toward, excused);
    return floods.take_changes();
  }

  Floods floods{limits(), {1, 2, 3, 4, 5, 6}};
  std::int64_t now = 1'700'000'000;
};

TEST_F(FloodsTest, BeginsWithSustainedEvidenceAndEndsWithNone) {
  EXPECT_TRUE(seconds(2, FloodKind::syn, 5000).empty());
  const auto begun = seconds(1, FloodKind::syn, 7000, 10);
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_TRUE(begun[0].begins);
  EXPECT_EQ(begun[0].network, kNet);
  EXPECT_EQ(begun[0].kind, FloodKind::syn);
  EXPECT_EQ(begun[0].first_second, 1'700'000'000);
  EXPECT_EQ(begun[0].last_second, 1'700'000'002);
  EXPECT_EQ(begun[0].windows, 3U);
  EXPECT_EQ(begun[0].total, 17'000U);
  EXPECT_EQ(begun[0].excused, 10U);
  EXPECT_EQ(begun[0].peak, 7000U);
  EXPECT_TRUE(seconds(4, FloodKind::syn, 0).empty());
  const auto over = seconds(1, FloodKind::syn, 0);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_FALSE(over[0].begins);
  EXPECT_EQ(over[0].last_second, 1'700'000'002);
  EXPECT_EQ(over[0].total, 17'000U);
  EXPECT_TRUE(seconds(20, FloodKind::syn, 0).empty());
}

TEST_F(FloodsTest, ABurstIsNone) {
  EXPECT_TRUE(seconds(2, FloodKind::syn, 1'000'000).empty());
  EXPECT_TRUE(seconds(10, FloodKind::syn, 999).empty());
}

TEST_F(FloodsTest, NeedNotBeWithoutAPause) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(seconds(1, FloodKind::syn, 5000).empty());
    EXPECT_TRUE(seconds(1, FloodKind::syn, 0).empty());
  }
  EXPECT_EQ(seconds(1, FloodKind::syn, 5000).size(), 1U);  // three of five
}

TEST_F(FloodsTest, ConnectionsThatAreCompletedAreNoFlood) {
  EXPECT_TRUE(seconds(20, FloodKind::syn, 30'000, 10'001).empty());
  EXPECT_EQ(seconds(20, FloodKind::syn, 30'000, 10'000).size(), 1U);
}

TEST_F(FloodsTest, AnswersThatWereAskedForAreNoAmplification) {
  EXPECT_TRUE(seconds(20, FloodKind::udp_amplification, 5'000'000, 1'000'000).empty());
  EXPECT_EQ(seconds(3, FloodKind::udp_amplification, 5'000'000, 1'000).size(), 1U);
}

TEST_F(FloodsTest, GoesOnOverALullAndIsToldOnce) {
  EXPECT_EQ(seconds(3, FloodKind::icmp, 600).size(), 1U);
  EXPECT_TRUE(seconds(3, FloodKind::icmp, 0).empty());
  EXPECT_TRUE(seconds(10, FloodKind::icmp, 600).empty());
  const auto over = seconds(5, FloodKind::icmp, 0);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].windows, 13U);
}

TEST_F(FloodsTest, AGapInTimeEndsIt) {
  EXPECT_EQ(seconds(3, FloodKind::icmp, 600).size(), 1U);
  floods.advance(now + 1'000'000);
  EXPECT_EQ(floods.take_changes().size(), 1U);
  floods.advance(now);  // back: nothing
  EXPECT_TRUE(floods.take_changes().empty());
}

TEST_F(FloodsTest, AKindWithoutALimitIsNotLookedFor) {
  FloodLimits none = limits();
  none.kinds[kSynIndex].limit = 0;
  floods = Floods(none, {1, 2, 3, 4, 5, 6});
  EXPECT_TRUE(seconds(20, FloodKind::syn, 1'000'000).empty());
}

// A target is found among very many networks that are hit once each, and stays found.
TEST_F(FloodsTest, KeepsItsTargetInANoiseOfNetworks) {
  std::uint32_t other = 0x20000000;
  std::vector<FloodChange> all;
  for (int s = 0; s < 10; ++s) {
    floods.advance(now);
    for (int i = 0; i < 20'000; ++i) floods.toward(FloodKind::syn, v4(other += 256), 1);
    for (int i = 0; i < 5'000; ++i) {
      floods.toward(FloodKind::syn, kNet, 1);
      floods.toward(FloodKind::syn, v4(other += 256), 1);
    }
    floods.advance(++now);
    for (const FloodChange& change : floods.take_changes()) all.push_back(change);
  }
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].network, kNet);
}

}  // namespace
}  // namespace itnxt::pcap
