#include "collectors/pcap/insight/flow_cache.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <vector>

namespace itnxt::pcap {
namespace {

FlowKey key(std::uint32_t number) {
  return {{v4(number), v4(number + 1)}, number, 6};
}
constexpr auto kNobody = [](Flow&, std::int32_t) { FAIL() << "a flow had to go"; };

TEST(FlowCache, FindsAFlowAgain) {
  FlowCache cache(8);
  bool fresh = false;
  Flow& flow = cache.place(key(1), 0, 10, fresh, kNobody);
  EXPECT_TRUE(fresh);
  EXPECT_EQ(flow.key(), key(1));
  flow.packets = 7;
  EXPECT_EQ(cache.place(key(1), 0, 20, fresh, kNobody).packets, 7U);
  EXPECT_FALSE(fresh);
}

// One hash for all: the keys are told apart by themselves.
TEST(FlowCache, AnyGuessFindsTheFlow) {
  FlowCache cache(8);
  bool fresh = false;
  for (std::uint32_t i = 0; i < 8; ++i) cache.place(key(i), 5, i, fresh, kNobody).packets = i;
  for (std::uint32_t i = 0; i < 64; ++i) {
    const auto guess = static_cast<std::uint8_t>(i / 8);
    EXPECT_EQ(cache.place(key(i % 8), 5, 8, fresh, kNobody, guess).packets, i % 8);
    EXPECT_FALSE(fresh);
  }
}

TEST(FlowCache, TellsFlowsOfOneHashApart) {
  FlowCache cache(8);
  bool fresh = false;
  for (std::uint32_t i = 0; i < 8; ++i) cache.place(key(i), 5, i, fresh, kNobody).packets = i;
  for (std::uint32_t i = 0; i < 8; ++i) {
    EXPECT_EQ(cache.place(key(i), 5, 8, fresh, kNobody).packets, i);
    EXPECT_FALSE(fresh);
  }
}

TEST(FlowCache, TheOneSilentForLongestGoesAndIsHandedOver) {
  FlowCache cache(8);
  bool fresh = false;
  // Around the wrap of the clock.
  const Micros start = 0xffff'fffcU;
  for (std::uint32_t i = 0; i < 8; ++i) cache.place(key(i), 0, start + i, fresh, kNobody);
  cache.place(key(0), 0, start + 8, fresh, kNobody);
  std::vector<FlowKey> gone;
  std::int32_t silence = 0;
  cache.place(key(100), 0, start + 9, fresh, [&](Flow& flow, std::int32_t silent) {
    gone.push_back(flow.key());
    silence = silent;
  });
  EXPECT_EQ(gone, std::vector<FlowKey>{key(1)});
  EXPECT_EQ(silence, 8);
  EXPECT_TRUE(fresh);
}

// What a sweep drops gives its memory to who comes next, however often that happens.
TEST(FlowCache, PlacesAreUsedAgainAndAgain) {
  FlowCache cache(64);
  bool fresh = false;
  for (std::uint32_t round = 0; round < 100; ++round) {
    // Of each set six: two stay from the round before.
    for (std::uint32_t i = 0; i < 48; ++i) {
      Flow& flow = cache.place(key(1000 * round + i), i, round, fresh, kNobody);
      EXPECT_TRUE(fresh);
      EXPECT_EQ(flow.packets, 0U);
      flow.packets = 1000 * round + i;
    }
    std::size_t known = 0;
    cache.sweep(round, [&](const Flow& flow, std::int32_t) {
      EXPECT_EQ(flow.key(), key(flow.packets));
      ++known;
      return flow.packets >= 1000 * round && flow.packets % 1000 < 16;
    });
    EXPECT_EQ(known, round == 0 ? 48U : 64U);
  }
}

TEST(FlowCache, SweepShowsEachFlowAndDropsWhatIsDenied) {
  FlowCache cache(64);
  EXPECT_EQ(cache.capacity(), 64U);
  bool fresh = false;
  for (std::uint32_t i = 0; i < 40; ++i) cache.place(key(i), i, i, fresh, kNobody);
  std::map<std::uint32_t, std::int32_t> seen;
  cache.sweep(100, [&](const Flow& flow, std::int32_t silent) {
    seen[flow.ports] = silent;
    return flow.ports % 2 == 0;
  });
  EXPECT_EQ(seen.size(), 40U);
  EXPECT_EQ(seen[7], 93);
  seen.clear();
  cache.sweep(100, [&](const Flow& flow, std::int32_t) {
    seen[flow.ports] = 1;
    return true;
  });
  EXPECT_EQ(seen.size(), 20U);
  cache.place(key(7), 7, 101, fresh, kNobody);
  EXPECT_TRUE(fresh);
}

// Whatever is asked for in whatever order: each flow is there, or was handed over exactly once
// since.
TEST(FlowCache, LosesNothing) {
  EXPECT_TRUE(rc::check([] {
    const auto asked =
        *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 60));
    FlowCache cache(32);
    std::map<std::uint32_t, std::uint32_t> truth, told;
    const auto tell = [&](Flow& flow, std::int32_t) {
      told[flow.ports] += flow.packets;
      flow.packets = 0;
    };
    Micros now = 0;
    for (const std::uint32_t number : asked) {
      bool fresh = false;
      ++truth[number];
      Flow& flow = cache.place(key(number), number * 7, ++now, fresh, tell);
      RC_ASSERT(flow.key() == key(number));
      RC_ASSERT(fresh == (flow.packets == 0));
      ++flow.packets;
    }
    cache.sweep(now, [&](Flow& flow, std::int32_t) {
      tell(flow, 0);
      return true;
    });
    RC_ASSERT(told == truth);
  }));
}

}  // namespace
}  // namespace itnxt::pcap
