// Profiles: the shipped ones are right, and what is wrong with others is said with its place.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "daemon/config/load.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt {
namespace {

constexpr const char* kConfig =
    "inventory: {devices: [{name: r, address: 192.0.2.1, credentials: c}]}\n"
    "credentials: {c: {version: 2c, community: {env: HOME}, insecure_ok: test}}\n"
    "collectors: [{kind: snmp, name: s";

constexpr const char* kGood =
    "name: p\n"
    "match: {present: 1.3.6.1.9}\n"
    "tables:\n"
    "  - {name: t, oid: 1.3.6.1.9.1, index: [i], columns: [{name: v, id: 4}]}\n"
    "metrics:\n"
    "  - {name: itnxt_v, type: gauge, help: V., table: t, value: v, labels: [{name: i, from: "
    "i}]}\n";

class Profiles : public ::testing::Test {
 protected:
  test::TempDir directory;

  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = std::filesystem::path(directory.path()) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  Loaded load(const std::string& more = "", Purpose purpose = Purpose::check) const {
    write("itnxt.yaml", std::string(kConfig) + more + "}]\n");
    return load_config(std::filesystem::path(directory.path()) / "itnxt.yaml", purpose,
                       {{}, {"itnxt_interface_up", "itnxt_device_info"}});
  }
  // Errors only, without the directory and the excerpt: "FILE:LINE:COLUMN: message\n".
  std::string errors(const Loaded& loaded) const {
    std::string text;
    for (const Issue& issue : loaded.issues) {
      if (issue.warning) continue;
      std::string one = to_text(issue);
      one = one.substr(0, one.find('\n') + 1);
      const std::string folder = directory.path() + "/";
      for (std::size_t at = 0; (at = one.find(folder)) != std::string::npos;) {
        one.erase(at, folder.size());
      }
      text += one;
    }
    return text;
  }
  // What is said of the good profile when `from` stands as `to`.
  std::string complaint(const std::string& from, const std::string& to) const {
    std::string text = kGood;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    write("snmp/p.yaml", text.replace(at, from.size(), to));
    return errors(load());
  }
  static std::size_t profiles(const Loaded& loaded) {
    return std::get<SnmpCollectorConfig>(loaded.config->collectors.at(0)).profiles.size();
  }
};

TEST_F(Profiles, ThoseBesideTheFileAreTakenIfTheyAreThere) {
  Loaded loaded = load();
  EXPECT_EQ(errors(loaded), "");
  EXPECT_EQ(profiles(loaded), 0U);
  write("snmp/p.yaml", kGood);
  write("snmp/notes.txt", "not a profile");
  loaded = load();
  EXPECT_EQ(errors(loaded), "");
  ASSERT_EQ(profiles(loaded), 1U);
  const Profile p = std::get<SnmpCollectorConfig>(loaded.config->collectors[0]).profiles[0];
  EXPECT_EQ(p.name, "p");
  EXPECT_EQ(p.tables[0].columns[0].oid, (OidArcs{1, 3, 6, 1, 9, 1, 4}));
  EXPECT_EQ(p.metrics[0].family.labels, std::vector<std::string>{"i"});
  EXPECT_EQ(profiles(load(", profiles: \"\"")), 0U);
  EXPECT_EQ(errors(load("", Purpose::aggregate)).find("snmp/"), std::string::npos);
}

TEST_F(Profiles, ADirectoryThatIsNamedMustBeThere) {
  EXPECT_EQ(
      errors(load(", profiles: nowhere")),
      "itnxt.yaml:3:46: profiles: 'nowhere' cannot be read: No such file or directory; name a "
      "directory of profiles\n");
}

TEST_F(Profiles, WhatIsWrongIsSaidWithItsPlace) {
  EXPECT_EQ(complaint("match:", "mach:"),
            "snmp/p.yaml:1:1: a profile lacks 'match'; expected sys_object_id, present or absent\n"
            "snmp/p.yaml:2:1: unknown key 'mach' in a profile; did you mean 'match'?\n");
  EXPECT_EQ(complaint("value: v", "value: w"),
            "snmp/p.yaml:6:61: value: no column is named 'w'; known: v\n");
  EXPECT_EQ(complaint("table: t,", "table: u,"),
            "snmp/p.yaml:6:51: no table is named 'u'; known: t\n");
  EXPECT_EQ(complaint("metrics:\n  - {name: itnxt_v, type: gauge, help: V., table: t,",
                      "scalars: [{name: s, oid: 1.3.6.1.8.0}]\n"
                      "metrics:\n  - {name: itnxt_v, type: gauge, help: V., table: u,"),
            "snmp/p.yaml:7:51: no table is named 'u'; known: t\n")
      << "the scalars have no name";
  EXPECT_EQ(complaint("value: v", "value: x.v"),
            "snmp/p.yaml:6:61: value: no table is named 'x'; known: t\n");
  EXPECT_EQ(
      complaint("1.3.6.1.9.1,", "1.3.6.1.x,"),
      "snmp/p.yaml:4:20: oid: expected a numeric OID such as 1.3.6.1.2.1.99.1.1.1 with 6 to 20 "
      "numbers, not '1.3.6.1.x'\n"
      "snmp/p.yaml:6:61: value: no column is named 'v'\n");
  EXPECT_EQ(complaint("1.3.6.1.9.1,", "1.3,"),
            "snmp/p.yaml:4:20: oid: expected a numeric OID such as 1.3.6.1.2.1.99.1.1.1 with 6 to "
            "20 numbers, not '1.3'\n"
            "snmp/p.yaml:6:61: value: no column is named 'v'\n")
      << "too short to be a table: it would be read as all that the device has";
  EXPECT_EQ(complaint("value: v", "value: v, factor: 0"),
            "snmp/p.yaml:6:72: factor: expected a number other than 0, not '0'\n");
  EXPECT_EQ(complaint("value: v", "value: v, factor: -0.0"),
            "snmp/p.yaml:6:72: factor: expected a number other than 0, not '-0.0'\n");
  EXPECT_EQ(complaint("itnxt_v,", "itnxt_v_ms,"),
            "snmp/p.yaml:6:12: itnxt_v_ms: holds 'ms', expected seconds\n");
  EXPECT_EQ(complaint("from: i}", "from: j}"),
            "snmp/p.yaml:6:89: from: no column is named 'j'; known: v\n");
  EXPECT_EQ(complaint("from: i}", "text: a, from: i}"),
            "snmp/p.yaml:6:73: a label has one value; expected exactly one of text and from\n");
  EXPECT_EQ(complaint("from: i}", "from: i, suffix: \" {k}\"}"),
            "snmp/p.yaml:6:100: suffix: expected {PART OF THE INDEX}, not '{k}'\n");
  EXPECT_EQ(complaint("index: [i]", "index: [v]"),
            "snmp/p.yaml:4:62: 'v' is given twice in this table\n"
            "snmp/p.yaml:6:61: value: no column is named 'v'\n"
            "snmp/p.yaml:6:89: from: no column is named 'i'\n");
  EXPECT_EQ(complaint("{present: 1.3.6.1.9}", "{absent: 1.3.6.1.9}"),
            "snmp/p.yaml:2:8: match: expected sys_object_id, present or both\n");
}

TEST_F(Profiles, EveryFaultOfAMetricIsTold) {
  EXPECT_EQ(
      complaint("{name: itnxt_v, type: gauge, help: V., table: t, value: v, labels: [{name: "
                "i, from: i}]}",
                "{name: itnxt_v_ms, type: counter, help: V., table: u, value: x.v, factor: x,\n"
                "     labels: [{name: Port, from: i}, {name: job, from: t.w}]}"),
      "snmp/p.yaml:6:12: itnxt_v_ms: a counter's name ends with _total\n"
      "snmp/p.yaml:6:12: itnxt_v_ms: holds 'ms', expected seconds\n"
      "snmp/p.yaml:6:12: itnxt_v_ms: label 1 is no name: expected a-z, 0-9 and single _, at "
      "most 64 bytes\n"
      "snmp/p.yaml:6:12: itnxt_v_ms: label 2 is 'job', which is set by itnxt or by "
      "Prometheus\n"
      "snmp/p.yaml:6:56: no table is named 'u'; known: t\n"
      "snmp/p.yaml:6:66: value: no table is named 'x'; known: t\n"
      "snmp/p.yaml:6:79: factor: expected a number, not 'x'\n"
      "snmp/p.yaml:7:56: from: no column is named 'w'; known: v\n");
}

TEST_F(Profiles, TheAggregatorsOwnMetricsAreReserved) {
  EXPECT_EQ(complaint("itnxt_v,", "itnxt_interface_up,"),
            "snmp/p.yaml:6:12: itnxt_interface_up: is one of the aggregator's own metrics; choose "
            "another name\n");
  EXPECT_EQ(complaint("itnxt_v, type: gauge", "itnxt_device_total, type: counter"),
            "snmp/p.yaml:6:12: itnxt_device_total: is one of the aggregator's own metrics "
            "(itnxt_device_info); choose another name\n");
}

TEST_F(Profiles, ATableIsJoinedByThePartsOfItsIndex) {
  EXPECT_EQ(complaint("metrics:",
                      "  - {name: u, oid: 1.3.6.1.9.2, index: [j], columns: [{name: w, id: 1}]}\n"
                      "metrics:\n  - {name: itnxt_w, type: gauge, help: W., table: t, value: u.w}"),
            "snmp/p.yaml:7:61: value: table 'u' is found by 'j' (integer), which is no part of the "
            "index of 't'\n");
}

TEST_F(Profiles, AFamilyIsTheSameInAllOfThem) {
  write("snmp/a.yaml", kGood);
  std::string other = kGood;
  other.replace(other.find("name: p"), 7, "name: q");
  other.replace(other.find("V."), 2, "W.");
  write("snmp/b.yaml", other);
  EXPECT_EQ(errors(load()),
            "snmp/b.yaml:6:12: itnxt_v: differs in name, type, help or label names from itnxt_v at "
            "snmp/a.yaml:6:12; make them the same\n");
}

TEST_F(Profiles, ANameIsGivenOnce) {
  write("snmp/a.yaml", kGood);
  write("snmp/b.yaml", kGood);
  EXPECT_EQ(errors(load()),
            "snmp/b.yaml:1:1: profile 'p' is given twice; it stands first at snmp/a.yaml:1:1\n");
}

TEST_F(Profiles, TheShippedOnesAreRight) {
  const Loaded loaded = load(", profiles: " ITNXT_SOURCE_DIR "/config/snmp");
  EXPECT_EQ(errors(loaded), "");
  ASSERT_TRUE(loaded.config);
  EXPECT_GE(profiles(loaded), 8U);
}

// Cut anywhere, or with a byte changed, a profile is taken or refused with a place in it.
TEST_F(Profiles, ASpoiltFileIsReportedNotFatal) {
  std::ifstream in(ITNXT_SOURCE_DIR "/config/snmp/cisco_entity_sensor.yaml");
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  ASSERT_GT(whole.size(), 1000U);
  const auto expect_places = [&](const std::string& text) {
    write("snmp/p.yaml", text);
    const Loaded loaded = load();
    bool errors = false;
    for (const Issue& issue : loaded.issues) {
      errors = errors || !issue.warning;
      EXPECT_GT(issue.line, 0U);
      EXPECT_GT(issue.column, 0U);
    }
    EXPECT_NE(loaded.config.has_value(), errors);
  };
  for (std::size_t size = 0; size < whole.size(); size += 61) expect_places(whole.substr(0, size));
  constexpr std::string_view kBytes = ":-[]{}'\"#&*!|> \n\t0a.\xff";
  for (std::size_t i = 0; i < 200; ++i) {
    std::string spoilt = whole;
    spoilt[i * 7919 % whole.size()] = kBytes[i % kBytes.size()];
    expect_places(spoilt);
  }
}

}  // namespace
}  // namespace itnxt
