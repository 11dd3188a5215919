// Good text becomes values; the purpose decides what must be there.
#include "daemon/config/load.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/config/all_text.hpp"
#include "tests/config/cpu_time.hpp"

namespace itnxt {
namespace {

// CONTRACT §2, reduced to what this release has.
constexpr const char* kContract = R"(
node: md-core-1
inventory:
  sites:
    - {name: magdeburg, kind: datacenter, district: Magdeburg, department: MID, latitude: 52.1205, longitude: 11.6276, weight: 100, anchor: true}
    - {name: gs-stendal-1, kind: school, district: Stendal, weight: 1}
  devices:
    - {name: md-core-1, site: magdeburg, address: 10.0.0.1, credentials: lab}
    - {name: hal-core-1, address: "[2001:db8::1]:1161", credentials: lab, node: hal-1}
  links:
    - name: md-hal-1
      a: {device: md-core-1, interface: Te0/0/1}
      b: {device: hal-core-1, interface: Te0/0/3}
      capacity: 10Gbit/s
      class: backbone
  prefixes: [{site: magdeburg, cidr: 10.0.0.0/16}, {site: gs-stendal-1, cidr: "2001:db8::/32"}]
credentials:
  lab:  {version: 2c, community: {env: ITNXT_TEST_COMMUNITY}, insecure_ok: "lab bench, isolated management net"}
collectors:
  - {kind: snmp,  name: snmp,  interval: 60s, timeout: 2s, retries: 2, devices: all}
  - {kind: pcap,  name: tap-md-hal, interface: eth1, link: md-hal-1, filter: "", snaplen: 128, interval: 10s}
transport:
  aggregators: ["tcp://127.0.0.1:5690", "ipc:///run/itnxt/b"]
  spool: {directory: /var/lib/itnxt/spool, max_size: 2GiB, max_age: 72h, backlog_rate: 16Mbit/s}
aggregator:
  listen: "tcp://127.0.0.1:5690"
  http: {listen: "127.0.0.1:9690"}
  state: /var/lib/itnxt/aggregator
  stale_after: 3
  limits: {series: 2000000, series_per_node: 500000}
rules:
  - {alert: LinkDown, on: link, when: {metric: up, below: 1}, severity: critical}
  - {alert: LinkSaturated, on: link, when: {metric: utilization_ratio, above: 0.9, clear_below: 0.8}, for: 5m, severity: warning, where: {class: backbone}}
crisis: {declare: {isolated_weight_share: 0.10, min_sites: 3, within: 5m}, recover_after: 10m, hold: 2s}
notify:
  channels:
    ops-am:   {type: alertmanager, urls: ["http://127.0.0.1:9093"]}
    ops-hook: {type: webhook, url: "https://hook.example.org/"}
  routes: [{match: {severity: critical}, channels: [ops-am, ops-hook]}]
)";

Config contract() {
  Config c;
  c.node = NodeName("md-core-1");
  Site magdeburg{
      SiteName("magdeburg"), SiteKind::datacenter, "Magdeburg", "MID", 52.1205, 11.6276, 100, true};
  Site stendal;
  stendal.name = SiteName("gs-stendal-1");
  stendal.kind = SiteKind::school;
  stendal.district = "Stendal";
  c.inventory.sites = {magdeburg, stendal};
  const Device md{DeviceName("md-core-1"), SiteName("magdeburg"), "10.0.0.1", 161, "lab"};
  const Device hal{DeviceName("hal-core-1"), SiteName(), "2001:db8::1", 1161, "lab",
                   NodeName("hal-1")};
  c.inventory.devices = {md, hal};
  c.inventory.links = {{LinkName("md-hal-1"),
                        {md.name, "Te0/0/1"},
                        LinkEnd{hal.name, "Te0/0/3"},
                        BytesPerSecond(1.25e9),
                        LinkClass::backbone}};
  c.inventory.prefixes = {
      {SiteName("magdeburg"), {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10}, 112}},
      {SiteName("gs-stendal-1"), {{0x20, 0x01, 0x0d, 0xb8}, 32}}};
  Credentials lab;
  lab.community = Secret(Secret::Source::env, "ITNXT_TEST_COMMUNITY");
  lab.community.set("s3cret");
  lab.insecure_ok = "lab bench, isolated management net";
  c.credentials.emplace("lab", lab);
  SnmpCollectorConfig snmp;
  snmp.name = CollectorName("snmp");
  snmp.targets = {{md, lab}, {hal, lab}};
  PcapCollectorConfig pcap;
  pcap.name = CollectorName("tap-md-hal");
  pcap.interface = "eth1";
  pcap.link = LinkName("md-hal-1");
  pcap.prefixes = c.inventory.prefixes;
  c.collectors = {snmp, pcap};
  c.transport.aggregators = {"tcp://127.0.0.1:5690", "ipc:///run/itnxt/b"};
  c.transport.spool.max_size = Bytes(2ULL << 30U);
  c.transport.spool.backlog_rate = BytesPerSecond(2e6);
  c.aggregator.listen = "tcp://127.0.0.1:5690";
  Rule down;
  down.alert = "LinkDown";
  down.below = 1;
  down.severity = AlertSeverity::critical;
  Rule saturated;
  saturated.alert = "LinkSaturated";
  saturated.metric = SubjectMetric::utilization_ratio;
  saturated.above = 0.9;
  saturated.clear_below = 0.8;
  saturated.hold = 5min;
  saturated.where = {{"class", "backbone"}};
  c.rules = {down, saturated};
  c.crisis = CrisisConfig{0.10, 3, 5min, 10min, 2s};
  c.notify.channels = {{ChannelName("ops-am"), AlertmanagerChannel{{"http://127.0.0.1:9093"}}},
                       {ChannelName("ops-hook"), WebhookChannel{"https://hook.example.org/", {}}}};
  c.notify.routes = {
      {{{"severity", "critical"}}, {ChannelName("ops-am"), ChannelName("ops-hook")}}};
  return c;
}

