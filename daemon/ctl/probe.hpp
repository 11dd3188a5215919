// `itnxtctl probe`: one device asked everything by SNMP, and what is shown of it. All but
// run_probe() is pure.
//
// Layers: this is the one verb that talks to a device and not to the aggregator, since it must work
// where no itnxtd runs. Asking is collectors/snmp/survey's, as are the findings; the tool reads the
// credentials (daemon/config) and shows what came. tests/layering.cmake lets no other file of this
// room see either.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "collectors/snmp/survey/oddities.hpp"
#include "collectors/snmp/survey/survey.hpp"
#include "daemon/ctl/api.hpp"
#include "daemon/ctl/table.hpp"

namespace itnxt::ctl {

// What the report says of a device.
struct Probed {
  snmp::survey::Facts facts;
  std::vector<snmp::survey::Oddity> oddities;
  std::string entry;  // YAML for the inventory
};

// Where the credentials come from, for the YAML.
struct CredentialsSource {
  std::string name;         // of the set in the configuration; empty: a community given by itself
  std::string reference;    // then: "env: NAME" or "file: PATH" as YAML
  std::string remark = {};  // on it; empty: none
};

// The device, its set of credentials where it has none yet, and its ports with an alias as links.
// Loads as part of a configuration (a test holds it against the loader).
[[nodiscard]] std::string inventory_entry(const snmp::survey::Facts& facts,
                                          const CredentialsSource& source);

[[nodiscard]] std::string probe_text(const Probed& probed, const Style& style);
[[nodiscard]] Json probe_json(const Probed& probed);

// What was tried and what to check, when nobody got in. `unreachable`: what the network says.
[[nodiscard]] std::string no_answer_text(const snmp::survey::Facts& facts,
                                         const std::string& unreachable);

}  // namespace itnxt::ctl
