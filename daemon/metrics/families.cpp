// The families of few lines: devices, links, captures, collectors, alerts, the aggregator itself.
// A metric that the catalogue lists and nobody writes here fails a test.
#include <charconv>
#include <map>
#include <optional>
#include <string>

#include "daemon/core/labels.hpp"
#include "daemon/metrics/exposition.hpp"

namespace itnxt {
namespace {

// A counter of ours; modulo 2^53 as the devices' are.
double as_double(std::uint64_t count) {
  return static_cast<double>(count % (1ULL << 53U));
}

std::string degrees(const std::optional<double>& angle) {
  if (!angle) return {};
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), *angle).ptr};
}

}  // namespace

void Exposition::write_device(Metric metric, const DeviceView& device) {
  const std::string_view name = device.name.text();
  if (metric == Metric::device_up) {
    if (device.polled) line(metric, {{"device", name}}, device.up ? 1 : 0);
  } else if (metric == Metric::device_uptime) {
    if (device.fresh && device.uptime) line(metric, {{"device", name}}, seconds(*device.uptime));
  } else if (metric == Metric::device_info) {
    line(metric,
         {{"device", name},
          {"site", device.site.text()},
          {"model", device.sys_descr},
          {"sys_name", device.sys_name},
          {"sys_object_id", device.sys_object_id}},
         1);
  } else if (metric == Metric::snmp_polls) {
    for (std::size_t i = 0; i < kPollResults; ++i) {
      line(metric, {{"device", name}, {"result", kPollResultNames[i]}}, as_double(device.polls[i]));
    }
  } else if (metric == Metric::snmp_poll_seconds) {
    if (device.polled) line(metric, {{"device", name}}, seconds(device.poll_took));
  } else if (metric == Metric::snmp_last_success) {
    if (device.last_success) {
      line(metric, {{"device", name}}, unix_seconds(*device.last_success));
    }
  }
}

void Exposition::write_link(Metric metric, const LinkView& link) {
  const std::string_view name = link.name.text();
  if (metric == Metric::link_up) {
    if (link.up) line(metric, {{"link", name}}, *link.up ? 1 : 0);
  } else if (metric == Metric::link_utilization) {
    const auto direction = [&](std::string_view which, const std::optional<Ratio>& ratio) {
      if (ratio) line(metric, {{"link", name}, {"direction", which}}, ratio->count());
    };
    direction("a_to_b", link.utilization_a_to_b);
    direction("b_to_a", link.utilization_b_to_a);
  } else if (metric == Metric::link_capacity) {
    if (link.capacity) line(metric, {{"link", name}}, link.capacity->count());
  } else if (metric == Metric::link_info) {
    line(metric,
         {{"link", name},
          {"class", kLinkClassNames[static_cast<std::size_t>(link.link_class)]},
          {"site_a", link.a.site.text()},
          {"site_b", link.b ? std::string_view(link.b->site.text()) : std::string_view()}},
         1);
  }
}

void Exposition::write_site(Metric metric, const Site& site) {
  if (metric != Metric::site_info) return;
  line(metric,
       {{"site", site.name.text()},
        {"kind", kSiteKindNames[static_cast<std::size_t>(site.kind)]},
        {"district", site.district},
        {"department", site.department},
        {"latitude", degrees(site.latitude)},
        {"longitude", degrees(site.longitude)}},
       1);
}

void Exposition::write_capture(Metric metric, const CaptureView& capture) {
  const CaptureSample& sample = capture.sample;
  const std::string_view name = sample.capture.text();
  const auto traffic = [&](auto number) {
    for (std::size_t d = 0; d < kDirections; ++d) {
      for (std::size_t p = 0; p < kProtocols; ++p) {
        line(
            metric,
            {{"capture", name}, {"direction", kDirectionNames[d]}, {"protocol", kProtocolNames[p]}},
            as_double(number(sample.traffic[d][p])));
      }
    }
  };
  if (metric == Metric::capture_packets) {
    traffic([](const TrafficCount& count) { return count.packets.count(); });
  } else if (metric == Metric::capture_bytes) {
    traffic([](const TrafficCount& count) { return count.bytes.count(); });
  } else if (metric == Metric::capture_dropped) {
    for (std::size_t i = 0; i < kDropPoints; ++i) {
      line(metric, {{"capture", name}, {"where", kDropPointNames[i]}},
           as_double(sample.dropped[i].count()));
    }
  } else if (metric == Metric::capture_malformed) {
    for (std::size_t i = 0; i < kMalformed; ++i) {
      line(metric, {{"capture", name}, {"reason", kMalformedNames[i]}},
           as_double(sample.malformed[i].count()));
    }
  }
}

