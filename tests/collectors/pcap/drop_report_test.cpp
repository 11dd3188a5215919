#include "collectors/pcap/drop_report.hpp"

#include <gtest/gtest.h>

namespace itnxt::pcap {
namespace {

TEST(DropReport, SaysHowManyOfHowManyAtOnceThenRarely) {
  DropReport report;
  std::string lines;
  std::uint64_t seen = 0, dropped = 0;
  for (int second = 0; second < 300; ++second) {
    seen += 1000;
    if (second >= 100 && second < 150) dropped += 200;
    const auto line = report.due(seen, dropped, Instant(second * 1s));
    if (!line) continue;
    lines += std::to_string(second) + (line->over ? " over: " : ": ") +
             std::to_string(line->dropped) + " of " + std::to_string(line->of) + "\n";
  }
  EXPECT_EQ(lines,
            "100: 200 of 1200\n"
            "110: 2000 of 12000\n"
            "130: 4000 of 24000\n"
            "170: 3800 of 43800\n"
            "269 over: 10000 of 180000\n");
}

TEST(DropReport, SaysWhatToDo) {
  DropReport report;
  EXPECT_FALSE(report.due(100, 0, Instant(0s)));
  EXPECT_EQ(report.due(200, 1, Instant(1s))->text,
            "packets are dropped unseen: counts are too low by them; raise 'buffer', lower "
            "'snaplen', or keep away by 'filter' what need not be counted");
  EXPECT_EQ(report.due(300, 1, Instant(200s))->text, "no more packets are dropped");
  EXPECT_FALSE(report.due(300, 1, Instant(900s)));
}

}  // namespace
}  // namespace itnxt::pcap
