// What the aggregation tells its operator once a second of what the table saw: log and journal.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/aggregation.hpp"

namespace itnxt {
namespace {

constexpr Duration kTellStrangerEvery = 1min;
constexpr Duration kTellTrespassEvery = 1min;
constexpr std::size_t kMostNodeChanges = 10;  // one by one; a node may have thousands of devices

}  // namespace

void Aggregation::tell() {
  tell_stranger();
  tell_trespass();
  tell_nodes();
  tell_refused();
  tell_changes();
  tell_clocks();
}

void Aggregation::tell_stranger() {
  const Instant now = shell_.loop.now();
  if (now < tell_stranger_at_) return;
  const auto stranger = table_.take_stranger();
  if (!stranger) return;
  tell_stranger_at_ = now + kTellStrangerEvery;
  shell_.log.warning(
      "samples of a device that the inventory does not name are ignored; add it to "
      "inventory.devices of the aggregator",
      {{"device", stranger->device}, {"node", stranger->node}});
}

void Aggregation::tell_refused() {
  for (const SeriesRefused& one : table_.take_series_refused(shell_.loop.now())) {
    shell_.log.warning("metrics of a collector are refused", {{"problem", one.problem},
                                                              {"device", one.device},
                                                              {"node", one.node.text()},
                                                              {"collector", one.collector.text()}});
  }
  for (const RowsRefused& one : table_.take_refused(shell_.loop.now())) {
    shell_.log.warning(describe(one), {{"device", one.device.text()},
                                       {"node", one.node.text()},
                                       {"refused", std::to_string(one.refused)},
                                       {"kept", std::to_string(one.kept)}});
  }
}

void Aggregation::tell_clocks() {
  for (const ClockOff& off : table_.take_clocks_off()) {
    shell_.log.warning(
        "the clock of a node is off: times in pages and history are wrong by so much; let NTP "
        "(chrony, systemd-timesyncd) set it there and here",
        {{"node", off.node.text()}, {"ahead_seconds", fmt::format("{:.1f}", seconds(off.ahead))}});
  }
}

void Aggregation::tell_changes() {
  for (const InterfaceChanges& changes : table_.take_changes(shell_.loop.now())) {
    for (const InterfaceChange& one : changes.kept) {
      const Severity severity =
          one.change == PortChange::ambiguous ? Severity::warning : Severity::notice;
      shell_.log.write(severity, describe(one.change),
                       {{"device", one.device.text()},
                        {"interface", one.port.text()},
                        {"change", std::string(name(one.change))},
                        {"from", one.from},
                        {"to", one.to}});
    }
    if (changes.untold == 0) continue;
    shell_.log.notice(
        "more interfaces changed; see itnxt_device_interface_changes_total",
        {{"device", changes.kept.front().device.text()}, {"more", std::to_string(changes.untold)}});
  }
}

void Aggregation::tell_trespass() {
  const Instant now = shell_.loop.now();
  if (now < tell_trespass_at_) return;
  const auto trespass = table_.take_trespass();
  if (!trespass) return;
  tell_trespass_at_ = now + kTellTrespassEvery;
  shell_.log.warning(
      "what a node tells of a device of another node is ignored; if it is to tell of it, name it "
      "in inventory.devices, key node, of the aggregator",
      {{"device", trespass->device.text()},
       {"owner", trespass->owner.text()},
       {"node", trespass->by.node.text()},
       {"collector", trespass->by.collector.text()},
       {"refused", std::to_string(trespass->refused)}});
}

// A node that dies may leave thousands of devices to another one.
void Aggregation::tell_nodes() {
  const std::vector<NodeChange> changes = table_.take_node_changes(shell_.loop.now());
  const auto note = [&](const DeviceName& device, std::string text,
                        std::vector<std::pair<std::string, std::string>> details) {
    Event event;
    event.kind = "device_node_changed";
    event.device = device;
    event.text = std::move(text);
    event.details = std::move(details);
    events_->note(std::move(event));
  };
  const std::size_t single = std::min(changes.size(), kMostNodeChanges);
  for (std::size_t i = 0; i < single; ++i) {
    const NodeChange& one = changes[i];
    const std::string times = std::to_string(one.times);
    shell_.log.warning("a device is told by another node: " + describe(one),
                       {{"device", one.device.text()},
                        {"before", one.before.text()},
                        {"now", one.now.text()},
                        {"changes", times}});
    note(one.device, describe(one),
         {{"before", one.before.text()}, {"now", one.now.text()}, {"changes", times}});
  }
  if (changes.size() > single) {
    const std::string more = std::to_string(changes.size() - single);
    const std::string text =
        more + " more devices are told by another node than before; /api/v1/devices says which";
    shell_.log.warning(text, {{"devices", more}});
    note(DeviceName(), text, {{"devices", more}});
  }
  if (!changes.empty()) publish_soon(false);
}

}  // namespace itnxt
