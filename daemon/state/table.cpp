#include "daemon/state/table.hpp"

#include <algorithm>
#include <utility>

#include "daemon/state/links.hpp"

namespace itnxt {

Table::Table(const Config& config) : admission_(config.aggregator.limits) {
  take(config);
}

void Table::reconfigure(const Config& config) {
  admission_.set_limits(config.aggregator.limits);
  const bool same = node_ == config.node && inventory_ == config.inventory &&
                    stale_after_ == config.aggregator.stale_after && roles_ == roles(config);
  if (!same) take(config);
}

void Table::take(const Config& config) {
  changed_ = true;
  const NodeName node_before = std::exchange(node_, config.node);
  inventory_ = config.inventory;
  roles_ = roles(config);
  stale_after_ = config.aggregator.stale_after;
  collectors_.configure(node_, roles_.names, admission_);
  forget_devices();
  take_links();

  // What the operator named is in, whatever the limits; it leaves less for the rest.
  admission_.release(node_before, configured_series_);
  configured_series_ = inventory_.sites.size() * kSeriesOfSite + devices_.size() * kSeriesOfDevice +
                       links_.size() * kSeriesOfLink;
  admission_.take(node_, configured_series_);
}

Table::Roles Table::roles(const Config& config) {
  Roles roles;
  for (const CollectorConfig& collector : config.collectors) {
    roles.names.insert(name_of(collector));
    if (const auto* snmp = std::get_if<SnmpCollectorConfig>(&collector)) {
      for (const SnmpTarget& target : snmp->targets) roles.pollers[target.device.name] = snmp->name;
    } else if (const auto* host = std::get_if<HostCollectorConfig>(&collector)) {
      roles.pollers[host->device] = host->name;
    }
  }
  return roles;
}

void Table::forget_devices() {
  std::set<DeviceName> named;
  for (const Device& device : inventory_.devices) named.insert(device.name);
  for (auto it = devices_.begin(); it != devices_.end();) {
    if (named.contains(it->first)) {
      ++it;
      continue;
    }
    it->second.release(admission_);
    series_.forget(it->first, admission_);
    it = devices_.erase(it);
  }
}

void Table::take_links() {
  std::map<DeviceName, std::vector<LinkPort>> ports;
  const auto add_port = [&](const Link& link, const LinkEnd& end) {
    ports[end.device].push_back({link.name, end.interface, link.capacity});
    return ports[end.device].size() - 1;
  };
  links_.clear();
  for (const Link& link : inventory_.links) {
    LinkPorts one;
    one.link = link;
    one.a.index = add_port(link, link.a);
    if (link.b) one.b.index = add_port(link, *link.b);
    links_.push_back(std::move(one));
  }
  for (const Device& device : inventory_.devices) {
    const auto entry = devices_.try_emplace(device.name, device, stale_after_).first;
    entry->second.configure(device, std::move(ports[device.name]), stale_after_);
  }
  const auto find = [&](const DeviceName& name) {
    const auto found = devices_.find(name);
    return found == devices_.end() ? nullptr : &found->second;
  };
  for (LinkPorts& one : links_) {
    one.a.device = find(one.link.a.device);
    if (one.link.b) one.b.device = find(one.link.b->device);
  }
  std::sort(links_.begin(), links_.end(),
            [](const LinkPorts& a, const LinkPorts& b) { return a.link.name < b.link.name; });
  links_at_.clear();
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const Link& link = links_[i].link;
    links_at_.emplace(link.a.device, i);
    if (link.b && link.b->device != link.a.device) links_at_.emplace(link.b->device, i);
  }
}

Arrival Table::apply(const Batch& batch, Instant now, WallTime wall, Taken* taken) {
  const std::uint64_t rejected = admission_.rejected();
  const Arrived arrived = collectors_.arrive(batch, now, wall, stale_after_, admission_);
  changed_ = changed_ || arrived.is_shown;
  switch (arrived.how) {
    case Arrival::duplicate:
      break;
    case Arrival::backlog:
      if (arrived.of_present) apply_samples(batch, true, now, wall, nullptr);
      break;
    case Arrival::refused:
      samples_refused_ += batch.samples.size();
      changed_ = changed_ || !batch.samples.empty() || rejected != admission_.rejected();
      break;
    case Arrival::fresh:
      changed_ = changed_ || !batch.samples.empty();
      apply_samples(batch, false, now, wall, taken);
      break;
  }
  return arrived.how;
}

void Table::apply_samples(const Batch& batch, bool is_backlog, Instant now, WallTime wall,
                          Taken* taken) {
  const SampleSource source =
      source_of(batch, now, wall, collectors_.clock_ahead(batch.node, batch.collector));
  for (const Sample& sample : batch.samples) {
    if (const auto* device = std::get_if<DeviceSample>(&sample)) {
      if (is_backlog && !is_news(*device, source, now)) continue;
      if (device->totals && !is_backlog) {
        collectors_.tell(batch.node, batch.collector, *device->totals, admission_);
      }
      if (apply(*device, source, now, wall) && taken != nullptr) taken->took(sample, source);
    } else if (const auto* capture = std::get_if<CaptureSample>(&sample)) {
      if (!is_backlog) apply(*capture, source, now);
    } else if (const auto* talkers = std::get_if<TalkersSample>(&sample)) {
      if (!is_backlog && !captures_.apply(*talkers, source, now, admission_)) ++samples_refused_;
    } else if (const auto* series = std::get_if<SeriesSample>(&sample)) {
      if (!is_backlog && apply(*series, source, batch.interval, now) && taken != nullptr) {
        taken->took(sample, source);
      }
    }
  }
}

