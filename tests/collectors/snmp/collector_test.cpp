// The collector on real sockets against agents by hand: who lies, who is late, who cannot be
// reached.
#include "collectors/snmp/collector.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <regex>
#include <set>

#include "tests/collectors/snmp/agent.hpp"
#include "tests/collectors/snmp/collector_rig.hpp"
#include "tests/support/fleet.hpp"

namespace itnxt {
namespace {

using snmp::Ignored;
using snmp::test::Bytes;
using test::config;
using test::Rig;
using test::Socket;
using test::target;

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
  bool stays_answered = false;  // a busy machine may take longer than 20 ms now and then
  for (const DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    const bool moves = sample.device.text() == "moves";
    if (moves) {
      EXPECT_EQ(sample.result, PollResult::timeout);
    }
    stays_answered = stays_answered || (!moves && sample.result == PollResult::ok);
  }
  EXPECT_TRUE(stays_answered);
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

// Who answers, but not what was asked, is down all the same; that it says something is told.
TEST(SnmpCollector, RepliesThatDoNotCountAreToldOfADeviceThatIsSilentOtherwise) {
  const test::Recording truth = snmp::test::device(1);
  const struct {
    const char* what;
    bool wrong_id;
  } cases[] = {{"another request-id than asked, or too late", true},
               {"another community or version than asked", false}};
  for (const auto& one : cases) {
    SCOPED_TRACE(one.what);
    Socket agent("127.0.0.1");
    Rig rig;
    rig.run(config(400ms, {target("odd", "127.0.0.1", agent.port)}, 100ms, 1));
    const Watch serving = rig.loop.watch(agent.fd, Interest::readable, [&] {
      sockaddr_in from{};
      const Bytes request = agent.receive(from);
      if (request.empty()) return;
      Bytes reply = one.wrong_id ? Bytes(512) : with_community(truth.answer(request), 'P');
      if (one.wrong_id) {
        test::ReplyWriter writer(reply);
        writer.begin("public", snmp::test::parse(request).request_id ^ 1);
        reply.resize(writer.finish(5, 0));
      }
      agent.send(reply, from);
    });
    ASSERT_TRUE(rig.until_samples(1));
    const DeviceSample sample = rig.sink.all<DeviceSample>()[0];
    EXPECT_EQ(sample.result, PollResult::timeout);
    EXPECT_EQ(sample.problem,
              std::string("no answer to 2 tries; 2 replies were ignored (") + one.what + ")");
  }
}

// It is not silent: nothing backs off, and no firewall is suspected.
TEST(SnmpCollector, AnAgentAnsweringOnlyErrorsAnswers) {
  Socket agent("127.0.0.1");
  const test::Recording truth = snmp::test::device(1);
  bool errors = true;
  std::set<std::uint16_t> ports;
  Rig rig;
  rig.run(config(200ms, {target("sick", "127.0.0.1", agent.port)}, 100ms, 1));
  const Watch serving = rig.loop.watch(agent.fd, Interest::readable, [&] {
    sockaddr_in from{};
    const Bytes request = agent.receive(from);
    if (request.empty()) return;
    ports.insert(from.sin_port);
    agent.send(errors ? snmp::test::error(request, 5) : truth.answer(request), from);
  });
  ASSERT_TRUE(rig.until_samples(6));
  for (const DeviceSample& sample : rig.sink.all<DeviceSample>()) {
    EXPECT_EQ(sample.result, PollResult::error);
    EXPECT_TRUE(sample.answered);
    EXPECT_EQ(sample.problem, "refuses the GET of the system group: genErr");
  }
  EXPECT_EQ(ports.size(), 1U);
  errors = false;
  ASSERT_TRUE(rig.until_samples(8));
  EXPECT_EQ(rig.sink.all<DeviceSample>()[7].result, PollResult::ok);
  ASSERT_EQ(rig.log.lines.size(), 1U);
  EXPECT_EQ(rig.log.lines[0],
            "level=warning msg=\"device answers, but with errors only\" device=sick "
            "address=127.0.0.1:" +
                std::to_string(agent.port) +
                " problem=\"refuses the GET of the system group: genErr\"");
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

}  // namespace
}  // namespace itnxt
