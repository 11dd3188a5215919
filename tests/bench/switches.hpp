// The network that benches poll: 48-port switches with twelve counters a port and ordinary names.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "daemon/core/sample.hpp"

namespace itnxt::bench {

inline constexpr std::uint32_t kPorts = 48;
inline constexpr std::size_t kSwitchesOfBatch = 4;

inline std::string switch_name(std::size_t number) {
  return "access-switch-" + std::to_string(number);
}

// The poll of minute `round`.
inline DeviceSample switch_poll(std::size_t number, std::uint64_t round) {
  DeviceSample device;
  device.device = DeviceName(switch_name(number));
  device.at = SourceTime(std::chrono::minutes(round + 1));
  device.interval = 60s;
  device.uptime = TimeTicks{static_cast<std::uint32_t>(123'456'000 + 6000 * round)};
  device.sys_name = "access-switch.example";
  device.sys_descr = "Some Vendor Operating System, Version 12.2(55)SE";
  device.complete = true;
  for (std::uint32_t i = 1; i <= kPorts; ++i) {
    InterfaceSample row;
    row.if_index = 10'100 + i;
    row.if_name = "Gi1/0/" + std::to_string(i);
    row.if_descr = "GigabitEthernet1/0/" + std::to_string(i);
    row.if_alias = "Room 2." + std::to_string(i) + " desk";
    row.admin = AdminStatus::up;
    row.oper = OperStatus::up;
    row.speed = BytesPerSecond(125e6);
    row.discontinuity = TimeTicks{0};
    row.at = device.at;
    row.uptime = *device.uptime;
    for (std::size_t c = 0; c < kColumns; ++c) {
      row.counters.set(static_cast<Column>(c),
                       {0x0000012345678900 + round * 60'000 * (c + i), CounterWidth::bits64});
    }
    device.interfaces.push_back(std::move(row));
  }
  return device;
}

// Of kSwitchesOfBatch switches from `first` on.
inline Batch switch_batch(std::size_t first, std::uint64_t round, std::uint64_t sequence) {
  Batch batch;
  batch.node = NodeName("md-core-1");
  batch.collector = CollectorName("snmp");
  batch.epoch = 0x0123456789ABCDEF;
  batch.sequence = sequence;
  batch.interval = 60s;
  batch.closed_at = SourceTime(std::chrono::minutes(round + 1));
  batch.closed_wall = batch.sent_wall = WallTime(Duration(1'700'000'000s) + 60s * round);
  for (std::size_t i = 0; i < kSwitchesOfBatch; ++i) {
    batch.samples.emplace_back(switch_poll(first + i, round));
  }
  return batch;
}

}  // namespace itnxt::bench
