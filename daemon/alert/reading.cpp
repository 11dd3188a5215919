#include "daemon/alert/reading.hpp"

#include <algorithm>
#include <string_view>

namespace itnxt {
namespace {

std::optional<Reading> exactly(std::optional<double> value) {
  if (!value) return std::nullopt;
  return Reading{*value, false, {}};
}

std::optional<Reading> yes_or_no(std::optional<bool> value, WallTime since = {}) {
  if (!value) return std::nullopt;
  return Reading{*value ? 1.0 : 0.0, false, since};
}

// The busier direction; with one of them unknown, at least that much.
std::optional<Reading> busier(std::optional<double> a, std::optional<double> b) {
  if (a && b) return Reading{std::max(*a, *b), false, {}};
  if (a || b) return Reading{a ? *a : *b, true, {}};
  return std::nullopt;
}

template <class Unit>
std::optional<double> number(const std::optional<Unit>& unit) {
  if (!unit) return std::nullopt;
  return unit->count();
}

std::optional<double> share(const Rate<BytesPerSecond>& rate, BytesPerSecond speed) {
  const auto value = known(rate);
  if (!value) return std::nullopt;
  return utilization(*value, speed).count();
}

template <class Attribute>
bool all_match(const Rule& rule, const Attribute& attribute) {
  return std::all_of(rule.where.begin(), rule.where.end(), [&](const auto& wanted) {
    return attribute(std::string_view(wanted.first), wanted.second);
  });
}

}  // namespace

const DeviceView* find_device(const Snapshot& snapshot, const std::string& name) {
  const auto& all = snapshot.devices;
  const auto at = std::lower_bound(
      all.begin(), all.end(), name,
      [](const auto& device, const std::string& wanted) { return device->name.text() < wanted; });
  return at != all.end() && (*at)->name.text() == name ? at->get() : nullptr;
}

// What the last poll said is of no use when it is long ago: its collector fell silent.
std::optional<bool> answers(const DeviceView& device) {
  // Up and not fresh: polls get an answer, but its values are stale.
  if (!device.polled || (device.up && !device.fresh)) return std::nullopt;
  return device.up;
}

// A metric of another kind reads as unknown; the table of core/subject.hpp keeps rules from asking,
// and a test asks for all that stands in it.
std::optional<Reading> read(const LinkView& link, SubjectMetric metric) {
  if (metric == SubjectMetric::up) return yes_or_no(link.up, link.up_since);
  if (metric != SubjectMetric::utilization_ratio) return std::nullopt;
  return busier(number(link.utilization_a_to_b), number(link.utilization_b_to_a));
}

std::optional<Reading> read(const DeviceView& device, SubjectMetric metric) {
  if (metric == SubjectMetric::up) return yes_or_no(answers(device), device.up_held.since());
  if (metric == SubjectMetric::uptime_seconds && device.uptime) {
    return exactly(seconds(*device.uptime));
  }
  if (metric == SubjectMetric::poll_seconds && device.polled && !device.own) {
    return exactly(seconds(device.poll_took));
  }
  return std::nullopt;
}

std::optional<Reading> read(const InterfaceView& interface, SubjectMetric metric) {
  const auto rate = [](const auto& of) { return exactly(number(known(of))); };
  if (metric == SubjectMetric::up) {
    if (interface.up == false && interface.admin_up != true) return std::nullopt;
    // Down as its operator wants it until he wants it up.
    const WallTime since = interface.up_held.since();
    return yes_or_no(interface.up,
                     interface.up == true ? since : std::max(since, interface.admin_held.turned()));
  }
  if (metric == SubjectMetric::admin_up)
    return yes_or_no(interface.admin_up, interface.admin_held.since());
  if (metric == SubjectMetric::utilization_ratio) {
    if (!interface.speed || interface.speed->count() <= 0) return std::nullopt;
    return busier(share(interface.receive, *interface.speed),
                  share(interface.transmit, *interface.speed));
  }
  if (metric == SubjectMetric::receive_bytes_per_second) return rate(interface.receive);
  if (metric == SubjectMetric::transmit_bytes_per_second) return rate(interface.transmit);
  if (metric == SubjectMetric::errors_per_second) return rate(interface.errors);
  if (metric == SubjectMetric::discards_per_second) return rate(interface.discards);
  return std::nullopt;
}

std::optional<Reading> read(const CaptureView& capture, SubjectMetric metric) {
  if (metric == SubjectMetric::up) return yes_or_no(capture.sample.open);
  if (metric != SubjectMetric::dropped_packets_per_second) return std::nullopt;
  return exactly(capture.dropped_packets_per_second);
}

std::optional<Reading> read(const CollectorView& collector, SubjectMetric metric, Instant now) {
  if (metric == SubjectMetric::lost_batches) {
    return exactly(static_cast<double>(collector.lost_batches));
  }
  if (metric != SubjectMetric::silent_seconds) return std::nullopt;
  return exactly(seconds(std::max(Duration::zero(), now - collector.last_batch_at)));
}

Evidence judge(const Rule& rule, const std::optional<Reading>& reading) {
  if (!reading) return Evidence::none;
  const double value = reading->value;
  const bool lower_bound = reading->lower_bound;
  if (rule.below) {
    const double clear = rule.clear_above.value_or(*rule.below);
    if (value < *rule.below) return lower_bound ? Evidence::none : Evidence::bad;
    return value >= clear ? Evidence::clear : Evidence::between;
  }
  const double threshold = rule.above.value_or(0);
  const double clear = rule.clear_below.value_or(threshold);
  if (value > threshold) return Evidence::bad;
  if (lower_bound) return Evidence::none;
  return value <= clear ? Evidence::clear : Evidence::between;
}

bool matches(const Rule& rule, const LinkView& link) {
  return all_match(rule, [&](std::string_view key, const std::string& value) {
    const bool at_a = link.a.site.text() == value;
    const bool at_b = link.b && link.b->site.text() == value;
    if (key == "link") return link.name.text() == value;
    if (key == "class") {
      return kLinkClassNames[static_cast<std::size_t>(link.link_class)] == value;
    }
    if (key == "site") return at_a || at_b;
    if (key == "site_a") return at_a;
    return key == "site_b" && at_b;
  });
}

bool matches(const Rule& rule, const DeviceView& device) {
  return all_match(rule, [&](std::string_view key, const std::string& value) {
    if (key == "device") return device.name.text() == value;
    return key == "site" && device.site.text() == value;
  });
}

bool matches(const Rule& rule, const DeviceView& device, const InterfaceView& interface) {
  return all_match(rule, [&](std::string_view key, const std::string& value) {
    if (key == "interface") return interface.identity->name.text() == value;
    if (key == "device") return device.name.text() == value;
    if (key == "site") return device.site.text() == value;
    if (key == "link") return interface.link.text() == value;
    return key == "alias" && interface.alias == value;
  });
}

bool matches(const Rule& rule, const CaptureView& capture) {
  return all_match(rule, [&](std::string_view key, const std::string& value) {
    return key == "capture" && capture.sample.capture.text() == value;
  });
}

bool matches(const Rule& rule, const CollectorView& collector) {
  return all_match(rule, [&](std::string_view key, const std::string& value) {
    if (key == "collector") return collector.collector.text() == value;
    return key == "node" && collector.node.text() == value;
  });
}

}  // namespace itnxt
