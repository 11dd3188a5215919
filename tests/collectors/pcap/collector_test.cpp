#include <sys/stat.h>

#include "collectors/pcap/open_change.hpp"
#include "tests/collectors/pcap/file_collector.hpp"

namespace itnxt::pcap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// How the series of the last sample are called.
std::vector<std::string> names(const std::vector<SeriesSample>& samples) {
  std::vector<std::string> found;
  for (const SeriesFamily& family : samples.back().families) found.push_back(family.name);
  return found;
}

TEST_F(PcapCollector, ReadsASavefileToItsEndAndKeepsItsTotals) {
  const std::string file = folder_ / "two.pcap";
  Savefile(file).add(kTcpFrame).add(kUdpFrame, 9000).add(test::ethernet(0x0800, {}));
  start(file);
  rounds_until(2);

  ASSERT_EQ(samples().size(), 2U);
  const CaptureSample opened = samples()[0];
  EXPECT_EQ(opened.capture.text(), "tap");
  EXPECT_EQ(opened.source, file);
  EXPECT_EQ(opened.interval, 10s);
  EXPECT_TRUE(opened.open);
  EXPECT_EQ(opened.total().packets, Packets(0));

  const CaptureSample finished = samples()[1];
  EXPECT_TRUE(finished.open);
  EXPECT_EQ(test::count_of(finished, Direction::unknown, Protocol::tcp),
            (TrafficCount{Packets(1), Bytes(54)}));
  EXPECT_EQ(test::count_of(finished, Direction::unknown, Protocol::udp),
            (TrafficCount{Packets(1), Bytes(9000)}));
  EXPECT_EQ(test::count_of(finished, Direction::unknown, Protocol::other),
            (TrafficCount{Packets(1), Bytes(14)}));
  EXPECT_EQ(finished.malformed[static_cast<std::size_t>(Malformed::truncated)], Packets(1));
  EXPECT_EQ(finished.dropped[0] + finished.dropped[1], Packets(0));

  loop_.advance(25s);
  ASSERT_EQ(samples().size(), 4U);
  EXPECT_EQ(samples()[2].at, SourceTime(10s));
  EXPECT_EQ(samples()[3].at, SourceTime(20s));
  EXPECT_TRUE(samples()[3].open);
  EXPECT_EQ(samples()[3].total(), finished.total());
  EXPECT_THAT(log_.lines, IsEmpty());
  EXPECT_EQ(loop_.timers(), 1U);  // the next sample; nothing is read any more
}

