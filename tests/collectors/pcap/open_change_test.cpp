#include "collectors/pcap/open_change.hpp"

#include <gtest/gtest.h>

namespace itnxt::pcap {
namespace {

std::string seen(OpenChange& change, bool open, const std::string& trouble = {}) {
  CaptureSample sample;
  sample.open = open;
  sample.source = "eth1";
  sample.at = SourceTime(4s);
  const auto event = change.see(sample, trouble, WallTime(9s));
  if (!event) return "";
  EXPECT_EQ(event->at, SourceTime(4s));
  EXPECT_EQ(event->wall, WallTime(9s));
  EXPECT_TRUE(event->device.empty());
  EXPECT_EQ(event->details.front(), (std::pair<std::string, std::string>{"source", "eth1"}));
  return event->kind + ": " + event->text;
}

TEST(OpenChange, TellsEachBeginAndEndOnce) {
  OpenChange change;
  EXPECT_EQ(seen(change, false, "interface eth1 is missing"), "");  // never began
  EXPECT_EQ(seen(change, true), "capture_started: capture of eth1 has begun");
  EXPECT_EQ(seen(change, true), "");
  EXPECT_EQ(seen(change, false, "interface eth1 has gone"),
            "capture_stopped: capture of eth1 has stopped: interface eth1 has gone");
  EXPECT_EQ(seen(change, false), "");
  EXPECT_EQ(seen(change, true), "capture_started: capture of eth1 has begun");
  EXPECT_EQ(seen(change, false), "capture_stopped: capture of eth1 has stopped");
}

}  // namespace
}  // namespace itnxt::pcap
