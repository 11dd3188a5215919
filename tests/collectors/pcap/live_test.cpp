// What a capture on an interface sees, and what it makes of one that goes and comes.
#include "tests/collectors/pcap/live.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>

#include <algorithm>

#include "collectors/pcap/interface.hpp"
#include "collectors/pcap/loss.hpp"

namespace itnxt::pcap {
namespace {

// Without CAP_NET_RAW while it lives.
class Unprivileged {
 public:
  Unprivileged() {
    read();
    const auto kept = data_[0].effective;
    data_[0].effective &= ~(1U << CAP_NET_RAW);
    write();
    data_[0].effective = kept;
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  ~Unprivileged() { write(); }

 private:
  void read() { (void)::syscall(SYS_capget, &header_, data_); }
  void write() { (void)::syscall(SYS_capset, &header_, data_); }
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data_[2]{};
};

const std::string kDown =
    "level=error msg=\"interface tap is down: capturing goes on as soon as it is up (ip link set "
    "tap up)\" capture=live interface=tap";
const std::string kGone =
    "level=error msg=\"capturing on tap ended: The interface disappeared; it is opened again as "
    "soon as that is possible\" capture=live interface=tap";
const std::string kBack = "level=notice msg=\"capturing again\" capture=live interface=tap";

std::vector<std::string> texts(const std::vector<Event>& events) {
  std::vector<std::string> found;
  for (const Event& event : events) found.push_back(event.text);
  return found;
}

TEST_F(PcapLive, KnowsHowLongAFrameCanBe) {
  ASSERT_TRUE(run("ip link set tap mtu 1400"));
  EXPECT_EQ(vantage_of("tap").mtu, 1400U);
  EXPECT_EQ(longest_frame(vantage_of("tap")), 1400U + 14 + 8 + 16);
  EXPECT_EQ(vantage_of("nothing").mtu, 0U);
  EXPECT_EQ(longest_frame({}), 9238U);
}

TEST_F(PcapLive, CountsWhatTheSenderSent) {
  start("tap");
  EXPECT_TRUE(last().open);
  EXPECT_EQ(last().source, "tap");
  const FrameSender far("far");
  const FrameSender tap("tap");
  const Octets tagged =
      test::ethernet(0x8100, test::tag(0x86dd, test::ipv6(58, test::icmp() + test::zeros(40))));
  const Octets twice_tagged =
      test::ethernet(0x88a8, test::tag(0x8100, test::tag(0x0806, test::arp() + test::zeros(20))));
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(far.send(kToUs));
    if (i % 2 == 0) {
      ASSERT_TRUE(far.send(tagged));
    }
    if (i % 4 == 0) {
      ASSERT_TRUE(far.send(twice_tagged));
    }
    if (i % 5 == 0) {
      ASSERT_TRUE(tap.send(kFromUs));
    }
  }
  ASSERT_TRUE(wait_for_marker(far));

