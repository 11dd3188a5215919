// A link from the ports at its ends. Pure.
#pragma once

#include "daemon/config/config.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// A link's end as found: where it is, and its interface (null: not known now).
struct FoundEnd {
  SiteName site;
  const InterfaceView* interface = nullptr;
};

// up: false as soon as one end is known to be down, true when every end of ours is known to be up.
// Capacity: as configured, else the slower of the known ends. A direction's rate is what its
// sending end transmits, else what the far end receives; never the sum of both (RFC 2863: full
// duplex).
LinkView make_link_view(const Link& link, const FoundEnd& a, const FoundEnd& b);

}  // namespace itnxt
