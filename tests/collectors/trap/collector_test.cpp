// The whole collector at a port of the loopback, its time and its neighbours the test's.
#include "collectors/trap/collector.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "collectors/trap/receiver.hpp"
#include "daemon/core/fd.hpp"
#include "tests/collectors/trap/messages.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::trap {
namespace {

using namespace test;
using itnxt::test::FakeLoop;
using itnxt::test::RecordingLog;
using itnxt::test::RecordingSink;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Polls whatever it is asked to, but "unpolled".
class FakePoller final : public DevicePoller {
 public:
  bool poll_now(const DeviceName& device, const PollReason& reason) override {
    if (device.text() == "unpolled") return false;
    asked.push_back(device.text() + ' ' + std::to_string(reason.if_index) +
                    (reason.tables ? " tables" : "") +
                    (!reason.up   ? ""
                     : *reason.up ? " up"
                                  : " down"));
    return true;
  }
  [[nodiscard]] std::optional<DeviceName> device_of(snmp::ByteView engine) const override {
    const auto known = engines.find(Bytes(engine.begin(), engine.end()));
    return known == engines.end() ? std::nullopt : std::optional(DeviceName(known->second));
  }
  std::vector<std::string> asked;
  std::map<Bytes, std::string> engines;
};

// A sink whose disk has time.
class SlowSink final : public Sink {
 public:
  void publish(Sample) override {}
  void report(Event) override {}
  void report_kept(Event event, std::function<void()> kept) override {
    events.push_back(std::move(event));
    waiting.push_back(std::move(kept));
  }
  std::vector<Event> events;
  std::vector<std::function<void()>> waiting;
};

// A socket of a sender's.
class Client {
 public:
  explicit Client(const char* ip, int family = AF_INET) : fd_(::socket(family, SOCK_DGRAM, 0)) {
    if (family != AF_INET) return;
    sockaddr_in at{};
    at.sin_family = AF_INET;
    ::inet_pton(AF_INET, ip, &at.sin_addr);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  }
  void send(const Bytes& bytes, const std::string& ip, std::uint16_t port) const {
    const Address to = *numeric_address(ip, port);
    const sockaddr_in6 six = to_sockaddr6(to);
    const sockaddr_in four = to_sockaddr4(to);
    const bool v4 = to.is_v4();
    const auto* at =
        v4 ? reinterpret_cast<const sockaddr*>(&four) : reinterpret_cast<const sockaddr*>(&six);
    ASSERT_EQ(::sendto(fd_.get(), bytes.data(), bytes.size(), 0, at, v4 ? sizeof four : sizeof six),
              static_cast<ssize_t>(bytes.size()));
  }
  // Empty: nothing has come.
  [[nodiscard]] Bytes receive() const {
    Bytes bytes(65'536);
    const ssize_t n = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }

 private:
  Fd fd_;
};

SnmpTarget device(const std::string& name, const std::string& host,
                  const std::string& community = "public") {
  SnmpTarget made;
  made.device.name = DeviceName(name);
  made.device.host = host;
  made.device.credentials = "lab " + community;
  made.credentials.community.set(community);
  return made;
}
SnmpTarget secure_device(const std::string& name, const std::string& host) {
  SnmpTarget made = device(name, host, "");
  made.device.credentials = "strong";
  made.credentials.version = SnmpVersion::v3;
  made.credentials.user = "noc";
  made.credentials.auth = SnmpAuth::sha256;
  made.credentials.auth_password.set("correct horse");
  made.credentials.priv = SnmpPriv::aes128;
  made.credentials.priv_password.set("battery staple");
  return made;
}
std::shared_ptr<const usm::User> noc() {
  static usm::KeyCache cache;
  return *usm::make_user({"noc", "", usm::AuthAlgorithm::sha256, "correct horse",
                          usm::PrivAlgorithm::aes128, "battery staple"},
                         cache);
}

class TrapCollectorTest : public testing::Test {
 protected:
  TrapCollectorTest() {
    config.name = CollectorName("traps");
    config.host = "127.0.0.1";
    config.port = 0;
    config.targets = {device("core", "127.0.0.1"), device("edge", "127.0.0.2"),
                      device("unpolled", "127.0.0.3"), secure_device("safe", "127.0.0.4")};
  }
  void start() {
    served = polls.serve(poller);
    collector.emplace(
        config, CollectorContext{loop, sink, log, files, as_oneself, &polls},
        [](const std::string&, std::uint16_t) -> Result<Address> { return Error{"no names"}; });
    collector->start();
    ASSERT_NE(collector->port(), 0);
  }
  // It has come and was looked at when this returns.
  void send(const Bytes& bytes, const Client& from) {
    from.send(bytes, config.host == "::" ? "127.0.0.1" : config.host, collector->port());
    ASSERT_TRUE(loop.deliver(std::chrono::seconds(10)));
  }
  void send(const Bytes& bytes) { send(bytes, core); }
  [[nodiscard]] std::vector<std::string> told() const {
    std::vector<std::string> texts;
    for (const Event& event : sink.events) texts.push_back(event.kind + ": " + event.text);
    return texts;
  }
  [[nodiscard]] std::map<std::string, double> figures() {
    loop.advance(config.interval);
    std::map<std::string, double> found;
    for (const SeriesSample& sample : sink.all<SeriesSample>()) {
      for (const SeriesFamily& family : sample.families) {
        for (const SeriesRow& row : family.rows) {
          std::string name = family.name;
          for (const std::string& label : row.labels) name += ' ' + label;
          if (!sample.device.empty()) name += ' ' + sample.device.text();
          const auto* count = std::get_if<std::uint64_t>(&row.value);
          found[name] =
              count != nullptr ? static_cast<double>(*count) : std::get<double>(row.value);
        }
      }
    }
    return found;
  }
  [[nodiscard]] double ignored(const std::string& reason) {
    return figures()["itnxt_trap_ignored_total " + reason];
  }

