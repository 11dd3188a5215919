// Keyed hash, space-saving, HyperLogLog: bounds that hold for any stream.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "collectors/pcap/insight/distinct.hpp"
#include "collectors/pcap/insight/heavy_hitters.hpp"
#include "collectors/pcap/insight/keyed_hash.hpp"

namespace itnxt::pcap {
namespace {

constexpr HashSecret kSecret = {0x9e3779b97f4a7c15U, 2, 3, 0x123456789abcdefU, 5, 77};

struct Sum {
  std::uint64_t times = 0;
};
using Sketch = HeavyHitters<std::uint64_t, Sum>;

TEST(KeyedHash, DependsOnTheSecretAndOnEveryBit) {
  const KeyedHash one(kSecret);
  HashSecret other = kSecret;
  other[1] ^= 1;
  const KeyedHash two(other);
  const IpAddress a = v4(0x0a000001);
  const IpAddress b = v4(0x0a000002);
  EXPECT_NE(one(a), two(a));
  EXPECT_NE(one(a, b, 6), two(a, b, 6));
  EXPECT_NE(one(a, b, 6), one(b, a, 6));
  for (unsigned bit = 0; bit < 64; ++bit) {
    EXPECT_NE(one(a), one({a.high ^ 1ULL << bit, a.low}));
    EXPECT_NE(one(a), one({a.high, a.low ^ 1ULL << bit}));
    EXPECT_NE(one(a, b, 6), one(a, b, 6 ^ 1ULL << bit));
  }
}

// What counts behind it: neighbours must spread over buckets, by the low bits and by the high ones.
TEST(KeyedHash, SpreadsNeighbouringAddresses) {
  const KeyedHash hash(kSecret);
  std::array<unsigned, 256> low{}, high{};
  for (std::uint32_t i = 0; i < 65'536; ++i) {
    const std::uint64_t h = hash(v4(0x0a000000 + i), v4(0xc0a80001), 6);
    ++low[h & 255U];
    ++high[h >> 56U];
  }
  for (std::size_t i = 0; i < 256; ++i) {
    EXPECT_NEAR(low[i], 256, 100) << i;  // six standard deviations
    EXPECT_NEAR(high[i], 256, 100) << i;
  }
}

TEST(HeavyHitters, BoundsTheTruthForAnyStream) {
  EXPECT_TRUE(rc::check("weight - error <= true weight <= weight", [] {
    const auto keys =
        *rc::gen::container<std::vector<std::uint16_t>>(rc::gen::inRange<std::uint16_t>(0, 300));
    Sketch sketch(32);
    std::map<std::uint64_t, std::uint64_t> truth;
    const KeyedHash hash(kSecret);
    std::uint64_t step = 0;
    for (const std::uint16_t key : keys) {
      const std::uint64_t weight = 1 + ++step % 7;
      ++sketch.add(key, hash(v4(key)), weight).times;
      truth[key] += weight;
    }
    for (const auto& row : sketch.top(sketch.capacity())) {
      RC_ASSERT(truth.contains(row.key));
      RC_ASSERT(row.weight - row.error <= truth[row.key]);
      RC_ASSERT(truth[row.key] <= row.weight);
      RC_ASSERT(row.extra.times > 0U);
    }
  }));
}

TEST(HeavyHitters, IsExactWhileThereIsRoom) {
  Sketch sketch(16);
  for (std::uint64_t key = 0; key < 16; ++key) sketch.add(key, key << 32U, 100 + key);
  const auto top = sketch.top(3);
  ASSERT_EQ(top.size(), 3U);
  EXPECT_EQ(top[0].key, 15U);
  EXPECT_EQ(top[0].weight, 115U);
  EXPECT_EQ(top[0].error, 0U);
  EXPECT_EQ(top[2].key, 13U);
}

TEST(HeavyHitters, GivesTheLightestPlaceToANewKeyWithItsWeightAsError) {
  Sketch sketch(16);
  for (std::uint64_t key = 0; key < 16; ++key) sketch.add(key, key << 32U, 100 + key);
  EXPECT_EQ(sketch.add(99, std::uint64_t{99} << 32U, 5).times, 0U);
  const auto rows = sketch.top(16);
  EXPECT_EQ(rows.back().key, 1U);
  const auto fresh =
      std::find_if(rows.begin(), rows.end(), [](const auto& row) { return row.key == 99; });
  ASSERT_NE(fresh, rows.end());
  EXPECT_EQ(fresh->weight, 105U);
  EXPECT_EQ(fresh->error, 100U);
}

TEST(HeavyHitters, ForgetsWhenCleared) {
  Sketch sketch(16);
  sketch.add(1, 1, 1);
  sketch.clear();
  EXPECT_TRUE(sketch.top(16).empty());
  EXPECT_EQ(sketch.add(1, 1, 7).times, 0U);
  EXPECT_EQ(sketch.top(1)[0].weight, 7U);
}

TEST(Distinct, IsWithinFiveStandardErrors) {
  const KeyedHash hash(kSecret);
  for (const std::uint32_t count :
       {0U, 1U, 10U, 1'000U, 4'096U, 10'000U, 12'000U, 100'000U, 1'000'000U}) {
    Distinct distinct;
    for (std::uint32_t i = 0; i < count; ++i) {
      distinct.add(hash(v4(i)));
      distinct.add(hash(v4(i)));  // again: no difference
    }
    EXPECT_NEAR(distinct.estimate(), count, 5 * 0.01625 * count + 0.5) << count;
  }
}

TEST(Distinct, CountsEachKeyOnceInWhateverOrder) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint32_t>& keys) {
    const KeyedHash hash(kSecret);
    Distinct forward, backward;
    for (const std::uint32_t key : keys) forward.add(hash(v4(key)));
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
      backward.add(hash(v4(*key)));
      backward.add(hash(v4(*key)));
    }
    RC_ASSERT(forward.estimate() == backward.estimate());
  }));
}

TEST(Distinct, EveryHashHasAPlace) {
  Distinct distinct;
  distinct.add(0);
  distinct.add(~std::uint64_t{0});
  EXPECT_NEAR(distinct.estimate(), 2, 0.1);
  distinct.clear();
  EXPECT_EQ(distinct.estimate(), 0);
}

}  // namespace
}  // namespace itnxt::pcap
