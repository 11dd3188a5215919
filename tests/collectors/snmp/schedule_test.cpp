// The heap of due times, request-ids and phases.
#include "collectors/snmp/schedule.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "collectors/snmp/request_ids.hpp"

namespace itnxt::snmp {
namespace {

RC_GTEST_PROP(Schedule, ADeviceIsDueExactlyWhenItsLastSetSaid, ()) {
  Schedule schedule(5);
  std::map<std::uint32_t, Instant> model;
  Instant now{};
  const auto steps = *rc::gen::container<std::vector<std::pair<std::uint32_t, int>>>(
      rc::gen::pair(rc::gen::inRange<std::uint32_t>(0, 5), rc::gen::inRange(-3, 10)));
  for (const auto& [device, delay] : steps) {
    if (delay >= 0) {
      schedule.set(device, now + delay * 1s);
      model[device] = now + delay * 1s;
      continue;
    }
    now += 2s;
    std::set<std::uint32_t> due;
    while (const auto popped = schedule.pop(now)) RC_ASSERT(due.insert(*popped).second);
    std::set<std::uint32_t> expected;
    for (auto at = model.begin(); at != model.end();) {
      if (at->second <= now) {
        expected.insert(at->first);
        at = model.erase(at);
      } else {
        ++at;
      }
    }
    RC_ASSERT(due == expected);
    RC_ASSERT(schedule.first().has_value() || model.empty());
  }
}

TEST(Schedule, ADeviceThatIsTakenOutIsNotDueAndItsPlaceCanBeUsedAgain) {
  Schedule schedule(1);
  schedule.resize(3);
  for (std::uint32_t device = 0; device < 3; ++device) schedule.set(device, Instant{} + 5s);
  schedule.clear(1);
  schedule.set(2, Instant{} + 8s);
  EXPECT_EQ(schedule.pop(Instant{} + 6s), 0U);
  EXPECT_EQ(schedule.pop(Instant{} + 6s), std::nullopt);
  schedule.set(1, Instant{} + 7s);
  EXPECT_EQ(schedule.pop(Instant{} + 9s), 1U);
  EXPECT_EQ(schedule.pop(Instant{} + 9s), 2U);
  EXPECT_EQ(schedule.pop(Instant{} + 99s), std::nullopt);
}

TEST(Phase, SpreadsEvenlyAndStaysTheSame) {
  constexpr Duration kInterval = 60s;
  std::array<int, 10> tenths{};
  for (int i = 0; i < 2000; ++i) {
    const Duration phase = phase_of("device-" + std::to_string(i), kInterval);
    ASSERT_GE(phase, Duration::zero());
    ASSERT_LT(phase, kInterval);
    ++tenths[static_cast<std::size_t>(phase / 6s)];
  }
  for (const int tenth : tenths) EXPECT_NEAR(tenth, 200, 60);
  static_assert(phase_of("md-core-1", kInterval) == phase_of("md-core-1", kInterval));
}

TEST(RequestIds, PositiveAndNotInSequence) {
  RequestIds ids;
  std::set<std::int32_t> seen;
  std::int32_t before = ids.next();
  int ascending = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::int32_t id = ids.next();
    ASSERT_GT(id, 0);
    seen.insert(id);
    if (id == before + 1) ++ascending;
    before = id;
  }
  EXPECT_GT(seen.size(), 995U);
  EXPECT_LT(ascending, 3);
}

RC_GTEST_PROP(RequestTable, FindsWhatIsInItAndNothingElse, ()) {
  constexpr std::uint32_t kMost = 6;
  RequestTable table(kMost);
  std::map<std::int32_t, std::uint32_t> model;
  // Few distinct ids with equal low bits: chains, holes and moves.
  const auto steps = *rc::gen::container<std::vector<std::pair<int, bool>>>(
      rc::gen::pair(rc::gen::inRange(1, 40), rc::gen::arbitrary<bool>()));
  for (const auto& [n, add] : steps) {
    const std::int32_t id = n * 8;
    if (add && model.size() < kMost) {
      RC_ASSERT(table.insert(id, static_cast<std::uint32_t>(n)) == !model.contains(id));
      model.emplace(id, static_cast<std::uint32_t>(n));
    } else {
      table.erase(id);
      model.erase(id);
    }
    for (int i = 1; i < 40; ++i) {
      const auto found = table.find(i * 8);
      RC_ASSERT(found.has_value() == model.contains(i * 8));
      if (found) RC_ASSERT(*found == model[i * 8]);
    }
  }
}

TEST(RequestTable, GrowsWithAllThatIsInIt) {
  RequestTable table(1);
  for (std::uint32_t most = 1; most <= 500; ++most) {
    table.reserve(most);
    ASSERT_TRUE(table.insert(static_cast<std::int32_t>(most * 16), most));
    for (std::uint32_t n = 1; n <= most; ++n) {
      ASSERT_EQ(table.find(static_cast<std::int32_t>(n * 16)), n);
    }
  }
}

}  // namespace
}  // namespace itnxt::snmp
