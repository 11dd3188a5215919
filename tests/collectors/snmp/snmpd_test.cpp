// Against Debian's own agent: names and counters as snmpget says they are.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "collectors/snmp/collector.hpp"
#include "tests/collectors/snmp/profile_agent.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"

extern char** environ;

namespace itnxt {
namespace {

// A port that was free a moment ago: snmpd cannot be told to choose one.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&at), size), 0);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  ::close(fd);
  return ntohs(at.sin_port);
}

class Snmpd {
 public:
  Snmpd() : port(free_port()) {
    std::string pattern = std::filesystem::temp_directory_path() / "itnxt-snmpd-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    std::ofstream(directory_ / "snmpd.conf")
        << "rocommunity itnxt-test 127.0.0.1\nsysName itnxt-snmpd\n";
    ::setenv("SNMP_PERSISTENT_DIR", directory_.c_str(), 1);
    ::setenv("MIBS", "", 1);
    const std::string conf = directory_ / "snmpd.conf";
    const std::string log = directory_ / "log";
    const std::string address = "udp:127.0.0.1:" + std::to_string(port);
    std::array<const char*, 9> argv = {
        "/usr/sbin/snmpd", "-f",   "-C", "-c", conf.c_str(), "-Lf", log.c_str(),
        address.c_str(),   nullptr};
    EXPECT_EQ(
        ::posix_spawn(&pid_, argv[0], nullptr, nullptr, const_cast<char**>(argv.data()), environ),
        0);
  }
  ~Snmpd() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(directory_);
  }
  // OID → value, by one snmpget.
  std::map<std::string, std::string> get(const std::vector<std::string>& oids) const {
    std::string command =
        "snmpget -v2c -c itnxt-test -On -Oe -Oq -Ot -OU 127.0.0.1:" + std::to_string(port);
    for (const std::string& oid : oids) command += " ." + oid;
    std::map<std::string, std::string> values;
    const std::unique_ptr<FILE, int (*)(FILE*)> out(::popen(command.c_str(), "r"), &::pclose);
    std::array<char, 1024> line{};
    while (std::fgets(line.data(), line.size(), out.get()) != nullptr) {
      std::string text(line.data());
      while (!text.empty() && text.back() == '\n') text.pop_back();
      const std::size_t space = text.find(' ');
      if (space == std::string::npos) continue;
      std::string value = text.substr(space + 1);
      if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
      values[text.substr(1, space - 1)] = value;
    }
    return values;
  }
  const std::uint16_t port;

 private:
  std::filesystem::path directory_;
  pid_t pid_ = 0;
};

TEST(Snmpd, NamesAndCountersAsSnmpgetSaysTheyAre) {
  if (::access("/usr/sbin/snmpd", X_OK) != 0 || ::access("/usr/bin/snmpget", X_OK) != 0) {
    GTEST_SKIP() << "snmpd or snmpget is not installed: nothing to compare with";
  }
  const Snmpd snmpd;
  PollLoop loop;
  test::RecordingSink sink;
  test::RecordingLog log;
  SnmpCollectorConfig config;
  config.name = CollectorName("snmp");
  config.interval = 1s;
  config.timeout = 400ms;
  config.retries = 1;
  config.targets.resize(1);
  config.targets[0].device.name = DeviceName("local");
  config.targets[0].device.host = "127.0.0.1";
  config.targets[0].device.port = snmpd.port;
  config.targets[0].credentials.community.set("itnxt-test");
  SnmpCollector collector(config, {loop, sink, log});
  collector.start();
  const auto answered = [&] {
    return !sink.samples.empty() &&
           std::get<DeviceSample>(sink.samples.back()).interfaces.size() > 0;
  };
  ASSERT_TRUE(test::run_until(loop, answered, 20s)) << "snmpd did not come up";

  const auto known = std::get<DeviceSample>(sink.samples.back());
  std::vector<std::string> oids = {"1.3.6.1.2.1.1.5.0"};
  for (const InterfaceSample& row : known.interfaces) {
    const std::string index = '.' + std::to_string(row.if_index);
    for (const char* column : {"1.3.6.1.2.1.31.1.1.1.6", "1.3.6.1.2.1.31.1.1.1.10",
                               "1.3.6.1.2.1.31.1.1.1.1", "1.3.6.1.2.1.2.2.1.2"}) {
      oids.push_back(column + index);
    }
  }
  const auto before = snmpd.get(oids);
  const std::size_t have = sink.samples.size();
  ASSERT_TRUE(test::run_until(
      loop, [&] { return sink.samples.size() >= have + 2; }, 10s));
  const auto sample = std::get<DeviceSample>(sink.samples.back());
  const auto after = snmpd.get(oids);

  EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
  EXPECT_TRUE(sample.complete);
  EXPECT_EQ(sample.sys_name, "itnxt-snmpd");
  EXPECT_EQ(sample.interfaces.size(), known.interfaces.size());
  for (const InterfaceSample& row : sample.interfaces) {
    const std::string index = '.' + std::to_string(row.if_index);
    EXPECT_EQ(row.if_name, after.at("1.3.6.1.2.1.31.1.1.1.1" + index));
    EXPECT_EQ(row.if_descr, after.at("1.3.6.1.2.1.2.2.1.2" + index));
    const auto between = [&](Column column, const std::string& oid) {
      const Counter value = *row.counters.get(column);
      EXPECT_EQ(value.width, CounterWidth::bits64);
      EXPECT_GE(value.value, std::stoull(before.at(oid + index))) << oid << index;
      EXPECT_LE(value.value, std::stoull(after.at(oid + index))) << oid << index;
    };
    between(Column::in_octets, "1.3.6.1.2.1.31.1.1.1.6");
    between(Column::out_octets, "1.3.6.1.2.1.31.1.1.1.10");
  }
}

