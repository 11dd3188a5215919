// What `itnxtctl probe` shows, whole; and that its YAML is a part of a configuration.
#include "daemon/ctl/probe.hpp"

#include <gtest/gtest.h>

#include <map>

#include "collectors/snmp/survey/tables.hpp"
#include "daemon/config/load.hpp"
#include "daemon/ctl/json.hpp"
#include "tests/collectors/snmp/survey/wire.hpp"
#include "tests/support/recorded_devices.hpp"

namespace itnxt::ctl {
namespace {

using namespace snmp::survey;

InterfaceSample port(std::uint32_t index, const std::string& name, const std::string& alias) {
  InterfaceSample row;
  row.if_index = index;
  row.if_name = name;
  row.if_descr = "port " + name;
  row.if_alias = alias;
  row.oper = index == 1 ? OperStatus::up : OperStatus::down;
  row.speed = bits_per_second(1e10);
  row.discontinuity = TimeTicks{0};
  for (const itnxt::Column column : {itnxt::Column::in_octets, itnxt::Column::out_octets}) {
    row.counters.set(column, {1, CounterWidth::bits64});
  }
  return row;
}

Facts core() {
  Facts facts;
  facts.address = "10.0.0.1:161";
  Attempt wrong;
  wrong.credentials = "old";
  wrong.version = SnmpVersion::v3;
  wrong.level = "md5 and des";
  wrong.heard = true;
  wrong.problem = "credentials wrong: the device knows no user 'old' (usmStatsUnknownUserNames)";
  Attempt right;
  right.credentials = "core";
  right.version = SnmpVersion::v3;
  right.level = "sha256 and aes128";
  right.works = true;
  facts.attempts = {wrong, right};
  facts.used = 1;
  facts.engine =
      Engine{snmp::usm::EngineId(std::vector<std::uint8_t>{0x80, 0, 0, 9, 3, 1, 2}), 7, 93'600};
  facts.public_v2c = true;
  facts.public_v1 = facts.no_auth = false;
  facts.sample.sys_name = "core-1";
  facts.sample.sys_descr = "a router";
  facts.sample.sys_object_id = "1.3.6.1.4.1.9.1.516";
  facts.sample.uptime = TimeTicks{9'360'000};
  facts.sample.interfaces = {port(1, "Te0/1", "to hal \"A\": x"), port(2, "Te0/2", "")};
  facts.sys_location = "room 1";
  facts.if_number = 2;
  facts.clock = ClockCheck{TimeTicks{1000}, TimeTicks{1150}, 1500ms};
  facts.tables = {"etherlike", "lldp"};
  facts.largest = {Largest::End::fewer, 2401, 100, 250, ""};
  facts.round_trips = {20, 18, 1200us, 2ms, 9ms};
  facts.walk_requests = 4;
  return facts;
}

Probed probed(Facts facts, const CredentialsSource& source) {
  Probed made{std::move(facts), {}, {}};
  made.oddities = oddities(made.facts);
  made.entry = inventory_entry(made.facts, source);
  return made;
}

TEST(Probe, TheWholeReport) {
  EXPECT_EQ(
      probe_text(probed(core(), {"core", ""}), {}),
      "core-1 at 10.0.0.1:161\n"
      "\n"
      "CREDENTIALS  VERSION  LEVEL              RESULT\n"
      "old          3        md5 and des        credentials wrong: the device knows no user 'old' "
      "(usmStatsUnknownUserNames)\n"
      "core         3        sha256 and aes128  works; used below\n"
      "\n"
      "name        core-1\n"
      "description a router\n"
      "object ID   1.3.6.1.4.1.9.1.516\n"
      "location    room 1\n"
      "up          1d 2h\n"
      "engine      0x80000009030102, boots 7, up 1d 2h\n"
      "also tried  community \"public\" by 2c: gets in, by 1: no, the user without "
      "authentication: no\n"
      "round trip  1.2 ms least, 2.0 ms median, 9.0 ms most, of 18; the interfaces took 4 "
      "requests\n"
      "reply       2401 bytes, 100 varbinds; it gives no more at once\n"
      "tables      etherlike, lldp\n"
      "interfaces  2 rows (ifNumber 2), 1 up; octets of 64 bits on 2, of 32 bits on 0; ifName on "
      "2, alias on 1, speed on 2\n"
      "\n"
      "odd: community \"public\" is answered (SNMP version 2c); anybody on the path reads the "
      "device: remove that community from its configuration\n"
      "\n"
      "inventory:\n"
      "  devices:\n"
      "    - {name: \"core-1\", address: \"10.0.0.1\", credentials: \"core\"}\n"
      "  links:  # ports with an alias: keep those that are links, add the far end as b\n"
      "    - {name: \"core-1 Te0/1\", a: {device: \"core-1\", interface: \"Te0/1\"}}  # to hal "
      "\"A\": x, up, 10 Gbit/s\n");
}

TEST(Probe, NothingIsOdd) {
  Facts facts = core();
  facts.public_v2c = false;
  const std::string text = probe_text(probed(facts, {"core", ""}), {});
  EXPECT_NE(text.find("\n\nnothing is odd\n\ninventory:\n"), std::string::npos) << text;
}

TEST(Probe, Json) {
  const Json json = probe_json(probed(core(), {"core", ""}));
  EXPECT_EQ(json["address"], "10.0.0.1:161");
  EXPECT_EQ(json["attempts"][1]["used"], true);
  EXPECT_EQ(json["engine"]["id"], "0x80000009030102");
  EXPECT_EQ(json["guesses"]["public_2c"], true);
  EXPECT_EQ(json["answers"]["largest_reply"]["end"], "fewer");
  EXPECT_EQ(json["answers"]["round_trip_seconds"]["median"], 0.002);
  EXPECT_EQ(json["interfaces"][0]["counter_bits"], 64);
  EXPECT_EQ(json["interfaces"][0]["speed_bytes"], 1.25e9);
  EXPECT_EQ(json["oddities"][0]["kind"], "public_community");
  EXPECT_EQ(json["system"]["uptime_seconds"], 93600.0);
  EXPECT_TRUE(json["entry"].get<std::string>().starts_with("inventory:\n"));
}

// --- when nobody gets in ------------------------------------------------------------------------

Facts silent() {
  Facts facts;
  facts.address = "10.0.0.1:161";
  Attempt attempt;
  attempt.credentials = "LAB";
  attempt.problem = "no answer";
  facts.attempts = {attempt, attempt};
  facts.attempts[1].version = SnmpVersion::v1;
  return facts;
}

TEST(Probe, Silence) {
  EXPECT_EQ(no_answer_text(silent(), ""),
            "10.0.0.1:161: does not answer SNMP; tried:\n"
            "  'LAB' by version 2c: no answer\n"
            "  'LAB' by version 1: no answer\n"
            "  discovery of version 3: no answer\n"
            "check the address and port, that an SNMP agent runs there, that it lets this host ask "
            "(an agent stays silent to a wrong community), and that no firewall drops UDP on the "
            "way");
}

TEST(Probe, NobodyListens) {
  const std::string text = no_answer_text(silent(), "Connection refused");
  EXPECT_TRUE(text.starts_with("10.0.0.1:161: does not answer SNMP: Connection refused; tried:\n"))
      << text;
}

TEST(Probe, WrongCredentials) {
  Facts facts = core();
  facts.used.reset();
  facts.public_v2c = false;
  facts.attempts.resize(1);
  EXPECT_EQ(no_answer_text(facts, ""),
            "10.0.0.1:161: speaks SNMPv3 (engine 0x80000009030102, boots 7, up 1d 2h), but none of "
            "the credentials works; tried:\n"
            "  'old' by version 3 (md5 and des): credentials wrong: the device knows no user 'old' "
            "(usmStatsUnknownUserNames)\n"
            "check the user, its algorithms and pass phrases, or the community, on the device, and "
            "that it lets this host ask");
}

TEST(Probe, LetInButMayReadNothing) {
  Facts facts = core();
  facts.used.reset();
  facts.public_v2c = false;
  facts.attempts.push_back(facts.attempts[1]);
  for (std::size_t i = 1; i < 3; ++i) {
    facts.attempts[i].works = false;
    facts.attempts[i].accepted = facts.attempts[i].heard = true;
    facts.attempts[i].problem =
        "accepted, but may read nothing (the device answers authorizationError)";
  }
  EXPECT_EQ(
      no_answer_text(facts, ""),
      "10.0.0.1:161: accepts the credentials 'core', but they may read nothing; tried:\n"
      "  'old' by version 3 (md5 and des): credentials wrong: the device knows no user 'old' "
      "(usmStatsUnknownUserNames)\n"
      "  'core' by version 3 (sha256 and aes128): accepted, but may read nothing (the device "
      "answers authorizationError)\n"
      "  'core' by version 3 (sha256 and aes128): accepted, but may read nothing (the device "
      "answers authorizationError)\n"
      "give the user or community a read view on the device that holds 1.3.6.1.2.1 at least "
      "(VACM: group, access, view; of net-snmp: rouser NAME priv, or rocommunity), and ask on "
      "the security level that its access demands");
}

TEST(Probe, AnswersWithErrorsOnly) {
  Facts facts = silent();
  for (Attempt& one : facts.attempts) {
    one.accepted = one.heard = true;
    one.error = "genErr";
    one.problem = "answered with errors only (genErr)";
  }
  EXPECT_EQ(no_answer_text(facts, ""),
            "10.0.0.1:161: answers the credentials 'LAB' with errors only (genErr); tried:\n"
            "  'LAB' by version 2c: answered with errors only (genErr)\n"
            "  'LAB' by version 1: answered with errors only (genErr)\n"
            "  discovery of version 3: no answer\n"
            "the credentials get in, and the agent fails: look at its log and load, restart it, or "
            "ask its maker for a version that answers sysUpTime (1.3.6.1.2.1.1.3.0)");
}

TEST(Probe, AnswersFromElsewhere) {
  Facts facts = silent();
  facts.strangers = {"10.0.0.2:161"};
  EXPECT_NE(no_answer_text(facts, "").find(
                "  replies came from 10.0.0.2:161 instead: ask that address\n"),
            std::string::npos);
}

TEST(Probe, AsksForTheTablesOfTheProfilesThatAreShipped) {
  const Loaded loaded = load_config_text(
      "probe.yaml",
      "collectors: [{kind: snmp, name: s, profiles: " ITNXT_SOURCE_DIR "/config/snmp}]\n",
      Purpose::check);
  ASSERT_TRUE(loaded.config);
  std::map<std::string, OidArcs> shipped;
  for (const Profile& one : std::get<SnmpCollectorConfig>(loaded.config->collectors[0]).profiles) {
    if (!one.match.present.empty()) shipped[one.name] = one.match.present;
  }
  std::map<std::string, OidArcs> known;
  for (const KnownTable& one : known_tables()) {
    known[std::string(one.name)] = {one.oid.arcs.begin(), one.oid.arcs.begin() + one.oid.size};
  }
  EXPECT_GE(known.size(), 8U);
  EXPECT_EQ(known, shipped);
}

// --- the entry ----------------------------------------------------------------------------------

// As part of a configuration; empty: it loads.
std::string problems_of(const std::string& entry) {
  std::string text = entry;
  if (text.find("credentials:\n") != 0) {
    text =
        "credentials:\n  core: {version: 2c, community: {env: HOME}, insecure_ok: \"a test\"}\n" +
        text;
  }
  std::string problems;
  const Loaded loaded = load_config_text("probe.yaml", text, Purpose::check);
  for (const Issue& issue : loaded.issues) {
    if (!issue.warning) problems += to_text(issue);
  }
  if (problems.empty() && loaded.config->inventory.devices.size() != 1) problems = "no device";
  return problems;
}

TEST(ProbeEntry, LoadsWithACommunityOfItsOwn) {
  Facts facts = core();
  facts.attempts[1].version = SnmpVersion::v2c;
  const std::string entry = inventory_entry(facts, {"", "env: \"LAB\""});
  EXPECT_EQ(problems_of(entry), "");
  EXPECT_TRUE(entry.starts_with(
      "credentials:\n"
      "  probed: {version: 2c, community: {env: \"LAB\"}, insecure_ok: \"say here why clear text "
      "is acceptable\"}\n"
      "inventory:\n"
      "  devices:\n"
      "    - {name: \"core-1\", address: \"10.0.0.1\", credentials: \"probed\"}\n"))
      << entry;
}

TEST(ProbeEntry, SaysWhichCommunityWasGuessed) {
  const std::string entry = inventory_entry(core(), {"", "env: ITNXT_COMMUNITY", "public"});
  EXPECT_NE(entry.find("community: {env: ITNXT_COMMUNITY}, insecure_ok: \"say here why clear text "
                       "is acceptable\"}  # public\n"),
            std::string::npos)
      << entry;
}

TEST(ProbeEntry, LoadsWhateverTheDeviceIsCalled) {
  for (const std::string& name :
       {std::string(""), std::string("a: {b}, [c] # \"d\" 'e' \\f"), std::string(250, 'x'),
        std::string("Stra\xc3\x9f"
                    "e"),
        std::string("yes"), std::string("1.5")}) {
    Facts facts = core();
    facts.sample.sys_name = name;
    facts.sample.interfaces[0].if_name = name;
    facts.sample.interfaces[1].if_alias = std::string(200, 'y') + " # }";
    const std::string entry = inventory_entry(facts, {"core", ""});
    EXPECT_EQ(problems_of(entry), "") << entry;
  }
  Facts facts = core();
  facts.address = "[2001:db8::1]:1161";
  EXPECT_EQ(problems_of(inventory_entry(facts, {"core", ""})), "");
}

TEST(ProbeEntry, NamesAPortByWhatIsUniqueToIt) {
  Facts facts = core();
  facts.sample.interfaces[1].if_name = "Te0/1";
  EXPECT_NE(inventory_entry(facts, {"core", ""}).find("interface: \"port Te0/1\"}}"),
            std::string::npos);
  facts.sample.interfaces[1].if_descr = "port Te0/1";
  EXPECT_NE(inventory_entry(facts, {"core", ""}).find(R"(interface: "to hal \"A\": x"}})"),
            std::string::npos);
  facts.sample.interfaces[1].if_alias = facts.sample.interfaces[0].if_alias;
  EXPECT_EQ(inventory_entry(facts, {"core", ""}).find("links:"), std::string::npos);
}

TEST(ProbeEntry, LoadsForEveryRecordedDevice) {
  const auto devices = itnxt::test::recorded_devices();
  if (devices.empty()) {
    GTEST_SKIP() << itnxt::test::recordings_folder() << " holds no recordings to serve";
  }
  for (const auto& [name, file] : devices) {
    SCOPED_TRACE(name);
    namespace world = snmp::survey::test;
    world::AgentWire wire(world::alive(itnxt::test::Recording::load(file)), 60s);
    const Probed one = probed(survey(wire, world::questions()), {"core", ""});
    EXPECT_EQ(problems_of(one.entry), "") << one.entry;
    EXPECT_EQ(probe_json(one)["oddities"].size(), one.oddities.size());
    EXPECT_FALSE(probe_text(one, {}).empty());
  }
}

}  // namespace
}  // namespace itnxt::ctl
