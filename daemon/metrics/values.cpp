#include "daemon/metrics/values.hpp"

#include <array>
#include <charconv>
#include <map>
#include <optional>

namespace itnxt {
namespace {

double as_double(std::uint64_t count) {
  return static_cast<double>(wrapped(count));
}

// The sum of those columns that the device offers; absent if it offers none.
template <Column... columns>
void counter(ValueSink& out, const PortOfDevice& of) {
  std::optional<std::uint64_t> total;
  for (const Column column : {columns...}) {
    const auto one = of.port.counters.get(column);
    if (one) total = total.value_or(0) + one->value;
  }
  if (total) out.line(of.port.identity->labels, wrapped(*total));
}

void flag(ValueSink& out, const PortOfDevice& of, std::optional<bool> value) {
  if (value) out.line(of.port.identity->labels, std::uint64_t{*value ? 1U : 0U});
}

constexpr MetricValue<PortOfDevice> kInterfaces[] = {
    {Metric::interface_receive_bytes, counter<Column::in_octets>},
    {Metric::interface_transmit_bytes, counter<Column::out_octets>},
    {Metric::interface_receive_packets,
     counter<Column::in_unicast_packets, Column::in_multicast_packets,
             Column::in_broadcast_packets>},
    {Metric::interface_transmit_packets,
     counter<Column::out_unicast_packets, Column::out_multicast_packets,
             Column::out_broadcast_packets>},
    {Metric::interface_receive_errors, counter<Column::in_errors>},
    {Metric::interface_transmit_errors, counter<Column::out_errors>},
    {Metric::interface_receive_discards, counter<Column::in_discards>},
    {Metric::interface_transmit_discards, counter<Column::out_discards>},
    {Metric::interface_up,
     [](ValueSink& out, const PortOfDevice& of) { flag(out, of, of.port.up); }},
    {Metric::interface_admin_up,
     [](ValueSink& out, const PortOfDevice& of) { flag(out, of, of.port.admin_up); }},
    {Metric::interface_speed,
     [](ValueSink& out, const PortOfDevice& of) {
       if (of.port.speed) out.line(of.port.identity->labels, of.port.speed->count());
     }},
    {Metric::interface_info,
     [](ValueSink& out, const PortOfDevice& of) {
       out.line(of.port.identity->labels,
                {{"alias", of.port.alias},
                 {"site", of.device.site.text()},
                 {"link", of.port.link.text()}},
                1);
     }},
    {Metric::interface_gaps,
     [](ValueSink& out, const PortOfDevice& of) {
       for (std::size_t i = 0; i < kGaps; ++i) {
         out.line(of.port.identity->labels, {{"reason", kGapNames[i]}}, wrapped(of.port.gaps[i]));
       }
     }},
};

constexpr MetricValue<DeviceView> kDevices[] = {
    {Metric::device_up,
     [](ValueSink& out, const DeviceView& device) {
       if (device.polled) out.line({{"device", device.name.text()}}, device.up ? 1 : 0);
     }},
    {Metric::device_uptime,
     [](ValueSink& out, const DeviceView& device) {
       if (!device.fresh || !device.uptime) return;
       out.line({{"device", device.name.text()}}, seconds(*device.uptime));
     }},
    {Metric::device_info,
     [](ValueSink& out, const DeviceView& device) {
       out.line({{"device", device.name.text()},
                 {"site", device.site.text()},
                 {"model", device.sys_descr},
                 {"sys_name", device.sys_name},
                 {"sys_object_id", device.sys_object_id}},
                1);
     }},
    {Metric::device_interface_changes,
     [](ValueSink& out, const DeviceView& device) {
       for (std::size_t i = 0; i < kPortChanges; ++i) {
         out.line({{"device", device.name.text()}, {"change", kPortChangeNames[i]}},
                  as_double(device.changes[i]));
       }
     }},
    {Metric::snmp_polls,
     [](ValueSink& out, const DeviceView& device) {
       if (device.own) return;
       for (std::size_t i = 0; i < kPollResults; ++i) {
         out.line({{"device", device.name.text()}, {"result", kPollResultNames[i]}},
                  as_double(device.polls[i]));
       }
     }},
    {Metric::snmp_poll_seconds,
     [](ValueSink& out, const DeviceView& device) {
       if (!device.polled || device.own) return;
       out.line({{"device", device.name.text()}}, seconds(device.poll_took));
     }},
    {Metric::snmp_last_success,
     [](ValueSink& out, const DeviceView& device) {
       if (!device.last_success || device.own) return;
       out.line({{"device", device.name.text()}}, unix_seconds(*device.last_success));
     }},
};

constexpr MetricValue<LinkView> kLinks[] = {
    {Metric::link_up,
     [](ValueSink& out, const LinkView& link) {
       if (link.up) out.line({{"link", link.name.text()}}, *link.up ? 1 : 0);
     }},
    {Metric::link_utilization,
     [](ValueSink& out, const LinkView& link) {
       const auto direction = [&](std::string_view which, const std::optional<Ratio>& ratio) {
         if (ratio) out.line({{"link", link.name.text()}, {"direction", which}}, ratio->count());
       };
       direction("a_to_b", link.utilization_a_to_b);
       direction("b_to_a", link.utilization_b_to_a);
     }},
    {Metric::link_capacity,
     [](ValueSink& out, const LinkView& link) {
       if (link.capacity) out.line({{"link", link.name.text()}}, link.capacity->count());
     }},
    {Metric::link_info,
     [](ValueSink& out, const LinkView& link) {
       out.line({{"link", link.name.text()},
                 {"class", kLinkClassNames[static_cast<std::size_t>(link.link_class)]},
                 {"site_a", link.a.site.text()},
                 {"site_b", link.b ? std::string_view(link.b->site.text()) : std::string_view()}},
                1);
     }},
};

std::string degrees(const std::optional<double>& angle) {
  if (!angle) return {};
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), *angle).ptr};
}

