#include "daemon/metrics/catalogue.hpp"

namespace itnxt {
namespace {

constexpr MetricType kCounter = MetricType::counter;
constexpr MetricType kGauge = MetricType::gauge;
constexpr MetricType kInfo = MetricType::info;
constexpr std::string_view kInterface = "device interface";

// In the order of enum Metric (a test compares).
constexpr std::array<MetricInfo, kMetrics> kCatalogue = {{
    {"itnxt_interface_receive_bytes_total", kCounter, kInterface,
     "Octets received, as the device counts them (ifHCInOctets, else ifInOctets), modulo 2^53."},
    {"itnxt_interface_transmit_bytes_total", kCounter, kInterface,
     "Octets sent, as the device counts them (ifHCOutOctets, else ifOutOctets), modulo 2^53."},
    {"itnxt_interface_receive_packets_total", kCounter, kInterface,
     "Packets received: unicast, multicast and broadcast (ifHCIn*Pkts), modulo 2^53."},
    {"itnxt_interface_transmit_packets_total", kCounter, kInterface,
     "Packets sent: unicast, multicast and broadcast (ifHCOut*Pkts), modulo 2^53."},
    {"itnxt_interface_receive_errors_total", kCounter, kInterface,
     "Packets received with errors (ifInErrors)."},
    {"itnxt_interface_transmit_errors_total", kCounter, kInterface,
     "Packets not sent for errors (ifOutErrors)."},
    {"itnxt_interface_receive_discards_total", kCounter, kInterface,
     "Good packets received and thrown away (ifInDiscards)."},
    {"itnxt_interface_transmit_discards_total", kCounter, kInterface,
     "Good packets thrown away instead of sent (ifOutDiscards)."},
    {"itnxt_interface_up", kGauge, kInterface,
     "1 if the operational status is up (ifOperStatus); absent if the device does not say."},
    {"itnxt_interface_admin_up", kGauge, kInterface,
     "1 if the administrative status is up (ifAdminStatus)."},
    {"itnxt_interface_speed_bytes", kGauge, kInterface,
     "Bandwidth in bytes per second (ifHighSpeed, else ifSpeed)."},
    {"itnxt_interface_info", kInfo, "device interface alias site link",
     "What the interface is for; always 1."},
    {"itnxt_interface_gaps_total", kCounter, "device interface reason",
     "Samples whose rates were withheld, by reason."},
    {"itnxt_device_up", kGauge, "device", "1 if the last whole poll got an answer."},
    {"itnxt_device_uptime_seconds", kGauge, "device", "Time since the device's own boot."},
    {"itnxt_device_info", kInfo, "device site model sys_name sys_object_id",
     "What the device is; always 1. The model is what it says in sysDescr."},
    {"itnxt_snmp_polls_total", kCounter, "device result", "Whole polls, by how they ended."},
    {"itnxt_snmp_poll_seconds", kGauge, "device", "Duration of the last whole poll."},
    {"itnxt_snmp_last_success_timestamp_seconds", kGauge, "device",
     "When a poll last brought values, by the aggregator's clock."},
    {"itnxt_link_up", kGauge, "link",
     "1 if every known end is up, 0 if one is down; absent if it cannot be told."},
    {"itnxt_link_utilization_ratio", kGauge, "link direction",
     "Share of the capacity in use between the last two polls."},
    {"itnxt_link_capacity_bytes", kGauge, "link", "Capacity in bytes per second."},
    {"itnxt_link_info", kInfo, "link class site_a site_b", "What the link joins; always 1."},
    {"itnxt_capture_packets_total", kCounter, "capture direction protocol", "Packets on the wire."},
    {"itnxt_capture_bytes_total", kCounter, "capture direction protocol",
     "Bytes on the wire, original lengths."},
    {"itnxt_capture_dropped_packets_total", kCounter, "capture where",
     "Packets that were on the wire but not seen."},
    {"itnxt_capture_malformed_packets_total", kCounter, "capture reason",
     "Packets whose headers could not be followed; they are counted as packets too."},
    {"itnxt_alerts", kGauge, "alert severity state", "Alerts by rule and state."},
    {"itnxt_alert_firing", kGauge, "alert severity subject", "1 for each alert that fires."},
    {"itnxt_crisis_state", kGauge, "", "0 normal, 1 watch, 2 crisis, 3 recovery."},
    {"itnxt_notifications_total", kCounter, "channel result",
     "Notifications by result; a failed attempt is tried again, a refused one is not."},
    {"itnxt_notifications_waiting", kGauge, "channel", "Notifications still to be delivered."},
    {"itnxt_notification_seconds", kGauge, "channel", "Duration of the last delivery."},
    {"itnxt_collector_last_batch_timestamp_seconds", kGauge, "node collector",
     "When the last batch came, by the aggregator's clock."},
    {"itnxt_collector_lost_batches_total", kCounter, "node collector",
     "Batches that the collector had to drop."},
    {"itnxt_collector_spool_bytes", kGauge, "node collector",
     "What the collector still had to deliver when it sent its last batch, that one included."},
    {"itnxt_collector_clock_skew_seconds", kGauge, "node collector",
     "The collector's wall clock minus the aggregator's when the last batch came; positive if it "
     "is "
     "ahead."},
    {"itnxt_series", kGauge, "", "Series that count against aggregator.limits."},
    {"itnxt_series_rejected_total", kCounter, "",
     "Series refused by aggregator.limits, counted each time they came."},
    {"itnxt_samples_refused_total", kCounter, "",
     "Samples refused: of a device that the inventory does not name or that another collector "
     "polls, of a capture whose name another node has, or of a collector that is one too many."},
    {"itnxt_state_writable", kGauge, "", "1 if the state directory can be written."},
    {"itnxt_build_info", kInfo, "version revision", "What runs; always 1."},
    {"process_cpu_seconds_total", kCounter, "", "User and system CPU time of this process."},
    {"process_resident_memory_bytes", kGauge, "", "Resident memory of this process."},
    {"process_virtual_memory_bytes", kGauge, "", "Virtual memory of this process."},
    {"process_open_fds", kGauge, "", "File descriptors in use."},
    {"process_max_fds", kGauge, "", "File descriptors allowed."},
    {"process_start_time_seconds", kGauge, "", "When this process started."},
    {"itnxt_http_requests_total", kCounter, "path code", "HTTP requests answered."},
    {"itnxt_messages_refused_total", kCounter, "reason",
     "Messages from collectors that could not be taken."},
    {"itnxt_loop_lag_seconds", kGauge, "", "How late the event loop's last timers fired."},
    {"itnxt_config_last_reload_successful", kGauge, "", "1 if the last reload was accepted."},
    {"itnxt_config_last_reload_success_timestamp_seconds", kGauge, "",
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
  for (const std::string_view one : {"bytes", "seconds", "ratio"}) {
    if (family.ends_with(one)) return one;
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
  }
  return {};
}

}  // namespace itnxt
