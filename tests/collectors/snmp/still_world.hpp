// A collector and a fleet whose time the test moves; between two steps every datagram arrives.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collectors/snmp/collector.hpp"
#include "tests/collectors/snmp/collector_rig.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/snmp_access.hpp"

namespace itnxt::test {

struct StillWorld {
  explicit StillWorld(FleetOptions options) : fleet(std::move(options)) {}

  FakeLoop loop;
  RecordingSink sink;
  RecordingLog log;
  PollRequests polls;
  Fleet fleet;
  std::optional<SnmpCollector> collector;
  std::string files;  // of the collector; empty: none
  // Of collectors that are gone, and of what was sent to nobody.
  std::uint64_t sent_before = 0;
  std::uint64_t replies_before = 0;

  // Devices d0, d1 … at 127.1.0.1, 127.1.0.2 …
  [[nodiscard]] std::vector<SnmpTarget> targets(std::uint32_t count) const {
    std::vector<SnmpTarget> made;
    for (std::uint32_t i = 0; i < count; ++i) {
      made.push_back(target("d" + std::to_string(i), fleet_address(0x10000 + i + 1), fleet.port()));
    }
    return made;
  }
  [[nodiscard]] std::vector<SnmpTarget> v3_targets(std::uint32_t count) const {
    std::vector<SnmpTarget> made = targets(count);
    for (SnmpTarget& one : made) one.credentials = v3_credentials();
    return made;
  }
  [[nodiscard]] static SnmpCollectorConfig config(std::vector<SnmpTarget> targets) {
    SnmpCollectorConfig made;
    made.name = CollectorName("snmp");
    made.targets = std::move(targets);
    return made;
  }
  void start(SnmpCollectorConfig made) {
    sent_before = fleet.requests();
    replies_before = fleet.replies();
    collector.emplace(std::move(made),
                      CollectorContext{loop, sink, log, files, as_oneself, &polls});
    collector->start();
  }
  void run(Duration time, Duration step = 10ms) {
    for (const Instant end = loop.now() + time; loop.now() < end;) {
      loop.advance(std::min(step, end - loop.now()));
      settle();
    }
  }
  // Until neither side has anything more to say at this instant.
  void settle() {
    while (true) {
      for (int i = 0; fleet.requests() - sent_before < collector->traffic().sent; ++i) {
        fleet.answer_waiting(loop.now() - Instant{});
        ASSERT_LT(i, 1'000'000) << "a request got lost";
      }
      const std::uint64_t sent = collector->traffic().sent;
      while (collector->traffic().received < fleet.replies() - replies_before) {
        ASSERT_TRUE(loop.deliver(std::chrono::seconds(10))) << "a reply got lost";
      }
      if (collector->traffic().sent == sent) return;
    }
  }
  [[nodiscard]] std::map<std::string, std::vector<DeviceSample>> by_device() const {
    std::map<std::string, std::vector<DeviceSample>> samples;
    for (const DeviceSample& sample : sink.all<DeviceSample>()) {
      samples[sample.device.text()].push_back(sample);
    }
    return samples;
  }
};

}  // namespace itnxt::test