  FakeLoop loop;
  RecordingSink sink;
  RecordingLog log;
  PollRequests polls;
  FakePoller poller;
  Registration served;
  TrapCollectorConfig config;
  std::string files;
  std::optional<TrapCollector> collector;
  const Client core{"127.0.0.1"}, edge{"127.0.0.2"}, unpolled{"127.0.0.3"}, safe{"127.0.0.4"};
};

TEST_F(TrapCollectorTest, ATrapIsAReasonToLookAndAnEventAndNoState) {
  start();
  send(v2c(pdu(kLinkDown, {if_index(7)})));
  EXPECT_THAT(poller.asked, ElementsAre("core 7 down"));
  EXPECT_THAT(told(), ElementsAre("trap: linkDown of core: interface 7"));
  EXPECT_FALSE(sink.events[0].interface);
  EXPECT_THAT(sink.all<DeviceSample>(), IsEmpty());
  send(v1({1, 3, 6, 1, 4, 1, 9}, 0, 0, {0, 0, 0, 0}), edge);
  send(v2c(pdu({1, 3, 6, 1, 4, 1, 9, 9, 43, 2, 0, 1})), edge);
  EXPECT_THAT(poller.asked, ElementsAre("core 7 down", "edge 0 tables"));
  const auto seen = figures();
  EXPECT_EQ(seen.at("itnxt_trap_received_total 2c trap"), 2);
  EXPECT_EQ(seen.at("itnxt_trap_received_total 1 trap"), 1);
  EXPECT_EQ(seen.at("itnxt_trap_polls_total"), 2);
  EXPECT_EQ(seen.at("itnxt_trap_listening"), 1);
  EXPECT_EQ(seen.at("itnxt_trap_missing_total core"), 0);
}

TEST_F(TrapCollectorTest, ADeviceIsPolledAtMostEveryFiveSecondsAndOnceMoreBehind) {
  start();
  for (std::uint32_t i = 1; i <= 20; ++i) send(v2c(pdu(kLinkDown, {if_index(i)}, i)));
  EXPECT_THAT(poller.asked, ElementsAre("core 1 down"));
  loop.advance(4999ms);
  EXPECT_EQ(poller.asked.size(), 1U);
  loop.advance(1ms);
  EXPECT_THAT(poller.asked, ElementsAre("core 1 down", "core 20 down"));
  loop.advance(1min);
  EXPECT_EQ(poller.asked.size(), 2U);
}

TEST_F(TrapCollectorTest, WhatTheDeviceContradictsIsAskedOnceMore) {
  start();
  send(v2c(pdu(kLinkDown, {if_index(7)})));
  polls.contradicted(DeviceName("core"), 7);
  loop.advance(5s);
  EXPECT_THAT(poller.asked, ElementsAre("core 7 down", "core 7"));
  polls.contradicted(DeviceName("nobody"), 7);
  EXPECT_EQ(figures()["itnxt_trap_contradicted_total"], 1);
}

TEST_F(TrapCollectorTest, ADeviceThatNobodyHerePollsIsSaidOnce) {
  start();
  for (std::uint32_t i = 0; i < 3; ++i) {
    send(v2c(pdu(kLinkDown, {if_index(1)}, i)), unpolled);
    loop.advance(6s);
  }
  EXPECT_EQ(figures()["itnxt_trap_not_polled_total"], 3);
  const auto said = std::ranges::count_if(log.lines, [](const std::string& line) {
    return line.find("no snmp collector of this process does") != std::string::npos;
  });
  EXPECT_EQ(said, 1);
}

TEST_F(TrapCollectorTest, AnInformIsAnsweredEachTimeAndToldOnce) {
  start();
  const Bytes inform = v2c(pdu(kLinkUp, {if_index(7)}, 99, kInform));
  for (int i = 0; i < 3; ++i) {
    send(inform);
    const Bytes answer = core.receive();
    const auto decoded = snmp::decode(answer);
    const auto* response = std::get_if<snmp::Message>(&decoded);
    ASSERT_NE(response, nullptr);
    EXPECT_EQ(response->type, snmp::PduType::response);
    EXPECT_EQ(response->request_id, 99);
  }
  EXPECT_THAT(told(), ElementsAre("trap: linkUp of core: interface 7"));
  EXPECT_EQ(figures()["itnxt_trap_duplicates_total"], 2);
  send(v2c(pdu(kLinkUp, {if_index(7)}, 100, kInform)));
  EXPECT_EQ(sink.events.size(), 2U) << "another request is another inform";
}

TEST_F(TrapCollectorTest, AnInformIsAnsweredWhenItsEventIsOnTheDisk) {
  SlowSink slow;
  collector.emplace(
      config, CollectorContext{loop, slow, log, files, as_oneself, &polls},
      [](const std::string&, std::uint16_t) -> Result<Address> { return Error{"no names"}; });
  collector->start();
  const Bytes inform = v2c(pdu(kLinkUp, {}, 99, kInform));
  send(inform);
  send(inform);
  EXPECT_THAT(core.receive(), IsEmpty());
  ASSERT_EQ(slow.waiting.size(), 1U);
  slow.waiting[0]();
  EXPECT_THAT(core.receive(), testing::Not(IsEmpty()));
  EXPECT_THAT(core.receive(), IsEmpty()) << "one answer for both";
  send(inform);
  EXPECT_THAT(core.receive(), testing::Not(IsEmpty()));
  send(v2c(pdu(kLinkUp, {}, 100, kInform)));
  collector.reset();
  slow.waiting[1]();  // nobody is there to answer any more
  EXPECT_EQ(slow.events.size(), 2U);
}

TEST_F(TrapCollectorTest, BeyondTheStormLimitTrapsAreSummedUpAndInformsComeAgain) {
  config.storm_limit = 1;
  start();
  for (std::uint32_t i = 0; i < 30; ++i) send(v2c(pdu(kLinkDown, {if_index(1)}, i)));
  EXPECT_EQ(sink.events.size(), 10U);
  send(v2c(pdu(kLinkUp, {if_index(1)}, 99, kInform)));
  EXPECT_THAT(core.receive(), IsEmpty()) << "its sender repeats it";
  send(v2c(pdu(kLinkDown, {if_index(1)})), edge);
  EXPECT_EQ(sink.events.size(), 11U) << "the others are not disturbed";
  loop.advance(10s);
  EXPECT_EQ(told().back(), "trap_storm: 21 traps of core were too many to be told one by one");
  EXPECT_EQ(sink.events.back().device.text(), "core");
  send(v2c(pdu(kLinkUp, {if_index(1)}, 99, kInform)));
  EXPECT_THAT(core.receive(), testing::Not(IsEmpty()));
  EXPECT_EQ(figures()["itnxt_trap_withheld_total"], 21);
}

TEST_F(TrapCollectorTest, WhatCountsForNothingIsCountedByReasonAndToldOnceAMinute) {
  start();
  send(v2c(pdu(kLinkDown), "guess"));
  send(v2c(pdu(kLinkDown)), Client("127.0.0.77"));
  send(v2c(pdu(kLinkDown)), safe);
  send({1, 2, 3});
  send(v2c(pdu(kLinkDown, {}, 1, 0xA0)));
  loop.advance(2s);
  const auto seen = figures();
  for (const char* reason :
       {"wrong_community", "unknown_sender", "insecure", "malformed", "not_a_trap"}) {
    EXPECT_EQ(seen.at(std::string("itnxt_trap_ignored_total ") + reason), 1) << reason;
  }
  EXPECT_THAT(sink.events, IsEmpty());
  EXPECT_THAT(poller.asked, IsEmpty());
  std::string all;
  for (const std::string& line : log.lines) all += line;
  EXPECT_THAT(all, HasSubstr("reason=wrong_community datagrams=1 last_from=127.0.0.1:"));
  EXPECT_THAT(all, testing::Not(HasSubstr("guess")));
  const std::size_t lines = log.lines.size();
  for (std::uint32_t i = 0; i < 100; ++i) send(v2c(pdu(kLinkDown, {}, i), "guess"));
  loop.advance(30s);
  EXPECT_EQ(log.lines.size(), lines);
  loop.advance(1min);
  EXPECT_EQ(log.lines.size(), lines + 1);
}

TEST_F(TrapCollectorTest, TheLastOnesAreKeptAsTheyCameForTheirOwnerOnly) {
  const itnxt::test::TempDir dir;
  files = dir.path() + "/traps";
  start();
  send(v2c(pdu(kLinkDown), "guess"));
  loop.advance(1s);
  collector.reset();  // waits until it is written
  namespace fs = std::filesystem;
  EXPECT_EQ(fs::status(files + ".ignored").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  std::ifstream file(files + ".ignored");
  std::string when, reason, from, size, hex;
  file >> when >> reason >> from >> size >> hex;
  EXPECT_EQ(reason, "wrong_community");
  EXPECT_THAT(hex, HasSubstr("6775657373"));  // "guess"
}

TEST_F(TrapCollectorTest, OfVersion3TheEngineSaysWhoItIs) {
  start();
  const Engine engine;
  poller.engines[engine.id] = "safe";
  const auto level = usm::SecurityLevel::auth_priv;
  send(v3(*noc(), engine, pdu(kLinkDown, {if_index(7)}), level), core);
  EXPECT_THAT(told(), ElementsAre("trap: linkDown of safe: interface 7"));
  EXPECT_THAT(poller.asked, ElementsAre("safe 7 down"));
  Engine another = engine;
  another.id.push_back(9);
  send(v3(*noc(), another, pdu(kLinkDown, {if_index(8)}), level), safe);
  EXPECT_EQ(told().back(), "trap: linkDown of safe: interface 8") << "by its address";
  another.id.push_back(9);
  send(v3(*noc(), another, pdu(kLinkDown, {if_index(8)}), level), edge);
  EXPECT_THAT(told().back(), HasSubstr("trap: linkDown from 127.0.0.2:")) << "by nothing";
  EXPECT_EQ(sink.events.back().device.text(), "");
}

TEST_F(TrapCollectorTest, AReplayIsNoNewsButAReasonToLook) {
  start();
  Engine engine;
  poller.engines[engine.id] = "safe";
  const auto level = usm::SecurityLevel::auth_priv;
  const Bytes recorded = v3(*noc(), engine, pdu(kLinkDown, {if_index(7)}), level);
  send(recorded, safe);
  loop.advance(200s);
  engine.time += 200;
  send(v3(*noc(), engine, pdu(kLinkUp, {if_index(7)}, 2), level), safe);
  loop.advance(10s);
  poller.asked.clear();
  send(recorded, safe);
  EXPECT_EQ(sink.events.size(), 2U);
  EXPECT_THAT(poller.asked, ElementsAre("safe 7 down"));
  EXPECT_EQ(ignored("outside_window"), 1);
}

TEST_F(TrapCollectorTest, AnInformOfVersion3) {
  start();
  const auto level = usm::SecurityLevel::auth_priv;
  // Who does not know us asks.
  Bytes room(512);
  usm::SaltCounter salts(1);
  usm::Header header;
  header.message_id = 1;
  const auto probe = usm::encode(
      header, {{}, {}, tlv(0xA0, join({number(1), number(0), number(0), tlv(0x30, {})}))}, nullptr,
      salts, room);
  send({probe.begin(), probe.end()}, safe);
  const Bytes told_us = safe.receive();
  const auto report = usm::decode_v3(told_us);
  const auto* known = std::get_if<usm::V3Message>(&report);
  ASSERT_NE(known, nullptr);
  Engine ours{Bytes(known->header.engine_id.begin(), known->header.engine_id.end()),
              known->header.boots, known->header.time};
  for (int i = 0; i < 2; ++i) {  // the second as a repetition
    send(v3(*noc(), ours, pdu(kLinkDown, {if_index(7)}, 9, kInform), level, true, {1, 2, 3, 4, 5},
            20 + i),
         safe);
    const Bytes answered = safe.receive();
    const auto answer = usm::decode_v3(answered);
    const auto* message = std::get_if<usm::V3Message>(&answer);
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(message->header.message_id, 20 + i);
    EXPECT_EQ(message->header.level, level);
  }
  EXPECT_THAT(told(), ElementsAre("trap: linkDown of safe: interface 7"));
  // An inform to an engine that is not ours is told so.
  send(v3(*noc(), Engine(), pdu(kLinkDown, {}, 10, kInform), level, true), safe);
  EXPECT_FALSE(safe.receive().empty());
  EXPECT_EQ(sink.events.size(), 1U);
  EXPECT_EQ(ignored("unknown_engine"), 1);
}

TEST_F(TrapCollectorTest, ReportsToOneAddressAreLimited) {
  start();
  usm::SaltCounter salts(1);
  std::size_t answers = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes room(512);
    usm::Header header;
    header.message_id = i + 1;
    const auto probe = usm::encode(
        header, {{}, {}, tlv(0xA0, join({number(1), number(0), number(0), tlv(0x30, {})}))},
        nullptr, salts, room);
    send({probe.begin(), probe.end()});
    if (!core.receive().empty()) ++answers;
  }
  EXPECT_EQ(answers, 500U);
}

TEST_F(TrapCollectorTest, ALinkThatAPollFindsLostWithoutItsTrapIsMissing) {
  start();
  send(v2c(pdu(kColdStart)));
  polls.lost(DeviceName("core"), 7);
  polls.lost(DeviceName("edge"), 7);  // it has never sent a trap
  loop.advance(11s);
  EXPECT_EQ(told().back(),
            "trap_missing: core lost the link of interface 7, but no trap told it: it was lost on "
            "the way, or the device does not send it");
  const auto seen = figures();
  EXPECT_EQ(seen.at("itnxt_trap_missing_total core"), 1);
  EXPECT_FALSE(seen.contains("itnxt_trap_missing_total edge"));
}

TEST_F(TrapCollectorTest, AReloadChangesWhoIsBelievedAndKeepsThePort) {
  start();
  const std::uint16_t port = collector->port();
  const Bytes inform = v2c(pdu(kLinkUp, {}, 99, kInform));
  send(inform);
  TrapCollectorConfig fresh = config;
  fresh.targets = {device("other", "127.0.0.1"), device("new", "127.0.0.77", "blue")};
  EXPECT_TRUE(collector->update(fresh));
  EXPECT_EQ(collector->port(), port);
  send(inform);
  EXPECT_EQ(sink.events.size(), 1U) << "what has been seen stays";
  send(v2c(pdu(kLinkUp), "blue"), Client("127.0.0.77"));
  EXPECT_EQ(told().back(), "trap: linkUp of new");
  fresh.interval = 1s;
  EXPECT_FALSE(collector->update(fresh));
}

TEST_F(TrapCollectorTest, APortThatIsTakenIsSaidOnceAndTriedAgain) {
  std::optional<Listener> other = [] {
    auto opened = Listener::open("127.0.0.1", 0);
    EXPECT_TRUE(opened);
    return std::optional<Listener>(std::move(*opened));
  }();
  config.port = other->port();
  served = polls.serve(poller);
  collector.emplace(
      config, CollectorContext{loop, sink, log, files, as_oneself, &polls},
      [](const std::string&, std::uint16_t) -> Result<Address> { return Error{"no names"}; });
  collector->start();
  EXPECT_EQ(collector->port(), 0);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0],
            "level=error msg=\"cannot listen for traps; trying again, free the port or correct "
            "'listen'\" collector=traps listen=udp:127.0.0.1:" +
                std::to_string(config.port) + " problem=\"Address already in use\"");
  EXPECT_EQ(figures()["itnxt_trap_listening"], 0);
  EXPECT_EQ(log.lines.size(), 1U);
  other.reset();
  loop.advance(30s);
  EXPECT_EQ(collector->port(), config.port);
  EXPECT_THAT(log.lines.back(), HasSubstr("listening for traps again"));
  send(v2c(pdu(kLinkUp)));
  EXPECT_EQ(sink.events.size(), 1U);
}

TEST_F(TrapCollectorTest, BothFamiliesAtOnePort) {
  config.host = "::";
  config.targets = {device("core", "127.0.0.1"), device("six", "::1")};
  start();
  send(v2c(pdu(kLinkUp, {}, 1, kInform)));
  EXPECT_FALSE(core.receive().empty());
  const Client six("::1", AF_INET6);
  six.send(v2c(pdu(kLinkUp, {}, 2, kInform)), "::1", collector->port());
  ASSERT_TRUE(loop.deliver(std::chrono::seconds(10)));
  EXPECT_THAT(told(), ElementsAre("trap: linkUp of core", "trap: linkUp of six"));
  EXPECT_FALSE(six.receive().empty());
}

}  // namespace
}  // namespace itnxt::trap
