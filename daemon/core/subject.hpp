// What a rule can be about, and which of its numbers a rule can look at. Used by the configuration
// (to check a rule) and by the alert engine (to read the number).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace itnxt {

enum class SubjectKind : std::uint8_t { link, device, interface, capture, collector };
inline constexpr std::size_t kSubjectKinds = 5;
inline constexpr std::array<std::string_view, kSubjectKinds> kSubjectKindNames = {
    "link", "device", "interface", "capture", "collector"};
constexpr std::string_view name(SubjectKind k) {
  return kSubjectKindNames[static_cast<std::size_t>(k)];
}

// The alert that stands for many: no rule may take its name.
inline constexpr std::string_view kCrisisAlert = "Crisis";
inline constexpr std::string_view kCrisisSubject = "crisis";

// The number a rule compares. Units as in the metric catalogue: bytes, seconds, ratio.
enum class SubjectMetric : std::uint8_t {
  up,                          // link, device, interface, capture: 1 or 0
  admin_up,                    // interface
  utilization_ratio,           // link (the busier direction), interface (the busier direction)
  receive_bytes_per_second,    // interface
  transmit_bytes_per_second,   // interface
  errors_per_second,           // interface, both directions
  discards_per_second,         // interface, both directions
  uptime_seconds,              // device
  poll_seconds,                // device
  dropped_packets_per_second,  // capture
  silent_seconds,              // collector: since its last batch
  lost_batches,                // collector: total of its epoch
};

struct MetricOfSubject {
  SubjectKind kind;
  SubjectMetric metric;
  std::string_view name;
};
inline constexpr std::array kSubjectMetrics = {
    MetricOfSubject{SubjectKind::link, SubjectMetric::up, "up"},
    MetricOfSubject{SubjectKind::link, SubjectMetric::utilization_ratio, "utilization_ratio"},
    MetricOfSubject{SubjectKind::device, SubjectMetric::up, "up"},
    MetricOfSubject{SubjectKind::device, SubjectMetric::uptime_seconds, "uptime_seconds"},
    MetricOfSubject{SubjectKind::device, SubjectMetric::poll_seconds, "poll_seconds"},
    MetricOfSubject{SubjectKind::interface, SubjectMetric::up, "up"},
    MetricOfSubject{SubjectKind::interface, SubjectMetric::admin_up, "admin_up"},
    MetricOfSubject{SubjectKind::interface, SubjectMetric::utilization_ratio, "utilization_ratio"},
    MetricOfSubject{SubjectKind::interface, SubjectMetric::receive_bytes_per_second,
                    "receive_bytes_per_second"},
    MetricOfSubject{SubjectKind::interface, SubjectMetric::transmit_bytes_per_second,
                    "transmit_bytes_per_second"},
    MetricOfSubject{SubjectKind::interface, SubjectMetric::errors_per_second, "errors_per_second"},
    MetricOfSubject{SubjectKind::interface, SubjectMetric::discards_per_second,
                    "discards_per_second"},
    MetricOfSubject{SubjectKind::capture, SubjectMetric::up, "up"},
    MetricOfSubject{SubjectKind::capture, SubjectMetric::dropped_packets_per_second,
                    "dropped_packets_per_second"},
    MetricOfSubject{SubjectKind::collector, SubjectMetric::silent_seconds, "silent_seconds"},
    MetricOfSubject{SubjectKind::collector, SubjectMetric::lost_batches, "lost_batches"},
};

std::optional<SubjectMetric> subject_metric(SubjectKind kind, std::string_view name);
std::vector<std::string> metric_names(SubjectKind kind);

// What `where` and a route's `match` can name besides `alertname` and `severity`.
std::vector<std::string> attribute_names(SubjectKind kind);

}  // namespace itnxt