// The value of the row of a family whose first label is `label`; nothing when there is none.
std::optional<double> value_of(const std::vector<SeriesSample>& samples, std::string_view name,
                               std::string_view label = "") {
  for (const SeriesSample& sample : samples) {
    for (const SeriesFamily& family : sample.families) {
      for (const SeriesRow& row : family.rows) {
        if (family.name != name || (!row.labels.empty() && row.labels[0] != label)) continue;
        return std::visit([](auto value) { return static_cast<double>(value); }, row.value);
      }
    }
  }
  return std::nullopt;
}

TEST(Snmpd, ProfilesAsSnmpgetSaysTheyAre) {
  if (::access("/usr/sbin/snmpd", X_OK) != 0 || ::access("/usr/bin/snmpget", X_OK) != 0) {
    GTEST_SKIP() << "snmpd or snmpget is not installed: nothing to compare with";
  }
  const Snmpd snmpd;
  PollLoop loop;
  test::RecordingSink sink;
  test::RecordingLog log;
  SnmpCollectorConfig config;
  config.name = CollectorName("snmp");
  config.interval = 2s;
  config.timeout = 900ms;
  config.retries = 1;
  config.profiles = snmp::test::shipped();
  ASSERT_FALSE(config.profiles.empty());
  config.targets.resize(1);
  config.targets[0].device.name = DeviceName("local");
  config.targets[0].device.host = "127.0.0.1";
  config.targets[0].device.port = snmpd.port;
  config.targets[0].credentials.community.set("itnxt-test");
  SnmpCollector collector(config, {loop, sink, log});
  collector.start();
  const auto has_system = [&] {
    return value_of(sink.all<SeriesSample>(), "itnxt_host_memory_bytes").has_value();
  };
  ASSERT_TRUE(test::run_until(loop, has_system, 30s)) << "no series of the profile system";

  const auto samples = sink.all<SeriesSample>();
  for (const SeriesSample& sample : samples) {
    EXPECT_EQ(sample.device.text(), "local");
    EXPECT_FALSE(sample.partial);
    EXPECT_EQ(sample.interval, sample.source == "system" || sample.source == "lldp" ? 5min : 2s)
        << sample.source;
    for (const SeriesFamily& family : sample.families) {
      EXPECT_EQ(family_objection(family), std::nullopt);
    }
  }
  const std::string storage = "1.3.6.1.2.1.25.2.3.1";
  const auto said =
      snmpd.get({"1.3.6.1.2.1.25.2.2.0", storage + ".3.1", storage + ".4.1", storage + ".5.1"});
  EXPECT_EQ(value_of(samples, "itnxt_host_memory_bytes"),
            1024 * std::stod(said.at("1.3.6.1.2.1.25.2.2.0")));
  EXPECT_EQ(value_of(samples, "itnxt_host_storage_size_bytes", said.at(storage + ".3.1")),
            std::stod(said.at(storage + ".4.1")) * std::stod(said.at(storage + ".5.1")));
  EXPECT_GT(value_of(samples, "itnxt_host_uptime_seconds").value_or(0), 0);
  for (const std::string& line : log.lines) {
    EXPECT_EQ(line.find("profiles"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace itnxt
