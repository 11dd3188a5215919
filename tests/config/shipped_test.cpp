// What is shipped in config/ holds against the code: the annotated file, the quick start, the JSON
// Schema.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "daemon/config/load.hpp"
#include "daemon/config/problems.hpp"
#include "daemon/config/scalars.hpp"
#include "daemon/config/schema.hpp"
#include "tests/config/all_text.hpp"
#include "tests/config/json_schema.hpp"

namespace itnxt {
namespace {

using nlohmann::json;

std::string read(const std::string& name) {
  std::ifstream in(std::string(ITNXT_SOURCE_DIR "/config/") + name);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

// The examples of itnxt.yaml with their "#" taken away, as its head says.
std::string with_examples(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    const bool example =
        line.starts_with("#") && line.size() > 1 && (line[1] != ' ' || line.starts_with("#  "));
    result += (example ? line.substr(1) : line) + "\n";
  }
  return result;
}

json to_json(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return nullptr;
    case Value::Kind::scalar: {
      if (value.quoted) return std::string(value.text);
      if (const auto b = parse_boolean(value.text)) return *b;
      if (const auto i = parse_integer(value.text)) return *i;
      if (const auto n = parse_number(value.text)) return *n;
      return std::string(value.text);
    }
    case Value::Kind::list: {
      json list = json::array();
      for (const Value* item : value.items) list.push_back(to_json(*item));
      return list;
    }
    case Value::Kind::map: {
      json map = json::object();
      for (std::size_t i = 0; i < value.entries(); ++i) {
        map[std::string(value.key(i).text)] = to_json(value.value(i));
      }
      return map;
    }
  }
  return nullptr;
}

json yaml_to_json(const std::string& text) {
  SourceText source("a.yaml", text);
  DocumentArena arena;
  Problems problems;
  const ParsedDocument document = parse_document(source, arena, problems);
  EXPECT_TRUE(document.complete) << text;
  return document.root == nullptr ? json() : to_json(*document.root);
}

TEST(Shipped, AnnotatedFileStandsAtTheDefaults) {
  Loaded loaded = load_config(ITNXT_SOURCE_DIR "/config/itnxt.yaml", Purpose::run);
  EXPECT_EQ(all_text(loaded), "");
  ASSERT_TRUE(loaded.config);
  EXPECT_FALSE(loaded.config->node.empty());  // the name of this host
  loaded.config->node = NodeName();
  EXPECT_EQ(*loaded.config, Config{});
}

TEST(Shipped, ExamplesOfTheAnnotatedFileAreRight) {
  setenv("LAB_COMMUNITY", "lab", 1);
  const Loaded loaded = load_config_text(ITNXT_SOURCE_DIR "/config/itnxt.yaml",
                                         with_examples(read("itnxt.yaml")), Purpose::check);
  for (const Issue& issue : loaded.issues) EXPECT_TRUE(issue.warning) << to_text(issue);
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->inventory.devices.size(), 3U);
  EXPECT_EQ(loaded.config->collectors.size(), 8U);
  EXPECT_EQ(loaded.config->rules.size(), 3U);
  EXPECT_EQ(loaded.config->notify.channels.size(), 2U);
  EXPECT_TRUE(loaded.config->crisis);
}

TEST(Shipped, AnnotatedFileShowsEveryKey) {
  const std::string text = with_examples(read("itnxt.yaml"));
  for (const ObjectSpec* object : schema::objects()) {
    for (const KeySpec& key : object->keys) {
      EXPECT_TRUE(testing_support::matches(text, "[\n {]" + std::string(key.name) + ":"))
          << object->id << "." << key.name;
    }
  }
}

