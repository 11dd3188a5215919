// What the kernel tells of an interface. Needs no privilege; cheap enough to be asked every second.
#pragma once

#include <optional>
#include <string>

#include "collectors/pcap/tally.hpp"

namespace itnxt::pcap {

// There and up.
bool interface_is_up(const std::string& name);

// The kernel's number of it, which outlives a change of its name; 0: there is none of that name.
// Nothing: it could not be asked, as without a free descriptor.
std::optional<unsigned> interface_index(const std::string& name);

// Where a capture on it stands: what tells received from sent frames, and whole from merged ones.
Vantage vantage_of(const std::string& interface);

}  // namespace itnxt::pcap
