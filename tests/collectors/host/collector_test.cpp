#include "collectors/host/collector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "tests/collectors/host/messages.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"

namespace itnxt::host {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kFd = 77;

// A kernel whose news and tables the test writes.
struct World {
  std::vector<LinkMessage> links;
  Kernel::Table table = Kernel::Table::whole;
  std::string refuses_dump;
  std::string refuses_news;
  std::deque<LinkMessage> news;
  Kernel::News after_news = Kernel::News::idle;
  std::vector<std::string> asked;  // for their speed
  int subscribed = 0;
  int dumps = 0;
  int glances = 0;
  std::vector<std::string> followed;  // for their carrier
};

class FakeKernel final : public Kernel {
 public:
  explicit FakeKernel(World& world) : world_(world) {}
  Result<int> subscribe() override {
    ++world_.subscribed;
    world_.news.clear();
    if (!world_.refuses_news.empty()) return Error{world_.refuses_news};
    return kFd;
  }
  Result<News> read_news(const Take& take) override {
    for (; !world_.news.empty(); world_.news.pop_front()) take(world_.news.front());
    return std::exchange(world_.after_news, News::idle);
  }
  Result<Table> dump(const Take& take) override {
    ++world_.dumps;
    if (!world_.refuses_dump.empty()) return Error{world_.refuses_dump};
    for (; !world_.news.empty(); world_.news.pop_front()) take(world_.news.front());
    for (const LinkMessage& link : world_.links) take(link);
    return std::exchange(world_.table,
                         world_.table == Table::overrun ? Table::whole : world_.table);
  }
  LineSpeed line_of(const std::string& name) override {
    world_.asked.push_back(name);
    return {bits_per_second(1e9), true};
  }
  void hurry_lost_carriers(const std::vector<std::string>* links) override {
    ++world_.glances;
    if (links != nullptr) world_.followed = *links;
  }

 private:
  World& world_;
};

class HostCollectorTest : public ::testing::Test {
 protected:
  void start() {
    HostCollectorConfig config;
    config.name = CollectorName("host");
    config.device = DeviceName("this");
    collector_ =
        make_host_collector(config, {loop_, sink_, log_}, std::make_unique<FakeKernel>(world_),
                            HostFacts{"md-core-1", "Linux 6.1", 1000s});
    collector_->start();
  }
  void tell(LinkMessage link) {
    world_.news.push_back(link);
    loop_.make_ready(kFd);
  }
  std::vector<std::string> told() {
    std::vector<std::string> texts;
    for (const Event& event : sink_.events) texts.push_back(event.text);
    return texts;
  }
  std::vector<DeviceSample> samples() { return sink_.all<DeviceSample>(); }
  std::uint64_t figure(const std::string& name) {
    std::uint64_t last = 0;
    for (const SeriesSample& sample : sink_.all<SeriesSample>()) {
      for (const SeriesFamily& family : sample.families) {
        if (family.name == name) last = std::get<std::uint64_t>(family.rows.at(0).value);
      }
    }
    return last;
  }

