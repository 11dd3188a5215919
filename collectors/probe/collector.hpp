// The probe collector: asks targets by trains of paced probes whether and how well they answer.
//
// Targets are taken in groups whose trains begin one after the other over the interval; a group's
// series are published when its last probe is over, and a target whose verdict changed is reported
// as an event before. ICMP goes through one socket a family, everything else through a socket each.
// - A name is looked up before the first train, after each train that failed, and every five
//   minutes; meanwhile the address it had is used. A name without address fails the train as
//   `unresolved`.
// - What this host refuses (no privilege, no descriptor) fails the probe as `local` and is tried
//   again with the next train; a missing privilege is logged once until it is there.
// - A reload keeps the totals and verdicts of targets that keep name and address.
// Thread: the loop's; names are looked up on threads of the resolver.
#pragma once

#include <memory>
#include <vector>

#include "collectors/collector.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/objection.hpp"
#include "daemon/io/resolver.hpp"

namespace itnxt {

// Precondition: a train fits into the interval (daemon/config/load_probe.cpp sees to it).
std::unique_ptr<Collector> make_probe_collector(const ProbeCollectorConfig& config,
                                                CollectorContext context);

// What is known before it runs to make targets fail: certificates that are not there.
std::vector<Objection> check_probe(const ProbeCollectorConfig& config);

namespace probe {
// For tests: names by `lookup`, whatever the family.
std::unique_ptr<Collector> make_collector(const ProbeCollectorConfig& config,
                                          CollectorContext context, Resolver::Lookup lookup);
}  // namespace probe

}  // namespace itnxt
