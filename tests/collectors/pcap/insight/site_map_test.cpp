#include "collectors/pcap/insight/site_map.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "collectors/pcap/insight/site_pairs.hpp"

namespace itnxt::pcap {
namespace {

SitePrefix v4_prefix(std::uint32_t address, unsigned length, SiteNumber site) {
  return {v4(address), 96 + length, site};
}

// As slow and as plain as it can be.
SiteNumber by_looking_at_all(const std::vector<SitePrefix>& prefixes, const IpAddress& address) {
  SiteNumber found = 0;
  unsigned longest = 0;
  for (const SitePrefix& p : prefixes) {
    if (masked(address, p.length) != masked(p.address, p.length) || p.length < longest) continue;
    longest = p.length;
    found = p.site;
  }
  return found;
}

TEST(SiteMap, EmptyKnowsNoSite) {
  const SiteMap map;
  EXPECT_EQ(map.site_of(v4(0x0a000001)), 0);
  EXPECT_EQ(SiteMap(std::vector<SitePrefix>{}).site_of({1, 2}), 0);
}

TEST(SiteMap, LongestPrefixHolds) {
  const std::vector<SitePrefix> prefixes = {v4_prefix(0x0a000000, 8, 1),
                                            v4_prefix(0x0a010000, 16, 2),
                                            v4_prefix(0x0a010200, 24, 3),
                                            {{0x20010db8'00000000U, 0}, 32, 4},
                                            {{0x20010db8'00010000U, 0}, 48, 5}};
  const SiteMap map(prefixes);
  EXPECT_EQ(map.site_of(v4(0x0a000001)), 1);
  EXPECT_EQ(map.site_of(v4(0x0affffff)), 1);
  EXPECT_EQ(map.site_of(v4(0x0b000000)), 0);
  EXPECT_EQ(map.site_of(v4(0x0a010000)), 2);
  EXPECT_EQ(map.site_of(v4(0x0a0101ff)), 2);
  EXPECT_EQ(map.site_of(v4(0x0a0102ff)), 3);
  EXPECT_EQ(map.site_of(v4(0x0a010300)), 2);
  EXPECT_EQ(map.site_of({0x20010db8'00000000U, 1}), 4);
  EXPECT_EQ(map.site_of({0x20010db8'0001ffffU, ~0ULL}), 5);
  EXPECT_EQ(map.site_of({0x20010db8'00020000U, 0}), 4);
  EXPECT_EQ(map.site_of({0x20010db9'00000000U, 0}), 0);
}

TEST(SiteMap, WholeSpacesAndSingleAddresses) {
  const std::vector<SitePrefix> prefixes = {
      {{0, 0}, 0, 1}, v4_prefix(0, 0, 2), v4_prefix(0xffffffff, 32, 3), {{~0ULL, ~0ULL}, 128, 4}};
  const SiteMap map(prefixes);
  EXPECT_EQ(map.site_of({1, 1}), 1);
  EXPECT_EQ(map.site_of(v4(0)), 2);
  EXPECT_EQ(map.site_of(v4(0xffffffff)), 3);
  EXPECT_EQ(map.site_of({~0ULL, ~0ULL}), 4);
  EXPECT_EQ(map.site_of({~0ULL, ~0ULL - 1}), 1);
}

// Few address bits vary, so that prefixes nest, touch and are equal all the time.
TEST(SiteMap, AgreesWithLookingAtAllPrefixes) {
  EXPECT_TRUE(rc::check([] {
    std::vector<SitePrefix> prefixes;
    const auto count = *rc::gen::inRange(0, 24);
    const auto address = [] {
      const auto bits = *rc::gen::inRange<std::uint64_t>(0, 256);
      return *rc::gen::arbitrary<bool>() ? v4(static_cast<std::uint32_t>(bits << 24U | bits))
                                         : IpAddress{bits << 56U, bits};
    };
    for (int i = 0; i < count; ++i) {
      const IpAddress a = address();
      const unsigned length =
          a.is_v4() ? *rc::gen::inRange(96U, 129U) : *rc::gen::inRange(0U, 129U);
      prefixes.push_back({a, length, static_cast<SiteNumber>(i + 1)});
    }
    const SiteMap map(prefixes);
    for (int i = 0; i < 50; ++i) {
      const IpAddress a = address();
      RC_ASSERT(map.site_of(a) == by_looking_at_all(prefixes, a));
    }
  }));
}

TEST(SitePairs, AreAPlaceEachUntilThereAreNoMore) {
  SitePairs pairs(2);
  EXPECT_EQ(pairs.find(0, 0), SitePairs::kRest);
  const auto first = pairs.find(1, 2);
  const auto second = pairs.find(2, 1);
  EXPECT_NE(first, SitePairs::kRest);
  EXPECT_NE(second, SitePairs::kRest);
  EXPECT_NE(first, second);
  EXPECT_EQ(pairs.find(1, 2), first);
  EXPECT_EQ(pairs.find(3, 2), SitePairs::kRest);
  EXPECT_EQ(pairs.find(2, 1), second);
  EXPECT_EQ(pairs.all().size(), 3U);
  EXPECT_EQ(pairs[second].client, 2);
  EXPECT_EQ(pairs[second].server, 1);
}

TEST(RoundTrips, FallIntoTheBucketWhoseBoundTheyDoNotExceed) {
  RoundTrips trips;
  trips.add(0);
  trips.add(500);
  trips.add(501);
  trips.add(2'000'000);
  trips.add(2'000'001);
  EXPECT_EQ(trips.buckets[0], 2U);
  EXPECT_EQ(trips.buckets[1], 1U);
  EXPECT_EQ(trips.buckets[kRoundTripBounds.size() - 1], 1U);
  EXPECT_EQ(trips.buckets[kRoundTripBounds.size()], 1U);
  EXPECT_EQ(trips.micros, 4'001'002U);
}

}  // namespace
}  // namespace itnxt::pcap