constexpr MetricValue<Site> kSites[] = {
    {Metric::site_info,
     [](ValueSink& out, const Site& site) {
       out.line({{"site", site.name.text()},
                 {"kind", kSiteKindNames[static_cast<std::size_t>(site.kind)]},
                 {"district", site.district},
                 {"department", site.department},
                 {"latitude", degrees(site.latitude)},
                 {"longitude", degrees(site.longitude)}},
                1);
     }},
};

// Before a capture has been open for the first time its zeros would say that nothing passed.
bool has_counted(const CaptureSample& sample) {
  return sample.open || sample.traffic != CaptureSample{}.traffic;
}

template <auto TrafficCount::*number>
void traffic(ValueSink& out, const CaptureView& capture) {
  const CaptureSample& sample = capture.sample;
  if (!has_counted(sample)) return;
  for (std::size_t d = 0; d < kDirections; ++d) {
    for (std::size_t p = 0; p < kProtocols; ++p) {
      out.line({{"capture", sample.capture.text()},
                {"direction", kDirectionNames[d]},
                {"protocol", kProtocolNames[p]}},
               as_double((sample.traffic[d][p].*number).count()));
    }
  }
}

constexpr MetricValue<CaptureView> kCaptures[] = {
    {Metric::capture_up,
     [](ValueSink& out, const CaptureView& capture) {
       out.line({{"capture", capture.sample.capture.text()}}, capture.sample.open ? 1 : 0);
     }},
    {Metric::capture_packets, traffic<&TrafficCount::packets>},
    {Metric::capture_bytes, traffic<&TrafficCount::bytes>},
    {Metric::capture_dropped,
     [](ValueSink& out, const CaptureView& capture) {
       if (!has_counted(capture.sample)) return;
       for (std::size_t i = 0; i < kDropPoints; ++i) {
         out.line({{"capture", capture.sample.capture.text()}, {"where", kDropPointNames[i]}},
                  as_double(capture.sample.dropped[i].count()));
       }
     }},
    {Metric::capture_malformed,
     [](ValueSink& out, const CaptureView& capture) {
       if (!has_counted(capture.sample)) return;
       for (std::size_t i = 0; i < kMalformed; ++i) {
         out.line({{"capture", capture.sample.capture.text()}, {"reason", kMalformedNames[i]}},
                  as_double(capture.sample.malformed[i].count()));
       }
     }},
    {Metric::capture_coverage,
     [](ValueSink& out, const CaptureView& capture) {
       if (!capture.coverage) return;
       out.line({{"capture", capture.sample.capture.text()}}, *capture.coverage);
     }},
};

void of_collector(ValueSink& out, const CollectorView& view, double value) {
  out.line({{"node", view.node.text()}, {"collector", view.collector.text()}}, value);
}

constexpr MetricValue<CollectorView> kCollectors[] = {
    {Metric::collector_last_batch,
     [](ValueSink& out, const CollectorView& view) {
       of_collector(out, view, unix_seconds(view.last_batch));
     }},
    {Metric::collector_lost_batches,
     [](ValueSink& out, const CollectorView& view) {
       of_collector(out, view, as_double(view.lost_batches));
     }},
    {Metric::collector_lost_events,
     [](ValueSink& out, const CollectorView& view) {
       of_collector(out, view, as_double(view.lost_events));
     }},
    {Metric::collector_backlog_batches,
     [](ValueSink& out, const CollectorView& view) {
       of_collector(out, view, as_double(view.backlog_batches));
     }},
    {Metric::collector_spool,
     [](ValueSink& out, const CollectorView& view) {
       of_collector(out, view, as_double(view.spool.count()));
     }},
    {Metric::collector_clock_skew,
     [](ValueSink& out, const CollectorView& view) {
       if (view.clock_skew) of_collector(out, view, seconds(*view.clock_skew));
     }},
    {Metric::snmp_ignored,
     [](ValueSink& out, const CollectorView& view) {
       for (std::size_t i = 0; view.snmp && i < kSnmpIgnored; ++i) {
         out.line({{"node", view.node.text()},
                   {"collector", view.collector.text()},
                   {"reason", kSnmpIgnoredNames[i]}},
                  as_double(view.snmp->ignored[i]));
       }
     }},
    {Metric::snmp_rules_broken,
     [](ValueSink& out, const CollectorView& view) {
       for (std::size_t i = 0; view.snmp && i < kSnmpRules; ++i) {
         out.line({{"node", view.node.text()},
                   {"collector", view.collector.text()},
                   {"rule", kSnmpRuleNames[i]}},
                  as_double(view.snmp->broken[i]));
       }
     }},
};

