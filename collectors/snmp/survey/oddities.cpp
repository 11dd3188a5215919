#include "collectors/snmp/survey/oddities.hpp"

#include <algorithm>
#include <utility>

#include "collectors/snmp/survey/oddities_detail.hpp"
#include "collectors/snmp/walk.hpp"
#include "collectors/snmp_protocol/usm/clock.hpp"

namespace itnxt::snmp::survey {
namespace {

constexpr std::size_t kListed = 4;
constexpr Duration kSlow = 500ms;

std::string shown(Duration d) {
  return itnxt::to_text(std::chrono::round<std::chrono::milliseconds>(d));
}

bool works(const Facts& facts, SnmpVersion version) {
  return std::any_of(facts.attempts.begin(), facts.attempts.end(),
                     [&](const Attempt& one) { return one.works && one.version == version; });
}

void judge_access(const Facts& facts, Oddities& found) {
  if (facts.public_v1 == true || facts.public_v2c == true) {
    const bool both = facts.public_v1 == true && facts.public_v2c == true;
    const char* version = both ? "1 and 2c" : facts.public_v1 == true ? "1" : "2c";
    found.push_back({OddityKind::public_community,
                     std::string("community \"public\" is answered (SNMP version ") + version + ")",
                     "anybody on the path reads the device",
                     "remove that community from its configuration"});
  }
  if (facts.no_auth == true) {
    found.push_back({OddityKind::no_authentication,
                     "the SNMPv3 user is answered without authentication",
                     "who knows the user's name reads the device",
                     "set the user's least level to authPriv on the device"});
  }
  std::vector<std::string> weak;
  std::vector<std::string> clear;
  for (const Attempt& one : facts.attempts) {
    if (!one.works) continue;
    if (one.version == SnmpVersion::v3 && (one.weak_auth || one.weak_priv)) {
      weak.push_back("'" + one.credentials + "' (" + one.level + ")");
    } else if (one.version != SnmpVersion::v3) {
      clear.push_back(std::string(kSnmpVersionNames[static_cast<std::size_t>(one.version)]));
    }
  }
  if (!weak.empty()) {
    found.push_back({OddityKind::weak_security, "weak SNMPv3 credentials work: " + listed(weak),
                     "MD5, SHA-1 and DES are outdated, and without privacy everybody on the path "
                     "reads along",
                     "move the user to sha256 and aes128 or better"});
  }
  if (!clear.empty() && facts.engine) {
    found.push_back({OddityKind::cleartext_beside_v3,
                     "SNMPv3 is there, but version " + listed(clear) + " is answered too",
                     "a community crosses the network in clear text",
                     "use SNMPv3 for it and switch the older versions off"});
  }
}

void judge_engine(const Facts& facts, Oddities& found) {
  if (!facts.engine) return;
  if (facts.engine->boots == usm::EngineClock::kLatched) {
    found.push_back({OddityKind::engine_exhausted, "snmpEngineBoots is 2147483647: used up",
                     "the device refuses every authenticated request (RFC 3414 §2.2.2)",
                     "give it a new engine ID or set its keys anew"});
  }
  if (facts.engine->boots == 0 && facts.engine->time > 0) {
    found.push_back({OddityKind::no_engine_boots, "snmpEngineBoots is 0",
                     "without counting its restarts a device cannot tell replays of old messages",
                     "give its SNMP agent a place to store its boots"});
  }
}

void judge_answers(const Facts& facts, Oddities& found) {
  if (!facts.strangers.empty()) {
    found.push_back({OddityKind::strangers, "replies come from " + listed(facts.strangers),
                     "a reply from another address than the one asked is refused: it may be forged",
                     "put that address into the inventory, or have the device answer from the "
                     "address that was asked"});
  }
  if (facts.malformed > 0) {
    found.push_back({OddityKind::malformed,
                     counted(facts.malformed, "datagram") + " from it were no SNMP message",
                     "they are ignored, and the request counts as unanswered",
                     "look at what listens on that port"});
  }
  const bool late =
      facts.late > 0 || std::any_of(facts.attempts.begin(), facts.attempts.end(),
                                    [](const Attempt& one) { return one.answered_late; });
  if (facts.walk_unanswered > 0 || late) {
    found.push_back({OddityKind::lost_replies,
                     std::to_string(facts.walk_unanswered) + " of " +
                         counted(facts.walk_requests, "request") + " went unanswered, " +
                         std::to_string(facts.late) + " replies came late or twice",
                     "each costs a poll a timeout",
                     "look at the path, at the device's load and at its limit on SNMP requests"});
  }
  if (facts.round_trips.measured > 0 && facts.round_trips.median > kSlow) {
    found.push_back({OddityKind::slow,
                     "it takes " + shown(facts.round_trips.median) + " to answer (median)",
                     "a poll of " + counted(facts.walk_requests, "request") + " takes " +
                         shown(facts.round_trips.median * facts.walk_requests),
                     "give its collector a longer 'interval' and 'timeout'"});
  }
  if (facts.used && !works(facts, SnmpVersion::v2c) && !works(facts, SnmpVersion::v3)) {
    found.push_back({OddityKind::version_1_only, "it answers version 1 only",
                     "there are no 64-bit counters and one row a request",
                     "switch version 3 on, or 2c at least"});
  }
}

void judge_sizes(const Facts& facts, Oddities& found) {
  const Largest& largest = facts.largest;
  const bool cut = largest.end == Largest::End::fewer || largest.end == Largest::End::too_big ||
                   largest.end == Largest::End::silent || largest.end == Largest::End::other_error;
  if (largest.end == Largest::End::silent || largest.end == Largest::End::other_error) {
    const bool silent = largest.end == Largest::End::silent;
    found.push_back({OddityKind::silent_when_big,
                     (silent ? "it stays silent" : "it says " + largest.error) +
                         " when asked for " + counted(largest.asked, "varbind") + " at once",
                     "it should give fewer (RFC 3416 §4.2.3); or the path drops large datagrams",
                     "nothing: itnxt asks for less; other tools need max-repetitions below that"});
  }
  if (cut && largest.bytes > 0 && largest.bytes < kReplyBytes / 2) {
    found.push_back({OddityKind::small_replies,
                     "no reply is larger than " + std::to_string(largest.bytes) + " bytes (" +
                         counted(largest.varbinds, "varbind") + ")",
                     "a poll takes more requests than elsewhere",
                     "raise the agent's largest message size if it has such a setting"});
  }
}

void judge_walk(const Facts& facts, Oddities& found) {
  if (facts.out_of_time) {
    found.push_back(
        {OddityKind::out_of_time,
         "the time was up after " + counted(facts.sample.interfaces.size(), "interface"),
         "what follows is only part of the device", "raise --timeout"});
  }
  if (!facts.sample.problem.empty()) {
    found.push_back({OddityKind::walk, facts.sample.problem,
                     "every poll will say the same; what the device gave otherwise is used",
                     "update its software or report it to its maker; if it stopped answering, look "
                     "at the path and its load"});
  }
}

void judge_clock(const Facts& facts, Oddities& found) {
  if (!facts.sample.uptime && !facts.clock) {
    found.push_back({OddityKind::no_uptime, "it has no sysUpTime",
                     "rates are divided by the collector's clock, and a restart is seen late",
                     "let the credentials' view include the system group"});
  }
  if (!facts.clock) return;
  const std::uint32_t moved = facts.clock->second.hundredths - facts.clock->first.hundredths;
  const std::string passed = shown(facts.clock->passed);
  if (moved >= 0x80000000U) {
    found.push_back({OddityKind::uptime_goes_back, "sysUpTime went back within " + passed,
                     "the device restarted just now, or more than one answers at this address",
                     "probe it again"});
  } else if (moved == 0) {
    found.push_back({OddityKind::uptime_stands_still, "sysUpTime stood still for " + passed,
                     "restarts and the time between two polls cannot be told by it",
                     "restart its SNMP agent or update its software"});
  }
}

void judge_identity(const Facts& facts, Oddities& found) {
  const DeviceSample& sample = facts.sample;
  if (sample.sys_name.empty()) {
    found.push_back({OddityKind::no_name, "sysName is empty",
                     "the inventory entry is named by the address", "set the device's name"});
  }
  if (sample.sys_object_id.empty() || sample.sys_object_id == "0.0") {
    found.push_back({OddityKind::no_object_id, "sysObjectID names no product",
                     "profiles are chosen by what the device has, not by its model", "nothing"});
  }
  const std::size_t rows = sample.interfaces.size();
  if (facts.if_number && *facts.if_number != rows && !facts.out_of_time && rows > 0) {
    found.push_back({OddityKind::if_number,
                     "ifNumber says " + std::to_string(*facts.if_number) + ", the tables have " +
                         counted(rows, "row"),
                     "a missing row cannot be told from one that was not sent",
                     "nothing, if the rows listed here are all of its ports"});
  }
  if (rows == 0 && !facts.out_of_time) {
    found.push_back({OddityKind::no_interfaces, "there is no row in ifTable and ifXTable",
                     "there is nothing to poll but its uptime",
                     "let the credentials' view include 1.3.6.1.2.1.2 and 1.3.6.1.2.1.31"});
  }
}

}  // namespace

std::string listed(std::span<const std::string> all) {
  std::string text;
  const std::size_t shown = all.size() <= kListed + 1 ? all.size() : kListed;
  for (std::size_t i = 0; i < shown; ++i) text += (i > 0 ? ", " : "") + all[i];
  if (shown < all.size()) text += " and " + std::to_string(all.size() - shown) + " more";
  return text;
}

std::string to_text(const Oddity& oddity) {
  return oddity.what + "; " + oddity.why + ": " + oddity.todo;
}

std::vector<Oddity> oddities(const Facts& facts) {
  Oddities found;
  judge_access(facts, found);
  judge_engine(facts, found);
  if (!facts.used) return found;
  judge_answers(facts, found);
  judge_sizes(facts, found);
  judge_walk(facts, found);
  judge_clock(facts, found);
  judge_identity(facts, found);
  judge_ports(facts, found);
  std::stable_sort(found.begin(), found.end(),
                   [](const Oddity& a, const Oddity& b) { return a.kind < b.kind; });
  return found;
}

}  // namespace itnxt::snmp::survey