// The values shown in the examples of collectors and so on are the defaults, where there are any.
TEST(Shipped, ExamplesWithDefaultsAreTheDefaults) {
  const Loaded loaded = load_config_text(ITNXT_SOURCE_DIR "/config/itnxt.yaml",
                                         with_examples(read("itnxt.yaml")), Purpose::check);
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(std::get<SnmpCollectorConfig>(loaded.config->collectors[0]).profiles,
            std::get<SnmpCollectorConfig>(loaded.config->collectors[1]).profiles);
  const auto& snmp = std::get<SnmpCollectorConfig>(loaded.config->collectors[0]);
  EXPECT_EQ(snmp.interval, SnmpCollectorConfig{}.interval);
  EXPECT_EQ(snmp.timeout, SnmpCollectorConfig{}.timeout);
  EXPECT_EQ(snmp.retries, SnmpCollectorConfig{}.retries);
  const auto& pcap = std::get<PcapCollectorConfig>(loaded.config->collectors[2]);
  EXPECT_EQ(pcap.interval, PcapCollectorConfig{}.interval);
  EXPECT_EQ(pcap.snaplen, PcapCollectorConfig{}.snaplen);
  EXPECT_EQ(pcap.buffer, PcapCollectorConfig{}.buffer);
  EXPECT_EQ(pcap.filter, PcapCollectorConfig{}.filter);
  EXPECT_EQ(pcap.local_prefixes, PcapCollectorConfig{}.local_prefixes);
  EXPECT_EQ(pcap.storm_threshold, PcapCollectorConfig{}.storm_threshold);
  const auto& border = std::get<PcapCollectorConfig>(loaded.config->collectors[4]);
  EXPECT_EQ(border.flows, PcapCollectorConfig{}.flows);
  EXPECT_EQ(border.site_pairs, PcapCollectorConfig{}.site_pairs);
  EXPECT_EQ(border.talkers, TalkersConfig{});
  EXPECT_EQ(border.floods, FloodsConfig{});
  EXPECT_EQ(border.prefixes.size(), 2U);
  const auto& probe = std::get<ProbeCollectorConfig>(loaded.config->collectors[5]);
  EXPECT_EQ(probe.interval, ProbeCollectorConfig{}.interval);
  EXPECT_EQ(probe.count, ProbeCollectorConfig{}.count);
  EXPECT_EQ(probe.spacing, ProbeCollectorConfig{}.spacing);
  EXPECT_EQ(probe.targets.at(0).timeout, ProbeTarget{}.timeout);
  EXPECT_EQ(probe.targets.at(0).family, ProbeTarget{}.family);
  EXPECT_EQ(probe.targets.at(1).dscp, ProbeTarget{}.dscp);
  EXPECT_EQ(probe.targets.at(4).query_type, ProbeTarget{}.query_type);
  const auto& host = std::get<HostCollectorConfig>(loaded.config->collectors[6]);
  EXPECT_EQ(host.interval, HostCollectorConfig{}.interval);
  const auto& trap = std::get<TrapCollectorConfig>(loaded.config->collectors[7]);
  EXPECT_EQ(trap.interval, TrapCollectorConfig{}.interval);
  EXPECT_EQ(trap.host, TrapCollectorConfig{}.host);
  EXPECT_EQ(trap.port, TrapCollectorConfig{}.port);
  EXPECT_EQ(trap.storm_limit, TrapCollectorConfig{}.storm_limit);
  EXPECT_EQ(loaded.config->crisis->within, CrisisConfig{}.within);
  EXPECT_EQ(loaded.config->crisis->recover_after, CrisisConfig{}.recover_after);
  EXPECT_EQ(loaded.config->crisis->hold, CrisisConfig{}.hold);
}

TEST(Shipped, QuickstartIsRightWithoutAnyEnvironment) {
  unsetenv("ITNXT_QUICKSTART_COMMUNITY");
  const std::string text = read("quickstart.yaml");
  const Loaded loaded = load_config_text("config/quickstart.yaml", text, Purpose::check);
  for (const Issue& issue : loaded.issues) EXPECT_TRUE(issue.warning) << to_text(issue);
  ASSERT_TRUE(loaded.config);
  const Config& config = *loaded.config;
  EXPECT_EQ(config.node.text(), "quickstart");
  EXPECT_EQ(config.aggregator.state, "build/quickstart/state");
  EXPECT_EQ(config.transport.spool.directory, "build/quickstart/spool");
  ASSERT_EQ(config.collectors.size(), 3U);
  const auto& snmp = std::get<SnmpCollectorConfig>(config.collectors[0]);
  ASSERT_EQ(snmp.targets.size(), 1U);
  EXPECT_EQ(snmp.targets[0].device.host, "127.0.0.1");
  EXPECT_EQ(snmp.targets[0].device.port, 16161);
  EXPECT_EQ(snmp.timeout, 500ms);
  EXPECT_EQ(std::get<HostCollectorConfig>(config.collectors[1]).device.text(), "this-host");
  EXPECT_EQ(config.rules.size(), 2U);
}

json schema_file() {
  return json::parse(read("itnxt.schema.json"));
}

