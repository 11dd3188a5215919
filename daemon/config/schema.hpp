// Which keys each map of the configuration knows: one table an object. The loader checks against
// them, messages list them, and a test holds config/itnxt.schema.json and config/itnxt.yaml against
// them.
#pragma once

#include <span>
#include <string_view>

namespace itnxt {

struct KeySpec {
  std::string_view name;
  std::string_view required;  // empty: optional; else what is expected, for the message
};

struct ObjectSpec {
  std::string_view id;    // its name under `definitions` of the JSON Schema
  std::string_view what;  // in messages: "unknown key 'x' in a device"
  std::span<const KeySpec> keys;
};

namespace schema {
extern const ObjectSpec configuration, inventory, site, device, link, link_end, prefix,
    community_credentials, user_credentials, secret, snmp_collector, pcap_collector, talkers,
    floods, probe_collector, probe_target, host_collector, trap_collector, device_selector,
    transport, transport_curve, spool, aggregator, aggregator_curve, http, limits, expose,
    remote_write, basic_auth, queue, rule, when, crisis, declare, notify, alertmanager_channel,
    webhook_channel, route;

// All of them.
std::span<const ObjectSpec* const> objects();
}  // namespace schema

}  // namespace itnxt
