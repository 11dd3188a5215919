// A small network and the batches its collectors send.
#pragma once

#include <string>
#include <vector>

#include "daemon/state/table.hpp"

namespace itnxt::test {

inline Device device(const char* name, const char* site = "") {
  Device d;
  d.name = DeviceName(name);
  d.site = SiteName(site);
  return d;
}

inline Link link(const char* name, LinkEnd a, std::optional<LinkEnd> b) {
  Link l;
  l.name = LinkName(name);
  l.a = std::move(a);
  l.b = std::move(b);
  return l;
}

inline Config two_routers() {
  Config config;
  config.node = NodeName("center");
  config.inventory.devices = {device("r1", "magdeburg"), device("r2", "halle")};
  config.inventory.links = {
      link("md-hal", {DeviceName("r1"), "eth0"}, LinkEnd{DeviceName("r2"), "eth0"})};
  return config;
}

struct InterfaceRow {
  std::uint32_t index = 1;
  const char* name = "eth0";
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  OperStatus oper = OperStatus::up;
  const char* descr = "";
  const char* alias = "";
};

// Polls devices every minute and sends what it got; time is its own and the aggregator's.
class Poller {
 public:
  Instant now{Duration(1000s)};
  WallTime wall{Duration(1'700'000'000s)};
  std::uint64_t epoch = 1;
  std::uint64_t sequence = 0;
  std::uint32_t uptime = 500'000;  // hundredths
  NodeName node{"md"};

  void pass(Duration time) {
    now += time;
    wall += time;
    uptime += static_cast<std::uint32_t>(time / 10ms);
  }

  [[nodiscard]] DeviceSample poll(const char* name, const std::vector<InterfaceRow>& rows) const {
    DeviceSample sample;
    sample.device = DeviceName(name);
    sample.at = source_time(now);
    sample.interval = 60s;
    sample.took = 120ms;
    sample.uptime = TimeTicks{uptime};
    sample.sys_name = name;
    sample.complete = true;
    for (const InterfaceRow& row : rows) {
      InterfaceSample one;
      one.if_index = row.index;
      one.if_name = row.name;
      one.if_descr = row.descr;
      one.if_alias = row.alias;
      one.admin = AdminStatus::up;
      one.oper = row.oper;
      one.speed = bits_per_second(1e9);
      one.discontinuity = TimeTicks{0};
      one.at = sample.at;
      one.uptime = *sample.uptime;
      one.counters.set(Column::in_octets, {row.in, CounterWidth::bits64});
      one.counters.set(Column::out_octets, {row.out, CounterWidth::bits64});
      sample.interfaces.push_back(std::move(one));
    }
    return sample;
  }
  [[nodiscard]] DeviceSample timeout(const char* name) const {
    DeviceSample sample;
    sample.device = DeviceName(name);
    sample.at = source_time(now);
    sample.interval = 60s;
    sample.result = PollResult::timeout;
    sample.problem = "no answer from 192.0.2.1:161 within 6s";
    return sample;
  }
  Batch batch(std::vector<Sample> samples) {
    Batch b;
    b.node = node;
    b.collector = CollectorName("snmp");
    b.epoch = epoch;
    b.sequence = ++sequence;
    b.closed_at = source_time(now);
    b.closed_wall = wall;
    b.sent_wall = wall;
    b.interval = 60s;
    b.samples = std::move(samples);
    return b;
  }
  void send(Table& table, std::vector<Sample> samples) {
    table.apply(batch(std::move(samples)), now, wall);
  }
  [[nodiscard]] std::shared_ptr<const Snapshot> look(Table& table) const {
    return table.snapshot(now, wall);
  }
};

inline std::string rate_text(const Rate<BytesPerSecond>& rate) {
  if (const Gap* gap = std::get_if<Gap>(&rate)) return std::string(name(*gap));
  return std::to_string(static_cast<long long>(std::get<BytesPerSecond>(rate).count()));
}

// "eth0=first eth1=1000": what a device receives, by ifIndex.
inline std::string received(const DeviceView& view) {
  std::string text;
  for (const InterfaceView& one : view.interfaces) {
    text += (text.empty() ? "" : " ") + one.identity->name.text() + "=" + rate_text(one.receive);
  }
  return text;
}

}  // namespace itnxt::test
