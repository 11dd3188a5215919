// The collector on real sockets: against the simulated fleet, and against an agent that lies.
#include "collectors/snmp/collector.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <regex>

#include "tests/collectors/snmp/agent.hpp"
#include "tests/collectors/snmp/still_world.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"

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

using snmp::Ignored;
using snmp::test::Bytes;

SnmpTarget target(const std::string& name, const std::string& host, std::uint16_t port,
                  const std::string& community = "public") {
  SnmpTarget made;
  made.device.name = DeviceName(name);
  made.device.host = host;
  made.device.port = port;
  made.credentials.community.set(community);
  return made;
}

SnmpCollectorConfig config(Duration interval, std::vector<SnmpTarget> targets,
                           Duration timeout = 100ms, std::uint32_t retries = 1) {
  SnmpCollectorConfig made;
  made.name = CollectorName("snmp");
  made.interval = interval;
  made.timeout = timeout;
  made.retries = retries;
  made.targets = std::move(targets);
  return made;
}

Result<Address> no_lookup(const std::string&, std::uint16_t) {
  return Error{"nobody should ask"};
}

// A collector on real time.
struct Rig {
  PollLoop loop;
  test::RecordingSink sink;
  test::RecordingLog log;
  std::optional<SnmpCollector> collector;

  void run(SnmpCollectorConfig made, Resolver::Lookup lookup = no_lookup) {
    collector.emplace(std::move(made), CollectorContext{loop, sink, log}, std::move(lookup));
    collector->start();
  }
  bool until_samples(std::size_t count, Duration limit = 10s) {
    return test::run_until(
        loop, [&] { return sink.samples.size() >= count; }, limit);
  }
};

