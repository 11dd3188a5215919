// Every metric of GET /metrics: name, type, help, labels. The only list: the exposition writes what
// stands here, dashboards and rules may use nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace itnxt {

enum class MetricType : std::uint8_t { counter, gauge, info, summary, histogram };

// What a metric is told of: the list that its lines are made from.
enum class MetricSubject : std::uint8_t {
  interface,
  device,
  link,
  site,
  capture,
  rule,
  alert,
  channel,
  collector,
  aggregator,
  process,  // kept by prometheus-cpp (daemon/io/process_figures.hpp)
};

struct MetricInfo {
  std::string_view name;  // as a sample is called: counters with _total, infos with _info
  MetricType type = MetricType::gauge;
  MetricSubject subject = MetricSubject::process;
  std::string_view labels;  // separated by one space
  std::string_view help;    // one line, no backslash
};

// Index into the catalogue, in the order in which the exposition writes the families.
enum class Metric : std::uint8_t {
  interface_receive_bytes,
  interface_transmit_bytes,
  interface_receive_packets,
  interface_transmit_packets,
  interface_receive_errors,
  interface_transmit_errors,
  interface_receive_discards,
  interface_transmit_discards,
  interface_up,
  interface_admin_up,
  interface_speed,
  interface_info,
  interface_gaps,
  device_up,
  device_uptime,
  device_info,
  device_interface_changes,
  snmp_polls,
  snmp_poll_seconds,
  snmp_last_success,
  link_up,
  link_utilization,
  link_capacity,
  link_info,
  site_info,
  capture_up,
  capture_packets,
  capture_bytes,
  capture_dropped,
  capture_malformed,
  capture_coverage,
  alerts,
  alert_firing,
  crisis_state,
  notifications,
  notifications_waiting,
  notification_seconds,
  collector_last_batch,
  collector_lost_batches,
  collector_lost_events,
  collector_backlog_batches,
  collector_spool,
  collector_clock_skew,
  snmp_ignored,
  snmp_rules_broken,
  series,
  series_rejected,
  samples_refused,
  state_writable,
  build_info,
  // Of MetricSubject::process, after all others.
  process_cpu_seconds,
  process_resident_memory,
  process_virtual_memory,
  process_open_fds,
  process_max_fds,
  process_start_time,
  http_requests,
  messages_refused,
  handshakes_refused,
  remote_write_samples,
  remote_write_requests,
  remote_write_faults,
  remote_write_queue,
  remote_write_sent,
  events,
  loop_lag,
  config_reload_successful,
  config_reload_time,
};
inline constexpr std::size_t kMetrics = static_cast<std::size_t>(Metric::config_reload_time) + 1;

const MetricInfo& info(Metric metric);
std::span<const MetricInfo> catalogue();

// The family's name in OpenMetrics: without _total and _info.
std::string_view open_metrics_family(const MetricInfo& metric);
// "bytes", "seconds", "ratio" and other base units when the family's name ends so; else empty.
std::string_view unit(const MetricInfo& metric);
// "counter" …; the text format 0.0.4 knows no info and calls it a gauge.
std::string_view type_name(MetricType type, bool open_metrics);

}  // namespace itnxt
