// The collector on real interfaces, in a network namespace of the process's own, which goes with
// it: nothing is left behind and nothing outside is touched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "collectors/host/collector.hpp"
#include "daemon/core/fd.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"

namespace itnxt::host {
namespace {

bool run(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

void switch_interface(const char* name, bool on) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
  ASSERT_EQ(::ioctl(socket.get(), SIOCGIFFLAGS, &request), 0);
  const int flags = on ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
  request.ifr_flags = static_cast<short>(flags);
  ASSERT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &request), 0);
}

// The loop's own is that of its last round.
WallTime wall_time() {
  return WallTime(std::chrono::system_clock::now().time_since_epoch());
}

class HostLive : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::unshare(CLONE_NEWNET) != 0)
      GTEST_SKIP() << "a network namespace of the test's own: needs root (CAP_SYS_ADMIN)";
    ASSERT_TRUE(
        run("ip link add near type veth peer name far && ip link set near up && "
            "ip link set far up"));
    // Until the kernel has worked through the new carriers: they are no news of the test's.
    ASSERT_TRUE(
        run("for end in near far; do timeout 10 sh -c \"until ip link show $end | grep -q "
            "'state UP'; do sleep 0.01; done\" || exit 1; done"));
    HostCollectorConfig config;
    config.name = CollectorName("host");
    config.interval = interval();
    config.device = DeviceName("this");
    collector_ = make_host_collector(config, {loop_, sink_, log_});
    bool started = false;
    ASSERT_TRUE(itnxt::test::run_until(loop_, [&] {
      if (!std::exchange(started, true)) collector_->start();
      return !sink_.all<DeviceSample>().empty();
    }));
  }
  [[nodiscard]] virtual Duration interval() const {
    return 1h;  // what is told is told by the kernel's own news
  }
  // Until that many events have come of the near end.
  bool told_of_near(std::size_t events) {
    return itnxt::test::run_until(
        loop_, [&] { return near_events().size() >= events; }, 5s);
  }
  std::vector<Event> near_events() {
    std::vector<Event> found;
    for (const Event& event : sink_.events) {
      if (event.interface->if_name == "near") found.push_back(event);
    }
    return found;
  }

  PollLoop loop_;
  itnxt::test::RecordingSink sink_;
  itnxt::test::RecordingLog log_;
  std::unique_ptr<Collector> collector_;
};

