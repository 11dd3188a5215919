// What the log says of a capture's packets.
#include "tests/collectors/pcap/file_collector.hpp"

namespace itnxt::pcap {
namespace {

using ::testing::ElementsAre;

TEST_F(PcapCollector, SaysOnceThatALinkTypeIsNotDecoded) {
  const std::string file = folder_ / "wifi.pcap";
  Savefile(file, 105).add(test::zeros(40));
  start(file);
  rounds_until(2);
  EXPECT_THAT(
      log_.lines,
      ElementsAre(
          "level=warning msg=\"link type IEEE802_11 is not decoded: its packets are counted "
          "as protocol other\" capture=tap file=" +
          file));
  EXPECT_EQ(test::count_of(samples().back(), Direction::unknown, Protocol::other),
            (TrafficCount{Packets(1), Bytes(40)}));
}

TEST_F(PcapCollector, SaysOnceThatPacketsWereMerged) {
  const std::string file = folder_ / "giants.pcap";
  Savefile(file).add(kTcpFrame, 9238).add(kTcpFrame, 9239).add(kTcpFrame, 60000);
  start(file);
  rounds_until(2);
  EXPECT_THAT(log_.lines,
              ElementsAre("level=warning msg=\"frames longer than any wire carries are in the "
                          "savefile: the network card that captured them had merged packets, so "
                          "counts and sizes are not those of the wire\" capture=tap file=" +
                          file));
}

TEST_F(PcapCollector, SaysOnceThatTheClockWasSetBack) {
  const std::string file = folder_ / "joined.pcap";
  Savefile(file).add(kTcpFrame, 0, 100).add(kTcpFrame, 0, 40).add(kTcpFrame, 0, 20);
  start(file);
  rounds_until(2);
  EXPECT_THAT(log_.lines,
              ElementsAre("level=warning msg=\"time stamps in the savefile go back by 60000 ms: a "
                          "clock was set back, or files were joined; what lasts is told from there "
                          "on anew (mergecap sorts joined files)\" capture=tap file=" +
                          file));
}

TEST_F(PcapCollector, SaysOnceThatTheSnaplenIsTooSmall) {
  const std::string file = folder_ / "cut.pcap";
  const Octets cut(kTcpFrame.begin(), kTcpFrame.begin() + 20);
  Savefile(file).add(kTcpFrame).add(cut, 1500).add(cut, 1500).add(kUdpFrame);
  start(file);
  rounds_until(2);
  loop_.advance(20s);
  EXPECT_THAT(log_.lines,
              ElementsAre("level=warning msg=\"the savefile's snaplen is too small for 50 % of the "
                          "packets: headers are hidden, so they are counted as other or without "
                          "their ports; capture with a larger one (tcpdump -s 128)\" capture=tap "
                          "file=" +
                          file));
  const CaptureSample last = samples().back();
  for (const Packets malformed : last.malformed) EXPECT_EQ(malformed, Packets(0));
  EXPECT_EQ(test::count_of(last, Direction::unknown, Protocol::other),
            (TrafficCount{Packets(2), Bytes(3000)}));
}

}  // namespace
}  // namespace itnxt::pcap