TEST(Load, TheContractsExample) {
  setenv("ITNXT_TEST_COMMUNITY", "s3cret", 1);
  const Loaded loaded = load_config_text("a.yaml", kContract, Purpose::run);
  EXPECT_EQ(all_text(loaded),
            "a.yaml:18:3: warning: credentials 'lab' use SNMP 2c: who sees the traffic can read "
            "the community (insecure_ok: 'lab bench, isolated management net')\n"
            "  lab:  {version: 2c, community: {env: ITNXT_TEST_COMMUNITY}, insecure_ok: \"lab "
            "bench, isolated management net\"}\n"
            "  ^\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(*loaded.config, contract());
}

TEST(Load, UserCredentials) {
  setenv("ITNXT_TEST_AUTH", "authentic", 1);
  setenv("ITNXT_TEST_PRIV", "privates", 1);
  const Loaded loaded = load_config_text(
      "a.yaml",
      "credentials: {core: {version: 3, user: itnxt, auth: sha256, auth_password: {env: "
      "ITNXT_TEST_AUTH}, priv: aes256c, priv_password: {env: ITNXT_TEST_PRIV}, context: vrf-1}}\n"
      "inventory: {devices: [{name: a, address: 10.0.0.1, credentials: core}]}\n"
      "collectors: [{kind: snmp, name: s}]\n",
      Purpose::run);
  EXPECT_EQ(all_text(loaded), "");
  ASSERT_TRUE(loaded.config);
  const auto& targets = std::get<SnmpCollectorConfig>(loaded.config->collectors.at(0)).targets;
  ASSERT_EQ(targets.size(), 1U);
  const Credentials& core = targets[0].credentials;
  EXPECT_EQ(core.version, SnmpVersion::v3);
  EXPECT_EQ(core.user, "itnxt");
  EXPECT_EQ(core.auth, SnmpAuth::sha256);
  EXPECT_EQ(core.auth_password.reveal(), "authentic");
  EXPECT_EQ(core.priv, SnmpPriv::aes256c);
  EXPECT_EQ(core.priv_password.reveal(), "privates");
  EXPECT_EQ(core.context, "vrf-1");
}

TEST(Load, PassPhrasesHaveEightCharacters) {
  setenv("ITNXT_TEST_AUTH", "seven77", 1);
  EXPECT_EQ(all_text(load_config_text("a.yaml",
                                      "credentials: {c: {version: 3, user: u, auth: sha256, "
                                      "auth_password: {env: ITNXT_TEST_AUTH}}}\n",
                                      Purpose::run)),
            "a.yaml:1:69: the pass phrase in 'ITNXT_TEST_AUTH' has 7 characters; expected at least "
            "8 (RFC 3414 §11.2)\n"
            "credentials: {c: {version: 3, user: u, auth: sha256, auth_password: {env: "
            "ITNXT_TEST_AUTH}}}\n"
            "                                                                    ^\n");
}

TEST(Load, WeakCredentialsAreWarnings) {
  setenv("ITNXT_TEST_AUTH", "authentic", 1);
  const std::string password = "_password: {env: ITNXT_TEST_AUTH}";
  const std::string clear = "SNMP 3 without encryption: who sees the traffic can read it; set priv";
  const std::string md5 = "MD5, which is no longer safe; use sha256 where the device can";
  const std::string des = "DES, which is no longer safe; use aes128 where the device can";
  // Problems of one place are in the order of their texts.
  const std::pair<std::string, std::vector<std::string>> cases[] = {
      {"",
       {"SNMP 3 without authentication: anybody can answer in a device's name; set auth and priv"}},
      {", auth: sha512, auth" + password, {clear}},
      {", auth: md5, auth" + password, {md5, clear}},
      {", auth: md5, priv: aes128, auth" + password + ", priv" + password, {md5}},
      {", auth: sha1, priv: des, auth" + password + ", priv" + password, {des}},
      {", auth: md5, priv: des, auth" + password + ", priv" + password, {des, md5}},
  };
  for (const auto& [keys, weak] : cases) {
    const std::string line = "credentials: {c: {version: 3, user: u" + keys + "}}\n";
    std::string expected;
    for (const std::string& one : weak) {
      expected +=
          "a.yaml:1:15: warning: credentials 'c' use " + one + "\n" + line + "              ^\n";
    }
    EXPECT_EQ(all_text(load_config_text(
                  "a.yaml",
                  line + "inventory: {devices: [{name: a, address: 10.0.0.1, credentials: c}]}\n",
                  Purpose::run)),
              expected);
  }
}

TEST(Load, NothingGivenIsTheDefault) {
  const Loaded loaded = load_config_text("a.yaml", "node: a\n", Purpose::run);
  EXPECT_EQ(all_text(loaded), "");
  Config expected;
  expected.node = NodeName("a");
  EXPECT_EQ(*loaded.config, expected);
}

TEST(Load, EmptySectionsAreNone) {
  const Loaded loaded = load_config_text(
      "a.yaml",
      "node: a\ninclude:\ninventory:\n  sites:\n  devices:\n  links:\ncredentials:\ncollectors:\n"
      "transport:\n  aggregators:\n  spool:\naggregator:\n  http:\n  limits:\nrules:\ncrisis:\n"
      "notify:\n  channels:\n  routes:\n",
      Purpose::run);
  EXPECT_EQ(all_text(loaded), "");
  ASSERT_TRUE(loaded.config);
  EXPECT_FALSE(loaded.config->crisis);
}

TEST(Load, DevicesOfSites) {
  const std::string head =
      "inventory:\n"
      "  sites: [{name: m}, {name: h}]\n"
      "  devices:\n"
      "    - {name: a, address: h, site: m, credentials: c}\n"
      "    - {name: b, address: h, site: h, credentials: c}\n"
      "    - {name: d, address: h}\n"
      "credentials: {c: {version: 2c, community: {env: ITNXT_TEST_COMMUNITY}, insecure_ok: x}}\n"
      "collectors: [{kind: snmp, name: s, devices: ";
  setenv("ITNXT_TEST_COMMUNITY", "s3cret", 1);
  const auto names = [&](const std::string& devices) {
    const Loaded loaded = load_config_text("a.yaml", head + devices + "}]\n", Purpose::run);
    if (!loaded.config) return all_text(loaded);
    std::string result;
    for (const SnmpTarget& t :
         std::get<SnmpCollectorConfig>(loaded.config->collectors[0]).targets) {
      EXPECT_EQ(t.credentials.community.reveal(), "s3cret");
      result += t.device.name.text();
    }
    return result;
  };
  EXPECT_EQ(names("[b, a]"), "ba");
  EXPECT_EQ(names("{site: h}"), "b");
  EXPECT_EQ(names("{site: [m, h]}"), "ab");
}

// The SNMP collector of the same file must not tell of it a second time, in whatever order they
// stand.
TEST(Load, TheNodesOwnDeviceIsLeftToItsHostCollector) {
  for (const char* devices : {"all", "{site: x}"}) {
    const std::string text = std::string(R"(
node: n
inventory: {sites: [{name: x}], devices: [{name: n, site: x}, {name: d, site: x, address: h, credentials: v3}]}
credentials: {v3: {version: 3, user: u}}
collectors:
  - {kind: snmp, name: s, devices: )") +
                             devices + R"(}
  - {kind: host, name: h}
)";
    const Loaded loaded = load_config_text("a.yaml", text, Purpose::check);
    ASSERT_TRUE(loaded.config) << all_text(loaded);
    const auto& targets = std::get<SnmpCollectorConfig>(loaded.config->collectors[0]).targets;
    ASSERT_EQ(targets.size(), 1U);
    EXPECT_EQ(targets[0].device.name.text(), "d");
    const auto& host = std::get<HostCollectorConfig>(loaded.config->collectors[1]);
    EXPECT_EQ(host.device.text(), "n");
    EXPECT_EQ(host.interval, 10s);
  }
}

// Whom a device is polled by does not matter: whoever has credentials may send.
TEST(Load, ATrapCollectorBelievesTheCredentialsOfEveryDevice) {
  const Loaded loaded = load_config_text("a.yaml", R"(
inventory: {devices: [{name: a, address: h, credentials: v3}, {name: b}, {name: c, address: i, credentials: v3}]}
credentials: {v3: {version: 3, user: u}}
collectors:
  - {kind: trap, name: t, listen: "udp:[::1]:1162"}
  - {kind: snmp, name: s, devices: [a]}
)",
                                         Purpose::check);
  ASSERT_TRUE(loaded.config) << all_text(loaded);
  const auto& trap = std::get<TrapCollectorConfig>(loaded.config->collectors[0]);
  EXPECT_EQ(trap.host, "::1");
  EXPECT_EQ(trap.port, 1162);
  ASSERT_EQ(trap.targets.size(), 2U);
  EXPECT_EQ(trap.targets[0].device.name.text(), "a");
  EXPECT_EQ(trap.targets[1].device.name.text(), "c");
  EXPECT_EQ(trap.targets[1].credentials.user, "u");
}

