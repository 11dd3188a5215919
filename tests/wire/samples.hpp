// Batches for the tests of the wire: a small literal one, and arbitrary ones.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/core/sample.hpp"

namespace itnxt::test {

inline InterfaceSample small_interface() {
  InterfaceSample row;
  row.if_index = 3;
  row.if_name = "Te0/0/1";
  row.if_alias = "to Halle";
  row.admin = AdminStatus::up;
  row.oper = OperStatus::down;
  row.speed = BytesPerSecond(1.25e9);
  row.at = SourceTime(1'000ms);
  row.uptime = TimeTicks{100};
  row.counters.set(Column::in_octets, {0x1122334455667788, CounterWidth::bits64});
  row.counters.set(Column::in_errors, {7, CounterWidth::bits32});
  return row;
}

inline Batch small_batch() {
  Batch batch;
  batch.node = NodeName("md");
  batch.collector = CollectorName("snmp");
  batch.epoch = 0x0102030405060708;
  batch.sequence = 2;
  batch.lost = 1;
  batch.waiting = Bytes(300);
  batch.sent_wall = WallTime(4s);
  batch.closed_at = SourceTime(2s);
  batch.closed_wall = WallTime(3s);
  batch.interval = 10s;
  DeviceSample device;
  device.device = DeviceName("core");
  device.at = SourceTime(1s);
  device.interval = 60s;
  device.took = 5ms;
  device.result = PollResult::partial;
  device.problem = "slow";
  device.uptime = TimeTicks{101};
  device.complete = true;
  device.interfaces.push_back(small_interface());
  batch.samples.emplace_back(std::move(device));
  CaptureSample capture;
  capture.capture = CollectorName("tap");
  capture.open = true;
  capture.traffic[1][4] = {Packets(5), Bytes(300)};
  capture.dropped = {Packets(1), Packets(2)};
  batch.samples.emplace_back(std::move(capture));
  return batch;
}

inline rc::Gen<std::string> any_text() {
  // Printable without spaces at the ends: what sanitize() leaves as it is.
  return rc::gen::map(rc::gen::container<std::string>(
                          rc::gen::oneOf(rc::gen::inRange('!', '~'), rc::gen::just('a'))),
                      [](std::string text) {
                        text.resize(std::min<std::size_t>(text.size(), 200));
                        return text;
                      });
}

inline SourceTime any_source_time() {
  return SourceTime(Duration(*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 62)));
}

inline InterfaceSample any_interface() {
  InterfaceSample row;
  row.if_index = *rc::gen::arbitrary<std::uint32_t>();
  row.if_name = *any_text();
  row.if_descr = *any_text();
  row.if_alias = *any_text();
  row.phys_address = PhysAddress(*rc::gen::arbitrary<std::vector<std::uint8_t>>());
  row.admin = static_cast<AdminStatus>(*rc::gen::inRange(0, 4));
  row.oper = static_cast<OperStatus>(*rc::gen::inRange(0, 8));
  if (*rc::gen::arbitrary<bool>()) {
    row.speed = BytesPerSecond(static_cast<double>(*rc::gen::inRange(0, 1 << 30)) / 8);
  }
  if (*rc::gen::arbitrary<bool>()) {
    row.discontinuity = TimeTicks{*rc::gen::arbitrary<std::uint32_t>()};
  }
  row.at = any_source_time();
  row.uptime = TimeTicks{*rc::gen::arbitrary<std::uint32_t>()};
  for (std::size_t i = 0; i < kColumns; ++i) {
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        break;
      case 1:
        row.counters.set(static_cast<Column>(i),
                         {*rc::gen::arbitrary<std::uint32_t>(), CounterWidth::bits32});
        break;
      default:
        row.counters.set(static_cast<Column>(i),
                         {*rc::gen::arbitrary<std::uint64_t>(), CounterWidth::bits64});
    }
  }
  return row;
}

inline SeriesFamily any_histogram() {
  SeriesFamily family{"itnxt_h", SeriesType::histogram, 'h' + *any_text(), {"l"}, {}};
  for (int bound = *rc::gen::inRange(1, 8); bound > 0; --bound) family.bounds.push_back(-bound);
  for (int r = *rc::gen::inRange(0, 4); r > 0; --r) {
    std::vector<std::uint64_t> counts(family.bounds.size() + 1);
    for (std::uint64_t& count : counts) count = *rc::gen::arbitrary<std::uint64_t>();
    std::ranges::sort(counts);
    const double sum = *rc::gen::inRange(-1'000'000, 1'000'000) / 64.0;
    family.rows.push_back({{*any_text()}, Histogram(std::move(counts), sum)});
  }
  return family;
}

inline SeriesSample any_series() {
  SeriesSample series;
  if (*rc::gen::arbitrary<bool>()) series.device = DeviceName('d' + *any_text());
  series.owner =
      *rc::gen::element(SeriesOwner::collector, SeriesOwner::probe, SeriesOwner::capture);
  series.source = *any_text();
  series.at = any_source_time();
  series.interval = std::chrono::seconds(*rc::gen::inRange(0, 86400));
  series.partial = *rc::gen::arbitrary<bool>();
  const int families = *rc::gen::inRange(0, 4);
  for (int f = 0; f < families; ++f) {
    SeriesFamily family;
    family.name = "itnxt_x" + std::to_string(f);
    family.type = *rc::gen::element(SeriesType::gauge, SeriesType::counter);
    family.help = 'h' + *any_text();
    const int labels = *rc::gen::inRange(0, 4);
    for (int l = 0; l < labels; ++l) family.labels.push_back("l" + std::to_string(l));
    const int rows = *rc::gen::inRange(0, 6);
    for (int r = 0; r < rows; ++r) {
      SeriesRow row;
      for (int l = 0; l < labels; ++l) row.labels.push_back(*any_text());
      row.value = *rc::gen::arbitrary<std::uint64_t>();
      if (*rc::gen::arbitrary<bool>()) row.value = *rc::gen::inRange(0, 1'000'000) / 64.0;
      family.rows.push_back(std::move(row));
    }
    series.families.push_back(std::move(family));
  }
  if (*rc::gen::arbitrary<bool>()) series.families.push_back(any_histogram());
  return series;
}

