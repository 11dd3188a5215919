// The host collector: the interfaces of this node, in the network namespace of this process, as a
// device of the inventory. By rtnetlink; needs no privilege.
//
// - Every interval the whole table as a DeviceSample; the node's own uptime stands for sysUpTime
//   (it goes with the loop's clock, so that rates divide by exactly the collector's time), and
//   itnxt_ethernet_full_duplex and what was overrun, withheld or malformed as SeriesSamples.
// - Each link that goes up, down or away as an Event in the moment in which the kernel says so, and
//   right behind it the rows that changed as a sample that is not `complete`; the others' rates are
//   not disturbed. A lost carrier that the kernel holds back is looked for every 10 ms, without a
//   lock and of at most CarrierWatch::kMost links. Such samples come at most ten times a second,
//   changed rows together.
// - An interface that flaps causes at most EventLimit::kMostInWindow events a second, then one that
//   says how many were withheld.
// - What the kernel says is taken in the order in which it was so, news and tables: also a process
//   that did not run for a while tells what happened once, and nothing else.
// - When the kernel had more to say than its queue holds (overrun), the table is read anew, at most
//   once a second; what differs then is told as events.
// - Each failure is logged once, however often it is met again; so is its end.
// Thread: the loop's.
#pragma once

#include <memory>

#include "collectors/collector.hpp"
#include "collectors/host/kernel.hpp"
#include "daemon/config/config.hpp"

namespace itnxt {

// Precondition: interval > 0; device is not empty.
std::unique_ptr<Collector> make_host_collector(const HostCollectorConfig& config,
                                               CollectorContext context);
std::unique_ptr<Collector> make_host_collector(const HostCollectorConfig& config,
                                               CollectorContext context,
                                               std::unique_ptr<host::Kernel> kernel,
                                               host::HostFacts facts);

}  // namespace itnxt
