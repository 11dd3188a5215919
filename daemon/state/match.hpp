// Which row of a walk is which port: by what the device says of both. Pure; thread: any.
//
// An interface is what it is by name (ifName, else ifDescr), alias (ifAlias) and hardware address
// (ifPhysAddress); its ifIndex is a cursor that a re-initialisation may set anew (RFC 2863 §3.1.5).
//
//   first  All three alike: the same port, wherever it stands. Several alike are told apart by
//          their ifIndex, as long as the device did not restart or all stand where they stood.
//   then   By weight: 4 for the name, 3 for the alias, 3 for the address, 1 for the same ifIndex
//          without a restart. An alias or address that several bear says nothing (a chassis'
//          address, "unused"), nor does a name that several bear, unless the ifIndex is the same.
//          A port and a row belong together from 4 on, if each is the other's best by a margin of
//          2.
//   doubt  What is nearly as good elsewhere, or one of several alike: neither is matched. Nor what
//          only name and ifIndex say, when it may be a row that is not known as a port.
//
// Cost: sorts and hashes, O(n log n) for n rows, however alike they are; a hostile device that
// makes hashes collide confuses its own ports at most: texts are compared before they count.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/core/phys_address.hpp"

namespace itnxt {

struct PortTraits {
  std::uint32_t if_index = 0;
  std::string_view name;
  std::string_view alias;
  PhysAddress address;
};

// A row that was told and is not known as a port.
struct Stranger {
  std::uint64_t name_hash = 0;
  std::uint32_t if_index = 0;
  Stranger(std::string_view name, std::uint32_t index)
      : name_hash(std::hash<std::string_view>{}(name)), if_index(index) {}
  auto operator<=>(const Stranger&) const = default;
};

struct MatchTerms {
  bool restarted = false;  // or it cannot be told
  bool complete = true;    // a row that is not there was not left out
  // Rows that may be there though they are neither among the ports nor among the rows: what stands
  // in a port's place under such a name, otherwise unlike it, may be one of them. Sorted.
  std::span<const Stranger> strangers;
  bool decide = false;  // no doubts: the better one is it, by whatever margin; else neither
};

struct Matching {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> port_of_row;  // beside the rows; kNone: new, or in doubt
  std::vector<std::uint32_t> row_of_port;  // beside the ports; kNone: not told, or in doubt
  std::vector<bool> row_in_doubt;
  std::vector<bool> port_in_doubt;
  std::vector<bool> replaced;  // beside the rows: matched, with another address that tells
  std::uint64_t question = 0;  // what is in doubt: the same number for the same; 0: nothing
};

// Both by ascending ifIndex, each ifIndex once.
Matching match_ports(const std::vector<PortTraits>& ports, const std::vector<PortTraits>& rows,
                     const MatchTerms& terms);

}  // namespace itnxt