inline TalkersSample any_talkers() {
  TalkersSample talkers;
  talkers.capture = CollectorName('c' + *any_text());
  talkers.at = any_source_time();
  talkers.interval = std::chrono::seconds(*rc::gen::inRange(0, 86400));
  talkers.span = std::chrono::seconds(*rc::gen::inRange(0, 86400));
  const auto count = [] { return *rc::gen::arbitrary<std::uint64_t>(); };
  talkers.packets = count();
  talkers.bytes = count();
  talkers.sources = count();
  talkers.destinations = count();
  talkers.flows = count();
  const auto end = [&] {
    return TalkerEnd{'e' + *any_text(), SiteName(*any_text()), *rc::gen::arbitrary<std::uint16_t>(),
                     count()};
  };
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    talkers.networks.push_back(
        {'n' + *any_text(), SiteName(*any_text()), count(), count(), count(), count()});
    talkers.heaviest.push_back(
        {{end(), end()}, *rc::gen::arbitrary<std::uint8_t>(), count(), count()});
  }
  return talkers;
}

inline Sample any_sample() {
  if (*rc::gen::inRange(0, 3) == 0) return any_series();
  if (*rc::gen::inRange(0, 4) == 0) return any_talkers();
  if (*rc::gen::arbitrary<bool>()) {
    DeviceSample device;
    device.device = DeviceName('d' + *any_text());
    device.at = any_source_time();
    device.interval = std::chrono::seconds(*rc::gen::inRange(0, 86400));
    device.took = std::chrono::milliseconds(*rc::gen::inRange(0, 86400));
    device.result = static_cast<PollResult>(*rc::gen::inRange(0, 5));
    device.problem = *any_text();
    if (*rc::gen::arbitrary<bool>()) {
      device.uptime = TimeTicks{*rc::gen::arbitrary<std::uint32_t>()};
    }
    device.sys_name = *any_text();
    device.sys_descr = *any_text();
    device.sys_object_id = *any_text();
    device.complete = *rc::gen::arbitrary<bool>();
    device.answered = *rc::gen::arbitrary<bool>();
    device.own = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) device.if_number = *rc::gen::arbitrary<std::uint32_t>();
    if (*rc::gen::arbitrary<bool>()) {
      device.if_table_last_change = TimeTicks{*rc::gen::arbitrary<std::uint32_t>()};
    }
    if (*rc::gen::arbitrary<bool>()) {
      SnmpTotals& totals = device.totals.emplace();
      for (auto& count : totals.ignored) count = *rc::gen::arbitrary<std::uint64_t>();
      for (auto& count : totals.broken) count = *rc::gen::arbitrary<std::uint64_t>();
    }
    const int rows = *rc::gen::inRange(0, 6);
    for (int i = 0; i < rows; ++i) device.interfaces.push_back(any_interface());
    return device;
  }
  CaptureSample capture;
  capture.capture = CollectorName('c' + *any_text());
  capture.at = any_source_time();
  capture.interval = std::chrono::seconds(*rc::gen::inRange(0, 86400));
  capture.open = *rc::gen::arbitrary<bool>();
  capture.source = *any_text();
  for (auto& direction : capture.traffic) {
    for (auto& count : direction) {
      if (*rc::gen::arbitrary<bool>()) continue;
      count = {Packets(*rc::gen::arbitrary<std::uint64_t>() >> 3U),  // their sum fits, too
               Bytes(*rc::gen::arbitrary<std::uint64_t>() >> 3U)};
    }
  }
  for (auto& count : capture.dropped) count = Packets(*rc::gen::arbitrary<std::uint64_t>());
  for (auto& count : capture.malformed) count = Packets(*rc::gen::arbitrary<std::uint64_t>());
  return capture;
}

inline Batch any_batch() {
  Batch batch;
  batch.node = NodeName('n' + *any_text());
  batch.collector = CollectorName('c' + *any_text());
  batch.epoch = *rc::gen::arbitrary<std::uint64_t>();
  batch.sequence = *rc::gen::inRange<std::uint64_t>(1, UINT64_MAX);
  batch.lost = *rc::gen::arbitrary<std::uint64_t>();
  batch.waiting = Bytes(*rc::gen::arbitrary<std::uint64_t>());
  batch.closed_at = any_source_time();
  batch.closed_wall = WallTime(any_source_time().time_since_epoch());
  // Not 0, which on the wire is none.
  batch.sent_wall = WallTime(any_source_time().time_since_epoch() + Duration(1));
  batch.interval = std::chrono::seconds(*rc::gen::inRange(0, 86400));
  const int samples = *rc::gen::inRange(0, 4);
  for (int i = 0; i < samples; ++i) batch.samples.push_back(any_sample());
  return batch;
}

}  // namespace itnxt::test
