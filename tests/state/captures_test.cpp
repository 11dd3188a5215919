#include <gtest/gtest.h>

#include "tests/state/world.hpp"

namespace itnxt {
namespace {

using test::Poller;

TEST(Captures, TotalsDropsAndStaleness) {
  Table table(test::two_routers());
  Poller poller;
  const auto sample = [&](std::uint64_t dropped) {
    CaptureSample s;
    s.capture = CollectorName("tap");
    s.at = source_time(poller.now);
    s.interval = 10s;
    s.open = true;
    s.dropped[0] = Packets(dropped);
    return s;
  };
  poller.send(table, {sample(5)});
  EXPECT_EQ(poller.look(table)->captures[0].dropped_packets_per_second, std::nullopt);
  poller.pass(10s);
  poller.send(table, {sample(25)});
  EXPECT_EQ(poller.look(table)->captures[0].dropped_packets_per_second, 2.0);
  // Another node's capture of the same name would be the same series.
  Poller other = poller;
  other.node = NodeName("hal");
  other.send(table, {sample(0)});
  EXPECT_EQ(poller.look(table)->captures.size(), 1U);
  EXPECT_EQ(poller.look(table)->captures[0].sample.dropped[0], Packets(25));
  EXPECT_EQ(poller.look(table)->samples_refused, 1U);
  poller.pass(35s);
  table.tick(poller.now);
  EXPECT_EQ(poller.look(table)->captures.size(), 1U);
  poller.pass(1s);
  table.tick(poller.now);
  EXPECT_EQ(poller.look(table)->captures.size(), 0U);
}

TEST(Captures, TalkersStandBesideTheirCaptureUntilTheyAreStale) {
  Config config = test::two_routers();
  Table table(config);
  Poller poller;
  const auto capture = [&] {
    CaptureSample s;
    s.capture = CollectorName("tap");
    s.at = source_time(poller.now);
    s.interval = 10s;
    return s;
  };
  const auto talkers = [&](std::uint64_t packets) {
    TalkersSample s;
    s.capture = CollectorName("tap");
    s.at = source_time(poller.now);
    s.interval = 10s;
    s.packets = packets;
    return s;
  };
  Poller other = poller;
  other.node = NodeName("hal");
  other.send(table, {});
  poller.send(table, {talkers(1)});  // of a capture that nobody knows
  EXPECT_EQ(poller.look(table)->samples_refused, 1U);
  const std::uint64_t none = poller.look(table)->series;
  poller.send(table, {capture()});
  const std::uint64_t without = poller.look(table)->series;
  EXPECT_EQ(poller.look(table)->captures[0].talkers, nullptr);
  poller.send(table, {talkers(2)});
  poller.send(table, {talkers(3)});
  EXPECT_EQ(poller.look(table)->captures[0].talkers->packets, 3U);
  EXPECT_EQ(poller.look(table)->series, without + kSeriesOfTalkers);
  other.send(table, {talkers(4)});
  EXPECT_EQ(poller.look(table)->captures[0].talkers->packets, 3U);
  EXPECT_EQ(poller.look(table)->samples_refused, 2U);
  // The capture goes on, without talkers.
  poller.pass(30s);
  poller.send(table, {capture()});
  poller.pass(6s);
  table.tick(poller.now);
  EXPECT_EQ(poller.look(table)->captures[0].talkers, nullptr);
  EXPECT_EQ(poller.look(table)->series, without);
  poller.send(table, {talkers(5)});
  poller.pass(40s);
  table.tick(poller.now);
  EXPECT_EQ(poller.look(table)->captures.size(), 0U);
  EXPECT_EQ(poller.look(table)->series, none);
}

// A capture of the link md-hal on a node of its own, beside the polls of its ends.
class CoverageOfALink : public testing::Test {
 protected:
  Table table{test::two_routers()};
  Poller poller;
  Poller node = [] {
    Poller made;
    made.node = NodeName("hal");
    return made;
  }();

  void capture(std::uint64_t bytes, const char* link = "md-hal") {
    CaptureSample sample;
    sample.capture = CollectorName("tap");
    sample.link = LinkName(link);
    sample.at = source_time(node.now);
    sample.interval = 60s;
    sample.open = true;
    sample.traffic[0][0] = {Packets(bytes / 100), Bytes(bytes)};
    node.send(table, {sample});
  }
  void pass(Duration time) {
    poller.pass(time);
    node.pass(time);
    table.tick(poller.now);
  }
  void poll(const char* device, std::uint64_t in, std::uint64_t out) {
    poller.send(table, {poller.poll(device, {{1, "eth0", in, out}})});
  }
  std::optional<double> coverage() { return poller.look(table)->captures.at(0).coverage; }
};

TEST_F(CoverageOfALink, BytesSeenOfBytesCountedByTheFirstEndThatIsKnown) {
  std::uint64_t step = 0;
  for (; step < 90; ++step) {
    capture(75'000 * step);
    if (step % 6 == 0) poll("r2", 40'000 * step, 60'000 * step);
    pass(10s);
  }
  EXPECT_NEAR(coverage().value_or(0), 0.75, 0.02);
  for (; step < 180; ++step) {
    capture(75'000 * step);
    if (step % 6 == 0) poll("r1", 30'000 * step, 20'000 * step);
    if (step % 6 == 0) poll("r2", 40'000 * step, 60'000 * step);
    pass(10s);
  }
  EXPECT_NEAR(coverage().value_or(0), 1.5, 0.03);
}

TEST_F(CoverageOfALink, GoesWithThePort) {
  std::uint64_t step = 0;
  for (; step < 90; ++step) {
    capture(50'000 * step);
    if (step % 6 == 0) poll("r1", 50'000 * step, 0);
    pass(10s);
  }
  EXPECT_EQ(coverage(), 1.0);
  for (; step < 112; ++step) {
    capture(50'000 * step);
    pass(10s);
  }
  EXPECT_EQ(coverage(), std::nullopt);
}

TEST_F(CoverageOfALink, ALinkThatNobodyKnowsIsNone) {
  for (std::uint64_t step = 0; step < 90; ++step) {
    capture(50'000 * step, "elsewhere");
    if (step % 6 == 0) poll("r1", 50'000 * step, 0);
    pass(10s);
  }
  EXPECT_EQ(coverage(), std::nullopt);
}

}  // namespace
}  // namespace itnxt