TEST_F(PcapCollector, AnEmptySavefileIsFinishedAtOnce) {
  const std::string file = folder_ / "empty.pcap";
  { Savefile made(file); }
  start(file);
  rounds_until(2);
  EXPECT_THAT(open_flags(), ElementsAre(true, true));
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(PcapCollector, ReadsInBoundedPieces) {
  const std::string file = folder_ / "many.pcap";
  {
    Savefile made(file);
    for (int i = 0; i < 10000; ++i) made.add(kTcpFrame);
  }
  start(file);
  EXPECT_EQ(rounds_until(2), 4);  // 4096, 4096, 1808, the end
  EXPECT_EQ(samples().back().total().packets, Packets(10000));
}

TEST_F(PcapCollector, AFilterThatMatchesNothingDoesNotUnboundThePieces) {
  const std::string file = folder_ / "many.pcap";
  {
    Savefile made(file);
    for (int i = 0; i < 10000; ++i) made.add(kTcpFrame);
  }
  start(file, "udp");
  EXPECT_EQ(rounds_until(2), 4);
  EXPECT_EQ(samples().back().total().packets, Packets(0));
}

TEST_F(PcapCollector, HugePacketsMakeSmallerPieces) {
  const std::string file = folder_ / "huge.pcap";
  {
    Savefile made(file);
    const Octets huge = kTcpFrame + test::zeros(262144 - kTcpFrame.size());
    for (int i = 0; i < 40; ++i) made.add(huge);
  }
  start(file);
  EXPECT_GE(rounds_until(2), 3);  // 8 MiB, what is left, the end
  EXPECT_EQ(samples().back().total(), (TrafficCount{Packets(40), Bytes(40 * 262144)}));
}

TEST_F(PcapCollector, FiltersASavefile) {
  const std::string file = folder_ / "two.pcap";
  Savefile(file).add(kTcpFrame).add(kUdpFrame);
  start(file, "ip6 and udp port 53");
  rounds_until(2);
  EXPECT_EQ(samples().back().total().packets, Packets(1));
  EXPECT_EQ(test::count_of(samples().back(), Direction::unknown, Protocol::udp).packets,
            Packets(1));
}

TEST_F(PcapCollector, TellsDirectionInCookedSavefiles) {
  const std::string file = folder_ / "cooked.pcap";
  const Octets packet = test::ipv4(6, test::tcp());
  Savefile(file, 113)
      .add(test::cooked(0, 1, 0x0800, packet))
      .add(test::cooked(4, 1, 0x0800, packet))
      .add(test::cooked(4, 1, 0x0800, packet));
  start(file);
  rounds_until(2);
  EXPECT_EQ(test::count_of(samples().back(), Direction::receive, Protocol::tcp).packets,
            Packets(1));
  EXPECT_EQ(test::count_of(samples().back(), Direction::transmit, Protocol::tcp).packets,
            Packets(2));
}

TEST_F(PcapCollector, TellsSeriesThatBearItsNameWhileItIsOpen) {
  const std::string file = folder_ / "one.pcap";
  Savefile(file).add(test::ethernet(0x8100, test::tag(0x0800, test::ipv4(6, test::tcp()))));
  start(file);
  rounds_until(2);
  const auto series = sink_.all<SeriesSample>();
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series.back().owner, SeriesOwner::capture);
  EXPECT_TRUE(series.back().device.empty());
  EXPECT_EQ(series.back().interval, Duration(10s));
  EXPECT_THAT(
      names(series),
      ElementsAre("itnxt_capture_dscp_bytes_total", "itnxt_capture_vlan_packets_total",
                  "itnxt_capture_vlan_bytes_total", "itnxt_capture_packet_size_bytes",
                  "itnxt_capture_peak_bytes", "itnxt_capture_broadcast_packets_total",
                  "itnxt_capture_multicast_packets_total", "itnxt_capture_giant_packets_total",
                  "itnxt_capture_cut_packets_total", "itnxt_capture_time_set_back_total",
                  "itnxt_capture_tcp_rtt_seconds", "itnxt_capture_tcp_retransmissions_total",
                  "itnxt_capture_tcp_out_of_order_total", "itnxt_capture_tcp_zero_windows_total",
                  "itnxt_capture_tcp_resets_total", "itnxt_capture_tcp_unanswered_total"));
}

TEST_F(PcapCollector, DirectionIsToldByLocalNetworks) {
  const std::string file = folder_ / "prefixes.pcap";
  Savefile(file).add(kTcpFrame).add(kUdpFrame);
  PcapCollectorConfig config;
  config.name = CollectorName("tap");
  config.file = file;
  config.local_prefixes = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}, 128}};
  collector_ = make_pcap_collector(config, {loop_, sink_, log_});
  collector_->start();
  rounds_until(2);
  EXPECT_EQ(test::count_of(samples().back(), Direction::transmit, Protocol::tcp).packets,
            Packets(1));
  EXPECT_EQ(test::count_of(samples().back(), Direction::unknown, Protocol::udp).packets,
            Packets(1));
}

TEST_F(PcapCollector, ACaptureThatIsNotOpenTellsNoSeries) {
  start(folder_ / "none.pcap");
  EXPECT_EQ(samples().size(), 1U);
  EXPECT_THAT(sink_.all<SeriesSample>(), IsEmpty());
}

TEST_F(PcapCollector, AStormInASavefileIsAnEvent) {
  const std::string file = folder_ / "storm.pcap";
  Octets frame = test::ethernet(0x0806, test::arp());
  std::fill_n(frame.begin(), 6, 0xff);
  {
    Savefile out(file);
    for (std::size_t second = 100; second < 106; ++second) {
      for (int i = 0; i < 5001; ++i) out.add(frame, 0, second);
    }
  }
  start(file);
  rounds_until(2);
  ASSERT_EQ(sink_.events.size(), 2U);
  EXPECT_EQ(sink_.events[0].kind, "capture_started");
  EXPECT_EQ(sink_.events[0].details,
            (CaptureFacts{{"source", file},
                          {"direction", "as Linux cooked frames say, else not known"},
                          {"addresses", "pseudonym"}}));
  EXPECT_EQ(sink_.events[1].kind, "broadcast_storm_began");
  EXPECT_EQ(sink_.events[1].wall, WallTime(100s));
  EXPECT_EQ(sink_.events[1].text,
            "a broadcast storm rages for 5 s: 25005 packets, at most 5001 in a second");
  EXPECT_EQ(sink_.events[1].details.back(), (std::pair<std::string, std::string>{"source", file}));
}