  const CaptureSample sample = last();
  const auto expect = [&](Direction direction, Protocol protocol, std::size_t packets,
                          const Octets& frame) {
    EXPECT_EQ(test::count_of(sample, direction, protocol),
              (TrafficCount{Packets(packets), Bytes(packets * frame.size())}));
  };
  expect(Direction::receive, Protocol::tcp, 1000, kToUs);  // 1054 bytes each, 128 captured
  expect(Direction::receive, Protocol::icmpv6, 500, tagged);
  expect(Direction::receive, Protocol::arp, 250, twice_tagged);
  expect(Direction::transmit, Protocol::udp, 200, kFromUs);
  EXPECT_EQ(sample.total().packets, Packets(1950 + 1));  // and the marker
  for (const Packets malformed : sample.malformed) EXPECT_EQ(malformed, Packets(0));
  for (const Packets dropped : sample.dropped) EXPECT_EQ(dropped, Packets(0));
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(PcapLive, TheSmallestBufferStillCarriesABurst) {
  start("tap", "", 1);
  const FrameSender far("far");
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(far.send(kToUs));
  ASSERT_TRUE(wait_for_packets(2000));
}

TEST_F(PcapLive, IsIdleWhenTheWireIs) {
  start("tap");
  ASSERT_TRUE(wait_for_samples(1));
  expect_idle_for(2s);  // ten samples, two looks a second
}

TEST_F(PcapLive, FiltersInTheKernel) {
  start("tap", "vlan and ip6");
  const FrameSender far("far");
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(far.send(kToUs));
    ASSERT_TRUE(far.send(test::ethernet(0x8100, test::tag(0x86dd, test::ipv6(17, test::udp())))));
  }
  ASSERT_TRUE(wait_for_packets(100));  // in order: all that was kept away came before the last
  EXPECT_EQ(test::count_of(last(), Direction::receive, Protocol::udp).packets, Packets(100));
  EXPECT_EQ(last().total().packets, Packets(100));
}

TEST_F(PcapLive, FollowsAChangedAddress) {
  start("tap");
  const FrameSender tap("tap");
  const Octets other =
      Octets{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9} + test::u16(0x88b5) + test::zeros(46);
  ASSERT_TRUE(tap.send(other));
  ASSERT_TRUE(wait_for_packets(1));
  EXPECT_EQ(test::count_of(last(), Direction::receive, Protocol::other).packets, Packets(1));
  ASSERT_TRUE(run("ip link set tap address 02:00:00:00:00:09"));
  ASSERT_TRUE(itnxt::test::run_until(loop_, [&] {
    EXPECT_TRUE(tap.send(other));
    return test::count_of(last(), Direction::transmit, Protocol::other).packets.count() > 0;
  }));
}

TEST_F(PcapLive, SeesLoopbackOnceAsReceived) {
  ASSERT_TRUE(run("ip link set lo up"));
  start("lo", "udp");
  ASSERT_TRUE(run("bash -c 'for i in 1 2 3; do echo x >/dev/udp/127.0.0.1/9; done'"));
  ASSERT_TRUE(wait_for_packets(3));
  ASSERT_TRUE(wait_for_samples(2));
  EXPECT_EQ(test::count_of(last(), Direction::receive, Protocol::udp),
            (TrafficCount{Packets(3), Bytes(3 * 44)}));
  EXPECT_EQ(last().total().packets, Packets(3));
}

TEST_F(PcapLive, HearsAllInterfacesByAny) {
  start("any");
  const FrameSender far("far");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(far.send(kToUs));
  ASSERT_TRUE(wait_for_packets(20));
  EXPECT_EQ(test::count_of(last(), Direction::transmit, Protocol::tcp).packets, Packets(10));
  EXPECT_EQ(test::count_of(last(), Direction::receive, Protocol::tcp).packets, Packets(10));
}

TEST_F(PcapLive, ShowsWhatItCouldNotTake) {
  start("tap", "", 1U << 20U);
  const FrameSender far("far");
  constexpr std::uint64_t kSent = 50000;  // nobody reads meanwhile
  for (std::uint64_t i = 0; i < kSent; ++i) ASSERT_TRUE(far.send(kToUs));
  const auto accounted = [&] {
    return last().total().packets.count() +
           last().dropped[static_cast<std::size_t>(DropPoint::kernel)].count();
  };
  ASSERT_TRUE(itnxt::test::run_until(loop_, [&] { return accounted() >= kSent; }));
  EXPECT_EQ(accounted(), kSent);
  EXPECT_GT(last().dropped[static_cast<std::size_t>(DropPoint::kernel)].count(), 0U);
  double worst = 0;  // of any interval
  for (const SeriesSample& sample : sink_.all<SeriesSample>()) {
    for (const SeriesFamily& family : sample.families) {
      if (family.name != "itnxt_capture_loss_ratio") continue;
      worst = std::max(worst, std::get<double>(family.rows.at(0).value));
    }
  }
  ASSERT_TRUE(itnxt::test::run_until(loop_, [&] { return !log_.lines.empty(); }));
  EXPECT_THAT(log_.lines, SizeIs(1));
  EXPECT_EQ(log_.lines[0].find("level=warning msg=\"packets are dropped unseen: counts are too low "
                               "by them; raise 'buffer', lower 'snaplen', or keep away by 'filter' "
                               "what need not be counted\" capture=live interface=tap dropped="),
            0U)
      << log_.lines[0];
  EXPECT_GT(worst, 0);
  EXPECT_LE(worst, 1);
  const auto dropped = last().dropped;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(far.send(kToUs));  // and works on
  itnxt::test::run_until(loop_, [&] { return accounted() >= kSent + 100; });
  EXPECT_EQ(accounted(), kSent + 100);
  EXPECT_EQ(last().dropped, dropped);
}

TEST_F(PcapLive, AReloadKeepsTheTotals) {
  start("tap");
  const FrameSender far("far");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(far.send(kToUs));
  ASSERT_TRUE(wait_for_packets(10));
  config_.storm_threshold = 7;
  config_.talkers.top = 3;
  config_.floods.icmp = 1;
  config_.flows = 1024;
  config_.interval = 100ms;
  ASSERT_TRUE(collector_->update(config_));
  EXPECT_EQ(last().interval, 100ms);
  EXPECT_EQ(last().total().packets, Packets(10));
  EXPECT_EQ(sink_.events.size(), 1U);  // it is as it was

  ASSERT_TRUE(far.send(kToUs));  // waits in the ring while it is closed
  config_.snaplen = 200;
  config_.filter = "tcp";
  ASSERT_TRUE(collector_->update(config_));
  EXPECT_TRUE(last().open);
  EXPECT_GE(last().total().packets, Packets(10));
  ASSERT_TRUE(far.send(kFromUs));
  ASSERT_TRUE(far.send(kToUs));
  ASSERT_TRUE(wait_for_packets(11));
  EXPECT_EQ(test::count_of(last(), Direction::receive, Protocol::udp).packets, Packets(0));

  const std::uint64_t received =
      test::count_of(last(), Direction::receive, Protocol::tcp).packets.count();
  config_.local_prefixes = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96}};
  config_.talkers.addresses = TalkerAddresses::plain;
  ASSERT_TRUE(collector_->update(config_));
  EXPECT_EQ(test::count_of(last(), Direction::receive, Protocol::tcp).packets.count(), received);
  ASSERT_EQ(sink_.events.size(), 5U);
  EXPECT_EQ(sink_.events[1].text, "capture of tap has stopped: the configuration has changed");
  EXPECT_EQ(sink_.events[2].details[2], (std::pair<std::string, std::string>{"snaplen", "200"}));
  EXPECT_EQ(sink_.events[3].details.back(),
            (std::pair<std::string, std::string>{"reason", "reload"}));
  EXPECT_EQ(sink_.events[4].details[3],
            (std::pair<std::string, std::string>{"addresses", "plain"}));
  EXPECT_THAT(log_.lines, IsEmpty());