TEST(JsonSchema, KnowsTheKeysOfTheLoaderAndNoOthers) {
  const json file = schema_file();
  for (const ObjectSpec* object : schema::objects()) {
    const json& definition =
        object->id == "configuration" ? file : file.at("definitions").at(std::string(object->id));
    EXPECT_EQ(definition.at("additionalProperties"), false) << object->id;
    std::set<std::string> ours;
    std::set<std::string> required;
    for (const KeySpec& key : object->keys) {
      ours.emplace(key.name);
      if (!key.required.empty()) required.emplace(key.name);
    }
    std::set<std::string> theirs;
    for (const auto& [key, rule] : definition.at("properties").items()) theirs.insert(key);
    EXPECT_EQ(ours, theirs) << object->id;
    const std::set<std::string> they_require =
        definition.value("required", json::array()).get<std::set<std::string>>();
    EXPECT_EQ(required, they_require) << object->id;
  }
}

TEST(JsonSchema, HasNoObjectTheLoaderLacks) {
  std::set<std::string> ours;
  for (const ObjectSpec* object : schema::objects()) ours.emplace(object->id);
  const json file = schema_file();
  for (const auto& [name, definition] : file.at("definitions").items()) {
    if (definition.contains("properties")) {
      EXPECT_TRUE(ours.contains(name)) << name;
    }
  }
}

TEST(JsonSchema, AcceptsWhatIsShipped) {
  const json schema = schema_file();
  const std::string annotated = read("itnxt.yaml");
  for (const std::string& text : {annotated, with_examples(annotated), read("quickstart.yaml")}) {
    EXPECT_EQ(testing_support::validate(schema, yaml_to_json(text)), "");
  }
}

constexpr const char* kGood[] = {
    "{}",
    "node: a",
    "inventory:\nrules:\nnotify: {channels: , routes: }",
    "inventory: {sites: [{name: a, latitude: 52, longitude: 11.5, weight: 0.5, anchor: true}]}",
    "inventory: {devices: [{name: a, address: \"[::1]:161\", node: n}]}",
    "inventory: {devices: [{name: a, address: h}], links: [{name: l, a: {device: a, interface: "
    "e1}, capacity: 2.5Gbit/s, class: backbone}]}",
    "credentials: {a: {version: 2c, community: {env: X}, insecure_ok: why}}",
    "credentials: {a: {version: 1, community: {env: X}, insecure_ok: why}}",
    "credentials: {a: {version: 3, user: a, context: c}}",
    "credentials: {a: {version: 3, user: a, auth: sha256, auth_password: {env: X}, priv: aes256c, "
    "priv_password: "
    "{file: x}}}",
    "collectors: [{kind: snmp, name: s, devices: []}]",
    "collectors: [{kind: snmp, name: s, interval: 1m30s, devices: all}]",
    "collectors: [{kind: pcap, name: p, file: a.pcap, filter: \"\", buffer: 1MiB}]",
    "node: n\ninventory: {devices: [{name: n}]}\ncollectors: [{kind: host, name: h}]",
    "inventory: {devices: [{name: n}]}\ncollectors: [{kind: host, name: h, interval: 1s, device: "
    "n}]",
    "collectors: [{kind: trap, name: t}]",
    "collectors: [{kind: trap, name: t, listen: \"udp:[::1]:1162\", interval: 1s, storm_limit: "
    "100}]",
    "transport: {aggregators: [\"ipc:///run/x\", \"tcp://127.0.0.1:5690\"]}",
    "aggregator: {listen: \"tcp://[::1]:0\", http: {listen: \"[::1]:0\"}, limits: {series: 5}}",
    "transport: {aggregators: [\"tcp://10.0.0.1:5690\"], curve: {secret_key: {env: X}, "
    "aggregator_keys: {\"tcp://10.0.0.1:5690\": \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"}}}",
    "aggregator: {listen: \"tcp://*:5690\", publish: \"tcp://0.0.0.0:5691\", curve: {secret_key: "
    "{credential: x}, nodes: {a: \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"}}, limits: "
    "{bytes_per_node: 1MiB}}",
    "aggregator: {http: {external_url: \"https://noc.example.org:8443/itnxt\"}}",
    "rules: [{alert: A, on: link, when: {metric: up, below: 1, clear_above: 1}, where: {class: "
    "access}}]",
    "crisis: {declare: {min_sites: 3}}",
    "crisis: {declare: {min_sites: 3}, hold: 0s}",
    "notify: {channels: {a: {type: webhook, url: \"https://h/\"}}, routes: [{channels: [a]}]}",
};