TEST_F(PcapCollector, TellsItsEndInGoodOrder) {
  const std::string file = folder_ / "two.pcap";
  Savefile(file).add(kTcpFrame);
  start(file, "tcp");
  rounds_until(2);
  collector_->end(Ending::shutdown);
  collector_.reset();
  ASSERT_EQ(sink_.events.size(), 2U);
  EXPECT_EQ(sink_.events[0].details.back(), (std::pair<std::string, std::string>{"filter", "tcp"}));
  EXPECT_EQ(sink_.events[1].kind, "capture_stopped");
  EXPECT_EQ(sink_.events[1].text, "capture of " + file + " has stopped: itnxtd ended");
  EXPECT_EQ(sink_.events[1].details, (CaptureFacts{{"source", file}, {"reason", "ended"}}));
}

TEST_F(PcapCollector, ASavefileIsReadAnewOnlyForWhatItIsReadBy) {
  const std::string file = folder_ / "two.pcap";
  Savefile(file).add(kTcpFrame);
  start(file);
  rounds_until(2);
  config_.interval = 1s;
  config_.talkers.top = 1;
  config_.snaplen = 64;
  ASSERT_TRUE(collector_->update(config_));
  EXPECT_EQ(samples().back().total().packets, Packets(1));
  loop_.advance(1s);
  EXPECT_EQ(samples().back().at, SourceTime(1s));
  EXPECT_EQ(sink_.events.size(), 1U);
  config_.filter = "tcp";
  EXPECT_FALSE(collector_->update(config_));
}

