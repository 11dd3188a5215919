#include "daemon/ctl/tail.hpp"

#include <gtest/gtest.h>

namespace itnxt::ctl {
namespace {

wire::StreamMessage message(std::uint64_t sequence, std::uint64_t epoch = 1) {
  return {epoch, sequence, WallTime(std::chrono::milliseconds(1'764'000'000'250)),
          wire::LinkState{"a", true, 1e9, 125e6, {}, 0.125, {}}};
}

TEST(Losses, AreCountedByTopicWithinAnEpoch) {
  Losses losses;
  EXPECT_EQ(losses.before("link.a", message(10)), 0U);  // what came before it is not ours
  EXPECT_EQ(losses.before("link.a", message(11)), 0U);
  EXPECT_EQ(losses.before("link.b", message(1)), 0U);
  EXPECT_EQ(losses.before("link.a", message(15)), 3U);
  EXPECT_EQ(losses.before("link.a", message(2, 2)), 0U);  // the aggregator began anew
  EXPECT_EQ(losses.before("link.a", message(4, 2)), 1U);
  EXPECT_EQ(losses.lost(), 4U);
  EXPECT_EQ(losses.messages(), 6U);
}

TEST(Tail, Lines) {
  EXPECT_EQ(tail_line(message(1)),
            "2025-11-24T16:00:00.250Z link a up  A → B 1.00 Gbit/s (12 %)  B → A - (-)\n");
  auto one = message(1);
  one.state = wire::InterfaceState{"d", "e1", {}, 0.0, {}, {}, {}};
  EXPECT_EQ(tail_line(one), "2025-11-24T16:00:00.250Z interface d e1 unknown  in 0 bit/s  out -\n");
  one.state = wire::AlertState{"LinkDown", "link a", "critical", "firing", {}, "a is down"};
  EXPECT_EQ(tail_line(one),
            "2025-11-24T16:00:00.250Z alert LinkDown firing (critical) link a: a is down\n");
  one.state = wire::CrisisState{"crisis", {"halle", "stendal"}};
  EXPECT_EQ(tail_line(one), "2025-11-24T16:00:00.250Z crisis crisis: halle, stendal\n");
}

TEST(Tail, Json) {
  EXPECT_EQ(tail_json("link.a", message(4)),
            R"({"a_to_b_bytes_per_second":125000000.0,"a_to_b_utilization_ratio":0.125,)"
            R"("at":"2025-11-24T16:00:00.250Z","b_to_a_bytes_per_second":null,)"
            R"("b_to_a_utilization_ratio":null,"capacity_bytes_per_second":1000000000.0,)"
            R"("link":"a","sequence":4,"topic":"link.a","up":true})"
            "\n");
}

}  // namespace
}  // namespace itnxt::ctl