  itnxt::test::FakeLoop loop_;
  itnxt::test::RecordingSink sink_;
  itnxt::test::RecordingLog log_;
  World world_;
  std::unique_ptr<Collector> collector_;
};

TEST_F(HostCollectorTest, WhatChangedWhileItWasAwayIsToldOnce) {
  world_.links = {present(1, "lo", true), present(2, "eth0", true), present(3, "eth1", false),
                  present(4, "eth2", true), present(5, "eth3", true)};
  start();
  EXPECT_THAT(told(), IsEmpty()) << "the first of all starts compares with nothing";
  tell(present(4, "eth2", false));
  EXPECT_THAT(told(), ElementsAre("eth2 is down"));
  collector_.reset();
  // eth3 has gone, eth4 has come, and the kernel has numbered anew.
  world_.links = {present(1, "lo", true),    present(12, "eth0", false),
                  present(13, "eth1", true), present(14, "eth2", false),
                  present(16, "eth4", true), present(17, "eth5", false)};
  loop_.advance(1h);
  start();
  EXPECT_THAT(told(), ElementsAre("eth2 is down", "eth0 is down", "eth1 is up", "eth4 is up",
                                  "eth3 is gone"));
  EXPECT_EQ(sink_.events[1].wall, loop_.wall_now()) << "when it was learnt";
  for (int i = 0; i < 3; ++i) {
    collector_.reset();
    start();
  }
  EXPECT_EQ(told().size(), 5U) << "nothing has changed";
  loop_.advance(10s);
  EXPECT_EQ(told().size(), 5U);
}

TEST_F(HostCollectorTest, TheWholeTableEachInterval) {
  world_.links = {present(1, "lo", true), present(2, "eth0", true), present(3, "eth1", false)};
  world_.links[0].hardware = 772;  // ARPHRD_LOOPBACK: has no driver to ask
  start();
  ASSERT_EQ(samples().size(), 1U);
  loop_.advance(10s);
  ASSERT_EQ(samples().size(), 2U);
  const DeviceSample sample = samples()[1];
  EXPECT_EQ(sample.device.text(), "this");
  EXPECT_TRUE(sample.complete);
  EXPECT_EQ(sample.result, PollResult::ok);
  EXPECT_EQ(sample.if_number, 3U);
  EXPECT_EQ(sample.interval, 10s);
  EXPECT_TRUE(sample.own);
  EXPECT_EQ(sample.sys_name, "md-core-1");
  EXPECT_EQ(sample.sys_descr, "Linux 6.1");
  EXPECT_EQ(sample.uptime, TimeTicks{101'000});  // up for 1000 s, and 10 s of ours
  ASSERT_EQ(sample.interfaces.size(), 3U);
  EXPECT_EQ(sample.interfaces[1].if_name, "eth0");
  EXPECT_EQ(sample.interfaces[1].speed, bits_per_second(1e9));
  EXPECT_EQ(sample.interfaces[1].uptime, sample.uptime);
  EXPECT_EQ(sample.interfaces[1].at, sample.at);
  EXPECT_FALSE(sample.interfaces[0].speed);
  EXPECT_FALSE(sample.interfaces[2].speed);
  EXPECT_THAT(world_.asked, ElementsAre("eth0", "eth0"));
  EXPECT_THAT(sink_.events, IsEmpty());
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(HostCollectorTest, ACutIsToldAtOnceAndItsRowBehindIt) {
  world_.links = {present(2, "eth0", true), present(3, "eth1", true)};
  start();
  loop_.advance(4s);
  const std::size_t before = sink_.samples.size();
  tell(present(2, "eth0", false));
  ASSERT_EQ(sink_.events.size(), 1U);
  const Event& event = sink_.events[0];
  EXPECT_EQ(event.kind, "interface_down");
  EXPECT_EQ(event.text, "eth0 is down");
  EXPECT_EQ(event.device.text(), "this");
  EXPECT_EQ(event.at, source_time(loop_.now()));
  EXPECT_EQ(event.wall, loop_.wall_now());
  EXPECT_EQ(event.interface, (InterfaceStatus{2, "eth0", AdminStatus::up, OperStatus::down}));
  EXPECT_EQ(sink_.samples.size(), before);
  loop_.run_ready();
  ASSERT_EQ(sink_.samples.size(), before + 1);
  const DeviceSample sample = samples().back();
  EXPECT_FALSE(sample.complete);
  ASSERT_EQ(sample.interfaces.size(), 1U);
  EXPECT_EQ(sample.interfaces[0].oper, OperStatus::down);
  EXPECT_EQ(world_.dumps, 1);
}

TEST_F(HostCollectorTest, RowsThatChangeTogetherGoTogether) {
  world_.links = {present(2, "eth0", true), present(3, "eth1", true)};
  start();
  tell(present(2, "eth0", false));
  loop_.run_ready();
  tell(present(3, "eth1", false));
  tell(present(2, "eth0", true));
  loop_.run_ready();
  EXPECT_EQ(samples().size(), 2U);
  loop_.advance(100ms);
  ASSERT_EQ(samples().size(), 3U);
  EXPECT_EQ(samples().back().interfaces.size(), 2U);
  loop_.advance(1s);
  EXPECT_EQ(samples().size(), 3U);
}

TEST_F(HostCollectorTest, FlappingIsSummedUp) {
  world_.links = {present(2, "eth0", true), present(3, "eth1", true)};
  start();
  for (int i = 0; i < 43; ++i) tell(present(2, "eth0", i % 2 != 0));
  EXPECT_EQ(sink_.events.size(), 10U);
  tell(present(3, "eth1", false));
  EXPECT_EQ(sink_.events.size(), 11U);
  loop_.advance(1s);
  ASSERT_EQ(sink_.events.size(), 12U);
  EXPECT_EQ(sink_.events.back().text, "eth0 is down, after 33 more changes within a second");
  EXPECT_EQ(sink_.events.back().kind, "interface_down");
  EXPECT_THAT(sink_.events.back().details, ElementsAre(std::pair("withheld", "33")));
  loop_.advance(9s);
  EXPECT_EQ(figure("itnxt_rtnetlink_withheld_events_total"), 33U);
  // The table that is read then shows both up.
  EXPECT_EQ(sink_.events.size(), 14U);
  EXPECT_EQ(told().back(), "eth1 is up");
}

TEST_F(HostCollectorTest, AnOverrunReadsTheTableAnewAtMostOnceASecond) {
  world_.links = {present(2, "eth0", true), present(3, "eth1", true)};
  start();
  loop_.advance(4s);
  world_.after_news = Kernel::News::overrun;
  loop_.make_ready(kFd);
  world_.news.push_back(present(2, "eth0", false));  // older than the dump: no news
  world_.links = {present(3, "eth1", false)};
  loop_.run_ready();
  EXPECT_EQ(world_.dumps, 2);
  EXPECT_EQ(world_.subscribed, 2);
  EXPECT_THAT(told(), ElementsAre("eth1 is down", "eth0 is gone"));
  world_.after_news = Kernel::News::overrun;
  loop_.make_ready(kFd);
  loop_.advance(999ms);
  EXPECT_EQ(world_.dumps, 2);
  loop_.advance(1ms);
  EXPECT_EQ(world_.dumps, 3);
  loop_.advance(10s);
  EXPECT_EQ(figure("itnxt_rtnetlink_overruns_total"), 2U);
  EXPECT_THAT(log_.lines,
              ElementsAre("level=warning msg=\"the kernel had more news of interfaces than its "
                          "queue holds; the table is read anew (itnxt_rtnetlink_overruns_total "
                          "counts further ones); a larger net.core.rmem_max may help\" "
                          "collector=host"));
}

TEST_F(HostCollectorTest, AnOverrunThatASampleMeetsReadsTheTableAnewToo) {
  world_.links = {present(2, "eth0", true), present(3, "eth1", true)};
  start();
  world_.table = Kernel::Table::overrun;
  world_.links = {present(2, "eth0", true), present(3, "eth1", false)};
  loop_.advance(10s);
  EXPECT_FALSE(samples()[1].complete);
  EXPECT_EQ(world_.subscribed, 2);
  EXPECT_EQ(world_.dumps, 3);
  EXPECT_THAT(told(), ElementsAre("eth1 is down"));
  EXPECT_EQ(log_.lines.size(), 1U);
  tell(present(3, "eth1", true));
  EXPECT_THAT(told(), ElementsAre("eth1 is down", "eth1 is up"));
  loop_.advance(10s);
  EXPECT_EQ(figure("itnxt_rtnetlink_overruns_total"), 1U);
}

TEST_F(HostCollectorTest, AfterATableThatCannotBeReadTheNewsAreHeardOnAnotherSocket) {
  world_.links = {present(2, "eth0", true)};
  start();
  world_.refuses_dump = "the kernel does not tell its interfaces: Resource busy";
  loop_.advance(10s);
  EXPECT_EQ(world_.subscribed, 2);
  tell(present(2, "eth0", false));
  EXPECT_THAT(told(), ElementsAre("eth0 is down"));
}

TEST_F(HostCollectorTest, ATableThatChangesWhileItIsReadIsReadAgain) {
  world_.links = {present(2, "eth0", true)};
  world_.table = Kernel::Table::torn;
  start();
  EXPECT_EQ(world_.dumps, 3);
  EXPECT_FALSE(samples()[0].complete);
  EXPECT_EQ(samples()[0].interfaces.size(), 1U);
}

TEST_F(HostCollectorTest, AKernelThatRefusesIsSaidOnceAndTriedAgain) {
  world_.refuses_dump = "the kernel does not tell its interfaces: Operation not permitted";
  world_.refuses_news = "cannot open a netlink socket: Operation not permitted";
  start();
  loop_.advance(20s);
  ASSERT_EQ(samples().size(), 3U);
  EXPECT_EQ(samples()[2].result, PollResult::error);
  EXPECT_EQ(samples()[2].problem, world_.refuses_dump);
  EXPECT_TRUE(samples()[2].interfaces.empty());
  EXPECT_FALSE(samples()[2].complete);
  EXPECT_THAT(
      log_.lines,
      ElementsAre("level=error msg=\"cannot open a netlink socket: Operation not permitted; "
                  "it is tried again with every poll\" collector=host",
                  "level=error msg=\"the kernel does not tell its interfaces: Operation not "
                  "permitted; it is tried again with every poll\" collector=host"));
  world_.refuses_dump.clear();
  world_.refuses_news.clear();
  log_.lines.clear();
  world_.links = {present(2, "eth0", true)};
  loop_.advance(10s);
  EXPECT_EQ(samples().back().result, PollResult::ok);
  EXPECT_THAT(log_.lines,
              ElementsAre("level=notice msg=\"the kernel's news of interfaces are heard again\" "
                          "collector=host",
                          "level=notice msg=\"the kernel tells its interfaces again\" "
                          "collector=host"));
  tell(present(2, "eth0", false));
  EXPECT_THAT(told(), ElementsAre("eth0 is down"));
}

TEST_F(HostCollectorTest, RenamedGoneAndBack) {
  world_.links = {present(2, "eth0", true)};
  start();
  tell(present(2, "wan", true));
  loop_.run_ready();
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(samples().back().interfaces.at(0).if_name, "wan");
  tell(gone(2));
  loop_.advance(1s);
  EXPECT_EQ(samples().size(), 2U);  // that a row is missing says only a whole table
  tell(present(5, "wan", true));
  EXPECT_THAT(told(), ElementsAre("wan is gone", "wan is up"));
  EXPECT_EQ(sink_.events[1].interface->if_index, 5U);
}

TEST_F(HostCollectorTest, LostCarriersAreLookedForEveryTenMilliseconds) {
  world_.links = {present(1, "lo", true), present(2, "eth0", true), present(3, "eth1", false)};
  world_.links[0].hardware = 772;
  start();
  EXPECT_THAT(world_.followed, ElementsAre("eth0", "eth1"));
  const int before = world_.glances;
  loop_.advance(1s);
  EXPECT_EQ(world_.glances, before + 100);
}

TEST_F(HostCollectorTest, DuplexIsAMetricOfTheDevice) {
  world_.links = {present(2, "eth0", true), present(3, "eth1", false)};
  start();
  const SeriesSample duplex = sink_.all<SeriesSample>().at(0);
  EXPECT_EQ(duplex.device.text(), "this");
  EXPECT_EQ(duplex.families.at(0).name, "itnxt_ethernet_full_duplex");
  EXPECT_THAT(duplex.families.at(0).rows, ElementsAre(SeriesRow{{"eth0"}, 1.0}));
  for (const SeriesSample& sample : sink_.all<SeriesSample>()) {
    for (const SeriesFamily& family : sample.families) EXPECT_FALSE(family_objection(family));
  }
}

}  // namespace
}  // namespace itnxt::host
