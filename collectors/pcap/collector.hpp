// The packet-capture collector: one interface or one savefile, counted by protocol and direction.
//
// Publishes a CaptureSample at every change of state (opened, lost, savefile finished or given up)
// and every interval; its totals never go back while it lives. Bounded work per wake-up.
// - An interface that is missing, down or gone is looked for every second; every other failure that
//   may heal (no CAP_NET_RAW, no such file) is tried again after 1, 2, 4 … 30 s. A bad filter and a
//   broken savefile are final: the collector goes on saying so by `open: false`.
// - Each failure is logged once, however often it is met again; so is its end.
// - A reload keeps the totals, whatever it changes, while the interface stays; the socket is opened
//   anew only for another filter, snaplen or buffer. A savefile is read anew for what it would have
//   been read differently for.
// Thread: the loop's.
#pragma once

#include <memory>
#include <vector>

#include "collectors/collector.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/objection.hpp"

namespace itnxt {

// Precondition: interval > 0; exactly one of interface and file.
std::unique_ptr<Collector> make_pcap_collector(const PcapCollectorConfig& config,
                                               CollectorContext context);

// A filter that is none for any link type, a `file` that stands there and is no regular file. A
// savefile that is missing may come, and an interface is not looked at.
std::vector<Objection> check_pcap(const PcapCollectorConfig& config);

}  // namespace itnxt