  config_.interface = "far";
  EXPECT_FALSE(collector_->update(config_));
}

TEST_F(PcapLive, AReloadMendsABadFilter) {
  start("tap", "no such thing");
  EXPECT_FALSE(last().open);
  config_.filter = "tcp";
  ASSERT_TRUE(collector_->update(config_));
  EXPECT_TRUE(last().open);
}

TEST_F(PcapLive, SurvivesDownAndUp) {
  start("tap");
  const FrameSender far("far");
  ASSERT_TRUE(far.send(kToUs));
  ASSERT_TRUE(wait_for_packets(1));
  ASSERT_TRUE(run("ip link set tap down"));
  ASSERT_TRUE(wait_for_open(false));
  expect_idle_for(1500ms);
  EXPECT_FALSE(last().open);
  ASSERT_TRUE(run("ip link set tap up"));
  ASSERT_TRUE(has_carrier("far"));
  ASSERT_TRUE(far.send(kToUs));
  ASSERT_TRUE(wait_for_packets(2));
  ASSERT_TRUE(wait_for_open(true));
  EXPECT_THAT(log_.lines, ElementsAre(kDown, kBack));
  EXPECT_THAT(texts(sink_.events),
              ElementsAre("capture of tap has begun",
                          "capture of tap has stopped: interface tap is down: capturing goes on as "
                          "soon as it is up (ip link set tap up)",
                          "capture of tap has begun"));
}