TEST_F(HostLive, TheFarEndsCutIsTheNearEndsEvent) {
  std::vector<double> milliseconds;
  constexpr int kCuts = 50;
  for (int i = 0; i < kCuts; ++i) {
    // Slower than the limit on events of one interface.
    itnxt::test::run_for(loop_, 120ms);
    const WallTime before = wall_time();
    switch_interface("far", i % 2 != 0);
    ASSERT_TRUE(told_of_near(static_cast<std::size_t>(i) + 1)) << i;
    const Event event = near_events().back();
    EXPECT_EQ(event.kind, i % 2 != 0 ? "interface_up" : "interface_down");
    milliseconds.push_back(seconds(event.wall - before) * 1000);
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  RecordProperty("median_ms", std::to_string(milliseconds[kCuts / 2]));
  RecordProperty("worst_ms", std::to_string(milliseconds.back()));
  EXPECT_LT(milliseconds[kCuts / 2], 100);
  EXPECT_TRUE(log_.lines.empty());
}

// Of such a pair the kernel tells a lost carrier up to a second late: as of a port of hardware, the
// numbers of its two ends are the same.
TEST_F(HostLive, ACutThatTheKernelHoldsBackIsToldSoon) {
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
  ASSERT_TRUE(run("mount --make-rprivate / && mount -t sysfs sysfs /sys"));
  ASSERT_TRUE(run("ip link del near; ip netns add itnxt-far-" + std::to_string(::getpid())));
  const std::string far = "ip -n itnxt-far-" + std::to_string(::getpid()) + " ";
  EXPECT_TRUE(run("ip link add near index 77 type veth peer name far index 77 netns itnxt-far-" +
                  std::to_string(::getpid())));
  EXPECT_TRUE(run("ip link set near up && " + far + "link set far up"));
  sink_.events.clear();
  ASSERT_TRUE(told_of_near(1));
  std::vector<double> milliseconds;
  for (int i = 0; i < 20; ++i) {
    itnxt::test::run_for(loop_, 120ms);
    const std::size_t before = near_events().size();
    EXPECT_TRUE(run(far + "link set far " + (i % 2 != 0 ? "up" : "down")));
    const WallTime cut = wall_time();
    ASSERT_TRUE(told_of_near(before + 1)) << i;
    milliseconds.push_back(seconds(near_events().back().wall - cut) * 1000);
  }
  EXPECT_TRUE(run("ip netns del itnxt-far-" + std::to_string(::getpid())));
  std::sort(milliseconds.begin(), milliseconds.end());
  RecordProperty("median_ms", std::to_string(milliseconds[10]));
  RecordProperty("worst_ms", std::to_string(milliseconds.back()));
  EXPECT_LT(milliseconds[10], 100);
}

// A process that did not run for a while: when it goes on, its next sample is due and news are
// queued.
class HostLiveStopped : public HostLive {
 protected:
  [[nodiscard]] Duration interval() const override { return 1ms; }
  static bool until_near_is(const std::string& state) {
    return run("timeout 10 sh -c \"until ip link show near | grep -q 'state " + state +
               "'; do :; done\"");
  }
  std::vector<std::string> near_kinds_since(std::size_t event) {
    // Long enough that whatever was queued has been read, and for the limit on events.
    itnxt::test::run_for(loop_, 220ms);
    std::vector<std::string> kinds;
    for (const Event& one : near_events()) kinds.push_back(one.kind);
    kinds.erase(kinds.begin(), kinds.begin() + static_cast<std::ptrdiff_t>(event));
    return kinds;
  }
};

TEST_F(HostLiveStopped, WhatIsKnownIsNotToldAgainByOlderNews) {
  const std::vector<std::string> down{"interface_down"};
  const std::vector<std::string> up{"interface_up"};
  for (int i = 0; i < 5; ++i) {
    const std::size_t before = near_events().size();
    switch_interface("near", false);
    EXPECT_EQ(near_kinds_since(before), down) << i;
    switch_interface("near", true);  // first without its carrier, as the kernel tells it
    ASSERT_TRUE(until_near_is("UP"));
    EXPECT_EQ(near_kinds_since(before + 1), up) << i;
  }
}

TEST_F(HostLiveStopped, WhatHappenedMeanwhileIsToldInItsOrder) {
  const std::size_t before = near_events().size();
  switch_interface("near", false);
  switch_interface("near", true);
  ASSERT_TRUE(until_near_is("UP"));
  EXPECT_EQ(near_kinds_since(before), (std::vector<std::string>{"interface_down", "interface_up"}));
}

TEST_F(HostLiveStopped, AnOverrunTellsWhatIsSoInTheEnd) {
  const std::size_t before = near_events().size();
  const auto let_it_overrun = [] {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (int i = 0; i < 4000; ++i) {  // each a message of a kilobyte and more
      ifreq request{};
      std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
      request.ifr_mtu = 2000 + i % 2;
      ASSERT_EQ(::ioctl(socket.get(), SIOCSIFMTU, &request), 0);
    }
  };
  let_it_overrun();
  switch_interface("near", false);
  EXPECT_EQ(near_kinds_since(before), std::vector<std::string>{"interface_down"});
  ASSERT_EQ(log_.lines.size(), 1U);
  EXPECT_NE(log_.lines[0].find("more news of interfaces than its queue holds"), std::string::npos);
  switch_interface("near", true);
  ASSERT_TRUE(until_near_is("UP"));
  let_it_overrun();
  EXPECT_EQ(near_kinds_since(before + 1), std::vector<std::string>{"interface_up"});
}

TEST_F(HostLive, AnInterfaceThatIsRemovedIsGone) {
  ASSERT_TRUE(run("ip link del near"));
  ASSERT_TRUE(itnxt::test::run_until(
      loop_, [&] { return !near_events().empty() && near_events().back().text == "near is gone"; },
      5s));
  EXPECT_EQ(near_events().back().interface->oper, OperStatus::not_present);
}

TEST_F(HostLive, WhatItTellsOfAPair) {
  const DeviceSample sample = sink_.all<DeviceSample>().at(0);
  EXPECT_TRUE(sample.complete);
  ASSERT_EQ(sample.interfaces.size(), 3U);  // lo is switched off
  EXPECT_EQ(sample.interfaces[0].if_name, "lo");
  EXPECT_EQ(sample.interfaces[0].oper, OperStatus::down);
  EXPECT_FALSE(sample.interfaces[0].speed);
  EXPECT_EQ(sample.interfaces[1].oper, OperStatus::up);
  EXPECT_EQ(sample.interfaces[1].speed, bits_per_second(10e9));  // what veth says
  EXPECT_TRUE(sample.interfaces[1].phys_address.tells_anything());
  EXPECT_TRUE(sample.interfaces[1].counters.get(Column::out_octets));
  EXPECT_NE(sample.sys_descr.find("Linux"), std::string::npos);
}

}  // namespace
}  // namespace itnxt::host