constexpr MetricValue<BoardAlert> kAlerts[] = {
    {Metric::alert_firing,
     [](ValueSink& out, const BoardAlert& alert) {
       if (alert.state != AlertState::firing) return;
       out.line(
           {{"alert", alert.alert}, {"severity", name(alert.severity)}, {"subject", alert.subject}},
           1);
     }},
};

constexpr MetricValue<BoardChannel> kChannels[] = {
    {Metric::notifications,
     [](ValueSink& out, const BoardChannel& channel) {
       const auto result = [&](std::string_view which, std::uint64_t count) {
         out.line({{"channel", channel.name.text()}, {"result", which}}, as_double(count));
       };
       result("ok", channel.delivered);
       result("failed", channel.failed);
       result("refused", channel.refused);
     }},
    {Metric::notifications_waiting,
     [](ValueSink& out, const BoardChannel& channel) {
       out.line({{"channel", channel.name.text()}}, as_double(channel.waiting));
     }},
    {Metric::notification_seconds,
     [](ValueSink& out, const BoardChannel& channel) {
       if (channel.delivered > 0) {
         out.line({{"channel", channel.name.text()}}, channel.last_seconds);
       }
     }},
};

// Every configured rule in every state, so that a rule that never fired is seen to be there.
void alerts_by_rule(ValueSink& out, const WholeAggregator& all) {
  std::map<std::pair<std::string_view, AlertSeverity>, std::array<std::uint64_t, 3>> counts;
  for (const BoardRule& rule : all.board.rules) counts[{rule.alert, rule.severity}];
  for (const BoardAlert& alert : all.board.alerts) {
    ++counts[{alert.alert, alert.severity}][static_cast<std::size_t>(alert.state)];
  }
  for (const auto& [which, by_state] : counts) {
    for (std::size_t i = 0; i < by_state.size(); ++i) {
      out.line({{"alert", which.first},
                {"severity", name(which.second)},
                {"state", kAlertStateNames[i]}},
               as_double(by_state[i]));
    }
  }
}

constexpr MetricValue<WholeAggregator> kAggregator[] = {
    {Metric::alerts, alerts_by_rule},
    {Metric::crisis_state,
     [](ValueSink& out, const WholeAggregator& all) {
       out.line(static_cast<double>(all.board.crisis));
     }},
    {Metric::series,
     [](ValueSink& out, const WholeAggregator& all) { out.line(as_double(all.snapshot.series)); }},
    {Metric::series_rejected,
     [](ValueSink& out, const WholeAggregator& all) {
       out.line(as_double(all.snapshot.series_rejected));
     }},
    {Metric::samples_refused,
     [](ValueSink& out, const WholeAggregator& all) {
       out.line(as_double(all.snapshot.samples_refused));
     }},
    {Metric::state_writable,
     [](ValueSink& out, const WholeAggregator& all) {
       const Board& board = all.board;
       out.line(board.storage_problem.empty() && board.journal_problem.empty() ? 1 : 0);
     }},
    {Metric::build_info,
     [](ValueSink& out, const WholeAggregator& all) {
       out.line({{"version", all.build.version}, {"revision", all.build.revision}}, 1);
     }},
};

}  // namespace

// clang-format off
template <> std::span<const MetricValue<PortOfDevice>> values_of() { return kInterfaces; }
template <> std::span<const MetricValue<DeviceView>> values_of() { return kDevices; }
template <> std::span<const MetricValue<LinkView>> values_of() { return kLinks; }
template <> std::span<const MetricValue<Site>> values_of() { return kSites; }
template <> std::span<const MetricValue<CaptureView>> values_of() { return kCaptures; }
template <> std::span<const MetricValue<CollectorView>> values_of() { return kCollectors; }
template <> std::span<const MetricValue<BoardAlert>> values_of() { return kAlerts; }
template <> std::span<const MetricValue<BoardChannel>> values_of() { return kChannels; }
template <> std::span<const MetricValue<WholeAggregator>> values_of() { return kAggregator; }
// clang-format on

}  // namespace itnxt
