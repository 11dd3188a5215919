// Under which name an interface is known. ifIndex is only constant between two re-initialisations
// of a device (RFC 2863 §3.1.5), so history hangs on the name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// ifName, else ifDescr, else "ifIndex N".
std::string base_name(const InterfaceSample& sample);

std::shared_ptr<const InterfaceIdentity> make_identity(const DeviceName& device, std::string name);

// Names for rows in ifIndex order: the first of one base bears it plain, the others "#2", "#3" …;
// never two alike, whatever the bases are.
std::vector<std::string> distinct_names(const std::vector<std::string>& bases);

}  // namespace itnxt
