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
    } else if (const auto* pcap = std::get_if<PcapCollectorConfig>(&collector)) {
      roles.watched[pcap->name] = pcap->link;
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
}

void Table::apply(const Batch& batch, Instant now, WallTime wall) {
  const std::uint64_t rejected = admission_.rejected();
  const Arrived arrived = collectors_.arrive(batch, now, wall, stale_after_, admission_);
  changed_ = changed_ || arrived.is_shown;
  switch (arrived.how) {
    case Arrival::duplicate:
    case Arrival::backlog:
      return;
    case Arrival::refused:
      samples_refused_ += batch.samples.size();
      changed_ = changed_ || !batch.samples.empty() || rejected != admission_.rejected();
      return;
    case Arrival::fresh:
      break;
  }
  changed_ = changed_ || !batch.samples.empty();
  const SampleSource source{batch.node, batch.collector, batch.epoch};
  for (const Sample& sample : batch.samples) {
    if (const auto* device = std::get_if<DeviceSample>(&sample)) {
      if (device->totals) {
        collectors_.tell(batch.node, batch.collector, *device->totals, admission_);
      }
      apply(*device, source, now, wall);
    } else if (const auto* capture = std::get_if<CaptureSample>(&sample)) {
      apply(*capture, source, now);
    } else if (const auto* series = std::get_if<SeriesSample>(&sample)) {
      apply(*series, source, batch.interval, now);
    }
  }
}

void Table::apply(const DeviceSample& sample, const SampleSource& source, Instant now,
                  WallTime wall) {
  const auto found = devices_.find(sample.device);
  if (found == devices_.end()) {
    ++samples_refused_;
    if (!stranger_) stranger_ = {sample.device.text(), source.node.text()};
    return;
  }
  const auto poller = roles_.pollers.find(sample.device);
  const bool is_configured =
      poller != roles_.pollers.end() && source.node == node_ && source.collector == poller->second;
  if (!found->second.apply(sample, source, is_configured, now, wall, admission_)) {
    ++samples_refused_;
  }
}

void Table::apply(const CaptureSample& sample, const SampleSource& source, Instant now) {
  if (!captures_.apply(sample, source, now, admission_)) ++samples_refused_;
}

void Table::apply(const SeriesSample& sample, const SampleSource& source, Duration interval,
                  Instant now) {
  if (!sample.device.empty() && !devices_.contains(sample.device)) {
    ++samples_refused_;
    if (!stranger_) stranger_ = {sample.device.text(), source.node.text()};
    return;
  }
  samples_refused_ += series_.apply(sample, source, interval, now, admission_);
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

std::vector<LinkView> Table::link_views() const {
  const auto found_end = [](const Port& port) {
    FoundEnd end;
    if (port.device == nullptr) return end;
    end.site = port.device->view()->site;
    end.interface = port.device->port(port.index);
    return end;
  };
  std::vector<LinkView> views;
  views.reserve(links_.size());
  for (const LinkPorts& one : links_) {
    views.push_back(make_link_view(one.link, found_end(one.a), found_end(one.b)));
  }
  return views;
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
  for (CaptureView& capture : made->captures) {
    const auto watched = roles_.watched.find(capture.sample.capture);
    if (watched != roles_.watched.end()) capture.link = watched->second;
  }
  made->collectors = collectors_.views();
  series_.show(*made);
  made->series = admission_.total();
  made->series_rejected = admission_.rejected();
  made->samples_refused = samples_refused_;
  changed_ = false;
  return made;
}

}  // namespace itnxt
