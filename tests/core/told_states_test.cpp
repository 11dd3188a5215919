// What was told lately and comes again; states stand in tests/io/event_log_test.cpp.
#include "daemon/core/told_states.hpp"

#include <gtest/gtest.h>

namespace itnxt {
namespace {

Event inform(const std::string& name, Duration at) {
  Event event;
  event.kind = "trap";
  event.once = name;
  event.wall = WallTime(1000h + at);
  return event;
}

TEST(ToldStates, WhatIsToldOnceIsNewsOnceWithinTheWindow) {
  ToldStates told;
  EXPECT_TRUE(told.is_news(inform("a", 0s)));
  EXPECT_FALSE(told.is_news(inform("a", 1s)));
  EXPECT_TRUE(told.is_news(inform("b", 1s)));
  EXPECT_FALSE(told.is_news(inform("a", ToldStates::kOnceWithin - 1ns)));
  EXPECT_TRUE(told.is_news(inform("a", ToldStates::kOnceWithin)))
      << "a device that has restarted counts its requests anew";
  EXPECT_TRUE(told.is_news(inform("", 0s)));
  EXPECT_TRUE(told.is_news(inform("", 0s)));
}

TEST(ToldStates, AnotherProcessKnowsItToo) {
  ToldStates told;
  EXPECT_TRUE(told.is_news(inform("a", 0s)));
  ToldStates next;
  next.load(told.take_changes());
  EXPECT_FALSE(next.is_news(inform("a", 1s)));
  EXPECT_TRUE(next.is_news(inform("b", ToldStates::kOnceWithin)));
  ToldStates::Kinds changes = next.take_changes();
  EXPECT_EQ(changes.size(), 2U) << "a is too old and goes from the disk, b comes";
}

TEST(ToldStates, ItIsBounded) {
  ToldStates told;
  std::size_t rows = 0;
  for (std::size_t i = 0; i < 2 * ToldStates::kMostOnce; ++i) {
    EXPECT_TRUE(told.is_news(inform(std::to_string(i), 1us * static_cast<int>(i))));
    for (const auto& [key, when] : told.take_changes()) when.empty() ? --rows : ++rows;
  }
  EXPECT_EQ(rows, ToldStates::kMostOnce);
  EXPECT_TRUE(told.is_news(inform("0", 1s))) << "the oldest go";
  EXPECT_FALSE(told.is_news(inform(std::to_string(2 * ToldStates::kMostOnce - 1), 1s)));
  Event state;
  state.kind = "target_unreachable";
  state.state = {"target", false};
  EXPECT_TRUE(told.is_news(state));
  EXPECT_FALSE(told.is_news(state)) << "states have room of their own";
}

// As in memory only, or while the disk is full.
TEST(ToldStates, WhatNeverGetsToTheDiskIsBoundedToo) {
  ToldStates told;
  for (std::size_t i = 0; i < 2 * ToldStates::kMostOnce; ++i) {
    EXPECT_TRUE(told.is_news(inform(std::to_string(i), 1us * static_cast<int>(i))));
  }
  ToldStates::Kinds changes = told.take_changes();
  EXPECT_EQ(changes.size(), ToldStates::kMostOnce);
  EXPECT_TRUE(told.is_news(inform("another", ToldStates::kOnceWithin + 1s)));
  told.give_back(std::move(changes));
  EXPECT_EQ(told.take_changes().size(), 1U) << "what is too old meanwhile needs no disk";
}

TEST(ToldStates, WhatHasToGoFromTheDiskIsNotForgotten) {
  ToldStates told;
  EXPECT_TRUE(told.is_news(inform("a", 0s)));
  (void)told.take_changes();  // there it is
  EXPECT_TRUE(told.is_news(inform("b", ToldStates::kOnceWithin)));
  ToldStates::Kinds changes = told.take_changes();
  EXPECT_EQ(changes.size(), 2U);
  told.give_back(std::move(changes));
  EXPECT_EQ(told.take_changes().size(), 2U);
}

TEST(ToldStates, OneMemoryIsRecalledAsWellAsAllOfAKind) {
  ToldStates told;
  told.remember("device d1", "one");
  told.remember("device d10", "ten");
  told.remember("interface d", "up");
  using All = Memories;
  EXPECT_EQ(told.recall("device d1", Recall::of_name), (All{{"device d1", "one"}}));
  EXPECT_EQ(told.recall("device d", Recall::of_name), All{});
  EXPECT_EQ(told.recall("device d2", Recall::of_name), All{});
  EXPECT_EQ(told.recall("device ", Recall::of_prefix),
            (All{{"device d1", "one"}, {"device d10", "ten"}}));
}

TEST(ToldStates, MemoriesAreBoundedByBytes) {
  ToldStates told;
  const std::string large(ToldStates::kMostOfMemory, 'x');
  const auto known = [&](const std::string& name) {
    return !told.recall(name, Recall::of_name).empty();
  };
  told.remember("a", large);
  EXPECT_TRUE(known("a"));
  told.remember("a", large + 'x');
  EXPECT_FALSE(known("a")) << "what it was before is true no more";
  constexpr std::size_t kFit = ToldStates::kMostBytes / ToldStates::kMostOfMemory;
  for (std::size_t i = 0; i < kFit; ++i) told.remember(std::to_string(i), large);
  EXPECT_TRUE(known(std::to_string(kFit - 1)));
  told.remember("b", "y");
  EXPECT_FALSE(known("b"));
  told.remember("0", "z");
  told.remember("b", "y");
  EXPECT_TRUE(known("b"));
  ToldStates next;
  next.load(told.take_changes());
  next.remember("c", large);
  EXPECT_TRUE(next.recall("c", Recall::of_name).empty()) << "a later process counts them, too";
}

TEST(ToldStates, AClockThatWasSetBackKeepsNothingForEver) {
  ToldStates told;
  EXPECT_TRUE(told.is_news(inform("a", 24h)));
  EXPECT_TRUE(told.is_news(inform("a", 0s)));
  EXPECT_FALSE(told.is_news(inform("a", 1s)));
}

}  // namespace
}  // namespace itnxt
