#include "daemon/metrics/catalogue.hpp"

namespace itnxt {
namespace {

constexpr MetricType kCounter = MetricType::counter;
constexpr MetricType kGauge = MetricType::gauge;
constexpr MetricType kInfo = MetricType::info;
using Of = MetricSubject;
constexpr std::string_view kInterface = "device interface";

// In the order of enum Metric (a test compares).
constexpr std::array<MetricInfo, kMetrics> kCatalogue = {{
    {"itnxt_interface_receive_bytes_total", kCounter, Of::interface, kInterface,
     "Octets received, as the device counts them (ifHCInOctets, else ifInOctets), modulo 2^53."},
    {"itnxt_interface_transmit_bytes_total", kCounter, Of::interface, kInterface,
     "Octets sent, as the device counts them (ifHCOutOctets, else ifOutOctets), modulo 2^53."},
    {"itnxt_interface_receive_packets_total", kCounter, Of::interface, kInterface,
     "Packets received: unicast, multicast and broadcast (ifHCIn*Pkts), modulo 2^53."},
    {"itnxt_interface_transmit_packets_total", kCounter, Of::interface, kInterface,
     "Packets sent: unicast, multicast and broadcast (ifHCOut*Pkts), modulo 2^53."},
    {"itnxt_interface_receive_errors_total", kCounter, Of::interface, kInterface,
     "Packets received with errors (ifInErrors)."},
    {"itnxt_interface_transmit_errors_total", kCounter, Of::interface, kInterface,
     "Packets not sent for errors (ifOutErrors)."},
    {"itnxt_interface_receive_discards_total", kCounter, Of::interface, kInterface,
     "Good packets received and thrown away (ifInDiscards)."},
    {"itnxt_interface_transmit_discards_total", kCounter, Of::interface, kInterface,
     "Good packets thrown away instead of sent (ifOutDiscards)."},
    {"itnxt_interface_up", kGauge, Of::interface, kInterface,
     "1 if the operational status is up (ifOperStatus); absent if the device does not say."},
    {"itnxt_interface_admin_up", kGauge, Of::interface, kInterface,
     "1 if the administrative status is up (ifAdminStatus)."},
    {"itnxt_interface_speed_bytes", kGauge, Of::interface, kInterface,
     "Bandwidth in bytes per second (ifHighSpeed, else ifSpeed)."},
    {"itnxt_interface_info", kInfo, Of::interface, "device interface alias site link",
     "What the interface is for; always 1."},
    {"itnxt_interface_gaps_total", kCounter, Of::interface, "device interface reason",
     "Samples whose rates were withheld, by reason."},
    {"itnxt_device_up", kGauge, Of::device, "device", "1 if the last whole poll got an answer."},
    {"itnxt_device_uptime_seconds", kGauge, Of::device, "device",
     "Time since the device's own boot."},
    {"itnxt_device_info", kInfo, Of::device, "device site model sys_name sys_object_id",
     "What the device is; always 1. The model is what it says in sysDescr."},
    {"itnxt_device_interface_changes_total", kCounter, Of::device, "device change",
     "What became of its interfaces from poll to poll: renumbered, swapped, moved, replaced, "
     "appeared, disappeared, ambiguous."},
    {"itnxt_snmp_polls_total", kCounter, Of::device, "device result",
     "Whole polls, by how they ended."},
    {"itnxt_snmp_poll_seconds", kGauge, Of::device, "device", "Duration of the last whole poll."},
    {"itnxt_snmp_last_success_timestamp_seconds", kGauge, Of::device, "device",
     "When a poll last brought values, by the aggregator's clock."},
    {"itnxt_link_up", kGauge, Of::link, "link",
     "1 if every end that is ours is known to be up, 0 if one is known to be down; absent "
     "otherwise."},
    {"itnxt_link_utilization_ratio", kGauge, Of::link, "link direction",
     "Share of the capacity in use between the last two polls."},
    {"itnxt_link_capacity_bytes", kGauge, Of::link, "link", "Capacity in bytes per second."},
    {"itnxt_link_info", kInfo, Of::link, "link class site_a site_b",
     "What the link joins; always 1."},
    {"itnxt_site_info", kInfo, Of::site, "site kind district department latitude longitude",
     "Where the site is and whose; always 1."},
    {"itnxt_capture_up", kGauge, Of::capture, "capture",
     "Whether the capture is open, or its savefile was read to the end (1), or not (0). One that "
     "was "
     "never open has no other series."},
    {"itnxt_capture_packets_total", kCounter, Of::capture, "capture direction protocol",
     "Packets on the wire."},
    {"itnxt_capture_bytes_total", kCounter, Of::capture, "capture direction protocol",
     "Bytes on the wire, original lengths."},
    {"itnxt_capture_dropped_packets_total", kCounter, Of::capture, "capture where",
     "Packets that were on the wire but not seen."},
    {"itnxt_capture_malformed_packets_total", kCounter, Of::capture, "capture reason",
     "Packets whose headers could not be followed; they are counted as packets too."},
    {"itnxt_capture_coverage_ratio", kGauge, Of::capture, "capture",
     "Bytes the capture saw of those that its link's port counted, over the last minutes; 1 as "
     "long as old "
     "counters of the port may explain the difference, absent until enough was seen."},
    {"itnxt_alerts", kGauge, Of::rule, "alert severity state", "Alerts by rule and state."},
    {"itnxt_alert_firing", kGauge, Of::alert, "alert severity subject",
     "1 for each alert that fires."},
    {"itnxt_crisis_state", kGauge, Of::aggregator, "", "0 normal, 1 watch, 2 crisis, 3 recovery."},
    {"itnxt_notifications_total", kCounter, Of::channel, "channel result",
     "Notifications by result; a failed attempt is tried again, a refused one is not."},
    {"itnxt_notifications_waiting", kGauge, Of::channel, "channel",
     "Notifications still to be delivered."},
    {"itnxt_notification_seconds", kGauge, Of::channel, "channel",
     "Duration of the last delivery."},
    {"itnxt_collector_last_batch_timestamp_seconds", kGauge, Of::collector, "node collector",
     "When the last batch came, by the aggregator's clock."},
    {"itnxt_collector_lost_batches_total", kCounter, Of::collector, "node collector",
     "Batches that the collector had to drop."},
    {"itnxt_collector_lost_events_total", kCounter, Of::collector, "node collector",
     "Events of the collector that will never come, by the gaps in their numbers."},
    {"itnxt_collector_backlog_batches_total", kCounter, Of::collector, "node collector",
     "Batches that came when newer ones were there: history, after an outage."},
    {"itnxt_collector_spool_bytes", kGauge, Of::collector, "node collector",
     "What the collector still had to deliver when it sent its last batch, that one included."},
    {"itnxt_collector_clock_skew_seconds", kGauge, Of::collector, "node collector",
     "The collector's wall clock minus the aggregator's, of the least delayed message of the last "
     "minutes; positive if it is ahead."},
    {"itnxt_snmp_ignored_datagrams_total", kCounter, Of::collector, "node collector reason",
     "Datagrams that an SNMP collector received and did not use."},
    {"itnxt_snmp_broken_rules_total", kCounter, Of::collector, "node collector rule",
     "How often devices broke a rule of SNMP."},
    {"itnxt_series", kGauge, Of::aggregator, "", "Series that count against aggregator.limits."},
    {"itnxt_series_rejected_total", kCounter, Of::aggregator, "",
     "Series refused by aggregator.limits, counted each time they came."},
    {"itnxt_samples_refused_total", kCounter, Of::aggregator, "",
     "Samples refused: of a device that the inventory does not name or that another collector "
     "polls, of a capture whose name another node has, or of a collector that is one too many; "
     "families of collectors' own metrics that break a rule; and events of such a device."},
    {"itnxt_state_writable", kGauge, Of::aggregator, "",
     "1 if the state directory can be written."},
    {"itnxt_build_info", kInfo, Of::aggregator, "version revision", "What runs; always 1."},
    {"process_cpu_seconds_total", kCounter, Of::process, "",
     "User and system CPU time of this process."},
    {"process_resident_memory_bytes", kGauge, Of::process, "", "Resident memory of this process."},
    {"process_virtual_memory_bytes", kGauge, Of::process, "", "Virtual memory of this process."},
    {"process_open_fds", kGauge, Of::process, "", "File descriptors in use."},
    {"process_max_fds", kGauge, Of::process, "", "File descriptors allowed."},
    {"process_start_time_seconds", kGauge, Of::process, "", "When this process started."},
    {"itnxt_http_requests_total", kCounter, Of::process, "path code", "HTTP requests answered."},
    {"itnxt_messages_refused_total", kCounter, Of::process, "reason",
     "Messages from collectors that could not be taken."},
    {"itnxt_handshakes_refused_total", kCounter, Of::process, "reason",
     "Connections to the aggregator that ended before their first message."},
    {"itnxt_remote_write_samples_total", kCounter, Of::process, "target result",
     "Samples by what became of them: taken by the store, refused by it (4xx), dropped for want of "
     "room, or ahead of our clock by more than 5 minutes and not sent."},
    {"itnxt_remote_write_requests_total", kCounter, Of::process, "target result",
     "Requests by result; a failed one is sent again, a refused one is not."},
    {"itnxt_remote_write_faults_total", kCounter, Of::process, "target reason",
     "Requests that the store did not take, by reason: unreachable, server (5xx), throttled (429) "
     "and "
     "redirect (3xx) are sent again; credentials (401, 403), address (404, 405) and content are "
     "not."},
    {"itnxt_remote_write_queue_bytes", kGauge, Of::process, "target",
     "What waits for the store, in memory."},
    {"itnxt_remote_write_sent_timestamp_seconds", kGauge, Of::process, "target",
     "Time stamp of the youngest sample that the store took."},
    {"itnxt_events_total", kCounter, Of::process, "kind",
     "Events taken, each once; the kind is other beyond the first 64 kinds."},
    {"itnxt_loop_lag_seconds", kGauge, Of::process, "",
     "How late the event loop's last timers fired."},
    {"itnxt_config_last_reload_successful", kGauge, Of::process, "",
     "1 if the last reload was accepted."},
    {"itnxt_config_last_reload_success_timestamp_seconds", kGauge, Of::process, "",
     "When a configuration was last taken."},
}};

}  // namespace

const MetricInfo& info(Metric metric) {
  return kCatalogue[static_cast<std::size_t>(metric)];
}

std::span<const MetricInfo> catalogue() {
  return kCatalogue;
}

std::string_view open_metrics_family(const MetricInfo& metric) {
  std::string_view name = metric.name;
  if (metric.type == MetricType::counter) name.remove_suffix(std::string_view("_total").size());
  if (metric.type == MetricType::info) name.remove_suffix(std::string_view("_info").size());
  return name;
}

std::string_view unit(const MetricInfo& metric) {
  if (metric.type == MetricType::info) return {};
  const std::string_view family = open_metrics_family(metric);
  const std::string_view last = family.substr(family.rfind('_') + 1);  // datagrams are no grams
  for (const std::string_view one : {"bytes", "seconds", "ratio", "celsius", "volts", "amperes",
                                     "watts", "hertz", "joules", "meters", "grams"}) {
    if (last == one) return one;
  }
  return {};
}

std::string_view type_name(MetricType type, bool open_metrics) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::info:
      return open_metrics ? "info" : "gauge";
    case MetricType::summary:
      return "summary";
    case MetricType::histogram:
      return "histogram";
  }
  return {};
}

}  // namespace itnxt
