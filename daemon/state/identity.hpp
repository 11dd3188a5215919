// Under which name an interface is known. ifIndex is only constant between two re-initialisations
// of a device (RFC 2863 §3.1.5), so history hangs on the name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// Appends a label's value as both exposition formats want it: backslash, quote and line end
// escaped.
void append_label_value(std::string& out, std::string_view value);

// What a node sent, made safe again: collectors sanitise, but a node may be hostile. Cheap for the
// plain text that nearly all names are.
std::string safe_text(std::string_view text);

// ifName, else ifDescr, else "ifIndex N"; safe.
std::string base_name(const InterfaceSample& sample);

std::shared_ptr<const InterfaceIdentity> make_identity(const DeviceName& device, std::string name);

// Names for rows in ifIndex order: the first of one base bears it plain, the others "#2", "#3" …;
// never two alike, whatever the bases are.
std::vector<std::string> distinct_names(const std::vector<std::string>& bases);

}  // namespace itnxt