TEST(Load, AnAggregatorMayReadTheFileOfOtherNodes) {
  const char* text =
      "node: noc\naggregator: {listen: \"ipc:///run/x\"}\ntransport: {aggregators: "
      "[\"ipc:///run/x\"]}\ncollectors: [{kind: host, name: h}]";
  EXPECT_TRUE(load_config_text("a.yaml", text, Purpose::aggregate).config);
  EXPECT_FALSE(load_config_text("a.yaml", text, Purpose::collect).config);
}

TEST(Load, WherePeopleReachTheStatusPage) {
  const auto url = [](const std::string& http) {
    const Loaded loaded =
        load_config_text("a.yaml", "node: a\naggregator: {http: " + http + "}\n", Purpose::run);
    return loaded.config ? loaded.config->aggregator.http.external_url : all_text(loaded);
  };
  EXPECT_EQ(url("{listen: \"127.0.0.1:1\"}"), "");
  EXPECT_EQ(url("{external_url: \"https://noc.example.org/itnxt/\", listen: \"127.0.0.1:1\"}"),
            "https://noc.example.org/itnxt");
  EXPECT_EQ(url("{external_url: \"http://[::1]:9690/\"}"), "http://[::1]:9690");
}

TEST(Load, AliasesMayStandForRepeatedParts) {
  const Loaded loaded = load_config_text("a.yaml",
                                         "inventory:\n"
                                         "  devices: [{name: a, address: h}]\n"
                                         "  links:\n"
                                         "    - {name: l, a: &end {device: a, interface: e1}}\n"
                                         "    - {name: m, a: *end}\n",
                                         Purpose::check);
  ASSERT_TRUE(loaded.config) << all_text(loaded);
  EXPECT_EQ(loaded.config->inventory.links[0].a, loaded.config->inventory.links[1].a);
}

