// What one device said when it was asked everything: the result of a survey, as values. Strings of
// the device have passed sanitize(). No secret is in here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/snmp_protocol/usm/engine_id.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::snmp::survey {

// One way to ask, and whether the device answers to it.
struct Attempt {
  std::string credentials;  // the set's name, or where the community came from
  SnmpVersion version = SnmpVersion::v2c;
  std::string
      level;  // of version 3: "sha256 and aes128", "sha256, no privacy", "no authentication"
  bool works = false;          // and it may read
  bool heard = false;          // the device said something to it, if only no
  std::string problem;         // of one that does not work
  bool weak_auth = false;      // MD5 or SHA-1
  bool weak_priv = false;      // DES, or nothing
  bool answered_late = false;  // only a repeated request was answered
  bool accepted = false;       // the device takes the credentials, also where they read nothing
  // Every answer was an error that is not about who may read: the last one's name.
  std::string error = {};
};

// snmpEngineID, snmpEngineBoots, snmpEngineTime, as the device tells everybody (RFC 3414 §4).
struct Engine {
  usm::EngineId id;
  std::uint32_t boots = 0;
  std::uint32_t time = 0;  // seconds
};

struct Largest {
  // Why nothing bigger was seen.
  enum class End : std::uint8_t {
    not_asked,    // version 1 has no GETBULK, or the time was up
    everything,   // it has no more to say, or we asked for no more
    fewer,        // it gives fewer varbinds than asked for (RFC 3416 §4.2.3: legal)
    silent,       // it did not answer
    too_big,      // it said tooBig
    other_error,  // another error, named in `error`
  };
  End end = End::not_asked;
  std::size_t bytes = 0;     // of the largest reply that came, the whole datagram
  std::size_t varbinds = 0;  // of the longest reply that came
  std::size_t asked = 0;     // varbinds of the request that ended it
  std::string error;
};

struct RoundTrips {
  std::uint32_t sent = 0;      // datagrams of ours
  std::uint32_t measured = 0;  // answered at the first try: only these tell a time (RFC 6298 §3)
  Duration least{}, median{}, most{};
};

// Two readings of sysUpTime and what passed between them here.
struct ClockCheck {
  TimeTicks first, second;
  Duration passed{};
};

struct Facts {
  std::string address;    // "10.0.0.1:161"
  std::string inventory;  // its name in the inventory; empty: it is not there
  std::vector<Attempt> attempts;
  std::optional<std::size_t> used;  // of attempts: what the rest was asked with
  std::optional<Engine> engine;
  // Tried without being told to, but for a "public" that was given; absent: not tried.
  std::optional<bool> public_v1, public_v2c;  // community "public" is answered
  std::optional<bool> no_auth;                // the user is answered without authentication

  DeviceSample sample;  // as the collector would send it
  std::uint32_t walk_requests = 0;
  std::uint32_t walk_unanswered = 0;
  std::string sys_contact, sys_location;
  std::optional<std::uint64_t> if_number;
  std::optional<std::uint64_t> if_table_last_change;  // hundredths of sysUpTime
  std::optional<ClockCheck> clock;
  std::vector<std::string> tables;  // present, beside the interfaces
  Largest largest;
  RoundTrips round_trips;
  std::vector<std::string> strangers;  // other addresses from which our replies came
  std::uint32_t late = 0;              // replies to requests that were over
  std::uint32_t malformed = 0;         // datagrams of the device that are no SNMP message
  bool out_of_time = false;            // the budget ended before the questions
};

// What the configuration calls an interface: ifName, else ifDescr, else ifAlias.
[[nodiscard]] inline const std::string& port_name(const InterfaceSample& row) {
  if (!row.if_name.empty()) return row.if_name;
  return row.if_descr.empty() ? row.if_alias : row.if_descr;
}

}  // namespace itnxt::snmp::survey
