// How fast batches are encoded and decoded on one core. Prints one line for each step; bars are
// held elsewhere, against another program in the same run.
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/wire/codec.hpp"

namespace {

using namespace itnxt;

// As a poll of a 48-port switch: twelve counters and ordinary names.
Batch switch_poll() {
  Batch batch;
  batch.node = NodeName("md-core-1");
  batch.collector = CollectorName("snmp");
  batch.epoch = 0x0123456789ABCDEF;
  batch.sequence = 1;
  batch.interval = 60s;
  for (int d = 0; d < 4; ++d) {
    DeviceSample device;
    device.device = DeviceName("access-switch-" + std::to_string(d));
    device.uptime = TimeTicks{123'456'789};
    device.sys_name = "access-switch.example";
    device.sys_descr = "Some Vendor Operating System, Version 12.2(55)SE";
    device.interval = 60s;
    device.complete = true;
    for (std::uint32_t i = 1; i <= 48; ++i) {
      InterfaceSample row;
      row.if_index = 10'100 + i;
      row.if_name = "Gi1/0/" + std::to_string(i);
      row.if_descr = "GigabitEthernet1/0/" + std::to_string(i);
      row.if_alias = "Room 2." + std::to_string(i) + " desk";
      row.admin = AdminStatus::up;
      row.oper = OperStatus::up;
      row.speed = BytesPerSecond(125e6);
      row.discontinuity = TimeTicks{0};
      row.at = SourceTime(std::chrono::hours(1000) + std::chrono::milliseconds(i));
      row.uptime = TimeTicks{123'456'000 + i};
      for (std::size_t c = 0; c < kColumns; ++c) {
        row.counters.set(static_cast<Column>(c),
                         {0x0000012345678900 + c * i, CounterWidth::bits64});
      }
      device.interfaces.push_back(std::move(row));
    }
    batch.samples.emplace_back(std::move(device));
  }
  return batch;
}

// Calls `step` for about a second; counters for each second of it.
template <class Step>
void measure(const char* name, double counters, Step step) {
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 50; ++i) step();  // warm
  const auto start = Clock::now();
  int rounds = 0;
  std::chrono::duration<double> spent{};
  while (spent.count() < 1.0) {
    for (int i = 0; i < 50; ++i) step();
    rounds += 50;
    spent = Clock::now() - start;
  }
  std::printf("%-28s %8.2f million counters a second\n", name,
              counters * rounds / spent.count() / 1e6);
}

}  // namespace

int main() {
  const Batch batch = switch_poll();
  constexpr double kCounters = 4 * 48 * static_cast<double>(kColumns);
  const std::string bytes = wire::encode(batch);
  std::printf("batch: %zu bytes, %.1f bytes a counter\n", bytes.size(),
              static_cast<double>(bytes.size()) / kCounters);
  std::size_t sink = 0;
  measure("encode", kCounters, [&] { sink += wire::encode(batch).size(); });
  wire::Decoder decoder;
  const std::string_view part = bytes;
  measure("decode", kCounters, [&] {
    if (decoder.decode({&part, 1})) sink = 0;
    sink += decoder.batch().samples.size();
  });
  return sink == 0 ? 1 : 0;
}