TEST(Load, TwentyThousandDevicesAndLinks) {
  setenv("ITNXT_TEST_COMMUNITY", "s3cret", 1);
  std::string text =
      "node: a\n"
      "credentials: {c: {version: 2c, community: {env: ITNXT_TEST_COMMUNITY}, insecure_ok: x}}\n"
      "collectors: [{kind: snmp, name: s, devices: all}]\n"
      "inventory:\n  sites:\n";
  constexpr int kMany = 20'000;
  for (int i = 0; i < 2'000; ++i) text += "    - {name: site-" + std::to_string(i) + "}\n";
  text += "  devices:\n";
  for (int i = 0; i < kMany; ++i) {
    text += "    - {name: device-" + std::to_string(i) + ", site: site-" +
            std::to_string(i % 2000) + ", address: 10.0.0.1, credentials: c}\n";
  }
  text += "  links:\n";
  for (int i = 0; i < kMany; ++i) {
    text += "    - {name: link-" + std::to_string(i) + ", a: {device: device-" + std::to_string(i) +
            ", interface: Te0/0/1}, b: {device: device-" + std::to_string((i + 1) % kMany) +
            ", interface: Te0/0/2}, capacity: 10Gbit/s, class: access}\n";
  }
  const CpuTime time;
  const Loaded loaded = load_config_text("a.yaml", text, Purpose::run);
  RecordProperty("milliseconds", static_cast<int>(time.seconds() * 1000));
  ASSERT_TRUE(loaded.config) << all_text(loaded);
  EXPECT_EQ(std::get<SnmpCollectorConfig>(loaded.config->collectors[0]).targets.size(), 20'000U);
  EXPECT_LT(time.seconds(), 60);  // about one second without optimisation; slow under sanitizers
}

TEST(Load, TwentyThousandDanglingNamesEndSoon) {
  std::string text = "inventory:\n  devices:\n";
  for (int i = 0; i < 20'000; ++i) {
    text += "    - {name: device-" + std::to_string(i) + ", address: h, site: sites-" +
            std::to_string(i) + "}\n";
  }
  text += "  links:\n";
  for (int i = 0; i < 20'000; ++i) {
    text += "    - {name: l" + std::to_string(i) + ", a: {device: devise-" + std::to_string(i) +
            ", interface: e}}\n";
  }
  const CpuTime time;
  EXPECT_EQ(load_config_text("a.yaml", text, Purpose::check).issues.size(), 1001U);
  EXPECT_LT(time.seconds(), 60);
}

TEST(Load, AWarningIsNewOnceWhereverItStands) {
  const Issue weak{"a.yaml", 3, 5, "weak", "", 1, true};
  Issue moved = weak;
  moved.line = 9;
  const Issue other{"b.yaml", 3, 5, "weak", "", 1, true};
  const Issue error{"a.yaml", 1, 1, "wrong", "", 1, false};
  EXPECT_EQ(what_is_new({}, {weak}), std::vector{weak});
  EXPECT_EQ(what_is_new({weak, error}, {error, moved, other}), (std::vector{error, other}));
  EXPECT_EQ(what_is_new({weak}, {}), std::vector<Issue>{});
}

// What its own room says of a collector stands at the key it names.
TEST(Load, CollectorsAreAskedAboutTheirConfiguration) {
  const std::string text =
      "collectors:\n  - {kind: pcap, name: p, interface: eth0, filter: bad}\n"
      "  - {kind: pcap, name: q, interface: eth0, snaplen: 1}\n"
      "aggregator: {listen: \"ipc://x\"}\n";
  const Checks checks{[](const CollectorConfig& config) {
                        EXPECT_EQ(name_of(config).text(), "p");  // the other does not read well
                        return std::vector<Objection>{{"filter", "filter: no good"},
                                                      {"snaplen", "too short", true}};
                      },
                      {}};
  EXPECT_EQ(all_text(load_config_text("a.yaml", text, Purpose::check, checks)),
            "a.yaml:2:5: warning: too short\n"
            "  - {kind: pcap, name: p, interface: eth0, filter: bad}\n"
            "    ^\n"
            "a.yaml:2:52: filter: no good\n"
            "  - {kind: pcap, name: p, interface: eth0, filter: bad}\n"
            "                                                   ^\n"
            "a.yaml:3:53: snaplen: expected 64 to 262144, not '1'\n"
            "  - {kind: pcap, name: q, interface: eth0, snaplen: 1}\n"
            "                                                    ^\n");
  // They run elsewhere.
  EXPECT_EQ(all_text(load_config_text("a.yaml", text, Purpose::aggregate, checks)).find("no good"),
            std::string::npos);
}

}  // namespace
}  // namespace itnxt