TEST_F(PcapLive, TellsThatItIsUpAgainUnderSteadyTraffic) {
  start("tap");
  ASSERT_TRUE(run("ip link set tap down"));
  ASSERT_TRUE(wait_for_open(false));
  ASSERT_TRUE(run("ip link set tap up"));
  ASSERT_TRUE(has_carrier("far"));
  const FrameSender far("far");
  ASSERT_TRUE(itnxt::test::run_until(loop_, [&] {
    EXPECT_TRUE(far.send(kToUs));
    return last().open;
  }));
}

TEST_F(PcapLive, AnyInterfaceIsNeverDown) {
  start("any");
  ASSERT_TRUE(run("ip link set tap down"));
  ASSERT_TRUE(wait_for_samples(8));  // a look meanwhile
  EXPECT_TRUE(last().open);
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(PcapLive, ResumesWhenTheInterfaceReturns) {
  start("tap");
  ASSERT_TRUE(FrameSender("far").send(kToUs));
  ASSERT_TRUE(wait_for_packets(1));
  ASSERT_TRUE(run("ip link del tap"));
  ASSERT_TRUE(wait_for_open(false));
  EXPECT_EQ(last().total().packets, Packets(1));
  EXPECT_THAT(log_.lines, ElementsAre(kGone));
  ASSERT_TRUE(wait_for_samples(10));
  make_link();
  ASSERT_TRUE(itnxt::test::run_until(
      loop_, [&] { return last().open; }, 3s));
  ASSERT_TRUE(FrameSender("far").send(kToUs));
  ASSERT_TRUE(wait_for_packets(2));
  EXPECT_THAT(log_.lines, ElementsAre(kGone, kBack));
  for (const Packets dropped : last().dropped) EXPECT_EQ(dropped, Packets(0));
}

TEST_F(PcapLive, NoticesAnInterfaceThatGoesWhileItIsDown) {
  start("tap");
  ASSERT_TRUE(run("ip link set tap down"));
  ASSERT_TRUE(wait_for_open(false));
  ASSERT_TRUE(run("ip link del tap"));
  ASSERT_TRUE(itnxt::test::run_until(
      loop_, [&] { return log_.lines.size() == 2; }, 3s));
  EXPECT_THAT(log_.lines, ElementsAre(kDown, kGone));
  EXPECT_THAT(sink_.events, SizeIs(2));  // begun, stopped
}

// A socket hears its interface under whatever name; ours is told by name.
TEST_F(PcapLive, FollowsTheNameAndNotTheInterfaceThatBoreIt) {
  start("tap");
  ASSERT_TRUE(run("ip link set tap down && ip link set tap name old && ip link set old up"));
  ASSERT_TRUE(wait_for_open(false));
  ASSERT_TRUE(run("ip link add far2 address 02:00:00:00:00:03 type veth peer name tap address " +
                  std::string(kOurMac)));
  ASSERT_TRUE(run("ip link set far2 addrgenmode none up && ip link set tap addrgenmode none up"));
  ASSERT_TRUE(wait_for_open(true));
  ASSERT_TRUE(has_carrier("far") && has_carrier("far2"));
  ASSERT_TRUE(FrameSender("far").send(kFromUs));
  ASSERT_TRUE(FrameSender("far2").send(kToUs));
  ASSERT_TRUE(wait_for_packets(1));
  ASSERT_TRUE(wait_for_samples(2));
  EXPECT_EQ(last().total().packets, Packets(1));
  EXPECT_EQ(test::count_of(last(), Direction::receive, Protocol::tcp).packets, Packets(1));
}

TEST_F(PcapLive, SaysThatAnInterfaceWasRenamedUnderTraffic) {
  start("tap");
  if (!run("ip link set tap name old")) {
    GTEST_SKIP() << "this kernel renames only interfaces that are down";
  }
  ASSERT_TRUE(wait_for_open(false));
  EXPECT_THAT(log_.lines,
              ElementsAre("level=error msg=\"interface tap was renamed or replaced: capturing "
                          "starts again as soon as one of that name is up; if it has another name "
                          "now, correct 'interface'\" capture=live interface=tap"));
  ASSERT_TRUE(run("ip link set old name tap"));
  ASSERT_TRUE(wait_for_open(true));
  ASSERT_TRUE(FrameSender("far").send(kToUs));
  ASSERT_TRUE(wait_for_packets(1));
  EXPECT_THAT(log_.lines, SizeIs(2));
  EXPECT_EQ(log_.lines.back(), kBack);
}

// To ask the kernel for the interface takes a descriptor.
TEST_F(PcapLive, GoesOnWithoutAFreeDescriptor) {
  start("tap");
  ASSERT_TRUE(wait_for_samples(1));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{1, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool told = wait_for_samples(10);  // it has looked meanwhile
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(told);
  EXPECT_TRUE(last().open);
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(PcapLive, WaitsForAnInterfaceThatIsNotThere) {
  start("tap7");
  EXPECT_FALSE(last().open);
  const std::string said =
      "level=error msg=\"no interface tap7 on this host: capturing starts as soon as it appears; "
      "if the name is wrong, correct 'interface'\" capture=live interface=tap7";
  ASSERT_TRUE(wait_for_samples(8));  // it has looked again meanwhile
  EXPECT_THAT(log_.lines, ElementsAre(said));
  ASSERT_TRUE(run("ip link set tap down && ip link set tap name tap7 && ip link set tap7 up"));
  ASSERT_TRUE(itnxt::test::run_until(
      loop_, [&] { return last().open; }, 3s));
  EXPECT_THAT(
      log_.lines,
      ElementsAre(said, "level=notice msg=\"capturing again\" capture=live interface=tap7"));
}

TEST_F(PcapLive, WaitsForAnInterfaceThatIsDown) {
  ASSERT_TRUE(run("ip link set tap down"));
  start("tap");
  EXPECT_FALSE(last().open);
  ASSERT_TRUE(wait_for_samples(8));  // it has looked again meanwhile
  const std::string said =
      "level=error msg=\"interface tap is down: capturing starts as soon as it is up (ip link set "
      "tap up)\" capture=live interface=tap";
  EXPECT_THAT(log_.lines, ElementsAre(said));
  ASSERT_TRUE(run("ip link set tap up"));
  ASSERT_TRUE(has_carrier("far"));
  ASSERT_TRUE(itnxt::test::run_until(
      loop_, [&] { return last().open; }, 3s));
  ASSERT_TRUE(FrameSender("far").send(kToUs));
  ASSERT_TRUE(wait_for_packets(1));
  EXPECT_THAT(log_.lines, ElementsAre(said, kBack));
}

TEST_F(PcapLive, SaysWhichCapabilityItNeeds) {
  const std::string said =
      "level=error msg=\"capturing on tap needs CAP_NET_RAW: run as root, or give it by systemd's "
      "AmbientCapabilities=CAP_NET_RAW or by setcap cap_net_raw+ep\" capture=live interface=tap";
  {
    const Unprivileged here;
    start("tap");
    EXPECT_FALSE(last().open);
    ASSERT_TRUE(wait_for_samples(17));  // tried at 1 and 3 s, said once
    EXPECT_THAT(log_.lines, ElementsAre(said));
  }
  ASSERT_TRUE(wait_for_open(true));
  EXPECT_THAT(log_.lines, ElementsAre(said, kBack));
}

TEST_F(PcapLive, NeedsNoPrivilegeOnceOpen) {
  start("tap");
  const FrameSender far("far");
  const Unprivileged here;
  ASSERT_TRUE(far.send(kToUs));
  ASSERT_TRUE(wait_for_packets(1));
}

TEST_F(PcapLive, RefusesABadFilterForGood) {
  start("tap", "port http or");
  EXPECT_FALSE(last().open);
  ASSERT_TRUE(wait_for_samples(6));
  EXPECT_THAT(log_.lines,
              ElementsAre("level=error msg=\"filter \\\"port http or\\\" is no BPF filter for this "
                          "link type: can't parse filter expression: syntax error; correct "
                          "'filter' (see pcap-filter(7))\" capture=live interface=tap"));
}

}  // namespace
}  // namespace itnxt::pcap