void Table::replay(const Batch& batch, Taken& taken) {
  const Instant now(batch.closed_wall.time_since_epoch());
  SampleSource source = source_of(batch, now, batch.closed_wall, std::nullopt);
  source.closed = now;
  for (const Sample& sample : batch.samples) {
    const auto* device = std::get_if<DeviceSample>(&sample);
    const auto* series = std::get_if<SeriesSample>(&sample);
    const bool took = (device != nullptr && apply(*device, source, now, batch.closed_wall)) ||
                      (series != nullptr && apply(*series, source, batch.interval, now));
    if (took) taken.took(sample, source);
  }
}

bool Table::is_news(const DeviceSample& sample, const SampleSource& source, Instant now) const {
  const auto found = devices_.find(sample.device);
  if (found == devices_.end() || !found->second.is_news(sample, source)) return false;
  const Duration interval = sample.interval > Duration::zero() ? sample.interval : kDefaultInterval;
  return now - source.moment(sample.at).ours <= interval;
}

Table::Effect Table::apply(const EventBatch& batch, std::size_t first, Instant now, WallTime wall) {
  collectors_.hear_clock(batch, now, wall);
  const std::span<const Event> events = std::span(batch.events);
  const EventSource source{batch.node, batch.collector, batch.sent_wall, wall,
                           collectors_.clock_ahead(batch.node, batch.collector)};
  Effect effect;
  for (std::size_t begin = first; begin < events.size();) {
    std::size_t end = begin + 1;
    while (end < events.size() && events[end].device == events[begin].device) ++end;
    const DeviceName& device = events[begin].device;
    const auto found = devices_.find(device);
    Verdict verdict = device.empty() ? Verdict::taken : Verdict::barred;
    if (found != devices_.end()) {
      const auto heard =
          found->second.apply(events.subspan(begin, end - begin), source,
                              is_configured(device, batch.node, batch.collector), now);
      effect.changed = effect.changed || heard.changed;
      verdict = heard.verdict;
      if (verdict == Verdict::barred) {
        note_trespass(found->second, {batch.node, batch.collector}, end - begin);
      }
    } else if (!device.empty() && !stranger_) {
      stranger_ = {device.text(), batch.node.text()};
    }
    for (; begin < end; ++begin) {
      const bool tells = events[begin].answers || events[begin].interface;
      const bool is_refused = verdict == Verdict::barred || (verdict == Verdict::waits && tells);
      if (is_refused) effect.refused.push_back(begin);
    }
  }
  samples_refused_ += effect.refused.size();
  changed_ = changed_ || effect.changed || !effect.refused.empty();
  return effect;
}

void Table::note_trespass(const DeviceState& device, const Teller& by, std::uint64_t refused) {
  if (!trespass_) trespass_ = {device.view()->name, device.owner(), by, 0};
  trespass_->refused += refused;
}

bool Table::is_configured(const DeviceName& device, const NodeName& node,
                          const CollectorName& collector) const {
  const auto poller = roles_.pollers.find(device);
  return poller != roles_.pollers.end() && node == node_ && collector == poller->second;
}

bool Table::apply(const DeviceSample& sample, const SampleSource& source, Instant now,
                  WallTime wall) {
  const auto found = devices_.find(sample.device);
  if (found == devices_.end()) {
    ++samples_refused_;
    if (!stranger_) stranger_ = {sample.device.text(), source.node.text()};
    return false;
  }
  const Verdict verdict = found->second.apply(
      sample, source, is_configured(sample.device, source.node, source.collector), now, wall,
      admission_);
  if (verdict == Verdict::barred) {
    note_trespass(found->second, {source.node, source.collector}, 1);
  }
  if (verdict != Verdict::taken) {
    ++samples_refused_;
    return false;
  }
  tell_captures(sample.device);
  return true;
}

void Table::apply(const CaptureSample& sample, const SampleSource& source, Instant now) {
  if (!captures_.apply(sample, source, now, admission_)) ++samples_refused_;
}

bool Table::apply(const SeriesSample& sample, const SampleSource& source, Duration interval,
                  Instant now) {
  if (!sample.device.empty()) {
    const auto device = devices_.find(sample.device);
    if (device == devices_.end()) {
      ++samples_refused_;
      if (!stranger_) stranger_ = {sample.device.text(), source.node.text()};
      return false;
    }
    const bool is_ours = source.node == node_ && roles_.pollers.contains(sample.device);
    const Teller teller{source.node, source.collector};
    if (device->second.judge_series(teller, is_ours, now) != Verdict::taken) {
      ++samples_refused_;
      series_.refuse_of_other(sample, source, now);
      return false;
    }
  }
  samples_refused_ += series_.apply(sample, source, interval, now, admission_);
  return true;
}

