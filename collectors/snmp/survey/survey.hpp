// Asks one device everything, one question after another: which versions and credentials it takes,
// the system group, the interfaces as the collector would read them, what else it has, how much it
// bears at once. What of the answers is odd is oddities.hpp's part. Pure: the world is a Wire.
//
// It lives beside the collector, not in the tool that shows it, because what a device says to it
// must be what the collector will see: it drives the collector's own Walk, messages and USM.
//
// Polite: one request at a time; but it asks for ever bigger replies until the device refuses, and
// tries, unless told not to, whether community "public" or a user without authentication gets in,
// which a device may log.
#pragma once

#include <string>
#include <vector>

#include "collectors/snmp/survey/facts.hpp"
#include "collectors/snmp/survey/wire.hpp"

namespace itnxt::snmp::survey {

struct Candidate {
  std::string name;  // of the set, or where its community came from
  Credentials credentials;
};

struct Questions {
  Address device;
  std::string inventory;  // its name there; empty: none
  std::vector<Candidate> candidates;
  bool guess = true;
  Duration budget = 10s;
};

// Ends with the wire's budget at the latest.
[[nodiscard]] Facts survey(Wire& wire, const Questions& questions);

// The same over UDP, from a socket of its own: beside a running itnxtd, and without one. An Error:
// this host can open no socket.
struct Surveyed {
  Facts facts;
  std::string unreachable;  // silence, and the network says why: "Connection refused"
};
[[nodiscard]] Result<Surveyed> survey_by_udp(const Questions& questions);

// The address behind a host's name, which a name server may be asked for until `limit`.
[[nodiscard]] Result<Address> find_address(const std::string& host, std::uint16_t port,
                                           Duration limit);

}  // namespace itnxt::snmp::survey