void Exposition::write_collector(Metric metric, const CollectorView& collector) {
  const auto tell = [&](double number) {
    line(metric, {{"node", collector.node.text()}, {"collector", collector.collector.text()}},
         number);
  };
  if (metric == Metric::collector_last_batch) {
    tell(unix_seconds(collector.last_batch));
  } else if (metric == Metric::collector_lost_batches) {
    tell(as_double(collector.lost_batches));
  } else if (metric == Metric::collector_spool) {
    tell(as_double(collector.spool.count()));
  } else if (metric == Metric::collector_clock_skew) {
    if (collector.clock_skew) tell(seconds(*collector.clock_skew));
  }
}

// Every configured rule in every state, so that a rule that never fired is seen to be there.
void Exposition::write_rules(Metric metric) {
  std::map<std::pair<std::string_view, AlertSeverity>, std::array<std::uint64_t, 3>> counts;
  for (const BoardRule& rule : board_->rules) counts[{rule.alert, rule.severity}];
  for (const BoardAlert& alert : board_->alerts) {
    ++counts[{alert.alert, alert.severity}][static_cast<std::size_t>(alert.state)];
  }
  for (const auto& [which, by_state] : counts) {
    for (std::size_t i = 0; i < by_state.size(); ++i) {
      line(metric,
           {{"alert", which.first},
            {"severity", name(which.second)},
            {"state", kAlertStateNames[i]}},
           as_double(by_state[i]));
    }
  }
}

void Exposition::write_alert(Metric metric, const BoardAlert& alert) {
  if (alert.state != AlertState::firing) return;
  line(metric,
       {{"alert", alert.alert}, {"severity", name(alert.severity)}, {"subject", alert.subject}}, 1);
}

void Exposition::write_channel(Metric metric, const BoardChannel& channel) {
  const std::string_view name = channel.name.text();
  if (metric == Metric::notifications) {
    line(metric, {{"channel", name}, {"result", "ok"}}, as_double(channel.delivered));
    line(metric, {{"channel", name}, {"result", "failed"}}, as_double(channel.failed));
    line(metric, {{"channel", name}, {"result", "refused"}}, as_double(channel.refused));
  } else if (metric == Metric::notifications_waiting) {
    line(metric, {{"channel", name}}, as_double(channel.waiting));
  } else if (metric == Metric::notification_seconds) {
    if (channel.delivered > 0) line(metric, {{"channel", name}}, channel.last_seconds);
  }
}

void Exposition::write_aggregator(Metric metric) {
  if (metric == Metric::crisis_state) {
    line(metric, static_cast<double>(board_->crisis));
  } else if (metric == Metric::series) {
    line(metric, as_double(snapshot_->series));
  } else if (metric == Metric::series_rejected) {
    line(metric, as_double(snapshot_->series_rejected));
  } else if (metric == Metric::samples_refused) {
    line(metric, as_double(snapshot_->samples_refused));
  } else if (metric == Metric::state_writable) {
    line(metric, board_->storage_problem.empty() ? 1 : 0);
  } else if (metric == Metric::build_info) {
    line(metric, {{"version", build_.version}, {"revision", build_.revision}}, 1);
  }
}

void Exposition::write_foreign(const ForeignFamily& family) {
  if (family.samples.empty()) return;
  header(MetricInfo{family.name, family.type, MetricSubject::process, {}, family.help});
  for (const ForeignSample& sample : family.samples) {
    piece_ += family.name;
    append_labels(piece_, sample.labels);
    value(sample.value);
  }
}

}  // namespace itnxt