TEST(SnmpCollector, PollsAFleet) {
  test::FleetOptions options;
  options.interfaces = 23;
  options.narrow_every = 5;
  test::Fleet fleet(options);
  fleet.start();
  std::vector<SnmpTarget> targets;
  for (int i = 1; i <= 40; ++i) {
    targets.push_back(
        target("d" + std::to_string(i), "127.0.3." + std::to_string(i), fleet.port()));
  }
  Rig rig;
  rig.run(config(600ms, targets, 500ms));
  ASSERT_TRUE(rig.until_samples(100));
  std::map<std::string, std::vector<DeviceSample>> by_device;
  for (DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
    EXPECT_TRUE(sample.complete);
    EXPECT_EQ(sample.interval, 600ms);
    EXPECT_EQ(sample.interfaces.size(), 23U);
    by_device[sample.device.text()].push_back(std::move(sample));
  }
  EXPECT_EQ(by_device.size(), 40U);
  for (const auto& [name, samples] : by_device) {
    ASSERT_GE(samples.size(), 2U) << name;
    const std::uint32_t device =
        0x7F000300U + static_cast<std::uint32_t>(std::stoul(name.substr(1)));
    for (std::size_t i = 0; i < 23; ++i) {
      const InterfaceSample& row = samples[1].interfaces[i];
      const Counter in = *row.counters.get(Column::in_octets);
      EXPECT_EQ(in.width, row.if_index % 5 == 0 ? CounterWidth::bits32 : CounterWidth::bits64);
      // The value belongs to the sysUpTime of its own PDU, to the millisecond.
      const Duration at = (row.uptime.hundredths - 360'000) * 10ms;
      const std::uint64_t low = test::FleetModel::counter(device, row.if_index, 6, at);
      const std::uint64_t high = test::FleetModel::counter(device, row.if_index, 6, at + 10ms);
      if (in.width == CounterWidth::bits64) {
        EXPECT_GE(in.value, low);
        EXPECT_LE(in.value, high);
      }
    }
  }
  for (std::size_t i = 0; i < snmp::kIgnored; ++i) {
    EXPECT_EQ(rig.collector->ignored(static_cast<Ignored>(i)), 0U);
  }
  EXPECT_TRUE(rig.log.lines.empty()) << rig.log.lines.front();
}

TEST(SnmpCollector, PollsAFleetBySnmpV3) {
  test::FleetOptions options;
  options.interfaces = 7;
  options.user = test::v3_user();
  test::Fleet fleet(options);
  fleet.start();
  std::vector<SnmpTarget> targets;
  for (int i = 1; i <= 20; ++i) {
    targets.push_back(
        target("d" + std::to_string(i), "127.0.6." + std::to_string(i), fleet.port()));
    targets.back().device.credentials = "strong";
    targets.back().credentials = test::v3_credentials();
  }
  Rig rig;
  rig.run(config(400ms, targets, 300ms));
  ASSERT_TRUE(rig.until_samples(50));
  for (const DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
    EXPECT_EQ(sample.interfaces.size(), 7U);
  }
  EXPECT_TRUE(rig.log.lines.empty()) << rig.log.lines.front();
}

TEST(SnmpCollector, SilentDevicesDelayNobodyAndAreToldOnceEachWay) {  // R10
  std::atomic<bool> dead = true;
  test::FleetOptions options;
  options.interfaces = 2;
  options.silent = [&](std::uint32_t device) { return dead && device % 2 == 0; };
  test::Fleet fleet(options);
  fleet.start();
  std::vector<SnmpTarget> targets;
  for (int i = 1; i <= 20; ++i) {
    targets.push_back(
        target("d" + std::to_string(i), "127.0.4." + std::to_string(i), fleet.port()));
  }
  Rig rig;
  rig.run(config(400ms, targets, 100ms, 1));
  test::run_for(rig.loop, 2500ms);
  std::map<std::string, std::size_t> live;
  std::map<std::string, std::size_t> silent;
  for (const DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    const bool even = std::stoi(sample.device.text().substr(1)) % 2 == 0;
    EXPECT_EQ(sample.result, even ? PollResult::timeout : PollResult::ok);
    std::size_t& seen = (even ? silent : live)[sample.device.text()];
    EXPECT_EQ(sample.problem, !even      ? ""
                              : seen < 2 ? "no answer to 2 tries"
                                         : "no answer to 1 try");
    ++seen;
    if (!even) {
      EXPECT_LT(sample.took, 200ms);
    }
  }
  EXPECT_EQ(live.size(), 10U);
  for (const auto& [name, count] : live) EXPECT_GE(count, 5U) << name;
  EXPECT_EQ(silent.size(), 10U);
  EXPECT_EQ(rig.log.lines.size(), 10U) << "once a device, not once a poll";
  const auto line =
      std::find(rig.log.lines.begin(), rig.log.lines.end(),
                "level=warning msg=\"device does not answer; check that it is up, its address, its "
                "credentials and whom it lets ask\" device=d2 address=127.0.4.2:" +
                    std::to_string(fleet.port()) + " problem=\"no answer to 2 tries\"");
  EXPECT_NE(line, rig.log.lines.end()) << rig.log.lines.front();

  dead = false;
  rig.log.lines.clear();
  test::run_until(
      rig.loop, [&] { return rig.log.lines.size() >= 10; }, 5s);
  ASSERT_EQ(rig.log.lines.size(), 10U);
  for (const std::string& back : rig.log.lines) {
    EXPECT_TRUE(back.starts_with("level=notice msg=\"device answers again\" device=d")) << back;
  }
}

TEST(SnmpCollector, AFleetOfDifficultDevices) {
  test::FleetOptions options;
  options.interfaces = 11;
  options.too_big_above = 700;
  test::Fleet too_big(options);
  options.too_big_above = 0;
  options.silent_above = 600;
  test::Fleet lossy(options);
  options.silent_above = 0;
  options.latency = 20ms;
  test::Fleet slow(options);
  too_big.start();
  lossy.start();
  slow.start();
  Rig rig;
  rig.run(
      config(2s,
             {target("too-big", "127.0.0.1", too_big.port()),
              target("lossy", "127.0.0.1", lossy.port()), target("slow", "127.0.0.1", slow.port())},
             100ms, 2));
  ASSERT_TRUE(rig.until_samples(3));
  for (const DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    EXPECT_EQ(sample.result, PollResult::ok) << sample.device.text() << ' ' << sample.problem;
    EXPECT_EQ(sample.interfaces.size(), 11U) << sample.device.text();
  }
}

// An agent by hand: a socket on an address, its requests answered when the test says so.
struct Socket {
  int fd;
  std::uint16_t port = 0;
  explicit Socket(const char* ip, std::uint16_t wanted = 0) : fd(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(wanted);
    ::inet_pton(AF_INET, ip, &at.sin_addr);
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    socklen_t size = sizeof at;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
  }
  ~Socket() { ::close(fd); }
  Bytes receive(sockaddr_in& from) {
    Bytes bytes(65'536);
    socklen_t size = sizeof from;
    const ssize_t n = ::recvfrom(fd, bytes.data(), bytes.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }
  void send(const Bytes& bytes, const sockaddr_in& to) {
    ::sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
};

Bytes with_community(Bytes message, char first) {
  const auto at =
      std::search(message.begin(), message.end(), std::begin("public"), std::begin("public") + 6);
  *at = static_cast<std::uint8_t>(first);
  return message;
}

TEST(SnmpCollector, StrangersDuplicatesAndForgeriesAreIgnoredAndCounted) {  // T22, T23, R12
  Socket agent("127.0.0.1");
  Socket stranger("127.0.0.2", agent.port);  // another address
  Socket neighbour("127.0.0.1");             // another port
  const test::Recording truth = snmp::test::device(3);
  test::Recording lies = snmp::test::device(3);
  lies.add("1.3.6.1.2.1.1.5.0", "4", "forged");
  lies.add("1.3.6.1.2.1.31.1.1.1.1.1", "4", "forged");
  Rig rig;
  rig.run(config(1s, {target("core", "127.0.0.1", agent.port)}, 900ms, 1));
  std::uint64_t requests = 0;
  const Watch serving = rig.loop.watch(agent.fd, Interest::readable, [&] {
    sockaddr_in from{};
    const Bytes request = agent.receive(from);
    if (request.empty()) return;
    ++requests;
    const Bytes forged = lies.answer(request);
    stranger.send(forged, from);
    neighbour.send(forged, from);
    agent.send(with_community(forged, 'P'), from);
    agent.send({'r', 'u', 'b', 'b', 'i', 's', 'h'}, from);
    agent.send(request, from);  // an echo: no response
    agent.send(truth.answer(request), from);
    agent.send(forged, from);  // late: the request is over
  });
  ASSERT_TRUE(rig.until_samples(3));
  for (const DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
    EXPECT_EQ(sample.sys_name, "core-1");
    for (const InterfaceSample& row : sample.interfaces) EXPECT_NE(row.if_name, "forged");
  }
  test::run_for(rig.loop, 50ms);
  const auto count = [&](Ignored reason) { return rig.collector->ignored(reason); };
  EXPECT_EQ(count(Ignored::stranger), 2 * requests);
  EXPECT_EQ(count(Ignored::wrong_community), requests);
  EXPECT_EQ(count(Ignored::malformed), requests);
  EXPECT_EQ(count(Ignored::not_a_response), requests);
  EXPECT_EQ(count(Ignored::late), requests);
  const auto samples = rig.sink.all<DeviceSample>();
  ASSERT_TRUE(samples.back().totals) << "its only device bears them each time";
  const auto late = static_cast<std::size_t>(Ignored::late);
  EXPECT_GT(samples.back().totals->ignored[late], 0U);
  EXPECT_LE(samples.back().totals->ignored[late], requests);
  // A line a reason and minute, not one a datagram.
  const std::string at = ":" + std::to_string(agent.port) + "\n";
  const std::string neighbour_at = ":" + std::to_string(neighbour.port) + "\n";
  std::string said;
  for (const std::string& line : rig.log.lines) {
    said += std::regex_replace(line, std::regex(" datagrams=[1-9][0-9]*"), "") + '\n';
  }
  const std::string begin = "level=warning msg=\"datagrams were ignored: ";
  EXPECT_EQ(
      said,
      begin +
          "replies from where nothing was asked: a device that answers from another of its "
          "addresses, or a forger; correct 'address' in the inventory, or let the device "
          "answer from there\" collector=snmp reason=stranger "
          "last_from=127.0.0.1" +
          neighbour_at + begin +
          "replies to requests that were over: raise 'timeout' if they go on, or find out "
          "what delays or doubles them\" collector=snmp reason=late last_from=127.0.0.1" +
          at + begin +
          "replies with another community or version than the request's: look at the device's "
          "configuration, or for a forger\" collector=snmp reason=wrong_community "
          "last_from=127.0.0.1" +
          at + begin +
          "requests or traps, which nobody takes here: look at what sends them to this "
          "port\" collector=snmp reason=not_a_response last_from=127.0.0.1" +
          at + begin +
          "they are no SNMP message: look at what answers at that address\" collector=snmp "
          "reason=malformed "
          "last_from=127.0.0.1" +
          at);
}

TEST(SnmpCollector, AReplyCountsOnlyOnTheSocketThatAsked) {
  Socket agent("127.0.0.1");
  test::FleetOptions options;
  options.interfaces = 1;
  test::Fleet fleet(options);
  fleet.start();
  const test::Recording truth = snmp::test::device(1);
  Rig rig;
  rig.run(config(
      100ms, {target("moves", "127.0.0.1", agent.port), target("stays", "127.0.0.1", fleet.port())},
      20ms, 0));
  std::optional<sockaddr_in> first;
  std::uint64_t wrong = 0;
  const Watch serving = rig.loop.watch(agent.fd, Interest::readable, [&] {
    sockaddr_in from{};
    const Bytes request = agent.receive(from);
    if (request.empty()) return;
    if (!first) first = from;
    if (first->sin_port == from.sin_port) return;  // silent, until another port asks
    agent.send(truth.answer(request), *first);
    ++wrong;
  });
  ASSERT_TRUE(test::run_until(rig.loop, [&] { return wrong >= 2; }));
  test::run_for(rig.loop, 50ms);
  EXPECT_EQ(rig.collector->ignored(Ignored::stranger), wrong);
  for (const DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    EXPECT_EQ(sample.result,
              sample.device.text() == "moves" ? PollResult::timeout : PollResult::ok);
  }
}

Profile profile_of(OidArcs oid) {
  Profile profile;
  profile.name = "p";
  profile.match.present = oid;
  ProfileTable table{"t", {{"i", IndexType::integer}}, {}};
  oid.push_back(1);
  table.columns = {{"v", oid, {}, {}}};
  profile.tables = {table};
  ProfileMetric metric;
  metric.family = {"itnxt_v", SeriesType::gauge, "V.", {"i"}, {}};
  metric.value = ColumnRef{0, 0};
  metric.labels = {{"i", "", {{std::nullopt, 0}}, {}, ""}};
  profile.metrics = {metric};
  return profile;
}

TEST(SnmpCollector, ProfilesFollowThePollAndDelayNoneWhenTheyGetNoAnswer) {
  Socket agent("127.0.0.1");
  test::Recording device = snmp::test::device(2);
  device.add("1.3.6.1.9.1.1.7", "66", "42");
  bool silent = false;
  Rig rig;
  SnmpCollectorConfig made =
      config(300ms, {target("core", "127.0.0.1", agent.port)}, 200ms, 3);  // gives up after 1.6 s
  made.profiles = {profile_of({1, 3, 6, 1, 9, 1})};
  rig.run(std::move(made));
  const Watch serving = rig.loop.watch(agent.fd, Interest::readable, [&] {
    sockaddr_in from{};
    const Bytes request = agent.receive(from);
    if (request.empty()) return;
    const snmp::Message message = snmp::test::parse(request);
    const auto first = message.begin().next();
    const bool of_table = first && snmp::dotted(first->oid) == "1.3.6.1.9.1.1";
    if (!silent || !of_table) agent.send(device.answer(request), from);
  });
  ASSERT_TRUE(test::run_until(
      rig.loop, [&] { return rig.sink.all<SeriesSample>().size() >= 2; }, 10s));
  const SeriesSample sample = rig.sink.all<SeriesSample>().back();
  EXPECT_EQ(sample.device.text(), "core");
  EXPECT_EQ(sample.source, "p");
  ASSERT_EQ(sample.families.at(0).rows.size(), 1U);
  EXPECT_EQ(sample.families[0].rows[0], (SeriesRow{{"7"}, std::uint64_t{42}}));

  silent = true;
  const std::size_t had = rig.sink.all<SeriesSample>().size();
  const std::size_t polls = rig.sink.all<DeviceSample>().size();
  ASSERT_TRUE(test::run_until(
      rig.loop, [&] { return rig.sink.all<DeviceSample>().size() >= polls + 5; }, 10s));
  const auto all = rig.sink.all<DeviceSample>();
  for (std::size_t i = polls + 1; i < all.size(); ++i) {
    EXPECT_EQ(all[i].result, PollResult::ok) << all[i].problem;
    EXPECT_LT(all[i].at - all[i - 1].at, 1200ms);  // not the 1.6 s of the tries
  }
  EXPECT_LE(rig.sink.all<SeriesSample>().size(), had + 1);
  std::size_t told = 0;
  for (const std::string& line : rig.log.lines) {
    if (line.find("profiles of a device were read in part") == std::string::npos) continue;
    ++told;
    EXPECT_NE(line.find("p: did not end within the interval of 300ms; raise 'interval' of the "
                        "collector"),
              std::string::npos)
        << line;
  }
  EXPECT_EQ(told, 1U);
  silent = false;
  ASSERT_TRUE(test::run_until(
      rig.loop, [&] { return rig.sink.all<SeriesSample>().size() >= had + 2; }, 10s));
}

TEST(SnmpCollector, AReplyToTheFirstTryStillCountsAfterTheSecond) {
  Socket agent("127.0.0.1");
  const test::Recording truth = snmp::test::device(1);
  Rig rig;
  rig.run(config(1s, {target("slow", "127.0.0.1", agent.port)}, 100ms, 3));
  std::vector<Bytes> held;
  const Watch serving = rig.loop.watch(agent.fd, Interest::readable, [&] {
    sockaddr_in from{};
    const Bytes request = agent.receive(from);
    if (request.empty()) return;
    held.push_back(request);
    if (held.size() == 2) agent.send(truth.answer(held[0]), from);
    if (held.size() > 2) agent.send(truth.answer(request), from);
  });
  ASSERT_TRUE(rig.until_samples(1));
  EXPECT_EQ(held[0], held[1]) << "the same request, with the same id";
  EXPECT_EQ(rig.sink.all<DeviceSample>()[0].result, PollResult::ok);
}

TEST(SnmpCollector, AnAgentAnsweringRubbishIsNamedSo) {
  Socket agent("127.0.0.1");
  Rig rig;
  rig.run(config(400ms, {target("odd", "127.0.0.1", agent.port)}, 50ms, 1));
  const Watch serving = rig.loop.watch(agent.fd, Interest::readable, [&] {
    sockaddr_in from{};
    if (!agent.receive(from).empty()) agent.send({'h', 'i'}, from);
  });
  ASSERT_TRUE(rig.until_samples(1));
  const DeviceSample sample = rig.sink.all<DeviceSample>()[0];
  EXPECT_EQ(sample.result, PollResult::error);
  EXPECT_EQ(sample.problem,
            "no usable answer within 2 tries; 2 replies were malformed (bad_length); does an SNMP "
            "agent answer there?");
}

TEST(SnmpCollector, WhatCannotBeSentIsNamedWithDeviceAndAddress) {
  Rig rig;
  rig.run(config(300ms, {target("far", "255.255.255.255", 161)}, 50ms, 0));
  ASSERT_TRUE(rig.until_samples(1));
  const DeviceSample sample = rig.sink.all<DeviceSample>()[0];
  EXPECT_EQ(sample.result, PollResult::error);
  EXPECT_EQ(sample.problem,
            "no answer to 1 try; cannot send to 255.255.255.255:161: Permission denied");
  ASSERT_FALSE(rig.log.lines.empty());
  EXPECT_EQ(
      rig.log.lines[0],
      "level=warning msg=\"device cannot be polled\" device=far address=255.255.255.255:161 "
      "problem=\"no answer to 1 try; cannot send to 255.255.255.255:161: Permission denied\"");
}

TEST(SnmpCollector, NamesAreResolvedOffTheLoopAndAgainAfterAFailure) {
  test::FleetOptions options;
  options.interfaces = 1;
  test::Fleet fleet(options);
  fleet.start();
  std::atomic<int> asked = 0;
  const auto lookup = [&](const std::string& host, std::uint16_t port) -> Result<Address> {
    if (host != "core.example") return Error{"no such name"};
    if (++asked == 1) return Error{"the name server is asleep"};
    return *numeric_address("127.0.5.5", port);
  };
  Rig rig;
  rig.run(config(200ms, {target("core", "core.example", fleet.port())}, 50ms, 0), lookup);
  ASSERT_TRUE(test::run_until(
      rig.loop,
      [&] {
        const auto samples = rig.sink.all<DeviceSample>();
        return !samples.empty() && samples.back().result == PollResult::ok;
      },
      5s));
  const auto samples = rig.sink.all<DeviceSample>();
  EXPECT_EQ(samples[0].result, PollResult::error);
  EXPECT_EQ(samples[0].problem,
            "cannot resolve core.example: the name server is asleep; correct 'address' or mend the "
            "name service");
  EXPECT_EQ(samples.back().interfaces.size(), 1U);
}

TEST(SnmpCollector, LocalhostByTheSystemsResolver) {
  const Result<Address> address = system_lookup("localhost", 161);
  ASSERT_TRUE(address);
  EXPECT_TRUE(to_text(*address) == "127.0.0.1:161" || to_text(*address) == "[::1]:161");
}

// --- on a clock of the test
// -------------------------------------------------------------------------

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
