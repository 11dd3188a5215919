// The trap collector at a port of the loopback, its time and its neighbours the test's.
#pragma once

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collectors/trap/receiver.hpp"
#include "daemon/core/fd.hpp"
#include "tests/collectors/trap/messages.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::trap::test {

using itnxt::test::FakeLoop;
using itnxt::test::RecordingLog;
using itnxt::test::RecordingSink;

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
  [[nodiscard]] bool knows(const DeviceName& device, std::uint32_t if_index,
                           bool up) const override {
    return known.contains(device.text() + ' ' + std::to_string(if_index) + (up ? " up" : " down"));
  }
  [[nodiscard]] std::optional<DeviceName> device_of(snmp::ByteView engine) const override {
    const auto owner = engines.find(Bytes(engine.begin(), engine.end()));
    return owner == engines.end() ? std::nullopt : std::optional(DeviceName(owner->second));
  }
  std::vector<std::string> asked;
  std::set<std::string> known;  // "core 7 up"
  std::map<Bytes, std::string> engines;
};

// A sink whose disk has time.
class SlowSink final : public Sink {
 public:
  void publish(Sample) override {}
  void report(Event) override {}
  void report_answered(Event event, std::function<void(EventFate)> told) override {
    events.push_back(std::move(event));
    waiting.push_back(std::move(told));
  }
  std::vector<Event> events;
  std::vector<std::function<void(EventFate)>> waiting;
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

inline SnmpTarget device(const std::string& name, const std::string& host,
                         const std::string& community = "public") {
  SnmpTarget made;
  made.device.name = DeviceName(name);
  made.device.host = host;
  made.device.credentials = "lab " + community;
  made.credentials.community.set(community);
  return made;
}
inline SnmpTarget secure_device(const std::string& name, const std::string& host) {
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
inline std::shared_ptr<const usm::User> noc() {
  static usm::KeyCache cache;
  return *usm::make_user({"noc", "", usm::AuthAlgorithm::sha256, "correct horse",
                          usm::PrivAlgorithm::aes128, "battery staple"},
                         cache);
}

class TrapWorld : public testing::Test {
 protected:
  TrapWorld() {
    config.name = CollectorName("traps");
    config.host = "127.0.0.1";
    config.port = 0;
    config.targets = {device("core", "127.0.0.1"), device("edge", "127.0.0.2"),
                      device("unpolled", "127.0.0.3"), secure_device("safe", "127.0.0.4")};
  }
  void start() {
    served = polls.serve(poller);
    start_with(sink);
    ASSERT_NE(collector->port(), 0);
  }
  // Whatever becomes of its port; nobody polls.
  void start_with(Sink& to) {
    collector.emplace(
        config, CollectorContext{loop, to, log, files, as_oneself, &polls},
        [](const std::string&, std::uint16_t) -> Result<Address> { return Error{"no names"}; });
    collector->start();
  }
  // It has come and was looked at when this returns.
  void send(const Bytes& bytes, const Client& from) {
    from.send(bytes, config.host == "::" ? "127.0.0.1" : config.host, collector->port());
    ASSERT_TRUE(loop.deliver(std::chrono::seconds(10)));
    if (verdicts) polls.contradicted(DeviceName("a device of nobody"), 0);
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

  // After each notification some device has said something: nothing waits for it.
  bool verdicts = true;
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

}  // namespace itnxt::trap::test
