#include <gtest/gtest.h>

#include "daemon/io/credit.hpp"
#include "daemon/io/publish_pace.hpp"

namespace itnxt {
namespace {

TEST(Credit, FallsWithTheLagOfTheLoop) {
  struct Row {
    Duration lag;
    std::uint32_t credit;
  };
  for (const Row& row : {Row{0s, 64}, Row{10ms, 64}, Row{11ms, 32}, Row{20ms, 32}, Row{21ms, 16},
                         Row{40ms, 16}, Row{80ms, 8}, Row{160ms, 4}, Row{320ms, 2}, Row{640ms, 1},
                         Row{999ms, 1}, Row{1s, 1}, Row{1h, 1}}) {
    EXPECT_EQ(credit_for(row.lag), row.credit) << row.lag.count();
  }
}

TEST(PublishPace, EventsGoAtOnceAsLongAsThatIsCheap) {
  PublishPace pace;
  const Instant now(1000s);
  EXPECT_EQ(pace.wait(false, now), 0s);
  pace.published(now);
  EXPECT_EQ(pace.wait(false, now), 100ms);
  EXPECT_EQ(pace.wait(false, now + 30ms), 70ms);
  EXPECT_EQ(pace.wait(true, now), 1ms);
  EXPECT_EQ(pace.wait(true, now + 5ms), 0s);
  pace.took(5ms);
  EXPECT_EQ(pace.wait(true, now), 20ms);
  EXPECT_EQ(pace.wait(true, now + 15ms), 5ms);
  pace.took(1s);
  EXPECT_EQ(pace.wait(true, now), 100ms) << "never later than a batch";
}

}  // namespace
}  // namespace itnxt
