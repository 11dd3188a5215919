// The collector on real interfaces. Every test has a network namespace of its own, which goes with
// the process: nothing is left behind and nothing outside is touched.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "collectors/pcap/collector.hpp"
#include "tests/collectors/pcap/savefile.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"

namespace itnxt::pcap {

using test::Octets;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using test::operator+;

inline bool run(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

// Sends raw frames out of an interface.
class FrameSender {
 public:
  explicit FrameSender(const std::string& interface)
      : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
    address_.sll_family = AF_PACKET;
    address_.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    address_.sll_halen = 6;
  }
  FrameSender(const FrameSender&) = delete;
  FrameSender& operator=(const FrameSender&) = delete;
  ~FrameSender() { ::close(socket_); }
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
inline bool has_carrier(const char* interface) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ethtool_value link{ETHTOOL_GLINK, 0};
  ifreq request{};
  std::strncpy(request.ifr_name, interface, sizeof request.ifr_name - 1);
  request.ifr_data = reinterpret_cast<char*>(&link);
  const bool told = ::ioctl(socket, SIOCETHTOOL, &request) == 0;
  ::close(socket);
  return told && link.data != 0;
}

inline constexpr const char* kOurMac = "02:00:00:00:00:02";
inline const Octets kToUs = test::ethernet(0x0800, test::ipv4(6, test::tcp(test::zeros(1000))));
inline const Octets kFromUs =
    Octets{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2} + test::u16(0x0800) + test::ipv4(17, test::udp());

inline const Octets kMarker =
    Octets{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1} + test::u16(0x88b5) + test::zeros(46);

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
    config_.name = CollectorName("live");
    config_.interval = 200ms;
    config_.interface = interface;
    config_.filter = filter;
    config_.buffer = Bytes(buffer);
    collector_ = make_pcap_collector(config_, {loop_, sink_, log_});
    collector_->start();
  }
  [[nodiscard]] CaptureSample last() const { return sink_.all<CaptureSample>().back(); }
  [[nodiscard]] std::uint64_t giants() const {
    const std::vector<SeriesSample> told = sink_.all<SeriesSample>();
    for (const SeriesFamily& family : told.back().families) {
      if (family.name == "itnxt_capture_giant_packets_total") {
        return std::get<std::uint64_t>(family.rows.at(0).value);
      }
    }
    return 0;
  }
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
  bool wait_for_marker(const FrameSender& far, std::uint64_t nth = 1) {
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
  PcapCollectorConfig config_;
  std::unique_ptr<Collector> collector_;
};

}  // namespace itnxt::pcap
