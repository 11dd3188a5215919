// Short ways to say what the network looks like.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt::test {

inline WallTime wall_at(Duration after) {
  return WallTime(std::chrono::hours(24 * 365 * 50)) + after;
}

inline Config config_with(std::vector<Rule> rules) {
  Config config;
  config.rules = std::move(rules);
  return config;
}

inline Rule link_down() {
  Rule rule;
  rule.alert = "LinkDown";
  rule.below = 1;
  rule.severity = AlertSeverity::critical;
  return rule;
}

// Site a – site b, named by what stands on either side of the dash.
inline void add_link(Config& config, const std::string& name, const std::string& a,
                     const std::string& b) {
  Link link;
  link.name = LinkName(name);
  link.a = {DeviceName(a + "-r"), "e0"};
  link.b = LinkEnd{DeviceName(b + "-r"), "e1"};
  config.inventory.links.push_back(link);
  for (const std::string& site : {a, b}) {
    bool known = false;
    for (const Site& s : config.inventory.sites) known = known || s.name.text() == site;
    if (known) continue;
    Site one;
    one.name = SiteName(site);
    config.inventory.sites.push_back(one);
    Device device;
    device.name = DeviceName(site + "-r");
    device.site = SiteName(site);
    config.inventory.devices.push_back(device);
  }
}

// Every link of the configuration, all up.
inline Snapshot snapshot_of(const Config& config) {
  Snapshot snapshot;
  snapshot.sites = config.inventory.sites;
  const auto site_of = [&](const DeviceName& device) {
    for (const Device& d : config.inventory.devices) {
      if (d.name == device) return d.site;
    }
    return SiteName();
  };
  for (const Link& link : config.inventory.links) {
    LinkView view;
    view.name = link.name;
    view.link_class = link.link_class;
    view.a = {link.a.device, link.a.interface, site_of(link.a.device), true};
    if (link.b) {
      view.b = LinkEndView{link.b->device, link.b->interface, site_of(link.b->device), true};
    }
    view.up = true;
    snapshot.links.push_back(view);
  }
  return snapshot;
}

inline void set_up(Snapshot& snapshot, const std::string& link, std::optional<bool> up) {
  for (LinkView& view : snapshot.links) {
    if (view.name.text() != link) continue;
    view.up = up;
    view.a.up = up;
    if (!up && view.b) view.b->up = up;
  }
}

// The device as the last poll left it; `polled` false: its collector is gone.
inline void set_device(Snapshot& snapshot, const std::string& name, const std::string& site,
                       bool up, bool polled = true) {
  auto view = std::make_shared<DeviceView>();
  view->name = DeviceName(name);
  view->site = SiteName(site);
  view->up = view->fresh = up;
  view->polled = polled;
  auto& all = snapshot.devices;
  const auto at = std::lower_bound(all.begin(), all.end(), view->name,
                                   [](const auto& d, const DeviceName& n) { return d->name < n; });
  if (at != all.end() && (*at)->name == view->name) {
    *at = std::move(view);
  } else {
    all.insert(at, std::move(view));
  }
}

// What follows for a link from what its ends say, as state/links.cpp has it.
inline std::optional<bool> link_up(const LinkView& link) {
  if (!link.b) return link.a.up;
  if (link.a.up == false || link.b->up == false) return false;
  return link.a.up && link.b->up ? std::optional(true) : std::nullopt;
}

// A device at each end, named "SITE-r", that answers or does not: the ends of one that does not are
// unknown, those of one that does are up.
inline void set_answers(Snapshot& snapshot, const std::string& site, bool answers) {
  set_device(snapshot, site + "-r", site, answers);
  const std::optional<bool> up = answers ? std::optional(true) : std::nullopt;
  for (LinkView& link : snapshot.links) {
    if (link.a.site.text() == site) link.a.up = up;
    if (link.b && link.b->site.text() == site) link.b->up = up;
    link.up = link_up(link);
  }
}

}  // namespace itnxt::test
