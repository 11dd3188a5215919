// Against Debian's own agent: names and counters as snmpget says they are.
#include "tests/support/snmpd.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>

#include "collectors/snmp/collector.hpp"
#include "tests/collectors/snmp/profile_agent.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/series_number.hpp"

namespace itnxt {
namespace {

constexpr const char* kConfiguration =
    "sysName itnxt-snmpd\n"
    "rocommunity itnxt-test 127.0.0.1\n"
    "rocommunity6 itnxt-test ::1\n"
    "createUser itnxt SHA-256 \"correct horse\" AES \"battery staple\"\n"
    "rouser itnxt authPriv\n"
    "createUser strict SHA-256 \"correct horse\" AES \"battery staple\"\n"
    "rouser strict authPriv\n";

// OID → value, by one snmpget.
std::map<std::string, std::string> snmpget(std::uint16_t port,
                                           const std::vector<std::string>& oids) {
  std::string command =
      "MIBS= snmpget -v2c -c itnxt-test -On -Oe -Oq -Ot -OU 127.0.0.1:" + std::to_string(port);
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

Credentials community(SnmpVersion version) {
  Credentials made;
  made.version = version;
  made.community.set("itnxt-test");
  return made;
}

Credentials user(const std::string& name, const std::string& auth_password,
                 const std::string& priv_password) {
  Credentials made;
  made.version = SnmpVersion::v3;
  made.user = name;
  made.auth = SnmpAuth::sha256;
  made.auth_password.set(auth_password);
  if (priv_password.empty()) return made;
  made.priv = SnmpPriv::aes128;
  made.priv_password.set(priv_password);
  return made;
}
Credentials right_user() {
  return user("itnxt", "correct horse", "battery staple");
}

SnmpCollectorConfig one_agent(std::uint16_t port, const Credentials& credentials,
                              const std::string& host) {
  SnmpCollectorConfig config;
  config.name = CollectorName("snmp");
  config.interval = 1s;
  config.timeout = 300ms;
  config.retries = 1;
  config.targets.resize(1);
  config.targets[0].device.name = DeviceName("local");
  config.targets[0].device.host = host;
  config.targets[0].device.port = port;
  config.targets[0].device.credentials = "test";
  config.targets[0].credentials = credentials;
  return config;
}

// A collector that polls one agent once a second.
struct Rig {
  PollLoop loop;
  test::RecordingSink sink;
  test::RecordingLog log;
  std::optional<SnmpCollector> collector;

  void run(const SnmpCollectorConfig& config) {
    collector.emplace(config, CollectorContext{loop, sink, log});
    collector->start();
  }
  void run(std::uint16_t port, const Credentials& credentials,
           const std::string& host = "127.0.0.1") {
    run(one_agent(port, credentials, host));
  }
  [[nodiscard]] DeviceSample last() const { return std::get<DeviceSample>(sink.samples.back()); }
  bool until(PollResult result) {
    return test::run_until(
        loop, [&] { return !sink.samples.empty() && last().result == result; }, 20s);
  }
  bool until_more(std::size_t more) {
    const std::size_t have = sink.samples.size();
    return test::run_until(
        loop, [&] { return sink.samples.size() >= have + more; }, 10s);
  }
  [[nodiscard]] bool said(const std::string& text) const {
    return std::any_of(log.lines.begin(), log.lines.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  }
};

class SnmpdTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::Snmpd::installed()) GTEST_SKIP() << "snmpd is not installed: nothing to poll";
  }
};

TEST_F(SnmpdTest, NamesAndCountersAsSnmpgetSaysTheyAre) {
  if (::access("/usr/bin/snmpget", X_OK) != 0) GTEST_SKIP() << "snmpget is not installed";
  test::Snmpd snmpd(kConfiguration);
  snmpd.start();
  Rig rig;
  rig.run(snmpd.port, community(SnmpVersion::v2c));
  ASSERT_TRUE(rig.until(PollResult::ok)) << "snmpd did not come up";

  const DeviceSample known = rig.last();
  std::vector<std::string> oids = {"1.3.6.1.2.1.1.5.0"};
  for (const InterfaceSample& row : known.interfaces) {
    const std::string index = '.' + std::to_string(row.if_index);
    for (const char* column : {"1.3.6.1.2.1.31.1.1.1.6", "1.3.6.1.2.1.31.1.1.1.10",
                               "1.3.6.1.2.1.31.1.1.1.1", "1.3.6.1.2.1.2.2.1.2"}) {
      oids.push_back(column + index);
    }
  }
  const auto before = snmpget(snmpd.port, oids);
  ASSERT_TRUE(rig.until_more(2));
  const DeviceSample sample = rig.last();
  const auto after = snmpget(snmpd.port, oids);

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

// What the agent says must be the same whichever version asks; version 1 has no 64-bit counters.
TEST_F(SnmpdTest, EveryVersionReadsTheSame) {
  const struct {
    const char* name;
    const char* host;
    Credentials credentials;
  } cases[] = {
      {"version 1", "127.0.0.1", community(SnmpVersion::v1)},
      {"version 2c", "127.0.0.1", community(SnmpVersion::v2c)},
      {"version 3", "127.0.0.1", right_user()},
      {"version 2c over IPv6", "::1", community(SnmpVersion::v2c)},
      {"version 3 over IPv6", "::1", right_user()},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    const bool v6 = std::string(one.host) == "::1";
    test::Snmpd snmpd(kConfiguration, v6 ? "[::1]" : "127.0.0.1");
    snmpd.start();
    Rig rig;
    rig.run(snmpd.port, one.credentials, one.host);
    ASSERT_TRUE(rig.until(PollResult::ok)) << rig.last().problem;
    const DeviceSample sample = rig.last();
    EXPECT_TRUE(sample.complete);
    EXPECT_EQ(sample.sys_name, "itnxt-snmpd");
    ASSERT_GT(sample.interfaces.size(), 0U);
    for (const InterfaceSample& row : sample.interfaces) {
      EXPECT_FALSE(row.if_name.empty() && row.if_descr.empty());
      const auto octets = row.counters.get(Column::in_octets);
      ASSERT_TRUE(octets);
      EXPECT_EQ(octets->width, one.credentials.version == SnmpVersion::v1 ? CounterWidth::bits32
                                                                          : CounterWidth::bits64);
    }
  }
}

// T21: who answers is not down, whatever is wrong with our credentials.
TEST_F(SnmpdTest, WrongCredentialsAreNoOutage) {
  Credentials wrong_algorithm = right_user();
  wrong_algorithm.priv = SnmpPriv::des;
  Credentials wrong_context = right_user();
  wrong_context.context = "nowhere";
  const struct {
    Credentials credentials;
    const char* problem;
  } cases[] = {
      {user("strict", "correct horse", ""),
       "credentials wrong: the device answers authorizationError: it lets this user or community "
       "read nothing, or only on a higher security level (auth, priv)"},
      {user("nobody", "correct horse", "battery staple"),
       "credentials wrong: the device knows no user 'nobody' (usmStatsUnknownUserNames)"},
      {user("itnxt", "wrong horse", "battery staple"),
       "credentials wrong: the device refuses the signature of user 'itnxt' "
       "(usmStatsWrongDigests): "
       "check auth (now sha256) and auth_password"},
      {user("itnxt", "correct horse", "wrong staple"),
       "credentials wrong: the device takes our signature but does not answer what is enciphered: "
       "check priv (now aes128), priv_password and context (now '')"},
      {wrong_algorithm,
       "credentials wrong: the device takes our signature but does not answer what is enciphered: "
       "check priv (now des), priv_password and context (now '')"},
      {wrong_context,
       "credentials wrong: the device takes our signature but does not answer what is enciphered: "
       "check priv (now aes128), priv_password and context (now 'nowhere')"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.problem);
    test::Snmpd snmpd(kConfiguration);
    snmpd.start();
    Rig rig;
    rig.run(snmpd.port, one.credentials);
    ASSERT_TRUE(rig.until(PollResult::auth)) << rig.last().problem;
    EXPECT_EQ(rig.last().problem, one.problem);
    const std::size_t known = rig.sink.samples.size();
    ASSERT_TRUE(rig.until_more(6));  // and stays so
    for (std::size_t i = known; i < rig.sink.samples.size(); ++i) {
      const auto& sample = std::get<DeviceSample>(rig.sink.samples[i]);
      EXPECT_EQ(sample.result, PollResult::auth) << sample.problem;
      EXPECT_EQ(sample.problem, one.problem);
      EXPECT_TRUE(sample.answered);
    }
    EXPECT_TRUE(rig.said("device refuses our credentials"));
    snmpd.stop();
    EXPECT_TRUE(rig.until(PollResult::timeout)) << "now it is down";
  }
}

// One agent under forty names: a line, not one a pair.
TEST_F(SnmpdTest, ASharedEngineIdIsToldOnceForAllOfItsDevices) {
  test::Snmpd snmpd(kConfiguration);
  snmpd.start();
  Rig first;
  first.run(snmpd.port, right_user());
  ASSERT_TRUE(first.until(PollResult::ok));  // it is up
  Rig rig;
  SnmpCollectorConfig config = one_agent(snmpd.port, right_user(), "127.0.0.1");
  config.interval = 1s;
  while (config.targets.size() < 40) {
    config.targets.push_back(config.targets[0]);
    config.targets.back().device.name = DeviceName("d" + std::to_string(config.targets.size()));
  }
  rig.run(config);
  ASSERT_TRUE(rig.until_more(160));
  std::vector<std::string> told;
  for (const std::string& line : rig.log.lines) {
    if (line.find("share engine ID") != std::string::npos) told.push_back(line);
  }
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find(" and 37 more share engine ID 0x"), std::string::npos) << told[0];
}

TEST_F(SnmpdTest, ARestartedAgentIsFollowed) {
  test::Snmpd snmpd(kConfiguration);
  snmpd.store("0x80001f8880112233445566778899", 40);
  snmpd.start();
  Rig rig;
  rig.run(snmpd.port, right_user());
  ASSERT_TRUE(rig.until(PollResult::ok));
  snmpd.stop();
  ASSERT_TRUE(rig.until(PollResult::timeout));
  snmpd.start();  // boots are one more
  ASSERT_TRUE(rig.until(PollResult::ok));
  snmpd.stop();
  ASSERT_TRUE(rig.until(PollResult::timeout));
  snmpd.store("0x80001f8880112233445566778899", 6);  // an old copy of its storage is put back
  snmpd.start();
  ASSERT_TRUE(rig.until(PollResult::ok));
  EXPECT_TRUE(rig.said("engine boots went backwards from 42 to 7"));
  snmpd.stop();
  ASSERT_TRUE(rig.until(PollResult::timeout));
  snmpd.lose_storage();  // it makes up a new engine ID
  snmpd.start();
  ASSERT_TRUE(rig.until(PollResult::ok));
  EXPECT_TRUE(rig.said("the engine ID changed from 0x80001f8880112233445566778899 to "));
}

// The value of the row of a family whose first label is `label`; nothing when there is none.
std::optional<double> value_of(const std::vector<SeriesSample>& samples, std::string_view name,
                               std::string_view label = "") {
  for (const SeriesSample& sample : samples) {
    for (const SeriesFamily& family : sample.families) {
      for (const SeriesRow& row : family.rows) {
        if (family.name != name || (!row.labels.empty() && row.labels[0] != label)) continue;
        return test::number_of(row.value);
      }
    }
  }
  return std::nullopt;
}

TEST_F(SnmpdTest, ProfilesAsSnmpgetSaysTheyAre) {
  if (::access("/usr/bin/snmpget", X_OK) != 0) GTEST_SKIP() << "snmpget is not installed";
  test::Snmpd snmpd(kConfiguration);
  snmpd.start();
  Rig rig;
  SnmpCollectorConfig config = one_agent(snmpd.port, right_user(), "127.0.0.1");
  config.interval = 2s;
  config.timeout = 900ms;
  config.profiles = snmp::test::shipped();
  ASSERT_FALSE(config.profiles.empty());
  rig.run(config);
  const auto has_system = [&] {
    return value_of(rig.sink.all<SeriesSample>(), "itnxt_host_memory_bytes").has_value();
  };
  ASSERT_TRUE(test::run_until(rig.loop, has_system, 30s)) << "no series of the profile system";

  const auto samples = rig.sink.all<SeriesSample>();
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
  const auto said = snmpget(
      snmpd.port, {"1.3.6.1.2.1.25.2.2.0", storage + ".3.1", storage + ".4.1", storage + ".5.1"});
  EXPECT_EQ(value_of(samples, "itnxt_host_memory_bytes"),
            1024 * std::stod(said.at("1.3.6.1.2.1.25.2.2.0")));
  EXPECT_EQ(value_of(samples, "itnxt_host_storage_size_bytes", said.at(storage + ".3.1")),
            std::stod(said.at(storage + ".4.1")) * std::stod(said.at(storage + ".5.1")));
  EXPECT_GT(value_of(samples, "itnxt_host_uptime_seconds").value_or(0), 0);
  for (const std::string& line : rig.log.lines) {
    EXPECT_EQ(line.find("profiles"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace itnxt
