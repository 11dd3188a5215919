#include "collectors/trap/names.hpp"

#include <algorithm>
#include <array>

namespace itnxt::trap {
namespace {

struct Entry {
  std::string_view oid;  // dotted
  KnownTrap trap;
};

// RFC 3418 §2, RFC 2863 §6, RFC 4273 §4 (and RFC 1657, RFC 1269), RFC 4750 §5, CISCO-BGP4-MIB.
constexpr std::array kKnown = {
    Entry{"1.3.6.1.6.3.1.1.5.1", {"coldStart", Look::device}},
    Entry{"1.3.6.1.6.3.1.1.5.2", {"warmStart", Look::device}},
    Entry{"1.3.6.1.6.3.1.1.5.3", {"linkDown", Look::link_lost}},
    Entry{"1.3.6.1.6.3.1.1.5.4", {"linkUp", Look::link}},
    Entry{"1.3.6.1.6.3.1.1.5.5", {"authenticationFailure", Look::nothing}},
    Entry{"1.3.6.1.6.3.1.1.5.6", {"egpNeighborLoss", Look::nothing}},
    Entry{"1.3.6.1.2.1.15.0.1", {"bgpEstablishedNotification", Look::device}},
    Entry{"1.3.6.1.2.1.15.0.2", {"bgpBackwardTransNotification", Look::device}},
    Entry{"1.3.6.1.2.1.15.7.1", {"bgpEstablished", Look::device}},
    Entry{"1.3.6.1.2.1.15.7.2", {"bgpBackwardTransition", Look::device}},
    Entry{"1.3.6.1.2.1.15.7.0.1", {"bgpEstablished", Look::device}},
    Entry{"1.3.6.1.2.1.15.7.0.2", {"bgpBackwardTransition", Look::device}},
    Entry{"1.3.6.1.4.1.9.9.187.0.1", {"cbgpFsmStateChange", Look::device}},
    Entry{"1.3.6.1.4.1.9.9.187.0.2", {"cbgpBackwardTransition", Look::device}},
    Entry{"1.3.6.1.4.1.9.9.187.0.5", {"cbgpPeer2EstablishedNotification", Look::device}},
    Entry{"1.3.6.1.4.1.9.9.187.0.6", {"cbgpPeer2BackwardTransNotification", Look::device}},
    Entry{"1.3.6.1.2.1.14.16.2.1", {"ospfVirtIfStateChange", Look::device}},
    Entry{"1.3.6.1.2.1.14.16.2.2", {"ospfNbrStateChange", Look::device}},
    Entry{"1.3.6.1.2.1.14.16.2.3", {"ospfVirtNbrStateChange", Look::device}},
    Entry{"1.3.6.1.2.1.14.16.2.16", {"ospfIfStateChange", Look::device}},
    Entry{"1.3.6.1.2.1.14.16.2.0.1", {"ospfVirtIfStateChange", Look::device}},
    Entry{"1.3.6.1.2.1.14.16.2.0.2", {"ospfNbrStateChange", Look::device}},
    Entry{"1.3.6.1.2.1.14.16.2.0.3", {"ospfVirtNbrStateChange", Look::device}},
    Entry{"1.3.6.1.2.1.14.16.2.0.16", {"ospfIfStateChange", Look::device}},
};

}  // namespace

const KnownTrap* known_trap(snmp::ByteView oid) {
  const std::string dotted = snmp::dotted(oid);
  const auto found = std::ranges::find(kKnown, dotted, &Entry::oid);
  return found == kKnown.end() ? nullptr : &found->trap;
}

std::string trap_name(snmp::ByteView oid) {
  const KnownTrap* const known = known_trap(oid);
  return known == nullptr ? snmp::dotted(oid) : std::string(known->name);
}

}  // namespace itnxt::trap
