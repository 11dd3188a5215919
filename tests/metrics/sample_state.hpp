// A snapshot and a board with something of everything in them.
#pragma once

#include <memory>
#include <string>

#include "daemon/metrics/exposition.hpp"
#include "daemon/state/identity.hpp"

namespace itnxt::test {

inline InterfaceView full_interface(const char* device, const char* name) {
  InterfaceView one;
  one.identity = make_identity(DeviceName(device), name);
  one.if_index = 1;
  one.descr = "GigabitEthernet0/0/1";
  one.alias = "Straße \"1\"";
  one.link = LinkName("md-hal");
  one.up = true;
  one.admin_up = true;
  one.speed = bits_per_second(1e9);
  for (std::size_t i = 0; i < kColumns; ++i) {
    one.counters.set(static_cast<Column>(i), {100 + i, CounterWidth::bits64});
  }
  one.counters.set(Column::in_octets, {(1ULL << 53U) + 7, CounterWidth::bits64});
  one.receive = BytesPerSecond(1500.5);
  one.transmit = Gap::wrap;
  one.gaps = {1, 0, 2, 0, 0, 0};
  return one;
}

inline std::shared_ptr<Snapshot> sample_snapshot() {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->at = Instant(Duration(1000s));
  snapshot->wall = WallTime(Duration(1'700'000'000s));
  Site site;
  site.name = SiteName("magdeburg");
  site.kind = SiteKind::datacenter;
  site.district = "Magdeburg \"Stadt\"";
  site.department = "MID";
  site.latitude = 52.1205;
  site.longitude = 11.6276;
  site.weight = 100;
  site.anchor = true;
  Site bare;
  bare.name = SiteName("stendal");
  snapshot->sites = {site, bare};
  auto device = std::make_shared<DeviceView>();
  device->name = DeviceName("r1");
  device->site = SiteName("magdeburg");
  device->up = device->polled = device->fresh = true;
  device->uptime = Duration(3600s);
  device->node = NodeName("md");
  device->collector = CollectorName("snmp");
  device->sys_name = "r1.example";
  device->sys_descr = "Router OS \\ 1";
  device->sys_object_id = "1.3.6.1.4.1.9";
  device->polls = {5, 0, 1, 0, 0};
  device->poll_took = 120ms;
  device->last_success = snapshot->wall;
  device->interfaces = {full_interface("r1", "eth0")};
  auto silent = std::make_shared<DeviceView>();
  silent->name = DeviceName("r2");
  snapshot->devices = {device, silent};

  LinkView link;
  link.name = LinkName("md-hal");
  link.link_class = LinkClass::backbone;
  link.a = {DeviceName("r1"), "eth0", SiteName("magdeburg"), true};
  link.b = LinkEndView{DeviceName("r2"), "eth0", SiteName("halle"), std::nullopt};
  link.up = true;
  link.capacity = bits_per_second(1e9);
  link.a_to_b = BytesPerSecond(12.5e6);
  link.utilization_a_to_b = Ratio(0.1);
  link.utilization_b_to_a = Ratio(0.25);
  link.b_to_a = BytesPerSecond(31.25e6);
  snapshot->links = {link};

  CaptureView capture;
  capture.node = NodeName("md");
  capture.sample.link = LinkName("md-hal");
  capture.coverage = 0.975;
  capture.sample.capture = CollectorName("tap");
  capture.sample.source = "eth1";
  capture.sample.open = true;
  capture.sample.traffic[0][0] = {Packets(3), Bytes(1800)};
  capture.sample.dropped[0] = Packets(4);
  capture.sample.malformed[1] = Packets(1);
  snapshot->captures = {capture};

  CollectorView collector;
  collector.node = NodeName("md");
  collector.collector = CollectorName("snmp");
  collector.last_batch = snapshot->wall;
  collector.last_batch_at = snapshot->at - Duration(2s);
  collector.interval = 60s;
  collector.lost_batches = 2;
  collector.lost_events = 4;
  collector.backlog_batches = 7;
  collector.spool = Bytes(70000);
  collector.clock_skew = -250ms;
  collector.snmp.emplace().ignored = {3, 5, 0, 0, 1, 0, 0, 0};
  collector.snmp->broken = {24, 0, 0, 1, 0, 2};
  snapshot->collectors = {collector};
  snapshot->series = 77;
  return snapshot;
}

inline std::shared_ptr<Board> sample_board() {
  auto board = std::make_shared<Board>();
  board->rules = {{"LinkDown", AlertSeverity::critical}};
  BoardAlert alert;
  alert.alert = "LinkDown";
  alert.severity = AlertSeverity::critical;
  alert.subject = "link md-hal";
  alert.state = AlertState::firing;
  alert.since = WallTime(Duration(1'700'000'000s));
  alert.labels = {{"link", "md-hal"}};
  alert.annotations = {{"summary", "Link md-hal is down."}};
  board->alerts = {alert};
  BoardChannel channel;
  channel.name = ChannelName("hook");
  channel.delivered = 2;
  channel.last_seconds = 0.25;
  board->channels = {channel};
  return board;
}

inline std::string read_all(Exposition&& exposition, std::size_t step = 100'000) {
  std::string text;
  std::string buffer(step, '\0');
  while (const std::size_t got = exposition.read(buffer.data(), buffer.size())) {
    text.append(buffer, 0, got);
  }
  return text;
}

}  // namespace itnxt::test