void Table::tick(Instant now) {
  for (auto& [name, device] : devices_) {
    if (device.tick(now, admission_)) changed_ = true;
  }
  if (captures_.tick(now, stale_after_, admission_)) changed_ = true;
  if (series_.tick(now, stale_after_, admission_)) changed_ = true;
  if (collectors_.tick(now, stale_after_, admission_)) changed_ = true;
}

std::vector<RowsRefused> Table::take_refused(Instant now) {
  std::vector<RowsRefused> all;
  for (auto& [name, device] : devices_) {
    if (auto one = device.take_refused(now)) all.push_back(std::move(*one));
  }
  return all;
}

std::vector<InterfaceChanges> Table::take_changes(Instant now) {
  std::vector<InterfaceChanges> all;
  for (auto& [name, device] : devices_) {
    if (auto some = device.take_changes(now); !some.kept.empty()) all.push_back(std::move(some));
  }
  return all;
}

std::vector<NodeChange> Table::take_node_changes(Instant now) {
  std::vector<NodeChange> all;
  for (auto& [name, device] : devices_) {
    if (auto one = device.take_node_change(now)) all.push_back(std::move(*one));
  }
  return all;
}

LinkView Table::link_view(const LinkPorts& link) {
  const auto found_end = [](const Port& port) {
    FoundEnd end;
    if (port.device == nullptr) return end;
    end.site = port.device->view()->site;
    end.interface = port.device->port(port.index);
    return end;
  };
  return make_link_view(link.link, found_end(link.a), found_end(link.b));
}

std::vector<LinkView> Table::link_views() const {
  std::vector<LinkView> views;
  views.reserve(links_.size());
  for (const LinkPorts& one : links_) views.push_back(link_view(one));
  return views;
}

std::vector<LinkView> Table::links_of(const DeviceName& name) const {
  std::vector<LinkView> views;
  const auto [first, last] = links_at_.equal_range(name);
  for (auto at = first; at != last; ++at) views.push_back(link_view(links_[at->second]));
  return views;
}

std::optional<LinkView> Table::link(const LinkName& name) const {
  const LinkPorts* const found = find_link(name);
  if (found == nullptr) return std::nullopt;
  return link_view(*found);
}

const Table::LinkPorts* Table::find_link(const LinkName& name) const {
  const auto found = std::ranges::lower_bound(
      links_, name, {}, [](const LinkPorts& one) -> const LinkName& { return one.link.name; });
  return found == links_.end() || found->link.name != name ? nullptr : &*found;
}

const InterfaceView* Table::interface_of(const Port& port) {
  return port.device == nullptr ? nullptr : port.device->port(port.index);
}

// Captures of this device's links hold what they saw against what its ports counted.
void Table::tell_captures(const DeviceName& device) {
  if (captures_.empty()) return;
  const auto [first, last] = links_at_.equal_range(device);
  for (auto at = first; at != last; ++at) {
    const LinkPorts& link = links_[at->second];
    const auto tell = [&](const Port& port, std::size_t end) {
      if (port.device == nullptr || port.device->view()->name != device) return;
      const InterfaceView* const interface = port.device->port(port.index);
      if (interface == nullptr) return;
      captures_.see_port(link.link.name, end, *interface,
                         port.device->view()->own ? kHostLag : kAgentLag);
    };
    tell(link.a, 0);
    tell(link.b, 1);
  }
}

// By end a, else by end b: what is not fresh tells nothing.
std::optional<double> Table::coverage(const CaptureView& capture) const {
  const LinkPorts* const link = find_link(capture.sample.link);
  if (link == nullptr) return std::nullopt;
  std::size_t end = 0;
  for (const Port* port : {&link->a, &link->b}) {
    if (interface_of(*port) != nullptr) {
      if (const auto ratio = captures_.coverage(capture.sample.capture, end)) return ratio;
    }
    ++end;
  }
  return std::nullopt;
}

std::shared_ptr<const DeviceView> Table::device(const DeviceName& name) const {
  const auto found = devices_.find(name);
  return found == devices_.end() ? nullptr : found->second.view();
}

std::shared_ptr<const Snapshot> Table::snapshot(Instant now, WallTime wall) {
  auto made = std::make_shared<Snapshot>();
  made->at = now;
  made->wall = wall;
  made->sites = inventory_.sites;
  made->devices.reserve(devices_.size());
  for (const auto& [name, device] : devices_) made->devices.push_back(device.view());
  made->links = link_views();
  made->captures = captures_.views();
  for (CaptureView& capture : made->captures) capture.coverage = coverage(capture);
  made->collectors = collectors_.views();
  series_.show(*made);
  made->series = admission_.total();
  made->series_rejected = admission_.rejected();
  made->samples_refused = samples_refused_;
  changed_ = false;
  return made;
}

}  // namespace itnxt