constexpr const char* kBad[] = {
    "[]",
    "rulez: []",
    "node: ''",
    "node: [a]",
    "include: a.yaml",
    "inventory: []",
    "inventory: {sites: {}}",
    "inventory: {sites: [{}]}",
    "inventory: {sites: [{name: a, kind: schol}]}",
    "inventory: {sites: [{name: a, latitude: 52}]}",
    "inventory: {sites: [{name: a, weight: \"5\"}]}",
    "inventory: {sites: [{name: a, anchor: yes}]}",
    "inventory: {devices: [{address: h}]}",
    "inventory: {devices: [{name: a, node: [n]}]}",
    "inventory: {links: [{name: l, a: {device: a}}]}",
    "inventory: {links: [{name: l, a: {device: a, interface: b}, capacity: 10GB}]}",
    "credentials: {a: {version: 2c, community: public, insecure_ok: why}}",
    "credentials: {a: {version: 2c, community: {env: A, file: b}, insecure_ok: why}}",
    "credentials: {a: {version: 2c, community: {env: A}}}",
    "credentials: {a: {version: 3}}",
    "credentials: {a: {version: 3, user: a, auth: sha2}}",
    "collectors: [{kind: flow, name: a}]",
    "collectors: [{kind: trap, name: a, listen: \"tcp:0.0.0.0:162\"}]",
    "collectors: [{kind: trap, name: a, storm_limit: 0}]",
    "collectors: [{kind: trap, name: a, devices: all}]",
    "collectors: [{kind: snmp}]",
    "collectors: [{kind: snmp, name: s, interval: 60}]",
    "collectors: [{kind: snmp, name: s, snaplen: 128}]",
    "collectors: [{kind: pcap, name: p}]",
    "collectors: [{kind: host, name: h, device: [a]}]",
    "collectors: [{kind: host}]",
    "collectors: [{kind: pcap, name: p, interface: a, file: b}]",
    "collectors: [{kind: pcap, name: p, interface: a, snaplen: 1}]",
    "transport: {aggregators: [\"tcp://10.0.0.1:5690\"]}",
    "transport: {spool: {max_size: 10}}",
    "transport: {curve: {secret_key: {env: X}}}",
    "transport: {curve: {secret_key: abc, aggregator_keys: {}}}",
    "aggregator: {listen: \"tcp://*:5690\"}",
    "aggregator: {publish: \"tcp://10.0.0.1:5691\"}",
    "aggregator: {curve: {secret_key: {env: X}, nodes: {a: short}}}",
    "aggregator: {curve: {secret_key: {env: X}, nodes: [a]}}",
    "aggregator: {limits: {bytes_per_node: 10}}",
    "aggregator: {stale_after: 0}",
    "aggregator: {http: {external_url: noc.example.org}}",
    "aggregator: {http: {external_url: \"https://me:pw@noc.example.org\"}}",
    "rules: [{alert: A, on: link, when: {metric: up}}]",
    "rules: [{alert: Crisis, on: link, when: {metric: up, below: 1}}]",
    "rules: [{alert: A, on: link, when: {metric: up, above: 1, below: 1}}]",
    "rules: [{alert: A, on: link, when: {metric: up, below: 1, clear_below: 1}}]",
    "rules: [{alert: A, on: links, when: {metric: up, below: 1}}]",
    "crisis: {declare: {within: 5m}}",
    "crisis: {declare: {min_sites: 3}, hold: soon}",
    "crisis: {declare: {isolated_weight_share: 10}}",
    "notify: {channels: {a: {type: smtp}}}",
    "notify: {channels: {a: {type: webhook}}}",
    "notify: {channels: {a: {type: alertmanager, urls: []}}}",
    "notify: {routes: [{match: {severity: critical}}]}",
};

TEST(JsonSchema, AgreesWithTheLoaderOnGoodFiles) {
  const json schema = schema_file();
  for (const char* text : kGood) {
    EXPECT_EQ(testing_support::validate(schema, yaml_to_json(text)), "") << text;
    const Loaded loaded = load_config_text("a.yaml", text, Purpose::check);
    EXPECT_TRUE(loaded.config) << text << "\n" << all_text(loaded);
  }
}

TEST(JsonSchema, AgreesWithTheLoaderOnBadFiles) {
  const json schema = schema_file();
  for (const char* text : kBad) {
    EXPECT_NE(testing_support::validate(schema, yaml_to_json(text)), "") << text;
    EXPECT_FALSE(load_config_text("a.yaml", text, Purpose::check).config) << text;
  }
}

}  // namespace
}  // namespace itnxt
