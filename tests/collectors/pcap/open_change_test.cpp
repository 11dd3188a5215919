#include "collectors/pcap/open_change.hpp"

#include <gtest/gtest.h>

namespace itnxt::pcap {
namespace {

using Details = std::vector<std::pair<std::string, std::string>>;

CaptureSample sample_of(bool open) {
  CaptureSample sample;
  sample.open = open;
  sample.source = "eth1";
  sample.at = SourceTime(4s);
  return sample;
}

std::string text(const std::optional<Event>& event) {
  if (!event) return "";
  EXPECT_EQ(event->at, SourceTime(4s));
  EXPECT_EQ(event->wall, WallTime(9s));
  EXPECT_TRUE(event->device.empty());
  EXPECT_FALSE(event->state);  // told at each start, whatever was told before
  EXPECT_EQ(event->details.at(0), (std::pair<std::string, std::string>{"source", "eth1"}));
  return event->kind + ": " + event->text;
}

std::string seen(OpenChange& change, bool open, const std::string& trouble = {}) {
  return text(change.see(sample_of(open), trouble, {{"snaplen", "128"}}, WallTime(9s)));
}
std::string ended(OpenChange& change, const StopReason& reason) {
  return text(change.end(sample_of(true), reason, WallTime(9s)));
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

TEST(OpenChange, TellsAnEndInGoodOrderWithItsReason) {
  OpenChange change;
  EXPECT_EQ(ended(change, kEnded), "");  // never began
  EXPECT_EQ(seen(change, true), "capture_started: capture of eth1 has begun");
  EXPECT_EQ(ended(change, kEnded), "capture_stopped: capture of eth1 has stopped: itnxtd ended");
  EXPECT_EQ(ended(change, kEnded), "");
  EXPECT_EQ(seen(change, true), "capture_started: capture of eth1 has begun");
  EXPECT_EQ(ended(change, kReload),
            "capture_stopped: capture of eth1 has stopped: the configuration has changed");
  EXPECT_EQ(seen(change, true), "capture_started: capture of eth1 has begun");
  EXPECT_EQ(ended(change, kRemoved),
            "capture_stopped: capture of eth1 has stopped: it was removed from the configuration");
}

TEST(OpenChange, SaysWithWhatItBeganAndWhyItStopped) {
  OpenChange change;
  EXPECT_EQ(change.see(sample_of(true), "", {{"snaplen", "128"}}, WallTime(9s))->details,
            (Details{{"source", "eth1"}, {"snaplen", "128"}}));
  EXPECT_EQ(change.see(sample_of(false), "gone", {{"snaplen", "128"}}, WallTime(9s))->details,
            (Details{{"source", "eth1"}, {"reason", "trouble"}}));
}

}  // namespace
}  // namespace itnxt::pcap
