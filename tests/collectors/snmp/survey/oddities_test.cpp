// What is odd, whole: findings in, lines out.
#include "collectors/snmp/survey/oddities.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace itnxt::snmp::survey {
namespace {

InterfaceSample port(std::uint32_t index, const std::string& name) {
  InterfaceSample row;
  row.if_index = index;
  row.if_name = row.if_descr = name;
  row.oper = OperStatus::up;
  row.speed = bits_per_second(1e10);
  row.discontinuity = TimeTicks{0};
  for (const Column column : {Column::in_octets, Column::out_octets}) {
    row.counters.set(column, {1, CounterWidth::bits64});
  }
  return row;
}

// A device with which nothing is wrong.
Facts sound() {
  Facts facts;
  facts.address = "10.0.0.1:161";
  facts.attempts.push_back(
      {"core", SnmpVersion::v3, "sha256 and aes128", true, true, "", false, false, false});
  facts.used = 0;
  facts.engine = Engine{usm::EngineId(std::vector<std::uint8_t>{0x80, 0, 0, 9, 3, 1, 2}), 7, 1000};
  facts.public_v1 = facts.public_v2c = facts.no_auth = false;
  facts.sample.sys_name = "core-1";
  facts.sample.sys_object_id = "1.3.6.1.4.1.9.1.516";
  facts.sample.uptime = TimeTicks{1000};
  facts.sample.complete = true;
  for (std::uint32_t i = 1; i <= 7; ++i) {
    facts.sample.interfaces.push_back(port(i, "Te0/" + std::to_string(i)));
  }
  facts.if_number = 7;
  facts.clock = ClockCheck{TimeTicks{1000}, TimeTicks{1150}, 1500ms};
  facts.largest = {Largest::End::everything, 20'000, 600, 600, ""};
  facts.round_trips = {20, 20, 1ms, 2ms, 9ms};
  facts.walk_requests = 9;
  return facts;
}

struct Case {
  std::function<void(Facts&)> spoil;
  std::string line;
};

TEST(Oddities, NothingIsOddAboutASoundDevice) {
  EXPECT_TRUE(oddities(sound()).empty());
}

TEST(Oddities, EachAlone) {
  const Case cases[] = {
      {[](Facts& f) { f.public_v2c = true; },
       "community \"public\" is answered (SNMP version 2c); anybody on the path reads the device: "
       "remove that community from its configuration"},
      {[](Facts& f) { f.public_v1 = f.public_v2c = true; },
       "community \"public\" is answered (SNMP version 1 and 2c); anybody on the path reads the "
       "device: remove that community from its configuration"},
      {[](Facts& f) { f.no_auth = true; },
       "the SNMPv3 user is answered without authentication; who knows the user's name reads the "
       "device: set the user's least level to authPriv on the device"},
      {[](Facts& f) {
         f.attempts[0].level = "md5 and des";
         f.attempts[0].weak_auth = true;
       },
       "weak SNMPv3 credentials work: 'core' (md5 and des); MD5, SHA-1 and DES are outdated, and "
       "without privacy everybody on the path reads along: move the user to sha256 and aes128 or "
       "better"},
      {[](Facts& f) {
         f.attempts.push_back({"lab", SnmpVersion::v2c, "", true, true, "", {}, {}, {}});
       },
       "SNMPv3 is there, but version 2c is answered too; a community crosses the network in clear "
       "text: use SNMPv3 for it and switch the older versions off"},
      {[](Facts& f) { f.engine->boots = 2147483647; },
       "snmpEngineBoots is 2147483647: used up; the device refuses every authenticated request "
       "(RFC 3414 §2.2.2): give it a new engine ID or set its keys anew"},
      {[](Facts& f) { f.engine->boots = 0; },
       "snmpEngineBoots is 0; without counting its restarts a device cannot tell replays of old "
       "messages: give its SNMP agent a place to store its boots"},
      {[](Facts& f) { f.strangers = {"10.0.0.2:161"}; },
       "replies come from 10.0.0.2:161; a reply from another address than the one asked is "
       "refused: it may be forged: put that address into the inventory, or have the device answer "
       "from the address that was asked"},
      {[](Facts& f) { f.malformed = 2; },
       "2 datagrams from it were no SNMP message; they are ignored, and the request counts as "
       "unanswered: look at what listens on that port"},
      {[](Facts& f) { f.walk_unanswered = 3; },
       "3 of 9 requests went unanswered, 0 replies came late or twice; each costs a poll a "
       "timeout: look at the path, at the device's load and at its limit on SNMP requests"},
      {[](Facts& f) { f.round_trips.median = 800ms; },
       "it takes 800ms to answer (median); a poll of 9 requests takes 7s200ms: give its collector "
       "a longer 'interval' and 'timeout'"},
      {[](Facts& f) {
         f.largest = {Largest::End::fewer, 484, 12, 25, ""};
       },
       "no reply is larger than 484 bytes (12 varbinds); a poll takes more requests than "
       "elsewhere: raise the agent's largest message size if it has such a setting"},
      {[](Facts& f) {
         f.largest = {Largest::End::silent, 1400, 50, 100, ""};
       },
       "it stays silent when asked for 100 varbinds at once; it should give fewer (RFC 3416 "
       "§4.2.3); or the path drops large datagrams: nothing: itnxt asks for less; other tools need "
       "max-repetitions below that"},
      {[](Facts& f) {
         f.largest = {Largest::End::other_error, 1400, 50, 100, "genErr"};
       },
       "it says genErr when asked for 100 varbinds at once; it should give fewer (RFC 3416 "
       "§4.2.3); or the path drops large datagrams: nothing: itnxt asks for less; other tools need "
       "max-repetitions below that"},
      {[](Facts& f) {
         f.attempts[0].version = SnmpVersion::v1;
         f.engine.reset();
       },
       "it answers version 1 only; there are no 64-bit counters and one row a request: switch "
       "version 3 on, or 2c at least"},
      {[](Facts& f) {
         f.sample.problem =
             "ifHCInOctets: OIDs do not increase after row 5; the walk of this column stopped";
       },
       "ifHCInOctets: OIDs do not increase after row 5; the walk of this column stopped; every "
       "poll will say the same; what the device gave otherwise is used: update its software or "
       "report it to its maker; if it stopped answering, look at the path and its load"},
      {[](Facts& f) { f.out_of_time = true; },
       "the time was up after 7 interfaces; what follows is only part of the device: raise "
       "--timeout"},
      {[](Facts& f) { f.clock->second = f.clock->first; },
       "sysUpTime stood still for 1s500ms; restarts and the time between two polls cannot be told "
       "by it: restart its SNMP agent or update its software"},
      {[](Facts& f) { f.clock->second = TimeTicks{10}; },
       "sysUpTime went back within 1s500ms; the device restarted just now, or more than one "
       "answers at this address: probe it again"},
      {[](Facts& f) {
         f.clock.reset();
         f.sample.uptime.reset();
       },
       "it has no sysUpTime; rates are divided by the collector's clock, and a restart is seen "
       "late: let the credentials' view include the system group"},
      {[](Facts& f) { f.sample.sys_name.clear(); },
       "sysName is empty; the inventory entry is named by the address: set the device's name"},
      {[](Facts& f) { f.sample.sys_object_id = "0.0"; },
       "sysObjectID names no product; profiles are chosen by what the device has, not by its "
       "model: nothing"},
      {[](Facts& f) { f.if_number = 48; },
       "ifNumber says 48, the tables have 7 rows; a missing row cannot be told from one that was "
       "not sent: nothing, if the rows listed here are all of its ports"},
      {[](Facts& f) { f.sample.interfaces.clear(); },
       "there is no row in ifTable and ifXTable; there is nothing to poll but its uptime: let the "
       "credentials' view include 1.3.6.1.2.1.2 and 1.3.6.1.2.1.31"},
      {[](Facts& f) { f.sample.interfaces[2].counters = {}; },
       "no octet counters on 1 port (Te0/3) up; their traffic stays unknown: let the credentials' "
       "view include ifTable and ifXTable"},
      {[](Facts& f) {
         for (InterfaceSample& row : f.sample.interfaces) {
           row.counters.set(Column::in_octets, {1, CounterWidth::bits32});
         }
       },
       "32-bit octet counters on 7 ports (Te0/1, Te0/2, Te0/3, Te0/4 and 3 more) above 20 Mbit/s; "
       "at full rate they wrap after 3.4 s, and a rate that may have wrapped twice is withheld: "
       "ask by version 2c or 3 if this was version 1, else update its software, or poll more "
       "often"},
      {[](Facts& f) { f.sample.interfaces[0].discontinuity.reset(); },
       "no ifCounterDiscontinuityTime on 1 port (Te0/1); counters set to zero between two polls "
       "are seen only when they go back: nothing; expect a gap where a card is swapped"},
      {[](Facts& f) {
         for (InterfaceSample& row : f.sample.interfaces) row.if_name.clear();
       },
       "no port has an ifName; ports go by ifDescr, which some devices change with their software: "
       "nothing; write links by the names listed here"},
      {[](Facts& f) { f.sample.interfaces[1].if_name.clear(); },
       "no ifName on 1 port (Te0/2); ports go by ifDescr, which some devices change with their "
       "software: nothing; write links by the names listed here"},
      {[](Facts& f) { f.sample.interfaces[1].if_name = "Te0/1"; },
       "names that are not unique: \"Te0/1\" 2 times; the second and further ones become NAME#2, "
       "NAME#3 … by ifIndex: name links by ifAlias, or rename the ports"},
      {[](Facts& f) {
         f.sample.interfaces[1].if_alias = f.sample.interfaces[4].if_alias = "to hal";
       },
       "aliases that are not unique: \"to hal\" 2 times; a link cannot be named by such an alias: "
       "name links by ifName"},
      {[](Facts& f) { f.sample.interfaces[6].speed.reset(); },
       "no speed on 1 port (Te0/7) up; how full such a link is cannot be told: give its link a "
       "'capacity' in the inventory"},
      {[](Facts& f) { f.sample.interfaces[0].if_index = 0; },
       "a row with ifIndex 0; an index begins at 1 (RFC 2863); other tools may drop that row: "
       "nothing"},
  };
  std::set<OddityKind> seen;
  for (const Case& one : cases) {
    Facts facts = sound();
    one.spoil(facts);
    const std::vector<Oddity> found = oddities(facts);
    ASSERT_FALSE(found.empty()) << one.line;
    bool told = false;
    for (const Oddity& oddity : found) {
      told = told || to_text(oddity) == one.line;
      if (to_text(oddity) == one.line) seen.insert(oddity.kind);
    }
    EXPECT_TRUE(told) << "expected " << one.line << "\nfound    " << to_text(found[0]);
  }
  // Of every kind there is a case, but of the port with no name at all, below.
  EXPECT_EQ(seen.size() + 1, kOddityNames.size());
}

TEST(Oddities, APortWithoutAnyName) {
  Facts facts = sound();
  facts.sample.interfaces[0].if_name.clear();
  facts.sample.interfaces[0].if_descr.clear();
  const auto found = oddities(facts);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(to_text(found[1]),
            "neither ifName, ifDescr nor ifAlias on 1 port (ifIndex 1); such a port is known by "
            "its ifIndex only, which may change at a restart: give it an alias if the device lets "
            "you");
}

TEST(Oddities, AFastClockAcrossTheWrapIsFine) {
  Facts facts = sound();
  facts.clock = ClockCheck{TimeTicks{0xFFFFFFFF}, TimeTicks{150}, 1500ms};
  EXPECT_TRUE(oddities(facts).empty());
}

TEST(Oddities, NobodyGotIn) {
  Facts facts;
  facts.attempts.push_back({"lab", SnmpVersion::v2c, "", false, false, "no answer", {}, {}, {}});
  EXPECT_TRUE(oddities(facts).empty());
}

}  // namespace
}  // namespace itnxt::snmp::survey
