// The trap collector: SNMP notifications, versions 1, 2c and 3, traps and informs, at a UDP port of
// this process.
//
// - It believes the credentials of the inventory's devices; whatever else comes is counted by
//   reason (itnxt_trap_ignored_total), summed up in the log once a minute, and the last ones are
//   kept as they came in a file of mode 0600, NAME.ignored beside the spool.
// - No notification changes a state. One that speaks of links, of a restart, of BGP or OSPF is a
//   reason to poll its device at once (PollRequests), unless it tells what the last poll saw; at
//   most every 5 s and once more behind, but at once after polls that found what had changed. What
//   the poll finds is the news. The notification itself is an event of kind `trap`, told behind the
//   news if it has any, `storm_limit` of each sender a second; what is more is summed up
//   (`trap_storm`).
// - An inform is acknowledged when its event is on the disk, again when it comes again, and not at
//   all beyond storm_limit: its sender repeats it. It is told once, also by the process after one
//   that was killed before it answered. Our engine ID and boots outlive the process in
//   NAME.engine.
// - A lost link that a poll finds and that no trap told is `trap_missing`, of devices that
//   have sent any trap since the start.
// - A port that cannot be had is said once, counted by itnxt_trap_listening, and tried again.
// Thread: the loop's.
#pragma once

#include <memory>
#include <vector>

#include "collectors/collector.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/objection.hpp"

namespace itnxt {

std::unique_ptr<Collector> make_trap_collector(const TrapCollectorConfig& config,
                                               CollectorContext context);
// A port that this process may not have.
std::vector<Objection> check_trap(const TrapCollectorConfig& config);

}  // namespace itnxt
