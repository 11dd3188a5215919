// Good files become values; several files become one; the purpose decides what must be there.
#include "daemon/config/load.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/config/cpu_time.hpp"

namespace itnxt {
namespace {

namespace fs = std::filesystem;

std::string all_text(const Loaded& loaded) {
  std::string text;
  for (const Issue& issue : loaded.issues) text += to_text(issue);
  return text;
}

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "itnxt-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  void TearDown() override { fs::remove_all(path_); }

  fs::path write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  // The output with the folder's name taken out.
  [[nodiscard]] std::string output(const Loaded& loaded) const {
    std::string text = all_text(loaded);
    for (std::size_t at = text.find(path_.string()); at != std::string::npos;
         at = text.find(path_.string())) {
      text.erase(at, path_.string().size() + 1);
    }
    return text;
  }
  fs::path path_;
};

// CONTRACT §2, reduced to what this release has.
constexpr const char* kContract = R"(
node: md-core-1
inventory:
  sites:
    - {name: magdeburg, kind: datacenter, district: Magdeburg, department: MID, latitude: 52.1205, longitude: 11.6276, weight: 100, anchor: true}
    - {name: gs-stendal-1, kind: school, district: Stendal, weight: 1}
  devices:
    - {name: md-core-1, site: magdeburg, address: 10.0.0.1, credentials: lab}
    - {name: hal-core-1, address: "[2001:db8::1]:1161", credentials: lab}
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
  const Device hal{DeviceName("hal-core-1"), SiteName(), "2001:db8::1", 1161, "lab"};
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

TEST_F(Folder, FileThatCannotBeRead) {
  EXPECT_EQ(output(load_config(path_ / "none.yaml", Purpose::check)),
            "none.yaml:1:1: cannot be read: No such file or directory; correct the path\n");
  EXPECT_EQ(all_text(load_config(path_, Purpose::check)),
            path_.string() + ":1:1: cannot be read: it is a directory; name a file\n");
  ASSERT_EQ(mkfifo((path_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(output(load_config(path_ / "fifo", Purpose::check)),
            "fifo:1:1: cannot be read: it is no regular file\n");
  write("big.yaml", std::string(9U << 20U, '#'));
  EXPECT_EQ(output(load_config(path_ / "big.yaml", Purpose::check)),
            "big.yaml:1:1: cannot be read: it is larger than 8MiB\n");
}

TEST_F(Folder, LocalPrefixesAreNetworks) {
  const fs::path right =
      write("right.yaml",
            "collectors: [{kind: pcap, name: p, interface: a, storm_threshold: 0, "
            "local_prefixes: [10.1.0.0/16, \"2001:db8::/32\"]}]\n");
  const Loaded loaded = load_config(right, Purpose::run);
  ASSERT_TRUE(loaded.config) << output(loaded);
  const auto& pcap = std::get<PcapCollectorConfig>(loaded.config->collectors[0]);
  EXPECT_EQ(pcap.storm_threshold, 0U);
  EXPECT_EQ(pcap.local_prefixes,
            (std::vector<Cidr>{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 0, 0}, 112},
                               {{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 32}}));
  const fs::path wrong =
      write("wrong.yaml",
            "collectors: [{kind: pcap, name: p, interface: a, local_prefixes: [10.1.0.1/16]}]\n");
  const Loaded refused = load_config(wrong, Purpose::run);
  EXPECT_FALSE(refused.config);
  EXPECT_NE(output(refused).find("local_prefixes: '10.1.0.1/16' has bits behind its length; "
                                 "expected the network's own address"),
            std::string::npos)
      << output(refused);
}

TEST_F(Folder, PathsStartAtTheFileThatNamesThem) {
  write("sub/more.yaml",
        "collectors: [{kind: pcap, name: p, file: x.pcap}]\ntransport: {spool: {directory: s}}\n");
  const fs::path main = write("main.yaml",
                              "node: a\ninclude: [sub/more.yaml]\naggregator: {state: ./st/../q, "
                              "listen: \"ipc://run/sock\"}\n");
  const Loaded loaded = load_config(main, Purpose::run);
  ASSERT_TRUE(loaded.config) << output(loaded);
  EXPECT_EQ(loaded.config->aggregator.state, (path_ / "q").string());
  EXPECT_EQ(loaded.config->aggregator.listen, "ipc://" + (path_ / "run/sock").string());
  EXPECT_EQ(loaded.config->transport.spool.directory, (path_ / "sub/s").string());
  EXPECT_EQ(std::get<PcapCollectorConfig>(loaded.config->collectors[0]).file,
            (path_ / "sub/x.pcap").string());
}

TEST_F(Folder, IncludedFilesAreMergedInOrder) {
  write("conf.d/b.yaml", "inventory: {sites: [{name: b}]}\ncredentials:\n");
  write("conf.d/a.yaml",
        "inventory:\n  sites: [{name: a}]\n  devices: [{name: d, address: h, site: b}]\n"
        "aggregator: {limits: {series: 7}}\n");
  write("conf.d/c.yaml", "# all commented out\n");
  write("conf.d/.hidden.yaml", "rubbish: 1\n");
  write("conf.d/note.txt", "rubbish: 1\n");
  const fs::path main = write("main.yaml",
                              "include: [conf.d/*.yaml, none.d/*.yaml, conf.d/a.yaml]\n"
                              "inventory: {sites: [{name: main}]}\naggregator: {stale_after: 5}\n");
  const Loaded loaded = load_config(main, Purpose::check);
  EXPECT_EQ(output(loaded), "");
  ASSERT_TRUE(loaded.config);
  std::string names;
  for (const Site& site : loaded.config->inventory.sites) names += site.name.text() + " ";
  EXPECT_EQ(names, "main a b ");
  EXPECT_EQ(loaded.config->aggregator.limits.series, 7U);
  EXPECT_EQ(loaded.config->aggregator.stale_after, 5U);
}

TEST_F(Folder, FolderWithPatternCharacters) {
  write("a[1]/conf.d/x.yaml", "inventory: {sites: [{name: x}]}\n");
  const fs::path main = write("a[1]/main.yaml", "include: [conf.d/*.yaml]\n");
  const Loaded loaded = load_config(main, Purpose::check);
  ASSERT_TRUE(loaded.config) << output(loaded);
  EXPECT_EQ(loaded.config->inventory.sites.size(), 1U);
}

TEST_F(Folder, ProblemsOfSeveralFiles) {
  write("conf.d/a.yaml", "node: other\naggregator: {state: x}\nrules: {a: b}\n");
  write("conf.d/b.yaml", "inventory: {sites: [{name: s}, {name: t, kind: schol}]}\n");
  const fs::path main = write("main.yaml",
                              "include: [conf.d/*.yaml]\nnode: mine\naggregator: {state: y}\n"
                              "rules: []\ninventory: {sites: [{name: s}]}\n");
  EXPECT_EQ(output(load_config(main, Purpose::check)),
            "conf.d/a.yaml:1:1: 'node' is given twice; it stands first at main.yaml:2:1\n"
            "node: other\n^\n"
            "conf.d/a.yaml:2:14: 'state' is given twice; it stands first at main.yaml:3:14\n"
            "aggregator: {state: x}\n             ^\n"
            "conf.d/a.yaml:3:1: 'rules' is a map here, and a list at main.yaml:4:1\n"
            "rules: {a: b}\n^\n"
            "conf.d/b.yaml:1:28: site name 's' is given twice; it stands first at main.yaml:5:28\n"
            "inventory: {sites: [{name: s}, {name: t, kind: schol}]}\n"
            "                           ^\n"
            "conf.d/b.yaml:1:48: kind: unknown 'schol'; did you mean 'school'?\n"
            "inventory: {sites: [{name: s}, {name: t, kind: schol}]}\n"
            "                                               ^\n");
}

TEST_F(Folder, IncludesThatDoNotWork) {
  write("broken.yaml", "node: [\n");
  write("nested.yaml", "include: [broken.yaml]\n");
  write("list.yaml", "- a\n");
  const fs::path main = write(
      "main.yaml",
      "include:\n  - none.yaml\n  - broken.yaml\n  - nested.yaml\n  - list.yaml\n  - m*.yaml\n"
      "  - .\n  - \"\"\n");
  EXPECT_EQ(output(load_config(main, Purpose::check)),
            "main.yaml:2:5: include: 'none.yaml' cannot be read: No such file or directory; "
            "correct the path\n"
            "  - none.yaml\n    ^\n"
            "main.yaml:6:5: include: 'm*.yaml' takes in this very file\n"
            "  - m*.yaml\n    ^\n"
            "main.yaml:7:5: include: '' cannot be read: it is a directory; name a file\n"
            "  - .\n    ^\n"
            "main.yaml:8:5: include: expected a path or a pattern such as conf.d/*.yaml\n"
            "  - \"\"\n    ^\n"
            "broken.yaml:1:7: this bracket is never closed\n"
            "node: [\n      ^\n"
            "nested.yaml:1:1: an included file may not include; name the files in main.yaml\n"
            "include: [broken.yaml]\n^\n"
            "list.yaml:1:1: expected a map with the keys of the configuration, not a list\n"
            "- ***\n^\n");
}

TEST_F(Folder, TooManyIncludedFiles) {
  for (int i = 0; i < 1001; ++i) write("conf.d/" + std::to_string(i) + ".yaml", "");
  const fs::path main = write("main.yaml", "include: [conf.d/*.yaml]\n");
  EXPECT_EQ(output(load_config(main, Purpose::check)),
            "main.yaml:1:11: include: more than 1000 files\n"
            "include: [conf.d/*.yaml]\n          ^\n");
}

TEST_F(Folder, RelativeNamesStayRelative) {
  write("main.yaml", "include: [sub/a.yaml]\n");
  write("sub/a.yaml", "aggregator: {state: q}\nrulez: 1\n");
  const fs::path before = fs::current_path();
  fs::current_path(path_);
  const std::string text = all_text(load_config("main.yaml", Purpose::check));
  fs::current_path(before);
  EXPECT_EQ(text,
            "sub/a.yaml:2:1: unknown key 'rulez' in the configuration; did you mean 'rules'?\n"
            "rulez: 1\n^\n");
}

}  // namespace
}  // namespace itnxt
