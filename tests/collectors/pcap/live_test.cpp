// The collector on real interfaces. Every test has a network namespace of its own, which goes with
// the process: nothing is left behind and nothing outside is touched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "collectors/pcap/collector.hpp"
#include "collectors/pcap/interface.hpp"
#include "collectors/pcap/loss.hpp"
#include "tests/collectors/pcap/savefile.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"

namespace itnxt::pcap {
namespace {

using test::Octets;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using test::operator+;

bool run(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

// Sends raw frames out of an interface.
class Sender {
 public:
  explicit Sender(const std::string& interface)
      : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
    address_.sll_family = AF_PACKET;
    address_.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    address_.sll_halen = 6;
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender() { ::close(socket_); }
  bool send(const Octets& frame) const {
    return ::sendto(socket_, frame.data(), frame.size(), 0,
                    reinterpret_cast<const sockaddr*>(&address_),
                    sizeof address_) == static_cast<ssize_t>(frame.size());
  }

 private:
  int socket_;
  sockaddr_ll address_{};
};

// Whether an interface carries frames. A new carrier reaches the queue by deferred work, and until
// then the kernel drops what is sent and says it was sent; this question makes it catch up.
bool has_carrier(const char* interface) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ethtool_value link{ETHTOOL_GLINK, 0};
  ifreq request{};
  std::strncpy(request.ifr_name, interface, sizeof request.ifr_name - 1);
  request.ifr_data = reinterpret_cast<char*>(&link);
  const bool told = ::ioctl(socket, SIOCETHTOOL, &request) == 0;
  ::close(socket);
  return told && link.data != 0;
}

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

constexpr const char* kOurMac = "02:00:00:00:00:02";
const Octets kToUs = test::ethernet(0x0800, test::ipv4(6, test::tcp(test::zeros(1000))));
const Octets kFromUs =
    Octets{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2} + test::u16(0x0800) + test::ipv4(17, test::udp());

const Octets kMarker =
    Octets{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1} + test::u16(0x88b5) + test::zeros(46);

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

class PcapLive : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes interfaces in its own namespace";
    if (::unshare(CLONE_NEWNET) != 0)
      GTEST_SKIP() << "needs a network namespace of its own: root without CAP_SYS_ADMIN makes none";
    if (!run("ip -V")) GTEST_SKIP() << "needs iproute2's ip";
    if (!run("ip link add type veth")) GTEST_SKIP() << "may not make a veth pair here";
    make_link();
  }

  // veth "tap" (ours) and "far"; nothing but the test's own frames on them.
  static void make_link() {
    ASSERT_TRUE(run("ip link add far address 02:00:00:00:00:01 type veth peer name tap address " +
                    std::string(kOurMac)));
    ASSERT_TRUE(run("ip link set far addrgenmode none up && ip link set tap addrgenmode none up"));
    ASSERT_TRUE(has_carrier("far") && has_carrier("tap"));
  }

  void start(const std::string& interface, const std::string& filter = "",
             std::uint64_t buffer = 32U << 20U) {
    PcapCollectorConfig config;
    config.name = CollectorName("live");
    config.interval = 200ms;
    config.interface = interface;
    config.filter = filter;
    config.buffer = Bytes(buffer);
    collector_ = make_pcap_collector(config, {loop_, sink_, log_});
    collector_->start();
  }
  [[nodiscard]] CaptureSample last() const { return sink_.all<CaptureSample>().back(); }
  // For the collector's own pace: so many more of its samples.
  bool wait_for_samples(std::size_t more) {
    const std::size_t have = sink_.all<CaptureSample>().size();
    return itnxt::test::run_until(loop_,
                                  [&] { return sink_.all<CaptureSample>().size() >= have + more; });
  }
  // That the process sleeps: few awakenings, hardly any work.
  void expect_idle_for(Duration time) {
    rusage before{};
    rusage after{};
    ::getrusage(RUSAGE_THREAD, &before);
    itnxt::test::run_for(loop_, time);
    ::getrusage(RUSAGE_THREAD, &after);
    EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 40);
    const auto cpu = [](const rusage& u) {
      return std::chrono::seconds(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
             std::chrono::microseconds(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    };
    EXPECT_LT(cpu(after) - cpu(before), time / 4);
  }
  // What was sent before has been seen when this is: `marker` is the `nth` of protocol other.
  bool wait_for_marker(const Sender& far, std::uint64_t nth = 1) {
    return far.send(kMarker) && itnxt::test::run_until(loop_, [&] {
             return test::count_of(last(), Direction::receive, Protocol::other).packets.count() >=
                    nth;
           });
  }
  bool wait_for_packets(std::uint64_t packets) {
    return itnxt::test::run_until(loop_, [&] { return last().total().packets.count() >= packets; });
  }
  bool wait_for_open(bool open) {
    return itnxt::test::run_until(loop_, [&] { return last().open == open; });
  }

  PollLoop loop_;
  itnxt::test::RecordingSink sink_;
  itnxt::test::RecordingLog log_;
  std::unique_ptr<Collector> collector_;
};

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
  const Sender far("far");
  const Sender tap("tap");
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
  const Sender far("far");
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
  const Sender far("far");
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
  const Sender tap("tap");
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
  const Sender far("far");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(far.send(kToUs));
  ASSERT_TRUE(wait_for_packets(20));
  EXPECT_EQ(test::count_of(last(), Direction::transmit, Protocol::tcp).packets, Packets(10));
  EXPECT_EQ(test::count_of(last(), Direction::receive, Protocol::tcp).packets, Packets(10));
}

TEST_F(PcapLive, ShowsWhatItCouldNotTake) {
  start("tap", "", 1U << 20U);
  const Sender far("far");
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
  EXPECT_GT(worst, 0);
  EXPECT_LE(worst, 1);
  const auto dropped = last().dropped;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(far.send(kToUs));  // and works on
  itnxt::test::run_until(loop_, [&] { return accounted() >= kSent + 100; });
  EXPECT_EQ(accounted(), kSent + 100);
  EXPECT_EQ(last().dropped, dropped);
}

TEST_F(PcapLive, SurvivesDownAndUp) {
  start("tap");
  const Sender far("far");
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
  const Sender far("far");
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
  ASSERT_TRUE(Sender("far").send(kToUs));
  ASSERT_TRUE(wait_for_packets(1));
  ASSERT_TRUE(run("ip link del tap"));
  ASSERT_TRUE(wait_for_open(false));
  EXPECT_EQ(last().total().packets, Packets(1));
  EXPECT_THAT(log_.lines, ElementsAre(kGone));
  ASSERT_TRUE(wait_for_samples(10));
  make_link();
  ASSERT_TRUE(itnxt::test::run_until(
      loop_, [&] { return last().open; }, 3s));
  ASSERT_TRUE(Sender("far").send(kToUs));
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
  ASSERT_TRUE(Sender("far").send(kToUs));
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
  const Sender far("far");
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
