// The collector on a clock of the test: its place in the interval, and what it does without
// sockets.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <map>

#include "collectors/snmp/schedule.hpp"
#include "tests/collectors/snmp/collector_rig.hpp"
#include "tests/support/fake_loop.hpp"

namespace {
std::atomic<bool> no_sockets = false;
std::atomic<bool> no_room = false;
}  // namespace

// Takes the place of the C library's, to fail like it. A limit on descriptors would do the same,
// but the sanitizers need some themselves, to look at memory.
extern "C" int socket(int domain, int type, int protocol) noexcept {
  if (!no_sockets) return static_cast<int>(::syscall(SYS_socket, domain, type, protocol));
  errno = EMFILE;
  return -1;
}

extern "C" int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  if (!no_room) return static_cast<int>(::syscall(SYS_sendmmsg, fd, messages, count, flags));
  errno = ENOBUFS;
  return -1;
}

namespace itnxt {
namespace {

using test::config;
using test::no_lookup;
using test::Socket;
using test::target;

TEST(SnmpCollector, KeepsItsPlaceInTheIntervalWithoutDrift) {
  Socket nobody("127.0.0.1");  // takes requests, answers none
  test::FakeLoop loop;
  test::RecordingSink sink;
  test::RecordingLog log;
  const Instant start = loop.now();
  SnmpCollector collector(
      config(10s,
             {target("a", "127.0.0.1", nobody.port), target("b", "127.0.0.1", nobody.port),
              target("c", "127.0.0.1", nobody.port)},
             1s, 0),
      {loop, sink, log}, no_lookup);
  collector.start();
  for (int i = 0; i < 2000; ++i) loop.advance(50ms);
  std::map<std::string, int> polls;
  for (const DeviceSample& sample : sink.all<DeviceSample>()) {
    const std::string& name = sample.device.text();
    const Duration began = sample.at - source_time(start) - sample.took;
    EXPECT_EQ(began, snmp::phase_of(name, 10s) + polls[name] * 10s) << name;
    EXPECT_GE(sample.took, 1s);
    EXPECT_LE(sample.took, 1100ms) << "a tenth of jitter";
    ++polls[name];
  }
  EXPECT_EQ(polls.size(), 3U);
  for (const auto& [name, count] : polls) EXPECT_GE(count, 9) << name;
}

TEST(SnmpCollector, APollNeverOutlivesItsInterval) {
  Socket nobody("127.0.0.1");
  test::FakeLoop loop;
  test::RecordingSink sink;
  test::RecordingLog log;
  SnmpCollector collector(config(5s, {target("a", "127.0.0.1", nobody.port)}, 4s, 9),
                          {loop, sink, log}, no_lookup);
  collector.start();
  loop.advance(21s);
  const auto samples = sink.all<DeviceSample>();
  ASSERT_GE(samples.size(), 3U);
  for (const DeviceSample& sample : samples) {
    EXPECT_EQ(sample.result, PollResult::timeout);
    EXPECT_EQ(sample.took, 5s);
    EXPECT_EQ(sample.problem, "no answer within the interval of 5s");
  }
}

TEST(SnmpCollector, WhoIsNotEvenAskedIsNotCalledDead) {
  Socket nobody("127.0.0.1");
  test::FakeLoop loop;
  test::RecordingSink sink;
  test::RecordingLog log;
  no_room = true;
  SnmpCollector collector(config(5s, {target("a", "127.0.0.1", nobody.port)}, 1s, 2),
                          {loop, sink, log}, no_lookup);
  collector.start();
  loop.advance(10s);
  no_room = false;
  ASSERT_EQ(sink.samples.size(), 1U);
  const DeviceSample sample = sink.all<DeviceSample>()[0];
  EXPECT_EQ(sample.result, PollResult::error);
  EXPECT_EQ(sample.problem,
            "no answer within the interval of 5s; not asked: the host takes no more datagrams, or "
            "too many requests (0) are under way");
  sockaddr_in from{};
  EXPECT_TRUE(nobody.receive(from).empty());
  loop.advance(5s);
  EXPECT_FALSE(nobody.receive(from).empty()) << "asked as soon as there is room";
}

TEST(SnmpCollector, WithoutASocketItSaysSoAndTriesAgain) {
  test::FakeLoop loop;
  test::RecordingSink sink;
  test::RecordingLog log;
  no_sockets = true;
  SnmpCollector collector(config(2s, {target("a", "127.0.0.1", 9)}, 1s, 0), {loop, sink, log},
                          no_lookup);
  collector.start();
  loop.advance(2s);
  no_sockets = false;
  ASSERT_FALSE(sink.samples.empty());
  const DeviceSample sample = sink.all<DeviceSample>()[0];
  EXPECT_EQ(sample.result, PollResult::error);
  EXPECT_EQ(sample.problem, "no UDP socket: Too many open files");
  loop.advance(10s);
  ASSERT_GE(log.lines.size(), 3U);
  EXPECT_EQ(log.lines[0],
            "level=error msg=\"cannot open a UDP socket for SNMP; trying again\" collector=snmp "
            "problem=\"Too many open files\"");
  EXPECT_EQ(log.lines[2], "level=notice msg=\"UDP socket for SNMP is open again\" collector=snmp");
  EXPECT_EQ(sink.all<DeviceSample>().back().result, PollResult::timeout);
}

}  // namespace
}  // namespace itnxt