TEST_F(PcapCollector, InterfacesOfAnyResolutionShareOneTime) {
  const std::string file = folder_ / "two.pcapng";
  test::write_blocks(file, test::interface_block(1, 6) + test::interface_block(1, 9) +
                               test::packet_block(0, 1'700'000'000'000'000, kTcpFrame) +
                               test::packet_block(1, 1'700'000'000'000'500'000, kTcpFrame) +
                               test::packet_block(0, 1'700'000'000'000'700, kTcpFrame));
  start(file);
  rounds_until(2);
  EXPECT_THAT(log_.lines, IsEmpty());
  EXPECT_EQ(samples().back().total().packets, Packets(3));
  const std::vector<SeriesSample> told = sink_.all<SeriesSample>();
  for (const SeriesFamily& family : told.back().families) {
    if (family.name != "itnxt_capture_peak_bytes") continue;
    EXPECT_EQ(std::get<double>(family.rows.at(0).value),
              3.0 * static_cast<double>(kTcpFrame.size()));
  }
}

TEST_F(PcapCollector, SaysWhatToDoWithASavefileOfSeveralLinkTypes) {
  const std::string file = folder_ / "mixed.pcapng";
  test::write_blocks(file, test::interface_block(1, 6) +
                               test::packet_block(0, 1'700'000'000'000'000, kTcpFrame) +
                               test::interface_block(101, 6) +
                               test::packet_block(1, 1'700'000'001'000'000, kTcpFrame));
  start(file);
  rounds_until(2);
  EXPECT_EQ(samples().back().total().packets, Packets(1));
  EXPECT_THAT(
      log_.lines,
      ElementsAre("level=error msg=\"savefile " + file +
                  " cannot be read on after packet 1: an interface has a type 101 different "
                  "from the type of the first interface; what was read before is counted: "
                  "capture each interface into a file of its own\" capture=tap file=" +
                  file));
}

TEST_F(PcapCollector, KeepsWhatItReadOfATruncatedSavefile) {
  const std::string file = folder_ / "cut.pcap";
  {
    Savefile made(file);
    made.add(kTcpFrame).add(kUdpFrame);
    made.put(test::u32(1) + test::u32(2));
  }
  start(file);
  rounds_until(2);
  EXPECT_THAT(
      log_.lines,
      ElementsAre("level=error msg=\"savefile " + file +
                  " cannot be read on after packet 2: truncated dump file; tried to read 16 "
                  "header bytes, only got 8; what was read before is counted\" capture=tap "
                  "file=" +
                  file));
  EXPECT_THAT(open_flags(), ElementsAre(true, false));
  EXPECT_EQ(samples().back().total().packets, Packets(2));
  loop_.advance(120s);  // another try would meet the same
  EXPECT_EQ(log_.lines.size(), 1U);
  EXPECT_EQ(samples().size(), 2U + 12U);
  EXPECT_FALSE(samples().back().open);
  EXPECT_EQ(samples().back().total().packets, Packets(2));
}

TEST_F(PcapCollector, WaitsForAMissingSavefile) {
  const std::string file = folder_ / "later.pcap";
  start(file);
  EXPECT_THAT(open_flags(), ElementsAre(false));
  const std::string said = "level=error msg=\"cannot read savefile " + file +
                           ": No such file or directory; it is tried again, correct 'file' or its "
                           "permissions\" capture=tap file=" +
                           file;
  EXPECT_THAT(log_.lines, ElementsAre(said));
  loop_.advance(8s);  // tried at 1, 3 and 7 s, said once
  EXPECT_THAT(log_.lines, ElementsAre(said));
  Savefile(file).add(kTcpFrame);
  loop_.advance(6s);
  EXPECT_EQ(samples().back().open, false);  // not before 15 s
  EXPECT_EQ(samples().size(), 2U);
  loop_.advance(1s);
  rounds_until(4);
  EXPECT_THAT(open_flags(), ElementsAre(false, false, true, true));
  EXPECT_EQ(samples().back().total().packets, Packets(1));
  EXPECT_THAT(log_.lines,
              ElementsAre(said, "level=notice msg=\"capturing again\" capture=tap file=" + file));
}

TEST_F(PcapCollector, TriesAgainAfter30SecondsAtTheLatest) {
  const std::string file = folder_ / "later.pcap";
  start(file);
  loop_.advance(1h);
  Savefile(file).add(kTcpFrame);
  const std::size_t before = samples().size();
  loop_.advance(30s);
  EXPECT_GE(samples().size(), before + 3 + 2);
  EXPECT_TRUE(samples().back().open);
}

TEST_F(PcapCollector, RefusesWhatIsNoCapture) {
  const std::string file = folder_ / "text.pcap";
  { std::ofstream(file) << "this is no capture, it only is called one"; }
  start(file);
  EXPECT_THAT(open_flags(), ElementsAre(false));
  EXPECT_THAT(log_.lines, ElementsAre("level=error msg=\"savefile " + file +
                                      " is no capture libpcap can read: unknown file format; "
                                      "correct 'file'\" capture=tap file=" +
                                      file));
  loop_.advance(120s);
  EXPECT_EQ(log_.lines.size(), 1U);
}

TEST_F(PcapCollector, RefusesAFileOfNothing) {
  const std::string file = folder_ / "nothing.pcap";
  { std::ofstream made(file); }
  start(file);
  EXPECT_THAT(log_.lines,
              ElementsAre("level=error msg=\"savefile " + file +
                          " is no capture libpcap can read: truncated dump file; tried to read 4 "
                          "file header bytes, only got 0; correct 'file'\" capture=tap file=" +
                          file));
}

TEST_F(PcapCollector, RefusesAFolderAndAFifoWithoutWaitingForIt) {
  const std::string fifo = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  start(fifo);
  EXPECT_THAT(log_.lines,
              ElementsAre("level=error msg=\"savefile " + fifo +
                          " is no regular file; correct 'file'\" capture=tap file=" + fifo));
  log_.lines.clear();
  start("/");
  EXPECT_THAT(log_.lines, ElementsAre("level=error msg=\"savefile / is no regular file; correct "
                                      "'file'\" capture=tap file=/"));
}

TEST_F(PcapCollector, RefusesABadFilter) {
  const std::string file = folder_ / "one.pcap";
  Savefile(file).add(kTcpFrame);
  start(file, "tcpp");
  EXPECT_THAT(open_flags(), ElementsAre(false));
  EXPECT_THAT(log_.lines,
              ElementsAre("level=error msg=\"filter \\\"tcpp\\\" is no BPF filter for this link "
                          "type: can't parse filter expression: syntax error; correct 'filter' "
                          "(see pcap-filter(7))\" capture=tap file=" +
                          file));
  loop_.advance(120s);
  EXPECT_EQ(log_.lines.size(), 1U);
}

TEST_F(PcapCollector, PublishesNothingOnceItIsGone) {
  const std::string file = folder_ / "one.pcap";
  Savefile(file).add(kTcpFrame);
  start(file);
  EXPECT_EQ(samples().size(), 1U);
  collector_.reset();
  loop_.advance(60s);
  EXPECT_EQ(samples().size(), 1U);
  EXPECT_EQ(loop_.timers(), 0U);
}

}  // namespace
}  // namespace itnxt::pcap
